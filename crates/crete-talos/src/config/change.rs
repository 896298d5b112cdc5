//! What differs between two configurations, value by value, and whether a node has to restart for
//! it. Also which values are secret. Pure.

use super::{Configuration, Document};
use crate::yaml::{self, Entry, Kind, Node};
use std::collections::BTreeSet;

/// What can be changed while Talos runs, in the main document. Everything else of it needs a restart.
const HOT: &[&str] = &[
    "debug",
    "cluster",
    "machine.ca",
    "machine.acceptedCAs",
    "machine.time",
    "machine.certSANs",
    "machine.install",
    "machine.network",
    "machine.sysfs",
    "machine.sysctls",
    "machine.logging",
    "machine.controlPlane",
    "machine.kubelet",
    "machine.kernel",
    "machine.registries",
    "machine.pods",
    "machine.seccompProfiles",
    "machine.nodeAnnotations",
    "machine.nodeLabels",
    "machine.nodeTaints",
    "machine.features.kubernetesTalosAPIAccess",
    "machine.features.kubePrism",
    "machine.features.hostDNS",
    "machine.features.imageCache",
    "machine.features.nodeAddressSortAlgorithm",
];

/// Keys whose values are secret, wherever they stand, in small letters.
const SECRET: &[&str] = &[
    "aescbcencryptionsecret",
    "apitoken",
    "auth",
    "bootstraptoken",
    "clustersecret",
    "identitytoken",
    "jointoken",
    "key",
    "keydata",
    "passphrase",
    "password",
    "presharedkey",
    "privatekey",
    "secret",
    "secretboxencryptionsecret",
    "token",
];

/// What an extension is given often holds keys of services elsewhere.
const SECRET_OF_EXTENSIONS: &[&str] = &["content", "environment"];

/// A value that differs.
#[derive(Clone, PartialEq, Eq)]
pub struct Change {
    /// The document it is in, such as `HostnameConfig`; empty for the main one.
    pub document: String,
    /// Its path there; empty when the whole document came or went.
    pub path: String,
    /// What it was, as YAML; nothing when it was not there, or is secret.
    pub before: Option<String>,
    /// What it is to be; nothing when it is to go, or is secret.
    pub after: Option<String>,
    /// How it differs.
    pub way: Way,
    /// True when its values are secret.
    pub secret: bool,
    /// True when the node has to restart for it.
    pub needs_reboot: bool,
}

/// How a value differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Way {
    /// It was not there.
    Added,
    /// It is to go.
    Removed,
    /// It is another one.
    Changed,
}

impl std::fmt::Debug for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {} {}", self.way, self.document, self.path)
    }
}

/// Every value that differs, in the order of the new configuration.
#[must_use]
pub fn changes(before: &Configuration, after: &Configuration) -> Vec<Change> {
    let mut found = Vec::new();
    let of = |configuration: &Configuration, identity: &str| {
        let mut all = configuration.documents.iter();
        all.find(|document| document.identity() == identity)
            .cloned()
    };
    for document in &after.documents {
        let old = of(before, &document.identity());
        let mut walk = Walk::new(document, &mut found);
        walk.compare("", old.as_ref().map(|old| &old.node), Some(&document.node));
    }
    for document in &before.documents {
        if of(after, &document.identity()).is_none() {
            let mut walk = Walk::new(document, &mut found);
            walk.compare("", Some(&document.node), None);
        }
    }
    found
}

struct Walk<'a> {
    document: String,
    is_main: bool,
    of_extension: bool,
    found: &'a mut Vec<Change>,
}

impl<'a> Walk<'a> {
    fn new(document: &Document, found: &'a mut Vec<Change>) -> Self {
        let name = match (document.kind(), document.name()) {
            (kind, "") => kind.to_owned(),
            (kind, name) => format!("{kind}/{name}"),
        };
        Self {
            document: name,
            is_main: document.is_main(),
            of_extension: document.kind() == "ExtensionServiceConfig",
            found,
        }
    }

    fn compare(&mut self, path: &str, before: Option<&Node>, after: Option<&Node>) {
        match (before.map(|node| &node.kind), after.map(|node| &node.kind)) {
            _ if before == after => {}
            (Some(Kind::Mapping(_)), Some(Kind::Mapping(_))) => {
                self.compare_mappings(path, before, after);
            }
            (Some(Kind::Sequence(old)), Some(Kind::Sequence(new))) => {
                self.compare_lists(path, old, new);
            }
            _ => self.note(path, before, after),
        }
    }

    fn compare_mappings(&mut self, path: &str, before: Option<&Node>, after: Option<&Node>) {
        let entries = |node: Option<&Node>| -> Vec<Entry> {
            node.map(Node::entries).unwrap_or_default().to_vec()
        };
        let (old, new) = (entries(before), entries(after));
        let known: BTreeSet<&str> = new.iter().map(|entry| entry.key.as_str()).collect();
        let gone = old
            .iter()
            .filter(|entry| !known.contains(entry.key.as_str()));
        for entry in new.iter().chain(gone) {
            let key = &entry.key;
            let inner = match path.is_empty() {
                true => key.clone(),
                false => format!("{path}.{key}"),
            };
            let [before, after] = [before, after].map(|node| node.and_then(|node| node.get(key)));
            self.compare(&inner, before, after);
        }
    }

