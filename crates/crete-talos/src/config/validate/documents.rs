//! The rules of the other documents: which belong to which kind.

use super::findings::Findings;
use super::{
    addresses, bgp, containers, discovery, encryption, images, kubernetes, kubernetes_network,
    links, machine, main_document, network, probes, registries, routing, selectors, storage,
    volumes,
};
use crate::Contract;
use crate::config::cel::Environment;
use crate::config::fault::Fault;
use crate::config::schema::Schema;
use crate::config::{Configuration, Document, formats};
use crate::yaml::{Entry, Node};

pub(super) fn check(
    configuration: &Configuration,
    contract: Contract,
    version: Option<&str>,
    findings: &mut Findings,
) {
    let schema = Schema::of(contract);
    for document in configuration.documents.iter().filter(|one| !one.is_main()) {
        let mut check = Check {
            node: &document.node,
            contract,
            version,
            faults: Vec::new(),
            warnings: Vec::new(),
        };
        check.kind(document);
        let label = document.label(schema.is_named(document.kind()));
        for mut warning in check.warnings {
            warning.document.clone_from(&label);
            findings.warn(warning);
        }
        findings.document(&label, check.faults);
    }
}

/// One document under examination.
pub(super) struct Check<'a> {
    pub node: &'a Node,
    pub contract: Contract,
    /// The Talos that is to run it, when a node is asked.
    pub version: Option<&'a str>,
    pub faults: Vec<Fault>,
    pub warnings: Vec<Fault>,
}

impl<'a> Check<'a> {
    pub fn fault(&mut self, path: &[&str], text: impl Into<String>) {
        self.faults
            .push(main_document::fault(self.node, path, text));
    }

    pub fn warn(&mut self, path: &[&str], text: impl Into<String>) {
        self.warnings
            .push(main_document::fault(self.node, path, text));
    }

