//! Randomness from the kernel, for whoever starts a network. The core is given its numbers.

use crate::error::NetError;
use rustix::rand::{GetRandomFlags, getrandom};

/// A random number nobody can guess.
///
/// # Errors
/// When the kernel gives none.
pub fn random() -> Result<u64, NetError> {
    let mut bytes = [0; 8];
    // Up to 256 bytes come whole or not at all.
    getrandom(&mut bytes, GetRandomFlags::empty()).map_err(|error| NetError::Kernel {
        what: "random numbers",
        source: error.into(),
    })?;
    Ok(u64::from_ne_bytes(bytes))
}
