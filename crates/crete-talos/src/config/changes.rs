//! What a new configuration changes, and what a node will need to take it: known before it is
//! asked.

use super::decode::join;
use super::{Configuration, Document};
use crate::yaml::{self, Kind, Node};

/// A difference between two configurations in one place.
#[derive(Clone, PartialEq, Eq)]
pub struct Change {
    /// The document, such as `LinkConfig/eth0`; empty for the main one.
    pub document: String,
    /// The path in it; empty for a document as a whole.
    pub path: String,
    /// What stood there, as YAML; nothing when it is new. May be a secret.
    pub before: Option<String>,
    /// What will stand there, as YAML; nothing when it goes. May be a secret.
    pub after: Option<String>,
    /// True when it is a secret, and is better not shown.
    pub secret: bool,
}

impl std::fmt::Debug for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Change({} {})", self.document, self.path)
    }
}

/// How a configuration is to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TakeMode {
    /// At once where that can be, with a restart where not.
    Auto,
    /// At once.
    NoReboot,
    /// With a restart.
    Reboot,
    /// At the next restart.
    Staged,
    /// At once, and back again unless it is kept.
    Try,
}

/// What a node does with a change under `Auto`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Needed {
    /// Nothing changes.
    Nothing,
    /// It is taken at once.
    NoReboot,
    /// It restarts.
    Reboot,
}

/// What two configurations differ in, and what that takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// The differences, in the order of the new configuration.
    pub list: Vec<Change>,
    /// Places of the main document that are taken only with a restart.
    pub restart_for: Vec<String>,
}

/// Parts of the main document that a node takes at once. Everything else of it needs a restart;
/// other documents never do.
const AT_ONCE: &[&str] = &[
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

/// Keys whose values are secrets, wherever they stand.
const SECRET: &[&str] = &[
    "token",
    "secret",
    "key",
    "clusterSecret",
    "privateKey",
    "secretboxEncryptionSecret",
    "aescbcEncryptionSecret",
    "passphrase",
    "password",
    "auth",
    "identityToken",
    "wireguard",
];

impl Changes {
    /// Compares what a node has with what it is to get.
    #[must_use]
    pub fn between(before: &Configuration, after: &Configuration) -> Self {
        let mut list = Vec::new();
        let find = |all: &Configuration, one: &Document| {
            let identity = one.identity();
            let found = all
                .documents
                .iter()
                .find(|other| other.identity() == identity);
            found.map(|document| document.node.clone())
        };
        for document in &after.documents {
            let label = label(document);
            match find(before, document) {
                Some(old) => compare(&label, "", Some(&old), Some(&document.node), &mut list),
                None => list.push(change(&label, "", None, Some(&document.node))),
            }
        }
        for document in &before.documents {
            if find(after, document).is_none() {
                list.push(change(&label(document), "", Some(&document.node), None));
            }
        }
        let main = list.iter().filter(|change| change.document.is_empty());
        let slow = main.filter(|change| !at_once(&change.path));
        let restart_for = slow.map(|change| change.path.clone()).collect();
        Self { list, restart_for }
    }

    /// What the node does by itself.
    #[must_use]
    pub fn needed(&self) -> Needed {
        match (self.list.is_empty(), self.restart_for.is_empty()) {
            (true, _) => Needed::Nothing,
            (false, true) => Needed::NoReboot,
            (false, false) => Needed::Reboot,
        }
    }

    /// Whether a node takes the change in this way.
    #[must_use]
    pub fn allows(&self, mode: TakeMode) -> bool {
        match mode {
            TakeMode::Auto | TakeMode::Reboot | TakeMode::Staged => true,
            TakeMode::NoReboot | TakeMode::Try => self.restart_for.is_empty(),
        }
    }
}

fn at_once(path: &str) -> bool {
    AT_ONCE.iter().any(|known| {
        path.strip_prefix(known)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    })
}

fn label(document: &Document) -> String {
    match document.is_main() {
        true => String::new(),
        false => document.label(!document.name().is_empty()),
    }
}

/// Nothing and emptiness are the same to Talos nearly everywhere.
fn is_empty(node: &Node) -> bool {
    match &node.kind {
        Kind::Mapping(entries) => entries.iter().all(|entry| is_empty(&entry.value)),
        Kind::Sequence(items) => items.is_empty(),
        Kind::Scalar { text, .. } => node.is_null() || text.is_empty(),
    }
}

/// An empty mapping chooses something where it stands for a way to open a disk.
fn chooses(path: &str) -> bool {
    path.ends_with(".tpm") || path.ends_with(".nodeID") || path.ends_with(']')
}

fn compare<'a>(
    document: &str,
    path: &str,
    before: Option<&'a Node>,
    after: Option<&'a Node>,
    list: &mut Vec<Change>,
) {
    let there = |node: Option<&Node>| node.is_some_and(|node| chooses(path) || !is_empty(node));
    if !there(before) && !there(after) {
        return;
    }
    let mapping =
        |node: Option<&Node>| node.is_none_or(|node| matches!(node.kind, Kind::Mapping(_)));
    let both = before.is_some() && after.is_some();
    if mapping(before) && mapping(after) && (both || !chooses(path)) {
        // What comes or goes as a whole is told by its parts: some need a restart, some do not.
        let entries = |node: Option<&'a Node>| node.map(Node::entries).unwrap_or_default();
        let (old, new) = (entries(before), entries(after));
        let gone = old
            .iter()
            .filter(|one| new.iter().all(|other| other.key != one.key));
        for entry in new.iter().chain(gone) {
            let path = join(path, &entry.key);
            let (old, new) = (value(before, &entry.key), value(after, &entry.key));
            compare(document, &path, old, new, list);
        }
        return;
    }
    match (before.map(|node| &node.kind), after.map(|node| &node.kind)) {
        (Some(Kind::Sequence(old)), Some(Kind::Sequence(new))) => {
            for at in 0..old.len().max(new.len()) {
                let path = format!("{path}[{at}]");
                compare(document, &path, old.get(at), new.get(at), list);
            }
        }
        (Some(Kind::Scalar { text: old, .. }), Some(Kind::Scalar { text: new, .. }))
            if old == new => {}
        _ => list.push(change(document, path, before, after)),
    }
}

