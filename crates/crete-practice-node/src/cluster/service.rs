//! The practice service: where the nodes of real machines meet.
//!
//! It keeps what they agreed on, with a version; a proposal counts only when it is made from the
//! newest one. Whoever is not heard of for the time of a lease is counted as away, as if its power had
//! gone. It keeps nothing on disk: members of an etcd have its data, and bring it back to another run.
//! It also tells machines what is to go wrong on them.

use super::Meeting;
use super::letter::{Answer, Letter, Will};
use crate::faults::Fault;
use crate::time::Clock;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

/// How long a machine counts as there after it was heard of last.
pub const LEASE: Duration = Duration::from_secs(12);
/// How long an answer is kept back while there is nothing new.
pub const WAIT: Duration = Duration::from_secs(3);

/// The service. Clones are the same.
#[derive(Debug, Clone)]
pub struct PracticeService {
    state: Arc<Mutex<State>>,
    changed: Arc<watch::Sender<u64>>,
    clock: Clock,
}

#[derive(Debug)]
struct State {
    epoch: u64,
    version: u64,
    meeting: Meeting,
    machines: BTreeMap<String, Known>,
    faults: BTreeMap<String, BTreeSet<Fault>>,
}

/// A machine that is there.
#[derive(Debug)]
struct Known {
    session: u64,
    until: Instant,
    will: Option<Will>,
    /// The last proposal that was taken.
    taken: u64,
}

impl PracticeService {
    /// A service that knows nobody yet. `epoch` is another number, not 0, for each run.
    #[must_use]
    pub fn new(epoch: u64, clock: Clock) -> Self {
        Self {
            state: Arc::new(Mutex::new(State {
                epoch: epoch.max(1),
                version: 0,
                meeting: Meeting::default(),
                machines: BTreeMap::new(),
                faults: BTreeMap::new(),
            })),
            changed: Arc::new(watch::Sender::new(0)),
            clock,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self) {
        self.changed.send_modify(|count| *count += 1);
    }

    /// The machines that are there, by UUID.
    #[must_use]
    pub fn machines(&self) -> Vec<String> {
        self.lock().expire(&self.clock);
        self.lock().machines.keys().cloned().collect()
    }

    /// What is to go wrong on a machine from now on, and nothing else; it need not be there yet.
    pub fn set_faults(&self, machine: &str, faults: &[Fault]) {
        let set = faults.iter().copied().collect();
        self.lock().faults.insert(machine.to_lowercase(), set);
        self.tell();
    }

    /// Answers a machine's letter: at once when it proposes something, else when something is new
    /// or a little time is over.
    ///
    /// # Errors
    /// When it is no letter.
    pub async fn answer(&self, letter: &[u8]) -> Result<Vec<u8>, serde_json::Error> {
        let letter: Letter = serde_json::from_slice(letter)?;
        let mut changes = self.changed.subscribe();
        let (receipt, faults) = {
            let mut state = self.lock();
            let expired = state.expire(&self.clock);
            let mut receipt = state.take(&letter, &self.clock);
            receipt.changed |= expired;
            (receipt, state.faults_of(&letter.machine))
        };
        changes.borrow_and_update();
        if receipt.changed {
            self.tell();
        }
        let waits = letter.proposal.is_none();
        let deadline = Instant::now() + WAIT;
        let mut over = !waits || !letter.obeys(&faults);
        loop {
            let (answer, now) = {
                let mut state = self.lock();
                if state.expire(&self.clock) {
                    self.tell();
                }
                (
                    state.answer(&letter, receipt),
                    state.faults_of(&letter.machine),
                )
            };
            if over || answer.meeting.is_some() || now != faults {
                return serde_json::to_vec(&answer);
            }
            over = timeout_at(deadline, changes.changed()).await.is_err();
        }
    }
}

/// How a letter was taken in.
#[derive(Debug, Clone, Copy)]
struct Receipt {
    /// Something is other than it was.
    changed: bool,
    /// Its last proposal that counted.
    taken: u64,
}

impl Letter {
    /// True when the machine knows what is to go wrong on it.
    fn obeys(&self, faults: &BTreeSet<Fault>) -> bool {
        let names = faults.iter().map(|fault| fault.name());
        names.eq(self.faults.iter().map(String::as_str))
    }
}

impl State {
    /// Takes a letter in.
    fn take(&mut self, letter: &Letter, clock: &Clock) -> Receipt {
        let mut changed = false;
        let known = self.machines.remove(&letter.machine);
        let known = known.filter(|known| {
            let same = known.session == letter.session;
            if let Some(will) = known.will.as_ref().filter(|_| !same) {
                // It booted again so soon that nobody noticed.
                self.meeting
                    .settle(|meeting| meeting.leave(will, clock.now()));
                self.version += 1;
                changed = true;
            }
            same
        });
        let mut taken = known.map_or(0, |known| known.taken);
        let newest = letter.epoch == self.epoch && letter.version == self.version;
        if let Some(proposal) = letter.proposal.as_ref().filter(|_| newest) {
            self.meeting = proposal.meeting.clone();
            self.version += 1;
            taken = proposal.number;
            changed = true;
        }
        let known = Known {
            session: letter.session,
            until: Instant::now() + LEASE,
            will: letter.will.clone(),
            taken,
        };
        self.machines.insert(letter.machine.clone(), known);
        Receipt { changed, taken }
    }

    /// Counts those as away who were not heard of; true when there are any.
    fn expire(&mut self, clock: &Clock) -> bool {
        let now = Instant::now();
        let gone: Vec<String> = self
            .machines
            .iter()
            .filter(|(_, known)| known.until <= now)
            .map(|(machine, _)| machine.clone())
            .collect();
        for machine in &gone {
            let known = self.machines.remove(machine);
            if let Some(will) = known.and_then(|known| known.will) {
                self.meeting
                    .settle(|meeting| meeting.leave(&will, clock.now()));
            }
        }
        self.version += u64::from(!gone.is_empty());
        !gone.is_empty()
    }

    fn faults_of(&self, machine: &str) -> BTreeSet<Fault> {
        let faults = self.faults.get(&machine.to_lowercase());
        faults.cloned().unwrap_or_default()
    }

    fn answer(&self, letter: &Letter, receipt: Receipt) -> Answer {
        let faults = self.faults_of(&letter.machine);
        let own = letter.proposal.as_ref();
        // Who proposed what is newest knows it.
        let known = letter.epoch == self.epoch
            && match own.filter(|own| own.number == receipt.taken) {
                Some(_) => letter.version + 1 == self.version,
                None => letter.version == self.version,
            };
        Answer {
            epoch: self.epoch,
            version: self.version,
            meeting: (!known).then(|| self.meeting.clone()),
            taken: receipt.taken,
            faults: faults.iter().map(|fault| fault.name().to_owned()).collect(),
        }
    }
}
