//! Who looks at which node: the page numbers its looks, and all of them end with it.

use super::Router;
use crate::events::{EventFrame, event_frames};
use crate::host::Host;
use crate::types::NodeLook;
use crete_engine::{Depth, EngineError, Look};
use crete_model::Problem;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// The looks of a page.
#[derive(Debug, Default)]
pub(super) struct Looks(Mutex<HashMap<u32, Look>>);

impl Looks {
    fn lock(&self) -> MutexGuard<'_, HashMap<u32, Look>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn end(&self, look: u32) {
        drop(self.lock().remove(&look));
    }

    pub fn end_all(&self) {
        self.lock().clear();
    }
}

impl<H: Host> Router<H> {
    /// Frames of all topics for a page that begins. What a page before it looked at is not looked at
    /// any more.
    #[must_use]
    pub fn events(&self, cancel: &CancellationToken) -> mpsc::Receiver<Vec<EventFrame>> {
        self.looks.end_all();
        event_frames(&self.engine(), cancel)
    }

    pub(super) fn look(&self, request: NodeLook) -> Result<(), Problem> {
        let depth = match request.full {
            true => Depth::Full,
            false => Depth::Summary,
        };
        let engine = self.engine();
        let look = engine.look_at_node(request.machine, depth);
        let look = look.map_err(EngineError::problem)?;
        drop(self.looks.lock().insert(request.look, look));
        Ok(())
    }
}
