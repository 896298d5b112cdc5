/** English, by area. */
import { clusters } from "./clusters";
import * as codes from "./codes";
import { frame } from "./frame";
import { library } from "./library";
import { networks } from "./networks";
import { pages } from "./pages";
import * as problems from "./problems";
import { saving } from "./saving";
import { studio } from "./studio";
import { trash } from "./trash";

export const en = {
  ...codes,
  ...problems,
  ...frame,
  ...pages,
  clusters,
  library,
  networks,
  saving,
  studio,
  trash,
} as const;
