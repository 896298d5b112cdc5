/** Where the page is: a typed route in the address's fragment, so back and forward work. */
export type Route =
  | { page: "home" | "images" | "new-image" | "machines" | "host" | "activity" | "settings" }
  | { page: "job"; id: string }
  | { page: "machine"; id: string }
  | { page: "new-machine"; image: string };

export function parse(fragment: string): Route {
  const [path = "", query = ""] = fragment.replace(/^#?\/?/, "").split("?");
  const [first = "", second = ""] = path.split("/");
  const image = new URLSearchParams(query).get("image") ?? "";
  if (first === "images") return second === "new" ? { page: "new-image" } : { page: "images" };
  if (first === "machines" && second === "new") return { page: "new-machine", image };
  if (first === "machines") return second ? { page: "machine", id: second } : { page: "machines" };
  if (first === "activity") return second ? { page: "job", id: second } : { page: "activity" };
  if (first === "host" || first === "settings") return { page: first };
  return { page: "home" };
}

export function href(route: Route): string {
  switch (route.page) {
    case "home":
      return "#/";
    case "new-image":
      return "#/images/new";
    case "new-machine":
      return `#/machines/new?image=${encodeURIComponent(route.image)}`;
    case "machine":
      return `#/machines/${route.id}`;
    case "job":
      return `#/activity/${route.id}`;
    default:
      return `#/${route.page}`;
  }
}

class Router {
  route = $state<Route>(parse(window.location.hash));

  constructor() {
    window.addEventListener("hashchange", () => (this.route = parse(window.location.hash)));
  }

  go(route: Route): void {
    window.location.hash = href(route);
  }
}

export const router = new Router();
