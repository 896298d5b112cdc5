/** Short notes that go away by themselves. Errors never live here alone. */
export interface Toast {
  id: number;
  text: string;
  undo?: () => Promise<void>;
}

const LASTS = 6000;

class Toasts {
  list = $state<Toast[]>([]);
  #next = 1;
  #timers = new Map<number, number>();

  show(text: string, undo?: () => Promise<void>): void {
    const id = this.#next++;
    this.list.push({ id, text, ...(undo ? { undo } : {}) });
    this.resume(id);
  }

  /** Stands still while the pointer or the focus is on it. */
  pause(id: number): void {
    window.clearTimeout(this.#timers.get(id));
  }

  resume(id: number): void {
    this.#timers.set(
      id,
      window.setTimeout(() => this.dismiss(id), LASTS),
    );
  }

  dismiss(id: number): void {
    this.pause(id);
    this.list = this.list.filter((toast) => toast.id !== id);
  }
}

export const toasts = new Toasts();
