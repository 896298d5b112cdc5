//! What is at a machine's API now, and the one channel to it.

use super::Nodes;
use super::credentials::{Credentials, Holder};
use super::problem::off;
use crate::Engine;
use crate::error::{EngineError, Result};
use crate::network::PortOf;
use crete_model::{ErrorCode, MachineId, Problem, Remedy, params};
use crete_talos::api::{Flaw, Node, PORT, Pin, Presence, Target, Trust, probe};
use std::sync::Arc;

/// What was found at a machine's API.
#[derive(Debug, Clone)]
pub(crate) struct Reached {
    pub presence: Presence,
    /// Absent where nothing can be spoken to with what is known.
    pub node: Option<Node>,
    /// Why it cannot, where it is a node.
    pub problem: Option<Problem>,
    /// Whether there are credentials for it, and whether they are the machine's own.
    pub has_credentials: bool,
    pub own_credentials: bool,
    /// Whether its certificate in maintenance mode is the one that its console printed.
    pub printed: bool,
}

/// What a channel was made with: another one needs another channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Key {
    Maintenance(String),
    Configured { address: String },
}

impl Engine {
    /// Where a machine's API is.
    ///
    /// # Errors
    /// When the machine has no address: it is in no network, or there is no such machine.
    pub(crate) fn node_target(&self, machine: MachineId) -> Result<Target> {
        let missing = || EngineError::NotFound {
            kind: "machine",
            id: machine.to_string(),
        };
        let view = self
            .machines
            .get(&machine.to_string())
            .ok_or_else(missing)?;
        let no_address = || EngineError::from(off(&view.spec.name));
        let name = self.address_of_machine(machine).ok_or_else(no_address)?;
        let engine = self.clone();
        let dial = PortOf {
            engine,
            machine,
            port: PORT,
        };
        Ok(Target {
            dial: Arc::new(dial),
            name,
        })
    }

    /// Looks what is at a machine's API, and gives the channel with which it can be spoken to.
    ///
    /// # Errors
    /// When there is no such machine, or its credentials cannot be used. A node that does not
    /// answer is no error: the presence says so.
    pub(crate) async fn reach(&self, machine: MachineId) -> Result<Reached> {
        let target = self.node_target(machine)?;
        let credentials = self.credentials_of(machine).await?;
        let has_credentials = credentials.is_some();
        let own = |kept: &Credentials| kept.holder == Holder::Machine;
        let own_credentials = credentials.as_ref().is_some_and(own);
        let trust = credentials.as_ref().map(|kept| &kept.trust);
        let presence = probe(&target, trust, self.patience.nodes.probe).await?;
        if !matches!(presence, Presence::Maintenance { .. }) {
            // It has restarted, or will: its next certificate is another one.
            self.node_book.lock().entry(machine).or_default().first_seen = None;
        }
        let found = match &presence {
            Presence::Maintenance { fingerprint } => self.pinned(machine, &target, fingerprint),
            Presence::Ours { flaw: None } => match credentials {
                Some(kept) => self.configured(machine, &target, kept).map(Ok),
                None => Ok(Err(None)),
            },
            Presence::Ours { flaw: Some(flaw) } => Ok(Err(Some(flawed(*flaw, &target.name)))),
            Presence::AnotherCluster => Ok(Err(Some(another(has_credentials, &target.name)))),
            Presence::NotTalos | Presence::Refused | Presence::Interrupted | Presence::Silent => {
                Ok(Err(None))
            }
        };
        let (node, problem) = match found? {
            Ok(node) => (Some(node), None),
            Err(problem) => (None, problem),
        };
        let seen = match &presence {
            Presence::Maintenance { fingerprint } => Some(fingerprint),
            _ => None,
        };
        let printed = self.printed_fingerprint(machine);
        Ok(Reached {
            printed: seen.is_some() && printed.as_ref() == seen,
            presence,
            node,
            problem,
            has_credentials,
            own_credentials,
        })
    }

