import svelte from "eslint-plugin-svelte";
import ts from "typescript-eslint";

const TAURI = {
  group: ["@tauri-apps/*"],
  message: "Only platform/tauri speaks to Tauri.",
};
const no = (group, message) => ({ group, message });
/** Folders, whether their index is imported or something in them. */
const below = (...names) => names.flatMap((name) => [`**/${name}`, `**/${name}/**`]);

/**
 * Who may know whom. Of several rules with one name only the last counts for a file, so each
 * folder names everything that is closed to it.
 */
const closed = (files, ...patterns) => ({
  files,
  rules: { "no-restricted-imports": ["error", { patterns }] },
});

const FEATURES = [
  "home",
  "images",
  "machines",
  "networks",
  "consoles",
  "host",
  "activity",
  "settings",
];

export default ts.config(
  { ignores: ["dist", "canary/*.svelte", "src/platform/generated"] },
  ...ts.configs.recommended,
  ...svelte.configs["flat/recommended"],
  {
    files: ["**/*.svelte", "**/*.svelte.ts"],
    languageOptions: { parserOptions: { parser: ts.parser } },
  },
  {
    languageOptions: {
      globals: { window: "readonly", document: "readonly", navigator: "readonly" },
    },
    rules: {
      "@typescript-eslint/no-unused-vars": [
        "error",
        { argsIgnorePattern: "^_", varsIgnorePattern: "^_" },
      ],
    },
  },
  closed(["src/*.ts"], TAURI),
  closed(
    ["src/platform/*.ts", "src/platform/web/**", "src/platform/fake/**"],
    TAURI,
    no(below("model", "features", "shell", "design"), "The platform knows no page."),
  ),
  closed(
    ["src/platform/tauri/**"],
    no(below("model", "features", "shell", "design"), "The platform knows no page."),
  ),
  closed(
    ["src/model/**"],
    TAURI,
    no(below("features", "shell", "design"), "The model knows no pages and no parts."),
  ),
  closed(
    ["src/messages/**"],
    TAURI,
    no(below("features", "shell", "design"), "Words know no pages and no parts."),
  ),
  closed(
    ["src/design/**"],
    TAURI,
    no(
      below("features", "shell", "model", "messages", "platform"),
      "Design knows no domain and no words.",
    ),
  ),
  closed(
    ["src/features/parts/**"],
    TAURI,
    no(below("shell"), "Features do not know the frame."),
    no(
      FEATURES.map((name) => `**/${name}/*`),
      "Shared parts know no single feature.",
    ),
  ),
  ...FEATURES.map((own) =>
    closed(
      [`src/features/${own}/**`],
      TAURI,
      no(below("shell"), "Features do not know the frame."),
      no(
        FEATURES.filter((name) => name !== own).map((name) => `../${name}/**`),
        "Features meet in the model, in parts, or in the frame.",
      ),
    ),
  ),
  closed(["src/shell/**"], TAURI),
  {
    // The import() form is not seen by no-restricted-imports.
    files: ["src/**"],
    ignores: ["src/platform/tauri/**"],
    rules: {
      "no-restricted-syntax": [
        "error",
        {
          selector: "ImportExpression[source.value=/^@tauri-apps/]",
          message: TAURI.message,
        },
      ],
    },
  },
);
