//! Time: what the clock shows, and how long things take.

use jiff::{SignedDuration, Timestamp};
use std::time::Duration;
use tokio::time::Instant;

/// The true time, as a time server would tell it. It runs with tokio's time, so that a test whose
/// time stands still decides when it goes on.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: Timestamp,
    begun: Instant,
}

impl Clock {
    /// A clock that shows this moment now.
    ///
    /// Programs outside of the test judge certificates by this computer's clock. When a test skips
    /// time, let the practice clock begin so much earlier that it stays behind.
    #[must_use]
    pub fn starting_at(start: Timestamp) -> Self {
        Self {
            start,
            begun: Instant::now(),
        }
    }

    /// The moment it is.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let elapsed = SignedDuration::try_from(self.begun.elapsed());
        let elapsed = elapsed.unwrap_or(SignedDuration::ZERO);
        self.start.checked_add(elapsed).unwrap_or(self.start)
    }
}

/// How fast the node lives. Its durations are those measured on real nodes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace(f64);

impl Pace {
    /// As real nodes do.
    pub const REAL: Self = Self(1.0);

    /// So many times faster; everything still happens in its order.
    #[must_use]
    pub fn faster(times: f64) -> Self {
        Self(1.0 / times.max(f64::MIN_POSITIVE))
    }

    /// How long something takes that takes this long on a real node.
    #[must_use]
    pub fn of(self, real: Duration) -> Duration {
        Duration::try_from_secs_f64(real.as_secs_f64() * self.0).unwrap_or(real)
    }
}
