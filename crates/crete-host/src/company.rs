//! What somebody set on this computer that machines inside it need too. Only what was set is found:
//! what the distribution brings along says nothing about this network.

use crate::world::World;
use crete_model::{MirrorOffer, ProxyOffer, TimeOffer};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where an administrator puts authorities, by family: Debian, Fedora, Arch, openSUSE.
const ANCHORS: &[&str] = &[
    "/usr/local/share/ca-certificates",
    "/etc/pki/ca-trust/source/anchors",
    "/etc/ca-certificates/trust-source/anchors",
    "/etc/pki/trust/anchors",
];

/// Files of time servers, and what begins a line that names one.
const TIME: &[(&str, &[&str])] = &[
    ("/etc/systemd/timesyncd.conf", &["NTP="]),
    ("/etc/chrony.conf", &["server ", "pool "]),
    ("/etc/chrony/chrony.conf", &["server ", "pool "]),
    ("/etc/ntp.conf", &["server ", "pool "]),
    ("/etc/ntpsec/ntp.conf", &["server ", "pool "]),
];
/// Folders of such files, with their ending.
const TIME_FOLDERS: &[(&str, &str, &[&str])] = &[
    ("/etc/systemd/timesyncd.conf.d", ".conf", &["NTP="]),
    ("/etc/chrony/sources.d", ".sources", &["server ", "pool "]),
    ("/etc/chrony/conf.d", ".conf", &["server ", "pool "]),
    ("/etc/chrony.d", ".conf", &["server ", "pool "]),
];

/// Time servers that every distribution brings: Talos' own do as well.
const USUAL_TIME: &[&str] = &[
    ".pool.ntp.org",
    "pool.ntp.org",
    "ntp.ubuntu.com",
    "time.cloudflare.com",
];

const PROXY: &[&str] = &["http_proxy", "https_proxy", "no_proxy"];

/// A file with certificates that somebody added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnchorFile {
    /// The file.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
}

/// The proxy of this computer: by the environment of this program, or else by the file that every
/// login reads. `chosen` is the address in Crete's own settings, which comes first.
#[must_use]
pub fn proxy(world: &dyn World, chosen: &str) -> Option<ProxyOffer> {
    let environment = |name: &str| {
        let upper = name.to_uppercase();
        let found = world.variable(name).or_else(|| world.variable(&upper));
        found.filter(|value| !value.trim().is_empty())
    };
    let etc = "/etc/environment";
    let login = world.read(Path::new(etc)).map(|text| assignments(&text));
    let login = login.unwrap_or_default();
    let of_login = |name: &str| login.get(name).or_else(|| login.get(&name.to_uppercase()));
    let has = |find: &dyn Fn(&str) -> Option<String>| {
        let values = PROXY
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), find(name)?)));
        let values: Vec<(String, String)> = values.collect();
        let proxied = values.iter().any(|(name, _)| name != "no_proxy");
        proxied.then_some(values)
    };
    let (mut variables, source) = match (chosen.is_empty(), has(&environment)) {
        (false, _) => {
            let both = ["http_proxy", "https_proxy"];
            let set = both.map(|name| (name.to_owned(), chosen.to_owned()));
            (set.to_vec(), String::new())
        }
        (true, Some(found)) => (found, String::new()),
        (true, None) => (has(&|name| of_login(name).cloned())?, etc.to_owned()),
    };
    if let (false, Some(direct)) = (chosen.is_empty(), environment("no_proxy")) {
        variables.push(("no_proxy".to_owned(), direct));
    }
    let addresses = variables.iter().filter(|(name, _)| name != "no_proxy");
    let hosts: Vec<(String, bool)> = addresses.map(|(_, address)| host_of(address)).collect();
    Some(ProxyOffer {
        local: hosts.iter().any(|(host, _)| is_local(host)),
        password: hosts.iter().any(|(_, password)| *password),
        variables,
        source,
    })
}

