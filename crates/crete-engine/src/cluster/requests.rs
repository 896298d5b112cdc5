//! What others ask of a cluster's driver.

use super::change::Reach;
use crate::error::Result;
use crete_model::{ClusterPatches, JobId, LessWorkers, MoreWorkers};
use tokio::sync::{mpsc, oneshot};

/// Where an answer goes. Whoever asked may have gone; then nobody needs it.
pub(super) type Answer<T> = oneshot::Sender<Result<T>>;

/// What can be asked.
#[derive(Debug)]
pub(super) enum Ask {
    /// To be on.
    Start { answer: Answer<Option<JobId>> },
    /// To be off.
    Stop { answer: Answer<Option<JobId>> },
    /// To be off and on.
    Restart { answer: Answer<Option<JobId>> },
    /// Not to be.
    Cancel { answer: Answer<()> },
    /// To go to the trash.
    Delete { answer: Answer<String> },
    /// To have more workers.
    AddWorkers {
        wish: MoreWorkers,
        answer: Answer<Option<JobId>>,
    },
    /// To have a worker less.
    RemoveWorker {
        wish: LessWorkers,
        answer: Answer<Option<JobId>>,
    },
    /// To be reached by somebody who compares.
    Reach { answer: Answer<Reach> },
    /// To have other patches.
    Configure {
        patches: ClusterPatches,
        answer: Answer<Option<JobId>>,
    },
    /// To have a sample app, or none.
    Sample {
        wanted: bool,
        answer: Answer<Option<JobId>>,
    },
    /// To look now.
    Look,
}

/// What others hold of a cluster.
pub(super) type Handle = mpsc::Sender<Ask>;
