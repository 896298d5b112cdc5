//! Contracts up to 1.13: nearly everything in the main document.

use super::shared::{
    EXCLUDE_FROM_LOAD_BALANCERS, audit_policy, by_document, hostname_document, kube_span_document,
    kubelet_image, kubernetes_image, pod_security, sysctls,
};
use super::{Make, parts};
use crate::Contract;
use crate::config::{Cni, formats};
use crate::pki::to_base64;
use crate::yaml::Node;

impl Make<'_> {
    pub(super) fn legacy(&self) -> Vec<Node> {
        let mut main = self.main();
        if let Some(machine) = main.get_mut("machine") {
            self.complete_machine(machine);
        }
        main.set("cluster", self.cluster());
        let mut nodes = vec![main];
        if by_document(self.options, Contract::V1_12) {
            nodes.extend(self.registry_documents());
            nodes.push(hostname_document());
        }
        if self.options.kube_span && by_document(self.options, Contract::V1_13) {
            nodes.push(kube_span_document());
        }
        nodes
    }

    fn complete_machine(&self, machine: &mut Node) {
        let options = self.options;
        machine.set(
            "kubelet",
            Node::map([
                ("image", kubelet_image(options)),
                ("defaultRuntimeSeccompProfileEnabled", Node::bare(true)),
                ("disableManifestsDirectory", Node::bare(true)),
            ]),
        );
        if !by_document(options, Contract::V1_13) {
            let mut network = Node::empty_map();
            if options.kube_span {
                network.set("kubespan", Node::map([("enabled", Node::bare(true))]));
            }
            machine.set("network", network);
        }
        if let Some(disk) = &options.install_disk {
            machine.set("install", self.install(disk));
        }
        if !options.sysctls.is_empty() {
            machine.set("sysctls", sysctls(options));
        }
        if !by_document(options, Contract::V1_12) {
            self.legacy_registries(machine);
        }
        machine.set("features", self.features());
        if self.is_control_plane() {
            let labels = Node::map([(EXCLUDE_FROM_LOAD_BALANCERS, Node::text(""))]);
            machine.set("nodeLabels", labels);
        }
    }

    fn install(&self, disk: &str) -> Node {
        let options = self.options;
        let mut install = Node::map([("disk", Node::text(disk))]);
        if !options.install_extra_kernel_args.is_empty() {
            let arguments = Node::texts(&options.install_extra_kernel_args);
            if !by_document(options, Contract::V1_12) {
                install.set("extraKernelArgs", arguments);
            }
        }
        install.set("image", Node::text(&options.install_image));
        install.set("wipe", Node::bare(false));
        if by_document(options, Contract::V1_12) {
            install.set("grubUseUKICmdline", Node::bare(true));
        }
        install
    }

    fn legacy_registries(&self, machine: &mut Node) {
        let options = self.options;
        let mut registries = Node::empty_map();
        let mut mirrors = Node::empty_map();
        for mirror in &options.registry_mirrors {
            let endpoints = Node::map([("endpoints", Node::texts(&mirror.endpoints))]);
            mirrors.set(&mirror.registry, endpoints);
        }
        let mut config = Node::empty_map();
        for trust in &options.registry_trust {
            let mut tls = Node::empty_map();
            if !trust.ca.is_empty() {
                tls.set("ca", Node::text(to_base64(&trust.ca)));
            }
            if trust.insecure {
                tls.set("insecureSkipVerify", Node::bare(true));
            }
            config.set(&trust.registry, Node::map([("tls", tls)]));
        }
        for (key, node) in [("mirrors", mirrors), ("config", config)] {
            if !node.entries().is_empty() {
                registries.set(key, node);
            }
        }
        if !registries.entries().is_empty() {
            machine.set("registries", registries);
        }
    }

    fn features(&self) -> Node {
        let options = self.options;
        let mut features = Node::empty_map();
        if !by_document(options, Contract::V1_12) {
            for key in ["rbac", "stableHostname", "apidCheckExtKeyUsage"] {
                features.set(key, Node::bare(true));
            }
        }
        features.set("diskQuotaSupport", Node::bare(true));
        if let Some(port) = options.kube_prism_port {
            let prism = Node::map([("enabled", Node::bare(true)), ("port", Node::bare(port))]);
            features.set("kubePrism", prism);
        }
        let dns = Node::map([
            ("enabled", Node::bare(true)),
            ("forwardKubeDNSToHost", Node::bare(true)),
        ]);
        features.set("hostDNS", dns);
        features
    }

    fn cluster(&self) -> Node {
        let options = self.options;
        let secrets = self.secrets;
        let mut control_plane = Node::map([("endpoint", Node::text(&options.endpoint))]);
        if let Some(port) = options.local_api_server_port
            && self.is_control_plane()
        {
            control_plane.set("localAPIServerPort", Node::bare(port));
        }
        let mut cluster = Node::map([
            ("id", Node::text(&secrets.cluster_id)),
            ("secret", Node::text(secrets.cluster_secret.expose())),
            ("controlPlane", control_plane),
            ("clusterName", Node::text(&options.cluster_name)),
            ("network", self.network()),
            ("token", Node::text(secrets.bootstrap_token.expose())),
        ]);
        if self.is_control_plane() {
            for (key, secret) in [
                ("aescbcEncryptionSecret", &secrets.aescbc_encryption_secret),
                (
                    "secretboxEncryptionSecret",
                    &secrets.secretbox_encryption_secret,
                ),
            ] {
                if !secret.is_empty() {
                    cluster.set(key, Node::text(secret.expose()));
                }
            }
        }
        cluster.set("ca", self.ca(secrets.k8s.as_ref()));
        if self.is_control_plane() {
            cluster.set("aggregatorCA", self.ca(secrets.k8s_aggregator.as_ref()));
            let key = secrets.k8s_service_account.clone().unwrap_or_default();
            let account = Node::map([("key", Node::text(to_base64(key.expose())))]);
            cluster.set("serviceAccount", account);
            cluster.set("apiServer", self.api_server());
            for (key, component) in [
                ("controllerManager", "kube-controller-manager"),
                ("proxy", "kube-proxy"),
                ("scheduler", "kube-scheduler"),
            ] {
                cluster.set(
                    key,
                    Node::map([("image", kubernetes_image(options, component))]),
                );
            }
        }
        cluster.set("discovery", self.discovery());
        if self.is_control_plane() {
            let etcd = parts(secrets.etcd.as_ref());
            cluster.set("etcd", Node::map([("ca", self.ca(Some(&etcd)))]));
            if options.allow_scheduling_on_control_planes {
                cluster.set("allowSchedulingOnControlPlanes", Node::bare(true));
            }
        }
        cluster
    }

    fn network(&self) -> Node {
        let options = self.options;
        let mut network = Node::empty_map();
        match &options.cni {
            Cni::Flannel => {}
            Cni::None => network.set("cni", Node::map([("name", Node::text("none"))])),
            Cni::Custom(urls) => network.set(
                "cni",
                Node::map([("name", Node::text("custom")), ("urls", Node::texts(urls))]),
            ),
        }
        network.set("dnsDomain", Node::text(&options.dns_domain));
        network.set("podSubnets", Node::texts(&options.pods()));
        network.set("serviceSubnets", Node::texts(&options.services()));
        network
    }

    fn api_server(&self) -> Node {
        let options = self.options;
        let mut server = Node::map([("image", kubernetes_image(options, "kube-apiserver"))]);
        let mut sans = options.additional_sans.clone();
        if !by_document(options, Contract::V1_12) {
            // Older nodes do not add the endpoint's host to their certificate by themselves.
            let host = formats::url(&options.endpoint).map(|url| url.hostname().to_owned());
            sans.insert(0, host.unwrap_or_default());
        }
        if !sans.is_empty() {
            server.set("certSANs", Node::texts(&sans));
        }
        if !by_document(options, Contract::V1_12) {
            server.set("disablePodSecurityPolicy", Node::bare(true));
        }
        let plugin = Node::map([
            ("name", Node::text("PodSecurity")),
            ("configuration", pod_security()),
        ]);
        server.set("admissionControl", Node::list(vec![plugin]));
        server.set("auditPolicy", audit_policy());
        server
    }

    fn discovery(&self) -> Node {
        Node::map([
            ("enabled", Node::bare(self.options.discovery)),
            (
                "registries",
                Node::map([
                    ("kubernetes", Node::map([("disabled", Node::bare(true))])),
                    ("service", Node::empty_map()),
                ]),
            ),
        ])
    }
}
