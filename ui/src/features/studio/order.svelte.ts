/** Downloads of the studio. */
import { en, fill, problemCause } from "../../messages";
import { router } from "../../model/router.svelte";
import { problemOf, rpc } from "../../model/session.svelte";
import type { Problem } from "../../platform/generated/api";
import { studio } from "./studio.svelte";

class Order {
  busy = $state(false);
  problem = $state.raw<{ problem: Problem; title: string }>();

  async fetch(asset: string): Promise<void> {
    this.busy = true;
    this.problem = undefined;
    try {
      await rpc("image.fetch", { draft: studio.draft, asset });
      router.go({ page: "images" });
    } catch (error) {
      const problem = problemOf(error);
      const title = fill(en.newImage.notDownloaded, { cause: problemCause(problem) });
      this.problem = { problem, title };
    }
    this.busy = false;
  }
}

export const order = new Order();
