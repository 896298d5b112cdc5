//! Disk selectors: of the main document, which become an expression, and expressions themselves.

use super::Disk;
use super::findings::Findings;
use super::main_document::fault;
use crate::Contract;
use crate::config::cel::{self, Environment, Wanted};
use crate::config::formats;
use crate::yaml::Node;

/// The expression that Talos makes of `machine.install.diskSelector`; nothing without one.
pub(super) fn legacy_expression(install: &Node) -> Result<Option<String>, String> {
    let Some(selector) = install.get("diskSelector") else {
        return Ok(None);
    };
    let mut parts = Vec::new();
    let size = selector.text_at(&["size"]);
    if selector.get("size").is_some() {
        let (operator, bytes) = formats::size_match(size)?;
        let operator = if operator.is_empty() { "==" } else { operator };
        parts.push(format!("disk.size {operator} {bytes}u"));
    }
    let pattern = |key: &str, field: &str| {
        let text = selector.text_at(&[key]);
        (!text.is_empty()).then(|| format!("glob({}, disk.{field})", formats::quote(text)))
    };
    for key in ["uuid", "wwid", "model"] {
        parts.extend(pattern(key, key));
    }
    if !selector.text_at(&["name"]).is_empty() {
        return Err("selector on name is not supported".to_owned());
    }
    for key in ["serial", "modalias"] {
        parts.extend(pattern(key, key));
    }
    parts.push("disk.transport != \"\"".to_owned());
    match selector.text_at(&["type"]) {
        "" => {}
        "nvme" => parts.push("disk.transport == \"nvme\"".to_owned()),
        "sd" => parts.push("disk.transport == \"mmc\"".to_owned()),
        "hdd" => parts.push("disk.rotational".to_owned()),
        "ssd" => parts.push("!disk.rotational".to_owned()),
        other => return Err(format!("unsupported disk type {}", formats::quote(other))),
    }
    parts.extend(pattern("busPath", "bus_path"));
    parts.extend(["!disk.readonly", "!disk.cdrom"].map(str::to_owned));
    Ok(Some(parts.join(" && ")))
}

/// Looks for a disk that the main document's selector takes.
pub(super) fn match_disks(main: &Node, disks: &[Disk], findings: &mut Findings) {
    let Some(install) = main.at(&["machine", "install"]) else {
        return;
    };
    let path = ["machine", "install", "diskSelector"];
    match legacy_expression(install) {
        Err(problem) => {
            let text = format!("install disk selector is invalid: {problem}");
            findings.main(fault(main, &path, text));
        }
        Ok(Some(text)) if !any_matches(&text, disks) => {
            let text = format!("no disks matched the expression: {text}");
            findings.main(fault(main, &path, text));
        }
        Ok(_) => {}
    }
}

/// False only when it is certain that no disk is taken.
pub(super) fn any_matches(text: &str, disks: &[Disk]) -> bool {
    let Ok(expression) = cel::parse(text) else {
        return true;
    };
    disks.iter().any(|disk| {
        let lookup = |object: &str, field: &str| disk.lookup(object, field);
        cel::matches(&expression, &lookup) != Some(false)
    })
}

/// What is wrong with an expression that is true or false, as Talos shows it.
pub(super) fn problem(text: &str, environment: Environment, contract: Contract) -> Option<String> {
    said(text, environment, Wanted::Truth, contract)
}

/// What is wrong with an expression that gives groups of processes their rank.
pub(super) fn ranking_problem(text: &str, contract: Contract) -> Option<String> {
    said(text, Environment::Ranking, Wanted::Number, contract)
}

fn said(
    text: &str,
    environment: Environment,
    wanted: Wanted,
    contract: Contract,
) -> Option<String> {
    let checked =
        cel::parse(text).and_then(|parsed| cel::check(&parsed, environment, wanted, contract));
    checked.err().map(|problem| problem.shown(text))
}
