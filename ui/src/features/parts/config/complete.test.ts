// @vitest-environment node
/// <reference types="node" />
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { ConfigKeys, ConfigShape } from "../../../platform/generated/api";
import { keyLines } from "../../../messages/en/keys";
import { meant, shapeAt, suggestions } from "./complete";
import { keyName, keyWords } from "./words";

/** The keys by minor version, as the program gives them. */
const known = JSON.parse(readFileSync("src/platform/generated/keys.json", "utf8")) as Record<
  string,
  ConfigKeys
>;

function keysOf(minor: string): ConfigKeys {
  const keys = known[minor];
  if (!keys) throw new Error(`no keys of ${minor}`);
  return keys;
}

const keys = keysOf("1.13");

function offered(marked: string): string[] {
  const at = marked.indexOf("|");
  const text = marked.slice(0, at) + marked.slice(at + 1);
  return suggestions(keys, keyWords, text, at)?.options.map(({ label }) => label) ?? [];
}

describe("what is suggested", () => {
  it("is what the version has at the place, without what stands there", () => {
    const machine = offered("machine:\n  type: worker\n  |");
    expect(machine).toContain("install");
    expect(machine).not.toContain("type");
    expect(machine).not.toContain("clusterName");
    expect(offered("kind: HostnameConfig\napiVersion: v1alpha1\n|")).toEqual(["auto", "hostname"]);
  });

  it("opens what has more below it", () => {
    const at = "machine:\n  ".length;
    const all = suggestions(keys, keyWords, "machine:\n  ", at)?.options ?? [];
    const apply = (label: string) => all.find((one) => one.label === label)?.apply;
    expect(apply("install")).toBe("install:\n    ");
    expect(apply("certSANs")).toBe("certSANs:\n    - ");
    expect(apply("type")).toBe("type: ");
    expect(all.find(({ label }) => label === "install")?.detail).toBe(keyLines["machine.install"]);
  });

  it("is a value where the words of it are known", () => {
    expect(offered("machine:\n  type: |")).toEqual(["controlplane", "worker"]);
    expect(offered("machine:\n  install:\n    wipe: |")).toEqual(["true", "false"]);
    expect(offered("kind: |")).toContain("UserVolumeConfig");
    expect(offered("machine:\n  install:\n    disk: |")).toEqual([]);
  });

  it("is a whole document where one begins", () => {
    expect(offered("|")).toContain("HostnameConfig");
    expect(offered("machine:\n  type: worker\n---\n|")).toContain("HostnameConfig");
    expect(offered("machine:\n  type: worker\n|")).toEqual(
      expect.not.arrayContaining(["HostnameConfig"]),
    );
  });

  it("is nothing where anything may stand, and none where the way leads nowhere", () => {
    expect(offered("cluster:\n  apiServer:\n    auditPolicy:\n      |")).toEqual([]);
    expect(offered("nonsense:\n  |")).toEqual([]);
    expect(shapeAt(keys, "NoSuchKind", ["a"])).toBeUndefined();
  });
});

it("finds the key that was meant", () => {
  expect(meant(keysOf("1.10"), "", "machine.network.hostnme")).toBe("hostname");
  expect(meant(keys, "", "machine.install.Disk")).toBe("disk");
  expect(meant(keys, "", "machine.network.interfaces[0].dhpc")).toBe("dhcp");
  expect(meant(keys, "", "machine.install.wiep")).toBe("wipe");
  expect(meant(keys, "HostnameConfig", "hostnam")).toBe("hostname");
  expect(meant(keys, "", "machine.nonsense")).toBeUndefined();
});

describe("the own words", () => {
  const versions = ["1.10", "1.11", "1.12", "1.13", "1.14"].map(keysOf);
  const steps = (name: string): [kind: string, path: string[]] => {
    const [first = "", ...rest] = name.split(".");
    return /^[A-Z]/.test(first) ? [first, rest] : ["", [first, ...rest]];
  };
  /** True where a way exists, lists and maps stepped through. */
  const exists = (known: ConfigKeys, kind: string, path: readonly string[]): boolean => {
    let here: ConfigShape | undefined = shapeAt(known, kind, []);
    for (const step of path) {
      while (here?.kind === "list") here = here.of;
      here = here?.kind === "record" ? known.records[here.name]?.[step] : undefined;
    }
    return here !== undefined;
  };

  it("are for keys that some version has", () => {
    /** Read by every version, published by none. */
    const unpublished = ["persist"];
    const invented = Object.keys(keyLines)
      .filter((name) => !unpublished.includes(name))
      .filter((name) => !versions.some((known) => exists(known, ...steps(name))));
    expect(invented).toEqual([]);
  });

  it("are there for all that a new configuration has, and for what a lab needs", () => {
    // The keys of the tables of what is generated and of the settings most useful in a lab.
    const wanted = `version debug persist machine.type machine.token machine.ca machine.certSANs
      machine.kubelet.image machine.kubelet.defaultRuntimeSeccompProfileEnabled
      machine.kubelet.disableManifestsDirectory machine.network machine.network.kubespan
      machine.install.disk machine.install.diskSelector machine.install.image machine.install.wipe
      machine.install.grubUseUKICmdline machine.install.extraKernelArgs machine.registries
      machine.features.diskQuotaSupport machine.features.kubePrism.enabled
      machine.features.kubePrism.port machine.features.hostDNS.enabled
      machine.features.hostDNS.forwardKubeDNSToHost machine.nodeLabels machine.nodeTaints
      machine.nodeAnnotations machine.sysctls machine.time.disabled machine.time.servers
      machine.network.nameservers machine.network.interfaces.vip machine.logging.destinations
      machine.kubelet.nodeIP.validSubnets cluster.id cluster.secret cluster.controlPlane.endpoint
      cluster.clusterName cluster.network.dnsDomain cluster.network.podSubnets
      cluster.network.serviceSubnets cluster.network.cni.name cluster.network.cni.urls cluster.token
      cluster.secretboxEncryptionSecret cluster.ca cluster.aggregatorCA cluster.serviceAccount.key
      cluster.apiServer.image cluster.apiServer.certSANs cluster.apiServer.disablePodSecurityPolicy
      cluster.apiServer.admissionControl cluster.apiServer.auditPolicy
      cluster.controllerManager.image cluster.proxy.image cluster.proxy.disabled
      cluster.scheduler.image cluster.discovery.enabled cluster.discovery.registries.service
      cluster.etcd.ca cluster.etcd.advertisedSubnets cluster.extraManifests
      cluster.inlineManifests cluster.allowSchedulingOnControlPlanes HostnameConfig.auto
      HostnameConfig.hostname LinkAliasConfig LinkConfig.addresses LinkConfig.routes DHCPv4Config
      Layer2VIPConfig.name Layer2VIPConfig.link ResolverConfig.nameservers TimeSyncConfig.enabled
      TimeSyncConfig.ntp RegistryMirrorConfig.endpoints VolumeConfig.encryption UserVolumeConfig
      KmsgLogConfig.url TrustedRootsConfig.certificates WatchdogTimerConfig.device`;
    const missing = wanted.split(/\s+/).filter((name) => !keyWords(...steps(name)));
    expect(missing).toEqual([]);
  });

  it("are found from where the cursor is", () => {
    expect(keyName("", ["machine", "certSANs", "[]"])).toBe("machine.certSANs");
    expect(keyWords("HostnameConfig", ["auto"])).toBe(keyLines["HostnameConfig.auto"]);
    expect(keyWords("", ["machine", "acceptedCAs"])).toBe("");
  });
});
