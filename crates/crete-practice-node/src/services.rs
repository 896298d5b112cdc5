//! The services of a node: their states, what they said last, and their health.

use crete_talos::api::wire::machine as wire;
use jiff::Timestamp;
use std::collections::{BTreeMap, VecDeque};
pub(crate) use wire::service_state_event::Action as State;

/// Events that real nodes keep of a service.
const KEPT: usize = 64;

/// What is known of a service's health.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Health {
    /// It does not run, or has not been looked at.
    Unknown(Option<Timestamp>),
    Good(Timestamp),
    Bad(Timestamp, String),
}

/// A service that was started at least once.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    pub state: State,
    pub health: Health,
    said: VecDeque<(Timestamp, State, String)>,
}

/// The services of one boot, by id.
#[derive(Debug, Clone, Default)]
pub(crate) struct Services(BTreeMap<String, Service>);

impl Services {
    pub fn get(&self, id: &str) -> Option<&Service> {
        self.0.get(id)
    }

    /// Services that run, newest name first: the order in which they are stopped does not matter.
    pub fn running(&self) -> Vec<String> {
        let running = self.0.iter().filter(|(_, one)| one.is_running());
        running.map(|(id, _)| id.clone()).collect()
    }

    /// Records what a service does; gives the event that tells of it.
    pub fn enter(
        &mut self,
        at: Timestamp,
        id: &str,
        state: State,
        message: &str,
    ) -> wire::ServiceStateEvent {
        let service = self.0.entry(id.to_owned()).or_insert_with(|| Service {
            state,
            health: Health::Unknown(None),
            said: VecDeque::new(),
        });
        let began = state == State::Running && service.state != State::Running;
        service.health = match (state, &service.health) {
            (State::Running, _) if began => Health::Unknown(Some(at)),
            (State::Running, health) => health.clone(),
            _ => Health::Unknown(None),
        };
        service.state = state;
        service.say(at, message);
        service.event(id, message)
    }

    /// Records how a running service is.
    pub fn look(
        &mut self,
        at: Timestamp,
        id: &str,
        problem: Option<&str>,
    ) -> Option<(wire::ServiceStateEvent, String)> {
        let service = self.0.get_mut(id).filter(|one| one.is_running())?;
        let (health, message) = match problem {
            None => (Health::Good(at), "Health check successful".to_owned()),
            Some(text) => (
                Health::Bad(at, text.to_owned()),
                format!("Health check failed: {text}"),
            ),
        };
        let same = matches!(
            (&service.health, &health),
            (Health::Good(_), Health::Good(_)) | (Health::Bad(..), Health::Bad(..))
        );
        if same {
            return None;
        }
        service.health = health;
        service.say(at, &message);
        Some((service.event(id, &message), message))
    }

    /// As the node tells of them.
    pub fn list(&self) -> Vec<wire::ServiceInfo> {
        self.0.iter().map(|(id, one)| one.info(id)).collect()
    }
}

impl Service {
    pub fn is_running(&self) -> bool {
        self.state == State::Running
    }

    /// As the conditions of the machine count it.
    pub fn is_bad(&self) -> bool {
        matches!(self.health, Health::Bad(..))
    }

    /// As other services that wait for it count it.
    pub fn is_up(&self) -> bool {
        self.is_running() && matches!(self.health, Health::Good(_))
    }

    fn say(&mut self, at: Timestamp, message: &str) {
        if self.said.len() == KEPT {
            self.said.pop_front();
        }
        self.said.push_back((at, self.state, message.to_owned()));
    }

    fn event(&self, id: &str, message: &str) -> wire::ServiceStateEvent {
        wire::ServiceStateEvent {
            service: id.to_owned(),
            action: self.state.into(),
            message: message.to_owned(),
            health: Some(self.wire_health()),
        }
    }

    fn wire_health(&self) -> wire::ServiceHealth {
        let (unknown, healthy, last_message, at) = match &self.health {
            Health::Unknown(None) => (true, false, String::new(), None),
            Health::Unknown(Some(at)) => (true, false, "Unknown".to_owned(), Some(*at)),
            Health::Good(at) => (false, true, String::new(), Some(*at)),
            Health::Bad(at, text) => (false, false, text.clone(), Some(*at)),
        };
        wire::ServiceHealth {
            unknown,
            healthy,
            last_message,
            last_change: Some(at.map_or(NEVER, wire_time)),
        }
    }

    fn info(&self, id: &str) -> wire::ServiceInfo {
        let events = self
            .said
            .iter()
            .map(|(at, state, message)| wire::ServiceEvent {
                msg: message.clone(),
                state: name(*state).to_owned(),
                ts: Some(wire_time(*at)),
            });
        wire::ServiceInfo {
            id: id.to_owned(),
            state: name(self.state).to_owned(),
            events: Some(wire::ServiceEvents {
                events: events.collect(),
            }),
            health: Some(self.wire_health()),
        }
    }
}

/// The time that Go has before it was given one.
const NEVER: prost_types::Timestamp = prost_types::Timestamp {
    seconds: -62_135_596_800,
    nanos: 0,
};

pub(crate) fn wire_time(at: Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: at.as_second(),
        nanos: at.subsec_nanosecond(),
    }
}

/// A state as it is printed and answered.
pub(crate) fn name(state: State) -> &'static str {
    match state {
        State::Initialized => "Initialized",
        State::Preparing => "Preparing",
        State::Waiting => "Waiting",
        State::Running => "Running",
        State::Stopping => "Stopping",
        State::Finished => "Finished",
        State::Failed => "Failed",
        State::Skipped => "Skipped",
        State::Starting => "Starting",
    }
}
