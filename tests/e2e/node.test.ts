/**
 * A real machine from its first boot to a configured node, through the page alone: every part of the
 * node's view in maintenance, its first configuration, the installation, and what it says of itself
 * to whoever has the cluster's credentials.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { en, fill } from "../../ui/src/messages";
import type { NodeTab } from "../../ui/src/model/routes";
import type { Home } from "../journey/home";
import {
  bootedStage,
  createStage,
  describeStage,
  NAME,
  readyStage,
  sees,
  walk,
  type Stage,
} from "../journey/journey";
import { program } from "../journey/places";
import { until } from "../journey/wait";
import { lookTwice, STILL } from "./look";
import { Mouse } from "./mouse";
import { browser, devHost, home, visit } from "./person";

const PICTURES = "node";
const words = en.node;
/** Under emulation: an installation with two restarts, or what a node does after one. */
const LONG_MS = 180_000;
const SOON_MS = 30_000;

/** From the CD, so that Talos has something to install. */
const chooseCd: Stage = {
  name: "A CD is chosen",
  async go(hand) {
    await hand.press(en.nav.images);
    await hand.press(en.images.new);
    await hand.pick(en.arch.amd64);
    await hand.pick(en.medium.iso);
    await hand.press(en.newImage.download);
  },
};

/** What a person would have made elsewhere: a cluster of one, and the key to it. */
function made(person: Home): { configuration: string; talosconfig: string } {
  const file = person.write(
    "lab/case.yaml",
    [
      "contract: v1.13",
      "clusterName: lab",
      "endpoint: https://10.88.0.10:6443",
      "kubernetesVersion: 1.36.3",
      "installDisk: /dev/vda",
      `installImage: factory.talos.dev/metal-installer/${"0".repeat(64)}:v1.13.9`,
    ].join("\n"),
  );
  const folder = person.path("lab");
  execFileSync(program("examples/gen_config"), [file, folder], {
    timeout: 60_000,
  });
  return {
    configuration: readFileSync(`${folder}/controlplane.yaml`, "utf8"),
    talosconfig: `${folder}/talosconfig`,
  };
}

// In an object, so that a part that is missing here does not compile.
const PARTS: Record<NodeTab, true> = {
  talos: true,
  services: true,
  logs: true,
  disks: true,
  network: true,
  config: true,
  resources: true,
};
const NODE_TABS = Object.keys(PARTS) as NodeTab[];

const open = (page: Page, tab: NodeTab): Promise<void> =>
  page.getByRole("tab", { name: en.machines.tabs[tab], exact: true }).click();

const panel = (page: Page) => page.getByRole("tabpanel");

/** What a part shows only when it has something to show. */
async function shown(page: Page, tab: NodeTab): Promise<void> {
  const at = panel(page);
  const wait = { timeout: SOON_MS };
  switch (tab) {
    case "talos":
      await at.getByRole("region", { name: words.state }).waitFor(wait);
      await at.getByRole("img", { name: /CPU/ }).first().waitFor(wait);
      return;
    case "services":
      await at.getByText("machined", { exact: true }).first().waitFor(wait);
      return;
    case "logs":
      await at.getByText(/boot/i).first().waitFor(wait);
      return;
    case "disks":
      await at.getByRole("rowheader", { name: "/dev/vda" }).waitFor(wait);
      return;
    case "network":
      await at
        .getByRole("region", { name: words.addressTitle })
        .getByRole("row")
        .nth(1)
        .waitFor(wait);
      return;
    case "config":
      await at
        .getByRole("region", { name: words.whenApply })
        .or(at.getByRole("button", { name: words.configEdit }))
        .first()
        .waitFor(wait);
      return;
    case "resources":
      await at.getByRole("button", { name: "Disks", exact: true }).click();
      await at.getByRole("region", { name: "vda" }).waitFor(wait);
  }
}

/** Every part of the node's view, in both themes. */
async function judge(page: Page, name: string, tabs: readonly NodeTab[]): Promise<void> {
  const faults: string[] = [];
  for (const tab of tabs) {
    await open(page, tab);
    await shown(page, tab);
    for (const theme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme: theme });
      faults.push(...(await lookTwice(page, PICTURES, `${name}-${tab}-${theme}`, theme)));
    }
  }
  await page.emulateMedia({ colorScheme: "light" });
  expect(faults).toEqual([]);
}

/** The editor of the configuration. */
const field = (page: Page, label: string) =>
  page.getByRole("textbox", { name: label.replace("{name}", NAME) });

