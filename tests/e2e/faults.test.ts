/** What a person meets when something is wrong, and the way out of it. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { en, fill } from "../../ui/src/messages";
import { sees, untilDescribed, walk } from "../journey/journey";
import { programs } from "../journey/places";
import { until } from "../journey/wait";
import { Mouse } from "./mouse";
import { browser, devHost, home, visit } from "./person";

const QEMU = "qemu-system-x86_64";

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A server that is no Image Factory; or, closed at once, an address where nothing listens. */
async function stranger(listening: boolean): Promise<string> {
  const server = createServer((_, answer) => answer.end("<h1>Hello</h1>"));
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const { port } = server.address() as AddressInfo;
  if (listening) servers.push(server);
  else await new Promise((closed) => server.close(closed));
  return `http://127.0.0.1:${port}`;
}

test("an address that is no factory is said so, and mended in the settings", async () => {
  const person = home();
  const { page } = await visit(await browser(), await devHost(person));
  const hand = new Mouse(page, "no-factory");
  const address = await stranger(true);

  await hand.press(en.nav.settings);
  await hand.press(en.settings.topics.service);
  await hand.fill(en.settings.factory, "not an address");
  await page.keyboard.press("Tab");
  await sees(hand, en.field.not_a_url);
  await hand.fill(en.settings.factory, address);
  await page.keyboard.press("Tab");
  await sees(hand, en.settings.saved);

  await hand.press(en.nav.images);
  await hand.press(en.images.new);
  await sees(
    hand,
    fill(en.problem.not_a_factory.title, { host: new URL(address).hostname }),
    90_000,
  );
  await hand.picture("said");
  await hand.press(en.remedy.open_settings);
  await sees(hand, en.settings.factoryHint);
});

test("where no factory answers, practice is one click away", async () => {
  const person = home();
  const factory_url = await stranger(false);
  person.write("config/crete/devhost-settings.json", JSON.stringify({ factory_url }));
  const { page } = await visit(await browser(), await devHost(person));
  const hand = new Mouse(page, "away");

  await hand.press(en.nav.images);
  await hand.press(en.images.new);
  await sees(
    hand,
    fill(en.problem.factory_unreachable.title, {
      host: new URL(factory_url).hostname,
    }),
    60_000,
  );
  await hand.picture("said");
  await hand.press(en.practice.enter);
  await sees(hand, en.practice.band);
  await hand.press(en.practice.leave);
  await sees(hand, en.home.practiceText);
});

test("practice without its images says what builds them", async () => {
  const person = home();
  const empty = person.path("no-images");
  const host = await devHost(person, { env: { CRETE_PRACTICE_IMAGES: empty } });
  const { page } = await visit(await browser(), host);
  const hand = new Mouse(page, "no-images");
  await hand.press(en.practice.enter);
  await sees(hand, en.practice.missing);
  await sees(hand, "cargo xtask practice");
});

test("without QEMU the check names it, and a start is refused with the reason", async () => {
  const person = home();
  const host = await devHost(person, {
    args: ["--practice"],
    without: programs(QEMU),
  });
  const { page } = await visit(await browser(), host);
  const hand = new Mouse(page, "no-qemu");
  await hand.press(en.nav.host);
  await sees(hand, en.verdict.blocked);
  await sees(hand, /install.*qemu-system-x86/);
  await hand.picture("check");

  const [, , ...afterTheCheck] = untilDescribed;
  await walk(hand, afterTheCheck);
  await hand.fill(en.newMachine.name, "Not A Name");
  await sees(hand, en.field.characters);
  await hand.fill(en.newMachine.name, "no-qemu");
  await until("the form being right again", 20_000, () =>
    page.getByRole("button", { name: en.newMachine.create }).isEnabled(),
  );
  await hand.press(en.newMachine.create);
  await sees(hand, en.problem.qemu_missing.title);
  await hand.picture("start");
  expect(person.machines()).toEqual([]);
});

test("the dev host answers nobody who lacks its token", async () => {
  const host = await devHost(home());
  const ask = (token: string): Promise<Response> =>
    fetch(new URL("/rpc/app.info", host.url), {
      method: "POST",
      headers: {
        "content-type": "application/json",
        authorization: `Bearer ${token}`,
      },
      body: "{}",
    });
  const token = new URL(host.url).searchParams.get("token")!;
  expect((await ask(token)).status).toBe(200);
  expect((await ask("guessed")).status).toBe(403);
});

test("a page whose program ended says so", async () => {
  const host = await devHost(home());
  const { page } = await visit(await browser(), host);
  const hand = new Mouse(page, "gone");
  await sees(hand, en.home.firstStep);
  await host.stop();
  await sees(hand, en.connection.lost);
});