    /// Items have no names: those that are in one list only came or went.
    fn compare_lists(&mut self, path: &str, old: &[Node], new: &[Node]) {
        let gone: Vec<&Node> = old.iter().filter(|item| !new.contains(item)).collect();
        let came: Vec<&Node> = new.iter().filter(|item| !old.contains(item)).collect();
        if gone.is_empty() && came.is_empty() {
            let [old, new] = [old, new].map(|items| Node::list(items.to_vec()));
            return self.note(path, Some(&old), Some(&new));
        }
        for item in gone {
            self.note(path, Some(item), None);
        }
        for item in came {
            self.note(path, None, Some(item));
        }
    }

    fn note(&mut self, path: &str, before: Option<&Node>, after: Option<&Node>) {
        let key = path.rsplit('.').next().unwrap_or_default();
        let secret = is_secret(key, self.of_extension)
            || [before, after]
                .into_iter()
                .flatten()
                .any(|node| holds_secret(node, self.of_extension));
        let text = |node: Option<&Node>| {
            let node = node.filter(|_| !secret)?;
            Some(yaml::emit(node).trim_end().to_owned())
        };
        self.found.push(Change {
            document: self.document.clone(),
            path: path.to_owned(),
            before: text(before),
            after: text(after),
            way: match (before, after) {
                (None, _) => Way::Added,
                (_, None) => Way::Removed,
                _ => Way::Changed,
            },
            secret,
            needs_reboot: self.is_main && !is_hot(path),
        });
    }
}

