//! The rule that Talos runs only the Kubernetes versions it knows.

use super::findings::Findings;
use super::main_document::{Kind, fault, kind};
use crate::Contract;
use crate::yaml::Node;

const CONTROL_PLANE: [(&str, &str); 3] = [
    ("apiServer", "kube-apiserver"),
    ("controllerManager", "kube-controller-manager"),
    ("scheduler", "kube-scheduler"),
];

/// Checks the images that the main document names.
pub(super) fn check_main(main: &Node, contract: Contract, talos: &str, findings: &mut Findings) {
    let mut check = |path: &[&str], name: &str| {
        let image = main.text_at(path);
        if let Some(problem) = problem(image, contract, talos).filter(|_| !image.is_empty()) {
            let text = format!("{name} image is not valid: {problem}");
            findings.main(fault(main, path, text));
        }
    };
    check(&["machine", "kubelet", "image"], "kubelet");
    if kind(main) == Kind::ControlPlane {
        for (key, name) in CONTROL_PLANE {
            check(&["cluster", key, "image"], name);
        }
    }
}

/// Why an image cannot be run.
pub(super) fn problem(image: &str, contract: Contract, talos: &str) -> Option<String> {
    let bare = image.split('@').next().unwrap_or_default();
    let last = bare.rsplit('/').next().unwrap_or_default();
    let unreadable = |reason: String| {
        format!("failed to parse Kubernetes version from image reference {image:?}: {reason}")
    };
    let Some((_, tag)) = last.split_once(':') else {
        return Some(unreadable(format!("invalid image reference: {image:?}")));
    };
    let plain = tag.strip_prefix('v').unwrap_or(tag);
    let Ok(version) = semver::Version::parse(plain) else {
        return Some(unreadable("Invalid Semantic Version".to_owned()));
    };
    let (oldest, newest) = contract.kubernetes();
    let word = match (version.major, version.minor) {
        (0, _) => "old",
        (1, minor) if minor < oldest => "old",
        (1, minor) if minor <= newest => return None,
        _ => "new",
    };
    Some(format!(
        "version of Kubernetes {version} is too {word} to be used with Talos {talos}"
    ))
}

/// The minor version that an image's tag names; nothing for what names none.
pub(in crate::config) fn minor(image: &str) -> Option<u64> {
    let bare = image.split('@').next()?;
    let (_, tag) = bare.rsplit('/').next()?.split_once(':')?;
    let version = semver::Version::parse(tag.strip_prefix('v').unwrap_or(tag)).ok()?;
    (version.major == 1).then_some(version.minor)
}
