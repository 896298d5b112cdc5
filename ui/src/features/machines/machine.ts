import type { Status } from "../../design/Glyph.svelte";
import type { ActionView, MachineAction, MachineView } from "../../platform/generated/api";

export function machineStatus(machine: MachineView): Status {
  if (machine.state === "running") return machine.boot?.stage === "panic" ? "bad" : "good";
  if (machine.state === "stopped") {
    const bad = machine.exit.reason === "start_failed" || machine.exit.reason === "qemu_exited";
    return bad ? "bad" : "off";
  }
  return "work";
}

/** The action as the program offers it now. */
export function offered(machine: MachineView, action: MachineAction): ActionView | undefined {
  return machine.actions.find((view) => view.action === action);
}
