//! The driver: the one task that owns a cluster.

use super::ground::Ground;
use super::requests::Ask;
use crate::Engine;
use crete_model::ClusterSpec;
use std::sync::Arc;
use tokio::sync::mpsc;

/// The owner of one cluster.
pub(super) struct Driver {
    pub engine: Engine,
    pub spec: ClusterSpec,
    pub ground: Arc<dyn Ground>,
    pub requests: mpsc::Receiver<Ask>,
}

impl Driver {
    pub fn new(
        engine: &Engine,
        spec: ClusterSpec,
        ground: Arc<dyn Ground>,
        requests: mpsc::Receiver<Ask>,
    ) -> Self {
        Self {
            engine: engine.clone(),
            spec,
            ground,
            requests,
        }
    }

    pub fn show(&self) {}

    pub async fn run(self) {
        let _ = (&self.engine, &self.spec, &self.ground, &self.requests);
    }
}
