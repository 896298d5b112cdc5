//! Containers that Talos runs by itself.

use super::documents::Check;
use super::images::reference;
use crate::config::formats::{self, quote};
use crate::yaml::Node;

const OPTIONS: &[&str] = &[
    "ro", "rw", "noexec", "nosuid", "nodev", "noatime", "rbind", "rshared",
];
const CONDITIONS: &[&str] = &["addresses", "connectivity", "hostname", "etcfiles"];

pub(super) fn container(check: &mut Check<'_>) {
    let name = check.text(&["name"]);
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if name.is_empty() {
        check.fault(&["name"], "name is required");
    } else if name.len() > 63 {
        let text = format!("name {} must be 63 characters or fewer", quote(name));
        check.fault(&["name"], text);
    } else if !name.bytes().all(fits) {
        let text = format!(
            "name {}: name can only contain lowercase ASCII letters, digits and hyphens",
            quote(name)
        );
        check.fault(&["name"], text);
    }
    image(check, name);
    for (index, variable) in check.items(&["environment"]).iter().enumerate() {
        let text = variable.as_text().unwrap_or_default();
        if !text.contains('=') {
            let text = format!(
                "environment[{index}]: {} must be in KEY=value form",
                quote(text)
            );
            check.fault(&["environment"], text);
        }
    }
    mounts(check);
    security(check);
    let mode = check.text(&["network", "mode"]);
    if !matches!(mode, "" | "none" | "host") {
        let text = format!(
            "unsupported network mode {}, expected none or host",
            quote(mode)
        );
        check.fault(&["network", "mode"], text);
    }
    resources(check);
    depends(check, name);
    for key in ["uid", "gid"] {
        let number = check.number(&["runAs", key]).unwrap_or_default();
        if number < 0 {
            let text = format!("runAs.{key} must be non-negative, got {number}");
            check.fault(&["runAs", key], text);
        }
    }
}

fn image(check: &mut Check<'_>, name: &str) {
    let image = check.text(&["image"]);
    if !check.need(&["image"], "image is required") {
        return;
    }
    match reference(image) {
        Err(reason) => {
            let text = format!("invalid image reference {}: {reason}", quote(image));
            check.fault(&["image"], text);
        }
        Ok(false) => {
            let (name, image) = (quote(name), quote(image));
            let text = format!(
                "container {name}: image {image} is not digest-pinned, the running image may change on restart"
            );
            check.warn(&["image"], text);
        }
        Ok(true) => {}
    }
}

fn absolute(what: &str, path: &str) -> Option<String> {
    match path {
        "" => Some(format!("{what} is required")),
        path if !path.starts_with('/') => {
            Some(format!("{what} {} must be an absolute path", quote(path)))
        }
        _ => None,
    }
}

fn mounts(check: &mut Check<'_>) {
    let mut destinations = Vec::new();
    for (index, mount) in check.items(&["mounts"]).iter().enumerate() {
        let kinds = ["userVolume", "tmpfs", "hostPath"];
        let mut given = kinds
            .iter()
            .filter_map(|kind| Some((*kind, mount.get(kind)?)));
        let problems = match (given.next(), given.next()) {
            (Some((kind, inner)), None) => {
                let destination = inner.text_at(&["destination"]);
                let problems = mount_problems(kind, inner);
                if problems.is_empty() {
                    if destinations.contains(&destination) {
                        let destination = quote(destination);
                        let text = format!("mounts[{index}]: duplicate destination {destination}");
                        check.fault(&["mounts"], text);
                    }
                    destinations.push(destination);
                }
                problems
            }
            _ => vec!["exactly one of userVolume, tmpfs or hostPath must be set".to_owned()],
        };
        if !problems.is_empty() {
            let text = format!("mounts[{index}]: {}", problems.join("\n"));
            check.fault(&["mounts"], text);
        }
    }
}

fn mount_problems(kind: &str, mount: &Node) -> Vec<String> {
    let mut problems = Vec::new();
    if kind == "userVolume" && mount.text_at(&["name"]).is_empty() {
        problems.push("userVolume.name is required".to_owned());
    }
    let keys: &[&str] = match kind {
        "hostPath" => &["source", "destination"],
        _ => &["destination"],
    };
    for key in keys {
        problems.extend(absolute(&format!("{kind}.{key}"), mount.text_at(&[key])));
    }
    let options = mount.get("options").map(Node::items).unwrap_or_default();
    let options: Vec<&str> = options.iter().filter_map(Node::as_text).collect();
    for option in options.iter().filter(|option| !OPTIONS.contains(option)) {
        problems.push(format!("unsupported mount option {}", quote(option)));
    }
    if options.contains(&"ro") && options.contains(&"rw") {
        problems.push("mount options ro and rw are mutually exclusive".to_owned());
    }
    problems
}

