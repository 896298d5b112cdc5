//! What no version of Talos checks, and every cluster regrets: networks that overlap, machines too
//! small for their role, a Kubernetes that this Talos does not run.

use super::fault::{Fault, What};
use super::validate::kubernetes_minor;
use super::{Configuration, formats};
use crate::Contract;
use crate::yaml::Node;
use std::net::IpAddr;

/// What is around the machine that is to take a configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Surroundings {
    /// The networks that the machine is in, each as address and length of its prefix.
    pub networks: Vec<String>,
    /// Bytes of memory, where they are known.
    pub memory: Option<u64>,
}

const MIB: u64 = 1024 * 1024;

/// What a node itself calls too little: less memory than this, in bytes.
#[must_use]
pub fn least_memory(control_plane: bool) -> u64 {
    match control_plane {
        true => 1698 * MIB,
        false => 874 * MIB,
    }
}

/// A network somewhere in the configuration or around it.
struct Net {
    what: &'static str,
    text: String,
    range: (IpAddr, u8),
    path: &'static str,
    line: usize,
}

impl Configuration {
    /// What is accepted and regretted.
    #[must_use]
    pub fn concerns(&self, contract: Contract, around: &Surroundings) -> Vec<Fault> {
        let mut faults = self.overlaps(around);
        faults.extend(self.small(around));
        faults.extend(self.skew(contract));
        faults
    }

    fn overlaps(&self, around: &Surroundings) -> Vec<Fault> {
        let mut nets = self.subnets("podSubnets", "the pods");
        nets.extend(self.subnets("serviceSubnets", "the services"));
        nets.extend(around.networks.iter().filter_map(|text| {
            Some(Net {
                what: "the machine",
                text: text.clone(),
                range: formats::prefix(text).ok()?,
                path: "",
                line: 0,
            })
        }));
        let mut faults = Vec::new();
        for (index, one) in nets.iter().enumerate() {
            for other in &nets[index + 1..] {
                // Two networks of the pods side by side are for nodes to choose from; what they
                // have in common is no concern of anybody else.
                if one.what == other.what && one.what == "the machine" {
                    continue;
                }
                if overlap(one.range, other.range) {
                    let text = format!(
                        "{} of {} overlaps {} of {}",
                        one.text, one.what, other.text, other.what
                    );
                    let fault = Fault::new(one.path, one.line, text);
                    faults.push(fault.of(What::SubnetsOverlap));
                }
            }
        }
        faults
    }

    /// The networks of one kind, wherever the contract keeps them; with their usual values where
    /// the configuration speaks of a cluster and names none.
    fn subnets(&self, key: &'static str, what: &'static str) -> Vec<Net> {
        let main = self.main().map(|main| &main.node);
        let legacy = main.and_then(|main| main.at(&["cluster", "network", key]));
        let document = self.the("KubeNetworkConfig");
        let list = document.and_then(|one| one.node.get(key)).or(legacy);
        let path = match (document.is_some(), key) {
            (true, "podSubnets") => "podSubnets",
            (true, _) => "serviceSubnets",
            (false, "podSubnets") => "cluster.network.podSubnets",
            (false, _) => "cluster.network.serviceSubnets",
        };
        let items = list.map(Node::items).unwrap_or_default();
        let items = items.iter().filter_map(|item| {
            let text = item.as_text()?;
            Some(Net {
                what,
                text: text.to_owned(),
                range: formats::prefix(text).ok()?,
                path,
                line: item.line,
            })
        });
        items.collect()
    }

    fn small(&self, around: &Surroundings) -> Option<Fault> {
        let main = &self.main()?.node;
        let control_plane = matches!(main.text_at(&["machine", "type"]), "controlplane" | "init");
        let least = least_memory(control_plane);
        let memory = around.memory.filter(|memory| *memory < least)?;
        let text = format!(
            "{} MiB of memory: Talos needs {} MiB for this role",
            memory / MIB,
            least / MIB
        );
        Some(
            Fault::new("machine.type", line(main, &["machine", "type"]), text)
                .of(What::MemoryShort),
        )
    }

    /// Images of Kubernetes that this Talos refuses to run, and a kubelet newer than its servers,
    /// which Kubernetes does not support.
    fn skew(&self, contract: Contract) -> Vec<Fault> {
        let images = self.kubernetes_images();
        let (oldest, newest) = contract.kubernetes();
        let mut faults = Vec::new();
        for image in &images {
            if image.minor < oldest || image.minor > newest {
                let text = format!(
                    "Kubernetes 1.{} is not run by Talos {}: 1.{oldest} to 1.{newest} are",
                    image.minor,
                    contract.minor()
                );
                let fault = Fault::new(image.path, image.line, text);
                faults.push(in_document(fault, &image.document).of(What::VersionSkew));
            }
        }
        let kubelet = images.iter().find(|image| image.kubelet);
        let server = images.iter().find(|image| !image.kubelet);
        if let (Some(kubelet), Some(server)) = (kubelet, server)
            && kubelet.minor > server.minor
        {
            let text = format!(
                "a kubelet 1.{} is newer than the API server 1.{}",
                kubelet.minor, server.minor
            );
            let fault = Fault::new(kubelet.path, kubelet.line, text);
            faults.push(in_document(fault, &kubelet.document).of(What::VersionSkew));
        }
        faults
    }