fn value<'a>(node: Option<&'a Node>, key: &str) -> Option<&'a Node> {
    let found = node?.entries().iter().find(|entry| entry.key == key);
    found.map(|entry| &entry.value)
}

fn change(document: &str, path: &str, before: Option<&Node>, after: Option<&Node>) -> Change {
    let text = |node: Option<&Node>| node.map(|node| yaml::emit(node).trim_end().to_owned());
    let named = path.split(['.', '[']).any(|key| SECRET.contains(&key));
    let holds = |node: Option<&Node>| node.is_some_and(holds_secret);
    Change {
        document: document.to_owned(),
        path: path.to_owned(),
        before: text(before),
        after: text(after),
        secret: named || holds(before) || holds(after),
    }
}

fn holds_secret(node: &Node) -> bool {
    let entries = node.entries().iter();
    let mut entries = entries.map(|entry| {
        (SECRET.contains(&entry.key.as_str()) && !is_empty(&entry.value))
            || holds_secret(&entry.value)
    });
    entries.any(|secret| secret) || node.items().iter().any(holds_secret)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Contract;

    fn between(before: &str, after: &str) -> Changes {
        let read = |text: &str| Configuration::read(text, Contract::V1_13).unwrap();
        Changes::between(&read(before), &read(after))
    }

    const BASE: &str = "machine:\n  type: worker\n  token: old-secret\n  network: {}\n  sysctls:\n    a: \"1\"\n  certSANs: [x]\ncluster:\n  clusterName: lab\n";

    fn with(change: impl Fn(&str) -> String) -> Changes {
        between(BASE, &change(BASE))
    }

    #[test]
    fn what_says_the_same_changes_nothing() {
        let same = with(|text| {
            text.replace("  network: {}\n", "")
                .replace("\"1\"", "'1'")
                .replace("[x]", "\n  - x")
        });
        assert_eq!((same.list.len(), same.needed()), (0, Needed::Nothing));
    }

    #[test]
    fn the_way_it_is_taken_is_known_before() {
        let table = [
            ("a: \"1\"", "a: \"2\"", Needed::NoReboot),
            ("clusterName: lab", "clusterName: other", Needed::NoReboot),
            ("certSANs: [x]", "certSANs: [x, y]", Needed::NoReboot),
            ("network: {}", "network: {hostname: a}", Needed::NoReboot),
            ("network: {}", "install: {disk: /dev/vdb}", Needed::NoReboot),
            (
                "network: {}",
                "features: {kubePrism: {enabled: true}}",
                Needed::NoReboot,
            ),
            (
                "network: {}",
                "features: {diskQuotaSupport: true}",
                Needed::Reboot,
            ),
            ("network: {}", "env: {https_proxy: a}", Needed::Reboot),
            ("network: {}", "udev: {rules: [a]}", Needed::Reboot),
            ("type: worker", "type: controlplane", Needed::Reboot),
            ("token: old-secret", "token: new-secret", Needed::Reboot),
        ];
        for (old, new, needed) in table {
            let changes = with(|text| text.replace(old, new));
            assert_eq!(changes.needed(), needed, "{new}");
            let restart = needed == Needed::Reboot;
            assert_eq!(changes.allows(TakeMode::NoReboot), !restart, "{new}");
            assert_eq!(changes.allows(TakeMode::Try), !restart, "{new}");
            assert!(changes.allows(TakeMode::Staged) && changes.allows(TakeMode::Auto));
        }
    }

    #[test]
    fn elements_of_lists_are_compared_inside() {
        let list = |value: &str| {
            format!("cluster:\n  inlineManifests:\n    - name: a\n      contents: {value}\n")
        };
        assert_eq!(between(&list("x"), &list("'x'")).list, []);
        let changed = between(&list("x"), &list("y"));
        assert_eq!(changed.list[0].path, "cluster.inlineManifests[0].contents");
    }

    #[test]
    fn documents_of_their_own_never_need_a_restart() {
        let document = "---\napiVersion: v1alpha1\nkind: HostnameConfig\nauto: off\nhostname: a\n";
        let added = with(|text| format!("{text}{document}"));
        assert_eq!(added.needed(), Needed::NoReboot);
        assert_eq!(added.list[0].document, "HostnameConfig");
        assert!(added.list[0].before.is_none());
        let both = format!("{BASE}{document}");
        let changed = between(&both, &both.replace("hostname: a", "hostname: b"));
        assert_eq!(changed.list[0].path, "hostname");
        assert_eq!(
            (
                changed.list[0].before.as_deref(),
                changed.list[0].after.as_deref()
            ),
            (Some("a"), Some("b"))
        );
        let gone = between(&both, BASE);
        assert!(gone.list[0].after.is_none());
    }

    #[test]
    fn a_secret_is_marked_and_never_printed() {
        let changes = with(|text| text.replace("old-secret", "new-secret"));
        assert!(changes.list[0].secret);
        assert!(!format!("{changes:?}").contains("new-secret"));
        let whole = between("cluster:\n  clusterName: lab\n", BASE);
        assert!(whole.list.iter().any(|change| change.secret));
    }
}
