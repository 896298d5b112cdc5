//! With which credentials a configured node is spoken to.
//!
//! A cluster's owner gives those of its machines and takes them back; a machine of its own has
//! a `talosconfig` in its folder, imported by a person or made with its configuration.
//!
//! ```text
//! the cluster's (in memory)  ──▶ used first
//! machines/ID/talosconfig    ──▶ else
//! neither                    ──▶ only maintenance mode can be spoken to
//! ```

use super::Nodes;
use crate::Engine;
use crate::error::{EngineError, Result};
use crate::store;
use crete_model::MachineId;
use crete_talos::api::ClusterTrust;
use crete_talos::pki::{ClientCertificate, PkiError, Talosconfig};
use std::io;
use std::path::Path;

/// Who keeps the credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holder {
    /// The cluster that the machine is a node of.
    Cluster,
    /// The machine's own folder.
    Machine,
}

/// Credentials for the node of a machine.
#[derive(Debug, Clone)]
pub(crate) struct Credentials {
    pub trust: ClusterTrust,
    pub holder: Holder,
}

/// The file of a machine's own credentials.
const TALOSCONFIG: &str = "talosconfig";

impl Engine {
    /// Gives the credentials of the cluster that a machine is a node of. Whoever watches the node
    /// begins anew with them, unless they are those that it had.
    pub fn give_credentials(&self, machine: MachineId, trust: ClusterTrust) {
        if !self.node_book.has_of_cluster(machine, &trust) {
            self.node_book
                .change(machine, |kept| kept.cluster = Some(trust));
        }
    }

    /// Takes them back.
    pub fn take_credentials(&self, machine: MachineId) {
        self.node_book.change(machine, |kept| kept.cluster = None);
    }

    /// Keeps credentials for a machine of its own, from the text of a `talosconfig`: of the context
    /// with this name, or the one in use.
    ///
    /// # Errors
    /// When the text or what it holds cannot be used, or there is no such machine.
    pub async fn keep_talosconfig(
        &self,
        machine: MachineId,
        text: &str,
        context: Option<&str>,
    ) -> Result<()> {
        let path = self.machine_folder(machine)?.join(TALOSCONFIG);
        let trust = trust_of(&Talosconfig::parse(text)?, context)?;
        let only = Talosconfig::new(&machine.to_string(), &[], &trust.authority, &trust.client);
        let text = only.to_yaml();
        let writing =
            tokio::task::spawn_blocking(move || store::write_bytes(&path, text.as_bytes()));
        writing.await.map_err(crate::error::internal)??;
        self.node_book
            .change(machine, |kept| kept.own = Some(Some(trust)));
        Ok(())
    }

    /// Keeps the credentials of a person's file for a machine of its own.
    ///
    /// # Errors
    /// As [`Engine::keep_talosconfig`], and when the file cannot be read.
    pub async fn import_talosconfig(
        &self,
        machine: MachineId,
        file: &Path,
        context: Option<&str>,
    ) -> Result<()> {
        let text = tokio::fs::read_to_string(file).await;
        let text = text.map_err(|source| EngineError::File {
            path: file.to_owned(),
            source,
        })?;
        self.keep_talosconfig(machine, &text, context).await
    }

    /// Forgets a machine's own credentials.
    ///
    /// # Errors
    /// When there is no such machine, or the file cannot be removed.
    pub async fn forget_talosconfig(&self, machine: MachineId) -> Result<()> {
        let path = self.machine_folder(machine)?.join(TALOSCONFIG);
        let removing = tokio::task::spawn_blocking(move || match std::fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(EngineError::File { path, source })
            }
            _ => Ok(()),
        });
        removing.await.map_err(crate::error::internal)??;
        self.node_book.change(machine, |kept| kept.own = Some(None));
        Ok(())
    }

    /// The credentials for the node of a machine; nothing when there are none.
    ///
    /// # Errors
    /// When the machine's own cannot be read or used.
    pub(crate) async fn credentials_of(&self, machine: MachineId) -> Result<Option<Credentials>> {
        if let Some(known) = self.node_book.known_credentials(machine) {
            return Ok(known);
        }
        let path = self.machine_folder(machine)?.join(TALOSCONFIG);
        let reading = tokio::task::spawn_blocking(move || read(&path));
        let own = reading.await.map_err(crate::error::internal)??;
        // Written down without a word: it was there all the time.
        self.node_book.note_own(machine, own.clone());
        Ok(own.map(|trust| Credentials {
            trust,
            holder: Holder::Machine,
        }))
    }
}

/// What is kept of a machine's credentials.
#[derive(Debug, Default)]
pub(super) struct Kept {
    cluster: Option<ClusterTrust>,
    /// The outer is absent until the machine's folder was looked at.
    own: Option<Option<ClusterTrust>>,
}

impl Kept {
    fn known(&self) -> Option<Option<Credentials>> {
        let of = |trust: &ClusterTrust, holder| Credentials {
            trust: trust.clone(),
            holder,
        };
        if let Some(trust) = &self.cluster {
            return Some(Some(of(trust, Holder::Cluster)));
        }
        let own = self.own.as_ref()?;
        Some(own.as_ref().map(|trust| of(trust, Holder::Machine)))
    }
}

impl Nodes {
    fn change(&self, machine: MachineId, change: impl FnOnce(&mut Kept)) {
        let mut entries = self.lock();
        let entry = entries.entry(machine).or_default();
        change(&mut entry.kept);
        entry.channel = None;
        entry.changed.send_modify(|count| *count += 1);
    }

    fn has_of_cluster(&self, machine: MachineId, trust: &ClusterTrust) -> bool {
        let entries = self.lock();
        let known = entries
            .get(&machine)
            .and_then(|one| one.kept.cluster.as_ref());
        known.is_some_and(|known| known.client.certificate == trust.client.certificate)
    }

    fn known_credentials(&self, machine: MachineId) -> Option<Option<Credentials>> {
        self.lock().entry(machine).or_default().kept.known()
    }

    fn note_own(&self, machine: MachineId, own: Option<ClusterTrust>) {
        self.lock().entry(machine).or_default().kept.own = Some(own);
    }
}

fn read(path: &Path) -> Result<Option<ClusterTrust>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(trust_of(&Talosconfig::parse(&text)?, None)?)),
        Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(EngineError::File {
            path: path.to_owned(),
            source,
        }),
    }
}

/// What a talosconfig says of a context.
fn trust_of(
    config: &Talosconfig,
    name: Option<&str>,
) -> std::result::Result<ClusterTrust, PkiError> {
    let name = name.unwrap_or(&config.context);
    let missing = || PkiError::Unreadable {
        what: "the talosconfig".to_owned(),
        reason: format!("there is no context {name:?}"),
    };
    let found = config.contexts.iter().find(|(known, _)| known == name);
    let (_, context) = found.ok_or_else(missing)?;
    let trust = ClusterTrust {
        authority: context.ca.clone(),
        client: ClientCertificate {
            certificate: context.crt.clone(),
            key: context.key.clone(),
        },
    };
    trust.check()?;
    Ok(trust)
}
