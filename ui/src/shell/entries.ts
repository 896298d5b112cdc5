/** What the palette offers: what can be done now, where one can go, and what words mean. */
import BookOpen from "@lucide/svelte/icons/book-open";
import Boxes from "@lucide/svelte/icons/boxes";
import Cpu from "@lucide/svelte/icons/cpu";
import Disc3 from "@lucide/svelte/icons/disc-3";
import Keyboard from "@lucide/svelte/icons/keyboard";
import Layers from "@lucide/svelte/icons/layers";
import NetworkIcon from "@lucide/svelte/icons/network";
import Palette from "@lucide/svelte/icons/palette";
import Play from "@lucide/svelte/icons/play";
import Plus from "@lucide/svelte/icons/plus";
import RotateCw from "@lucide/svelte/icons/rotate-cw";
import Server from "@lucide/svelte/icons/server";
import SettingsIcon from "@lucide/svelte/icons/settings";
import Square from "@lucide/svelte/icons/square";
import Trash2 from "@lucide/svelte/icons/trash-2";
import type { Component } from "svelte";
import { en, fill, machineText, problemCause } from "../messages";
import { inOrder as clustersInOrder } from "../model/clusters";
import { layout } from "../model/layout.svelte";
import { byName, can } from "../model/machines";
import { inOrder } from "../model/networks";
import {
  router,
  SETTINGS_PAGES,
  toActivity,
  toCluster,
  toMachine,
  toNetwork,
  toNetworks,
  toNewCluster,
  toSettings,
  type Route,
} from "../model/router.svelte";
import { changeSettings, problemOf, rpc, topics } from "../model/session.svelte";
import { printed, SHORTCUTS, type ShortcutName } from "../model/shortcuts";
import { toasts } from "../model/toasts.svelte";
import type { ClusterView, MachineView, NetworkView, Theme } from "../platform/generated/api";
import { clusterWord } from "../features/parts/clusterWords";
import type { Findable } from "./search";

export interface Entry extends Findable {
  id: string;
  icon: Component<{ size?: number | string; strokeWidth?: number }>;
  keys?: readonly string[];
  /** Absent where the entry only explains. */
  run?: () => void;
}

const keysOf = (name: ShortcutName) => printed(SHORTCUTS[name]);
const going = (to: Route) => () => router.go(to);

/** Does something that may be refused; a refusal is told in a toast with its cause. */
function attempt(title: string, work: () => Promise<unknown>): () => void {
  return () =>
    void work().catch((error: unknown) => {
      const cause = problemCause(problemOf(error));
      toasts.show({ status: "warn", title: fill(en.machines.couldNot, { name: title, cause }) });
    });
}

function machineEntries(machine: MachineView): Entry[] {
  const { id, name } = machine.spec;
  const entries: Entry[] = [
    {
      id: `machine-${id}`,
      group: "machine",
      title: name,
      note: machineText(machine),
      icon: Server,
      run: going(toMachine(id)),
    },
  ];
  for (const action of ["start", "stop"] as const) {
    if (!can(machine, action)) continue;
    const title = fill(en.palette[action], { name });
    const icon = action === "start" ? Play : Square;
    const run = attempt(title, () => rpc(`machine.${action}`, { machine: id }));
    entries.push({ id: `${action}-${id}`, group: "do", title, icon, run });
  }
  return entries;
}

function actions(): Entry[] {
  const theme = (value: Theme, title: string): Entry => ({
    id: `theme-${value}`,
    group: "do",
    title,
    icon: Palette,
    run: attempt(title, () => changeSettings({ theme: value })),
  });
  return [
    {
      id: "new-cluster",
      group: "do",
      title: en.clusters.new,
      icon: Plus,
      keys: keysOf("newCluster"),
      run: going(toNewCluster),
    },
    {
      id: "new-machine",
      group: "do",
      title: en.machines.new,
      icon: Plus,
      keys: keysOf("newMachine"),
      run: going({ page: "new-machine", image: "" }),
    },
    {
      id: "new-image",
      group: "do",
      title: en.images.new,
      icon: Disc3,
      run: going({ page: "new-image" }),
    },
    {
      id: "new-network",
      group: "do",
      title: en.networks.new,
      icon: NetworkIcon,
      run: going({ page: "networks", adding: true }),
    },
    {
      id: "check",
      group: "do",
      title: en.palette.checkAgain,
      icon: RotateCw,
      run: attempt(en.palette.checkAgain, () => rpc("host.check", {})),
    },
    theme("light", en.palette.light),
    theme("dark", en.palette.dark),
    theme("system", en.palette.system),
    {
      id: "shortcuts",
      group: "do",
      title: en.shortcuts.title,
      icon: Keyboard,
      keys: keysOf("help"),
      run: () => (layout.shortcuts = true),
    },
  ];
}

function places(): Entry[] {
  const go = (title: string, icon: Entry["icon"], to: Route, keys?: readonly string[]): Entry => ({
    id: `go-${to.page}`,
    group: "go",
    title,
    icon,
    run: going(to),
    ...(keys ? { keys } : {}),
  });
  const topics = SETTINGS_PAGES.map((topic): Entry => ({
    id: `settings-${topic}`,
    group: "go",
    title: en.settings.topics[topic],
    note: en.nav.settings,
    icon: SettingsIcon,
    run: going(toSettings(topic)),
  }));
  return [
    go(en.nav.home, Cpu, { page: "home" }, keysOf("home")),
    go(en.clusters.title, Boxes, { page: "clusters" }),
    go(en.nav.images, Layers, { page: "images" }),
    go(en.nav.machines, Server, { page: "machines" }),
    go(en.nav.networks, NetworkIcon, toNetworks),
    go(en.nav.activity, RotateCw, toActivity),
    go(en.nav.host, Cpu, { page: "host" }),
    go(en.trash.title, Trash2, { page: "trash" }),
    go(en.nav.settings, SettingsIcon, toSettings(), keysOf("settings")),
    ...topics,
  ];
}

const clusterEntry = (cluster: ClusterView): Entry => ({
  id: `cluster-${cluster.spec.id}`,
  group: "go",
  title: fill(en.palette.cluster, { name: cluster.spec.name }),
  note: clusterWord(cluster),
  icon: Boxes,
  run: going(toCluster(cluster.spec.id)),
});

const networkEntry = ({ spec }: NetworkView): Entry => ({
  id: `network-${spec.id}`,
  group: "go",
  title: fill(en.palette.network, { name: spec.name }),
  note: spec.subnet,
  icon: NetworkIcon,
  run: going(toNetwork(spec.id)),
});

const words = (): Entry[] =>
  Object.entries(en.glossary).map(([key, { word, means }]) => ({
    id: `word-${key}`,
    group: "explain",
    title: word,
    note: means,
    icon: BookOpen,
  }));

export function entries(): Entry[] {
  const machines = topics.machines.all().sort(byName).flatMap(machineEntries);
  const networks = topics.networks.all().sort(inOrder).map(networkEntry);
  const clusters = topics.clusters.all().sort(clustersInOrder).map(clusterEntry);
  return [...actions(), ...places(), ...clusters, ...networks, ...machines, ...words()];
}
