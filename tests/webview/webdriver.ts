/** W3C WebDriver, as much of it as the window's tests need. Every request has a time limit. */

const REQUEST_MS = 20_000;

/** The key under which the standard hands out elements. */
const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";

interface KeyAction {
  type: "keyDown" | "keyUp";
  value: string;
}

const down = (value: string): KeyAction => ({ type: "keyDown", value });
const up = (value: string): KeyAction => ({ type: "keyUp", value });

export class WebDriverError extends Error {}

export class WebDriver {
  private constructor(
    readonly server: string,
    readonly session: string,
  ) {}

  /** Starts a program and takes hold of its window; or of the one the server was pointed at. */
  static async open(
    server: string,
    start?: { binary: string; args: string[] },
  ): Promise<WebDriver> {
    const { sessionId } = await ask<{ sessionId: string }>(`${server}/session`, "POST", {
      capabilities: {
        alwaysMatch: start ? { "webkitgtk:browserOptions": start } : {},
      },
    });
    return new WebDriver(server, sessionId);
  }

  #ask<T>(path: string, method: "GET" | "POST" | "DELETE", body?: unknown): Promise<T> {
    return ask<T>(`${this.server}/session/${this.session}${path}`, method, body);
  }

  /** Runs a script in the page; its `return` comes back. */
  run<T>(script: string, args: unknown[] = []): Promise<T> {
    return this.#ask("/execute/sync", "POST", { script, args });
  }

  /** The element that a script finds, or nothing. */
  async element(script: string, args: unknown[]): Promise<string | undefined> {
    const found = await this.run<Record<string, string> | null>(script, args);
    return found?.[ELEMENT];
  }

  async click(element: string): Promise<void> {
    await this.#ask(`/element/${element}/click`, "POST", {});
  }

  /** Types by key presses: newer drivers do not take text any other way. */
  type(text: string): Promise<void> {
    return this.#keys([...text].flatMap((value) => [down(value), up(value)]));
  }

  /** Holds keys together, as in Control and A. */
  chord(...keys: string[]): Promise<void> {
    return this.#keys([...keys.map(down), ...keys.reverse().map(up)]);
  }

  async #keys(actions: KeyAction[]): Promise<void> {
    await this.#ask("/actions", "POST", { actions: [{ type: "key", id: "keyboard", actions }] });
  }

  /** A picture of the page, as PNG. */
  async screenshot(): Promise<Buffer> {
    return Buffer.from(await this.#ask<string>("/screenshot", "GET"), "base64");
  }

  /** Closes the window, and its program with it. */
  async close(): Promise<void> {
    await this.#ask("", "DELETE");
  }
}

async function ask<T>(url: string, method: "GET" | "POST" | "DELETE", body?: unknown): Promise<T> {
  const answer = await fetch(url, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(REQUEST_MS),
  });
  const { value } = (await answer.json()) as {
    value: T & { error?: string; message?: string };
  };
  if (!answer.ok) throw new WebDriverError(`${method} ${url}: ${value.error} ${value.message}`);
  return value;
}
