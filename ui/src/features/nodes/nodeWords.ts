/** A node's states and events in words. */
import type { Status } from "../../design/Glyph.svelte";
import { en, fill } from "../../messages";
import type { LineOrigin, NodeEvent, NodeSays, NodeService } from "../../platform/generated/api";

const words = en.node;

/** Talos means `ready` only while it starts or runs. */
const tellsReady = ({ stage }: NodeSays): boolean => stage === "booting" || stage === "running";

export function saysStatus(says: NodeSays): Status {
  if (says.stage === "maintenance") return "paused";
  if (says.stage === "unknown") return "unknown";
  if (!tellsReady(says)) return "work";
  if (says.ready) return "good";
  return says.stage === "booting" ? "work" : "warn";
}

export const saysReady = (says: NodeSays): boolean => tellsReady(says) && says.ready;

export function serviceStatus(service: NodeService): Status {
  if (service.state === "Failed") return "bad";
  if (service.healthy === false) return "warn";
  if (service.running) return "good";
  return service.state === "Finished" || service.state === "Skipped" ? "off" : "work";
}

export function serviceWord(service: NodeService): string {
  const state = service.state || (service.running ? words.unchecked : words.stopped);
  if (service.healthy === null || !service.running) return state;
  return service.healthy ? words.healthy : words.unhealthy;
}

export function eventText(event: NodeEvent): string {
  const told = words.event;
  switch (event.what) {
    case "sequence":
    case "phase":
    case "task": {
      const name = `${told.kind[event.what]} ${event.name}`;
      if (event.what === "sequence" && event.error)
        return fill(told.fails, { name, error: event.error });
      return fill(event.ends ? told.ends : told.begins, { name });
    }
    case "service":
      return fill(told.service, event);
    case "restart":
    case "configuration_unreadable":
    case "configuration_refused":
      return told[event.what];
    case "addresses":
      return fill(told.addresses, {
        hostname: event.hostname,
        addresses: event.addresses.join(", "),
      });
    case "status": {
      const stage = words.stage[event.stage];
      if (event.unmet.length === 0) return fill(told.status, { stage });
      return fill(told.statusWaits, {
        stage,
        unmet: event.unmet.map(({ name }) => name).join(", "),
      });
    }
    case "unknown":
      return event.name;
  }
}

/** Where a value of a configuration comes from. */
function originWord({ origin, name }: LineOrigin): string {
  if (origin !== "patch") return words.origin[origin];
  const [, level = "", ...place] = name.split(".");
  const text = level in words.originPatch ? level : "cluster";
  const n = Number(place.at(-1)) + 1;
  return fill(words.originPatch[text as keyof typeof words.originPatch], { n });
}

/** Where the values on the lines of a text come from, said where it is another one than before. */
export function originNotes(text: string, origins: readonly LineOrigin[]): string[] {
  const byLine = new Map(origins.map((origin) => [origin.line, originWord(origin)]));
  let said: string | undefined;
  return text.split("\n").map((_, at) => {
    const word = byLine.get(at + 1);
    if (word === undefined || word === said) return "";
    return (said = word);
  });
}
