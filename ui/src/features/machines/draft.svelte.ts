/** A machine that is being thought of: its values, what the program says of them, and creating it. */
import { fieldText } from "../../messages";
import { problemOf, rpc } from "../../model/session.svelte";
import type { DraftOffer, FieldProblem, MachineDraft, Problem } from "../../platform/generated/api";

const MIB_PER_GIB = 1024;
/** Checked a moment after the last change, so that nobody is corrected in the middle of a word. */
export const CHECK_AFTER = 250;

export class Draft {
  offer = $state.raw<DraftOffer>();
  name = $state("");
  vcpus = $state(0);
  memory_gib = $state(0);
  disk_gib = $state(0);
  /** The network it is to be in; empty for the default one. */
  network = $state("");
  faults = $state.raw<readonly FieldProblem[]>([]);
  problem = $state.raw<Problem>();
  busy = $state(false);
  /** Names are told as wrong only once they were left, or were wrong before. */
  touched = $state(false);

  /** What will be sent; a figure that is none becomes nought, which the program refuses. */
  readonly values = $derived<MachineDraft>({
    name: this.name,
    image: this.offer?.draft.image ?? "",
    vcpus: whole(this.vcpus),
    memory_mib: whole(this.memory_gib * MIB_PER_GIB),
    disk_gib: whole(this.disk_gib),
    network: this.network || null,
  });

  async load(image: string): Promise<void> {
    this.problem = undefined;
    try {
      const offer = await rpc("machine.offer", { image });
      const first = this.offer === undefined;
      this.offer = offer;
      // Another image keeps what the person has written, but a disk must hold its image.
      if (first || !this.touched) this.name = offer.draft.name;
      if (first) {
        this.vcpus = offer.draft.vcpus;
        this.memory_gib = offer.draft.memory_mib / MIB_PER_GIB;
        this.disk_gib = offer.draft.disk_gib;
      }
      this.disk_gib = Math.max(this.disk_gib, offer.min_disk_gib);
    } catch (error) {
      this.problem = problemOf(error);
    }
  }

  async check(): Promise<void> {
    const values = this.values;
    try {
      const { fields } = await rpc("machine.check", values);
      // An answer to what has changed since is old.
      if (values === this.values) this.faults = fields;
    } catch {
      // Creating it will say what is wrong.
    }
  }

  /** The sentence at a field; sizes are shown in the unit of the field. */
  fault(field: keyof MachineDraft): string | undefined {
    const fault = this.faults.find((item) => item.field === field);
    if (!fault || (field === "name" && !this.touched && fault.code === "missing")) return undefined;
    if (field !== "memory_mib") return fieldText(fault);
    const params = Object.fromEntries(
      Object.entries(fault.params).map(([name, value]) => [name, gib(value)]),
    );
    return fieldText({ ...fault, params });
  }

  /** Creates it; resolves to its id, or to nothing when it was refused. */
  async create(start: boolean): Promise<string | undefined> {
    this.busy = true;
    this.problem = undefined;
    this.touched = true;
    try {
      const { machine } = await rpc("machine.create", this.values);
      // The machine is there: why it does not start is shown on its own page.
      if (start) await rpc("machine.start", { machine }).catch(() => undefined);
      return machine;
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

const whole = (value: number): number =>
  Number.isFinite(value) ? Math.max(0, Math.round(value)) : 0;

const gib = (mib: string | undefined): string =>
  `${Math.round((Number(mib) / MIB_PER_GIB) * 10) / 10} GiB`;