    /// A node in maintenance, if it shows the certificate that is expected of it.
    fn pinned(
        &self,
        machine: MachineId,
        target: &Target,
        seen: &str,
    ) -> Result<std::result::Result<Node, Option<Problem>>> {
        let printed = self.printed_fingerprint(machine);
        let expected = self.node_book.expected(machine, printed, seen);
        if expected != seen {
            let values = params! { "name" => target.name, "expected" => expected, "seen" => seen };
            let problem = Problem::new(ErrorCode::TalosPinChanged, values)
                .with_remedy(Remedy::CompareFingerprint)
                .with_remedy(Remedy::Retry);
            return Ok(Err(Some(problem)));
        }
        let trust = Trust::Maintenance(Pin::Fingerprint(seen.to_owned()));
        self.channel(machine, Key::Maintenance(seen.to_owned()), target, &trust)
            .map(Ok)
    }

    fn configured(&self, machine: MachineId, target: &Target, kept: Credentials) -> Result<Node> {
        let key = Key::Configured {
            address: target.name.clone(),
        };
        self.channel(machine, key, target, &Trust::Cluster(kept.trust))
    }

    /// The one channel, made anew where the way or the trust is another one.
    fn channel(
        &self,
        machine: MachineId,
        key: Key,
        target: &Target,
        trust: &Trust,
    ) -> Result<Node> {
        let mut entries = self.node_book.lock();
        let entry = entries.entry(machine).or_default();
        if let Some((made_with, node)) = &entry.channel
            && *made_with == key
        {
            return Ok(node.clone());
        }
        let node = Node::new(target, trust)?.with_deadline(self.patience.nodes.call);
        entry.channel = Some((key, node.clone()));
        Ok(node)
    }

    /// What the machine's console printed last, if it is on.
    fn printed_fingerprint(&self, machine: MachineId) -> Option<String> {
        let view = self.machines.get(&machine.to_string())?;
        view.boot?.fingerprint
    }

    /// Takes the certificate that a node in maintenance shows now for its own.
    pub fn accept_fingerprint(&self, machine: MachineId, fingerprint: &str) {
        let mut entries = self.node_book.lock();
        let entry = entries.entry(machine).or_default();
        entry.first_seen = Some(fingerprint.to_owned());
        entry.accepted = Some(fingerprint.to_owned());
        entry.changed.send_modify(|count| *count += 1);
    }
}

impl Nodes {
    /// The fingerprint to expect: what a person accepted, the console's, or the first one seen.
    fn expected(&self, machine: MachineId, printed: Option<String>, seen: &str) -> String {
        let mut entries = self.lock();
        let entry = entries.entry(machine).or_default();
        if entry.accepted.as_deref() == Some(seen) {
            return seen.to_owned();
        }
        let first = || {
            entry
                .first_seen
                .get_or_insert_with(|| seen.to_owned())
                .clone()
        };
        printed.unwrap_or_else(first)
    }
}

fn flawed(flaw: Flaw, name: &str) -> Problem {
    let name = params! { "name" => name };
    match flaw {
        Flaw::AddressNotCovered => {
            Problem::new(ErrorCode::TalosAddressNotCovered, name).with_remedy(Remedy::AddCertSan)
        }
        Flaw::ClockDiffers { .. } => {
            Problem::new(ErrorCode::TalosClock, name).with_remedy(Remedy::CheckNodeClock)
        }
    }
}

/// A configured node that is not spoken to.
fn another(has_credentials: bool, name: &str) -> Problem {
    let name = params! { "name" => name };
    match has_credentials {
        true => {
            Problem::new(ErrorCode::TalosAnotherAuthority, name).with_remedy(Remedy::UseItsSecrets)
        }
        false => Problem::new(ErrorCode::TalosClientRequired, name)
            .with_remedy(Remedy::TreatAsConfigured),
    }
}
