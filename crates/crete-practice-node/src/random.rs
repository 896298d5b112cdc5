//! Randomness that repeats: every id and key of a node comes from the seed it was given.

use sha2::{Digest, Sha256};
use std::sync::{Mutex, PoisonError};

/// A source of random bytes. Two sources of one seed give the same bytes.
#[derive(Debug)]
pub struct Random {
    seed: [u8; 32],
    drawn: Mutex<u64>,
}

impl Random {
    /// A source. For nodes that should differ, seed them differently.
    #[must_use]
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self {
            seed,
            drawn: Mutex::new(0),
        }
    }

    /// A source for tests, by a number.
    #[must_use]
    pub fn numbered(number: u64) -> Self {
        Self::from_seed(Sha256::digest(number.to_le_bytes()).into())
    }

    /// Thirty-two bytes.
    pub(crate) fn block(&self) -> [u8; 32] {
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        *drawn += 1;
        let mut hash = Sha256::new();
        hash.update(self.seed);
        hash.update(drawn.to_le_bytes());
        hash.finalize().into()
    }

    pub(crate) fn number(&self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.block();
        u64::from_le_bytes([a, b, c, d, e, f, g, h])
    }

    /// A random UUID as text.
    pub(crate) fn uuid(&self) -> String {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&self.block()[..16]);
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        let hex = hex(&bytes);
        let parts = [0..8, 8..12, 12..16, 16..20, 20..32];
        parts.map(|range| hex[range].to_owned()).join("-")
    }
}

/// Bytes as lower case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_and_another_differs() {
        let two = [Random::numbered(1), Random::numbered(1)];
        assert_eq!(two[0].block(), two[1].block());
        assert_ne!(two[0].block(), Random::numbered(1).block());
        assert_ne!(Random::numbered(1).block(), Random::numbered(2).block());
        let uuid = Random::numbered(3).uuid();
        assert_eq!(uuid.len(), 36);
        assert_eq!(&uuid[14..15], "4");
    }
}
