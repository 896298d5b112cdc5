//! Volumes made of several disks, and those from outside.

use super::documents::Check;
use super::volumes;
use crate::config::cel::Environment;
use crate::config::formats::{self, Size};

const SELECTOR: [&str; 3] = ["provisioning", "volumeSelector", "match"];

fn name(check: &mut Check<'_>, most: usize) {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    let says = "name can only contain ASCII letters, digits, hyphens and underscores";
    volumes::name_of(check, most, &fits, says);
}

/// A group of volumes, or an array of disks.
pub(super) fn group(check: &mut Check<'_>, longest_name: usize) {
    name(check, longest_name);
    check.selector(&SELECTOR, Environment::Member);
}

pub(super) fn logical_volume(check: &mut Check<'_>) {
    name(check, 63);
    let kind = match check.text(&["type"]).to_lowercase().as_str() {
        "" => "linear".to_owned(),
        kind => kind.to_owned(),
    };
    for (key, kinds, least) in [
        ("mirrors", ["raid1", "raid10"], 1),
        ("stripes", ["raid0", "raid10"], 2),
    ] {
        let Some(number) = check.number(&[key]) else {
            continue;
        };
        let [one, other] = kinds;
        if !kinds.contains(&kind.as_str()) {
            let text = format!("{key} is only valid for {one}/{other}, not {kind}");
            check.fault(&[key], text);
        } else if number < least {
            check.fault(&[key], format!("{key} must be at least {least}"));
        }
    }
    let group = ["provisioning", "volumeGroup"];
    check.need(&group, "provisioning.volumeGroup is required");
    let most = size(check, "maxSize");
    if most.is_none() {
        let text = "provisioning.maxSize is required";
        check.fault(&["provisioning", "maxSize"], text);
    }
    if most.is_some_and(|most| most.negative) {
        let text = "provisioning.maxSize must not be negative";
        check.fault(&["provisioning", "maxSize"], text);
    }
    let least = size(check, "minSize").and_then(|size| size.bytes);
    let most = match most {
        Some(most) => most.bytes,
        None => Some(0),
    };
    if let (Some(least), Some(most)) = (least, most)
        && least > most
    {
        let text = "provisioning.minSize must not exceed provisioning.maxSize";
        check.fault(&["provisioning", "minSize"], text);
    }
}

fn size(check: &Check<'_>, key: &str) -> Option<Size> {
    let text = check.text(&["provisioning", key]);
    formats::size(text).ok().filter(|_| !text.is_empty())
}

/// A folder of the machine around this one.
pub(super) fn external(check: &mut Check<'_>) {
    volumes::name(check);
    let kind = match check.text(&["filesystemType"]).to_lowercase().as_str() {
        "" => "none".to_owned(),
        kind => kind.to_owned(),
    };
    let path = ["mount", "virtiofs"];
    if kind != "virtiofs" {
        let text = format!("invalid filesystem type: {kind}");
        check.fault(&["filesystemType"], text);
    } else if check.node.at(&path).is_none() {
        check.fault(&path, "virtiofs mount spec is required");
    } else {
        let tag = ["mount", "virtiofs", "tag"];
        check.need(&tag, "virtiofs tag is required");
    }
}
