/** Where the page is: a typed route in the address's fragment, so back and forward work. */
import { href, parse, type Route } from "./routes";

export * from "./routes";

/** A place in the window's history, kept in the history's own state. */
interface Step {
  step?: number;
}

class Router {
  route = $state.raw<Route>(parse(window.location.hash));
  #step = $state(0);
  #last = $state(0);

  constructor() {
    this.#step = (window.history.state as Step | null)?.step ?? 0;
    this.#last = this.#step;
    this.#mark();
    window.addEventListener("hashchange", () => this.#moved());
  }

  get canBack(): boolean {
    return this.#step > 0;
  }

  get canForward(): boolean {
    return this.#step < this.#last;
  }

  go(route: Route): void {
    window.location.hash = href(route);
  }

  /** Changes the address without a step in the history: for filters and selected rows. */
  swap(route: Route): void {
    window.history.replaceState(window.history.state, "", href(route));
    this.route = route;
  }

  back(): void {
    if (this.canBack) window.history.back();
  }

  forward(): void {
    if (this.canForward) window.history.forward();
  }

  #moved(): void {
    const step = (window.history.state as Step | null)?.step;
    if (step === undefined) {
      // A new entry: whatever lay ahead is gone.
      this.#step += 1;
      this.#last = this.#step;
      this.#mark();
    } else {
      this.#step = step;
    }
    this.route = parse(window.location.hash);
  }

  #mark(): void {
    window.history.replaceState({ step: this.#step } satisfies Step, "");
  }
}

export const router = new Router();
