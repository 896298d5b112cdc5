/** What is known of a machine's node, by kind. */
import type { FactKind, Facts, NodeView, Problem } from "../platform/generated/api";
import { topics } from "./session.svelte";

export type FactList<K extends FactKind> = Extract<Facts, { kind: K }>["list"];

export interface Known<K extends FactKind> {
  /** What is told; absent while it is on its way. */
  list: FactList<K> | undefined;
  /** Why it is not told. */
  problem: Problem | undefined;
}

/** Facts of one kind; depends on these alone. */
export function factsOf<K extends FactKind>(machine: string, kind: K): Known<K> {
  const told = topics.facts.get(`${machine}/${kind}`);
  const facts = told?.facts;
  return {
    list: facts?.kind === kind ? (facts.list as FactList<K>) : undefined,
    problem: told?.problem ?? undefined,
  };
}

/** Whether a node can be asked something now. */
export const speaks = (node: NodeView | undefined): boolean =>
  node !== undefined &&
  (node.presence === "maintenance" || node.presence === "configured") &&
  node.stale_since === null &&
  node.problem === null;
