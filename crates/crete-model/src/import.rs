//! Images that a person brings: what a file is, and what will become of it.

use crate::{Arch, BootMedium, ImageFormat, Problem, TalosVersion};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// How a file is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Packing {
    /// Not at all.
    None,
    /// Zstandard.
    Zstd,
    /// xz.
    Xz,
}

/// A file that a person gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ImportOrigin {
    /// Its name there; the image is called so.
    pub file_name: String,
    /// Where it was. For a file from the images folder, where it lies in the image's own.
    pub path: String,
    /// True when it was put into the images folder: it is moved in rather than copied.
    pub taken: bool,
    /// How it is packed.
    pub packing: Packing,
    /// What it is when it is unpacked.
    pub format: ImageFormat,
}

/// What will become of a file, before anything is done with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ImportPlan {
    /// Absolute path.
    pub path: String,
    /// Its name.
    pub file_name: String,
    /// Its length; 0 when it cannot be read.
    #[ts(type = "number")]
    pub bytes: u64,
    /// What it is; absent when it cannot be used.
    pub found: Option<ImportFound>,
    /// Why it cannot be used.
    pub problem: Option<Problem>,
}

/// What a file is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ImportFound {
    /// How it is packed.
    pub packing: Packing,
    /// What it is when it is unpacked.
    pub format: ImageFormat,
    /// How machines boot from it.
    pub medium: BootMedium,
    /// Its processor architecture, where the file tells at first sight.
    pub arch: Option<Arch>,
    /// Its Talos version, where the file tells at first sight.
    pub version: Option<TalosVersion>,
}

/// Files that a person holds over the window, or let go there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct DropView {
    /// What would become of each; of those that were let go, the ones that cannot be used.
    pub files: Vec<ImportPlan>,
    /// The text of one that was let go and is no image: the studio may know what it is.
    pub text: Option<String>,
}

/// Why a file cannot be imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ImportFault {
    /// There is no such file any more.
    Missing,
    /// A link (`target`).
    Link,
    /// A folder.
    Folder,
    /// A device, a pipe or a socket.
    Special,
    /// A file without a single byte.
    Empty,
    /// No kind of image Crete knows.
    Unknown,
    /// It changed while it was read.
    Changed,
}
