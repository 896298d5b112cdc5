//! What a person chooses for a cluster, before it becomes configurations.

use crate::Contract;

/// How pods reach one another.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Cni {
    /// Flannel, which Talos brings along.
    #[default]
    Flannel,
    /// Manifests from these addresses.
    Custom(Vec<String>),
    /// Nothing: nodes stay not ready until somebody installs one.
    None,
}

/// Images of one registry taken from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirror {
    /// The registry's host, or `*`.
    pub registry: String,
    /// Where to ask instead, in order.
    pub endpoints: Vec<String>,
}

/// How to trust a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryTrust {
    /// The registry's host.
    pub registry: String,
    /// An authority to trust, PEM; empty for none.
    pub ca: String,
    /// True to accept any certificate.
    pub insecure: bool,
}

/// What the two configurations of a cluster are made of, besides its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The version whose form is wanted.
    pub contract: Contract,
    /// The cluster's name.
    pub cluster_name: String,
    /// The Kubernetes API as the nodes reach it: `https://HOST:6443`.
    pub endpoint: String,
    /// Without `v`: `1.35.4`.
    pub kubernetes_version: String,
    /// The disk to install on; none for machines that are installed already.
    pub install_disk: Option<String>,
    /// The installer image, with the schematic of the machine.
    pub install_image: String,
    /// Kernel arguments of the installed system; only contracts up to 1.11 have a place for them.
    pub install_extra_kernel_args: Vec<String>,
    /// Names and addresses beyond the node's own under which its APIs are reached.
    pub additional_sans: Vec<String>,
    /// The domain of services and pods.
    pub dns_domain: String,
    /// Networks of the pods; empty for the default.
    pub pod_subnets: Vec<String>,
    /// Networks of the services; empty for the default.
    pub service_subnets: Vec<String>,
    /// How pods reach one another.
    pub cni: Cni,
    /// True to let the nodes find one another.
    pub discovery: bool,
    /// True to connect the nodes by WireGuard.
    pub kube_span: bool,
    /// The port of the API load balancer on each node; none to switch it off.
    pub kube_prism_port: Option<u16>,
    /// The port of each control plane's own API server, when it is not 6443.
    pub local_api_server_port: Option<u16>,
    /// True to run ordinary pods on control planes too.
    pub allow_scheduling_on_control_planes: bool,
    /// Kernel parameters, in order.
    pub sysctls: Vec<(String, String)>,
    /// Mirrors of registries.
    pub registry_mirrors: Vec<Mirror>,
    /// Trust in registries.
    pub registry_trust: Vec<RegistryTrust>,
    /// True for verbose logs of Talos itself.
    pub debug: bool,
    /// Whether the configuration survives a reboot; Talos accepts nothing but true.
    pub persist: bool,
}

impl Options {
    /// The defaults of `talosctl gen config`.
    #[must_use]
    pub fn new(
        contract: Contract,
        cluster_name: impl Into<String>,
        endpoint: impl Into<String>,
        kubernetes_version: impl Into<String>,
        install_image: impl Into<String>,
    ) -> Self {
        Self {
            contract,
            cluster_name: cluster_name.into(),
            endpoint: endpoint.into(),
            kubernetes_version: kubernetes_version.into(),
            install_disk: Some("/dev/sda".to_owned()),
            install_image: install_image.into(),
            install_extra_kernel_args: Vec::new(),
            additional_sans: Vec::new(),
            dns_domain: "cluster.local".to_owned(),
            pod_subnets: Vec::new(),
            service_subnets: Vec::new(),
            cni: Cni::default(),
            discovery: true,
            kube_span: false,
            kube_prism_port: Some(7445),
            local_api_server_port: None,
            allow_scheduling_on_control_planes: false,
            sysctls: Vec::new(),
            registry_mirrors: Vec::new(),
            registry_trust: Vec::new(),
            debug: false,
            persist: true,
        }
    }

    pub(super) fn pods(&self) -> Vec<String> {
        or_default(&self.pod_subnets, "10.244.0.0/16")
    }

    pub(super) fn services(&self) -> Vec<String> {
        or_default(&self.service_subnets, "10.96.0.0/12")
    }
}

fn or_default(subnets: &[String], default: &str) -> Vec<String> {
    match subnets {
        [] => vec![default.to_owned()],
        subnets => subnets.to_vec(),
    }
}
