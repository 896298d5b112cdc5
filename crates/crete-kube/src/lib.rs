//! Kubernetes, as far as a cluster's health and small manifests go.
//!
//! ```text
//! kubeconfig + Dial ─▶ Cluster ─▶ version · nodes · system pods
//!                              └▶ apply · delete (server-side, small manifests)
//! ```
//!
//! The kubeconfig says whom to believe and who we are; the way there is given. Nothing is read from
//! the person's folders.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        reason = "a test fails by panicking"
    )
)]

mod cluster;
mod connect;
mod error;
mod health;
mod kubeconfig;
mod manifest;

pub use cluster::Cluster;
pub use connect::{Dial, Transport};
pub use error::KubeError;
pub use health::{NodeState, PodState};
pub use kubeconfig::server;
pub use manifest::Reference;