/// `NAME=value` lines, quotes taken off.
fn assignments(text: &str) -> BTreeMap<String, String> {
    let lines = text.lines().map(str::trim);
    let lines = lines.filter(|line| !line.starts_with('#'));
    let pairs = lines.filter_map(|line| {
        let line = line.strip_prefix("export ").unwrap_or(line);
        let (name, value) = line.split_once('=')?;
        let value = value.trim().trim_matches(['"', '\'']);
        (!value.is_empty()).then(|| (name.trim().to_owned(), value.to_owned()))
    });
    pairs.collect()
}

/// The host of an address, and whether a password stands before it.
fn host_of(address: &str) -> (String, bool) {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or_default();
    let (user, place) = match authority.rsplit_once('@') {
        Some((user, place)) => (user, place),
        None => ("", authority),
    };
    let host = match place.strip_prefix('[') {
        Some(inner) => inner.split(']').next().unwrap_or_default(),
        None => place.split(':').next().unwrap_or_default(),
    };
    (host.to_owned(), user.contains(':'))
}

fn is_local(host: &str) -> bool {
    let address = host.parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// Files of authorities that somebody added, by where distributions look for them.
#[must_use]
pub fn anchors(world: &dyn World) -> Vec<AnchorFile> {
    let mut found = Vec::new();
    for folder in ANCHORS {
        let mut folders = vec![PathBuf::from(folder)];
        // Debian's may have folders inside; a loop of links ends.
        for _ in 0..64 {
            let Some(folder) = folders.pop() else {
                break;
            };
            for name in world.list(&folder) {
                let path = folder.join(name);
                match world.read(&path) {
                    Some(text) if text.contains("-----BEGIN CERTIFICATE-----") => {
                        found.push(AnchorFile { path, text });
                    }
                    Some(_) => {}
                    None => folders.push(path),
                }
            }
        }
    }
    found
}

/// Time servers that somebody set.
#[must_use]
pub fn time_servers(world: &dyn World) -> Vec<TimeOffer> {
    let mut files: Vec<(PathBuf, &[&str])> = Vec::new();
    files.extend(
        TIME.iter()
            .map(|(path, begins)| (PathBuf::from(path), *begins)),
    );
    for (folder, ending, begins) in TIME_FOLDERS {
        let names = world.list(Path::new(folder)).into_iter();
        let names = names.filter(|name| name.ends_with(ending));
        files.extend(names.map(|name| (Path::new(folder).join(name), *begins)));
    }
    let mut found: Vec<TimeOffer> = Vec::new();
    for (path, begins) in files {
        let Some(text) = world.read(&path) else {
            continue;
        };
        for line in text.lines().map(str::trim) {
            let Some(rest) = begins.iter().find_map(|begin| line.strip_prefix(begin)) else {
                continue;
            };
            // After a server's name come its options; after `NTP=` more servers.
            let many = begins.contains(&"NTP=");
            let take = if many { usize::MAX } else { 1 };
            for server in rest.split_whitespace().take(take) {
                let usual = USUAL_TIME.iter().any(|usual| server.ends_with(usual));
                if !usual && !found.iter().any(|one| one.server == server) {
                    found.push(TimeOffer {
                        server: server.to_owned(),
                        source: path.display().to_string(),
                    });
                }
            }
        }
    }
    found
}

/// Mirrors of registries that this computer's container tools use.
#[must_use]
pub fn mirrors(world: &dyn World) -> Vec<MirrorOffer> {
    let mut found = Vec::new();
    let mut add = |registry: &str, endpoints: Vec<String>, source: &Path| {
        let known = found
            .iter()
            .any(|one: &MirrorOffer| one.registry == registry);
        if registry.is_empty() || endpoints.is_empty() || known {
            return;
        }
        let local = endpoints
            .iter()
            .any(|endpoint| is_local(&host_of(endpoint).0));
        found.push(MirrorOffer {
            registry: registry.to_owned(),
            local,
            endpoints,
            source: source.display().to_string(),
        });
    };
    for path in registry_files(world) {
        let text = world.read(&path).unwrap_or_default();
        for (registry, endpoints) in containers(&text) {
            add(&registry, endpoints, &path);
        }
    }
    let docker = Path::new("/etc/docker/daemon.json");
    let text = world.read(docker).unwrap_or_default();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let list = json["registry-mirrors"].as_array().into_iter().flatten();
    let endpoints = list
        .filter_map(|one| one.as_str().map(str::to_owned))
        .collect();
    add("docker.io", endpoints, docker);
    let folder = Path::new("/etc/containerd/certs.d");
    for registry in world.list(folder) {
        let path = folder.join(&registry).join("hosts.toml");
        let text = world.read(&path).unwrap_or_default();
        let table = text.parse::<toml::Table>().unwrap_or_default();
        let hosts = table.get("host").and_then(toml::Value::as_table);
        let endpoints = hosts.into_iter().flatten().map(|(url, _)| url.clone());
        let registry = if registry == "_default" {
            "*"
        } else {
            &registry
        };
        add(registry, endpoints.collect(), &path);
    }
    found
}

/// Files of the container tools, the person's own first.
fn registry_files(world: &dyn World) -> Vec<PathBuf> {
    let mut files = Vec::new();
    if let Some(home) = world.variable("HOME") {
        files.push(Path::new(&home).join(".config/containers/registries.conf"));
    }
    files.push(PathBuf::from("/etc/containers/registries.conf"));
    let folder = Path::new("/etc/containers/registries.conf.d");
    let names = world.list(folder).into_iter();
    files.extend(
        names
            .filter(|name| name.ends_with(".conf"))
            .map(|name| folder.join(name)),
    );
    files
}

/// Registries with mirrors in the file of podman and its like.
fn containers(text: &str) -> Vec<(String, Vec<String>)> {
    let table = text.parse::<toml::Table>().unwrap_or_default();
    let registries = table.get("registry").and_then(toml::Value::as_array);
    let registries = registries.into_iter().flatten();
    let word = |value: &toml::Value, key: &str| {
        let found = value.get(key).and_then(toml::Value::as_str);
        found.unwrap_or_default().to_owned()
    };
    let flag = |value: &toml::Value| value.get("insecure").and_then(toml::Value::as_bool);
    let all = registries.map(|one| {
        let prefix = word(one, "prefix");
        let registry = if prefix.is_empty() {
            word(one, "location")
        } else {
            prefix
        };
        let mirrors = one.get("mirror").and_then(toml::Value::as_array);
        let mirrors = mirrors.into_iter().flatten().map(|mirror| {
            let scheme = if flag(mirror) == Some(true) {
                "http"
            } else {
                "https"
            };
            format!("{scheme}://{}", word(mirror, "location"))
        });
        (registry, mirrors.collect::<Vec<_>>())
    });
    // Talos knows registries by their host alone.
    all.filter(|(registry, _)| !registry.contains('/') && !registry.starts_with("*."))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RecordedWorld;

    /// A computer with these files and variables.
    fn world(files: &[(&str, &str)], variables: &[(&str, &str)]) -> RecordedWorld {
        let mut text = String::from("arch: amd64\n");
        let mut section = |name: &str, pairs: &[(&str, &str)]| {
            if !pairs.is_empty() {
                text.push_str(&format!("{name}:\n"));
            }
            for (key, value) in pairs {
                text.push_str(&format!("  {key:?}: {value:?}\n"));
            }
        };
        section("files", files);
        section("variables", variables);
        serde_saphyr::from_str(&text).unwrap()
    }

    #[test]
    fn a_proxy_is_the_settings_the_environments_or_the_logins() {
        let none = world(&[], &[("no_proxy", "x")]);
        assert_eq!(proxy(&none, ""), None);
        let set = world(
            &[],
            &[
                ("HTTPS_PROXY", "http://me:word@proxy.example:3128"),
                ("no_proxy", "intra.example"),
            ],
        );
        let found = proxy(&set, "").unwrap();
        assert_eq!(found.variables[0].0, "https_proxy");
        assert!(found.password && !found.local);
        assert!(!format!("{found:?}").contains("word@"));
        let chosen = proxy(&set, "http://127.0.0.1:8080").unwrap();
        assert!(chosen.local && !chosen.password);
        assert_eq!(chosen.variables.len(), 3, "{chosen:?}");
        let login = world(
            &[(
                "/etc/environment",
                "# a\nexport http_proxy=\"http://p.example:1/\"\nLANG=C\n",
            )],
            &[],
        );
        let found = proxy(&login, "").unwrap();
        assert_eq!(
            found.variables,
            [("http_proxy".to_owned(), "http://p.example:1/".to_owned())]
        );
        assert_eq!(found.source, "/etc/environment");
    }

    #[test]
    fn authorities_are_found_where_each_family_keeps_them() {
        let pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for place in [
            "/usr/local/share/ca-certificates/company/root.crt",
            "/etc/pki/ca-trust/source/anchors/root.pem",
            "/etc/ca-certificates/trust-source/anchors/root.crt",
            "/etc/pki/trust/anchors/root.pem",
        ] {
            let found = anchors(&world(&[(place, pem)], &[]));
            assert_eq!(found.len(), 1, "{place}");
            assert_eq!(
                (found[0].path.to_str(), found[0].text.as_str()),
                (Some(place), pem)
            );
        }
        let readme = world(&[("/etc/pki/trust/anchors/README", "put them here")], &[]);
        assert_eq!(anchors(&readme), []);
    }

    #[test]
    fn time_servers_are_those_that_somebody_set() {
        let found = time_servers(&world(
            &[
                (
                    "/etc/systemd/timesyncd.conf",
                    "[Time]\n#NTP=\nNTP=time.intra.example 10.0.0.1\nFallbackNTP=ntp.ubuntu.com\n",
                ),
                (
                    "/etc/chrony/chrony.conf",
                    "pool 2.debian.pool.ntp.org iburst\nserver time.intra.example\n",
                ),
                (
                    "/etc/chrony/sources.d/site.sources",
                    "server clock.example iburst\n",
                ),
            ],
            &[],
        ));
        let servers: Vec<&str> = found.iter().map(|one| one.server.as_str()).collect();
        assert_eq!(servers, ["time.intra.example", "10.0.0.1", "clock.example"]);
        assert_eq!(found[2].source, "/etc/chrony/sources.d/site.sources");
    }

    #[test]
    fn mirrors_are_those_of_podman_docker_and_containerd() {
        let podman = "[[registry]]\nprefix = \"docker.io\"\nlocation = \"docker.io\"\n[[registry.mirror]]\nlocation = \"mirror.example/hub\"\n[[registry.mirror]]\nlocation = \"127.0.0.1:5000\"\ninsecure = true\n[[registry]]\nprefix = \"quay.io/org\"\n[[registry.mirror]]\nlocation = \"x\"\n";
        let found = mirrors(&world(
            &[
                ("/etc/containers/registries.conf.d/site.conf", podman),
                (
                    "/etc/docker/daemon.json",
                    "{\"registry-mirrors\": [\"https://other.example\"]}",
                ),
                (
                    "/etc/containerd/certs.d/ghcr.io/hosts.toml",
                    "server = \"https://ghcr.io\"\n[host.\"https://ghcr.mirror.example\"]\ncapabilities = [\"pull\"]\n",
                ),
            ],
            &[],
        ));
        assert_eq!(
            found.len(),
            2,
            "the first that names a registry wins: {found:?}"
        );
        assert_eq!(found[0].registry, "docker.io");
        assert_eq!(
            found[0].endpoints,
            ["https://mirror.example/hub", "http://127.0.0.1:5000"]
        );
        assert!(found[0].local && !found[1].local);
        assert_eq!(found[1].endpoints, ["https://ghcr.mirror.example"]);
        let docker = mirrors(&world(
            &[(
                "/etc/docker/daemon.json",
                "{\"registry-mirrors\": [\"https://m.example\"]}",
            )],
            &[],
        ));
        assert_eq!(docker[0].registry, "docker.io");
        assert_eq!(
            mirrors(&world(&[("/etc/docker/daemon.json", "no json")], &[])),
            []
        );
    }
}
