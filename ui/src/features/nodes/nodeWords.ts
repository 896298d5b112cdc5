/** A node's states and events in words. */
import type { Status } from "../../design/Glyph.svelte";
import { en, fill } from "../../messages";
import type { NodeEvent, NodeSays, NodeService } from "../../platform/generated/api";

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
