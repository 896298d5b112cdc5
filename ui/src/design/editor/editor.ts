/**
 * The editor of exact words: the only file that knows the library behind it. Loaded when the first
 * editor is shown, so that the page's start does not carry it.
 */
import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
  type Completion,
  type CompletionContext,
  type CompletionResult,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import {
  bracketMatching,
  indentOnInput,
  indentUnit,
  syntaxHighlighting,
} from "@codemirror/language";
import { lintGutter, nextDiagnostic, previousDiagnostic, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { Annotation, Compartment, EditorState, Prec, type Extension } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
  placeholder,
} from "@codemirror/view";
import { colours, theme } from "./theme";
import type { EditorOptions, Marker, Suggestion } from "./types";

/** Marks what the page put in: it is no change of the person's. */
const fromPage = Annotation.define<boolean>();

export class Editor {
  readonly #view: EditorView;
  readonly #options: EditorOptions;
  readonly #writable = new Compartment();

  constructor(options: EditorOptions) {
    this.#options = options;
    const state = EditorState.create({ doc: options.text, extensions: this.#extensions() });
    this.#view = new EditorView({ state, parent: options.parent });
  }

  #extensions(): Extension[] {
    const { label, describedBy, id, phrases, indents, suggest } = this.#options;
    return [
      EditorState.phrases.of(phrases),
      lineNumbers(),
      highlightActiveLine(),
      highlightActiveLineGutter(),
      history(),
      drawSelection(),
      bracketMatching(),
      closeBrackets(),
      indentOnInput(),
      indentUnit.of("  "),
      EditorState.tabSize.of(2),
      EditorView.lineWrapping,
      search({ top: true }),
      highlightSelectionMatches(),
      lintGutter(),
      ...(this.#options.yaml ? [yaml()] : []),
      syntaxHighlighting(colours),
      theme,
      placeholder(this.#options.placeholder),
      ...(suggest
        ? [autocompletion({ override: [(context) => this.#complete(context)], icons: false })]
        : []),
      ...(indents ? [this.#letting()] : []),
      keymap.of([
        ...closeBracketsKeymap,
        ...completionKeymap,
        ...searchKeymap,
        ...historyKeymap,
        ...defaultKeymap,
        { key: "F8", run: nextDiagnostic },
        { key: "Shift-F8", run: previousDiagnostic },
        ...(indents ? [indentWithTab] : []),
      ]),
      EditorView.contentAttributes.of({
        id,
        "aria-label": label,
        ...(describedBy && { "aria-describedby": describedBy }),
      }),
      this.#writable.of(EditorState.readOnly.of(this.#options.readOnly)),
      EditorView.updateListener.of((update) => {
        const own = update.transactions.some((one) => one.annotation(fromPage));
        if (update.docChanged && !own) this.#options.onchange(update.state.doc.toString());
        if (update.docChanged || update.selectionSet) {
          const at = update.state.selection.main.head;
          this.#options.oncursor(at, update.state.doc.lineAt(at).number);
        }
      }),
    ];
  }

  /**
   * Tab goes on to the next control until something was written here: who only comes by is not
   * held. From then on it indents, until Escape gives it back. Without a limit of time: nobody has
   * to be quick.
   */
  #letting(): Extension {
    const letGo = (view: EditorView): boolean => {
      view.setTabFocusMode(true);
      return false;
    };
    return [
      Prec.low(keymap.of([{ key: "Escape", run: letGo }])),
      EditorView.domEventHandlers({ focus: (_, view) => letGo(view) }),
      EditorView.updateListener.of((update) => {
        const own = update.transactions.some((one) => one.annotation(fromPage));
        if (update.docChanged && !own) update.view.setTabFocusMode(false);
      }),
    ];
  }

  #complete(context: CompletionContext): CompletionResult | null {
    const found = this.#options.suggest?.(context.state.doc.toString(), context.pos);
    if (!found || found.options.length === 0) return null;
    const typed = context.pos > found.from;
    if (!typed && !context.explicit) return null;
    return {
      from: found.from,
      options: found.options.map(completion),
      validFor: /^[\w./-]*$/,
    };
  }

  /** Takes over what the page says the text is, unless it is that already. */
  setText(text: string): void {
    const { doc } = this.#view.state;
    if (doc.toString() === text) return;
    this.#view.dispatch({
      changes: { from: 0, to: doc.length, insert: text },
      annotations: fromPage.of(true),
    });
  }

  setReadOnly(readOnly: boolean): void {
    this.#view.dispatch({
      effects: this.#writable.reconfigure(EditorState.readOnly.of(readOnly)),
    });
  }

  /** Shows what is known of lines, in place of what was shown. */
  setMarkers(markers: readonly Marker[]): void {
    const { doc } = this.#view.state;
    const diagnostics = markers.map(({ line, severity, text }) => {
      const at = doc.line(Math.min(Math.max(line, 1), doc.lines));
      const indent = /^\s*(?:- )*/.exec(at.text)?.[0].length ?? 0;
      return { from: Math.min(at.from + indent, at.to), to: at.to, severity, message: text };
    });
    this.#view.dispatch(setDiagnostics(this.#view.state, diagnostics));
  }

  /** Puts the cursor on a line and the keyboard into the editor. */
  goTo(line: number): void {
    const { doc } = this.#view.state;
    const at = doc.line(Math.min(Math.max(line, 1), doc.lines));
    this.#view.dispatch({ selection: { anchor: at.to }, scrollIntoView: true });
    this.#view.focus();
  }

  focus(): void {
    this.#view.focus();
  }

  end(): void {
    this.#view.destroy();
  }
}

function completion({ label, apply, detail, kind }: Suggestion): Completion {
  return {
    label,
    ...(apply !== undefined && { apply }),
    ...(detail && { detail }),
    type: kind === "value" ? "constant" : "property",
  };
}
