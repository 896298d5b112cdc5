//! What a configuration of any contract says, as far as a practice node lives by it.

use crete_model::TalosVersion;
use crete_talos::Contract;
use crete_talos::config::{Configuration, Faults};
use crete_talos::yaml::Node;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// What the machine is in its cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    ControlPlane,
    Worker,
}

/// Certificate and key of an authority, PEM; the key is empty where the node has none.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AuthorityParts {
    pub certificate: String,
    pub key: String,
}

impl std::fmt::Debug for AuthorityParts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AuthorityParts")
    }
}

/// What is read out of a configuration.
#[derive(Clone)]
pub(crate) struct Settings {
    /// The configuration itself.
    pub text: String,
    pub role: Role,
    pub cluster_id: String,
    pub cluster_name: String,
    /// The Kubernetes API as the nodes reach it.
    pub endpoint: String,
    /// With which workers ask for their certificate.
    pub token: String,
    /// The disk to install on, such as `/dev/vda`, and where nothing says so, nothing.
    pub install_disk: Option<String>,
    pub install_image: String,
    pub kubelet_image: String,
    /// True unless flannel is to be left out.
    pub flannel: bool,
    pub kube_proxy: bool,
    pub core_dns: bool,
    /// The configured host name.
    pub hostname: Option<String>,
    pub time_disabled: bool,
    pub time_servers: Vec<String>,
    pub cert_sans: Vec<String>,
    pub api_server_sans: Vec<String>,
    pub api_server_port: u16,
    pub discovery: bool,
    /// Addresses that control planes share.
    pub virtual_addresses: Vec<IpAddr>,
    pub talos_ca: AuthorityParts,
    pub kubernetes_ca: AuthorityParts,
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Settings({:?} of {})", self.role, self.cluster_name)
    }
}

impl Settings {
    /// Reads a configuration that was accepted before.
    ///
    /// # Errors
    /// When this version of Talos cannot read it.
    pub fn read(text: &str, contract: Contract) -> Result<Self, Faults> {
        let configuration = Configuration::read(text, contract)?;
        Ok(Self::of(&configuration, text))
    }

    pub fn of(configuration: &Configuration, text: &str) -> Self {
        let look = Look { configuration };
        let role = match look.main(&["machine", "type"]).as_str() {
            "controlplane" | "init" => Role::ControlPlane,
            _ => Role::Worker,
        };
        let [flannel, kube_proxy, core_dns] = look.add_ons(role);
        let cluster = |main: &[&str], key: &str| look.either(main, "KubeClusterConfig", &[key]);
        let port = look.either(
            &["cluster", "controlPlane", "localAPIServerPort"],
            "KubeAPIServerConfig",
            &["apiPort"],
        );
        Self {
            text: text.to_owned(),
            role,
            cluster_id: look.either(
                &["cluster", "id"],
                "DiscoveryIdentityConfig",
                &["clusterID"],
            ),
            cluster_name: cluster(&["cluster", "clusterName"], "clusterName"),
            endpoint: cluster(&["cluster", "controlPlane", "endpoint"], "endpoint"),
            token: look.main(&["machine", "token"]),
            install_disk: look.install_disk(),
            install_image: look.either(
                &["machine", "install", "image"],
                "UnattendedInstallConfig",
                &["installer", "image"],
            ),
            kubelet_image: look.either(
                &["machine", "kubelet", "image"],
                "KubeletConfig",
                &["image"],
            ),
            flannel,
            kube_proxy,
            core_dns,
            hostname: look.hostname(),
            time_disabled: look.flag(&["machine", "time", "disabled"]) == Some(true),
            time_servers: look.texts(
                &["machine", "time", "servers"],
                "TimeSyncConfig",
                &["ntp", "servers"],
            ),
            cert_sans: look.texts(&["machine", "certSANs"], "", &[]),
            api_server_sans: look.texts(
                &["cluster", "apiServer", "certSANs"],
                "KubeAPIServerConfig",
                &["certExtraSANs"],
            ),
            api_server_port: port.parse().unwrap_or(6443),
            discovery: look.has("DiscoveryServiceConfig")
                || look.flag(&["cluster", "discovery", "enabled"]) == Some(true),
            virtual_addresses: match role {
                Role::ControlPlane => look.virtual_addresses(),
                Role::Worker => Vec::new(),
            },
            talos_ca: look.authority(&["machine", "ca"], ""),
            kubernetes_ca: look.authority(&["cluster", "ca"], "KubeAPIServerCAConfig"),
        }
    }

    pub fn is_control_plane(&self) -> bool {
        self.role == Role::ControlPlane
    }

    /// The version of Kubernetes, with `v`, as the kubelet's image names it.
    pub fn kubernetes_version(&self) -> String {
        let image = self.kubelet_image.split('@').next().unwrap_or_default();
        let tag = image.rsplit_once(':').map(|(_, tag)| tag);
        tag.filter(|tag| tag.starts_with('v'))
            .unwrap_or("v1.35.0")
            .to_owned()
    }

