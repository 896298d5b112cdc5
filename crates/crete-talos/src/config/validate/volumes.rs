//! The rules of volumes.

use super::documents::Check;
use super::selectors;
use crate::Contract;
use crate::config::cel::Environment;
use crate::config::formats;
use crate::yaml::Node;

/// A volume that Talos itself keeps.
pub(super) fn system(check: &mut Check<'_>) {
    let names: &[&str] = match check.contract {
        Contract::V1_10 => &["EPHEMERAL", "IMAGECACHE"],
        Contract::V1_11 | Contract::V1_12 | Contract::V1_13 => {
            &["STATE", "EPHEMERAL", "IMAGECACHE"]
        }
        Contract::V1_14 => &[
            "STATE",
            "EPHEMERAL",
            "IMAGECACHE",
            "ETCD",
            "CRI",
            "KUBELET",
            "LOG",
        ],
    };
    if !names.contains(&check.node.text_at(&["name"])) {
        let list: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
        let text = format!("only [{}] volumes are supported", list.join(" "));
        check.fault(&["name"], text);
    }
    disk_selector(check);
    sizes(check);
    encryption(check);
}

/// A volume for a person's pods.
pub(super) fn user(check: &mut Check<'_>) {
    name(check);
    let kind = check.node.text_at(&["volumeType"]);
    if kind == "directory" {
        return;
    }
    required_selector(check);
    if kind != "disk" {
        required_size(check);
        sizes(check);
    }
    encryption(check);
}

/// A volume without a filesystem, or for swapping.
pub(super) fn raw(check: &mut Check<'_>) {
    name(check);
    required_selector(check);
    required_size(check);
    sizes(check);
    encryption(check);
}

/// A volume that is there already.
pub(super) fn existing(check: &mut Check<'_>) {
    name(check);
    let path = ["discovery", "volumeSelector", "match"];
    let text = check.node.text_at(&path).to_owned();
    if text.is_empty() {
        check.fault(&path, "volume selector is required");
    } else if let Some(problem) = selectors::problem(&text, Environment::Volume) {
        check.fault(&path, format!("volume selector is invalid: {problem}"));
    }
}

fn name(check: &mut Check<'_>) {
    let name = check.node.text_at(&["name"]);
    let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    let text = match name.len() {
        0 => "name is required",
        1..=34 if name.bytes().all(fits) => return,
        1..=34 => {
            "name can only contain lowercase and uppercase ASCII letters, digits, and hyphens"
        }
        _ => "name must be between 1 and 34 characters long",
    };
    check.fault(&["name"], text);
}

const SELECTOR: [&str; 3] = ["provisioning", "diskSelector", "match"];

fn required_selector(check: &mut Check<'_>) {
    if check.node.text_at(&SELECTOR).is_empty() {
        check.fault(&SELECTOR, "disk selector is required");
    }
    disk_selector(check);
}

fn disk_selector(check: &mut Check<'_>) {
    let text = check.node.text_at(&SELECTOR).to_owned();
    if text.is_empty() {
        return;
    }
    if let Some(problem) = selectors::problem(&text, Environment::Disk) {
        check.fault(&SELECTOR, format!("disk selector is invalid: {problem}"));
    }
}

fn size_at(check: &Check<'_>, key: &str) -> Option<u64> {
    let text = check.node.text_at(&["provisioning", key]);
    match text.is_empty() {
        true => None,
        false => formats::size(text).ok().flatten(),
    }
}

fn required_size(check: &mut Check<'_>) {
    let has = |key: &str| !check.node.text_at(&["provisioning", key]).is_empty();
    if !has("minSize") && !has("maxSize") {
        check.fault(&["provisioning"], "min size or max size is required");
    }
}

fn sizes(check: &mut Check<'_>) {
    if let (Some(least), Some(most)) = (size_at(check, "minSize"), size_at(check, "maxSize"))
        && most != 0
        && least > most
    {
        check.fault(
            &["provisioning", "minSize"],
            "min size is greater than max size",
        );
    }
}

fn encryption(check: &mut Check<'_>) {
    let Some(encryption) = check.node.get("encryption") else {
        return;
    };
    let keys = encryption.get("keys").map(Node::items).unwrap_or_default();
    let mut texts = Vec::new();
    if keys.is_empty() {
        texts.push("encryption keys are required".to_owned());
    }
    let mut slots = Vec::new();
    for key in keys {
        let slot = key
            .get("slot")
            .and_then(Node::as_integer)
            .unwrap_or_default();
        if slots.contains(&slot) {
            texts.push(format!("duplicate key slot {slot}"));
        }
        slots.push(slot);
        let ways = ["nodeID", "static", "kms", "tpm"];
        if !ways.iter().any(|way| key.get(way).is_some()) {
            texts.push(format!(
                "at least one encryption key type must be specified for slot {slot}"
            ));
        }
    }
    for text in texts {
        check.fault(&["encryption", "keys"], text);
    }
}
