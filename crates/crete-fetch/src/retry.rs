//! When to try again. Pure: times, dates and names are given.

use std::ffi::OsStr;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, SystemTime};

/// The wait after so many failures in a row: doubling from `first`, never above `longest`, and
/// spread by up to a quarter to either side by the file's name, so that the computers a failing
/// server cut off together do not all come back in the same second.
#[must_use]
pub fn pause(failures: u32, first: Duration, longest: Duration, name: &OsStr) -> Duration {
    let doubled = first.saturating_mul(1_u32 << failures.saturating_sub(1).min(20));
    let mut hasher = DefaultHasher::new();
    (name, failures).hash(&mut hasher);
    let spread = u32::try_from(hasher.finish() % 512).unwrap_or_default();
    doubled.min(longest).saturating_mul(768 + spread) / 1024
}

/// Reads `Retry-After`: seconds, or a date. A date is taken from the server's own `Date` where
/// there is one, because the two clocks need not agree.
#[must_use]
pub fn retry_after(value: &str, date: Option<&str>, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if value.bytes().all(|byte| byte.is_ascii_digit()) {
        return value.parse().ok().map(Duration::from_secs);
    }
    let until = httpdate::parse_http_date(value).ok()?;
    let from = date
        .and_then(|date| httpdate::parse_http_date(date).ok())
        .unwrap_or(now);
    // A date that has passed means now.
    Some(until.duration_since(from).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const S: Duration = Duration::from_secs(1);

    #[test]
    fn retry_after_table() {
        let now = httpdate::parse_http_date("Wed, 21 Oct 2015 07:28:00 GMT").unwrap();
        let date = Some("Wed, 21 Oct 2015 08:00:00 GMT");
        let rows = [
            ("120", None, Some(120 * S)),
            (" 0 ", None, Some(Duration::ZERO)),
            ("Wed, 21 Oct 2015 07:28:30 GMT", None, Some(30 * S)),
            // The server's clock is 32 minutes ahead of ours; what counts is its own.
            ("Wed, 21 Oct 2015 08:00:30 GMT", date, Some(30 * S)),
            ("Wednesday, 21-Oct-15 07:28:07 GMT", None, Some(7 * S)),
            ("Wed, 21 Oct 2015 07:00:00 GMT", None, Some(Duration::ZERO)),
            ("soon", None, None),
            ("-5", None, None),
            ("", None, None),
            ("99999999999999999999999", None, None),
        ];
        for (value, date, expected) in rows {
            assert_eq!(retry_after(value, date, now), expected, "{value:?}");
        }
    }

    #[test]
    fn waits_double_up_to_the_longest() {
        let name = OsStr::new("image");
        let waits: Vec<u128> = (1..=8)
            .map(|failures| pause(failures, S, 60 * S, name).as_millis())
            .collect();
        for (wait, middle) in waits.iter().zip([1, 2, 4, 8, 16, 32, 60, 60]) {
            assert!((middle * 750..=middle * 1250).contains(wait), "{waits:?}");
        }
    }

    #[test]
    fn two_computers_do_not_wait_the_same() {
        let wait = |name: &str| pause(3, S, 60 * S, OsStr::new(name));
        assert_ne!(wait("one"), wait("two"));
        assert_eq!(wait("one"), wait("one"));
    }

    proptest! {
        #[test]
        fn any_number_of_failures_has_a_wait(failures in any::<u32>(), name in ".{0,20}") {
            let wait = pause(failures, S, 60 * S, OsStr::new(&name));
            prop_assert!(wait >= S / 2 && wait <= 75 * S);
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,40}") {
            let _ = retry_after(&text, Some(&text), SystemTime::UNIX_EPOCH);
        }
    }
}
