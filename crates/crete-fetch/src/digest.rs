//! SHA-256 of a stream or of a file. It must not know why anybody asks.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;

use crate::FetchError;

/// A digest in the making.
#[derive(Debug, Clone, Default)]
pub struct Digest(Sha256);

impl Digest {
    /// Takes in bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Lower-case hexadecimal.
    #[must_use]
    pub fn finish(self) -> String {
        let mut text = String::with_capacity(64);
        for byte in self.0.finalize() {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }
}

/// Takes in the first `length` bytes of a file; `progress` gets the bytes done.
///
/// # Errors
/// `File` when it cannot be read or is shorter, `Cancelled`.
pub(crate) fn digest_file(
    path: &Path,
    length: u64,
    progress: &dyn Fn(u64),
    cancel: &CancellationToken,
) -> Result<Digest, FetchError> {
    let mut file = File::open(path)
        .map_err(FetchError::file(path))?
        .take(length);
    let mut digest = Digest::default();
    let mut buffer = vec![0; 1 << 20];
    let mut done = 0;
    loop {
        if cancel.is_cancelled() {
            return Err(FetchError::Cancelled);
        }
        let read = file.read(&mut buffer).map_err(FetchError::file(path))?;
        if read == 0 {
            break;
        }
        digest.update(&buffer[..read]);
        done += read as u64;
        progress(done);
    }
    if done == length {
        return Ok(digest);
    }
    Err(FetchError::file(path)(
        std::io::ErrorKind::UnexpectedEof.into(),
    ))
}

/// The SHA-256 of a whole file, off the runtime's threads; `progress` gets the bytes done.
///
/// # Errors
/// `File` when it cannot be read, `Cancelled`.
pub async fn sha256_file(
    path: &Path,
    progress: &(dyn Fn(u64) + Send + Sync),
    cancel: &CancellationToken,
) -> Result<String, FetchError> {
    let (path, cancel) = (path.to_owned(), cancel.clone());
    let (send, mut done) = tokio::sync::mpsc::channel(1);
    let digest = tokio::task::spawn_blocking(move || {
        let length = std::fs::metadata(&path)
            .map_err(FetchError::file(&path))?
            .len();
        // Progress that nobody takes in time is left out.
        let tell = |bytes| {
            let _ = send.try_send(bytes);
        };
        digest_file(&path, length, &tell, &cancel).map(Digest::finish)
    });
    while let Some(bytes) = done.recv().await {
        progress(bytes);
    }
    // A panic in there would be a defect; the runtime's end is a cancel.
    digest.await.unwrap_or(Err(FetchError::Cancelled))
}
