//! Turns bytes over time into a steady rate and an honest time left. Pure: the time is given.

use std::time::Duration;

/// Time after which an old rate has lost about two thirds of its weight.
const MEMORY: f64 = 4.0;
/// Shortest time between two progress reports.
const REPORT_EVERY: Duration = Duration::from_millis(100);

/// Smooths the speed of one transfer. Times are since the transfer began.
#[derive(Debug, Default)]
pub(crate) struct Rate {
    last: Option<(Duration, u64)>,
    smooth: Option<f64>,
}

impl Rate {
    /// Takes in the bytes so far; returns whether enough time has passed to report.
    pub(crate) fn observe(&mut self, at: Duration, bytes: u64) -> bool {
        let Some((before, had)) = self.last else {
            self.last = Some((at, bytes));
            return true;
        };
        let passed = at.saturating_sub(before);
        if passed < REPORT_EVERY {
            return false;
        }
        let seconds = passed.as_secs_f64();
        #[allow(clippy::cast_precision_loss, reason = "a rate needs no exact bytes")]
        let now = bytes.saturating_sub(had) as f64 / seconds;
        let weight = 1.0 - (-seconds / MEMORY).exp();
        self.smooth = Some(self.smooth.map_or(now, |old| old + (now - old) * weight));
        self.last = Some((at, bytes));
        true
    }

    /// Bytes per second; zero until something can be said.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "saturates, never negative"
    )]
    pub(crate) fn per_second(&self) -> u64 {
        self.smooth.unwrap_or(0.0) as u64
    }

    /// Time until `total` is reached at this rate.
    pub(crate) fn left(&self, total: Option<u64>) -> Option<Duration> {
        let (_, bytes) = self.last?;
        let rest = total?.saturating_sub(bytes);
        rest.checked_div(self.per_second()).map(Duration::from_secs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[test]
    fn a_steady_transfer_has_its_rate_and_time_left() {
        let mut rate = Rate::default();
        for step in 0..50 {
            rate.observe(ms(step * 200), step * 200_000);
        }
        assert_eq!(rate.per_second(), 1_000_000);
        assert_eq!(
            rate.left(Some(9_800_000 + 3_000_000)),
            Some(Duration::from_secs(3))
        );
    }

    #[test]
    fn reports_at_most_ten_times_a_second() {
        let mut rate = Rate::default();
        let reports = (0..1000).filter(|n| rate.observe(ms(*n), *n)).count();
        assert_eq!(reports, 10);
    }

    #[test]
    fn a_stalled_transfer_promises_nothing() {
        let mut rate = Rate::default();
        rate.observe(ms(0), 0);
        rate.observe(ms(500), 0);
        assert_eq!((rate.per_second(), rate.left(Some(10))), (0, None));
    }

    #[test]
    fn one_burst_does_not_swing_the_rate() {
        let mut rate = Rate::default();
        (0..20).for_each(|n| {
            rate.observe(ms(n * 100), n * 100_000);
        });
        rate.observe(ms(2000), 1_900_000 + 1_000_000);
        assert!(rate.per_second() < 1_300_000, "{}", rate.per_second());
    }
}
