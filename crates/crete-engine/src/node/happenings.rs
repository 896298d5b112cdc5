//! Events of a node in the page's terms. Pure.

use super::watches::stage;
use crete_model::{NodeEvent, NodeHappening, UnmetCondition};
use crete_talos::api::wire::machine as wire;
use crete_talos::api::{Event, Payload};
use jiff::Timestamp;

/// An event as the page gets it.
pub(super) fn event(event: Event) -> NodeEvent {
    NodeEvent {
        at: moment(&event.id),
        id: event.id,
        actor: event.actor_id,
        what: happening(event.payload),
    }
}

/// The moment in an event's id: twenty digits of base 32, the first seven of which hold the seconds
/// since 1970 in their first 32 bits.
fn moment(id: &str) -> Option<String> {
    if id.len() != 20 {
        return None;
    }
    let mut digits = id.bytes().take(7).map(|digit| match digit {
        b'0'..=b'9' => Some(u64::from(digit - b'0')),
        b'a'..=b'v' => Some(u64::from(digit - b'a') + 10),
        _ => None,
    });
    let bits = digits.try_fold(0, |sum, digit| Some((sum << 5) | digit?))?;
    let seconds = i64::try_from(bits >> 3).ok()?;
    Some(Timestamp::from_second(seconds).ok()?.to_string())
}

fn happening(payload: Payload) -> NodeHappening {
    match payload {
        Payload::Sequence(event) => NodeHappening::Sequence {
            ends: event.action() == wire::sequence_event::Action::Stop,
            name: event.sequence,
            error: event.error.map(|error| error.message).unwrap_or_default(),
        },
        Payload::Phase(event) => NodeHappening::Phase {
            ends: event.action() == wire::phase_event::Action::Stop,
            name: event.phase,
        },
        Payload::Task(event) => NodeHappening::Task {
            ends: event.action() == wire::task_event::Action::Stop,
            name: event.task,
        },
        Payload::Service(event) => {
            let state = event.action().as_str_name().to_lowercase();
            let health = event.health.filter(|health| !health.unknown);
            NodeHappening::Service {
                name: event.service,
                state,
                message: event.message,
                healthy: health.map(|health| health.healthy),
            }
        }
        Payload::Restart(_) => NodeHappening::Restart,
        // Their words may quote the configuration, secrets among it.
        Payload::ConfigurationUnreadable(_) => NodeHappening::ConfigurationUnreadable,
        Payload::ConfigurationRefused(_) => NodeHappening::ConfigurationRefused,
        Payload::Addresses(event) => NodeHappening::Addresses {
            hostname: event.hostname,
            addresses: event.addresses,
        },
        Payload::Status(event) => {
            let status = event.status.unwrap_or_default();
            let unmet = status.unmet_conditions.into_iter();
            NodeHappening::Status {
                stage: stage(event.stage),
                ready: status.ready,
                unmet: unmet
                    .map(|one| UnmetCondition {
                        name: one.name,
                        reason: one.reason,
                    })
                    .collect(),
            }
        }
        Payload::Unknown(name) => NodeHappening::Unknown { name },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_tells_the_moment() {
        // The example of the makers of these ids.
        assert_eq!(
            moment("9m4e2mr0ui3e8a215n4g").as_deref(),
            Some("2011-03-22T17:50:19Z")
        );
        assert_eq!(moment("9m4e2mr0ui3e8a215n4"), None);
        assert_eq!(moment("zm4e2mr0ui3e8a215n4g"), None);
    }

    #[test]
    fn a_refused_configuration_is_not_quoted() {
        let refused = wire::ConfigValidationErrorEvent {
            error: "token: s3cret".to_owned(),
        };
        let told = happening(Payload::ConfigurationRefused(refused));
        assert!(!format!("{told:?}").contains("s3cret"));
    }
}
