// @vitest-environment node
/// <reference types="node" />
/** The catalogue of clusters: every code of the program has a sentence with its figures and names. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { sentences, variants } from "../../test/variants";
import * as sample from "../platform/fake/clusters";
import type { HealthCode, StuckCode } from "../platform/generated/api";
import { clusterFieldText, eventText, healthText, stuckText, stuckTitle, words } from "./clusters";
import * as pages from "./en/clusterPages";
import { placesOf } from "./fill";

describe("every code has a sentence, and no other, and its places are what the program sends", () => {
  it.each([
    ["cluster/stuck", "StuckCode", words.stuck],
    ["cluster/stuck", "StuckWeight", words.stuckWord],
    ["cluster/health", "HealthCode", words.health],
    ["cluster/health", "HealthCode", words.healthFails],
    ["cluster/health", "HealthState", words.healthPage.state],
    ["cluster/health", "EvidenceSource", words.source],
    ["cluster/view", "MemberStage", words.memberStage],
    ["cluster/view", "CertificateOf", words.certificate],
    ["cluster/life", "ClusterEventCode", words.event],
    ["cluster/life", "ConsequenceCode", words.consequence],
    ["cluster/draft", "ClusterPreset", words.form.shapes],
  ])("%s.rs, %s", (file, name, words: Record<string, unknown>) => {
    const known = variants(file, name);
    expect(known.size).toBeGreaterThan(0);
    expect(Object.keys(words).sort()).toEqual([...known.keys()].sort());
    for (const [code, places] of known) {
      // What holds for every check is said once, above them all.
      if (name === "HealthCode") ["met", "of", "nodes"].forEach((place) => places.add(place));
      for (const [path, sentence] of sentences(words[code], code))
        for (const place of placesOf(sentence))
          expect([...places], `${path}: {${place}}`).toContain(place);
    }
  });

  it("names in its title what every cause is about", () => {
    for (const [code, places] of variants("cluster/stuck", "StuckCode")) {
      const { title } = words.stuck[code as StuckCode];
      const about = places.has("node") ? ["node"] : [...places];
      for (const place of about) expect(placesOf(title), code).toContain(place);
    }
  });

  it("leaves out no figure that the program sends with a cause", () => {
    for (const [code, places] of variants("cluster/stuck", "StuckCode")) {
      const { title, text } = words.stuck[code as StuckCode];
      const said = [...placesOf(title), ...placesOf(text)];
      for (const place of places) expect(said, code).toContain(place);
    }
  });
});

describe("the pages of clusters", () => {
  const files = readdirSync("src", { recursive: true, encoding: "utf8" }).filter(
    (name) => /\.(ts|svelte)$/.test(name) && !/\.test\.ts$|^messages\/en|generated/.test(name),
  );
  const source = files.map((name) => readFileSync(`src/${name}`, "utf8")).join("\n");

  it("use every sentence", () => {
    const unused = Object.entries(pages).flatMap(([area, own]) =>
      Object.keys(own)
        .filter((key) => !new RegExp(`\\.${key}\\b`).test(source) && !source.includes(`\`${key}`))
        .map((key) => `${area}.${key}`),
    );
    expect(unused).toEqual([]);
  });

  it("speak without begging, cheering or shouting", () => {
    for (const [path, sentence] of sentences(words, ""))
      expect(sentence, path).not.toMatch(/\b(please|oops|successfully|simply)\b|!/i);
  });
});

describe("a cause", () => {
  const params = { node: "knossos-w-2" };
  it("has its times, sizes and images as people read them", () => {
    const pulling = sample.stuck({
      code: "pulling_image",
      params: {
        ...params,
        image: "registry.k8s.io/kube-apiserver:v1.36.3",
        done: String(38 * 2 ** 20),
        total: String(93 * 2 ** 20),
      },
    });
    expect(stuckTitle(pulling)).toBe(
      "knossos-w-2 is pulling kube-apiserver:v1.36.3, 38 MiB of 93 MiB",
    );
    const clock = sample.stuck({ code: "clock_off", params: { ...params, amount: "172800" } });
    expect(stuckTitle(clock)).toBe("The clock of knossos-w-2 is wrong by about 2 days");
    const waits = sample.stuck({ code: "no_address", params: { ...params, seconds: "72" } });
    expect(stuckTitle(waits)).toBe("knossos-w-2 has no address after 1:12");
  });

  it("takes what is already words as it is", () => {
    const pulling = sample.stuck({
      code: "pulling_image",
      params: { ...params, image: "etcd", done: "50 MiB", total: "142 MiB" },
    });
    expect(stuckTitle(pulling)).toContain("50 MiB of 142 MiB");
  });

  it("counts members where members are needed, and bytes where a disk is", () => {
    const quorum = { healthy: "1", members: "3", needed: "2" };
    expect(stuckTitle(sample.stuck({ code: "etcd_no_quorum", params: quorum }))).toContain(
      "1 of 3 etcd members are well, 2 are needed",
    );
    const disk = { ...params, size: String(4 * 2 ** 30), needed: String(6 * 2 ** 30) };
    const small = sample.stuck({ code: "disk_too_small", params: disk });
    expect(stuckTitle(small)).toBe(
      "The disk of knossos-w-2 is too small: 4.0 GiB, and 6.0 GiB are needed",
    );
    expect(stuckText(small)).not.toMatch(/[{}]/);
  });
});

it("a check says its figures once it is not as wanted", () => {
  const params = { met: "4", of: "5", nodes: "knossos-w-2" };
  for (const code of Object.keys(words.health) as HealthCode[]) {
    const check = sample.healthCheck({ code, state: "fail", params });
    expect(healthText(check), code).toContain("knossos-w-2");
    expect(healthText({ ...check, state: "pass" })).toBe(words.health[code].name);
  }
});

it("an event names its check in words", () => {
  const at = "2026-03-20T09:00:00Z";
  expect(eventText({ at, code: "degraded", params: { check: "core_dns" } })).toContain(
    words.health.core_dns.name,
  );
  expect(eventText({ at, code: "formed", params: { seconds: "162" } })).toContain("2:42");
});

it("memory that is too small is told in the unit of its field", () => {
  const fault = {
    field: "control_planes.sizes.memory_mib",
    code: "too_small" as const,
    params: { min: "2048" },
  };
  expect(clusterFieldText(fault)).toContain("2.0 GiB");
});
