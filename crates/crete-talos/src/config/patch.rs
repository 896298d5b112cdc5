//! Patches: read as strictly as configurations, applied as Talos applies them.
//!
//! ```text
//! text ─▶ Strategic { documents, deletions }   merged type by type, then deletions
//!    └──▶ Json(operations)                     one document only
//! ```

mod deletion;
mod json;
mod merge;

use super::decode::{documents_of, not_yaml};
use super::fault::{Fault, Faults};
use super::schema::{MAIN, Schema};
use super::{Configuration, Document};
use crate::Contract;
use crate::yaml::{self, Kind, Origin};
use deletion::Deletion;
use json::Operation;
use merge::Merge;

/// A patch that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patch {
    contract: Contract,
    body: Body,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Body {
    Strategic {
        documents: Vec<Document>,
        deletions: Vec<Deletion>,
    },
    Json(Vec<Operation>),
}

/// What applying a patch did that its text does not say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied {
    /// Values that were lost because the patch names their document without repeating them: Talos
    /// takes disk selectors and sizes from a patch even when they are not in it. Each as
    /// `KIND/NAME: path`.
    pub erased: Vec<String>,
}

impl Patch {
    /// Reads a patch: partial documents, or a JSON patch in JSON or YAML.
    ///
    /// # Errors
    /// What this version of Talos would refuse to read.
    pub fn read(text: &str, contract: Contract) -> Result<Self, Faults> {
        let mut nodes = yaml::read(text).map_err(|error| not_yaml(&error))?;
        if let [node] = nodes.as_slice()
            && let Kind::Sequence(items) = &node.kind
            && let Some(operations) = json::read(items)
        {
            let body = Body::Json(operations);
            return Ok(Self { contract, body });
        }
        let deletions = deletion::take(&mut nodes, contract)?;
        let read = documents_of(nodes, contract, true)?;
        // From 1.14 on the outcome alone counts.
        if contract < Contract::V1_14 {
            read.check_conflicts(contract)?;
        }
        let documents = read.documents;
        Ok(Self {
            contract,
            body: Body::Strategic {
                documents,
                deletions,
            },
        })
    }

    /// Applies it; what it changes is marked with `origin`.
    ///
    /// # Errors
    /// What Talos would refuse. The configuration is then unchanged.
    pub fn apply(
        &self,
        configuration: &mut Configuration,
        origin: Origin,
    ) -> Result<Applied, Faults> {
        let mut patched = configuration.clone();
        let applied = match &self.body {
            Body::Strategic {
                documents,
                deletions,
            } => self.merge(&mut patched, documents, deletions, origin)?,
            Body::Json(operations) => {
                patched = self.rewrite(&patched, operations, origin)?;
                Applied::default()
            }
        };
        patched.check_conflicts(self.contract)?;
        *configuration = patched;
        Ok(applied)
    }

    fn merge(
        &self,
        configuration: &mut Configuration,
        documents: &[Document],
        deletions: &[Deletion],
        origin: Origin,
    ) -> Result<Applied, Faults> {
        let schema = Schema::of(self.contract);
        let mut applied = Applied::default();
        for document in documents {
            let identity = document.identity();
            let node = document.node.clone().from_origin(origin);
            let there = configuration
                .documents
                .iter_mut()
                .find(|other| other.identity() == identity);
            match there {
                None => configuration.documents.push(Document { node }),
                Some(there) => {
                    let type_name = match document.is_main() {
                        true => MAIN,
                        false => schema.kind(document.kind()).unwrap_or_default(),
                    };
                    let mut merge = Merge::new(self.contract, schema);
                    merge
                        .record(&mut there.node, &node, type_name, "")
                        .map_err(Faults::one)?;
                    let label = there.label(!there.name().is_empty());
                    let erased = merge.erased.into_iter();
                    applied
                        .erased
                        .extend(erased.map(|path| format!("{label}: {path}")));
                }
            }
        }
        for deletion in deletions {
            deletion.apply(configuration, schema)?;
        }
        Ok(applied)
    }

    fn rewrite(
        &self,
        configuration: &Configuration,
        operations: &[Operation],
        origin: Origin,
    ) -> Result<Configuration, Faults> {
        let [document] = configuration.documents.as_slice() else {
            let text =
                "JSON6902 patches are not supported for multi-document machine configuration";
            return Err(Faults::one(Fault::new("", 0, text)));
        };
        let mut node = document.node.clone();
        for operation in operations {
            operation.apply(&mut node, origin).map_err(|reason| {
                let text =
                    format!("failure applying rfc6902 patches to talos machine config: {reason}");
                Faults::one(Fault::new("", 0, text))
            })?;
        }
        documents_of(vec![node], self.contract, false)
    }
}
