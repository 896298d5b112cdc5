// @vitest-environment node
/// <reference types="node" />
/** Who may know whom: the rule of the folders, checked on every import there is. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ESLint } from "eslint";
import { describe, expect, it } from "vitest";

/** The folders of `src`, and what of it each may import. */
const MAY: Record<string, readonly string[]> = {
  platform: [],
  model: ["platform", "messages"],
  messages: ["platform", "model"],
  design: [],
  features: ["platform", "model", "messages", "design"],
  shell: ["platform", "model", "messages", "design", "features"],
};
/** The model gives words nothing but figures and names, and takes from them nothing. */
const WORDS_MAY_USE = ["model/format", "model/shortcuts", "model/router.svelte"];
/** The fake program is for tests, whatever they test. */
const FOR_TESTS = "platform/fake";

interface Import {
  file: string;
  target: string;
}

/** Every import of our own files, static or not, as paths below `src`. */
const imports: Import[] = readdirSync("src", { recursive: true, encoding: "utf8" })
  .filter((name) => /\.(ts|svelte)$/.test(name) && !name.endsWith(".test.ts"))
  .flatMap((file) => {
    const source = readFileSync(join("src", file), "utf8");
    return [...source.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map(([, target = ""]) => ({
      file,
      target: target.startsWith(".") ? join(dirname(file), target) : target,
    }));
  });

const folder = (path: string): string => path.split("/")[0] ?? "";

function faults(wrong: (each: Import) => boolean): string[] {
  return imports.filter(wrong).map(({ file, target }) => `${file} imports ${target}`);
}

describe("imports", () => {
  it("are found at all", () => {
    expect(imports.length).toBeGreaterThan(300);
    expect(imports).toContainEqual({
      file: "shell/pages.ts",
      target: "features/host/HostPage.svelte",
    });
  });

  it("follow the folders", () => {
    const wrong = faults(({ file, target }) => {
      const [from, to] = [folder(file), folder(target)];
      const own = from === to || !(to in MAY) || !(from in MAY);
      return !own && !MAY[from]?.includes(to);
    });
    expect(wrong).toEqual([]);
  });

  it("of Tauri are made by its own transport alone", () => {
    const wrong = faults(
      ({ file, target }) =>
        target.startsWith("@tauri-apps/") && !file.startsWith("platform/tauri/"),
    );
    expect(wrong).toEqual([]);
  });

  it("of one feature by another do not exist", () => {
    const feature = (path: string) => /^features\/(\w+)\//.exec(path)?.[1];
    const wrong = faults(({ file, target }) => {
      const [from, to] = [feature(file), feature(target)];
      if (from === undefined || to === undefined || from === to) return false;
      return to !== "parts";
    });
    expect(wrong).toEqual([]);
  });

  it("of the model by words, and of words by the model, are few and named", () => {
    const wrong = faults(
      ({ file, target }) =>
        (folder(file) === "messages" &&
          folder(target) === "model" &&
          !WORDS_MAY_USE.includes(target)) ||
        (folder(file) === "model" && folder(target) === "messages"),
    );
    expect(wrong).toEqual([]);
  });

  it("of the fake program are made by tests alone", () => {
    expect(
      faults(({ file, target }) => target.startsWith(FOR_TESTS) && !file.startsWith(FOR_TESTS)),
    ).toEqual([]);
  });
});

describe("the linter refuses", () => {
  const linter = new ESLint();
  const complains = async (filePath: string, code: string): Promise<boolean> => {
    const [result] = await linter.lintText(code, { filePath });
    return (result?.messages ?? []).some(
      ({ ruleId }) => ruleId?.startsWith("no-restricted-") ?? false,
    );
  };

  it.each([
    ["src/model/x.ts", 'import "@tauri-apps/api/core";'],
    ["src/features/home/x.ts", 'import "@tauri-apps/api/core";'],
    ["src/platform/web/x.ts", 'import "@tauri-apps/api/core";'],
    ["src/shell/x.ts", 'void import("@tauri-apps/api/core");'],
    ["src/features/home/x.ts", 'import "../machines/Actions.svelte";'],
    ["src/features/parts/x.ts", 'import "../machines/Actions.svelte";'],
    ["src/features/home/x.ts", 'import "../../shell/keys";'],
    ["src/design/x.ts", 'import "../model/format";'],
    ["src/design/gallery/x.ts", 'import "../../messages";'],
    ["src/model/x.ts", 'import "../features/parts/names";'],
    ["src/platform/web/x.ts", 'import "../../model/format";'],
  ])("in %s: %s", async (file, code) => expect(await complains(file, code)).toBe(true));

  it.each([
    ["src/platform/tauri/x.ts", 'import "@tauri-apps/api/core";'],
    ["src/features/home/x.ts", 'import "../parts/names";'],
    ["src/features/home/x.ts", 'import "../../model/format";'],
    ["src/shell/x.ts", 'import "../features/parts/names";'],
  ])("but not in %s: %s", async (file, code) => expect(await complains(file, code)).toBe(false));
});
