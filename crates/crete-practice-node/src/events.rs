//! What happens on the node, kept for those who ask later. A reboot forgets it.

use crate::random::Random;
use crate::time::Clock;
use crete_talos::api::wire::machine as wire;
use jiff::Timestamp;
use prost::Message;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use tokio::sync::watch;

/// As many as real nodes keep.
const KEPT: usize = 1000;

/// An event as it travels, with when it happened.
#[derive(Debug, Clone)]
pub(crate) struct Happened {
    pub at: Timestamp,
    pub event: wire::Event,
}

/// The events of one boot.
#[derive(Debug)]
pub(crate) struct Events {
    clock: Clock,
    machine: [u8; 5],
    kept: Mutex<Kept>,
    count: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Kept {
    events: VecDeque<Happened>,
    /// How many were dropped from the front.
    dropped: u64,
    ids: u32,
}

/// Something that can happen, with the name of its message.
pub(crate) trait Payload: Message {
    const NAME: &'static str;
}

macro_rules! payloads {
    ($($name:ident),+) => {
        $(impl Payload for wire::$name {
            const NAME: &'static str = concat!("talos/runtime/machine.", stringify!($name));
        })+
    };
}

payloads!(
    SequenceEvent,
    PhaseEvent,
    TaskEvent,
    ServiceStateEvent,
    AddressEvent,
    MachineStatusEvent,
    ConfigLoadErrorEvent,
    ConfigValidationErrorEvent
);

impl Events {
    pub fn new(clock: Clock, random: &Random) -> Self {
        let mut machine = [0; 5];
        machine.copy_from_slice(&random.block()[..5]);
        Self {
            clock,
            machine,
            kept: Mutex::default(),
            count: watch::Sender::new(0),
        }
    }

    /// Tells of something; `actor` is the call that caused it, or nothing.
    pub fn happened<T: Payload>(&self, actor: &str, what: &T) {
        let at = self.clock.now();
        let data = prost_types::Any {
            type_url: T::NAME.to_owned(),
            value: what.encode_to_vec(),
        };
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let event = wire::Event {
            metadata: None,
            data: Some(data),
            id: self.next_id(&mut kept, at),
            actor_id: actor.to_owned(),
        };
        kept.events.push_back(Happened { at, event });
        if kept.events.len() > KEPT {
            kept.events.pop_front();
            kept.dropped += 1;
        }
        self.count.send_modify(|count| *count += 1);
    }

    /// The first message of every stream: an id and nothing else.
    pub fn hello(&self) -> wire::Event {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        wire::Event {
            data: Some(prost_types::Any::default()),
            id: self.next_id(&mut kept, self.clock.now()),
            ..wire::Event::default()
        }
    }

    /// An id whose text sorts as its time: seconds, this boot, a counter.
    fn next_id(&self, kept: &mut Kept, at: Timestamp) -> String {
        kept.ids = kept.ids.wrapping_add(1);
        let seconds = u32::try_from(at.as_second()).unwrap_or_default();
        let mut bytes = [0; 12];
        bytes[..4].copy_from_slice(&seconds.to_be_bytes());
        bytes[4..9].copy_from_slice(&self.machine);
        bytes[9..].copy_from_slice(&kept.ids.to_be_bytes()[1..]);
        base32(bytes)
    }

    /// Where a reader begins.
    pub fn begin(&self, request: &wire::EventsRequest) -> u64 {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let end = kept.dropped + kept.events.len() as u64;
        let from = |keep: &dyn Fn(&Happened) -> bool| {
            let skipped = kept.events.iter().take_while(|one| !keep(one)).count();
            kept.dropped + skipped as u64
        };
        if !request.tail_id.is_empty() {
            return from(&|one| one.event.id > request.tail_id);
        }
        if request.tail_seconds > 0 {
            let since = self.clock.now().as_second() - i64::from(request.tail_seconds);
            return from(&|one| one.at.as_second() >= since);
        }
        match u64::try_from(request.tail_events) {
            Err(_) => kept.dropped,
            Ok(last) => end.saturating_sub(last).max(kept.dropped),
        }
    }

    /// Waits for events from a place on; gives them with the place behind them.
    pub async fn after(&self, place: u64) -> (Vec<wire::Event>, u64) {
        let mut count = self.count.subscribe();
        loop {
            count.borrow_and_update();
            let (events, next) = self.there(place);
            if !events.is_empty() {
                return (events, next);
            }
            // The sender is in `self`.
            let _ = count.changed().await;
        }
    }

    fn there(&self, place: u64) -> (Vec<wire::Event>, u64) {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let end = kept.dropped + kept.events.len() as u64;
        let skip = usize::try_from(place.saturating_sub(kept.dropped)).unwrap_or(usize::MAX);
        let events = kept.events.iter().skip(skip);
        (events.map(|one| one.event.clone()).collect(), end)
    }
}

/// The digits of xid: base 32 in the order of their characters.
fn base32(bytes: [u8; 12]) -> String {
    const DIGITS: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
    let bit = |index: usize| {
        let byte = bytes.get(index / 8).copied().unwrap_or_default();
        usize::from(byte >> (7 - index % 8) & 1)
    };
    (0..20)
        .map(|digit| {
            let value = (0..5).fold(0, |sum, at| sum * 2 + bit(digit * 5 + at));
            char::from(DIGITS[value])
        })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_digits_of_real_ones() {
        // An id of a real node, taken apart.
        let bytes = [
            0x6b, 0x04, 0x54, 0x1a, 0x00, 0xda, 0x7b, 0x00, 0x01, 0x0d, 0x86, 0xeb,
        ];
        assert_eq!(base32(bytes), "dc2586g0r9tg008dgrlg");
        assert!(base32([0; 12]) < base32([1; 12]));
        assert_eq!(base32([0xff; 12]), "vvvvvvvvvvvvvvvvvvvg");
    }

    #[tokio::test]
    async fn readers_begin_where_they_say() {
        let clock = Clock::starting_at(Timestamp::UNIX_EPOCH);
        let events = Events::new(clock, &Random::numbered(1));
        for number in 0..1005 {
            let task = number.to_string();
            events.happened("", &wire::TaskEvent { task, action: 0 });
        }
        let request = |tail_events, tail_id: &str| wire::EventsRequest {
            tail_events,
            tail_id: tail_id.to_owned(),
            ..wire::EventsRequest::default()
        };
        assert_eq!(events.begin(&request(-1, "")), 5);
        assert_eq!(events.begin(&request(0, "")), 1005);
        assert_eq!(events.begin(&request(3, "")), 1002);
        let (two, next) = events.after(1003).await;
        assert_eq!((two.len(), next), (2, 1005));
        assert_eq!(events.begin(&request(0, &two[0].id)), 1004);
    }
}
