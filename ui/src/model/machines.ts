/** Machines as values. */
import { natural } from "./order";
import type { ActionView, DenyReason, MachineAction, MachineView } from "../platform/generated/api";

/** The action as the program offers it now. */
export function offered(machine: MachineView, action: MachineAction): ActionView | undefined {
  return machine.actions.find((view) => view.action === action);
}

/** True when the action can be done now. */
export function can(machine: MachineView, action: MachineAction): boolean {
  const view = offered(machine, action);
  return view !== undefined && view.denied === null;
}

/** Why it cannot. */
export function denial(machine: MachineView, action: MachineAction): DenyReason | undefined {
  return offered(machine, action)?.denied ?? undefined;
}

export const byName = (a: MachineView, b: MachineView): number => natural(a.spec.name, b.spec.name);
