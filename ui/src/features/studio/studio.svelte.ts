/** The draft in hand: it outlives the page, so nothing is lost by looking elsewhere. */
import { problemOf, reportFault, rpc, session, topics } from "../../model/session.svelte";
import { versions } from "../../model/versions.svelte";
import type {
  BootMedium,
  Composition,
  DraftId,
  ExtensionsAnswer,
  Problem,
  Remark,
  StudioDraft,
  Targets,
} from "../../platform/generated/api";
import { forLibrary, freshDraft, inLibrary, same } from "./draft";

/** People type on; nobody loses more than this. */
const LEAVE_MS = 400;

export const STEPS = ["basics", "extensions", "customization", "result"] as const;
export type Step = (typeof STEPS)[number];

class Studio {
  step = $state<Step>("basics");
  draft = $state.raw<StudioDraft>(freshDraft("amd64"));
  medium = $state<BootMedium>("disk_image");
  made = $state.raw<Composition>();
  targets = $state.raw<Targets>();
  extensions = $state.raw<ExtensionsAnswer>();
  extensionsProblem = $state.raw<Problem>();
  problem = $state.raw<Problem>();
  /** The kept draft that is open. */
  kept = $state<DraftId>();
  #begun = false;
  /** The answers as they were noted last; nothing until it is known how the studio was left. */
  #left: { draft: StudioDraft; kept: DraftId | undefined } | undefined;
  #leaving: ReturnType<typeof setTimeout> | undefined;

  get saved() {
    return this.kept ? topics.drafts.get(this.kept) : undefined;
  }

  get files() {
    return this.made?.outputs.filter(forLibrary) ?? [];
  }

  /** What the bronze button downloads. */
  get chosen() {
    const kind = this.medium === "iso" ? "iso" : "disk_image";
    return this.files.find((file) => file.kind === kind) ?? this.files[0];
  }

  get existing() {
    const { made, chosen } = this;
    if (!made || !chosen) return undefined;
    return inLibrary(topics.images.all(), made.schematic_id, this.draft.version, chosen);
  }

  begin(): void {
    if (!this.#begun) {
      this.startOver();
      void this.#takeUp();
    }
    this.#begun = true;
    void versions.load(false);
    rpc("studio.targets", {}).then(
      (targets) => (this.targets = targets),
      (error: unknown) => (this.problem = problemOf(error)),
    );
  }

  /** Takes up what was left before a restart, unless the person has begun anew meanwhile. */
  async #takeUp(): Promise<void> {
    const fresh = this.draft;
    try {
      const { draft, kept } = await rpc("studio.left", {});
      const untouched = same({ ...this.draft, version: null }, { ...fresh, version: null });
      if (draft && untouched) {
        this.draft = draft;
        this.kept = kept ?? undefined;
      }
    } catch {
      // It begins with a fresh draft then.
    }
    this.#left = { draft: this.draft, kept: this.kept };
  }

  /** Notes the answers a moment after the last change. */
  leave(): void {
    clearTimeout(this.#leaving);
    const now = { draft: this.draft, kept: this.kept };
    if (!this.#left || same(now, this.#left)) return;
    this.#leaving = setTimeout(() => {
      this.#left = now;
      const draft = this.untouched ? null : this.draft;
      rpc("studio.leave", { draft, kept: this.kept ?? null }).catch(reportFault);
    }, LEAVE_MS);
  }

  /** True while the answers are those of a fresh draft. */
  get untouched(): boolean {
    const newest = versions.answer?.groups.recommended ?? null;
    const fresh = freshDraft(session.info?.arch ?? "amd64");
    return same(this.draft, { ...fresh, version: newest });
  }

  startOver(): void {
    this.draft = freshDraft(session.info?.arch ?? "amd64");
    this.kept = undefined;
    this.step = "basics";
  }

  set(change: Partial<StudioDraft>): void {
    this.draft = { ...this.draft, ...change };
  }

  remarksOn(...fields: string[]): Remark[] {
    return this.made?.remarks.filter(({ field }) => fields.includes(field)) ?? [];
  }

  async compose(wanted: StudioDraft): Promise<void> {
    try {
      const made = await rpc("studio.compose", wanted);
      if (wanted === this.draft) this.made = made;
    } catch (error) {
      this.problem = problemOf(error);
    }
  }

  /** The list of a version; the remarks are made again with it. */
  async loadExtensions(version: string, refresh: boolean): Promise<void> {
    this.extensionsProblem = undefined;
    try {
      const answer = await rpc("studio.extensions", { version, refresh });
      if (version !== this.draft.version) return;
      this.extensions = answer;
      await this.compose(this.draft);
    } catch (error) {
      if (version !== this.draft.version) return;
      this.extensions = undefined;
      this.extensionsProblem = problemOf(error);
    }
  }

  async open(text: string): Promise<void> {
    const { draft } = await rpc("studio.open", { text });
    const { version, arch } = this.draft;
    this.draft = {
      ...draft,
      target: draft.target ?? "metal",
      version: draft.version ?? version,
      arch: draft.arch ?? arch,
    };
    this.kept = undefined;
  }
}

export const studio = new Studio();
