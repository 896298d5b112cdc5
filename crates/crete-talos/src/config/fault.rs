//! What is wrong with a configuration: where it is, in words that may be shown, and in Talos' own.

use std::fmt;

/// The step at which a configuration is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// Reading it.
    Load,
    /// The rules that need only the configuration: what `talosctl validate` says.
    Static,
    /// The rules that look at the machine: what a node says when it is applied.
    Node,
}

/// What is wrong, as far as it can be told apart without words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum What {
    /// The text is no YAML.
    Syntax,
    /// The version has no such key.
    UnknownKey,
    /// The version has no such kind of document.
    UnknownKind,
    /// A value that the key does not take.
    WrongValue,
    /// A rule of Talos.
    #[default]
    Rule,
    /// Networks have addresses in common.
    SubnetsOverlap,
    /// Less memory than Talos needs.
    MemoryShort,
    /// This Talos does not run this Kubernetes.
    VersionSkew,
    /// The disk to install on is not there.
    DiskMissing,
}

/// One thing that is wrong.
///
/// Talos' own text may quote values, secrets among them, so it is neither displayed nor debugged.
#[derive(Clone, PartialEq, Eq)]
pub struct Fault {
    /// What kind it is.
    pub what: What,
    /// The document it is in, such as `LinkConfig/eth0`; empty for faults between documents.
    pub document: String,
    /// The path in the document, such as `machine.install.disk`; empty when it is no single place.
    pub path: String,
    /// Line in the text, from 1; 0 when it is no single place.
    pub line: usize,
    /// What is wrong; quotes no secret.
    pub reason: String,
    pub(super) talos: String,
}

impl Fault {
    /// A fault whose text can be shown as Talos words it.
    pub(super) fn new(path: impl Into<String>, line: usize, text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            what: What::default(),
            document: String::new(),
            path: path.into(),
            line,
            reason: text.clone(),
            talos: text,
        }
    }

    /// A fault of another kind.
    pub(super) fn of(mut self, what: What) -> Self {
        self.what = what;
        self
    }

    /// A fault for which Talos has another text, which may quote values.
    pub(super) fn worded(mut self, talos: impl Into<String>) -> Self {
        self.talos = talos.into();
        self
    }

    /// Talos' own words. May quote secrets: never to be logged.
    #[must_use]
    pub fn talos_text(&self) -> &str {
        &self.talos
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "line {}: ", self.line)?;
        }
        if !self.document.is_empty() && self.document != "v1alpha1.Config" {
            write!(f, "{}: ", self.document)?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.reason)
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fault({self})")
    }
}

/// Why a text is no configuration: at least one fault.
#[derive(Clone, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

impl Faults {
    pub(super) fn one(fault: Fault) -> Self {
        Self(vec![fault])
    }

    /// Talos' own words for the first, which is where Talos stops. May quote secrets.
    #[must_use]
    pub fn talos_text(&self) -> &str {
        self.0.first().map(Fault::talos_text).unwrap_or_default()
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{fault}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.0).finish()
    }
}

impl std::error::Error for Faults {}
