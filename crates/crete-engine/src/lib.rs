//! The application: images, machines and jobs of one data folder, without a window.
//!
//! The engine knows neither JSON nor windows. Its readers watch live sets ([`Live`]); its callers
//! use the methods of [`Engine`]. Every machine is owned by exactly one task; every task is owned
//! by the engine and joined by [`Engine::close`]. Machines themselves are processes of their own
//! and go on when the engine closes.

mod access;
mod catalogue;
mod clock;
pub mod cluster;
mod config;
mod engine;
mod error;
mod handover;
mod host;
mod images;
mod jobs;
mod live;
mod machine;
mod network;
mod node;
mod offers;
mod paths;
mod patience;
mod places;
mod practice;
mod refusal;
mod saving;
mod settings;
mod store;
mod studio;
mod trash;

pub use access::{
    Access, AccessTo, PersonalFiles, SecretsRead, look_into_secrets, read_secrets, save_text,
};
pub use catalogue::Aged;
pub use clock::{Clock, SystemClock};
pub use cluster::sample_text;
pub use config::{check_config, config_keys, config_reference};
pub use engine::{Config, Engine};
pub use error::EngineError;
pub use live::{Changes, Live, LiveChange, Subscription};
pub use machine::{MachineOffer, copy_console};
pub use network::{NetworkParts, Ways};
pub use node::{Depth, Look};
pub use paths::Roots;
pub use patience::{ClusterPatience, NodePatience, Patience};
pub use places::Places;
pub use practice::{PracticeFactory, PracticeParts};
pub use settings::check_settings;
pub use studio::{Confirmed, OpenedText};

/// An id that ties an error on the page to its line in the log.
#[must_use]
pub fn error_id() -> String {
    crete_model::JobId(uuid::Uuid::new_v4()).short()
}
