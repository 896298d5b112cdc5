import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

/** Has icons drawn by a part of ours; see there. */
const leanIcons = {
  name: "lean-icons",
  enforce: "pre" as const,
  resolveId(source: string, importer?: string) {
    const icon = source === "../Icon.svelte" && importer?.includes("/@lucide/svelte/dist/icons/");
    return icon ? fileURLToPath(new URL("src/design/LucideIcon.svelte", import.meta.url)) : null;
  },
};

// The window's engine is WebKitGTK; relative paths work in it and behind the dev host alike.
export default defineConfig({
  base: "./",
  plugins: [leanIcons, svelte()],
  // Node would choose Svelte's server build, in which no component can be mounted.
  ...(process.env["VITEST"] ? { resolve: { conditions: ["browser"] } } : {}),
  build: {
    target: "safari16",
    outDir: "dist",
    assetsInlineLimit: 0,
    rolldownOptions: {
      // What the first picture needs is one file: each further one is a way to the program and back.
      output: { codeSplitting: { groups: [{ name: "start", tags: ["$initial"] }] } },
    },
  },
  test: {
    environment: "jsdom",
    include: ["src/**/*.test.ts"],
    setupFiles: ["test/setup.ts"],
    testTimeout: 20_000,
  },
});
