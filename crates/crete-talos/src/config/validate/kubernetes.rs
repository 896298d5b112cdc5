//! The documents of Kubernetes' programs and of the node.

use super::documents::Check;
use super::{kubernetes_images, labels, main_document, main_features};
use crate::config::fault::Fault;
use crate::config::formats::{self, quote};
use crate::yaml::Node;

/// Arguments of the API server that have documents of their own; the longest that fits counts.
const DENIED: &[(&str, &str)] = &[
    (
        "oidc-signing-algs",
        "not supported with KubeAuthenticationConfig: kube-apiserver rejects --oidc-* flags when structured authentication configuration is used, and the configuration has no equivalent setting (all RFC 7518 asymmetric algorithms are accepted)",
    ),
    ("anonymous-auth", "use KubeAuthenticationConfig"),
    ("oidc-", "use KubeAuthenticationConfig"),
    ("authentication-config", "use KubeAuthenticationConfig"),
    ("authorization-config", "use KubeAuthorizerConfig"),
    ("authorization-mode", "use KubeAuthorizerConfig"),
    ("authorization-webhook-", "use KubeAuthorizerConfig"),
];

/// Refuses an image that is not there, or that this Talos does not run.
pub(super) fn image(check: &mut Check<'_>, name: &str) {
    if !check.need(&["image"], &format!("{name} image cannot be empty")) {
        return;
    }
    let Some(version) = check.version else {
        return;
    };
    let image = check.text(&["image"]);
    if let Some(problem) = kubernetes_images::problem(image, check.contract, version) {
        check.fault(&["image"], format!("{name} image is not valid: {problem}"));
    }
}

/// Refuses resources that are no memory and no processors.
pub(super) fn resources(check: &mut Check<'_>) {
    if let Some(problem) = resource_problem(check.node.get("resources")) {
        check.fault(&["resources"], problem);
    }
}

/// The first of the resources that is not known.
pub(super) fn resource_problem(resources: Option<&Node>) -> Option<String> {
    ["requests", "limits"].into_iter().find_map(|group| {
        let mut keys = resources?.get(group)?.entries().iter();
        let other = keys.find(|entry| !matches!(entry.key.as_str(), "memory" | "cpu"))?;
        Some(format!("unsupported pod resource {}", quote(&other.key)))
    })
}

pub(super) fn api_server(check: &mut Check<'_>) {
    image(check, "kube-apiserver");
    let mut names: Vec<&str> = check
        .entries(&["extraArgs"])
        .iter()
        .map(|entry| entry.key.as_str())
        .collect();
    names.sort_unstable();
    for name in names {
        let denied = DENIED.iter().find(|(start, _)| name.starts_with(start));
        if let Some((_, reason)) = denied {
            let text = format!(
                "kube-apiserver extra argument {} is not allowed: {reason}",
                quote(name)
            );
            check.fault(&["extraArgs", name], text);
        }
    }
    resources(check);
}

/// A program that can be turned off.
pub(super) fn program(check: &mut Check<'_>, name: &str) {
    if check.node.bool_at(&["enabled"]) == Some(false) {
        return;
    }
    image(check, name);
    resources(check);
}

pub(super) fn authorizer(check: &mut Check<'_>) {
    check.need(&["name"], "authorizer name is required");
    let kind = check.text(&["type"]);
    check.need(&["type"], "authorizer type is required");
    if !matches!(kind, "Node" | "RBAC" | "Webhook") {
        let text =
            format!("authorizer type {kind} is not allowed, allowed types are [Node RBAC Webhook]");
        check.fault(&["type"], text);
    }
    match (kind, check.entries(&["webhook"]).is_empty()) {
        ("Webhook", true) => check.fault(
            &["webhook"],
            "authorizer webhook configuration is required for Webhook authorizer type",
        ),
        ("Webhook", false) | (_, true) => {}
        _ => check.warn(
            &["webhook"],
            "authorizer webhook configuration is not allowed non-Webhook authorizer types",
        ),
    }
}

pub(super) fn cluster(check: &mut Check<'_>) {
    check.need(&["clusterName"], "clusterName must be specified");
    let endpoint = check.text(&["endpoint"]);
    if check.need(&["endpoint"], "endpoint must be specified")
        && let Err(reason) = formats::endpoint_problem(endpoint, check.contract)
    {
        let text = format!("cluster endpoint is invalid: {reason}");
        check.fault(&["endpoint"], text);
    }
}

/// A name that Kubernetes takes for an object.
pub(super) fn named(check: &mut Check<'_>, what: &str) {
    if check.need(&["name"], &format!("{what} name is required"))
        && let Err(reason) = labels::subdomain(check.text(&["name"]))
    {
        check.fault(&["name"], format!("{what} name is invalid: {reason}"));
    }
}

pub(super) fn external_manifest(check: &mut Check<'_>) {
    named(check, "manifest");
    let text = check.text(&["url"]);
    if !check.need(&["url"], "manifest URL is required") {
        return;
    }
    let scheme = formats::url(text).map(|url| url.scheme).unwrap_or_default();
    if !matches!(scheme.as_str(), "http" | "https") {
        let scheme = quote(&scheme);
        check.fault(
            &["url"],
            format!("manifest URL scheme must be http or https: {scheme}"),
        );
    }
}

pub(super) fn static_pod(check: &mut Check<'_>) {
    named(check, "static pod");
    if check.entries(&["pod"]).is_empty() {
        check.fault(&["pod"], "static pod spec is required");
    }
}

pub(super) fn talos_access(check: &mut Check<'_>) {
    let roles = check.items(&["allowedRoles"]);
    if roles.is_empty() {
        let text = "no roles are allowed in .allowedRoles, so access is blocked";
        check.warn(&["allowedRoles"], text);
    }
    for role in roles {
        let role = role.as_text().unwrap_or_default();
        if !main_features::ROLES.contains(&role) {
            let text = format!("invalid role {} in .allowedRoles", quote(role));
            check.fault(&["allowedRoles"], text);
        }
    }
}

pub(super) fn kubelet(check: &mut Check<'_>) {
    image(check, "kubelet");
    let fields: Vec<_> = main_document::protected(check.node.get("config")).collect();
    for field in fields {
        let text = format!("kubelet configuration field {field:?} can't be overridden");
        check.fault(&["config", field], text);
    }
}

/// What the node says of itself.
pub(super) fn node(check: &mut Check<'_>) {
    let subnets = check.node.at(&["nodeIP", "validSubnets"]);
    for (text, _) in main_document::bad_subnets(subnets) {
        let text = format!("nodeIP subnet is not valid: {}", quote(&text));
        check.fault(&["nodeIP", "validSubnets"], text);
    }
    let section = |key| check.node.get(key);
    for (what, faults) in [
        ("labels", labels::check_labels(section("labels"), "labels")),
        (
            "annotations",
            labels::check_annotations(section("annotations"), "annotations"),
        ),
        ("taints", labels::check_taints(section("taints"), "taints")),
    ] {
        if let Some(first) = faults.first() {
            let texts: Vec<String> = faults
                .iter()
                .map(|one| one.talos_text().to_owned())
                .collect();
            let text = format!("invalid node {what}: {}", super::findings::list(&texts));
            let fault = Fault::new(first.path.clone(), first.line, text);
            check.faults.push(fault);
        }
    }
}
