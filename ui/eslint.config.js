import svelte from "eslint-plugin-svelte";
import ts from "typescript-eslint";

/** Who may know whom: platform, model, features, shell; design beside them. */
const closed = (files, group, message) => ({
  files,
  rules: { "no-restricted-imports": ["error", { patterns: [{ group, message }] }] },
});

export default ts.config(
  { ignores: ["dist", "src/platform/generated"] },
  ...ts.configs.recommended,
  ...svelte.configs["flat/recommended"],
  { files: ["**/*.svelte", "**/*.svelte.ts"], languageOptions: { parserOptions: { parser: ts.parser } } },
  { languageOptions: { globals: { window: "readonly", document: "readonly", navigator: "readonly" } } },
  closed(["src/!(platform)/**"], ["@tauri-apps/*"], "Only platform/tauri speaks to Tauri."),
  closed(["src/platform/web/**", "src/platform/*.ts"], ["@tauri-apps/*"], "Only platform/tauri speaks to Tauri."),
  closed(["src/model/**"], ["**/features/**", "**/shell/**"], "The model knows no pages."),
  closed(["src/design/**"], ["**/features/**", "**/shell/**", "**/model/**"], "Design knows no domain."),
  closed(["src/features/**"], ["**/shell/App*"], "Features do not know the frame."),
);
