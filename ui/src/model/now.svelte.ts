/** The time, once a second, only while somebody looks at it and the page can be seen. */
import { createSubscriber } from "svelte/reactivity";

class Now {
  #subscribe = createSubscriber((update) => {
    const tick = (): void => {
      if (document.visibilityState === "visible") update();
    };
    const timer = window.setInterval(tick, 1000);
    document.addEventListener("visibilitychange", tick);
    return () => {
      window.clearInterval(timer);
      document.removeEventListener("visibilitychange", tick);
    };
  });

  /** Milliseconds since 1970; reading it in an effect or a template keeps it current. */
  get ms(): number {
    this.#subscribe();
    return Date.now();
  }
}

export const now = new Now();
