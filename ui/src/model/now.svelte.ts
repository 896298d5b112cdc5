/** The time, once a second, only while somebody looks. */
class Now {
  ms = $state(Date.now());

  constructor() {
    window.setInterval(() => {
      if (document.visibilityState === "visible") this.ms = Date.now();
    }, 1000);
  }
}

export const now = new Now();
