//! Files of the factory that go into a folder of the person's, outside the library.

use crate::{FileStamp, OutputKind, SetId, TalosVersion};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Which file goes where: enough to do it again, also after the draft it came from is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SaveOrder {
    /// The folder.
    pub folder: String,
    /// The file's name in it.
    pub file_name: String,
    /// What it is.
    pub output: OutputKind,
    /// Its name at the factory.
    pub asset: String,
    /// Talos version.
    pub version: TalosVersion,
    /// The schematic's canonical text; absent where the file is the same for all schematics.
    pub recipe: Option<String>,
    /// The schematic's id, computed here.
    pub schematic_id: String,
    /// The one file that may be replaced, as it looked when the person said so.
    #[ts(skip)]
    pub replaces: Option<FileStamp>,
    /// The set it belongs to.
    pub set: Option<SaveSet>,
}

/// Files that were asked for together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SaveSet {
    /// Its id.
    pub id: SetId,
    /// How many files it has.
    pub count: u32,
}