    /// The text at a path; empty when there is none.
    pub fn text(&self, path: &[&str]) -> &'a str {
        self.node.text_at(path)
    }

    /// The list at a path.
    pub fn items(&self, path: &[&str]) -> &'a [Node] {
        self.node.at(path).map(Node::items).unwrap_or_default()
    }

    /// The mapping at a path.
    pub fn entries(&self, path: &[&str]) -> &'a [Entry] {
        self.node.at(path).map(Node::entries).unwrap_or_default()
    }

    /// The number at a path.
    pub fn number(&self, path: &[&str]) -> Option<i128> {
        self.node.at(path).and_then(Node::as_integer)
    }

    /// The length of time at a path, in nanoseconds.
    pub fn time(&self, path: &[&str]) -> i64 {
        formats::duration(self.text(path)).unwrap_or_default()
    }

    pub fn is_on(&self, path: &[&str]) -> bool {
        self.node.bool_at(path) == Some(true)
    }

    /// Refuses a text that is not there; true when it is.
    pub fn need(&mut self, path: &[&str], text: &str) -> bool {
        let there = !self.text(path).is_empty();
        if !there {
            self.fault(path, text);
        }
        there
    }

    /// Refuses a name that is not there.
    pub fn need_name(&mut self) {
        self.need(&["name"], "name must be specified");
    }

    /// Refuses an expression that cannot be evaluated.
    pub fn expression(&mut self, path: &[&str], environment: Environment, says: &str) {
        let text = self.text(path);
        if let Some(problem) = selectors::problem(text, environment, self.contract) {
            self.fault(path, format!("{says}: {problem}"));
        }
    }

    /// Refuses an expression that is not there, or cannot be evaluated.
    pub fn selector(&mut self, path: &[&str], environment: Environment) {
        let place = path.join(".");
        match self.text(path) {
            "" => self.fault(path, format!("{place} is required")),
            _ => self.expression(path, environment, &place),
        }
    }

    fn kind(&mut self, document: &Document) {
        match document.kind() {
            "BGPInstanceConfig" => bgp::instance(self),
            "BlackholeRouteConfig" => routing::blackhole(self),
            "BondConfig" => links::bond(self),
            "BridgeConfig" | "DummyLinkConfig" | "LinkConfig" => links::plain(self),
            "CRIBaseRuntimeSpecConfig" => images::runtime_spec(self),
            "CRICustomizationConfig" => images::customization(self),
            "ContainerConfig" => containers::container(self),
            "DHCPv4Config" | "DHCPv6Config" => addresses::dhcp(self),
            "DiscoveryIdentityConfig" => discovery::identity(self),
            "DiscoveryServiceConfig" => discovery::service(self),
            "EnvironmentConfig" => machine::environment(self),
            "EtcFileConfig" => machine::etc_file(self),
            "EthernetConfig" | "KernelModuleConfig" => {
                self.need(&["name"], "name is required");
            }
            "EventSinkConfig" => machine::event_sink(self),
            "ExistingVolumeConfig" => volumes::existing(self),
            "ExtensionServiceConfig" => machine::extension_service(self),
            "ExternalVolumeConfig" => storage::external(self),
            "FilesystemScrubConfig" => volumes::scrub_interval(self, &["interval"]),
            "FilesystemTrimConfig" if self.time(&["interval"]) < 0 => {
                self.fault(&["interval"], "interval cannot be negative");
            }
            "HCloudVIPConfig" => addresses::shared(self, true),
            "HTTPProbeConfig" => probes::http(self),
            "HostnameConfig" => network::hostname(self),
            "ImageVerificationConfig" => images::verification(self),
            "KmsgLogConfig" => machine::kernel_log(self),
            "KubeSpanConfig" => network::kube_span(self),
            "LVMLogicalVolumeConfig" => storage::logical_volume(self),
            "LVMVolumeGroupConfig" => storage::group(self, 63),
            "Layer2VIPConfig" => addresses::shared(self, false),
            "LinkAliasConfig" => links::alias(self),
            "NetworkRuleConfig" => network::rule(self),
            "OOMConfig" => machine::memory_short(self),
            "RAIDArrayConfig" => storage::group(self, 32),
            "RawVolumeConfig" | "SwapVolumeConfig" => volumes::raw(self),
            "RegistryAuthConfig" => registries::auth(self),
            "RegistryMirrorConfig" => registries::mirror(self),
            "RegistryTLSConfig" => registries::tls(self),
            "ResolverConfig" => network::resolver(self),
            "RoutingRuleConfig" => routing::rule(self),
            "SideroLinkConfig" => machine::sidero_link(self),
            "StaticHostConfig" => addresses::static_host(self),
            "SysctlConfig" => machine::parameters(self, "sysctl"),
            "SysfsConfig" => machine::parameters(self, "sysfs"),
            "TCPProbeConfig" => probes::tcp(self),
            "TimeSyncConfig" => network::time(self),
            "UnattendedInstallConfig" => machine::install(self),
            "UserVolumeConfig" => volumes::user(self),
            "VLANConfig" => links::vlan(self),
            "VRFConfig" => links::vrf(self),
            "VethConfig" => links::veth(self),
            "VolumeConfig" => volumes::system(self),
            "WatchdogTimerConfig" => machine::watchdog(self),
            "WireguardConfig" => links::wireguard(self),
            "ZswapConfig" => machine::zswap(self),
            kind if kind.starts_with("Kube") => self.kubernetes(kind),
            _ => {}
        }
    }

    fn kubernetes(&mut self, kind: &str) {
        match kind {
            "KubeAPIServerCAConfig" => encryption::authority(self, false),
            "KubeAPIServerConfig" => kubernetes::api_server(self),
            "KubeAdmissionControlConfig" => {
                self.need(&["name"], "admission control plugin name is required");
            }
            "KubeAggregatorCAConfig" => encryption::authority(self, true),
            "KubeAuthorizerConfig" => kubernetes::authorizer(self),
            "KubeClusterConfig" => kubernetes::cluster(self),
            "KubeControllerManagerConfig" => {
                kubernetes::program(self, "kube-controller-manager");
            }
            "KubeEtcdEncryptionConfig" if self.entries(&["config"]).is_empty() => {
                self.fault(&["config"], "etcd encryption config is required");
            }
            "KubeExternalManifestConfig" => kubernetes::external_manifest(self),
            "KubeFlannelCNIConfig" => kubernetes_network::flannel(self),
            "KubeInlineManifestConfig" => kubernetes::named(self, "manifest"),
            "KubeNetworkConfig" => kubernetes_network::network(self),
            "KubeNodeConfig" => kubernetes::node(self),
            "KubePrismConfig" => kubernetes_network::prism(self),
            "KubeProxyConfig" => kubernetes_network::proxy(self),
            "KubeSchedulerConfig" => kubernetes::program(self, "scheduler"),
            "KubeServiceAccountConfig" => encryption::service_account(self),
            "KubeStaticPodConfig" => kubernetes::static_pod(self),
            "KubeTalosAPIAccessConfig" => kubernetes::talos_access(self),
            "KubeletConfig" => kubernetes::kubelet(self),
            _ => {}
        }
    }
}
