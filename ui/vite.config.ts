import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

// The window's engine is WebKitGTK; relative paths work in it and behind the dev host alike.
export default defineConfig({
  base: "./",
  plugins: [svelte()],
  // Node would choose Svelte's server build, in which no component can be mounted.
  ...(process.env["VITEST"] ? { resolve: { conditions: ["browser"] } } : {}),
  build: { target: "safari16", outDir: "dist", assetsInlineLimit: 0 },
  test: {
    environment: "jsdom",
    include: ["src/**/*.test.ts"],
    setupFiles: ["test/setup.ts"],
    testTimeout: 20_000,
  },
});
