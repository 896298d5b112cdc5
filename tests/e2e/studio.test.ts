/** The studio over the dev host: from a link in a blog to a machine, and files for elsewhere. */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { en, fill } from "../../ui/src/messages";
import type { Home } from "../journey/home";
import {
  bootedStage,
  createStage,
  describeStage,
  readyStage,
  sees,
  untilChosen,
  walk,
} from "../journey/journey";
import { practiceImages } from "../journey/places";
import { until } from "../journey/wait";
import { Keyboard } from "./keyboard";
import { Mouse } from "./mouse";
import { browser, devHost, home, slowFactory, visit } from "./person";

/** As the factory's own page writes them, with the words it leaves where nothing was chosen. */
const LINK =
  "https://factory.talos.dev/?arch=amd64&board=undefined&cmdline=console%3Dtty0+console%3DttyS0" +
  "&cmdline-set=true&extensions=-&extensions=siderolabs%2Fqemu-guest-agent&platform=metal" +
  "&secureboot=undefined&target=metal&version=1.12.11";

/** Presses the paste keys on the page, with a text that was copied elsewhere. */
async function paste(page: Page, text: string): Promise<void> {
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.evaluate((copied) => navigator.clipboard.writeText(copied), text);
  await page.keyboard.press("Control+V");
}

/** The record of the only image. */
function record(person: Home): string {
  const images = person.path("data", "crete-practice", "images");
  return readFileSync(join(images, readdirSync(images)[0] ?? "", "spec.json"), "utf8");
}

test("a link from a blog is pasted, one extension is changed, and a machine starts", async () => {
  const person = home();
  const host = await devHost(person, { args: ["--practice"] });
  const { page, faults } = await visit(await browser(), host);
  const hand = new Mouse(page, "studio");
  await walk(hand, untilChosen);

  await paste(page, LINK);
  await sees(hand, en.studio.openTitle);
  await hand.picture("pasted");
  await hand.press(en.studio.openDo);
  await sees(hand, en.studio.opened);

  const step = (name: string) =>
    page.getByRole("navigation", { name: en.studio.steps }).getByRole("button", { name });
  await step(en.studio.step.extensions).click();
  const agent = page.getByRole("checkbox", { name: /^qemu-guest-agent/ });
  await agent.waitFor();
  expect(await agent.isChecked(), "the link's extension is chosen").toBe(true);
  await agent.uncheck();
  const tools = page.getByRole("checkbox", { name: /^iscsi-tools/ });
  await tools.check();
  await hand.picture("extension");

  // Nothing was saved by name, and still nothing is lost with the page.
  const table = person.path("data", "crete-practice", "studio.json");
  await until("the answers being noted", 20_000, () => {
    return existsSync(table) && readFileSync(table, "utf8").includes("siderolabs/iscsi-tools");
  });
  await page.reload();
  await step(en.studio.step.extensions).click();
  await tools.waitFor();
  expect(await tools.isChecked()).toBe(true);
  expect(await agent.isChecked()).toBe(false);

  await hand.press(en.newImage.download);
  await walk(hand, [readyStage]);
  const spec = record(person);
  expect(spec).toContain("siderolabs/iscsi-tools");
  expect(spec).not.toContain("siderolabs/qemu-guest-agent");
  expect(spec, "the version of the link").toContain("v1.12.11");
  await walk(hand, [describeStage, createStage, bootedStage]);
  expect(person.machines()).toHaveLength(1);
  expect(faults).toEqual([]);
});

test("every step is reached and answered by keyboard alone", async () => {
  const person = home();
  const host = await devHost(person, { args: ["--practice"] });
  const { page, faults } = await visit(await browser(), host);
  const hand = new Keyboard(page, "studio-keys");
  await walk(hand, untilChosen);
  const next = (step: keyof typeof en.studio.step) =>
    hand.press(fill(en.studio.next, { step: en.studio.step[step] }));

  await next("extensions");
  await page.getByRole("checkbox", { name: /^iscsi-tools/ }).waitFor();
  await hand.tick("iscsi-tools");
  await next("customization");
  await hand.fill(en.studio.argsAdd, "net.ifnames=0");
  await page.keyboard.press("Enter");
  await next("result");
  await hand.press(en.studio.confirm);
  await sees(hand, en.studio.confirmed);

  const table = person.path("data", "crete-practice", "studio.json");
  await until("the answers being noted", 20_000, () => {
    const noted = existsSync(table) ? readFileSync(table, "utf8") : "";
    return noted.includes("siderolabs/iscsi-tools") && noted.includes("net.ifnames=0");
  });
  expect(faults).toEqual([]);
});

test("a schematic that is dropped as a file gives its choices back", async () => {
  const person = home();
  const host = await devHost(person, { args: ["--practice"] });
  const { page } = await visit(await browser(), host);
  const hand = new Mouse(page, "studio");
  await walk(hand, untilChosen);
  const yaml = "customization: {systemExtensions: {officialExtensions: [siderolabs/zfs]}}";
  const files = await page.evaluateHandle((text) => {
    const data = new DataTransfer();
    data.items.add(new File([text], "schematic.yaml", { type: "application/yaml" }));
    return data;
  }, yaml);
  await page.dispatchEvent("main", "drop", { dataTransfer: files });
  await sees(hand, en.studio.openTitle);
  await hand.press(en.studio.openDo);
  await sees(hand, en.studio.opened);
  await sees(hand, "siderolabs/zfs");
});

/** How long the image takes: long enough to be cut off in the middle. */
const BYTES_S = 20;

test("everything for a machine goes into one folder, also when the program is killed", async () => {
  const person = home();
  const folder = person.path("my files");
  mkdirSync(folder);
  const { size } = statSync(join(practiceImages(), "metal-amd64.raw.zst"));
  const factory = slowFactory(person, 0, Math.ceil(size / BYTES_S));
  const options = {
    args: ["--practice"],
    env: { CRETE_PRACTICE_FACTORY: factory },
  };
  const first = await devHost(person, options);
  const { page } = await visit(await browser(), first);
  const hand = new Mouse(page, "studio");
  await walk(hand, untilChosen);
  await page
    .getByRole("navigation", { name: en.studio.steps })
    .getByRole("button", { name: en.studio.step.result })
    .click();
  await hand.press(en.saving.everything);
  await page.getByLabel(en.saving.folder, { exact: true }).fill(folder);
  await hand.picture("folder");
  await hand.press(en.saving.do);

  const files = [
    "initramfs-amd64.xz",
    "kernel-amd64",
    "metal-amd64.raw.zst",
    "talosctl-linux-amd64",
  ];
  const image = "metal-amd64.raw.zst";
  const small = files.filter((name) => name !== image);
  const there = (): string[] => readdirSync(folder).sort();
  await until("the small files, and a part of the image", 60_000, () =>
    [...small, `${image}.part`].every((name) => there().includes(name)),
  );
  await hand.press(en.nav.activity);
  await sees(hand, fill(en.saving.set, { done: 3, all: 4 }));
  await hand.picture("set under way");
  await first.program.stop("SIGKILL");

  const second = await devHost(person, options);
  const again = await visit(await browser(), second);
  const after = new Mouse(again.page, "studio");
  await after.press(en.nav.activity);
  await sees(after, fill(en.saving.setMissing, { names: image }));
  await after.picture("set cut off");
  await after.press(en.saving.goOn);
  await sees(after, fill(en.saving.set, { done: 4, all: 4 }), 120_000);
  expect(there()).toEqual(files);
  expect(statSync(join(folder, image)).size).toBe(size);
});
