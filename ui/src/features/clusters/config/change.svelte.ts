/** A change of a cluster's patches as it is written, compared and begun. */
import { clusterFieldText } from "../../../messages/clusters";
import { problemOf, rpc } from "../../../model/session.svelte";
import type {
  ClusterPatches,
  FieldProblem,
  MachineComparison,
  PatchesComparison,
  Problem,
} from "../../../platform/generated/api";

export class PatchChange {
  /** What is written; absent while patches are only looked at. */
  draft = $state.raw<ClusterPatches>();
  compared = $state.raw<PatchesComparison>();
  faults = $state.raw<readonly FieldProblem[]>([]);
  problem = $state.raw<Problem>();
  busy = $state<"compare" | "apply">();

  constructor(private readonly cluster: string) {}

  edit(patches: ClusterPatches): void {
    this.draft = patches;
  }

  /** What was found of patches counts only for those. */
  put(patches: ClusterPatches): void {
    this.draft = patches;
    this.compared = undefined;
    this.faults = [];
  }

  leave(): void {
    this.draft = undefined;
    this.compared = undefined;
    this.faults = [];
    this.problem = undefined;
  }

  /** The sentence at a field or anything below it. */
  fault(field: string): string | undefined {
    const found = this.faults.find(
      (one) => one.field === field || one.field.startsWith(`${field}.`),
    );
    return field === "" ? undefined : found && clusterFieldText(found);
  }

  async compare(): Promise<void> {
    const { draft, cluster } = this;
    if (!draft) return;
    await this.#work("compare", async () => {
      const compared = await rpc("cluster.compare_patches", { cluster, patches: draft });
      if (this.draft !== draft) return;
      this.faults = compared.fields;
      this.compared = compared.fields.length > 0 ? undefined : compared;
    });
  }

  async apply(): Promise<void> {
    const { draft, cluster } = this;
    if (!draft) return;
    await this.#work("apply", async () => {
      await rpc("cluster.change_patches", { cluster, patches: draft });
      this.leave();
    });
  }

  async #work(what: "compare" | "apply", work: () => Promise<void>): Promise<void> {
    this.busy = what;
    this.problem = undefined;
    try {
      await work();
    } catch (error) {
      const problem = problemOf(error);
      this.faults = problem.fields;
      if (problem.fields.length === 0) this.problem = problem;
    } finally {
      this.busy = undefined;
    }
  }
}

/** Machines that would change. */
export const changing = ({ machines }: PatchesComparison): MachineComparison[] =>
  machines.filter(({ comparison }) => comparison.takes !== "nothing");

/** Machines that would restart. */
export const restarting = (compared: PatchesComparison): MachineComparison[] =>
  changing(compared).filter(({ comparison }) => comparison.takes === "reboot");
