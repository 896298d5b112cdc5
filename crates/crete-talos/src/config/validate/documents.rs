//! The rules of the other documents, each by its kind.

use super::findings::Findings;
use super::{cluster, kubernetes_images, labels, main_document, selectors, volumes};
use crate::Contract;
use crate::config::cel::Environment;
use crate::config::fault::Fault;
use crate::config::schema::Schema;
use crate::config::{Configuration, Document, formats};
use crate::yaml::Node;

pub(super) fn check(
    configuration: &Configuration,
    contract: Contract,
    version: Option<&str>,
    findings: &mut Findings,
) {
    let schema = Schema::of(contract);
    for document in configuration.documents.iter().filter(|one| !one.is_main()) {
        let record = schema
            .kind(document.kind())
            .and_then(|name| schema.record(name));
        let named = record.is_some_and(|record| record.keys.contains_key("name"));
        let mut check = Check {
            node: &document.node,
            contract,
            faults: Vec::new(),
        };
        if named && document.name().is_empty() && needs_name(document.kind()) {
            check.fault(&["name"], "name must be specified");
        } else {
            check.kind(document, version);
        }
        findings.document(&document.label(named), check.faults);
    }
}

/// Kinds whose missing name is refused in these words; volumes have their own.
fn needs_name(kind: &str) -> bool {
    !matches!(
        kind,
        "DiscoveryServiceConfig" | "ExtensionServiceConfig" | "StaticHostConfig"
    ) && !kind.contains("Volume")
}

/// One document under examination.
pub(super) struct Check<'a> {
    pub node: &'a Node,
    pub contract: Contract,
    pub faults: Vec<Fault>,
}

