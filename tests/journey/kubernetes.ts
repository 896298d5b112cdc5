/** What this computer sees of a cluster, with nothing but the key file that the program made. */
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import type { Home } from "./home";
import { program, programs } from "./places";

export interface KubeNode {
  name: string;
  ready: boolean;
  control_plane: boolean;
}

/** The key file that the program made for the one cluster there is. */
export function kubeconfig(person: Home): string {
  const folder = person.path("data", "crete-practice", "clusters");
  const [id, ...more] = readdirSync(folder, { withFileTypes: true }).filter((one) =>
    one.isDirectory(),
  );
  if (!id || more.length > 0) throw new Error(`clusters: ${readdirSync(folder).join(", ")}`);
  return `${folder}/${id.name}/kubeconfig`;
}

/** The nodes of a cluster, asked from this computer with nothing but its key file. */
export function nodes(person: Home): KubeNode[] {
  const file = kubeconfig(person);
  const said = execFileSync(program("examples/nodes"), [file], {
    encoding: "utf8",
    timeout: 60_000,
  });
  const { nodes } = JSON.parse(said) as { nodes: KubeNode[] };
  const [kubectl] = programs("kubectl");
  if (kubectl) {
    const env = { PATH: process.env.PATH, KUBECONFIG: file, HOME: person.path("home") };
    const args = ["get", "nodes", "--no-headers", "--output", "custom-columns=:metadata.name"];
    const named = execFileSync(kubectl, args, { env, encoding: "utf8", timeout: 60_000 });
    const names = nodes.map(({ name }) => name);
    if (named.trim().split("\n").sort().join() !== names.join())
      throw new Error(`kubectl sees ${named}, kube-rs ${names.join()}`);
  }
  return nodes;
}
