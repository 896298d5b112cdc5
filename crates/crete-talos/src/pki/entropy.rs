//! Randomness, passed in.

use super::{PkiError, der};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SecureRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::RsaKeyPair;

/// Where ids, tokens, serial numbers and keys come from.
///
/// Ed25519 and ECDSA keys are made of [`Entropy::fill`]; RSA keys are searched for by the
/// cryptographic library, so they are asked for whole.
pub trait Entropy {
    /// Fills the bytes with randomness that nobody can foresee.
    ///
    /// # Errors
    /// When the system has none.
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), PkiError>;

    /// A new RSA key of 4096 bits, PKCS#1 DER. Takes seconds.
    ///
    /// # Errors
    /// When the library fails.
    fn rsa_4096(&mut self) -> Result<Vec<u8>, PkiError>;
}

/// The randomness of this computer.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), PkiError> {
        aws_lc_rs::rand::SystemRandom::new()
            .fill(bytes)
            .map_err(|_| PkiError::Crypto("drawing random bytes"))
    }

    fn rsa_4096(&mut self) -> Result<Vec<u8>, PkiError> {
        let failed = || PkiError::Crypto("making an RSA key");
        let key = RsaKeyPair::generate(KeySize::Rsa4096).map_err(|_| failed())?;
        let wrapped: Pkcs8V1Der = key.as_der().map_err(|_| failed())?;
        der::inner_of_pkcs8(wrapped.as_ref()).ok_or_else(failed)
    }
}
