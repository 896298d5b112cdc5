//! Time (RFC 5905), from the host's clock. Pure: the time is given.
//!
//! A machine without the right time trusts no certificate. The host's clock is the best there is
//! here: whether it is kept right is the host's own matter.

use std::time::Duration;

pub(super) const PORT: u16 = 123;

const LENGTH: usize = 48;
const CLIENT: u8 = 3;
const SERVER: u8 = 4;
/// Seconds from the beginning of NTP's time to that of Unix.
const BEFORE_UNIX: u64 = 2_208_988_800;
/// One behind whatever keeps the host's clock; neither a source of time itself nor far from one.
const STRATUM: u8 = 3;
/// About a microsecond, as a power of two.
const PRECISION: i8 = -20;
/// How wrong the clock may be, in units of 2⁻¹⁶ s: 10 ms.
const DISPERSION: u32 = 655;

/// NTP's form of a time: seconds in the upper half, their fraction in the lower.
fn timestamp(since_unix: Duration) -> [u8; 8] {
    let seconds = since_unix.as_secs().wrapping_add(BEFORE_UNIX) << 32;
    let fraction = (u64::from(since_unix.subsec_nanos()) << 32) / 1_000_000_000;
    (seconds | fraction).to_be_bytes()
}

/// Answers a client's question about the time.
pub(crate) fn answer(request: &[u8], since_unix: Duration) -> Option<[u8; LENGTH]> {
    let request: &[u8; LENGTH] = request.first_chunk()?;
    let version = request[0] >> 3 & 7;
    if request[0] & 7 != CLIENT || !(1..=4).contains(&version) {
        return None;
    }
    let now = timestamp(since_unix);
    let mut answer = [0; LENGTH];
    answer[0] = version << 3 | SERVER;
    answer[1] = STRATUM;
    answer[2] = request[2];
    answer[3] = PRECISION.to_be_bytes()[0];
    answer[8..12].copy_from_slice(&DISPERSION.to_be_bytes());
    answer[12..16].copy_from_slice(&[127, 127, 1, 0]);
    answer[16..24].copy_from_slice(&now);
    // What the client sent as its own time comes back, so that it knows its question.
    answer[24..32].copy_from_slice(&request[40..48]);
    answer[32..40].copy_from_slice(&now);
    answer[40..48].copy_from_slice(&now);
    Some(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_holds_the_time_and_the_question() {
        let mut request = [0; LENGTH];
        request[0] = 0x23;
        request[40..].copy_from_slice(&[1, 2, 3, 4, 5, 6, 7, 8]);
        let answer = answer(&request, Duration::new(1_700_000_000, 500_000_000)).unwrap();
        assert_eq!(answer[0], 0x24);
        assert_eq!(answer[24..32], [1, 2, 3, 4, 5, 6, 7, 8]);
        let seconds = u32::from_be_bytes(answer[40..44].try_into().unwrap());
        assert_eq!(u64::from(seconds) - BEFORE_UNIX, 1_700_000_000);
        assert_eq!(answer[44..48], [0x80, 0, 0, 0]);
    }

    proptest::proptest! {
        #[test]
        fn only_clients_are_answered(first: u8, length in 0usize..80) {
            let mut request = vec![0; length];
            if let Some(byte) = request.first_mut() { *byte = first; }
            let good = length >= LENGTH && first & 7 == CLIENT && (1..=4).contains(&(first >> 3 & 7));
            proptest::prop_assert_eq!(answer(&request, Duration::ZERO).is_some(), good);
        }
    }
}
