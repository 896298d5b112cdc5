/** Which transport the page has. Both are there from the start: each is small, and a page waits. */
import type { Platform } from ".";
import { tauri } from "./tauri";
import { web } from "./web";

/** The window's own transport in the window, the dev host's everywhere else. */
export const choosePlatform = (): Platform => ("__TAURI_INTERNALS__" in window ? tauri() : web());
