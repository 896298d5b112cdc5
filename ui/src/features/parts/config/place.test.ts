// @vitest-environment node
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { placeAt, written } from "./place";

/** Where the hat stands in a text. */
function at(marked: string) {
  const offset = marked.indexOf("^");
  const place = placeAt(marked.slice(0, offset) + marked.slice(offset + 1), offset);
  return { ...place, way: place.path.join(".") };
}

describe("where the cursor is", () => {
  it.each([
    ["machine:\n  ty^", "machine", "key", "ty"],
    ["machine:\n  type: work^", "machine", "value", "work"],
    ["machine:\n  install:\n    disk: /dev/vda\n  ^", "machine", "key", ""],
    ["machine:\n  install:\n    ^", "machine.install", "key", ""],
    ["machine:\n\n  # a word\n  install:\n    wipe: t^", "machine.install", "value", "t"],
    ["^", "", "key", ""],
    ["machine:\n  type: worker\ncl^", "", "key", "cl"],
    ["machine:\n  certSANs:\n    - 127^", "machine.certSANs.[]", "key", "127"],
    [
      "machine:\n  network:\n    interfaces:\n      - interface: eth0\n        d^",
      "machine.network.interfaces.[]",
      "key",
      "d",
    ],
    [
      "machine:\n  network:\n    interfaces:\n    - interface: eth0\n    - de^",
      "machine.network.interfaces.[]",
      "key",
      "de",
    ],
    [
      "machine:\n  network:\n    interfaces:\n    - interface: eth0\n      vlans:\n      - vlanId: 3\n        m^",
      "machine.network.interfaces.[].vlans.[]",
      "key",
      "m",
    ],
    ["- op: replace\n  pa^", "[]", "key", "pa"],
  ])("%j is in %s", (text, way, on, typed) => {
    expect(at(text)).toMatchObject({ way, on, typed });
  });

  it("knows the document's kind, also when it stands below", () => {
    const text = "machine:\n  type: worker\n---\nau^\nkind: HostnameConfig\napiVersion: v1alpha1\n";
    expect(at(text)).toMatchObject({ kind: "HostnameConfig", way: "", typed: "au" });
    expect(at("kind: A\n---\nmachine:\n  ^")).toMatchObject({ kind: "", way: "machine" });
  });

  it("names the key whose value it is, and what stands beside it", () => {
    expect(at("machine:\n  token: a\n  type: w^\n  ca:\n    crt: b\n")).toMatchObject({
      key: "type",
      siblings: ["token", "type", "ca"].filter((key) => key !== "type"),
    });
    const list = "a:\n  - name: x\n    ^\n    url: y\n  - name: z\n";
    expect([...at(list).siblings].sort()).toEqual(["name", "url"]);
  });

  it("keeps out of comments, texts of several lines and flow collections", () => {
    expect(at("machine: # ty^").on).toBe("none");
    expect(at("# ma^").on).toBe("none");
    expect(at("a:\n  text: |-\n    ^").on).toBe("none");
    expect(
      at("cluster:\n  inlineManifests:\n    - name: x\n      contents: >\n        kind: Po^").on,
    ).toBe("none");
    expect(at("machine: {ty^").on).toBe("none");
    expect(at("kind^:").on).toBe("key");
  });

  it("tells a document that says nothing yet", () => {
    expect(at("^").empty).toBe(true);
    expect(at("a: 1\n---\n^").empty).toBe(true);
    expect(at("a: 1\n^").empty).toBe(false);
  });

  it("stands any text, and says where in it", () => {
    const lines = fc.array(
      fc.constantFrom(
        "machine:",
        "  - a: b",
        "    - - c",
        "  k: |",
        "---",
        "# x",
        "  {",
        "\t- y",
        "kind: Z",
        "-",
        "- ",
        "a: 'b",
      ),
    );
    fc.assert(
      fc.property(lines, fc.nat(), (parts, seed) => {
        const text = parts.join("\n");
        const offset = text.length === 0 ? 0 : seed % (text.length + 1);
        const place = placeAt(text, offset);
        expect(place.from).toBeLessThanOrEqual(offset);
        expect(text.slice(place.from, offset)).toBe(place.typed);
      }),
    );
  });
});

it("writes a way without the elements of lists", () => {
  expect(written(["machine", "disks", "[]", "device"])).toBe("machine.disks.device");
});
