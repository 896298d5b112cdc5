//! What happens on a node, as it happens.

use super::cause::Cause;
use super::error::ApiError;
use super::frames::Frames;
use super::node::Node;
use super::wire::machine as wire;
use prost::Message as _;

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Payload {
    /// A sequence such as `install` or `boot` begins or ends.
    Sequence(wire::SequenceEvent),
    /// A phase of a sequence.
    Phase(wire::PhaseEvent),
    /// A task of a phase.
    Task(wire::TaskEvent),
    /// A service changed its state.
    Service(wire::ServiceStateEvent),
    /// The machine restarts.
    Restart(wire::RestartEvent),
    /// The configuration could not be loaded.
    ConfigurationUnreadable(wire::ConfigLoadErrorEvent),
    /// The configuration broke a rule.
    ConfigurationRefused(wire::ConfigValidationErrorEvent),
    /// Its addresses.
    Addresses(wire::AddressEvent),
    /// Its stage, and what it still waits for.
    Status(wire::MachineStatusEvent),
    /// A kind of event that is not known here.
    Unknown(String),
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its id; newer ones sort behind older ones.
    pub id: String,
    /// The call that caused it; empty when none did.
    pub actor_id: String,
    /// What happened.
    pub payload: Payload,
}

/// Where somebody is in the events of a node, to go on there after an interruption.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EventCursor {
    last: Option<String>,
}

impl EventCursor {
    /// Remembers an event as seen.
    pub fn saw(&mut self, event: &Event) {
        self.last = Some(event.id.clone());
    }
}

/// Events of a node, one after another.
#[derive(Debug)]
pub struct Events {
    frames: Frames<wire::Event>,
    /// True until the node has shown that it still knows where we were.
    resuming: bool,
}

impl Node {
    /// Everything the node remembers (the last thousand events) after the cursor, and what happens
    /// from then on. A reboot makes it forget.
    #[must_use]
    pub fn events(&self, from: &EventCursor) -> Events {
        let (tail_events, tail_id) = match &from.last {
            None => (-1, String::new()),
            Some(id) => (0, id.clone()),
        };
        let request = wire::EventsRequest {
            tail_events,
            tail_id,
            ..wire::EventsRequest::default()
        };
        let mut machine = self.machine();
        Events {
            frames: Frames::new("Events", self.name(), async move {
                machine.events(request).await
            }),
            resuming: from.last.is_some(),
        }
    }

    /// Only what a call caused, by the id that it gave.
    #[must_use]
    pub fn events_of(&self, actor_id: &str) -> Events {
        let request = wire::EventsRequest {
            tail_events: -1,
            with_actor_id: actor_id.to_owned(),
            ..wire::EventsRequest::default()
        };
        let mut machine = self.machine();
        Events {
            frames: Frames::new("Events", self.name(), async move {
                machine.events(request).await
            }),
            resuming: false,
        }
    }
}

impl Events {
    /// The next event; nothing when the node has ended the stream.
    ///
    /// # Errors
    /// What a stream can fail with. [`Cause::BookmarkLost`] means that the node no longer knows
    /// where we were: events are missing, and the stream has to be begun anew.
    pub async fn next(&mut self) -> Result<Option<Event>, ApiError> {
        loop {
            let frame = match self.frames.next().await {
                Ok(Some(frame)) => frame,
                Ok(None) => return Ok(None),
                Err(error) => return Err(self.lost(error)),
            };
            self.resuming = false;
            // The first message has an id, but only says that the node listens.
            let Some(data) = frame.data.filter(|data| !data.type_url.is_empty()) else {
                continue;
            };
            return Ok(Some(Event {
                id: frame.id,
                actor_id: frame.actor_id,
                payload: payload(&data),
            }));
        }
    }

    /// Before the first message, a node that answers at all refuses the place we asked for.
    fn lost(&self, mut error: ApiError) -> ApiError {
        let refused = matches!(
            error.cause,
            Cause::BadRequest | Cause::NotFound | Cause::Other | Cause::UnknownName
        );
        if self.resuming && refused {
            error.cause = Cause::BookmarkLost;
        }
        error
    }
}

fn payload(data: &prost_types::Any) -> Payload {
    let bytes = data.value.as_slice();
    let name = data.type_url.rsplit('/').next().unwrap_or_default();
    let read = match name {
        "machine.SequenceEvent" => wire::SequenceEvent::decode(bytes).map(Payload::Sequence),
        "machine.PhaseEvent" => wire::PhaseEvent::decode(bytes).map(Payload::Phase),
        "machine.TaskEvent" => wire::TaskEvent::decode(bytes).map(Payload::Task),
        "machine.ServiceStateEvent" => wire::ServiceStateEvent::decode(bytes).map(Payload::Service),
        "machine.RestartEvent" => wire::RestartEvent::decode(bytes).map(Payload::Restart),
        "machine.ConfigLoadErrorEvent" => {
            wire::ConfigLoadErrorEvent::decode(bytes).map(Payload::ConfigurationUnreadable)
        }
        "machine.ConfigValidationErrorEvent" => {
            wire::ConfigValidationErrorEvent::decode(bytes).map(Payload::ConfigurationRefused)
        }
        "machine.AddressEvent" => wire::AddressEvent::decode(bytes).map(Payload::Addresses),
        "machine.MachineStatusEvent" => {
            wire::MachineStatusEvent::decode(bytes).map(Payload::Status)
        }
        _ => return Payload::Unknown(data.type_url.clone()),
    };
    read.unwrap_or_else(|_| Payload::Unknown(data.type_url.clone()))
}
