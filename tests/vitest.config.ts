import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const MINUTE = 60_000;

/** Machines are emulated, so a journey takes minutes; two at once would only take longer. */
const project = (name: string) => ({
  test: {
    name,
    include: [`${name}/**/*.test.ts`],
    testTimeout: 6 * MINUTE,
    hookTimeout: 2 * MINUTE,
    fileParallelism: false,
  },
});

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  test: {
    projects: [project("e2e"), project("webview")],
    fileParallelism: false,
  },
});
