/** Where the programs under test are, and where pictures go. `cargo xtask` names all three. */
import { accessSync, constants, mkdirSync, realpathSync } from "node:fs";
import { delimiter, join } from "node:path";

function given(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: start this by cargo xtask test`);
  return value;
}

/** A built program. */
export const program = (name: string): string => join(given("CRETE_PROGRAMS"), name);

/** The practice images. */
export const practiceImages = (): string => given("CRETE_PRACTICE_IMAGES");

/** The built page. */
export const builtPage = (): string => new URL("../../ui/dist", import.meta.url).pathname;

/** A file for a picture or a report, in a folder of its suite. */
export function result(...path: string[]): string {
  const file = join(given("CRETE_RESULTS"), ...path);
  mkdirSync(join(file, ".."), { recursive: true });
  return file;
}

/** Where this computer has a program, by the search path. */
export function programs(name: string): string[] {
  const files = (process.env.PATH ?? "").split(delimiter).flatMap((folder) => {
    const file = join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      return [realpathSync(file)];
    } catch {
      return [];
    }
  });
  return [...new Set(files)];
}
