//! Whether a machine's port would take a connection. Pure; packets and times are given.
//!
//! It is found out by beginning a connection and taking it back: the program behind the port never
//! notices. Real connections tell as well.
//!
//! ```text
//! Unknown ──taken──▶ Up ──refused, or silent twice──▶ Down ──taken──▶ Up
//!    └──refused or silent──▶ Down
//! ```

use serde::{Deserialize, Serialize};
use smoltcp::time::{Duration, Instant};
use std::collections::HashMap;
use std::net::SocketAddr;

/// Between two looks at a port that takes connections, and at one that does not.
const LOOK_UP: Duration = Duration::from_secs(5);
const LOOK_DOWN: Duration = Duration::from_secs(1);
/// How long an answer may take. Emulated machines are slow.
const PATIENCE: Duration = Duration::from_secs(1);
/// Silences in a row that a port which took connections is forgiven.
const FORGIVEN: u8 = 1;
/// Ports of the gateway that only look.
pub(crate) const FIRST_PORT: u16 = 61_000;
const PORTS: usize = 4000;

/// What is known of a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// Nothing yet.
    Unknown,
    /// It takes connections.
    Up,
    /// It does not.
    Down,
}

/// A look at a port that is to be taken now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    pub(crate) at: SocketAddr,
    /// The gateway's port.
    pub(crate) port: u16,
    pub(crate) sequence: u32,
}

#[derive(Debug)]
struct Backend {
    health: Health,
    silences: u8,
    next: Instant,
    looking: Option<(Look, Instant)>,
}

/// Every port that is looked after.
#[derive(Debug, Default)]
pub(crate) struct Backends {
    all: HashMap<SocketAddr, Backend>,
    next_port: usize,
}

impl Backends {
    /// Looks after these ports, and no others. What is known of them stays known.
    pub(crate) fn keep(&mut self, wanted: &[SocketAddr], now: Instant) {
        self.all.retain(|at, _| wanted.contains(at));
        for at in wanted {
            self.all.entry(*at).or_insert(Backend {
                health: Health::Unknown,
                silences: 0,
                next: now,
                looking: None,
            });
        }
    }

    pub(crate) fn health(&self, at: SocketAddr) -> Health {
        self.all
            .get(&at)
            .map_or(Health::Unknown, |backend| backend.health)
    }

    /// When something is to be done next.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let due = |backend: &Backend| match backend.looking {
            Some((_, since)) => since + PATIENCE,
            None => backend.next,
        };
        self.all.values().map(due).min()
    }

    /// Ends looks that stayed without an answer, and begins those that are due.
    pub(crate) fn tick(&mut self, now: Instant, mut random: impl FnMut() -> u64) -> Vec<Look> {
        let mut looks = Vec::new();
        let next_port = &mut self.next_port;
        for (at, backend) in &mut self.all {
            if backend
                .looking
                .is_some_and(|(_, since)| now >= since + PATIENCE)
            {
                backend.silent(now);
            }
            if backend.looking.is_none() && now >= backend.next {
                *next_port = (*next_port + 1) % PORTS;
                #[allow(clippy::cast_possible_truncation, reason = "any 32 bits will do")]
                let sequence = random() as u32;
                let look = Look {
                    at: *at,
                    port: FIRST_PORT + u16::try_from(*next_port).unwrap_or(0),
                    sequence,
                };
                backend.looking = Some((look, now));
                looks.push(look);
            }
        }
        looks
    }

    /// An answer to a look has come: whether the port takes connections. False when nobody looked
    /// there in this way.
    pub(crate) fn answered(
        &mut self,
        at: SocketAddr,
        port: u16,
        acknowledged: u32,
        is_taken: bool,
        now: Instant,
    ) -> bool {
        let Some(backend) = self.all.get_mut(&at) else {
            return false;
        };
        let is_it =
            |look: &Look| look.port == port && acknowledged == look.sequence.wrapping_add(1);
        if !backend
            .looking
            .as_ref()
            .is_some_and(|(look, _)| is_it(look))
        {
            return false;
        }
        backend.set(is_taken, now);
        true
    }

    /// Machines at these addresses are gone.
    pub(crate) fn lost(&mut self, is_gone: impl Fn(SocketAddr) -> bool, now: Instant) {
        for (at, backend) in &mut self.all {
            if is_gone(*at) {
                backend.set(false, now);
            }
        }
    }

    /// A real connection was taken, or was not.
    pub(crate) fn experienced(&mut self, at: SocketAddr, is_taken: bool, now: Instant) {
        if let Some(backend) = self.all.get_mut(&at) {
            backend.set(is_taken, now);
        }
    }
}

impl Backend {
    fn set(&mut self, is_taken: bool, now: Instant) {
        self.looking = None;
        self.silences = 0;
        self.health = if is_taken { Health::Up } else { Health::Down };
        self.next = now + if is_taken { LOOK_UP } else { LOOK_DOWN };
    }

    fn silent(&mut self, now: Instant) {
        self.looking = None;
        self.silences = self.silences.saturating_add(1);
        if self.health != Health::Up || self.silences > FORGIVEN {
            self.health = Health::Down;
        }
        self.next = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Instant {
        Instant::from_millis(ms)
    }

    fn place() -> SocketAddr {
        "10.0.2.31:6443".parse().unwrap()
    }

    fn backends() -> Backends {
        let mut backends = Backends::default();
        backends.keep(&[place()], at(0));
        backends
    }

    fn look(backends: &mut Backends, ms: i64) -> Look {
        backends.tick(at(ms), || 99)[0]
    }

    #[test]
    fn a_port_goes_up_at_once_and_down_at_once_when_it_says_so() {
        let mut backends = backends();
        let seen = look(&mut backends, 0);
        assert!(backends.answered(place(), seen.port, 100, true, at(5)));
        assert_eq!(backends.health(place()), Health::Up);
        assert!(backends.tick(at(4000), || 99).is_empty());
        let seen = look(&mut backends, 5005);
        assert!(backends.answered(place(), seen.port, 100, false, at(5006)));
        assert_eq!(backends.health(place()), Health::Down);
        assert_eq!(backends.tick(at(6006), || 1).len(), 1);
    }

    #[test]
    fn one_silence_is_forgiven_to_a_port_that_was_up() {
        let mut backends = backends();
        let seen = look(&mut backends, 0);
        backends.answered(place(), seen.port, 100, true, at(5));
        look(&mut backends, 5005);
        look(&mut backends, 6005);
        assert_eq!(backends.health(place()), Health::Up);
        look(&mut backends, 7005);
        assert_eq!(backends.health(place()), Health::Down);
    }

    #[test]
    fn only_the_answer_to_the_look_is_one() {
        let mut backends = backends();
        let seen = look(&mut backends, 0);
        assert!(!backends.answered(place(), seen.port + 1, 100, true, at(1)));
        assert!(!backends.answered(place(), seen.port, 101, true, at(1)));
        assert!(!backends.answered(
            "10.0.2.32:6443".parse().unwrap(),
            seen.port,
            100,
            true,
            at(1)
        ));
        assert_eq!(backends.health(place()), Health::Unknown);
    }

    #[test]
    fn a_real_connection_that_fails_counts() {
        let mut backends = backends();
        backends.experienced(place(), true, at(0));
        backends.experienced(place(), false, at(10));
        assert_eq!(backends.health(place()), Health::Down);
        backends.keep(&[], at(20));
        assert_eq!(
            (backends.health(place()), backends.deadline()),
            (Health::Unknown, None)
        );
    }
}
