//! The documents of the machine itself: logs, events, extensions, parameters, the installation.

use super::documents::Check;
use super::selectors;
use crate::config::cel::Environment;
use crate::config::formats::{self, quote};
use crate::yaml::Node;

/// What is `https://` and the like, without a path.
fn has_path(url: &formats::Url) -> bool {
    !matches!(url.path.as_str(), "" | "/")
}

/// The first thing that is wrong with where kernel messages go.
pub(super) fn kernel_log(check: &mut Check<'_>) {
    let text = check.text(&["url"]);
    if !check.need(&["name"], "name is required") || !check.need(&["url"], "url is required") {
        return;
    }
    let Ok(url) = formats::url(text) else {
        return;
    };
    let problem = if !matches!(url.scheme.as_str(), "tcp" | "udp") {
        "url scheme must be tcp:// or udp://"
    } else if has_path(&url) {
        "url path must be empty"
    } else if url.port().is_empty() {
        "url port is required"
    } else {
        return;
    };
    check.fault(&["url"], problem);
}

pub(super) fn event_sink(check: &mut Check<'_>) {
    if let Err(reason) = formats::host_port(check.text(&["endpoint"])) {
        check.fault(&["endpoint"], format!("event sink endpoint: {reason}"));
    }
}

/// The first thing that is wrong with a service of an extension.
pub(super) fn extension_service(check: &mut Check<'_>) {
    let name = quote(check.text(&["name"]));
    let files = check.items(&["configFiles"]);
    let problem = |file: &Node| {
        let lacks = |key| file.text_at(&[key]).is_empty();
        match (lacks("content"), lacks("mountPath")) {
            (true, _) => Some("extension content is required for extension"),
            (_, true) => Some("extension mount path is required for extension"),
            _ => None,
        }
    };
    let text = if check.text(&["name"]).is_empty() {
        "name is required".to_owned()
    } else if files.is_empty() && check.items(&["environment"]).is_empty() {
        format!("no config files found for extension {name}")
    } else if let Some(problem) = files.iter().find_map(problem) {
        format!("{problem} {name}")
    } else {
        return;
    };
    check.fault(&["configFiles"], text);
}

pub(super) fn sidero_link(check: &mut Check<'_>) {
    let text = check.text(&["apiUrl"]);
    if !check.need(&["apiUrl"], "apiUrl is required") {
        return;
    }
    let Ok(url) = formats::url(text) else {
        return;
    };
    if !matches!(url.scheme.as_str(), "https" | "grpc") {
        check.fault(&["apiUrl"], "apiUrl scheme must be https:// or grpc://");
    } else if has_path(&url) {
        check.fault(&["apiUrl"], "apiUrl path must be empty");
    }
}

pub(super) fn zswap(check: &mut Check<'_>) {
    let percent = check.number(&["maxPoolPercent"]);
    if percent.is_some_and(|percent| !(0..=100).contains(&percent)) {
        check.fault(
            &["maxPoolPercent"],
            "maxPoolPercent must be between 0 and 100",
        );
    }
}

pub(super) fn watchdog(check: &mut Check<'_>) {
    if !check.need(&["device"], "watchdog device: empty value") {
        return;
    }
    let timeout = check.time(&["timeout"]);
    if timeout != 0 && timeout < 10_000_000_000 {
        check.fault(&["timeout"], "watchdog timeout: minimum value is 10s");
    }
}

pub(super) fn environment(check: &mut Check<'_>) {
    let fits = |name: &str| {
        let first = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        first && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    for entry in sorted(check) {
        if !fits(entry) {
            let text = format!("invalid environment variable name: {}", quote(entry));
            check.fault(&["variables", entry], text);
        }
    }
}

fn sorted<'a>(check: &Check<'a>) -> Vec<&'a str> {
    let entries = check.entries(&["variables"]).iter();
    let mut names: Vec<&str> = entries.map(|entry| entry.key.as_str()).collect();
    names.sort_unstable();
    names
}

/// Parameters of the kernel.
pub(super) fn parameters(check: &mut Check<'_>, what: &str) {
    if check.entries(&["params"]).iter().any(|e| e.key.is_empty()) {
        check.fault(&["params"], format!("{what} key cannot be empty"));
    }
}

/// Files of `/etc` that Talos writes itself.
const MANAGED_FILES: &[&str] = &[
    "resolv.conf",
    "hosts",
    "machine-id",
    "extensions.yaml",
    "localtime",
    "os-release",
    "xattr.conf",
];
const MANAGED_FOLDERS: &[&str] = &[
    "apparmor.d",
    "apparmor",
    "ca-certificates",
    "cni",
    "cri",
    "iscsi",
    "kubernetes",
    "lvm",
    "nvme",
    "pki",
    "selinux",
    "ssl",
];

pub(super) fn etc_file(check: &mut Check<'_>) {
    let name = check.text(&["name"]);
    if !check.need(&["name"], "user etc file name cannot be empty") {
        return;
    }
    let mut depth = 0;
    let leaves = name.split('/').any(|part| {
        match part {
            "" | "." => {}
            ".." => depth -= 1,
            _ => depth += 1,
        }
        depth < 0
    });
    let quoted = quote(name);
    let first = name.split('/').next().unwrap_or_default();
    let managed = MANAGED_FILES.contains(&name) || MANAGED_FOLDERS.contains(&first);
    if leaves || name.starts_with(['/', '.']) {
        let text = format!("user etc file {quoted} must be a local path");
        check.fault(&["name"], text);
    } else if managed {
        let text = format!("user etc file {quoted} is managed by Talos");
        check.fault(&["name"], text);
    }
}

/// What happens when memory runs short.
pub(super) fn memory_short(check: &mut Check<'_>) {
    let trigger = ["triggerExpression"];
    if !check.text(&trigger).is_empty() {
        let says = "OOM trigger expression is invalid";
        check.expression(&trigger, Environment::MemoryShort, says);
    }
    let ranking = ["cgroupRankingExpression"];
    let text = check.text(&ranking);
    if !text.is_empty()
        && let Some(problem) = selectors::ranking_problem(text, check.contract)
    {
        let text = format!("OOM cgroup scoring expression is invalid: {problem}");
        check.fault(&ranking, text);
    }
    if check.time(&["sampleInterval"]) < 0 {
        let text = "OOM sample interval must be longer than 0";
        check.fault(&["sampleInterval"], text);
    }
}

pub(super) fn install(check: &mut Check<'_>) {
    if check.text(&["installer", "image"]).is_empty() {
        let text = "installer.image is not set, if Talos is not booted from asset built by Image Factory, installation will fail";
        check.warn(&["installer", "image"], text);
    }
    let path = ["provisioning", "diskSelector", "match"];
    check.selector(&path, Environment::Disk);
}
