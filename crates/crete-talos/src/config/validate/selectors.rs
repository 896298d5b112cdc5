//! Disk selectors: of the main document, which become an expression, and expressions themselves.

use super::Disk;
use super::findings::Findings;
use super::main_document::fault;
use crate::config::cel::{self, Environment};
use crate::config::formats;
use crate::yaml::Node;

/// The expression that Talos makes of `machine.install.diskSelector`; nothing without one.
pub(super) fn legacy_expression(install: &Node) -> Result<Option<String>, String> {
    let selector = install
        .get("diskSelector")
        .filter(|node| !node.entries().is_empty());
    let Some(selector) = selector else {
        return Ok(None);
    };
    let mut parts = Vec::new();
    let size = selector.text_at(&["size"]);
    if !size.is_empty() {
        let (operator, bytes) = formats::size_match(size)?;
        parts.push(format!("disk.size {operator} {bytes}u"));
    }
    for (key, field) in [
        ("name", "dev_path"),
        ("model", "model"),
        ("serial", "serial"),
        ("modalias", "modalias"),
        ("uuid", "uuid"),
        ("wwid", "wwid"),
        ("busPath", "bus_path"),
    ] {
        let text = selector.text_at(&[key]);
        if !text.is_empty() {
            // A pattern for all but exact texts.
            let part = match text.contains(['*', '?', '[']) {
                true => format!("glob({text:?}, disk.{field})"),
                false => format!("disk.{field} == {text:?}"),
            };
            parts.push(part);
        }
    }
    match selector.text_at(&["type"]) {
        "" => {}
        "nvme" => parts.push("disk.transport == \"nvme\"".to_owned()),
        "sd" => parts.push("disk.transport == \"mmc\"".to_owned()),
        "hdd" => parts.push("disk.rotational".to_owned()),
        "ssd" => parts.push("!disk.rotational".to_owned()),
        other => return Err(format!("unsupported disk type {other:?}")),
    }
    for part in ["disk.transport != \"\"", "!disk.readonly", "!disk.cdrom"] {
        parts.push(part.to_owned());
    }
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

/// What is wrong with an expression, as Talos shows it.
pub(super) fn problem(text: &str, environment: Environment) -> Option<String> {
    let checked = cel::parse(text).and_then(|parsed| cel::check(&parsed, environment));
    checked.err().map(|problem| problem.shown(text))
}