/** Puts a whole text into the editor, as pasting does. */
async function paste(page: Page, label: string, text: string): Promise<void> {
  const at = field(page, label);
  await at.waitFor();
  await at.focus();
  await page.keyboard.press("Control+A");
  await page.keyboard.insertText(text);
}

/** Tab alone goes from one control to every other of the part that is shown. */
async function reaches(page: Page, names: string[]): Promise<void> {
  await page.getByRole("tab", { selected: true }).focus();
  const heard = new Set<string>();
  for (let at = 0; at < 60 && !names.every((name) => heard.has(name)); at += 1) {
    await page.keyboard.press("Tab");
    heard.add(
      await page.evaluate<string>(
        `(document.activeElement?.getAttribute("aria-label") ??
          document.activeElement?.labels?.[0]?.textContent ??
          document.activeElement?.textContent ?? "").replace(/\\s+/g, " ").trim()`,
      ),
    );
  }
  expect([...heard]).toEqual(expect.arrayContaining(names));
}

test("a machine becomes a node through the page", async () => {
  const person = home();
  const host = await devHost(person, { args: ["--practice"] });
  const { page, faults } = await visit(await browser(), host, STILL);
  const hand = new Mouse(page, PICTURES);
  const { configuration, talosconfig } = made(person);
  await walk(hand, [chooseCd, readyStage, describeStage, createStage, bootedStage]);

  // Maintenance: everything there is to see, without a key.
  await open(page, "talos");
  await sees(hand, words.stage.maintenance, LONG_MS);
  await judge(page, "maintenance", NODE_TABS);
  await open(page, "logs");
  await page.getByLabel(words.logOf, { exact: true }).selectOption("events");
  await panel(page)
    .getByText(/initialize/)
    .first()
    .waitFor({ timeout: SOON_MS });

  // A configuration for a disk that is not there is never sent.
  await open(page, "config");
  await paste(page, words.configFirst, configuration.replace("/dev/vda", "/dev/sdz"));
  await hand.press(words.compare);
  await panel(page).getByText("/dev/sdz").last().waitFor();
  const apply = page.getByRole("button", {
    name: fill(words.apply, { name: NAME }),
  });
  expect(await apply.isDisabled()).toBe(true);
  await hand.picture("disk-missing");
  await paste(page, words.configFirst, configuration);
  await reaches(page, [words.compare]);
  await hand.press(words.compare);
  await sees(hand, words.takes.install);
  await hand.picture("first-configuration");
  await apply.click();

  // It installs itself: no API, and the page says so.
  await sees(
    hand,
    new RegExp(`${words.presence.starting}|${words.presence.silent}|Last heard`),
    LONG_MS,
  );
  await hand.picture("installing");

  // Configured, and nobody here has the key: until it is given.
  await sees(hand, words.givePath, LONG_MS);
  await judge(page, "no-credentials", []);
  await hand.picture("no-credentials");
  await page.getByLabel(words.givePath).fill(talosconfig);
  await hand.press(words.giveDo);
  await open(page, "talos");
  await sees(hand, words.stage.running, LONG_MS);
  await sees(hand, "etcd", LONG_MS);
  await judge(page, "running", NODE_TABS);

  // Its configuration, with what is secret hidden, changed without a restart.
  await open(page, "config");
  await sees(hand, words.configShown);
  const token = /token: (\S+)/.exec(configuration)?.[1] ?? "no token";
  expect(await hand.text()).not.toContain(token);
  await hand.press(words.configEdit);
  await field(page, words.configText).focus();
  await page.keyboard.press("Control+End");
  await page.keyboard.insertText(
    "---\napiVersion: v1alpha1\nkind: WatchdogTimerConfig\ndevice: /dev/watchdog0\n",
  );
  await hand.press(words.compare);
  await sees(hand, words.takes.no_reboot);
  await hand.press(words.dryRun);
  await sees(hand, /It would/);
  await hand.press(fill(words.apply, { name: NAME }));
  await until("the change being there", SOON_MS, async () =>
    (await panel(page).innerText()).includes("WatchdogTimerConfig"),
  );
  await hand.picture("changed");

  // A service is restarted, and its log is one step away.
  await open(page, "services");
  await hand.press(`${words.action.restart} kubelet`);
  await hand.press(fill(words.showLog, { id: "kubelet" }));
  await until("its log being shown", SOON_MS, async () => {
    const chosen = await page.getByLabel(words.logOf, { exact: true }).inputValue();
    return chosen === "service kubelet";
  });
  // What is asked of a node that is away, or without its key, is refused, and Chromium notes that.
  expect(faults.filter((fault) => !fault.includes("status of 422"))).toEqual([]);
});
