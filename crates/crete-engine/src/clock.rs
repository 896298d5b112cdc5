//! Time, passed in.

use jiff::Timestamp;
use std::fmt;

/// Tells the time.
pub trait Clock: fmt::Debug + Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;

    /// Now as RFC 3339 with milliseconds, the form of all records.
    fn text(&self) -> String {
        format!("{:.3}", self.now())
    }
}

/// This computer's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