impl Check<'_> {
    pub fn fault(&mut self, path: &[&str], text: impl Into<String>) {
        self.faults
            .push(main_document::fault(self.node, path, text));
    }

    /// Refuses a text that is not there.
    fn need(&mut self, path: &[&str], text: &str) {
        if self.node.text_at(path).is_empty() {
            self.fault(path, text);
        }
    }

    fn kind(&mut self, document: &Document, version: Option<&str>) {
        match document.kind() {
            "HostnameConfig" => self.hostname(),
            "Layer2VIPConfig" => self.shared_address(),
            "HCloudVIPConfig" => {
                self.shared_address();
                self.need(&["apiToken"], "apiToken must be specified");
            }
            "KmsgLogConfig" => self.log_destination(&["url"]),
            "EventSinkConfig" => self.event_sink(),
            "ExtensionServiceConfig" => self.extension_service(),
            "SideroLinkConfig" => self.sidero_link(),
            "ZswapConfig" => self.zswap(),
            "WatchdogTimerConfig" => self.watchdog(),
            "VolumeConfig" => volumes::system(self),
            "UserVolumeConfig" => volumes::user(self),
            "RawVolumeConfig" | "SwapVolumeConfig" => volumes::raw(self),
            "ExistingVolumeConfig" => volumes::existing(self),
            "LinkAliasConfig" if self.node.text_at(&["selector", "match"]).is_empty() => {
                self.fault(&["selector", "match"], "link selector is required");
            }
            "LinkAliasConfig" => self.selector(&["selector", "match"], Environment::Link),
            "UnattendedInstallConfig" => self.install(),
            "DiscoveryServiceConfig" => self.discovery_endpoint(),
            "KubeSpanConfig" => self.kube_span(),
            "KubeClusterConfig" => self.kube_cluster(),
            "KubeNetworkConfig" => self.kube_network(),
            "KubeNodeConfig" => self.kube_node(),
            "KubeletConfig" => self.kubelet(version),
            "KubeAPIServerConfig" => self.image("kube-apiserver", version),
            "KubeControllerManagerConfig" => self.image("kube-controller-manager", version),
            "KubeSchedulerConfig" => self.image("kube-scheduler", version),
            "StaticHostConfig" => self.static_host(),
            _ => {}
        }
    }

    fn hostname(&mut self) {
        let auto = self.node.text_at(&["auto"]);
        let name = self.node.text_at(&["hostname"]);
        match (auto, name) {
            ("stable", name) if !name.is_empty() => self.fault(
                &["hostname"],
                "'auto' and 'hostname' cannot be set at the same time",
            ),
            ("", "") => self.fault(&[], "either 'auto' or 'hostname' must be set"),
            // 1.12 took `off` for nothing at all until 1.12.11.
            ("off", "") if self.contract <= Contract::V1_12 => {
                self.fault(&[], "either 'auto' or 'hostname' must be set");
            }
            _ => {}
        }
        if !name.is_empty() {
            let first = name.split('.').next().unwrap_or_default();
            let fits =
                (1..=63).contains(&first.len()) && name.len() <= 253 && cluster::is_dns_name(name);
            if !fits {
                self.fault(&["hostname"], format!("invalid hostname {name:?}"));
            }
        }
    }

    fn shared_address(&mut self) {
        let name = self.node.text_at(&["name"]);
        if let Err(reason) = formats::address(name) {
            self.fault(
                &["name"],
                format!("name must be a valid IP address: {reason}"),
            );
        }
        self.need(&["link"], "link must be specified");
    }

    fn static_host(&mut self) {
        let name = self.node.text_at(&["name"]);
        let is_address = formats::address(name).is_ok();
        if name.is_empty() {
            self.fault(&["name"], "name is required");
        }
        if !is_address {
            self.fault(&["name"], "name must be a valid IP address");
        }
        let names = self
            .node
            .get("hostnames")
            .map(Node::items)
            .unwrap_or_default();
        if names.is_empty() {
            self.fault(&["hostnames"], "at least one hostname is required");
        }
    }

    fn event_sink(&mut self) {
        let text = self.node.text_at(&["endpoint"]);
        if text.contains(':') && !text.ends_with(']') {
            return;
        }
        let said = match text {
            "" => "event sink endpoint: missing port in address".to_owned(),
            text => format!("event sink endpoint: address {text}: missing port in address"),
        };
        self.fault(&["endpoint"], said);
    }

    /// The first thing that is wrong, as Talos says it.
    fn extension_service(&mut self) {
        let name = self.node.text_at(&["name"]).to_owned();
        let items = |key: &str| self.node.get(key).map(Node::items).unwrap_or_default();
        let lacks = |key: &str| {
            items("configFiles")
                .iter()
                .any(|file| file.text_at(&[key]).is_empty())
        };
        let text = if name.is_empty() {
            "name is required".to_owned()
        } else if items("configFiles").is_empty() && items("environment").is_empty() {
            format!("no config files found for extension {name:?}")
        } else if lacks("content") {
            format!("extension content is required for extension {name:?}")
        } else if lacks("mountPath") {
            format!("extension mount path is required for extension {name:?}")
        } else {
            return;
        };
        self.fault(&["configFiles"], text);
    }

    fn sidero_link(&mut self) {
        let text = self.node.text_at(&["apiUrl"]).to_owned();
        let path = &["apiUrl"];
        if text.is_empty() {
            return self.fault(path, "apiUrl is required");
        }
        let Ok(url) = formats::url(&text) else {
            return;
        };
        if !matches!(url.scheme.as_str(), "https" | "grpc") {
            self.fault(path, "apiUrl scheme must be https:// or grpc://");
        } else if !matches!(url.path.as_str(), "" | "/") {
            self.fault(path, "apiUrl path must be empty");
        }
    }

    fn zswap(&mut self) {
        let percent = self.node.get("maxPoolPercent").and_then(Node::as_integer);
        if percent.is_some_and(|percent| !(0..=100).contains(&percent)) {
            self.fault(
                &["maxPoolPercent"],
                "maxPoolPercent must be between 0 and 100",
            );
        }
    }

    fn log_destination(&mut self, path: &[&str]) {
        let text = self.node.text_at(path);
        match formats::url(text) {
            Ok(url) if matches!(url.scheme.as_str(), "tcp" | "udp") => {
                if !matches!(url.path.as_str(), "" | "/") {
                    self.fault(path, "url path must be empty");
                }
                if url.port.is_empty() {
                    self.fault(path, "url port is required");
                }
            }
            _ => self.fault(path, "url scheme must be tcp:// or udp://"),
        }
    }

    fn watchdog(&mut self) {
        self.need(&["device"], "watchdog device: empty value");
    }

    pub fn selector(&mut self, path: &[&str], environment: Environment) {
        let text = self.node.text_at(path).to_owned();
        if text.is_empty() {
            self.fault(path, format!("{} is required", path.join(".")));
        } else if let Some(problem) = selectors::problem(&text, environment) {
            self.fault(path, format!("{}: {problem}", path.join(".")));
        }
    }

    fn install(&mut self) {
        self.selector(
            &["provisioning", "diskSelector", "match"],
            Environment::Disk,
        );
    }

    fn discovery_endpoint(&mut self) {
        let text = self.node.text_at(&["endpoint"]);
        if let Ok(url) = formats::url(text)
            && !matches!(url.path.as_str(), "" | "/")
        {
            self.fault(&["endpoint"], "endpoint path should be empty");
        }
    }

    fn kube_span(&mut self) {
        let mtu = self.node.get("mtu").and_then(Node::as_integer);
        if mtu.is_some_and(|mtu| mtu != 0 && mtu < 1280) {
            self.fault(&["mtu"], "kubespan link MTU must be at least 1280");
        }
    }

    fn kube_cluster(&mut self) {
        self.need(&["clusterName"], "clusterName is required");
        let endpoint = self.node.text_at(&["endpoint"]).to_owned();
        if endpoint.is_empty() {
            self.fault(&["endpoint"], "endpoint is required");
        } else if let Err(reason) = cluster::endpoint_problem(&endpoint) {
            self.fault(&["endpoint"], format!("invalid endpoint: {reason}"));
        }
    }

    fn kube_network(&mut self) {
        let domain = self.node.text_at(&["dnsDomain"]).to_owned();
        if !domain.is_empty() && !cluster::is_dns_name(&domain) {
            self.fault(
                &["dnsDomain"],
                format!("{domain:?} is not a valid DNS name"),
            );
        }
        for key in ["podSubnets", "serviceSubnets"] {
            let list = self.node.get(key).map(Node::items).unwrap_or_default();
            if list.is_empty() {
                self.fault(&[key], format!("{key} must have at least one entry"));
            }
        }
    }

    fn kube_node(&mut self) {
        let labels = labels::check_labels(self.node.get("labels"), "labels");
        let taints = labels::check_taints(self.node.get("taints"), "taints");
        self.faults.extend(labels);
        self.faults.extend(taints);
    }

    fn kubelet(&mut self, version: Option<&str>) {
        let fields: Vec<_> = main_document::protected(self.node.get("config")).collect();
        for field in fields {
            let text = format!("kubelet configuration field {field:?} can't be overridden");
            self.fault(&["config", field], text);
        }
        self.image("kubelet", version);
    }

    fn image(&mut self, name: &str, version: Option<&str>) {
        let image = self.node.text_at(&["image"]).to_owned();
        let Some(version) = version.filter(|_| !image.is_empty()) else {
            return;
        };
        if let Some(problem) = kubernetes_images::problem(&image, self.contract, version) {
            self.fault(&["image"], format!("{name} image is not valid: {problem}"));
        }
    }
}
