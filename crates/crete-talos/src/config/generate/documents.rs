//! Contract 1.14: a document for every matter.

use super::shared::{
    EXCLUDE_FROM_LOAD_BALANCERS, audit_policy, hostname_document, kube_span_document,
    kubelet_image, kubernetes_image, pod_security, sysctls,
};
use super::{Make, document, parts};
use crate::config::Cni;
use crate::yaml::Node;

const CONTROL_PLANE: &str = "node-role.kubernetes.io/control-plane";

impl Make<'_> {
    pub(super) fn documents(&self) -> Vec<Node> {
        let mut nodes = vec![self.short_main()];
        nodes.extend(self.machine_documents());
        nodes.extend(self.node_documents());
        if self.is_control_plane() {
            nodes.extend(self.authority_documents());
            nodes.extend(self.control_plane_documents());
        }
        nodes
    }

    fn short_main(&self) -> Node {
        let mut main = self.main();
        if let Some(machine) = main.get_mut("machine") {
            let features = Node::map([("diskQuotaSupport", Node::bare(true))]);
            machine.set("features", features);
        }
        let token = Node::text(self.secrets.bootstrap_token.expose());
        let mut cluster = Node::map([("token", token)]);
        if self.is_control_plane() {
            let ca = self.ca(self.secrets.etcd.as_ref());
            cluster.set("etcd", Node::map([("ca", ca)]));
        }
        main.set("cluster", cluster);
        main
    }

    fn machine_documents(&self) -> Vec<Node> {
        let options = self.options;
        let mut nodes = Vec::new();
        if options.discovery {
            nodes.push(document(
                "DiscoveryServiceConfig",
                [
                    ("name", Node::text("default")),
                    ("endpoint", Node::text("https://discovery.talos.dev/")),
                ],
            ));
        }
        nodes.push(document(
            "DiscoveryIdentityConfig",
            [
                ("clusterID", Node::text(&self.secrets.cluster_id)),
                (
                    "clusterSecret",
                    Node::text(self.secrets.cluster_secret.expose()),
                ),
            ],
        ));
        if let Some(disk) = &options.install_disk {
            nodes.push(self.install_document(disk));
        }
        let dns = Node::map([
            ("enabled", Node::bare(true)),
            ("forwardKubeDNSToHost", Node::bare(true)),
        ]);
        nodes.push(document("ResolverConfig", [("hostDNS", dns)]));
        if !options.sysctls.is_empty() {
            nodes.push(document("SysctlConfig", [("params", sysctls(options))]));
        }
        nodes.push(document(
            "VolumeConfig",
            [
                ("name", Node::text("EPHEMERAL")),
                ("mount", Node::map([("secure", Node::bare(true))])),
            ],
        ));
        nodes.push(document(
            "FilesystemTrimConfig",
            [("interval", Node::text("168h0m0s"))],
        ));
        nodes.push(document(
            "SecurityProfileConfig",
            [("workloadIsolation", Node::bare(true))],
        ));
        nodes.extend(self.registry_documents());
        nodes.push(hostname_document());
        if options.kube_span {
            nodes.push(kube_span_document());
        }
        nodes
    }

    fn install_document(&self, disk: &str) -> Node {
        // The name stands inside a string of the expression.
        let name = disk.replace('\\', "\\\\").replace('"', "\\\"");
        let selector = Node::text(format!("disk.dev_path == \"{name}\""));
        document(
            "UnattendedInstallConfig",
            [
                (
                    "installer",
                    Node::map([("image", Node::text(&self.options.install_image))]),
                ),
                (
                    "provisioning",
                    Node::map([
                        ("diskSelector", Node::map([("match", selector)])),
                        ("wipe", Node::bare(false)),
                    ]),
                ),
            ],
        )
    }

    /// What every node knows of its Kubernetes.
    fn node_documents(&self) -> Vec<Node> {
        let options = self.options;
        let mut nodes = vec![document(
            "KubeClusterConfig",
            [
                ("clusterName", Node::text(&options.cluster_name)),
                ("endpoint", Node::text(&options.endpoint)),
            ],
        )];
        let mut node = document("KubeNodeConfig", [("nodeIP", Node::empty_map())]);
        if self.is_control_plane() {
            let labels = Node::map([
                (CONTROL_PLANE, Node::text("")),
                (EXCLUDE_FROM_LOAD_BALANCERS, Node::text("")),
            ]);
            node.set("labels", labels);
            if !options.allow_scheduling_on_control_planes {
                let taints = Node::map([(CONTROL_PLANE, Node::text("NoSchedule"))]);
                node.set("taints", taints);
            }
        }
        nodes.push(node);
        nodes.push(document(
            "KubeletConfig",
            [
                ("image", kubelet_image(options)),
                ("config", Node::empty_map()),
                ("defaultRuntimeSeccompProfileEnabled", Node::bare(true)),
            ],
        ));
        nodes.push(document(
            "KubeNetworkConfig",
            [
                ("dnsDomain", Node::text(&options.dns_domain)),
                ("podSubnets", Node::texts(&options.pods())),
                ("serviceSubnets", Node::texts(&options.services())),
            ],
        ));
        let ca = parts(self.secrets.k8s.as_ref());
        nodes.push(match self.is_control_plane() {
            true => issuing("KubeAPIServerCAConfig", &ca),
            false => document(
                "KubeAPIServerCAConfig",
                [("acceptedCAs", Node::texts(&[ca.crt]))],
            ),
        });
        if let Some(port) = options.kube_prism_port {
            nodes.push(document("KubePrismConfig", [("port", Node::bare(port))]));
        }
        nodes
    }

    /// Who may do what in Kubernetes, and with which keys.
    fn authority_documents(&self) -> Vec<Node> {
        let paths = ["/livez", "/readyz", "/healthz"];
        let conditions = paths.map(|path| Node::map([("path", Node::text(path))]));
        let anonymous = Node::map([
            ("conditions", Node::list(conditions.into())),
            ("enabled", Node::bare(true)),
        ]);
        let authorizer = |name: &str, kind: &str| {
            let entries = [("name", Node::text(name)), ("type", Node::text(kind))];
            document("KubeAuthorizerConfig", entries)
        };
        let account = self.secrets.k8s_service_account.clone().unwrap_or_default();
        vec![
            issuing(
                "KubeAggregatorCAConfig",
                &parts(self.secrets.k8s_aggregator.as_ref()),
            ),
            document(
                "KubeAdmissionControlConfig",
                [
                    ("name", Node::text("PodSecurity")),
                    ("configuration", pod_security()),
                ],
            ),
            document("KubeAuditPolicyConfig", [("configuration", audit_policy())]),
            document(
                "KubeAuthenticationConfig",
                [(
                    "configuration",
                    Node::map([("anonymous", anonymous), ("jwt", Node::list(Vec::new()))]),
                )],
            ),
            authorizer("node", "Node"),
            authorizer("rbac", "RBAC"),
            self.etcd_encryption(),
            document(
                "KubeServiceAccountConfig",
                [(
                    "issuer",
                    Node::map([
                        ("privateKey", Node::text(account.expose())),
                        ("issuerURL", Node::text(&self.options.endpoint)),
                    ]),
                )],
            ),
        ]
    }

    fn etcd_encryption(&self) -> Node {
        let secretbox = &self.secrets.secretbox_encryption_secret;
        let (provider, name, secret) = match secretbox.is_empty() {
            false => ("secretbox", "key2", secretbox),
            true => ("aescbc", "key1", &self.secrets.aescbc_encryption_secret),
        };
        let key = Node::map([
            ("name", Node::text(name)),
            ("secret", Node::text(secret.expose())),
        ]);
        let keys = Node::map([("keys", Node::list(vec![key]))]);
        let resource = Node::map([
            ("providers", Node::list(vec![Node::map([(provider, keys)])])),
            ("resources", Node::texts(&["secrets"])),
        ]);
        let config = Node::map([("resources", Node::list(vec![resource]))]);
        document("KubeEtcdEncryptionConfig", [("config", config)])
    }

    fn control_plane_documents(&self) -> Vec<Node> {
        let options = self.options;
        let image = |component| ("image", kubernetes_image(options, component));
        let mut server = document("KubeAPIServerConfig", [image("kube-apiserver")]);
        if !options.additional_sans.is_empty() {
            server.set("certExtraSANs", Node::texts(&options.additional_sans));
        }
        if let Some(port) = options.local_api_server_port {
            server.set("apiPort", Node::bare(port));
        }
        let config = || ("config", Node::empty_map());
        let mut nodes = vec![
            server,
            document(
                "KubeControllerManagerConfig",
                [image("kube-controller-manager")],
            ),
            document("KubeSchedulerConfig", [image("kube-scheduler"), config()]),
            document("KubeProxyConfig", [image("kube-proxy"), config()]),
        ];
        if options.cni == Cni::Flannel {
            nodes.push(document(
                "KubeFlannelCNIConfig",
                [
                    ("backendType", Node::text("vxlan")),
                    ("backendPort", Node::bare(4789)),
                ],
            ));
        }
        nodes.push(document(
            "KubeCoreDNSConfig",
            [("enabled", Node::bare(true))],
        ));
        if let Cni::Custom(urls) = &options.cni {
            nodes.extend(urls.iter().enumerate().map(|(index, url)| {
                let name = match index {
                    0 => "custom-cni".to_owned(),
                    index => format!("custom-cni-{index}"),
                };
                document(
                    "KubeExternalManifestConfig",
                    [("name", Node::text(name)), ("url", Node::text(url))],
                )
            }));
        }
        nodes
    }
}

fn issuing(kind: &str, ca: &crate::pki::CaParts) -> Node {
    let issuing = Node::map([
        ("cert", Node::text(&ca.crt)),
        ("key", Node::text(ca.key.expose())),
    ]);
    document(kind, [("issuingCA", issuing)])
}
