//! The form of the golden cases: the flags of `talosctl gen config` as YAML.

use crete_talos::Contract;
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

/// The options of a case.
const KNOWN: &[&str] = &[
    "additionalSANs",
    "allowSchedulingOnControlPlanes",
    "clusterDiscovery",
    "clusterName",
    "contract",
    "customCNIURL",
    "debug",
    "dnsDomain",
    "endpoint",
    "installDisk",
    "installExtraKernelArgs",
    "installImage",
    "kubePrismPort",
    "kubeSpan",
    "kubernetesVersion",
    "localAPIServerPort",
    "patches",
    "patchesControlPlane",
    "patchesWorker",
    "persist",
    "podSubnets",
    "registryCAs",
    "registryInsecure",
    "registryMirrors",
    "roles",
    "secrets",
    "serviceSubnets",
    "sysctls",
    "talosconfigEndpoints",
    "time",
];

/// What `talosctl gen config` takes for Kubernetes and the installer when nothing is said.
fn defaults(contract: Contract) -> (&'static str, String) {
    let (talos, kubernetes) = match contract {
        Contract::V1_10 => ("1.10.6", "1.33.3"),
        Contract::V1_11 => ("1.11.6", "1.34.1"),
        Contract::V1_12 => ("1.12.7", "1.35.4"),
        Contract::V1_13 => ("1.13.9", "1.36.3"),
        Contract::V1_14 => ("1.14.1", "1.37.0"),
    };
    let image = match contract >= Contract::V1_14 {
        true => {
            "factory.talos.dev/metal-installer/376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba"
        }
        false => "ghcr.io/siderolabs/installer",
    };
    (kubernetes, format!("{image}:v{talos}"))
}

/// How registries are trusted, each once.
fn trust(node: &Node) -> Vec<RegistryTrust> {
    let mut all: Vec<RegistryTrust> = pairs(node, "registryCAs")
        .into_iter()
        .map(|(registry, ca)| RegistryTrust {
            registry,
            ca: ca.as_text().unwrap_or_default().to_owned(),
            insecure: false,
        })
        .collect();
    for registry in texts(node, "registryInsecure") {
        match all.iter_mut().find(|one| one.registry == registry) {
            Some(one) => one.insecure = true,
            None => all.push(RegistryTrust {
                registry,
                ca: String::new(),
                insecure: true,
            }),
        }
    }
    all
}

fn known_only(node: &Node) -> Result<(), String> {
    let known = |key: &str| KNOWN.contains(&key);
    match node.entries().iter().find(|entry| !known(&entry.key)) {
        Some(entry) => Err(format!(
            "line {}: there is no option {:?}",
            entry.line, entry.key
        )),
        None => Ok(()),
    }
}

impl Case {
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = file(path)?;
        let node = yaml::read_one(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        let node = node.ok_or("the case is empty")?;
        let told = |what: String| format!("{}: {what}", path.display());
        known_only(&node).map_err(told)?;
        let needed = |key: &str| match node.text_at(&[key]) {
            "" => Err(told(format!("{key} is missing"))),
            text => Ok(text),
        };
        let contract: Contract = needed("contract")?
            .parse()
            .map_err(|error| told(format!("{error}")))?;
        let (kubernetes, image) = defaults(contract);
        let or = |key: &str, default: &str| match node.text_at(&[key]) {
            "" => default.to_owned(),
            text => text.to_owned(),
        };
        let mut options = Options::new(
            contract,
            needed("clusterName")?,
            needed("endpoint")?,
            or("kubernetesVersion", kubernetes).trim_start_matches('v'),
            or("installImage", &image),
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
            let Some(value) = node.get(key) else {
                return Ok(None);
            };
            let number = value
                .as_integer()
                .and_then(|number| u16::try_from(number).ok());
            number
                .map(Some)
                .ok_or_else(|| told(format!("{key} is no port")))
        };
        options.local_api_server_port = port("localAPIServerPort")?;
        if let Some(port) = port("kubePrismPort")? {
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
        options.registry_trust = trust(&node);
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
