//! Clusters: what is wanted of one, what was made of it, and how it is seen to be.
//!
//! ```text
//! ClusterDraft ─▶ check ─▶ ClusterSpec (on disk) ─▶ driver ─▶ ClusterView
//!      ▲                                              ▲
//!   ClusterRecipe (a file of the person's)         secrets (a file of their own, never shown)
//! ```

mod change;
mod draft;
mod health;
mod life;
mod plan;
mod recipe;
mod sample;
mod spec;
mod stuck;
mod support;
mod view;

pub use change::*;
pub use draft::*;
pub use health::*;
pub use life::*;
pub use plan::*;
pub use recipe::*;
pub use sample::*;
pub use spec::*;
pub use stuck::*;
pub use support::*;
pub use view::*;
