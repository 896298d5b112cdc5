//! How long a page may stay blank.
//!
//! Only time in which the desktop really draws the window counts. A window that is minimized, on
//! another workspace or behind a locked screen gets no frames, and neither does its page: that says
//! nothing about either. And where the whole computer is slow, the window's own frames are as late
//! as the page's, so the time stretches with it.

use std::time::Duration;

/// A page that has not drawn its second frame after this long in sight is taken to be blank.
pub const PAINTS_WITHIN: Duration = Duration::from_secs(10);

/// Time between two looks.
pub const LOOK_EVERY: Duration = Duration::from_millis(250);

/// What was seen since the look before.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// The page has drawn its second frame.
    pub painted: bool,
    /// The desktop drew the window.
    pub drawn: bool,
    /// The window is minimized or was taken away.
    pub hidden: bool,
}

/// What follows from a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Look again.
    Wait,
    /// The page draws. There is nothing more to watch.
    Draws,
    /// The page stayed blank in full sight.
    Blank,
}

/// The time that is left to a page.
#[derive(Debug)]
pub struct Patience(Duration);

impl Patience {
    pub fn new(within: Duration) -> Self {
        Self(within)
    }

    /// Judges one look, [`LOOK_EVERY`] after the one before.
    pub fn judge(&mut self, look: Look) -> Verdict {
        if look.painted {
            return Verdict::Draws;
        }
        if look.drawn && !look.hidden {
            self.0 = self.0.saturating_sub(LOOK_EVERY);
        }
        if self.0.is_zero() {
            Verdict::Blank
        } else {
            Verdict::Wait
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLANK: Look = Look {
        painted: false,
        drawn: true,
        hidden: false,
    };

    #[test]
    fn a_page_in_sight_is_blank_after_ten_seconds_and_not_before() {
        let mut patience = Patience::new(PAINTS_WITHIN);
        for _ in 1..40 {
            assert_eq!(patience.judge(BLANK), Verdict::Wait);
        }
        assert_eq!(patience.judge(BLANK), Verdict::Blank);
    }

    #[test]
    fn time_out_of_sight_does_not_count() {
        let minimized = Look {
            hidden: true,
            ..BLANK
        };
        let elsewhere = Look {
            drawn: false,
            ..BLANK
        };
        let mut patience = Patience::new(PAINTS_WITHIN);
        for _ in 1..40 {
            assert_eq!(patience.judge(BLANK), Verdict::Wait);
            assert_eq!(patience.judge(minimized), Verdict::Wait);
            assert_eq!(patience.judge(elsewhere), Verdict::Wait);
        }
        assert_eq!(patience.judge(BLANK), Verdict::Blank);
    }

    #[test]
    fn a_page_that_draws_at_last_is_not_blank() {
        let mut patience = Patience::new(LOOK_EVERY);
        let painted = Look {
            painted: true,
            ..BLANK
        };
        assert_eq!(patience.judge(painted), Verdict::Draws);
    }
}
