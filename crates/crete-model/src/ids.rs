//! Identifiers. UUID v7 where order of creation helps; short forms where paths must stay short.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use ts_rs::TS;
use uuid::Uuid;

/// Why a text is no identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAnId;

impl fmt::Display for NotAnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a UUID")
    }
}

impl std::error::Error for NotAnId {}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
        #[ts(type = "string")]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// The last 12 hexadecimal digits: random in a v7 UUID, and short enough that a Unix
            /// socket path below it stays under the kernel's 107 bytes.
            #[must_use]
            pub fn short(&self) -> String {
                let text = self.0.simple().to_string();
                text[20..].to_owned()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                Uuid::parse_str(text).map(Self).map_err(|_| NotAnId)
            }
        }
    };
}

id!(
    /// An image: a recipe and its downloaded file.
    ImageId
);
id!(
    /// A machine. Also its SMBIOS UUID, so that the guest and QMP report the same value.
    MachineId
);
id!(
    /// A cluster.
    ClusterId
);
id!(
    /// A draft of the studio.
    DraftId
);
id!(
    /// A job: one persisted piece of long work.
    JobId
);
id!(
    /// Files that are saved together.
    SetId
);
id!(
    /// A network.
    NetworkId
);
id!(
    /// A port of this computer that leads to a machine.
    ForwardId
);
