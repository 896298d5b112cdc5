//! The rules of volumes.

use super::documents::Check;
use crate::Contract;
use crate::config::cel::Environment;
use crate::config::formats::{self, Size};
use crate::yaml::Node;

/// Volumes that stand in a folder of another unless they get a place of their own.
const PROMOTABLE: [&str; 4] = ["ETCD", "CRI", "KUBELET", "LOG"];

/// A volume that Talos itself keeps.
pub(super) fn system(check: &mut Check<'_>) {
    let mut names = vec!["STATE", "EPHEMERAL", "IMAGECACHE"];
    if check.contract == Contract::V1_10 {
        names.remove(0);
    }
    if check.contract >= Contract::V1_14 {
        names.extend(PROMOTABLE);
    }
    let name = check.text(&["name"]);
    if !names.contains(&name) {
        let list = formats::quoted_list(&names);
        return check.fault(&["name"], format!("only {list} volumes are supported"));
    }
    constraints(check, name);
    provisioning(check, false, true);
    if check.contract >= Contract::V1_11 {
        encryption(check);
    }
    upkeep(check);
}

/// What the single volumes cannot have.
fn constraints(check: &mut Check<'_>, name: &str) {
    let newest = check.contract >= Contract::V1_14;
    let mount = check.node.get("mount");
    let mounted =
        newest && mount.is_some_and(|mount| mount.entries().iter().any(|e| !e.value.is_null()));
    if name == "STATE" {
        if is_provisioned(check) {
            let text = format!("provisioning config is not allowed for the {name:?} volume");
            check.fault(&["provisioning"], text);
        }
        for key in check.items(&["encryption", "keys"]) {
            if key.bool_at(&["lockToState"]) == Some(true) {
                let text = format!("state-locked key is not allowed for the {name:?} volume");
                check.fault(&["encryption", "keys"], text);
            }
        }
    }
    if matches!(name, "STATE" | "IMAGECACHE") && mounted {
        let text = format!("mount config is not allowed for the {name:?} volume");
        check.fault(&["mount"], text);
    }
    let filesystem = check.node.at(&["filesystem", "xfs"]).is_some();
    if name == "IMAGECACHE" && newest && filesystem {
        let text = format!("filesystem config is not allowed for the {name:?} volume");
        check.fault(&["filesystem"], text);
    }
    if PROMOTABLE.contains(&name) && mounted && !is_provisioned(check) {
        let text = format!(
            "mount config for the {name:?} volume is only supported when it is provisioned onto a dedicated partition"
        );
        check.fault(&["mount"], text);
    }
}

/// A volume for a person's pods.
pub(super) fn user(check: &mut Check<'_>) {
    name(check);
    match check.text(&["volumeType"]).to_lowercase().as_str() {
        "directory" => directory(check),
        "disk" => {
            provisioning(check, true, false);
            filesystem(check);
            encryption(check);
        }
        "" | "partition" => {
            provisioning(check, true, true);
            filesystem(check);
            encryption(check);
        }
        other => {
            let text = format!("unsupported volume type {other:?}");
            check.fault(&["volumeType"], text);
        }
    }
    upkeep(check);
}

/// A folder has nothing of its own.
fn directory(check: &mut Check<'_>) {
    let newest = check.contract >= Contract::V1_14;
    let filesystem = ["projectQuotaSupport", "xfs"].iter();
    let filesystem = filesystem
        .filter(|key| check.node.at(&["filesystem", key]).is_some())
        .count();
    let typed = !is_none(check.text(&["filesystem", "type"]));
    let mount = |key| check.node.at(&["mount", key]).is_some();
    let mounted = ["secure", "disableAccessTime"].into_iter().any(mount);
    for (wrong, key, text) in [
        (is_provisioned(check), "provisioning", "provisioning spec"),
        (is_encrypted(check), "encryption", "encryption spec"),
        (filesystem > 0 || typed, "filesystem", "filesystem spec"),
        (
            check.contract == Contract::V1_13 && mounted,
            "mount",
            "mount spec",
        ),
        (
            newest && mount("disableAccessTime"),
            "mount",
            "mount.disableAccessTime",
        ),
    ] {
        if wrong {
            check.fault(
                &[key],
                format!("{text} is invalid for volumeType directory"),
            );
        }
    }
}

/// A volume without a filesystem, or for swapping.
pub(super) fn raw(check: &mut Check<'_>) {
    name(check);
    provisioning(check, true, true);
    encryption(check);
}

/// A volume that is there already.
pub(super) fn existing(check: &mut Check<'_>) {
    check.need(&["name"], "name is required");
    characters(check, &is_plain, PLAIN);
    let path = ["discovery", "volumeSelector", "match"];
    match check.text(&path) {
        "" => check.fault(&path, "volume selector is required"),
        _ => check.expression(&path, Environment::Volume, "volume selector is invalid"),
    }
    upkeep(check);
}

const PLAIN: &str =
    "name can only contain lowercase and uppercase ASCII letters, digits, and hyphens";

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-'
}

pub(super) fn name(check: &mut Check<'_>) {
    name_of(check, 34, &is_plain, PLAIN);
}

