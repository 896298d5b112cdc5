//! Where a node finds the others: in one process, or through the practice service.
//!
//! ```text
//! in one process      look, change ─▶ the meeting
//! over the network    look ─▶ view = what was agreed on + own changes that are not yet
//!                     change ─▶ view, and a queue ─▶ proposal ─▶ taken, or done again on what is newer
//! ```
//!
//! A change is done at once where it is made, and done again on what others did before it was agreed
//! on: so it is a function that can be called more than once, and says what it wants, not what it saw.

use super::letter::{Answer, Letter, Proposal, Will};
use super::{Meeting, Remote};
use crate::faults::Faults;
use jiff::Timestamp;
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, oneshot, watch};

/// Changes that are kept while the service is away; then the oldest are forgotten.
const MOST: usize = 512;

type Change = Arc<dyn Fn(&mut Meeting) + Send + Sync>;

/// Where nodes find one another. Nodes that share one, and a configuration, become a cluster.
#[derive(Debug, Clone)]
pub struct ClusterRegistry {
    held: Arc<Mutex<Held>>,
    changed: Arc<watch::Sender<u64>>,
    wake: Arc<Notify>,
}

#[derive(Debug, Default)]
struct Held {
    /// What is seen.
    view: Meeting,
    /// What the service knows; nothing in one process.
    agreed: Option<Agreed>,
}

struct Pending {
    change: Change,
    done: Option<oneshot::Sender<()>>,
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pending")
    }
}

/// A proposal that is on its way.
#[derive(Debug)]
struct Sent {
    number: u64,
    count: usize,
    meeting: Meeting,
}

#[derive(Debug)]
struct Agreed {
    machine: String,
    session: u64,
    epoch: u64,
    version: u64,
    meeting: Meeting,
    pending: VecDeque<Pending>,
    will: Option<Will>,
    /// What is to go wrong, as the service said.
    faults: Vec<String>,
    /// The proposal that was sent last, and how many changes are in it.
    sent: Option<Sent>,
    proposals: u64,
    /// Since when nothing was heard for so long that the others count as away.
    alone: Option<Timestamp>,
}

impl Default for ClusterRegistry {
    fn default() -> Self {
        Self::of(Held::default())
    }
}

impl ClusterRegistry {
    fn of(held: Held) -> Self {
        Self {
            held: Arc::new(Mutex::new(held)),
            changed: Arc::new(watch::Sender::new(0)),
            wake: Arc::default(),
        }
    }

    /// That of a machine, by its UUID, which meets the others through the practice service; and
    /// what has to be run for it. `session` is another number at each boot.
    #[must_use]
    pub fn through_service(
        machine: &str,
        session: u64,
        post: Arc<dyn super::Post>,
        faults: Faults,
    ) -> (Self, Remote) {
        let registry = Self::of(Held {
            view: Meeting::default(),
            agreed: Some(Agreed {
                machine: machine.to_owned(),
                session,
                epoch: 0,
                version: 0,
                meeting: Meeting::default(),
                pending: VecDeque::new(),
                will: None,
                faults: Vec::new(),
                sent: None,
                proposals: 0,
                alone: None,
            }),
        });
        let remote = Remote::new(registry.clone(), post, faults);
        (registry, remote)
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self) {
        self.changed.send_modify(|count| *count += 1);
    }

