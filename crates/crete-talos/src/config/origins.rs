//! Where each line of an effective configuration comes from.

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
}
