/** How networks look and what is said of them: shapes and sentences for their states. */
import type { Status } from "../../design/Glyph.svelte";
import { en, fill } from "../../messages";
import { onIn, type Port, type PortState } from "../../model/networks";
import type { NetworkMachine, NetworkView } from "../../platform/generated/api";

const MOST_NAMES = 5;

const NETWORKS: Record<NetworkView["state"], Status> = {
  off: "off",
  starting: "work",
  running: "good",
  failed: "bad",
};

export const networkStatus = (network: NetworkView): Status => NETWORKS[network.state];

export const networkText = (network: NetworkView): string => en.networks.stateText[network.state];

/** Names in a sentence; of many only the first. */
export function someNames(machines: readonly NetworkMachine[]): string {
  const names = machines.map((machine) => machine.name);
  if (names.length <= MOST_NAMES) return names.join(", ");
  const first = names.slice(0, MOST_NAMES - 1);
  return fill(en.networks.some, { names: first.join(", "), n: names.length - first.length });
}

export const internetText = ({ spec }: NetworkView): string =>
  spec.internet ? en.networks.internetAllowed : en.networks.internetNone;

export function onText(network: NetworkView): string {
  const all = network.machines.length;
  return all === 0
    ? en.networks.noMachines
    : fill(en.networks.on, { on: onIn(network).length, all });
}

/** A network in a list to choose from. */
export const choiceText = (network: NetworkView): string =>
  fill(en.networks.choice, {
    name: network.spec.name,
    subnet: network.spec.subnet,
    internet: internetText(network),
  });

export type LinkWord = keyof typeof en.networks.word;

export function linkWord(machine: NetworkMachine): LinkWord {
  if (machine.cut) return "cut";
  if (!machine.on) return "off";
  return machine.connected ? "connected" : "waiting";
}

const LINKS: Record<LinkWord, Status> = {
  off: "off",
  connected: "good",
  waiting: "work",
  cut: "bad",
};

export const linkStatus = (machine: NetworkMachine): Status => LINKS[linkWord(machine)];

const PORTS: Record<PortState, Status> = {
  open: "good",
  no_answer: "warn",
  cut: "warn",
  taken: "bad",
  fault: "bad",
  machine_off: "off",
  machine_gone: "off",
  opening: "work",
};

export const portStatus = (state: PortState): Status => PORTS[state];

export function portText(state: PortState, { view, machine }: Port): string {
  const name = machine?.name ?? en.networks.goneMachine;
  switch (state) {
    case "taken":
      return fill(en.networks.portState.taken, { owner: view?.owner ?? "" });
    case "fault":
      return fill(en.networks.portState.fault, { fault: view?.fault ?? "" });
    case "no_answer":
    case "cut":
    case "machine_off":
      return fill(en.networks.portState[state], { machine: name });
    default:
      return en.networks.portState[state];
  }
}

/** The name a port is known by: the person's own, or that of what usually waits there. */
export function portName(name: string, port: number): string {
  const known = en.networks.portNames as Partial<Record<number, string>>;
  return name || known[port] || fill(en.networks.portNumbered, { port });
}