fn is_hot(path: &str) -> bool {
    HOT.iter().any(|hot| {
        let rest = path.strip_prefix(hot);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

fn is_secret(key: &str, of_extension: bool) -> bool {
    let key = key.to_ascii_lowercase();
    let of = |keys: &[&str]| keys.contains(&key.as_str());
    of(SECRET) || (of_extension && of(SECRET_OF_EXTENSIONS))
}

fn holds_secret(node: &Node, of_extension: bool) -> bool {
    match &node.kind {
        Kind::Scalar { .. } => false,
        Kind::Sequence(items) => items.iter().any(|item| holds_secret(item, of_extension)),
        Kind::Mapping(entries) => entries.iter().any(|entry| {
            is_secret(&entry.key, of_extension) || holds_secret(&entry.value, of_extension)
        }),
    }
}

/// The lines of a text, from 1, on which something secret stands. A text that is no YAML, as one is
/// that is being written, is looked through line by line all the same.
#[must_use]
pub fn secret_lines(text: &str) -> Vec<usize> {
    let of_extension = text
        .split("\n---")
        .scan(0, |line, document| {
            let first = *line;
            *line += document.lines().count().max(1);
            Some((first, document.contains("kind: ExtensionServiceConfig")))
        })
        .collect::<Vec<_>>();
    let mut secret = Vec::new();
    let mut within: Option<usize> = None;
    for (index, line) in text.lines().enumerate() {
        let indent = line.len() - line.trim_start_matches([' ', '-']).len();
        if let Some(outer) = within {
            if line.trim().is_empty() || indent > outer {
                secret.push(index + 1);
                continue;
            }
            within = None;
        }
        let Some((key, value)) = line.trim_start_matches([' ', '-']).split_once(':') else {
            continue;
        };
        let extension = of_extension.iter().rev().find(|(first, _)| *first <= index);
        let of_extension = extension.is_some_and(|(_, is)| *is);
        let key = key.trim_matches(['"', '\'', '#', ' ']);
        // A mapping below the key is looked at by itself: only what is said on the line, in a block
        // of text or in a list is its value.
        let value = value.trim();
        let is_mapping = value.is_empty() || value.starts_with('#');
        let listed = is_mapping && of_extension;
        if is_secret(key, of_extension) && (!is_mapping || listed) {
            secret.push(index + 1);
            within = Some(indent);
        }
    }
    secret
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Contract;
    use proptest::prelude::*;

    fn read(text: &str) -> Configuration {
        Configuration::read(text, Contract::V1_13).unwrap()
    }

    const OLD: &str = "version: v1alpha1\nmachine:\n  type: worker\n  token: aaaaaa.bbbbbbbbbbbbbbbb\n  kubelet:\n    image: kubelet:v1\n    extraMounts:\n      - destination: /a\n        type: bind\n        source: /a\n  sysctls:\n    vm.swappiness: \"1\"\ncluster:\n  clusterName: knossos\n";

    fn told(old: &str, new: &str) -> Vec<(Way, String, String, bool)> {
        let all = changes(&read(old), &read(new));
        let short = |one: Change| (one.way, one.document, one.path, one.needs_reboot);
        all.into_iter().map(short).collect()
    }

    #[test]
    fn each_value_is_told_with_its_path() {
        let new = OLD
            .replace("kubelet:v1", "kubelet:v2")
            .replace("destination: /a", "destination: /b")
            .replace(
                "    vm.swappiness: \"1\"\n",
                "    vm.swappiness: \"1\"\n    vm.max_map_count: \"2\"\n",
            );
        let main = String::new;
        assert_eq!(
            told(OLD, &new),
            [
                (
                    Way::Changed,
                    main(),
                    "machine.kubelet.image".to_owned(),
                    false
                ),
                (
                    Way::Removed,
                    main(),
                    "machine.kubelet.extraMounts".to_owned(),
                    false
                ),
                (
                    Way::Added,
                    main(),
                    "machine.kubelet.extraMounts".to_owned(),
                    false
                ),
                (
                    Way::Added,
                    main(),
                    "machine.sysctls.vm.max_map_count".to_owned(),
                    false
                ),
            ]
        );
    }

    #[test]
    fn a_document_comes_and_goes_as_a_whole() {
        let new = format!("{OLD}---\napiVersion: v1alpha1\nkind: HostnameConfig\nhostname: a\n");
        let whole = (
            Way::Added,
            "HostnameConfig".to_owned(),
            String::new(),
            false,
        );
        assert_eq!(told(OLD, &new), [whole]);
        assert_eq!(told(&new, OLD)[0].0, Way::Removed);
    }

    #[test]
    fn what_cannot_be_changed_at_run_time_needs_a_restart() {
        let new = OLD.replace(
            "  type: worker\n",
            "  type: worker\n  udev:\n    rules:\n      - a\n",
        );
        assert_eq!(
            told(OLD, &new),
            [(Way::Added, String::new(), "machine.udev".to_owned(), true)]
        );
        assert!(is_hot("cluster.network.podSubnets"));
        assert!(is_hot("machine.features.hostDNS.enabled"));
        assert!(!is_hot("machine.features.rbac"));
        assert!(
            !is_hot("machine.installer"),
            "a name that begins alike is another one"
        );
    }

    #[test]
    fn secrets_are_named_and_not_quoted() {
        let new = OLD.replace("aaaaaa.bbbbbbbbbbbbbbbb", "cccccc.dddddddddddddddd");
        let all = changes(&read(OLD), &read(&new));
        assert_eq!(all.len(), 1);
        assert!(all[0].secret && all[0].before.is_none() && all[0].after.is_none());
        let whole = changes(&Configuration::default(), &read(&new));
        assert!(!format!("{whole:?}").contains("cccccc"));
        assert!(
            whole.iter().all(|one| one.after.is_none()),
            "it holds the token"
        );
    }

    #[test]
    fn the_lines_of_secrets_are_known() {
        let text = "machine:\n  token: abc\n  ca:\n    crt: LS0\n    key: |\n      one\n\n      two\n  type: worker\n# key: old\ncluster:\n  secret: xyz\n  etcd:\n    ca:\n      crt: a\n---\napiVersion: v1alpha1\nkind: ExtensionServiceConfig\nname: a\nenvironment:\n  - A=b\nconfigFiles:\n  - content: |\n      c\n    mountPath: /d\n";
        assert_eq!(secret_lines(text), [2, 5, 6, 7, 8, 10, 12, 20, 21, 23, 24]);
    }

    #[test]
    fn the_lines_of_golden_secrets_are_all_found() {
        let text =
            std::fs::read_to_string("../../tests/fixtures/talos/golden/secrets/lab.yaml").unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let hidden: Vec<&str> = secret_lines(&text)
            .iter()
            .map(|line| lines[line - 1])
            .collect();
        let keys = lines
            .iter()
            .filter(|line| line.trim_start().starts_with("key:"));
        for key in keys {
            assert!(hidden.contains(key), "{key}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[a-z:\\- \n#'\"|]{0,200}") {
            for line in secret_lines(&text) {
                prop_assert!(line >= 1 && line <= text.lines().count());
            }
        }

        /// Comparing a configuration with itself finds nothing, and what is found one way is found
        /// the other way.
        #[test]
        fn both_ways_tell_of_the_same(names in proptest::collection::vec("[a-d]", 0..5), more in proptest::collection::vec("[a-d]", 0..5)) {
            let with = |names: &[String]| {
                let labels: BTreeSet<&String> = names.iter().collect();
                let labels: String = labels.iter().map(|name| format!("    {name}: x\n")).collect();
                let labels = if labels.is_empty() { "    {}\n".to_owned() } else { labels };
                read(&format!("machine:\n  type: worker\n  nodeLabels:\n{labels}"))
            };
            let (old, new) = (with(&names), with(&more));
            prop_assert!(changes(&old, &old).is_empty());
            let paths = |all: Vec<Change>| all.into_iter().map(|one| one.path).collect::<BTreeSet<_>>();
            prop_assert_eq!(paths(changes(&old, &new)), paths(changes(&new, &old)));
        }
    }
}
