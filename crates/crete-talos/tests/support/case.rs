//! The form of the golden cases: the flags of `talosctl gen config` as YAML.

use crete_talos::config::{
    Cni, Configuration, MachineRole, Mirror, Options, Patch, RegistryTrust, generate,
};
use crete_talos::pki::{Bundle, Role};
use crete_talos::yaml::{self, Node};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

pub struct Case {
    pub folder: PathBuf,
    pub node: Node,
    pub options: Options,
}

fn texts(node: &Node, key: &str) -> Vec<String> {
    let items = node.get(key).map(Node::items).unwrap_or_default();
    items
        .iter()
        .filter_map(Node::as_text)
        .map(str::to_owned)
        .collect()
}

fn pairs(node: &Node, key: &str) -> Vec<(String, Node)> {
    let entries = node.get(key).map(Node::entries).unwrap_or_default();
    entries
        .iter()
        .map(|entry| (entry.key.clone(), entry.value.clone()))
        .collect()
}

impl Case {
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = file(path)?;
        let node = yaml::read_one(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        let node = node.ok_or("the case is empty")?;
        let contract = node
            .text_at(&["contract"])
            .parse()
            .map_err(|e| format!("{e}"))?;
        let mut options = Options::new(
            contract,
            node.text_at(&["clusterName"]),
            node.text_at(&["endpoint"]),
            node.text_at(&["kubernetesVersion"]).trim_start_matches('v'),
            node.text_at(&["installImage"]),
        );
        if let Some(disk) = node.get("installDisk") {
            options.install_disk = disk.as_text().filter(|d| !d.is_empty()).map(str::to_owned);
        }
        options.additional_sans = texts(&node, "additionalSANs");
        options.pod_subnets = texts(&node, "podSubnets");
        options.service_subnets = texts(&node, "serviceSubnets");
        options.install_extra_kernel_args = texts(&node, "installExtraKernelArgs");
        if let Some(domain) = node.get("dnsDomain").and_then(Node::as_text) {
            options.dns_domain = domain.to_owned();
        }
        let flag = |key: &str, default| node.bool_at(&[key]).unwrap_or(default);
        options.discovery = flag("clusterDiscovery", true);
        options.kube_span = flag("kubeSpan", false);
        options.persist = flag("persist", true);
        options.debug = flag("debug", false);
        options.allow_scheduling_on_control_planes = flag("allowSchedulingOnControlPlanes", false);
        if let Some(url) = node.get("customCNIURL").and_then(Node::as_text) {
            options.cni = Cni::Custom(vec![url.to_owned()]);
        }
        let port = |key: &str| {
            let number = node.get(key).and_then(Node::as_integer);
            number.map(|number| u16::try_from(number).unwrap_or_default())
        };
        options.local_api_server_port = port("localAPIServerPort");
        if let Some(port) = port("kubePrismPort") {
            options.kube_prism_port = (port != 0).then_some(port);
        }
        let text = |node: &Node| node.as_text().unwrap_or_default().to_owned();
        let sysctls = pairs(&node, "sysctls").into_iter();
        options.sysctls = sysctls.map(|(key, value)| (key, text(&value))).collect();
        let mirrors = pairs(&node, "registryMirrors").into_iter();
        options.registry_mirrors = mirrors
            .map(|(registry, urls)| Mirror {
                registry,
                endpoints: urls.items().iter().map(text).collect(),
            })
            .collect();
        let authorities = pairs(&node, "registryCAs").into_iter();
        let authorities = authorities.map(|(registry, ca)| RegistryTrust {
            registry,
            ca: text(&ca),
            insecure: false,
        });
        let insecure = texts(&node, "registryInsecure").into_iter();
        let insecure = insecure.map(|registry| RegistryTrust {
            registry,
            ca: String::new(),
            insecure: true,
        });
        options.registry_trust = authorities.chain(insecure).collect();
        Ok(Self {
            folder: path.parent().unwrap_or(Path::new(".")).to_owned(),
            node,
            options,
        })
    }

    /// The given bundle; nothing when a new one is to be made.
    pub fn secrets(&self) -> Result<Option<Bundle>, String> {
        let Some(path) = self.node.get("secrets").and_then(Node::as_text) else {
            return Ok(None);
        };
        let path = self.folder.join(path);
        let bundle = Bundle::parse(&file(&path)?);
        bundle
            .map(Some)
            .map_err(|error| format!("{}: {error}", path.display()))
    }

    pub fn time(&self) -> Result<Option<Timestamp>, String> {
        match self.node.get("time").and_then(Node::as_text) {
            None => Ok(None),
            Some(text) => text
                .parse()
                .map(Some)
                .map_err(|error| format!("{text}: {error}")),
        }
    }

    pub fn roles(&self) -> Result<BTreeSet<Role>, String> {
        let names = texts(&self.node, "roles");
        if names.is_empty() {
            return Ok(BTreeSet::from([Role::Admin]));
        }
        let roles = names
            .iter()
            .map(|name| Role::of(name).ok_or(format!("no role {name:?}")));
        roles.collect()
    }

    pub fn talosconfig_endpoints(&self) -> Vec<String> {
        texts(&self.node, "talosconfigEndpoints")
    }

    /// The configuration of a role with its patches applied, the common ones first.
    pub fn configuration(
        &self,
        bundle: &Bundle,
        role: MachineRole,
    ) -> Result<Configuration, String> {
        let mut configuration = generate(&self.options, bundle, role);
        let own = match role {
            MachineRole::ControlPlane => "patchesControlPlane",
            MachineRole::Worker => "patchesWorker",
        };
        let names = [texts(&self.node, "patches"), texts(&self.node, own)].concat();
        for (index, name) in names.iter().enumerate() {
            let path = self.folder.join(name);
            let patch = Patch::read(&file(&path)?, self.options.contract)
                .map_err(|error| format!("{}: {error}", path.display()))?;
            let origin = u32::try_from(index + 1).unwrap_or(u32::MAX);
            patch
                .apply(&mut configuration, origin)
                .map_err(|error| format!("{}: {error}", path.display()))?;
        }
        Ok(configuration)
    }
}

pub fn file(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}
