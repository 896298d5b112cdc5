/** Clusters on real machines: from three clicks to Kubernetes that a person's tools reach. */
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { en, fill } from "../../ui/src/messages";
import { memberStage } from "../../ui/src/messages/en/clusterCodes";
import * as words from "../../ui/src/messages/en/clusterPages";
import { CLUSTER_TABS, type ClusterTab } from "../../ui/src/model/routes";
import {
  askStage,
  CLUSTER,
  createStage,
  FORMS_MS,
  healthy,
  healthyStage,
  offStage,
} from "../journey/cluster";
import { sees, walk } from "../journey/journey";
import { kubeconfig, nodes } from "../journey/kubernetes";
import { until } from "../journey/wait";
import { lookTwice, LOOKS, STILL } from "./look";
import { Mouse } from "./mouse";
import { browser, devHost, DESIGN, home, visit } from "./person";

const PICTURES = "cluster";

/** Looks at a state in every look there is. */
async function judge(page: Page, name: string): Promise<void> {
  const faults: string[] = [];
  for (const { theme, size } of LOOKS) {
    await page.emulateMedia({ colorScheme: theme });
    await page.setViewportSize(size);
    faults.push(...(await lookTwice(page, PICTURES, `${name}-${size.width}-${theme}`, theme)));
  }
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize(DESIGN);
  expect(faults).toEqual([]);
}

/** Opens a part of the cluster's page. */
async function tab(page: Page, name: ClusterTab): Promise<void> {
  await page.getByRole("tab", { name: words.page.tabs[name], exact: true }).click();
}

/** What a part shows only when it has something to show. A part that is missing does not compile. */
const SHOWN: Record<ClusterTab, (page: Page) => Promise<void>> = {
  // What its processor does is asked of the machine itself, two looks apart.
  overview: (page) =>
    page
      .getByRole("img", { name: en.node.cpuText.split("{now}")[0]! })
      .first()
      .waitFor(),
  machines: (page) => page.getByRole("tabpanel").getByText(`${CLUSTER}-cp-1`).first().waitFor(),
  consoles: (page) => page.locator(".xterm-rows").getByText("[talos]").first().waitFor(),
  health: (page) => page.getByText(words.healthPage.allWell).first().waitFor(),
  config: (page) => page.getByRole("tabpanel").getByRole("button").first().waitFor(),
  access: (page) => page.getByRole("region", { name: en.access.title }).waitFor(),
};

test("a cluster of one machine, whoever ends the program meanwhile; deleted and taken back", async () => {
  const person = home();
  let host = await devHost(person, { args: ["--practice"] });
  const chromium = await browser();
  let { page, faults } = await visit(chromium, host, STILL);
  let hand = new Mouse(page, PICTURES);
  await sees(hand, en.home.empty);
  await walk(hand, [askStage]);
  await judge(page, "new");
  await walk(hand, [createStage]);
  await until("a machine", FORMS_MS, () => person.machines().length === 1);
  await judge(page, "timeline");

  // In the middle of it the program is ended. The machine goes on, and so does whoever comes next.
  const { maintenance, join, etcd, kubernetes } = memberStage;
  await sees(hand, new RegExp([maintenance, join, etcd, kubernetes].join("|")), FORMS_MS);
  const before = person.machines();
  expect(faults).toEqual([]);
  await host.program.stop("SIGKILL");
  host = await devHost(person, { args: ["--practice"] });
  ({ page, faults } = await visit(chromium, host, STILL));
  hand = new Mouse(page, PICTURES);
  await hand.press(CLUSTER);
  await walk(hand, [healthyStage]);
  expect(person.machines()).toEqual(before);

  for (const name of CLUSTER_TABS) {
    await tab(page, name);
    await SHOWN[name](page);
    await judge(page, name);
    if (name !== "machines") continue;
    await hand.press(words.machines.add);
    await page.getByRole("dialog").waitFor();
    await judge(page, "add-workers");
    await hand.press(en.common.cancel);
    await page.getByRole("dialog").waitFor({ state: "detached" });
  }

  expect(nodes(person)).toMatchObject([
    { name: `${CLUSTER}-cp-1`, ready: true, control_plane: true },
  ]);
  // Without a key nobody is let in, and the key is nobody else's.
  expect(readFileSync(kubeconfig(person), "utf8")).toContain("client-key-data");

  await tab(page, "overview");
  await walk(hand, [offStage]);
  expect(person.machines()).toEqual([]);
  await hand.press(fill(en.common.more, { name: CLUSTER }));
  await hand.press(en.common.delete);
  await page.getByRole("dialog").waitFor();
  await judge(page, "delete");
  await hand.press(fill(words.life.deleteVerb, { name: CLUSTER }));
  await sees(hand, fill(en.common.inTrash, { name: CLUSTER }));
  await hand.press(en.common.undo);
  await sees(hand, fill(en.common.restored, { name: CLUSTER }));
  await hand.press(CLUSTER);
  await sees(hand, words.page.stopped);
  await hand.press(words.page.start);
  await healthy(hand);
  expect(nodes(person)).toMatchObject([{ ready: true }]);
  expect(faults).toEqual([]);
});
