// @vitest-environment node
/// <reference types="node" />
/** The catalogue against the program's own words, and against the page that speaks them. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { problemWith } from "../platform/fake";
import { en, problemWhy } from ".";
import * as accesses from "./en/access";
import { sentences, variants } from "../../test/variants";
import * as clusters from "./en/clusters";
import * as codes from "./en/codes";
import * as configs from "./en/config";
import { frame } from "./en/frame";
import { keyLines } from "./en/keys";
import * as libraries from "./en/library";
import * as networks from "./en/networks";
import * as nodes from "./en/node";
import { pages } from "./en/pages";
import * as problems from "./en/problems";
import * as savings from "./en/saving";
import * as studios from "./en/studio";
import * as trashes from "./en/trash";
import { count, fill, fillOpen, placesOf } from "./fill";

describe("every code has a sentence, and no other, and its places are what the program sends", () => {
  it.each([
    ["problem", "ErrorCode", en.problem],
    ["problem", "FieldCode", en.field],
    ["job", "BlockerCode", en.blocker],
    ["job", "StageCode", en.stage],
    ["job", "JobState", en.jobState],
    ["machine", "BootStage", en.boot],
    ["machine", "DenyReason", en.deny],
    ["machine", "StopRung", en.rung],
    ["image_file", "FileFault", en.fault],
    ["import", "ImportFault", en.importFault],
    ["node", "NodePresence", en.node.presence],
    ["node", "NodeStage", en.node.stage],
    ["node", "NodeRole", en.node.role],
    ["node", "ServiceAction", en.node.action],
    ["node_config", "ApplyWay", en.node.mode],
    ["node_config", "ModeDenial", en.node.denial],
    ["node_config", "ApplyTakes", en.node.takes],
    ["node_config", "ValueOrigin", en.node.origin],
    ["node_config", "ChangeWay", en.node.way],
    ["host", "Verdict", en.verdict],
    ["cluster/life", "ClusterDenied", en.clusters.denied],
    ["cluster/view", "ClusterPhase", en.clusters.phase],
    ["studio", "RemarkCode", en.studio.remark],
    ["studio", "OutputKind", en.studio.kind],
  ])("%s.rs, %s", (file, name, words: Record<string, unknown>) => {
    const known = variants(file, name);
    expect(known.size).toBeGreaterThan(0);
    expect(Object.keys(words).sort()).toEqual([...known.keys()].sort());
    for (const [code, places] of known)
      for (const [path, sentence] of sentences(words[code], code))
        for (const place of placesOf(sentence))
          expect([...places], `${path}: {${place}}`).toContain(place);
  });
});

it("no area of the catalogue hides another's words", () => {
  const areas = [
    accesses,
    clusters,
    codes,
    configs,
    frame,
    pages,
    problems,
    libraries,
    networks,
    nodes,
    savings,
    studios,
    trashes,
  ].flatMap((area) => Object.keys(area));
  expect([...areas].sort()).toEqual(Object.keys(en).sort());
});

describe("the page", () => {
  const files = readdirSync("src", { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(ts|svelte)$/.test(name))
    .filter((name) => !/\.test\.ts$|^messages\/en|generated/.test(name));
  const source = files.map((name) => readFileSync(`src/${name}`, "utf8")).join("\n");
  /** Everything the page names: `en.nav.home`, or `en.check` where a code follows. */
  const named = new Set([...source.matchAll(/\ben((?:\.\w+)+)/g)].map(([, path]) => path ?? ""));

  it("uses every sentence", () => {
    const unused = sentences(en, "").filter(([path]) => {
      const parts = path.split(".").slice(1);
      return !parts.some((_, at) => named.has(`.${parts.slice(0, at + 1).join(".")}`));
    });
    expect(unused.map(([path]) => path)).toEqual([]);
  });

  it("speaks without begging, cheering or shouting", () => {
    for (const [path, sentence] of sentences([en, keyLines], ""))
      expect(sentence, path).not.toMatch(/\b(please|oops|successfully|simply)\b|!/i);
  });
});

describe("filling", () => {
  it("takes every value once it is asked for", () => {
    expect(fill("{done} of {total}", { done: 1, total: "9" })).toBe("1 of 9");
    expect(fill("plain")).toBe("plain");
    // @ts-expect-error A place without its value does not compile.
    expect(fill("{done} of {total}", { done: 1 })).toBe("1 of ");
    // @ts-expect-error Nor does a value without its place.
    expect(fill("{done}", { done: 1, other: 2 })).toBe("1");
  });

  it("leaves what the program did not send empty, and takes no code for a place", () => {
    expect(fillOpen("{path}: {reason}", { path: "/a" })).toBe("/a: ");
    expect(fillOpen("{path}", { path: "{other}", other: "x" })).toBe("{other}");
  });

  it("chooses the form for a number", () => {
    const forms = { one: "{n} image", other: "{n} images" };
    expect([0, 1, 2].map((n) => count(forms, n))).toEqual(["0 images", "1 image", "2 images"]);
  });
});

describe("a problem", () => {
  it("shows sizes in units", () => {
    const params = { needed: String(4 * 2 ** 30), free: String(2 ** 30) };
    expect(problemWhy(problemWith({ code: "memory_short", params }))).toBe(
      "4.0 GiB are needed, 1.0 GiB are free.",
    );
  });

  it("tells the reason of a denial, and what is wrong with a file", () => {
    const denied = problemWith({ code: "denied", params: { reason: "still_running" } });
    expect(problemWhy(denied)).toBe(en.deny.still_running);
    const corrupt = problemWith({
      code: "download_corrupt",
      params: { path: "/images/a.part", fault: "cut_off" },
    });
    expect(problemWhy(corrupt)).toBe(`/images/a.part: ${en.fault.cut_off}`);
  });
});
