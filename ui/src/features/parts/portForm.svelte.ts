/** A port of this computer that is being thought of: its values, and what the program says of them. */
import { en, fieldText, fill } from "../../messages";
import { EVERYWHERE } from "../../model/networks";
import { problemOf, rpc } from "../../model/session.svelte";
import type {
  FieldProblem,
  Forward,
  ForwardDraft,
  ForwardOffer,
  Problem,
  Protocol,
} from "../../platform/generated/api";

/** Asked a moment after the last change, so that nobody is corrected in the middle of a number. */
export const CHECK_AFTER = 250;

/** Ports of a machine that people look for, the likeliest first. */
export const COMMON = [6443, 80, 443, 22, 50000] as const;

/** A port as it is written; nothing that is no port becomes one. */
export const portOf = (text: string): number =>
  /^\d{1,5}$/.test(text.trim()) && Number(text) <= 65_535 ? Number(text) : 0;

export class PortForm {
  name = $state("");
  protocol = $state<Protocol>("tcp");
  machine = $state("");
  /** The machine's port, as it is written. */
  port = $state("");
  exposed = $state(false);
  listen = $state("");
  /** This computer's port, as it is written. */
  listenPort = $state("");
  /** True once the person has written a port: no offer changes it then. */
  own = $state(false);
  offer = $state.raw<ForwardOffer>();
  faults = $state.raw<readonly FieldProblem[]>([]);
  problem = $state.raw<Problem>();
  busy = $state(false);

  /** `forward` is the port that is changed; without one it is a new one. */
  constructor(
    readonly forward: Forward | undefined,
    machine: string,
  ) {
    this.machine = forward?.machine ?? machine;
    this.port = String(forward?.port ?? COMMON[0]);
    if (!forward) return;
    this.name = forward.name;
    this.protocol = forward.protocol;
    this.exposed = forward.exposed;
    this.listen = forward.listen;
    this.listenPort = String(forward.listen_port);
    this.own = true;
  }

  /** What will be sent; a machine's own address is the program's to fill in. */
  readonly values = $derived<ForwardDraft>({
    name: this.name,
    protocol: this.protocol,
    machine: this.machine,
    port: portOf(this.port),
    listen: this.listen,
    listen_port: portOf(this.listenPort),
    exposed: this.exposed,
  });

  /** Lets everybody in, or nobody but this computer. */
  expose(exposed: boolean): void {
    this.exposed = exposed;
    this.listen = exposed ? EVERYWHERE : "";
  }

  /** Asks for a free port, and takes it unless the person has written one. */
  async ask(): Promise<void> {
    const { values } = this;
    if (values.port === 0 || values.machine === "") return;
    try {
      const offer = await rpc("forward.offer", values);
      if (!this.#asksSame(values)) return;
      this.offer = offer;
      if (!this.own) this.listenPort = String(offer.listen_port);
    } catch {
      // The check says what is wrong.
    }
  }

  #asksSame(asked: ForwardDraft): boolean {
    const { port, protocol, machine, listen } = this.values;
    return (
      port === asked.port &&
      protocol === asked.protocol &&
      machine === asked.machine &&
      listen === asked.listen
    );
  }

  async check(): Promise<void> {
    const { values } = this;
    try {
      const request = { forward: this.forward?.id ?? null, draft: values };
      const { fields } = await rpc("forward.check", request);
      // An answer to what has changed since is old.
      if (values === this.values) this.faults = fields;
    } catch {
      // Opening it will say what is wrong.
    }
  }

  fault(field: keyof ForwardDraft): string | undefined {
    const fault = this.faults.find((item) => item.field === field);
    return fault && fieldText(fault);
  }

  /** Why the offered port is another one than the machine's. */
  get hint(): string {
    const { offer } = this;
    if (!offer || this.own) return "";
    const places = { wanted: portOf(this.port), port: offer.listen_port };
    if (offer.privileged) return fill(en.networks.offeredPrivileged, places);
    if (offer.taken_by !== null)
      return fill(en.networks.offeredTaken, { ...places, owner: offer.taken_by });
    return en.networks.offered;
  }

  /** Opens or changes it; true when that was done. */
  async submit(): Promise<boolean> {
    this.busy = true;
    this.problem = undefined;
    try {
      if (this.forward)
        await rpc("forward.change", { forward: this.forward.id, draft: this.values });
      else await rpc("forward.open", this.values);
      return true;
    } catch (error) {
      const problem = problemOf(error);
      this.faults = problem.fields;
      if (problem.fields.length === 0) this.problem = problem;
      return false;
    } finally {
      this.busy = false;
    }
  }
}