    /// The host of the endpoint.
    pub fn endpoint_host(&self) -> String {
        let rest = self
            .endpoint
            .split_once("://")
            .map_or(self.endpoint.as_str(), |(_, rest)| rest);
        let authority = rest.split('/').next().unwrap_or_default();
        match authority.strip_prefix('[') {
            Some(v6) => v6.split(']').next().unwrap_or_default().to_owned(),
            None => authority
                .rsplit_once(':')
                .map_or(authority, |(host, _)| host)
                .to_owned(),
        }
    }
}

/// The version in the tag of an installer image.
pub(crate) fn installer_version(image: &str) -> Option<TalosVersion> {
    let image = image.split('@').next()?;
    image.rsplit_once(':')?.1.parse().ok()
}

/// Looks a value up in the main document or in the document that took it over.
struct Look<'a> {
    configuration: &'a Configuration,
}

impl Look<'_> {
    fn main_at(&self, path: &[&str]) -> Option<&Node> {
        self.configuration.main()?.node.at(path)
    }

    fn main(&self, path: &[&str]) -> String {
        let found = self.main_at(path).and_then(Node::as_text);
        found.unwrap_or_default().to_owned()
    }

    fn has(&self, kind: &str) -> bool {
        self.configuration.the(kind).is_some()
    }

    /// Whether flannel, kube-proxy and the cluster's DNS are to run. From 1.14 on each has a document
    /// of its own, on control planes.
    fn add_ons(&self, role: Role) -> [bool; 3] {
        if self.has("KubeNetworkConfig") {
            let kinds = [
                "KubeFlannelCNIConfig",
                "KubeProxyConfig",
                "KubeCoreDNSConfig",
            ];
            return kinds.map(|kind| self.has(kind) || role == Role::Worker);
        }
        let cni = self.main(&["cluster", "network", "cni", "name"]);
        let on = |path: &[&str]| self.flag(path) != Some(true);
        [
            cni.is_empty() || cni == "flannel",
            on(&["cluster", "proxy", "disabled"]),
            on(&["cluster", "coreDNS", "disabled"]),
        ]
    }

    /// Those of documents of their own, and those of the main document's interfaces.
    fn virtual_addresses(&self) -> Vec<IpAddr> {
        let documents = self.configuration.of_kind("Layer2VIPConfig");
        let named = documents.map(|document| document.node.text_at(&["name"]));
        let interfaces = self.main_at(&["machine", "network", "interfaces"]);
        let interfaces = interfaces.map(Node::items).unwrap_or_default();
        let old = interfaces.iter().map(|one| one.text_at(&["vip", "ip"]));
        named
            .chain(old)
            .filter_map(|text| text.parse().ok())
            .collect()
    }

    fn hostname(&self) -> Option<String> {
        let main = ["machine", "network", "hostname"];
        let name = self.either(&main, "HostnameConfig", &["hostname"]);
        (!name.is_empty()).then_some(name)
    }

    fn flag(&self, path: &[&str]) -> Option<bool> {
        self.main_at(path).and_then(Node::as_bool)
    }

    fn at(&self, main: &[&str], kind: &str, path: &[&str]) -> Option<&Node> {
        let document = || self.configuration.the(kind)?.node.at(path);
        self.main_at(main).or_else(document)
    }

    fn either(&self, main: &[&str], kind: &str, path: &[&str]) -> String {
        let found = self.at(main, kind, path).and_then(Node::as_text);
        found.unwrap_or_default().to_owned()
    }

    fn texts(&self, main: &[&str], kind: &str, path: &[&str]) -> Vec<String> {
        let items = self
            .at(main, kind, path)
            .map(Node::items)
            .unwrap_or_default();
        items
            .iter()
            .filter_map(Node::as_text)
            .map(str::to_owned)
            .collect()
    }

    /// The disk by its name, or the one that an expression compares the name with.
    fn install_disk(&self) -> Option<String> {
        let named = self.main(&["machine", "install", "disk"]);
        if !named.is_empty() {
            return Some(named);
        }
        let expression = self.either(
            &["machine", "install", "diskSelector", "match"],
            "UnattendedInstallConfig",
            &["provisioning", "diskSelector", "match"],
        );
        let name = expression.split('"').find(|part| part.starts_with("/dev/"));
        name.map(str::to_owned)
    }

    /// An authority as the main document holds it, or as its own document does, in plain PEM.
    fn authority(&self, main: &[&str], kind: &str) -> AuthorityParts {
        let decoded = |key: &str| {
            let text = self.main_at(main)?.text_at(&[key]);
            pem_of(text)
        };
        let document = self.configuration.the(kind).map(|document| &document.node);
        let plain = |key: &str| {
            let node = document?;
            let accepted = node.get("acceptedCAs").map(Node::items).unwrap_or_default();
            let own = node.text_at(&["issuingCA", key]).to_owned();
            let other = accepted.iter().find_map(Node::as_text).unwrap_or_default();
            Some(match key == "cert" && own.is_empty() {
                true => other.to_owned(),
                false => own,
            })
        };
        AuthorityParts {
            certificate: decoded("crt").or_else(|| plain("cert")).unwrap_or_default(),
            key: decoded("key").or_else(|| plain("key")).unwrap_or_default(),
        }
    }
}

/// The PEM text behind base64, whatever its line breaks.
fn pem_of(text: &str) -> Option<String> {
    use base64::Engine as _;
    let compact: String = text.split_whitespace().collect();
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(compact)
        .ok()?;
    String::from_utf8(bytes).ok()
}
