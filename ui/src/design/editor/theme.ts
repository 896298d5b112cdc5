/** The look of the editor: ink in both themes, from the console's own tokens. */
import { HighlightStyle } from "@codemirror/language";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

export const theme = EditorView.theme(
  {
    "&": {
      color: "var(--con-text)",
      backgroundColor: "var(--con-bg)",
      fontSize: "var(--fs-code)",
      maxHeight: "inherit",
    },
    "&.cm-focused": { outline: "none" },
    ".cm-scroller": {
      fontFamily: "var(--font-mono)",
      fontVariantLigatures: "none",
      lineHeight: "1.52",
      overflow: "auto",
    },
    ".cm-content": { padding: "10px 0", minHeight: "8.5rem", caretColor: "var(--con-key)" },
    // The frame around the editor shows where the keyboard is.
    ".cm-content:focus-visible": { outline: "none", boxShadow: "none" },
    ".cm-line": { padding: "0 12px 0 8px" },
    ".cm-cursor": { borderLeft: "2px solid var(--con-key)" },
    ".cm-gutters": {
      backgroundColor: "var(--con-bg)",
      color: "var(--con-dim)",
      border: "none",
      paddingLeft: "4px",
    },
    ".cm-activeLine": { backgroundColor: "rgb(255 255 255 / .045)" },
    ".cm-activeLineGutter": { backgroundColor: "transparent", color: "var(--con-text)" },
    "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground, .cm-content ::selection":
      { backgroundColor: "rgb(138 198 238 / .28)" },
    ".cm-matchingBracket, &.cm-focused .cm-matchingBracket": {
      backgroundColor: "transparent",
      outline: "1px solid var(--con-dim)",
    },
    ".cm-placeholder": { color: "var(--con-dim)", whiteSpace: "pre-wrap" },
    ".cm-searchMatch": { backgroundColor: "var(--con-mark-bg)", outline: "none" },
    ".cm-searchMatch-selected": { outline: "1px solid var(--con-mark)" },
    ".cm-lintRange-error": {
      backgroundImage: "none",
      textDecoration: "underline wavy var(--con-bad)",
      textUnderlineOffset: "3px",
    },
    ".cm-lintRange-warning": {
      backgroundImage: "none",
      textDecoration: "underline wavy var(--con-warn)",
      textUnderlineOffset: "3px",
    },
    ".cm-gutter-lint": { width: "1.1em" },
    ".cm-lint-marker": { width: "1em", height: "1em" },
    // Shapes of our own: the library's are pictures that no token colours.
    ".cm-lint-marker-error": { content: "none", color: "var(--con-bad)" },
    ".cm-lint-marker-error::before": { content: "'✕'", fontWeight: "700" },
    ".cm-lint-marker-warning": { content: "none", color: "var(--con-warn)" },
    ".cm-lint-marker-warning::before": { content: "'▲'" },
    ".cm-tooltip": {
      backgroundColor: "var(--raised)",
      color: "var(--text)",
      border: "1px solid var(--line-control)",
      borderRadius: "8px",
      boxShadow: "var(--shadow-2)",
      font: "var(--fs-small) / var(--lh-small) var(--font-ui)",
      maxWidth: "min(36rem, 90vw)",
    },
    ".cm-tooltip-lint": { padding: "4px 6px" },
    ".cm-diagnostic": { padding: "4px 6px", border: "none", marginLeft: "0" },
    ".cm-tooltip.cm-tooltip-autocomplete > ul": {
      fontFamily: "var(--font-mono)",
      fontSize: "var(--fs-code)",
      maxHeight: "14rem",
      minWidth: "14rem",
    },
    ".cm-tooltip.cm-tooltip-autocomplete > ul > li": {
      padding: "4px 10px",
      minHeight: "1.5rem",
      lineHeight: "1.25",
      display: "flex",
      gap: "12px",
      justifyContent: "space-between",
    },
    ".cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]": {
      backgroundColor: "var(--accent-fill)",
      color: "var(--text-on-accent)",
    },
    ".cm-completionMatchedText": { textDecoration: "underline" },
    ".cm-completionDetail": {
      fontFamily: "var(--font-ui)",
      fontStyle: "normal",
      opacity: "1",
      marginLeft: "0",
      overflow: "hidden",
      textOverflow: "ellipsis",
    },
    ".cm-panels": {
      backgroundColor: "var(--con-bar)",
      color: "var(--con-text)",
      borderColor: "var(--con-line)",
    },
    ".cm-panel.cm-search": { padding: "6px 8px", font: "var(--fs-small) var(--font-ui)" },
    ".cm-panel.cm-search label": { fontSize: "var(--fs-small)" },
    ".cm-panel.cm-search [name=close]": { color: "var(--con-text)", width: "1.5rem" },
    ".cm-textfield": {
      backgroundColor: "var(--con-bg)",
      color: "var(--con-text)",
      border: "1px solid var(--con-dim)",
      borderRadius: "var(--r-tag)",
      minHeight: "1.5rem",
      fontSize: "var(--fs-small)",
    },
    ".cm-button": {
      backgroundImage: "none",
      backgroundColor: "var(--con-bg)",
      color: "var(--con-text)",
      border: "1px solid var(--con-dim)",
      borderRadius: "var(--r-tag)",
      minHeight: "1.5rem",
      fontSize: "var(--fs-small)",
    },
  },
  { dark: true },
);

export const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--con-key)" },
  { tag: [tags.string, tags.content, tags.literal], color: "var(--con-ok)" },
  { tag: [tags.comment, tags.lineComment], color: "var(--con-dim)" },
  { tag: [tags.meta, tags.separator, tags.punctuation], color: "var(--con-text)" },
  { tag: [tags.keyword, tags.labelName, tags.typeName], color: "var(--con-work)" },
]);
