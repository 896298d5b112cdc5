//! What others ask of a machine, in order: received, decided, and done when its turn comes.

use super::admission::{Admission, Circumstances, admit};
use crate::error::{EngineError, Result};
use crete_model::{JobId, MachineAction, MachineState, NetworkId};
use std::collections::VecDeque;
use tokio::sync::{mpsc, oneshot};

/// What came of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Done {
    /// The job that carries it out.
    pub job: Option<JobId>,
    /// What gives a deleted machine back.
    pub trash: Option<String>,
}

impl Done {
    pub fn by(job: Option<JobId>) -> Self {
        Self { job, trash: None }
    }
}

/// Where the answer goes. Whoever asked may have gone; then nobody needs it.
pub(super) type Answer = oneshot::Sender<Result<Done>>;

/// What can be asked of a machine.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wish {
    /// To do something, when it can be done.
    Action(MachineAction),
    /// To be in another network from now on.
    Network(NetworkId),
}

/// A request and where its answer goes.
#[derive(Debug)]
pub(super) struct Request {
    pub wish: Wish,
    pub answer: Answer,
}

impl Request {
    /// True when it asks for a start.
    pub fn is_start(&self) -> bool {
        matches!(self.wish, Wish::Action(MachineAction::Start))
    }
}

/// The requests of one machine.
#[derive(Debug)]
pub(super) struct Requests {
    incoming: mpsc::Receiver<Request>,
    /// Accepted and not yet done. Who was answered already is not waited for.
    accepted: VecDeque<(MachineAction, Option<Answer>)>,
}

impl Requests {
    pub fn new(incoming: mpsc::Receiver<Request>) -> Self {
        Self {
            incoming,
            accepted: VecDeque::new(),
        }
    }

    /// Waits for a request. Never ends when nobody can ask any more.
    pub async fn arrive(&mut self) -> Request {
        match self.incoming.recv().await {
            Some(request) => request,
            None => std::future::pending().await,
        }
    }

    /// Accepted and not yet done, oldest first.
    pub fn queue(&self) -> Vec<MachineAction> {
        self.accepted.iter().map(|(action, _)| *action).collect()
    }

    /// Decides a request: it is queued, or answered at once. `job` works on the machine now.
    pub fn decide(
        &mut self,
        (action, answer): (MachineAction, Answer),
        state: &MachineState,
        circumstances: Circumstances,
        job: Option<JobId>,
    ) {
        let reply = match admit(state, &self.queue(), circumstances, action) {
            Admission::Accept => return self.accepted.push_back((action, Some(answer))),
            Admission::AlreadySo => Ok(Done::by(job)),
            Admission::Deny(reason) => Err(EngineError::Denied { action, reason }),
        };
        let _ = answer.send(reply);
    }

    /// The request whose turn it is.
    pub fn next(&self) -> Option<MachineAction> {
        self.accepted.front().map(|(action, _)| *action)
    }

    /// The request whose turn it is has been done, or has become a state everybody sees.
    pub fn finish_next(&mut self, reply: Result<Done>) {
        if let Some((_, Some(answer))) = self.accepted.pop_front() {
            let _ = answer.send(reply);
        }
    }

    /// True when the machine is to go off.
    pub fn want_off(&self) -> bool {
        self.accepted.iter().any(|(action, _)| goes_off(*action))
    }

    /// True when the machine is to go off at once.
    pub fn want_force(&self) -> bool {
        let force = |(action, _): &(MachineAction, _)| *action == MachineAction::ForceOff;
        self.accepted.iter().any(force)
    }

    /// Tells those who want the machine off that this job takes care of it. They stay queued.
    pub fn answer_off(&mut self, job: Option<JobId>) {
        for (action, answer) in &mut self.accepted {
            if goes_off(*action)
                && let Some(answer) = answer.take()
            {
                let _ = answer.send(Ok(Done::by(job)));
            }
        }
    }

    /// The machine is off: what wanted that is done.
    pub fn are_off(&mut self, job: Option<JobId>) {
        self.answer_off(job);
        self.accepted.retain(|(action, _)| !goes_off(*action));
    }
}

fn goes_off(action: MachineAction) -> bool {
    matches!(action, MachineAction::Stop | MachineAction::ForceOff)
}
