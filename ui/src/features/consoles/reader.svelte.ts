/** What a console shows of a stream: following its end, counting what is new, finding words. */
import { Feed, type FeedOptions, type Sink } from "./feed";

/** What the reader needs of a terminal. */
export interface Screen extends Sink {
  readonly atEnd: boolean;
  readonly kept: number;
  toEnd(): void;
  find(text: string, back: boolean): void;
  lines(most?: number): string[];
  clear(): void;
}

export class Reader {
  /** The view stays at the end as lines come. */
  follow = $state(true);
  /** Lines that came since the person scrolled up. */
  fresh = $state(0);
  /** Lines that can be scrolled to. */
  kept = $state(0);
  /** Nothing was printed yet. */
  empty = $state(true);
  query = $state("");
  hits = $state.raw<{ at: number; n: number }>();
  #screen: Screen | undefined;
  #feed: Feed | undefined;

  open(screen: Screen, options: FeedOptions): void {
    this.#screen = screen;
    this.#feed = new Feed(screen, options);
  }

  /** Takes a chunk in; settles when it was drawn. */
  async chunk(offset: number, bytes: Uint8Array): Promise<void> {
    const { follow } = this;
    await this.#feed?.chunk(offset, bytes);
    this.empty = false;
    this.kept = this.#screen?.kept ?? 0;
    if (follow) this.#feed?.countFromHere();
    else this.fresh = this.#feed?.lines ?? 0;
  }

  /** The view moved, by lines that came or by the person. */
  scrolled(): void {
    this.follow = this.#screen?.atEnd ?? true;
    if (!this.follow) return;
    this.fresh = 0;
    this.#feed?.countFromHere();
  }

  toEnd(): void {
    this.#screen?.toEnd();
    this.scrolled();
  }

  find(back: boolean): void {
    this.#screen?.find(this.query, back);
    if (!this.query) this.hits = undefined;
  }

  found(at: number, n: number): void {
    this.hits = { at, n };
  }

  lines(most?: number): string[] {
    return this.#screen?.lines(most) ?? [];
  }

  clear(): void {
    this.#screen?.clear();
    this.kept = this.#screen?.kept ?? 0;
  }
}
