//! A configuration as its documents.

use crate::yaml::{self, Node};
use std::fmt;

/// One document of a configuration.
#[derive(Clone, PartialEq, Eq)]
pub struct Document {
    /// Its content.
    pub node: Node,
}

impl Document {
    /// True for the document that has no kind: version, machine and cluster.
    #[must_use]
    pub fn is_main(&self) -> bool {
        self.kind().is_empty()
    }

    /// Its kind; empty for the main document.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.node.text_at(&["kind"])
    }

    /// The line of its kind, or its first.
    pub(super) fn kind_line(&self) -> usize {
        self.node
            .get("kind")
            .map_or(self.node.line, |kind| kind.line)
    }

    /// Its name; empty for kinds of which there is one.
    #[must_use]
    pub fn name(&self) -> &str {
        match self.is_main() {
            true => "",
            false => self.node.text_at(&["name"]),
        }
    }

    /// The version of its kind; empty for the main document.
    #[must_use]
    pub fn api_version(&self) -> &str {
        self.node.text_at(&["apiVersion"])
    }

    /// What makes it the same document in two configurations: `v1alpha1/HostnameConfig/`.
    #[must_use]
    pub fn identity(&self) -> String {
        match self.is_main() {
            true => "/v1alpha1/".to_owned(),
            false => format!("{}/{}/{}", self.api_version(), self.kind(), self.name()),
        }
    }

    /// How Talos calls it in refusals from 1.12 on: `LinkConfig/eth0`.
    pub(super) fn label(&self, named: bool) -> String {
        match (self.is_main(), named) {
            (true, _) => "v1alpha1.Config".to_owned(),
            (false, true) => format!("{}/{}", self.kind(), self.name()),
            (false, false) => self.kind().to_owned(),
        }
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Document({})", self.identity())
    }
}

/// A machine configuration: its documents in written order. `Debug` shows their names only.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Configuration {
    /// The documents.
    pub documents: Vec<Document>,
}

impl Configuration {
    /// The main document.
    #[must_use]
    pub fn main(&self) -> Option<&Document> {
        self.documents.iter().find(|document| document.is_main())
    }

    /// The documents of a kind.
    pub fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Document> {
        self.documents
            .iter()
            .filter(move |document| document.kind() == kind)
    }

    /// The one document of a kind, or the first.
    #[must_use]
    pub fn the(&self, kind: &str) -> Option<&Document> {
        self.documents
            .iter()
            .find(|document| document.kind() == kind)
    }

    /// The text, in Talos' own form. Holds secrets.
    #[must_use]
    pub fn to_yaml(&self) -> String {
        yaml::emit_documents(self.documents.iter().map(|document| &document.node))
    }
}
