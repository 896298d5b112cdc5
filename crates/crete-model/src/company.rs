//! What somebody set on this computer that machines inside it need too: the way out, whom to trust,
//! the time, and where images come from. Offered; nothing is taken by itself.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// All that was found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct HostOffers {
    /// The proxy.
    pub proxy: Option<ProxyOffer>,
    /// Authorities that somebody added.
    pub roots: Vec<RootOffer>,
    /// Time servers that somebody set.
    pub time: Vec<TimeOffer>,
    /// Mirrors of registries.
    pub mirrors: Vec<MirrorOffer>,
}

/// A proxy that programs of this computer use.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ProxyOffer {
    /// The variables, by their lower-case names, in order. An address may hold a password.
    pub variables: Vec<(String, String)>,
    /// Where it was found: a file, or empty for the environment of this program.
    pub source: String,
    /// True when it listens on this computer alone: machines do not reach it there.
    pub local: bool,
    /// True when an address holds a name and a password, which every machine would then hold.
    pub password: bool,
}

impl std::fmt::Debug for ProxyOffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self
            .variables
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        write!(f, "ProxyOffer({names:?} from {:?})", self.source)
    }
}

/// An authority that somebody added to this computer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RootOffer {
    /// Its file.
    pub path: String,
    /// Whose it is, as it says itself.
    pub subject: String,
    /// The fingerprint of its first certificate, by which it is chosen.
    pub fingerprint: String,
    /// RFC 3339: until when it counts.
    pub expires_at: String,
    /// True when that is over.
    pub expired: bool,
    /// The certificates, PEM.
    pub certificates: String,
}

/// A time server that somebody set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TimeOffer {
    /// Its name or address.
    pub server: String,
    /// The file it stands in.
    pub source: String,
}

/// A mirror of a registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MirrorOffer {
    /// The registry's host.
    pub registry: String,
    /// Where to ask instead, in order.
    pub endpoints: Vec<String>,
    /// The file it stands in.
    pub source: String,
    /// True when one of them listens on this computer alone.
    pub local: bool,
}

/// What is taken of the offers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct HostChoice {
    /// True for the proxy.
    pub proxy: bool,
    /// Fingerprints of authorities.
    pub roots: Vec<String>,
    /// Time servers.
    pub time: Vec<String>,
    /// Registries whose mirrors are taken.
    pub mirrors: Vec<String>,
}

/// Asks for the patch that a choice comes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct HostPatchRequest {
    /// In whose form.
    pub version: crate::TalosVersion,
    /// What is taken.
    pub choice: HostChoice,
    /// Networks and names that are never asked through the proxy, besides the usual ones.
    pub direct: Vec<String>,
}
