/** What this computer offers to machines: nothing is taken that was not ticked. */
import { render, screen, waitFor } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it, vi } from "vitest";
import { en, fill } from "../../../messages";
import { start } from "../../../model/session.svelte";
import { FakePlatform } from "../../../platform/fake";
import * as sample from "../../../platform/fake/samples";
import type { HostOffers } from "../../../platform/generated/api";
import Offers from "./HostOffers.svelte";

const words = en.access.offers;
const everything = (): HostOffers => ({
  proxy: {
    variables: [["https_proxy", "http://me:word@127.0.0.1:3128"]],
    source: "",
    local: true,
    password: true,
  },
  roots: [
    {
      path: "/usr/local/share/ca-certificates/root.crt",
      subject: "Company Root",
      fingerprint: "abc",
      expires_at: "2036-01-02T03:04:05Z",
      expired: false,
      certificates: "-----BEGIN CERTIFICATE-----",
    },
  ],
  time: [{ server: "time.intra.example", source: "/etc/systemd/timesyncd.conf" }],
  mirrors: [
    { registry: "docker.io", endpoints: ["https://m.example"], source: "/etc/x", local: false },
  ],
});
let offers: HostOffers;
const fake = new FakePlatform();
fake
  .answer("settings.get", () => sample.settings())
  .answer("app.info", () => sample.info())
  .answer("app.visible", () => ({}))
  .answer("config.host_offers", () => offers)
  .answer("config.host_patch", () => ({ patch: "machine: {}\n" }));
void start(fake);

beforeEach(() => {
  offers = everything();
  fake.calls.length = 0;
});

const show = (ontake = vi.fn<(patch: string) => void>()) => {
  render(Offers, { version: "v1.13.9", direct: ["10.5.0.0/24"], ontake });
  return ontake;
};

it("ticks nothing beforehand, and takes what is ticked as a patch", async () => {
  const ontake = show();
  const boxes = await screen.findAllByRole<HTMLInputElement>("checkbox");
  expect(boxes.map((box) => box.checked)).toEqual([false, false, false, false]);
  const take = screen.getByRole<HTMLButtonElement>("button", { name: words.take });
  expect(take.disabled).toBe(true);
  await userEvent.click(screen.getByRole("checkbox", { name: /Company Root/ }));
  await userEvent.click(screen.getByRole("checkbox", { name: /time\.intra\.example/ }));
  await userEvent.click(take);
  await waitFor(() => expect(ontake).toHaveBeenCalledWith("machine: {}\n"));
  expect(fake.requests("config.host_patch")).toEqual([
    {
      version: "v1.13.9",
      choice: { proxy: false, roots: ["abc"], time: ["time.intra.example"], mirrors: [] },
      direct: ["10.5.0.0/24"],
    },
  ]);
});

it("shows no password, and warns of it and of what machines do not reach", async () => {
  show();
  await screen.findByText(words.local);
  expect(screen.getByText(words.password)).toBeTruthy();
  expect(document.body.textContent).not.toContain("word@");
  expect(document.body.textContent).toContain(
    fill(words.proxy, { address: "http://127.0.0.1:3128" }),
  );
});

it("says that there is nothing, and tells when it cannot look", async () => {
  offers = { proxy: null, roots: [], time: [], mirrors: [] };
  show();
  await screen.findByText(words.none);
  expect(screen.queryByRole("checkbox")).toBeNull();
  fake.refuse("config.host_offers", { code: "internal" });
  show();
  await screen.findByRole("alert");
  fake.answer("config.host_offers", () => offers);
});
