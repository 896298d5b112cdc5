/** English, by area. */
import * as codes from "./codes";
import { frame } from "./frame";
import { pages } from "./pages";

export const en = { ...codes, ...frame, ...pages } as const;
