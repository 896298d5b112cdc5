//! Where each line of an effective configuration comes from: of one that was made here, and of one
//! that a node lives by, beside the one that was made for it.

use super::Configuration;
use crate::yaml::{self, Kind, Node, Origin};

impl Configuration {
    /// The text, as [`Configuration::to_yaml`] writes it, with the origin of each of its lines: 0
    /// for what was generated or read, n for the n-th patch. Holds secrets.
    #[must_use]
    pub fn annotated(&self) -> (String, Vec<Origin>) {
        let text = self.to_yaml();
        let mut lines: Vec<Option<Origin>> = vec![None; text.lines().count()];
        // What was written here is YAML; without its lines everything would be of nobody.
        let written = yaml::read(&text).unwrap_or_default();
        for (ours, written) in self.documents.iter().zip(&written) {
            mark(&ours.node, written, &mut lines);
        }
        // Lines between, and those of long texts, belong to what stands above them.
        let mut above = 0;
        let lines = lines.into_iter().map(|line| {
            above = line.unwrap_or(above);
            above
        });
        (text, lines.collect())
    }

    /// Where the values of this configuration, as it was read, come from: each line with a value, in
    /// order, with the origin that the same value at the same place has in `made`. Nothing for a
    /// value that `made` does not have there: somebody else wrote it.
    #[must_use]
    pub fn origins_in(&self, made: &Configuration) -> Vec<(usize, Option<Origin>)> {
        let (text, origins) = made.annotated();
        // Read as it was written, so that both sides have their lines and their notation.
        let written = yaml::read(&text).unwrap_or_default();
        let mut walk = Walk {
            origins: &origins,
            found: Vec::new(),
        };
        for document in &self.documents {
            let same = made
                .documents
                .iter()
                .zip(&written)
                .find(|(made, _)| made.identity() == document.identity());
            walk.compare(&document.node, same.map(|(_, written)| written));
        }
        let mut found = walk.found;
        found.sort_by_key(|(line, _)| *line);
        found.dedup_by_key(|(line, _)| *line);
        found
    }
}

/// Walks a tree that was read beside one whose lines have origins.
struct Walk<'a> {
    origins: &'a [Origin],
    found: Vec<(usize, Option<Origin>)>,
}

impl Walk<'_> {
    fn compare(&mut self, node: &Node, made: Option<&Node>) {
        match &node.kind {
            Kind::Mapping(entries) => {
                let known = made.map(Node::entries).unwrap_or_default();
                for entry in entries {
                    let same = known.iter().find(|known| known.key == entry.key);
                    self.value(
                        entry.line,
                        &entry.value,
                        same.map(|same| (same.line, &same.value)),
                    );
                }
            }
            Kind::Sequence(items) => {
                let mut left: Vec<&Node> =
                    made.map(Node::items).unwrap_or_default().iter().collect();
                for item in items {
                    let at = left
                        .iter()
                        .position(|known| says_the_same(item, known))
                        .or_else(|| left.iter().position(|known| is_the_same_thing(item, known)));
                    let same = at.map(|at| left.remove(at));
                    self.value(item.line, item, same.map(|same| (same.line, same)));
                }
            }
            Kind::Scalar { .. } => {}
        }
    }

    /// A value and what it is called stand on one line, unless more is below.
    fn value(&mut self, line: usize, node: &Node, made: Option<(usize, &Node)>) {
        let more = !node.entries().is_empty() || !node.items().is_empty();
        if more {
            return self.compare(node, made.map(|(_, made)| made));
        }
        let same = made.filter(|(_, made)| says_the_same(node, made));
        let origin = same.and_then(|(line, _)| self.origins.get(line.checked_sub(1)?).copied());
        if line > 0 {
            self.found.push((line, origin));
        }
    }
}