    /// Looks.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Meeting) -> T) -> T {
        look(&self.lock().view)
    }

    /// Changes something, and tells everybody. What it gives is how it went here and now.
    pub(crate) fn change<T>(
        &self,
        change: impl Fn(&mut Meeting) -> T + Send + Sync + 'static,
    ) -> T {
        let mut held = self.lock();
        let result = held.view.settle(&change);
        if let Some(agreed) = &mut held.agreed {
            let again: Change = Arc::new(move |meeting: &mut Meeting| drop(change(meeting)));
            agreed.queue(Pending {
                change: again,
                done: None,
            });
        }
        drop(held);
        self.tell();
        self.wake.notify_one();
        result
    }

    /// Changes something, and gives how it went once everybody agreed on it; how it went here, where
    /// nobody is to agree.
    pub(crate) async fn agree<T: Send + 'static>(
        &self,
        change: impl Fn(&mut Meeting) -> T + Send + Sync + 'static,
    ) -> T {
        let last = Arc::new(Mutex::new(None));
        let slot = Arc::clone(&last);
        let noting = move |meeting: &mut Meeting| {
            let result = change(meeting);
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
        };
        let (done, agreed_on) = oneshot::channel();
        let waits = {
            let mut held = self.lock();
            held.view.settle(&noting);
            match &mut held.agreed {
                Some(agreed) => {
                    agreed.queue(Pending {
                        change: Arc::new(noting),
                        done: Some(done),
                    });
                    agreed.is_in_touch()
                }
                None => false,
            }
        };
        self.tell();
        self.wake.notify_one();
        if waits && agreed_on.await.is_err() {
            // Forgotten, after a very long time without anybody.
            return std::future::pending().await;
        }
        let result = last.lock().unwrap_or_else(PoisonError::into_inner).take();
        match result {
            Some(result) => result,
            // It was done at least once.
            None => std::future::pending().await,
        }
    }

    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// What ends with this machine, should it be heard of no more.
    pub(crate) fn leave_will(&self, will: Option<Will>) {
        let mut held = self.lock();
        if let Some(agreed) = &mut held.agreed
            && agreed.will != will
        {
            agreed.will = will;
            drop(held);
            self.wake.notify_one();
        }
    }

    /// Waits until a look finds something.
    pub(crate) async fn wait<T>(&self, mut look: impl FnMut(&Meeting) -> Option<T>) -> T {
        let mut changes = self.watch();
        loop {
            changes.borrow_and_update();
            if let Some(found) = self.look(&mut look) {
                return found;
            }
            // The sender is in `self`.
            let _ = changes.changed().await;
        }
    }

    /// Waits until nothing is on its way to the service any more, or nobody is there.
    pub async fn settled(&self) {
        let mut changes = self.watch();
        loop {
            changes.borrow_and_update();
            let queued = |one: &Agreed| !one.pending.is_empty() && one.is_in_touch();
            if !self.lock().agreed.as_ref().is_some_and(queued) {
                return;
            }
            // The sender is in `self`.
            let _ = changes.changed().await;
        }
    }

    /// Waits until there may be something to propose.
    pub(super) async fn woken(&self) {
        self.wake.notified().await;
    }

    /// What is to be sent: a proposal when there is something to agree on.
    pub(super) fn letter(&self, with_proposal: bool) -> Option<Letter> {
        let mut held = self.lock();
        let agreed = held.agreed.as_mut()?;
        let proposal = match with_proposal {
            true => Some(agreed.propose()?),
            false => None,
        };
        Some(Letter {
            machine: agreed.machine.clone(),
            session: agreed.session,
            epoch: agreed.epoch,
            version: agreed.version,
            will: agreed.will.clone(),
            faults: agreed.faults.clone(),
            proposal,
        })
    }

    /// Takes in what the service says.
    pub(super) fn take(&self, answer: &Answer, now: Timestamp) {
        let mut held = self.lock();
        let Some(agreed) = &mut held.agreed else {
            return;
        };
        agreed.take(answer, now);
        held.rebuild();
        drop(held);
        self.tell();
    }

    /// Nothing was heard for too long: from here on the others are away.
    pub(super) fn alone(&self, now: Timestamp) {
        let mut held = self.lock();
        let Some(agreed) = &mut held.agreed else {
            return;
        };
        if agreed.alone.is_none() {
            agreed.alone = Some(now);
            for pending in &mut agreed.pending {
                if let Some(done) = pending.done.take() {
                    // Whoever asked may have gone.
                    let _ = done.send(());
                }
            }
            held.rebuild();
            drop(held);
            self.tell();
        }
    }
}

impl Held {
    /// What is seen, from what was agreed on.
    fn rebuild(&mut self) {
        let Some(agreed) = &self.agreed else {
            return;
        };
        let mut view = agreed.meeting.clone();
        if let Some(now) = agreed.alone {
            view.forget_others(agreed.will.as_ref(), now);
        }
        for pending in &agreed.pending {
            view.settle(|meeting| (pending.change)(meeting));
        }
        self.view = view;
    }
}

impl Agreed {
    fn is_in_touch(&self) -> bool {
        self.epoch != 0 && self.alone.is_none()
    }

    fn queue(&mut self, pending: Pending) {
        // What is on its way is in the front.
        if self.pending.len() >= MOST && self.sent.is_none() {
            self.pending.pop_front();
        }
        self.pending.push_back(pending);
    }

    /// Everything with the own changes, if there are any. Nothing before the service was heard of.
    fn propose(&mut self) -> Option<Proposal> {
        if self.pending.is_empty() || self.epoch == 0 {
            return None;
        }
        let mut meeting = self.meeting.clone();
        for pending in &self.pending {
            meeting.settle(|meeting| (pending.change)(meeting));
        }
        self.proposals += 1;
        self.sent = Some(Sent {
            number: self.proposals,
            count: self.pending.len(),
            meeting: meeting.clone(),
        });
        Some(Proposal {
            number: self.proposals,
            meeting,
        })
    }

    fn take(&mut self, answer: &Answer, now: Timestamp) {
        self.alone = None;
        self.faults.clone_from(&answer.faults);
        let other = answer.epoch != self.epoch;
        let taken = |sent: &mut Sent| !other && sent.number == answer.taken;
        if let Some(Sent { count, meeting, .. }) = self.sent.take_if(taken) {
            self.meeting = meeting;
            for pending in self.pending.drain(..count) {
                if let Some(done) = pending.done {
                    // Whoever asked may have gone.
                    let _ = done.send(());
                }
            }
        }
        if other && self.epoch != 0 {
            self.bring_back(now);
        }
        // An answer that was overtaken by another one says nothing new.
        if other || answer.version >= self.version {
            if let Some(meeting) = &answer.meeting {
                self.meeting = meeting.clone();
            }
            self.epoch = answer.epoch;
            self.version = answer.version;
        }
    }

    /// Another run of the service knows nothing of the etcd that this machine is a member of, whose
    /// members have its data.
    fn bring_back(&mut self, now: Timestamp) {
        self.sent = None;
        let own = self.will.as_ref().and_then(|will| will.etcd);
        let kept = own.and_then(|data| {
            let etcd = self.meeting.etcds.get(&data.cluster)?;
            Some((data.cluster, etcd.clone()))
        });
        if let Some((id, etcd)) = kept {
            let change: Change = Arc::new(move |meeting| meeting.restore(id, &etcd, now));
            self.pending.push_front(Pending { change, done: None });
        }
    }
}
