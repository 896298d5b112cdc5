//! Secrets out of a file: a `secrets.yaml`, or the configuration of a node.

use super::issue;
use crete_model::{SecretsSeen, SecretsSource};
use crete_talos::pki::{self, Bundle, Parts, PkiError};
use crete_talos::yaml;
use jiff::Timestamp;

/// What a file holds, complete or not.
#[derive(Debug)]
pub struct SecretsRead {
    /// What kind of file it is.
    pub source: SecretsSource,
    parts: Parts,
}

impl SecretsRead {
    /// What may be shown of it.
    #[must_use]
    pub fn seen(&self, now: Timestamp) -> SecretsSeen {
        SecretsSeen {
            source: self.source,
            cluster_id: self.parts.cluster_id.clone(),
            authorities: issue::authorities(&self.parts, now),
            faults: match self.parts.clone().check() {
                Ok(_) => Vec::new(),
                Err(PkiError::Bundle(faults)) => faults,
                Err(other) => vec![other.to_string()],
            },
        }
    }

    /// The secrets, when they are complete and belong together.
    ///
    /// # Errors
    /// What is missing; quotes no secret.
    pub fn bundle(self) -> Result<Bundle, PkiError> {
        self.parts.check()
    }
}

/// Reads a file of secrets: a configuration is told by its machine.
///
/// # Errors
/// When it is neither, with field and line; quotes no secret.
pub fn read_secrets(text: &str) -> Result<SecretsRead, PkiError> {
    let documents = yaml::read(text)?;
    let machine = documents.iter().find_map(|one| one.get("machine"));
    let (source, parts) = match machine {
        None => (SecretsSource::Bundle, Parts::parse(text)?),
        Some(machine) => {
            let source = match machine.text_at(&["type"]) {
                "controlplane" | "init" => SecretsSource::ControlPlane,
                _ => SecretsSource::Worker,
            };
            (source, pki::extract(text)?)
        }
    };
    Ok(SecretsRead { source, parts })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn golden(path: &str) -> String {
        let root = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../tests/fixtures/talos/golden/"
        );
        std::fs::read_to_string(format!("{root}{path}")).unwrap()
    }

    fn seen(text: &str) -> SecretsSeen {
        let now = "2026-01-02T03:04:05Z".parse().unwrap();
        read_secrets(text).unwrap().seen(now)
    }

    #[test]
    fn a_bundle_and_a_control_plane_give_the_same_secrets() {
        let bundle = golden("secrets/lab.yaml");
        let node = golden("contracts/v1.13/defaults/controlplane.yaml");
        let newest = golden("contracts/v1.14/defaults/controlplane.yaml");
        let (one, other) = (seen(&bundle), seen(&node));
        assert_eq!(one.source, SecretsSource::Bundle);
        assert_eq!(other.source, SecretsSource::ControlPlane);
        assert_eq!(one.faults, [""; 0]);
        assert_eq!(
            (one.cluster_id.clone(), one.authorities.len()),
            (other.cluster_id, 4)
        );
        assert_eq!(seen(&newest).faults, [""; 0]);
        let read = |text: &str| read_secrets(text).unwrap().bundle().unwrap();
        assert_eq!(
            read(&bundle).parts().to_yaml(),
            read(&node).parts().to_yaml()
        );
    }

    #[test]
    fn a_worker_does_not_hold_enough() {
        let seen = seen(&golden("contracts/v1.13/defaults/worker.yaml"));
        assert_eq!(seen.source, SecretsSource::Worker);
        assert!(!seen.faults.is_empty());
    }

    #[test]
    fn what_is_neither_is_refused_by_field_and_quotes_nothing() {
        let refused = read_secrets("cluster:\n  id: a\n  sekret: hidden-words\n").unwrap_err();
        let words = refused.to_string();
        assert!(words.contains("line 3"), "{words}");
        assert!(!words.contains("hidden"), "{words}");
        assert!(read_secrets("secrets: [").is_err());
    }
}
