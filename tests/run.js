/** Runs a TypeScript file of this folder: `node tests/run.js webview/demo.ts`. */
import { fileURLToPath } from "node:url";
import { runnerImport } from "vite";

const file = new URL(process.argv[2], import.meta.url);
const root = fileURLToPath(new URL(".", import.meta.url));
await runnerImport(fileURLToPath(file), { configFile: false, root, logLevel: "error" });
