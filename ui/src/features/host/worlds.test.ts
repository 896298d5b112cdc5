/// <reference types="node" />
/**
 * What is said of every recorded computer, as one text that a person can read and approve.
 * The reports are written by the host crate's own test from the same records, so neither drifts.
 */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { en, fill, fillOpen } from "../../messages";
import type { Check, HostReport } from "../../platform/generated/api";
import { lines, passed, passwordWords, remedyWords, tell, tellsFix } from "./words";

interface World {
  world: string;
  about: string;
  report: HostReport;
}

const worlds = readFileSync("../tests/fixtures/host-worlds/reports.jsonl", "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as World);

/** Two commands, of which the second one failed. */
const ended = {
  done: "1",
  commands: "2",
  command: "/usr/bin/setfacl -m u:ariadne:rw /dev/kvm",
  status: "exit status: 1",
};

function remedies(check: Check, report: HostReport): string[] {
  return check.remedies.flatMap((remedy) => {
    const words = remedyWords(remedy, check);
    switch (remedy.kind) {
      case "fix":
        if (!tellsFix(report, check, remedy)) return [`- ${en.host.sameFix}`];
        return [
          `- ${words}`,
          ...lines(remedy.commands).map((line) => `      pkexec ${line}`),
          `  ${report.pkexec ? passwordWords(remedy) : en.host.noPkexec}`,
          ...(remedy.undo.length > 0 ? [`  ${en.host.undo}:`] : []),
          ...lines(remedy.undo).map((line) => `      sudo ${line}`),
        ];
      case "run_command":
        return [
          `- ${remedy.privileged ? en.host.exactlyByHand : words}`,
          `      ${remedy.command}`,
        ];
      default:
        return [`- ${words}`];
    }
  });
}

function render({ world, about, report }: World): string {
  const said = report.checks.flatMap((check) => {
    const told = tell(check);
    if (check.state === "ok" && !told.means) return [];
    const mark = { ok: "+", limited: "!", failed: "x" }[check.state];
    return [
      `${mark} ${told.title}${told.value ? ` (${told.value})` : ""}`,
      `  ${told.means}`,
      ...(told.without ? [`  ${en.host.without}: ${told.without}`] : []),
      ...remedies(check, report).map((line) => `  ${line}`),
    ];
  });
  return [
    `## ${world}`,
    about,
    "",
    `${en.verdict[report.verdict]}. ${passed(report)}.`,
    ...said,
    "",
  ].join("\n");
}

describe("recorded computers", () => {
  it("are told in the approved words", async () => {
    expect(worlds.length).toBeGreaterThanOrEqual(25);
    const good = Object.entries(en.check).map(([code, words]) => `${code}: ${words.ok}`);
    const ends = Object.entries(en.problem)
      .filter(([code]) => code.startsWith("fix_"))
      .map(([, { title, why, safe }]) => `${title}. ${fillOpen(`${why} ${safe}`, ended)}`);
    const text = [...good, "", ...worlds.map(render), "## How a change can end", ...ends, ""].join(
      "\n",
    );
    await expect(text).toMatchFileSnapshot("../../../../tests/fixtures/host-worlds/words.txt");
  });

  it("leave no hole in any sentence", () => {
    // Every place of a sentence gets its value from the program.
    for (const { world, report } of worlds)
      for (const check of report.checks) {
        const whole = new Set(Object.keys(check.params));
        const cause = check.cause === "fine" ? en.check[check.code].value : en.cause[check.cause];
        const title = check.cause === "fine" ? "" : en.causeTitle[check.cause];
        for (const [, place] of `${cause} ${title}`.matchAll(/\{(\w+)\}/g))
          expect(whole, `${world}, ${check.code}: {${place}}`).toContain(place);
        for (const remedy of check.remedies)
          expect(remedyWords(remedy, check), `${world}, ${remedy.kind}`).not.toMatch(
            /\{\w+\}|  |^$/,
          );
      }
  });

  it("cover every cause there is", () => {
    const causes = new Set(worlds.flatMap(({ report }) => report.checks.map(({ cause }) => cause)));
    expect(Object.keys(en.cause).filter((cause) => !causes.has(cause as Check["cause"]))).toEqual(
      [],
    );
  });

  it("cover every change and every hypervisor but one", () => {
    const all = worlds.flatMap(({ report }) => report.checks).flatMap(({ remedies }) => remedies);
    const fixes = new Set(all.flatMap((remedy) => (remedy.kind === "fix" ? [remedy.fix] : [])));
    expect(Object.keys(en.fix).filter((fix) => !fixes.has(fix as never))).toEqual([]);
    const outside = new Set(
      all.flatMap((remedy) => (remedy.kind === "enable_nested" ? [remedy.hypervisor] : [])),
    );
    // A record of QEMU without KVM would only repeat another one under a new name.
    expect(Object.keys(en.nested).filter((kind) => !outside.has(kind as never))).toEqual(["qemu"]);
  });
});

describe("sentences", () => {
  it("name the times the password is asked for", () => {
    const fix = (commands: string[][]) =>
      passwordWords({ kind: "fix", fix: "load_module", commands, undo: [] });
    expect(fix([["/usr/sbin/modprobe", "kvm"]])).toBe(en.host.asked.one);
    expect(fix([["/usr/sbin/a"], ["/usr/sbin/b"]])).toBe(fill(en.host.asked.other, { n: 2 }));
  });
});
