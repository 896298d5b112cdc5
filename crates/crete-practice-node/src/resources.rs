//! The resources that a practice node shows, and how each is written in both of its forms.

pub(crate) mod block;
pub(crate) mod hardware;
pub(crate) mod kinds;
pub(crate) mod kubernetes;
pub(crate) mod network;
pub(crate) mod runtime;

use crate::store::Spec;
use crete_talos::yaml::{self, Node};
use prost::Message;

/// A specification in both forms.
pub(crate) fn spec(message: &impl Message, yaml: &Node) -> Spec {
    Spec {
        proto: message.encode_to_vec(),
        yaml: yaml::emit(yaml),
    }
}

/// A mapping that leaves out what says nothing, as Go does.
#[derive(Default)]
pub(crate) struct Fields(Vec<(&'static str, Node)>);

impl Fields {
    /// A field that is always there.
    pub fn with(mut self, key: &'static str, value: Node) -> Self {
        self.0.push((key, value));
        self
    }

    /// A text that is there when it is not empty.
    pub fn some(self, key: &'static str, text: &str) -> Self {
        match text.is_empty() {
            true => self,
            false => self.with(key, Node::text(text)),
        }
    }

    /// A text that is always there.
    pub fn text(self, key: &'static str, text: &str) -> Self {
        self.with(key, Node::text(text))
    }

    /// A number or truth value.
    pub fn bare(self, key: &'static str, value: impl ToString) -> Self {
        self.with(key, Node::bare(value))
    }

    pub fn node(self) -> Node {
        let mut node = Node::empty_map();
        for (key, value) in self.0 {
            node.set(key, value);
        }
        node
    }
}

/// A list of texts; an empty list is written as such.
pub(crate) fn list<T: ToString>(items: &[T]) -> Node {
    Node::list(
        items
            .iter()
            .map(|item| Node::text(item.to_string()))
            .collect(),
    )
}
