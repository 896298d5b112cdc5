//! The way to the practice service: proposals at once, and else a letter that is answered when
//! something is new.

use super::letter::{Answer, Letter};
use super::registry::ClusterRegistry;
use super::service::{LEASE, WAIT};
use crate::faults::{Fault, Faults};
use crate::time::Clock;
use futures_util::future::BoxFuture;
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::fmt::Debug;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// How long an answer may take beyond what the service itself waits.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between two tries when nobody answers; each is twice the one before.
const PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// Carries letters to the practice service.
pub trait Post: Debug + Send + Sync {
    /// Carries a letter, and brings the answer.
    fn carry(&self, letter: Vec<u8>) -> BoxFuture<'static, io::Result<Vec<u8>>>;
}

/// What keeps a machine in touch with the service; it has to be run.
#[derive(Debug)]
pub struct Remote {
    registry: ClusterRegistry,
    post: Arc<dyn Post>,
    faults: Faults,
    /// Faults that are set because the service told them.
    told: BTreeSet<Fault>,
    heard: Instant,
    pause: Duration,
}

impl Remote {
    pub(super) fn new(registry: ClusterRegistry, post: Arc<dyn Post>, faults: Faults) -> Self {
        Self {
            registry,
            post,
            faults,
            told: BTreeSet::new(),
            heard: Instant::now(),
            pause: PAUSE,
        }
    }

    /// Keeps in touch, for ever; `clock` dates what is found out.
    pub async fn run(mut self, clock: Clock) -> Infallible {
        let mut waiting: Option<BoxFuture<'static, io::Result<Answer>>> = None;
        loop {
            if let Some(letter) = self.registry.letter(true) {
                let answer = timeout(PATIENCE, self.send(&letter)).await;
                let answer = answer.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
                if !self.hear(answer, &clock) {
                    self.pause(&clock).await;
                }
                continue;
            }
            let Some(letter) = self.registry.letter(false) else {
                // One process has no service.
                return std::future::pending().await;
            };
            let answer = waiting.get_or_insert_with(|| self.send(&letter));
            let limit = self.heard + WAIT + PATIENCE;
            tokio::select! {
                answer = answer => {
                    waiting = None;
                    if !self.hear(answer, &clock) {
                        self.pause(&clock).await;
                    }
                }
                () = self.registry.woken() => {}
                () = sleep_until(limit) => {
                    waiting = None;
                    self.pause(&clock).await;
                }
            }
        }
    }

    fn send(&self, letter: &Letter) -> BoxFuture<'static, io::Result<Answer>> {
        let post = Arc::clone(&self.post);
        let bytes = serde_json::to_vec(letter);
        Box::pin(async move {
            let answer = post.carry(bytes?).await?;
            Ok(serde_json::from_slice(&answer)?)
        })
    }

    /// Takes in an answer; false when there is none.
    fn hear(&mut self, answer: io::Result<Answer>, clock: &Clock) -> bool {
        let Ok(answer) = answer else {
            return false;
        };
        self.heard = Instant::now();
        self.pause = PAUSE;
        self.obey(&answer.faults);
        self.registry.take(&answer, clock.now());
        true
    }

    /// Sets what the service says, and clears what it says no longer; what the machine itself has
    /// stays as it is.
    fn obey(&mut self, names: &[String]) {
        let named = |name: &String| Fault::ALL.iter().find(|fault| fault.name() == name);
        let wanted: BTreeSet<Fault> = names.iter().filter_map(named).copied().collect();
        self.told.retain(|fault| {
            let stays = wanted.contains(fault);
            if !stays {
                self.faults.clear(*fault);
            }
            stays
        });
        for fault in wanted {
            if !self.faults.has(fault) {
                self.faults.set(fault);
                self.told.insert(fault);
            }
        }
    }

    async fn pause(&mut self, clock: &Clock) {
        if self.heard.elapsed() >= LEASE {
            self.registry.alone(clock.now());
        }
        sleep(self.pause).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }
}