    fn kubernetes_images(&self) -> Vec<Image> {
        let main = self.main().map(|main| &main.node);
        let legacy = [
            (true, "machine.kubelet.image"),
            (false, "cluster.apiServer.image"),
        ];
        let legacy = legacy.into_iter().filter_map(|(kubelet, path)| {
            let keys: Vec<&str> = path.split('.').collect();
            let node = main?.at(&keys)?;
            Image::of(node, kubelet, path, "")
        });
        let kinds = [(true, "KubeletConfig"), (false, "KubeAPIServerConfig")];
        let documents = kinds.into_iter().filter_map(|(kubelet, kind)| {
            let node = self.the(kind)?.node.get("image")?;
            Image::of(node, kubelet, "image", kind)
        });
        legacy.chain(documents).collect()
    }
}

struct Image {
    kubelet: bool,
    minor: u64,
    path: &'static str,
    document: String,
    line: usize,
}

impl Image {
    fn of(node: &Node, kubelet: bool, path: &'static str, document: &str) -> Option<Self> {
        Some(Self {
            kubelet,
            minor: kubernetes_minor(node.as_text()?)?,
            path,
            document: document.to_owned(),
            line: node.line,
        })
    }
}

fn in_document(mut fault: Fault, document: &str) -> Fault {
    document.clone_into(&mut fault.document);
    fault
}

fn line(main: &Node, path: &[&str]) -> usize {
    main.at(path).map_or(main.line, |node| node.line)
}

/// True when two networks have an address in common.
pub(super) fn overlap(a: (IpAddr, u8), b: (IpAddr, u8)) -> bool {
    let bits = |address: IpAddr| match address {
        IpAddr::V4(v4) => (u128::from(u32::from(v4)) << 96, 32_u8),
        IpAddr::V6(v6) => (u128::from(v6), 128),
    };
    let ((a_bits, a_width), (b_bits, b_width)) = (bits(a.0), bits(b.0));
    if a_width != b_width {
        return false;
    }
    let common = a.1.min(b.1);
    // A shift by the whole width is none at all.
    common == 0 || (a_bits ^ b_bits) >> (128 - u32::from(common)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Configuration {
        Configuration::read(text, Contract::V1_13).unwrap()
    }

    fn found(text: &str, around: &Surroundings) -> Vec<(What, usize)> {
        let concerns = config(text).concerns(Contract::V1_13, around);
        concerns.iter().map(|one| (one.what, one.line)).collect()
    }

    const NETS: &str = "cluster:\n  network:\n    podSubnets:\n      - 10.244.0.0/16\n    serviceSubnets:\n      - 10.96.0.0/12\n";

    #[test]
    fn networks_that_share_addresses_are_found() {
        let none = Surroundings::default();
        assert_eq!(found(NETS, &none), []);
        let services = NETS.replace("10.96.0.0/12", "10.244.128.0/20");
        assert_eq!(found(&services, &none), [(What::SubnetsOverlap, 4)]);
        let machine = Surroundings {
            networks: vec!["10.100.0.0/24".to_owned()],
            memory: None,
        };
        assert_eq!(found(NETS, &machine), [(What::SubnetsOverlap, 6)]);
    }

    #[test]
    fn an_overlap_is_one_of_addresses_of_one_family() {
        let pair =
            |a: &str, b: &str| overlap(formats::prefix(a).unwrap(), formats::prefix(b).unwrap());
        assert!(pair("10.0.0.0/8", "10.255.255.0/24"));
        assert!(pair("0.0.0.0/0", "192.168.0.0/16"));
        assert!(!pair("10.0.0.0/9", "10.128.0.0/9"));
        assert!(!pair("0.0.0.0/0", "::/0"));
        assert!(pair("fc00::/7", "fd00:1::/64"));
        assert!(!pair("fd00::/64", "fd00:0:0:1::/64"));
        assert!(pair("10.1.2.3/32", "10.1.2.3/32"));
    }

    #[test]
    fn a_machine_too_small_for_its_role_is_found() {
        let around = |mib: u64| Surroundings {
            memory: Some(mib * MIB),
            ..Surroundings::default()
        };
        let role = |name: &str| format!("machine:\n  type: {name}\n");
        assert_eq!(
            found(&role("controlplane"), &around(1024)),
            [(What::MemoryShort, 2)]
        );
        assert_eq!(found(&role("worker"), &around(1024)), []);
        assert_eq!(
            found(&role("worker"), &around(512)),
            [(What::MemoryShort, 2)]
        );
        assert_eq!(found(&role("controlplane"), &around(2048)), []);
    }

    #[test]
    fn a_kubernetes_that_does_not_fit_is_found() {
        let images = |kubelet: &str, server: &str| {
            format!(
                "machine:\n  kubelet:\n    image: ghcr.io/siderolabs/kubelet:v{kubelet}\ncluster:\n  apiServer:\n    image: registry.k8s.io/kube-apiserver:v{server}\n"
            )
        };
        let none = Surroundings::default();
        assert_eq!(found(&images("1.35.0", "1.35.2"), &none), []);
        assert_eq!(found(&images("1.34.0", "1.35.2"), &none), []);
        assert_eq!(
            found(&images("1.36.0", "1.35.2"), &none),
            [(What::VersionSkew, 3)]
        );
        assert_eq!(
            found(&images("1.30.0", "1.30.0"), &none),
            [(What::VersionSkew, 3), (What::VersionSkew, 6)]
        );
        let newest = "apiVersion: v1alpha1\nkind: KubeletConfig\nimage: kubelet:v1.31.0\n";
        let read = Configuration::read(newest, Contract::V1_14).unwrap();
        let concerns = read.concerns(Contract::V1_14, &none);
        assert_eq!(concerns[0].document, "KubeletConfig");
        assert_eq!(concerns[0].what, What::VersionSkew);
    }
}