fn security(check: &mut Check<'_>) {
    if check.node.get("security").is_none() {
        return;
    }
    let profile = check.text(&["security", "profile"]);
    if !matches!(profile, "" | "restricted" | "privileged") {
        let text = format!(
            "unsupported security profile {}, expected restricted or privileged",
            quote(profile)
        );
        check.fault(&["security", "profile"], text);
    }
    let texts = |key| {
        let items = check.items(&["security", "capabilities", key]).iter();
        items.filter_map(Node::as_text).collect::<Vec<_>>()
    };
    let (add, drop) = (texts("add"), texts("drop"));
    let mut problems = Vec::new();
    for one in &add {
        if *one == "ALL" {
            problems.push(
                "capabilities.add does not accept ALL, use profile: privileged instead".to_owned(),
            );
        } else {
            problems.extend(capability("capabilities.add", one));
        }
    }
    let named = drop.iter().filter(|one| **one != "ALL");
    problems.extend(named.filter_map(|one| capability("capabilities.drop", one)));
    for one in add.iter().filter(|one| drop.contains(one)) {
        let one = quote(one);
        problems.push(format!("capability {one} appears in both add and drop"));
    }
    for problem in problems {
        check.fault(&["security", "capabilities"], problem);
    }
}

fn capability(field: &str, name: &str) -> Option<String> {
    let quoted = quote(name);
    Some(match name {
        "" => format!("{field}: capability name must not be empty"),
        _ if name.starts_with("CAP_") => {
            format!("{field}: capability {quoted} must be given without the CAP_ prefix")
        }
        _ if name.to_uppercase() != name => {
            format!("{field}: capability {quoted} must be upper case")
        }
        _ if !name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_') => format!(
            "{field}: capability {quoted} may only contain upper case letters and underscores"
        ),
        _ => return None,
    })
}

fn resources(check: &mut Check<'_>) {
    let memory = check.text(&["resources", "limits", "memory"]);
    if let Err(reason) = formats::bytes(memory)
        && !memory.is_empty()
    {
        let text = format!(
            "limits.memory {} is not a valid size: {reason}",
            quote(memory)
        );
        check.fault(&["resources", "limits", "memory"], text);
    }
    let cpu = check.text(&["resources", "limits", "cpu"]);
    if cpu.is_empty() {
        return;
    }
    let problem = match cpu.strip_suffix('m') {
        None => "must be expressed in millicores, e.g. 1500m".to_owned(),
        Some(number) => {
            let digits = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
            match number.parse::<u64>() {
                Ok(0) if digits => "must be greater than zero".to_owned(),
                Ok(_) if digits => return,
                _ => {
                    let reason = if digits {
                        "value out of range"
                    } else {
                        "invalid syntax"
                    };
                    let number = quote(number);
                    format!(
                        "is not a valid millicore quantity: strconv.ParseUint: parsing {number}: {reason}"
                    )
                }
            }
        }
    };
    let text = format!("limits.cpu {} {problem}", quote(cpu));
    check.fault(&["resources", "limits", "cpu"], text);
}

fn depends(check: &mut Check<'_>, name: &str) {
    let texts = |key| {
        let items = check.items(&["dependsOn", key]).iter();
        items
            .map(|item| item.as_text().unwrap_or_default())
            .collect::<Vec<_>>()
    };
    let mut problems = Vec::new();
    for path in texts("paths") {
        problems.extend(absolute("dependsOn.paths entry", path));
    }
    for condition in texts("networks") {
        if !CONDITIONS.contains(&condition) {
            let condition = quote(condition);
            problems.push(format!(
                "unsupported dependsOn.networks condition {condition}"
            ));
        }
    }
    for other in texts("containers") {
        if other.is_empty() {
            problems.push("dependsOn.containers entry must not be empty".to_owned());
        } else if other == name {
            let name = quote(name);
            problems.push(format!("container {name} cannot depend on itself"));
        }
    }
    for problem in problems {
        check.fault(&["dependsOn"], problem);
    }
}
