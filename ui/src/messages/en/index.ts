/** English, by area. */
import * as codes from "./codes";
import { frame } from "./frame";
import { pages } from "./pages";
import * as problems from "./problems";

export const en = { ...codes, ...problems, ...frame, ...pages } as const;
