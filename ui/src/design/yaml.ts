/** Colours for YAML as it is shown: keys and what stands behind them. It reads lines, not meaning. */

export type Piece = readonly [kind: "key" | "value" | "plain", text: string];

const LINE = /^(\s*(?:- )*)([\w./"'-]+)(:)(?=\s|$)(.*)$/;

/** The pieces of a line; together they are the line again. */
export function pieces(line: string): Piece[] {
  const [, lead = "", key, colon = "", value = ""] = LINE.exec(line) ?? [];
  if (key === undefined) {
    const dash = /^\s*- /.exec(line)?.[0] ?? "";
    return kept([
      ["plain", dash],
      [dash ? "value" : "plain", line.slice(dash.length)],
    ]);
  }
  return kept([
    ["plain", lead],
    ["key", key],
    ["plain", colon],
    ["value", value],
  ]);
}

const kept = (all: Piece[]): Piece[] => all.filter(([, text]) => text !== "");