/// Equal but for quotes.
fn says_the_same(one: &Node, other: &Node) -> bool {
    match (&one.kind, &other.kind) {
        (Kind::Scalar { text: one, .. }, Kind::Scalar { text: other, .. }) => one == other,
        (Kind::Sequence(one), Kind::Sequence(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .zip(other)
                    .all(|(one, other)| says_the_same(one, other))
        }
        (Kind::Mapping(one), Kind::Mapping(entries)) => {
            one.len() == entries.len()
                && one.iter().all(|entry| {
                    let same = entries.iter().find(|other| other.key == entry.key);
                    same.is_some_and(|other| says_the_same(&entry.value, &other.value))
                })
        }
        _ => false,
    }
}

/// Items that are mappings begin with what tells them apart, such as `interface: eth0`.
fn is_the_same_thing(one: &Node, other: &Node) -> bool {
    let first = |node: &Node| node.entries().first().cloned();
    match (first(one), first(other)) {
        (Some(one), Some(other)) => one.key == other.key && says_the_same(&one.value, &other.value),
        _ => false,
    }
}

/// Walks a tree beside the tree that its own text reads as.
fn mark(node: &Node, written: &Node, lines: &mut [Option<Origin>]) {
    let mut set = |line: usize, origin: Origin| {
        if let Some(slot) = line.checked_sub(1).and_then(|at| lines.get_mut(at)) {
            *slot = Some(origin);
        }
    };
    match (&node.kind, &written.kind) {
        (Kind::Mapping(ours), Kind::Mapping(theirs)) => {
            for (ours, theirs) in ours.iter().zip(theirs) {
                set(theirs.line, ours.value.origin);
            }
            for (ours, theirs) in ours.iter().zip(theirs) {
                mark(&ours.value, &theirs.value, lines);
            }
        }
        (Kind::Sequence(ours), Kind::Sequence(theirs)) => {
            for (ours, theirs) in ours.iter().zip(theirs) {
                set(theirs.line, ours.origin);
            }
            for (ours, theirs) in ours.iter().zip(theirs) {
                mark(ours, theirs, lines);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Contract;
    use crate::config::Patch;

    #[test]
    fn each_line_has_the_patch_it_came_from() {
        let base = "machine:\n  type: worker\n  certSANs:\n    - a.example\n  install:\n    disk: /dev/vda\n";
        let mut config = Configuration::read(base, Contract::V1_13).unwrap();
        for (at, text) in [
            (
                1,
                "machine:\n  certSANs:\n    - b.example\n  sysctls:\n    vm.nr_hugepages: \"512\"\n",
            ),
            (
                2,
                "machine:\n  install:\n    disk: /dev/vdb\n---\napiVersion: v1alpha1\nkind: HostnameConfig\nauto: off\nhostname: a\n",
            ),
        ] {
            let patch = Patch::read(text, Contract::V1_13).unwrap();
            patch.apply(&mut config, at).unwrap();
        }
        let (text, origins) = config.annotated();
        assert_eq!(origins.len(), text.lines().count());
        let of = |needle: &str| {
            let at = text.lines().position(|line| line.contains(needle));
            origins[at.unwrap_or_else(|| panic!("{needle} in {text}"))]
        };
        assert_eq!(of("type: worker"), 0);
        assert_eq!((of("a.example"), of("b.example")), (0, 1));
        assert_eq!((of("sysctls"), of("hugepages")), (1, 1));
        assert_eq!((of("install"), of("/dev/vdb")), (0, 2));
        assert_eq!((of("kind: HostnameConfig"), of("hostname: a")), (2, 2));
    }

    #[test]
    fn what_a_node_lives_by_is_told_apart_from_what_was_made_for_it() {
        let base = "machine:\n  type: worker\n  certSANs:\n    - a.example\n  network:\n    interfaces:\n      - interface: eth0\n        dhcp: true\n        mtu: 1500\n";
        let mut made = Configuration::read(base, Contract::V1_13).unwrap();
        let patch =
            "machine:\n  certSANs:\n    - b.example\n  sysctls:\n    vm.nr_hugepages: \"512\"\n";
        let patch = Patch::read(patch, Contract::V1_13).unwrap();
        patch.apply(&mut made, 1).unwrap();
        // In another order, with other quotes, one value changed, one item and one document more.
        let lives = "# mine\nmachine:\n    sysctls:\n        vm.nr_hugepages: '512'\n        vm.swappiness: \"7\"\n    certSANs:\n        - c.example\n        - \"b.example\"\n        - a.example\n    type: \"worker\"\n    network:\n        interfaces:\n            - interface: eth0\n              mtu: 9000\n              dhcp: true\n---\napiVersion: v1alpha1\nkind: HostnameConfig\nauto: off\nhostname: a\n";
        let read = Configuration::read(lives, Contract::V1_13).unwrap();
        let found = read.origins_in(&made);
        let of = |needle: &str| {
            let line = lives
                .lines()
                .position(|line| line.contains(needle))
                .unwrap()
                + 1;
            let at = found.iter().find(|(found, _)| *found == line);
            at.unwrap_or_else(|| panic!("{needle}: {found:?}")).1
        };
        assert_eq!((of("hugepages"), of("swappiness")), (Some(1), None));
        assert_eq!(
            (of("a.example"), of("b.example"), of("c.example")),
            (Some(0), Some(1), None)
        );
        assert_eq!(of("type:"), Some(0));
        assert_eq!(
            (of("interface: eth0"), of("dhcp"), of("mtu")),
            (Some(0), Some(0), None)
        );
        assert_eq!(of("hostname: a"), None);
        let headers = ["machine:", "sysctls:", "certSANs:", "network:"];
        let lines: Vec<&str> = found
            .iter()
            .map(|(line, _)| lives.lines().nth(line - 1).unwrap())
            .collect();
        assert!(
            headers
                .iter()
                .all(|header| !lines.iter().any(|line| line.trim() == *header))
        );
    }
}
