/** The time, once a second, only while somebody looks at it and the page can be seen. */
import { createSubscriber } from "svelte/reactivity";

class Now {
  #subscribe = createSubscriber((update) => {
    let timer: number | undefined;
    // A page that nobody sees is not even woken.
    const go = (): void => {
      window.clearInterval(timer);
      if (document.visibilityState === "visible") timer = window.setInterval(update, 1000);
    };
    const look = (): void => {
      go();
      update();
    };
    go();
    document.addEventListener("visibilitychange", look);
    return () => {
      window.clearInterval(timer);
      document.removeEventListener("visibilitychange", look);
    };
  });

  /** Milliseconds since 1970; reading it in an effect or a template keeps it current. */
  get ms(): number {
    this.#subscribe();
    return Date.now();
  }
}

export const now = new Now();
