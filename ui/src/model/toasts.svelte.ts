/** Short notes that go away by themselves. Errors never live here alone. */
export type ToastStatus = "good" | "work" | "warn";

export interface ToastAction {
  label: string;
  run: () => unknown;
}

export interface ToastText {
  title: string;
  text?: string;
  status?: ToastStatus;
  /** At most one: undo, or a way to what the toast tells of. */
  action?: ToastAction;
  /** True where the action takes something back: the toast then shows how long it can. */
  undo?: boolean;
}

export interface Toast extends ToastText {
  id: number;
  /** Whole seconds until it goes. */
  left: number;
  held: boolean;
}

export const TOAST_SECONDS = 6;

export class Toasts {
  list = $state<Toast[]>([]);
  #next = 1;
  #timer: ReturnType<typeof setInterval> | undefined;

  show(text: ToastText): number {
    const id = this.#next++;
    this.list.push({ ...text, id, left: TOAST_SECONDS, held: false });
    this.#timer ??= setInterval(() => this.#second(), 1000);
    return id;
  }

  /** Stands still while the pointer or the focus is on it. */
  hold(id: number, held: boolean): void {
    const toast = this.list.find((item) => item.id === id);
    if (toast) toast.held = held;
  }

  dismiss(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
    if (this.list.length === 0) this.#stop();
  }

  #second(): void {
    for (const toast of this.list) if (!toast.held) toast.left -= 1;
    this.list = this.list.filter((toast) => toast.left > 0);
    if (this.list.length === 0) this.#stop();
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

export const toasts = new Toasts();
