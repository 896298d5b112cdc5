//! The tree, and what builds and searches it.

use super::plain::{Plain, resolve};

/// Where a value came from: 0 is what was generated or read, n the n-th patch.
pub type Origin = u32;

/// A value of a YAML document.
///
/// Two nodes are equal when they say the same, wherever they were written.
#[derive(Debug, Clone)]
pub struct Node {
    /// Line in its text, from 1; 0 when it was made and not read.
    pub line: usize,
    /// Which text it came from.
    pub origin: Origin,
    /// The value.
    pub kind: Kind,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A scalar as it was written.
    Scalar {
        /// The text, unquoted.
        text: String,
        /// True when it was written without quotes, so that it may be something other than text.
        plain: bool,
    },
    /// A list.
    Sequence(Vec<Node>),
    /// A mapping in written order, keys unique.
    Mapping(Vec<Entry>),
}

/// A key with its value.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// The key's line, from 1; 0 when it was made and not read.
    pub line: usize,
    /// The value.
    pub value: Node,
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl Eq for Node {}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && self.value == other.value
    }
}

impl Eq for Entry {}

impl From<Kind> for Node {
    fn from(kind: Kind) -> Self {
        Self {
            line: 0,
            origin: 0,
            kind,
        }
    }
}

impl Node {
    /// Text, whatever it looks like.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Kind::Scalar {
            text: text.into(),
            plain: false,
        }
        .into()
    }

    /// A number, truth value or null, written bare.
    #[must_use]
    pub fn bare(value: impl ToString) -> Self {
        Kind::Scalar {
            text: value.to_string(),
            plain: true,
        }
        .into()
    }

    /// A list of texts.
    #[must_use]
    pub fn texts<T: AsRef<str>>(texts: &[T]) -> Self {
        Kind::Sequence(texts.iter().map(|text| Self::text(text.as_ref())).collect()).into()
    }

    /// A mapping of these entries.
    #[must_use]
    pub fn map<const N: usize>(entries: [(&str, Node); N]) -> Self {
        let entries = entries.map(|(key, value)| Entry {
            key: key.to_owned(),
            line: 0,
            value,
        });
        Kind::Mapping(entries.into()).into()
    }

    /// A list.
    #[must_use]
    pub fn list(items: Vec<Node>) -> Self {
        Kind::Sequence(items).into()
    }

    /// An empty mapping.
    #[must_use]
    pub fn empty_map() -> Self {
        Kind::Mapping(Vec::new()).into()
    }

    /// The entries of a mapping; none for anything else.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        match &self.kind {
            Kind::Mapping(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; none for anything else.
    #[must_use]
    pub fn items(&self) -> &[Node] {
        match &self.kind {
            Kind::Sequence(items) => items,
            _ => &[],
        }
    }

    /// The value of a key, unless it is null.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries()
            .iter()
            .find(|entry| entry.key == key)
            .map(|entry| &entry.value)
            .filter(|value| !value.is_null())
    }

    /// The value at the end of a path of keys, unless something on the way is absent or null.
    #[must_use]
    pub fn at(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The text of a scalar that is not null.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar { text, .. } if !self.is_null() => Some(text),
            _ => None,
        }
    }

    /// The text at a path; empty when there is none, which is the same to Talos.
    #[must_use]
    pub fn text_at(&self, path: &[&str]) -> &str {
        self.at(path).and_then(Node::as_text).unwrap_or_default()
    }

    /// A truth value as a typed field reads it: the old words count too.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match &self.kind {
            Kind::Scalar { text, plain: true } => match text.as_str() {
                "true" | "True" | "TRUE" | "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On"
                | "ON" => Some(true),
                "false" | "False" | "FALSE" | "n" | "N" | "no" | "No" | "NO" | "off" | "Off"
                | "OFF" => Some(false),
                _ => None,
            },
            // The old words count in quotes too; `true` and `false` do not.
            Kind::Scalar { text, plain: false } => match text.as_str() {
                "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Some(true),
                "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }

    /// The truth value at a path.
    #[must_use]
    pub fn bool_at(&self, path: &[&str]) -> Option<bool> {
        self.at(path).and_then(Node::as_bool)
    }

    /// A whole number in any of YAML's notations.
    #[must_use]
    pub fn as_integer(&self) -> Option<i128> {
        match &self.kind {
            Kind::Scalar { text, plain: true } => match resolve(text) {
                Plain::Integer(number) => Some(number),
                _ => None,
            },
            _ => None,
        }
    }

    /// True for the plain scalars that mean "nothing".
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(&self.kind, Kind::Scalar { text, plain: true } if resolve(text) == Plain::Null)
    }

    /// What YAML calls it, for messages.
    #[must_use]
    pub fn what(&self) -> &'static str {
        match &self.kind {
            Kind::Sequence(_) => "a list",
            Kind::Mapping(_) => "a mapping",
            Kind::Scalar { .. } if self.is_null() => "nothing",
            Kind::Scalar { .. } => "a single value",
        }
    }

    /// Puts a value at a key, in place when the key is there.
    pub fn set(&mut self, key: &str, value: Node) {
        if !matches!(self.kind, Kind::Mapping(_)) {
            self.kind = Kind::Mapping(Vec::new());
        }
        let Kind::Mapping(entries) = &mut self.kind else {
            return;
        };
        match entries.iter_mut().find(|entry| entry.key == key) {
            Some(entry) => entry.value = value,
            None => entries.push(Entry {
                key: key.to_owned(),
                line: value.line,
                value,
            }),
        }
    }

    /// Takes a key out; true when it was there.
    pub fn remove(&mut self, key: &str) -> bool {
        let Kind::Mapping(entries) = &mut self.kind else {
            return false;
        };
        let before = entries.len();
        entries.retain(|entry| entry.key != key);
        entries.len() != before
    }

    /// The value of a key, for changing.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        match &mut self.kind {
            Kind::Mapping(entries) => entries
                .iter_mut()
                .find(|entry| entry.key == key)
                .map(|entry| &mut entry.value),
            _ => None,
        }
    }

    /// Marks this node and all below as coming from one text.
    #[must_use]
    pub fn from_origin(mut self, origin: Origin) -> Self {
        self.mark(origin);
        self
    }

    fn mark(&mut self, origin: Origin) {
        self.origin = origin;
        match &mut self.kind {
            Kind::Scalar { .. } => {}
            Kind::Sequence(items) => items.iter_mut().for_each(|item| item.mark(origin)),
            Kind::Mapping(entries) => entries
                .iter_mut()
                .for_each(|entry| entry.value.mark(origin)),
        }
    }

    /// How many nodes it is made of.
    pub(super) fn size(&self) -> usize {
        1 + match &self.kind {
            Kind::Scalar { .. } => 0,
            Kind::Sequence(items) => items.iter().map(Node::size).sum(),
            Kind::Mapping(entries) => entries.iter().map(|entry| 1 + entry.value.size()).sum(),
        }
    }
}
