/** English, by area. */
import { access } from "./access";
import { clusters } from "./clusters";
import * as codes from "./codes";
import { config } from "./config";
import { frame } from "./frame";
import { library } from "./library";
import { networks } from "./networks";
import { pages } from "./pages";
import { node } from "./node";
import * as problems from "./problems";
import { saving } from "./saving";
import { studio } from "./studio";
import { trash } from "./trash";

export const en = {
  ...codes,
  ...problems,
  ...frame,
  ...pages,
  access,
  clusters,
  config,
  library,
  networks,
  node,
  saving,
  studio,
  trash,
} as const;
