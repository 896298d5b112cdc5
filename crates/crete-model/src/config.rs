//! Talos configurations as a person writes them: what may stand where, and what is wrong with a
//! text.

use crate::TalosVersion;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ts_rs::TS;

/// Where a configuration is to work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ConfigMode {
    /// On a machine of its own, which it installs itself on.
    Metal,
    /// In a cloud, from a disk image.
    Cloud,
    /// In a container.
    Container,
}

/// What a text is meant to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ConfigForm {
    /// Everything a node needs.
    Whole,
    /// Documents that a node finds at its first start; the rest may come later.
    Part,
    /// Laid over a configuration that is there.
    Patch,
}

/// A text to be judged.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ConfigText {
    /// YAML. May hold secrets.
    pub text: String,
    /// Whose rules count.
    pub version: TalosVersion,
    /// Where it is to work.
    pub mode: ConfigMode,
    /// What it is meant to be.
    pub form: ConfigForm,
}

impl std::fmt::Debug for ConfigText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            version,
            mode,
            form,
            text,
        } = self;
        write!(
            f,
            "ConfigText({form:?} {mode:?} {version}, {} bytes)",
            text.len()
        )
    }
}

/// What is said about a text.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct ConfigVerdict {
    /// The version line whose rules were used, `1.13`; nothing where Crete knows none, and then
    /// nothing was looked at.
    pub minor: Option<String>,
    /// What is wrong, and what is accepted and regretted; by line.
    pub findings: Vec<ConfigFinding>,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ConfigSeverity {
    /// A node refuses it.
    Error,
    /// A node takes it, and something else comes out than was meant.
    Warning,
}

/// What kind of finding it is: the page has a sentence of its own for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ConfigFindingCode {
    /// The text is no YAML.
    Syntax,
    /// The version has no such key.
    UnknownKey,
    /// The version has no such kind of document.
    UnknownKind,
    /// A value of another type, or in another form, than the key takes.
    WrongValue,
    /// A rule of Talos.
    Rule,
    /// Networks of pods, services or machines have addresses in common.
    SubnetsOverlap,
    /// Less memory than Talos needs for the machine's role.
    MemoryShort,
    /// This Talos does not run this Kubernetes.
    VersionSkew,
    /// The disk to install on is not there.
    DiskMissing,
    /// The patch takes away values that it does not repeat.
    Erases,
}

/// One thing to know about a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ConfigFinding {
    /// How bad it is.
    pub severity: ConfigSeverity,
    /// What kind it is.
    pub code: ConfigFindingCode,
    /// The document, such as `LinkConfig/eth0`; empty for the main one and between documents.
    pub document: String,
    /// The path in the document, such as `machine.install.disk`; empty when it is no single place.
    pub path: String,
    /// The line in the text, from 1; 0 when it is no single place.
    pub line: u32,
    /// Talos' words, without values that may be secret.
    pub words: String,
}

/// Asks for a version's keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ConfigKeysRequest {
    /// The version.
    pub version: TalosVersion,
}

/// Which kinds and keys a version knows.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct ConfigKeys {
    /// The version line, `1.13`; nothing where Crete knows none.
    pub minor: Option<String>,
    /// The type of the document that has no kind.
    pub main: String,
    /// Types of documents by kind.
    pub kinds: BTreeMap<String, String>,
    /// Keys by type.
    pub records: BTreeMap<String, BTreeMap<String, ConfigShape>>,
}

/// What may stand under a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ConfigShape {
    /// Anything: it belongs to Kubernetes or containerd.
    Free,
    /// A text.
    Text {
        /// The words it may be; empty for any.
        options: Vec<String>,
    },
    /// A whole number.
    Number,
    /// True or false.
    Truth,
    /// A list.
    List {
        /// Of what.
        of: Box<ConfigShape>,
    },
    /// A mapping with any keys.
    Map {
        /// Of what.
        of: Box<ConfigShape>,
    },
    /// A mapping with known keys.
    Record {
        /// The name of its type.
        name: String,
    },
}
