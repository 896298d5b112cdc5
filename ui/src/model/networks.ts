/** Networks and their ports as values. */
import type {
  Forward,
  ForwardDraft,
  ForwardView,
  NetworkMachine,
  NetworkView,
} from "../platform/generated/api";
import { natural } from "./order";

/** The default one first, the others by name. */
export const inOrder = (a: NetworkView, b: NetworkView): number =>
  Number(b.spec.is_default) - Number(a.spec.is_default) || natural(a.spec.name, b.spec.name);

export interface Place {
  network: NetworkView;
  member: NetworkMachine;
}

/** Where a machine is plugged in. */
export function placeOf(networks: readonly NetworkView[], machine: string): Place | undefined {
  for (const network of networks) {
    const member = network.machines.find((one) => one.machine === machine);
    if (member) return { network, member };
  }
  return undefined;
}

export const onIn = (network: NetworkView): NetworkMachine[] =>
  network.machines.filter((machine) => machine.on);

/** A port with how it stands, and the machine it leads to. */
export interface Port {
  forward: Forward;
  view: ForwardView | undefined;
  machine: NetworkMachine | undefined;
}

export const portsOf = (network: NetworkView): Port[] =>
  network.spec.forwards.map((forward) => ({
    forward,
    view: network.forwards.find((one) => one.id === forward.id),
    machine: network.machines.find((one) => one.machine === forward.machine),
  }));

export type PortState =
  "open" | "no_answer" | "cut" | "taken" | "fault" | "machine_off" | "machine_gone" | "opening";

/** How a port stands, the thing that keeps it from working first. */
export function portState({ view, machine }: Port, network: NetworkView): PortState {
  if (!machine) return "machine_gone";
  if (view?.owner) return "taken";
  if (view?.fault) return "fault";
  if (!machine.on) return "machine_off";
  if (machine.cut) return "cut";
  if (!view?.open || network.state !== "running") return "opening";
  return view.answers === false ? "no_answer" : "open";
}

/** What opens the same port again. */
export const draftOf = ({ id: _, ...draft }: Forward): ForwardDraft => draft;

/** An address with its port, as it is typed into other programs. */
export const hostPort = (address: string, port: number): string =>
  address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;

/** Addresses by which everybody who reaches this computer may come in. */
export const EVERYWHERE = "0.0.0.0";

/** How to write the address of a port: everywhere includes here. */
export const reachedAt = ({ listen, listen_port }: Forward): string =>
  hostPort(listen === EVERYWHERE ? "127.0.0.1" : listen, listen_port);