/// A name of a length, made of some characters.
pub(super) fn name_of(check: &mut Check<'_>, most: usize, fits: &dyn Fn(u8) -> bool, says: &str) {
    check.need(&["name"], "name is required");
    if !(1..=most).contains(&check.text(&["name"]).len()) {
        let text = format!("name must be between 1 and {most} characters long");
        check.fault(&["name"], text);
    }
    characters(check, fits, says);
}

fn characters(check: &mut Check<'_>, fits: &dyn Fn(u8) -> bool, says: &str) {
    if !check.text(&["name"]).bytes().all(fits) {
        check.fault(&["name"], says);
    }
}

const SELECTOR: [&str; 3] = ["provisioning", "diskSelector", "match"];

fn size(check: &Check<'_>, key: &str) -> Option<Size> {
    let text = check.text(&["provisioning", key]);
    formats::size(text).ok().filter(|_| !text.is_empty())
}

fn is_provisioned(check: &Check<'_>) -> bool {
    check.node.at(&["provisioning", "grow"]).is_some()
        || size(check, "minSize").is_some()
        || size(check, "maxSize").is_some()
        || !check.text(&SELECTOR).is_empty()
}

/// Where a volume gets its place, and how much of it.
fn provisioning(check: &mut Check<'_>, required: bool, sized: bool) {
    match check.text(&SELECTOR) {
        "" if required => check.fault(&SELECTOR, "disk selector is required"),
        "" => {}
        _ => check.expression(&SELECTOR, Environment::Disk, "disk selector is invalid"),
    }
    let (least, most) = (size(check, "minSize"), size(check, "maxSize"));
    // Before 1.12 a disk as a whole was not known.
    if !sized {
        let grow = check.node.at(&["provisioning", "grow"]).is_some();
        if least.is_some() || most.is_some() || grow {
            let text = "min size, max size and grow are not supported";
            check.fault(&["provisioning"], text);
        }
        return;
    }
    let bounded = |most: &Size| most.bytes.is_some() && !most.negative;
    match (least, most) {
        (Some(least), Some(most)) if bounded(&most) && least.bytes > most.bytes => {
            let text = "min size is greater than max size";
            check.fault(&["provisioning", "minSize"], text);
        }
        (None, None) if required => {
            check.fault(&["provisioning"], "min size or max size is required");
        }
        _ => {}
    }
    if least.is_some_and(|least| least.negative) {
        let text = "min size cannot be negative";
        check.fault(&["provisioning", "minSize"], text);
    }
}

fn is_none(word: &str) -> bool {
    matches!(word.to_lowercase().as_str(), "" | "none")
}

fn filesystem(check: &mut Check<'_>) {
    let kind = check.text(&["filesystem", "type"]).to_lowercase();
    let known = match kind.as_str() {
        "" | "none" | "xfs" | "ext4" => true,
        "btrfs" => check.contract >= Contract::V1_14,
        _ => false,
    };
    let is_xfs = is_none(&kind) || kind == "xfs";
    let has_options = check.node.at(&["filesystem", "xfs"]).is_some();
    let problem = if !known {
        format!("unsupported filesystem type: {kind}")
    } else if check.is_on(&["filesystem", "projectQuotaSupport"]) && !is_xfs {
        "project quota support is only available for xfs filesystem".to_owned()
    } else if has_options && !is_xfs {
        "xfs options are only available for xfs filesystem".to_owned()
    } else {
        return;
    };
    check.fault(&["filesystem"], problem);
}

fn is_encrypted(check: &Check<'_>) -> bool {
    !is_none(check.text(&["encryption", "provider"]))
        || !check.items(&["encryption", "keys"]).is_empty()
}

fn encryption(check: &mut Check<'_>) {
    if !is_encrypted(check) {
        return;
    }
    let mut texts = Vec::new();
    let provider = check.text(&["encryption", "provider"]).to_lowercase();
    if is_none(&provider) {
        texts.push("unsupported encryption provider: none".to_owned());
    }
    let keys = check.items(&["encryption", "keys"]);
    if keys.is_empty() {
        texts.push("encryption keys are required".to_owned());
    }
    let mut slots = Vec::new();
    for key in keys {
        let slot = key.get("slot").and_then(Node::as_integer);
        let slot = slot.unwrap_or_default();
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
        let registers = key.at(&["tpm", "options", "pcrs"]).map(Node::items);
        for register in registers.unwrap_or_default().iter() {
            let register = register.as_integer().unwrap_or_default();
            if !(0..=23).contains(&register) {
                texts.push(format!("TPM PCR {register} is out of range (0-23)"));
            }
        }
    }
    for text in texts {
        check.fault(&["encryption", "keys"], text);
    }
}

/// How often what is free is given back, and what is written is read again.
fn upkeep(check: &mut Check<'_>) {
    if check.time(&["trim", "interval"]) < 0 {
        let text = "trim interval cannot be negative";
        check.fault(&["trim", "interval"], text);
    }
    scrub_interval(check, &["scrub", "interval"]);
}

pub(super) fn scrub_interval(check: &mut Check<'_>, path: &[&str]) {
    let interval = check.time(path);
    if interval != 0 && interval < 10_000_000_000 {
        check.fault(path, "scrub interval: minimum value is 10s");
    }
}
