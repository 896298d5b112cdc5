//! The file of an image: what is known of it, what was checked, and what is wrong with a bad one.

use crate::{Params, Problem};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The complete file of an image, as machines boot from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ImageFile {
    /// File name in the image's folder.
    pub name: String,
    /// `raw`, `qcow2` or `iso`.
    pub format: ImageFormat,
    /// Bytes that arrived, packed as they came.
    #[ts(type = "number")]
    pub downloaded: u64,
    /// SHA-256 of what arrived, lower-case hexadecimal.
    pub sha256: String,
    /// Bytes a machine sees.
    #[ts(type = "number")]
    pub virtual_size: u64,
    /// What was checked, with its result, in the order of [`Layer`].
    #[serde(default)]
    pub layers: Vec<LayerCheck>,
    /// How the file looked when its digest was last found right. Anything else is a reason to
    /// read it again before it is used.
    #[serde(default)]
    #[ts(skip)]
    pub stamp: Option<FileStamp>,
}

/// Format of an image's file as QEMU opens it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum ImageFormat {
    /// Raw disk.
    Raw,
    /// QEMU's own.
    Qcow2,
    /// CD.
    Iso,
}

impl ImageFormat {
    /// The format's name for QEMU: a CD is read as it is.
    #[must_use]
    pub fn qemu(self) -> &'static str {
        match self {
            Self::Raw | Self::Iso => "raw",
            Self::Qcow2 => "qcow2",
        }
    }
}

/// What a file looks like from outside: enough to notice that somebody touched it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileStamp {
    /// Length, bytes.
    pub bytes: u64,
    /// Seconds of the time of the last change of its content.
    pub modified_s: i64,
    /// Nanoseconds of it.
    pub modified_ns: i64,
    /// Seconds of the time of the last change of anything about it, which nobody can set back.
    /// A stamp of an older version has none: it is no file's, so that the file is read again.
    #[serde(default)]
    pub changed_s: Option<i64>,
    /// Nanoseconds of it.
    #[serde(default)]
    pub changed_ns: Option<i64>,
    /// Number of the inode.
    pub inode: u64,
}

/// A layer of verification, from the wire to the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// It came over TLS from a server with a trusted certificate (`host`).
    Transport,
    /// It has the length that was announced (`bytes`).
    Length,
    /// Its structure is that of its kind, from the first byte to the last (`format`).
    Structure,
    /// Its SHA-256 is the recorded one (`sha256`).
    Digest,
}

/// The result of one layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum LayerOutcome {
    /// As it should be.
    Good,
    /// Not as it should be: the file is not used.
    Bad,
    /// There was nothing to compare with: plain HTTP, or a server that announces no length.
    Absent,
}

/// One layer's last check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LayerCheck {
    /// The layer.
    pub layer: Layer,
    /// Its result.
    pub outcome: LayerOutcome,
    /// RFC 3339.
    pub at: String,
    /// Values for the sentence.
    pub params: Params,
}

/// A file that failed a check. It is kept, and never used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SetAsideFile {
    /// File name in the image's `set-aside` folder.
    pub name: String,
    /// Its length.
    #[ts(type = "number")]
    pub bytes: u64,
    /// RFC 3339.
    pub at: String,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with the content of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum FileFault {
    /// A page for a browser.
    WebPage,
    /// Another kind of file than expected (`expected`).
    OtherKind,
    /// The end is missing: the file says that it is longer (`needed`, `length`).
    CutOff,
    /// It has more or fewer bytes than announced (`needed`, `length`).
    OtherLength,
    /// Its packing cannot be undone.
    Packing,
    /// A disk without a partition table: nothing can boot from it.
    NoPartitions,
    /// The partition table contradicts its own checksum.
    PartitionTable,
    /// The CD's table of contents is damaged.
    VolumeTable,
    /// The qcow2 tables are damaged.
    DiskTables,
    /// A qcow2 disk that is only a difference to another file (`file`).
    NeedsOther,
    /// An encrypted qcow2 disk.
    Encrypted,
    /// QEMU itself marked the qcow2 disk as damaged.
    MarkedDamaged,
    /// A format of a later version, or with a feature that is not known (`version`).
    Newer,
    /// The SHA-256 is not the recorded one (`expected`, `found`).
    OtherDigest,
}
