import { expect, it } from "vitest";
import { masked } from "./config.svelte";

it("a secret's key stays and its value goes, over all of its lines", () => {
  const text =
    "machine:\n  token: abc\n  key: |\n    one\n\n    two\nlist:\n  - content: x\n    A=b";
  expect(masked(text, [2, 3, 4, 5, 6, 8, 9], "••")).toBe(
    "machine:\n  token: ••\n  key: ••\n    ••\n\n    ••\nlist:\n  - content: ••\n    ••",
  );
  expect(masked(text, [], "••")).toBe(text);
});
