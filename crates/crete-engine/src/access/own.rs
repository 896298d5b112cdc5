//! The key files that every cluster has in its own folder: with them Crete's own buttons open it in
//! a person's programs. They are made anew when their time comes or an address changes.

use super::issue::{AccessTo, issue};
use crate::cluster::secrets;
use crate::error::Result;
use crete_model::{AccessKind, AccessRole};
use crete_talos::pki::{Certificate, Entropy, KubeconfigFile, Lifetime, Talosconfig};
use jiff::Timestamp;
use std::path::Path;

/// Their names.
pub(crate) const KUBECONFIG: &str = "kubeconfig";
pub(crate) const TALOSCONFIG: &str = "talosconfig";

/// What is in a cluster's own files.
#[derive(Debug, Clone, Default)]
pub(crate) struct OwnFiles {
    /// How long the kubeconfig's certificate counts; nothing when it is not as wanted.
    pub kubeconfig: Option<Lifetime>,
    /// The same of the talosconfig.
    pub talosconfig: Option<Lifetime>,
}

impl OwnFiles {
    /// Reads them. A file that is not there, does not parse, leads elsewhere or is of other
    /// authorities is none.
    pub fn look(folder: &Path, to: &AccessTo) -> Self {
        let text = |name: &str| std::fs::read_to_string(folder.join(name)).ok();
        Self {
            kubeconfig: text(KUBECONFIG).and_then(|text| of_kubeconfig(&text, to)),
            talosconfig: text(TALOSCONFIG).and_then(|text| of_talosconfig(&text, to)),
        }
    }

    /// True when both are there and it is not yet time to renew them.
    pub fn are_good(&self, now: Timestamp) -> bool {
        let good = |one: &Option<Lifetime>| one.is_some_and(|one| !one.needs_renewal(now));
        good(&self.kubeconfig) && good(&self.talosconfig)
    }
}

fn of_kubeconfig(text: &str, to: &AccessTo) -> Option<Lifetime> {
    let authority = to.bundle.parts().k8s.as_ref()?.crt.as_str();
    let file = KubeconfigFile::parse(text).ok()?;
    let entry = file.entries.into_iter().next()?;
    let ours = entry.authority == authority && entry.server == to.kubernetes;
    let parsed = Certificate::parse("the client's certificate", &entry.certificate);
    parsed.ok().filter(|_| ours).map(|one| one.lifetime())
}

fn of_talosconfig(text: &str, to: &AccessTo) -> Option<Lifetime> {
    let authority = to.bundle.parts().os.as_ref()?.crt.as_str();
    let file = Talosconfig::parse(text).ok()?;
    let (_, context) = file.contexts.into_iter().next()?;
    let ours = context.ca == authority && context.endpoints == to.talos;
    let parsed = Certificate::parse("the client's certificate", &context.crt);
    parsed.ok().filter(|_| ours).map(|one| one.lifetime())
}

/// Makes both files anew, for this person alone.
pub(crate) fn write_own(
    folder: &Path,
    to: &AccessTo,
    now: Timestamp,
    entropy: &mut dyn Entropy,
) -> Result<OwnFiles> {
    for (kind, name) in [
        (AccessKind::Kubeconfig, KUBECONFIG),
        (AccessKind::Talosconfig, TALOSCONFIG),
    ] {
        let issued = issue(to, kind, AccessRole::Admin, now, entropy)?;
        secrets::write_private(&folder.join(name), &issued.text())?;
    }
    Ok(OwnFiles::look(folder, to))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crete_talos::pki::{Bundle, SystemEntropy};
    use std::os::unix::fs::PermissionsExt;

    fn to() -> AccessTo {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../tests/fixtures/talos/golden/secrets/lab.yaml"
        );
        AccessTo {
            name: "lab".to_owned(),
            bundle: Bundle::parse(&std::fs::read_to_string(path).unwrap()).unwrap(),
            talos: vec!["10.5.0.2".to_owned()],
            nodes: Vec::new(),
            kubernetes: "https://127.0.0.1:6443".to_owned(),
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn they_are_for_the_person_alone_and_renewed_in_time() {
        let temp = tempfile::tempdir().unwrap();
        let (to, now) = (to(), at("2026-01-02T03:04:05Z"));
        assert!(!OwnFiles::look(temp.path(), &to).are_good(now));
        let made = write_own(temp.path(), &to, now, &mut SystemEntropy).unwrap();
        assert!(made.are_good(now));
        for name in [KUBECONFIG, TALOSCONFIG] {
            let data = std::fs::metadata(temp.path().join(name)).unwrap();
            assert_eq!(data.permissions().mode() & 0o777, 0o600, "{name}");
        }
        let ends = made.kubeconfig.unwrap().not_after;
        assert_eq!(ends, at("2027-01-02T03:04:05Z"));
        assert!(!made.are_good(at("2026-12-24T00:00:00Z")), "time to renew");
        let later = at("2026-12-24T00:00:00Z");
        let renewed = write_own(temp.path(), &to, later, &mut SystemEntropy).unwrap();
        assert!(renewed.are_good(later));
    }

    #[test]
    fn files_that_lead_elsewhere_are_not_good() {
        let temp = tempfile::tempdir().unwrap();
        let (mut to, now) = (to(), at("2026-01-02T03:04:05Z"));
        write_own(temp.path(), &to, now, &mut SystemEntropy).unwrap();
        to.kubernetes = "https://127.0.0.1:7443".to_owned();
        assert!(OwnFiles::look(temp.path(), &to).kubeconfig.is_none());
        to.talos.push("10.5.0.3".to_owned());
        assert!(OwnFiles::look(temp.path(), &to).talosconfig.is_none());
        std::fs::write(temp.path().join(KUBECONFIG), "clusters: [").unwrap();
        assert!(!OwnFiles::look(temp.path(), &to).are_good(now));
    }
}
