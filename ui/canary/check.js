/**
 * Runs svelte-check on a component that is wrong on purpose. Some set-ups report no type error in
 * components at all, and look exactly like a page without faults.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const WANTED = [
  ["a type error", /"Canary\.svelte" .*Type 'number' is not assignable to type 'string'/],
  ["an accessibility fault", /"Canary\.svelte" .*a11y_consider_explicit_label/],
];

const folder = fileURLToPath(new URL(".", import.meta.url));
const tool = fileURLToPath(new URL("../node_modules/.bin/svelte-check", import.meta.url));
const args = ["--workspace", folder, "--tsconfig", "./tsconfig.json", "--output", "machine"];
const { stdout, status } = spawnSync(tool, [...args, "--fail-on-warnings"], { encoding: "utf8" });

const missed = WANTED.filter(([, pattern]) => !pattern.test(stdout)).map(([what]) => what);
if (status === 0 || missed.length > 0) {
  console.error(`svelte-check (exit ${status}) did not report ${missed.join(", ") || "failure"}:`);
  console.error(stdout);
  process.exit(1);
}
console.log("canary: type errors and accessibility faults in components are reported");
