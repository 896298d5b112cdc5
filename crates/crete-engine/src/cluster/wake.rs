//! Whether the computer slept. Its clock goes on meanwhile, and the seconds that a program counts do
//! not; whoever measures by the clock would find that everything took hours. Pure.

use jiff::Timestamp;
use std::time::{Duration, Instant};

/// Clocks are set right by less than that while nobody sleeps.
const LEAST: Duration = Duration::from_secs(10);

/// Compares the clock with what was counted.
#[derive(Debug, Default)]
pub(super) struct Wakefulness {
    last: Option<(Timestamp, Instant)>,
}

impl Wakefulness {
    /// Takes in a moment by the clock and by the count. Gives the moment that was taken in last, when
    /// the clock jumped since: because of a sleep, or because somebody set it.
    pub fn jumped(&mut self, now: Timestamp, counted: Instant) -> Option<Timestamp> {
        let (before, began) = self.last.replace((now, counted))?;
        let counted = counted.saturating_duration_since(began);
        let clock = now.duration_since(before).as_secs_f64();
        let apart = (clock - counted.as_secs_f64()).abs();
        (apart >= LEAST.as_secs_f64()).then_some(before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clock_that_leaves_the_count_behind_is_a_sleep() {
        let start: Timestamp = "2026-11-30T22:00:00Z".parse().unwrap();
        let after = |seconds: i64| Timestamp::from_second(start.as_second() + seconds).unwrap();
        let counted = Instant::now();
        let count = |seconds| counted + Duration::from_secs(seconds);
        let mut wakefulness = Wakefulness::default();
        assert_eq!(wakefulness.jumped(after(0), count(0)), None, "the first");
        assert_eq!(
            wakefulness.jumped(after(60), count(60)),
            None,
            "a slow look"
        );
        assert_eq!(wakefulness.jumped(after(64), count(61)), None, "set right");
        let slept = wakefulness.jumped(after(3 * 3600), count(66));
        assert_eq!(slept, Some(after(64)), "when it fell asleep");
        assert_eq!(wakefulness.jumped(after(3 * 3600 + 5), count(71)), None);
        let back = wakefulness.jumped(after(0), count(76));
        assert_eq!(back, Some(after(3 * 3600 + 5)), "somebody set it back");
    }
}
