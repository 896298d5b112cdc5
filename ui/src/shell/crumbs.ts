/** The way to where the page is. */
import { en } from "../messages";
import { toActivity, toNetworks, toSettings, type Route } from "../model/router.svelte";
import { topics } from "../model/session.svelte";

export interface Crumb {
  text: string;
  /** Absent for the place itself. */
  to?: Route;
}

export function crumbs(route: Route): Crumb[] {
  switch (route.page) {
    case "home":
      return [{ text: en.nav.home }];
    case "clusters":
      return [{ text: en.clusters.title }];
    case "new-cluster":
      return [{ text: en.clusters.title, to: { page: "clusters" } }, { text: en.clusters.crumb }];
    case "cluster": {
      const name = topics.clusters.get(route.id)?.spec.name ?? "";
      return [{ text: en.clusters.title, to: { page: "clusters" } }, { text: name }];
    }
    case "images":
      return [{ text: en.nav.images }];
    case "new-image":
      return [{ text: en.nav.images, to: { page: "images" } }, { text: en.newImage.crumb }];
    case "machines":
      return [{ text: en.nav.machines }];
    case "new-machine":
      return [{ text: en.nav.machines, to: { page: "machines" } }, { text: en.newMachine.crumb }];
    case "machine": {
      const name = topics.machines.get(route.id)?.spec.name ?? "";
      return [{ text: en.nav.machines, to: { page: "machines" } }, { text: name }];
    }
    case "networks":
      return [{ text: en.nav.networks }];
    case "network": {
      const name = topics.networks.get(route.id)?.spec.name ?? "";
      return [{ text: en.nav.networks, to: toNetworks }, { text: name }];
    }
    case "activity": {
      const subject = topics.jobs.get(route.id)?.subject;
      if (subject === undefined) return [{ text: en.nav.activity }];
      return [{ text: en.nav.activity, to: toActivity }, { text: subject }];
    }
    case "host":
      return [{ text: en.nav.host }];
    case "trash":
      return [
        { text: en.nav.settings, to: toSettings() },
        { text: en.settings.topics.storage, to: toSettings("storage") },
        { text: en.trash.title },
      ];
    case "settings":
      return [
        { text: en.nav.settings, to: toSettings() },
        { text: en.settings.topics[route.topic] },
      ];
    case "gallery":
      return [{ text: en.nav.gallery }];
  }
}
