/** A cluster that is being thought of: its draft, what it would become, and creating it. */
import { clusterFieldText } from "../../../messages/clusters";
import { problemOf, rpc } from "../../../model/session.svelte";
import type {
  ClusterDraft,
  ClusterOffer,
  ClusterPlan,
  ClusterPreset,
  FieldProblem,
  NodeRole,
  Problem,
  Sizes,
} from "../../../platform/generated/api";
import { presetCounts } from "./shapes";

/** Asked a moment after the last change, so that nobody is corrected in the middle of a word. */
export const CHECK_AFTER = 250;

export class ClusterForm {
  offer = $state.raw<ClusterOffer>();
  draft = $state<ClusterDraft>();
  plan = $state.raw<ClusterPlan>();
  /** What creating it was refused for, until the next plan. */
  faults = $state.raw<readonly FieldProblem[]>([]);
  problem = $state.raw<Problem>();
  busy = $state(false);
  /** True once a version of Kubernetes was chosen: it then follows Talos no more. */
  kubernetesChosen = $state(false);
  /** The draft as it is sent, whole. */
  readonly values = $derived(this.draft && ($state.snapshot(this.draft) as ClusterDraft));

  async load(): Promise<void> {
    this.problem = undefined;
    try {
      const offer = await rpc("cluster.offer", { preset: null, talos: null });
      this.offer = offer;
      this.draft = structuredClone(offer.draft);
    } catch (error) {
      this.problem = problemOf(error);
    }
  }

  /** Takes the draft of a recipe. Rejects with a `ProblemError` when the text is none. */
  async open(text: string): Promise<string> {
    if (!this.offer) await this.load();
    const draft = await rpc("cluster.open_recipe", { text });
    this.draft = draft;
    this.kubernetesChosen = true;
    return draft.name;
  }

  async check(): Promise<void> {
    const { values } = this;
    if (!values) return;
    try {
      const plan = await rpc("cluster.plan", values);
      // An answer to what has changed since is old.
      if (values !== this.values) return;
      this.plan = plan;
      this.faults = plan.fields;
      this.#follow(plan);
    } catch {
      // Creating it will say what is wrong.
    }
  }

  /** Another Talos comes with another Kubernetes, unless the person chose one. */
  #follow({ support }: ClusterPlan): void {
    if (this.draft && support && !this.kubernetesChosen) this.draft.kubernetes = support.default;
  }

  shape(control: number, workers: number): void {
    if (!this.draft) return;
    this.draft.control_planes.count = control;
    this.draft.workers.count = workers;
    // Without workers pods have nowhere else to run.
    this.draft.schedule_on_control_planes = workers === 0;
    const known = nodeNames(this.draft).map(({ name }) => name);
    this.draft.sizes = this.draft.sizes.filter(({ node }) => known.includes(node));
    this.draft.patches.nodes = this.draft.patches.nodes.filter(({ node }) => known.includes(node));
  }

  preset(preset: ClusterPreset): void {
    this.shape(...presetCounts[preset]);
  }

  talos(version: string): void {
    if (this.draft?.image.kind === "factory") this.draft.image.version = version;
  }

  /** The sentence at a field. */
  fault(field: string): string | undefined {
    const fault = this.faults.find((one) => one.field === field);
    return fault && clusterFieldText(fault);
  }

  /** The sentence for a field or anything below it. */
  faultIn(prefix: string): string | undefined {
    const fault = this.faults.find(
      ({ field }) => field === prefix || field.startsWith(`${prefix}.`),
    );
    return fault && clusterFieldText(fault);
  }

  /** Creates it; resolves to its id, or to nothing when it was refused. */
  async create(): Promise<string | undefined> {
    if (!this.values) return undefined;
    this.busy = true;
    this.problem = undefined;
    try {
      return (await rpc("cluster.create", this.values)).cluster;
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

export interface DraftNode {
  name: string;
  role: NodeRole;
  sizes: Sizes;
}

/** The machines that the counts make, by the names the program gives them. */
export function nodeNames(draft: ClusterDraft): DraftNode[] {
  const of = (role: NodeRole, prefix: string, { count, sizes }: ClusterDraft["workers"]) =>
    Array.from({ length: Math.max(0, Math.min(64, count || 0)) }, (_, at): DraftNode => {
      const name = `${prefix}-${at + 1}`;
      return { name, role, sizes: draft.sizes.find(({ node }) => node === name)?.sizes ?? sizes };
    });
  return [...of("control_plane", "cp", draft.control_planes), ...of("worker", "w", draft.workers)];
}
