//! The rules of the main document about KubeSpan and logs.

use super::findings::Findings;
use super::main_document::{bad_subnets, fault};
use crate::Contract;
use crate::config::fault::Fault;
use crate::config::formats::{self, quote};
use crate::yaml::Node;

/// What KubeSpan's link can carry.
pub(super) fn mtu(main: &Node, findings: &mut Findings) {
    let path = ["machine", "network", "kubespan"];
    let Some(span) = main.at(&path) else {
        return;
    };
    let mtu = span.get("mtu").and_then(Node::as_integer);
    let small = mtu.is_some_and(|mtu| mtu != 0 && mtu < 1280);
    if small && span.bool_at(&["enabled"]) == Some(true) {
        let text = "kubespan link MTU must be at least 1280";
        let path = ["machine", "network", "kubespan", "mtu"];
        findings.main(fault(main, &path, text));
    }
}

pub(super) fn kube_span(main: &Node, contract: Contract, findings: &mut Findings) {
    let path = ["machine", "network", "kubespan"];
    let Some(span) = main
        .at(&path)
        .filter(|span| span.bool_at(&["enabled"]) == Some(true))
    else {
        return;
    };
    if contract < Contract::V1_14 {
        let discovery = ["cluster", "discovery", "enabled"];
        if main.bool_at(&discovery) != Some(true) {
            let text =
                ".cluster.discovery should be enabled when .machine.network.kubespan is enabled";
            findings.main(fault(main, &discovery, text));
        }
        for key in ["id", "secret"] {
            if main.text_at(&["cluster", key]).is_empty() {
                let text = format!(
                    ".cluster.{key} should be set when .machine.network.kubespan is enabled"
                );
                findings.main(fault(main, &["cluster", key], text));
            }
        }
    }
    // The older spelling is Talos' own.
    let filter = match contract <= Contract::V1_11 {
        true => "filer",
        false => "filter",
    };
    for (text, line) in bad_subnets(span.at(&["filters", "endpoints"])) {
        let text = format!("KubeSpan endpoint {filter} is not valid: {}", quote(&text));
        findings.main(Fault::new(path.join("."), line, text));
    }
    let excluded = span.at(&["filters", "excludeAdvertisedNetworks"]);
    for item in excluded.map(Node::items).unwrap_or_default() {
        let text = item.as_text().unwrap_or_default();
        if !formats::is_subnet(text) {
            let text = format!(
                "KubeSpan exclude advertised networks filter is not valid: {}",
                quote(text)
            );
            findings.main(Fault::new(path.join("."), item.line, text));
        }
    }
}

pub(super) fn logging(main: &Node, findings: &mut Findings) {
    let destinations = main.at(&["machine", "logging", "destinations"]);
    let destinations = destinations.map(Node::items).unwrap_or_default();
    for (index, destination) in destinations.iter().enumerate() {
        let mut add = |key: &str, text: String| {
            let line = destination
                .get(key)
                .map_or(destination.line, |node| node.line);
            let path = format!("machine.logging.destinations[{index}].{key}");
            findings.main(Fault::new(path, line, text));
        };
        match destination.get("endpoint") {
            None => add("endpoint", "empty logging endpoint".to_owned()),
            Some(node) => {
                let url = formats::url(node.as_text().unwrap_or_default());
                let url = url.unwrap_or_default();
                if url.host.is_empty() {
                    add("endpoint", "empty logging endpoint's host".to_owned());
                }
                if !matches!(url.scheme.as_str(), "tcp" | "udp") {
                    let scheme = quote(&url.scheme);
                    add(
                        "endpoint",
                        format!("unexpected logging endpoint scheme {scheme}"),
                    );
                }
            }
        }
        let format = destination.text_at(&["format"]);
        if format != "json_lines" {
            add(
                "format",
                format!("unknown logging format {}", quote(format)),
            );
        }
    }
}
