/** A network that is being thought of: its values, and what the program says of them. */
import { fieldText } from "../../messages";
import { problemOf, rpc } from "../../model/session.svelte";
import type { FieldProblem, NetworkDraft, Problem } from "../../platform/generated/api";

/** Checked a moment after the last change, so that nobody is corrected in the middle of a word. */
export const CHECK_AFTER = 250;

export class NetworkForm {
  /** False until the program has suggested something. */
  ready = $state(false);
  name = $state("");
  subnet = $state("");
  ipv6 = $state(true);
  mtu = $state("");
  internet = $state(true);
  faults = $state.raw<readonly FieldProblem[]>([]);
  problem = $state.raw<Problem>();
  busy = $state(false);

  /** What will be sent; a size that is none becomes nought, which the program refuses. */
  readonly values = $derived<NetworkDraft>({
    name: this.name,
    subnet: this.subnet,
    ipv6: this.ipv6,
    mtu: /^\d{1,5}$/.test(this.mtu.trim()) ? Math.min(65_535, Number(this.mtu)) : 0,
    internet: this.internet,
  });

  async load(): Promise<void> {
    this.problem = undefined;
    try {
      const { mtu, ...offer } = await rpc("network.offer", {});
      Object.assign(this, offer, { mtu: String(mtu), ready: true });
    } catch (error) {
      this.problem = problemOf(error);
    }
  }

  async check(): Promise<void> {
    const { values } = this;
    try {
      const { fields } = await rpc("network.check", values);
      // An answer to what has changed since is old.
      if (values === this.values) this.faults = fields;
    } catch {
      // Creating it will say what is wrong.
    }
  }

  fault(field: keyof NetworkDraft): string | undefined {
    const fault = this.faults.find((item) => item.field === field);
    return fault && fieldText(fault);
  }

  /** Creates it; resolves to its id, or to nothing when it was refused. */
  async create(): Promise<string | undefined> {
    this.busy = true;
    this.problem = undefined;
    try {
      return (await rpc("network.create", this.values)).network;
    } catch (error) {
      const problem = problemOf(error);
      this.faults = problem.fields;
      if (problem.fields.length === 0) this.problem = problem;
      return undefined;
    } finally {
      this.busy = false;
    }
  }
}
