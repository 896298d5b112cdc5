//! What was deleted and can be given back.

use crate::ImageId;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What something in the trash was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum TrashKind {
    /// An image.
    Images,
    /// A machine with its disk.
    Machines,
    /// A network.
    Networks,
    /// A draft of the studio.
    Drafts,
    /// A cluster with its secrets; its machines are in the trash beside it.
    Clusters,
}

/// Something in the trash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TrashView {
    /// Its place in the trash: what gives it back.
    pub trash_id: String,
    /// What it was.
    pub kind: TrashKind,
    /// Its id, when it was there.
    pub id: String,
    /// Its name.
    pub name: String,
    /// RFC 3339.
    pub deleted_at: String,
    /// Bytes it takes on this computer.
    #[ts(type = "number")]
    pub bytes: u64,
    /// The image a machine boots from: without it the machine cannot be started again.
    pub image: Option<ImageId>,
}
