import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const MINUTE = 60_000;

/** Machines are emulated, so a journey takes minutes; two at once would only take longer. */
const project = (name: string, retry = 0) => ({
  test: {
    name,
    retry,
    include: [`${name}/**/*.test.ts`],
    testTimeout: 6 * MINUTE,
    hookTimeout: 2 * MINUTE,
    fileParallelism: false,
  },
});

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  test: {
    // On a busy computer WebKit's own process now and then answers nobody: seen twice in one run.
    projects: [project("e2e"), project("webview", 1)],
    fileParallelism: false,
  },
});
