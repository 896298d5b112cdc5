//! What a page is told without asking: topics of keyed items.
//!
//! ```text
//! Init ▶ Item* ▶ InitDone ▶ (Upsert | Remove)*      each with a growing generation
//! ```
//!
//! A page can rebuild its whole view at any time by opening the channel again.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

/// A set of items that is kept live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// `ImageView` by image id.
    Images,
    /// `MachineView` by machine id.
    Machines,
    /// `Job` by job id.
    Jobs,
    /// `BrokenView` by path.
    Broken,
    /// One `HostReport`, key `host`.
    Host,
    /// One `HostUsage`, key `usage`; only while the page is visible.
    Usage,
}

/// One change of a topic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Change {
    /// Forget everything known of this topic.
    Init,
    /// An item that is there.
    Item {
        /// Its key.
        key: String,
        /// Its value.
        #[ts(type = "unknown")]
        value: Value,
    },
    /// All items that are there have been sent.
    InitDone,
    /// An item is new or different.
    Upsert {
        /// Its key.
        key: String,
        /// Its value.
        #[ts(type = "unknown")]
        value: Value,
    },
    /// An item is gone.
    Remove {
        /// Its key.
        key: String,
    },
}

/// A change with its topic and generation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct EventFrame {
    /// The topic.
    pub topic: Topic,
    /// Grows with each frame of this topic; a smaller one is old news.
    #[ts(type = "number")]
    pub generation: u64,
    /// What changed.
    pub change: Change,
}
