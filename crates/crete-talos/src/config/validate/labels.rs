//! Labels, annotations and taints of the node, by Kubernetes' rules.

use super::findings::Findings;
use crate::config::fault::Fault;
use crate::yaml::Node;

pub(super) fn check(main: &Node, findings: &mut Findings) {
    let section = |key: &str| main.at(&["machine", key]);
    let labels = check_labels(section("nodeLabels"), "machine.nodeLabels");
    findings.main_several("invalid machine node labels", labels);
    let path = "machine.nodeAnnotations";
    let annotations = check_annotations(section("nodeAnnotations"), path);
    findings.main_several("invalid machine node annotations", annotations);
    let taints = check_taints(section("nodeTaints"), "machine.nodeTaints");
    findings.main_several("invalid machine node taints", taints);
}

/// Entries in the order of their keys, each with its value and line.
fn sorted(node: Option<&Node>) -> Vec<(&str, &str, usize)> {
    let entries = node.map(Node::entries).unwrap_or_default().iter();
    let mut all: Vec<_> = entries
        .map(|entry| {
            let value = entry.value.as_text().unwrap_or_default();
            (entry.key.as_str(), value, entry.line)
        })
        .collect();
    all.sort_unstable();
    all
}

pub(super) fn check_labels(node: Option<&Node>, path: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (key, value, line) in sorted(node) {
        let problems = [qualified_name(key), label_value(value)];
        for problem in problems.into_iter().filter_map(Result::err) {
            faults.push(Fault::new(format!("{path}.{key}"), line, problem));
        }
    }
    faults
}

pub(super) fn check_annotations(node: Option<&Node>, path: &str) -> Vec<Fault> {
    const MOST: usize = 256 * 1024;
    const RESERVED: [&str; 3] = [
        "talos.dev/owned-annotations",
        "talos.dev/owned-labels",
        "talos.dev/owned-taints",
    ];
    let mut faults = Vec::new();
    let mut size = 0;
    for (key, value, line) in sorted(node) {
        let path = format!("{path}.{key}");
        if let Err(problem) = qualified_name(key) {
            faults.push(Fault::new(path.clone(), line, problem));
        }
        if RESERVED.contains(&key) {
            let text = format!("annotation {key:?} is reserved");
            faults.push(Fault::new(path, line, text));
        }
        size += key.len() + value.len();
    }
    if size > MOST {
        let text = format!("total annotation size exceeds limit of {MOST} bytes");
        faults.push(Fault::new(path, 0, text));
    }
    faults
}

pub(super) fn check_taints(node: Option<&Node>, path: &str) -> Vec<Fault> {
    let effects = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
    let mut faults = Vec::new();
    for (key, text, line) in sorted(node) {
        let (value, effect) = text.split_once(':').unwrap_or(("", text));
        let problem = qualified_name(key).and_then(|()| match effects.contains(&effect) {
            true => label_value(value),
            false => Err(format!("invalid taint effect: {effect:?}")),
        });
        if let Err(problem) = problem {
            faults.push(Fault::new(format!("{path}.{key}"), line, problem));
        }
    }
    faults
}

/// Letters, digits, and `-_.` between them.
fn is_name(text: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    edge(text.chars().next()) && edge(text.chars().last()) && text.chars().all(inner)
}

pub(super) fn qualified_name(text: &str) -> Result<(), String> {
    let parts: Vec<&str> = text.split('/').collect();
    let name = match parts.as_slice() {
        [name] => name,
        ["", _] => return Err(format!("prefix cannot be empty: {text:?}")),
        [prefix, name] => {
            subdomain(prefix)
                .map_err(|reason| format!("prefix {prefix:?} is invalid: {reason}"))?;
            name
        }
        _ => return Err(format!("invalid format: too many slashes: {text:?}")),
    };
    match name.len() {
        0 => Err(format!("name cannot be empty: {text:?}")),
        1..=63 if is_name(name) => Ok(()),
        1..=63 => Err(format!("name {name:?} is invalid")),
        _ => Err(format!("name is too long: {text:?} (limit is 63)")),
    }
}

pub(super) fn subdomain(text: &str) -> Result<(), String> {
    if text.len() > 253 {
        return Err(format!("domain name length exceeds limit of 253: {text:?}"));
    }
    let label = |label: &str| {
        let fits = |b: u8| b.is_ascii_digit() || b.is_ascii_lowercase() || b == b'-';
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(fits)
    };
    match text.split('.').all(label) {
        true => Ok(()),
        false => Err(format!("domain doesn't match required format: {text:?}")),
    }
}

fn label_value(text: &str) -> Result<(), String> {
    match text.len() {
        64.. => Err(format!("label value length exceeds limit of 63: {text:?}")),
        0 => Ok(()),
        _ if is_name(text) => Ok(()),
        _ => Err(format!("label value {text:?} is invalid")),
    }
}
