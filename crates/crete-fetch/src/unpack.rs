//! Decompression to a sparse, read-only file. Whole or not at all, like a download.

use std::fs::{File, Permissions};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::container::Container;
use crate::error::FetchError;
use crate::partial::{beside, publish};
use crate::space::{RESERVE, available};

/// Zeros in runs of this length become holes.
const BLOCK: usize = 64 * 1024;
/// Bytes written between two looks at the free space.
const LOOK_EVERY: u64 = 256 << 20;
/// Time between two reports of progress.
const REPORT_EVERY: Duration = Duration::from_millis(100);

/// How far an unpacking is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnpackEvent {
    /// Packed bytes read.
    pub read: u64,
    /// Packed bytes in all.
    pub total: u64,
}

/// An unpacked file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unpacked {
    /// Its length; holes count.
    pub bytes: u64,
}

/// Unpacks `source` to `target`, off the runtime's threads.
///
/// # Errors
/// `Corrupt` when the source is damaged, `DiskFull`, `File`, `Cancelled`. There is no `target` then.
pub async fn unpack(
    source: &Path,
    container: Container,
    target: &Path,
    events: &(dyn Fn(UnpackEvent) + Send + Sync),
    cancel: &CancellationToken,
) -> Result<Unpacked, FetchError> {
    let total = std::fs::metadata(source)
        .map_err(FetchError::file(source))?
        .len();
    let read = Arc::new(AtomicU64::new(0));
    // A dropped future must not leave a thread writing.
    let stop = cancel.child_token();
    let _stop_on_drop = stop.clone().drop_guard();
    let work = Work {
        source: source.to_owned(),
        target: target.to_owned(),
        container,
        read: read.clone(),
        stop,
    };
    let working = tokio::task::spawn_blocking(move || work.run());
    tokio::pin!(working);
    let done = loop {
        tokio::select! {
            done = &mut working => break done,
            () = tokio::time::sleep(REPORT_EVERY) => {
                events(UnpackEvent { read: read.load(Ordering::Relaxed), total });
            }
        }
    };
    let unpacked = done.unwrap_or(Err(FetchError::Cancelled))?;
    events(UnpackEvent { read: total, total });
    Ok(unpacked)
}

struct Work {
    source: PathBuf,
    target: PathBuf,
    container: Container,
    read: Arc<AtomicU64>,
    stop: CancellationToken,
}

impl Work {
    fn run(self) -> Result<Unpacked, FetchError> {
        let part = beside(&self.target, "unpacking");
        let result = self.write(&part);
        if result.is_err() {
            // Half an unpacked file is of no use: the source is still there.
            let _ = std::fs::remove_file(&part);
        }
        result
    }

    fn write(&self, part: &Path) -> Result<Unpacked, FetchError> {
        let source = File::open(&self.source).map_err(FetchError::file(&self.source))?;
        let counted = Counted {
            inner: source,
            read: self.read.clone(),
        };
        let mut reader = self.decoder(BufReader::with_capacity(1 << 20, counted))?;
        let mut out = File::create(part).map_err(FetchError::file(part))?;
        let mut buffer = vec![0; BLOCK];
        let (mut bytes, mut looked) = (0_u64, 0_u64);
        loop {
            if self.stop.is_cancelled() {
                return Err(FetchError::Cancelled);
            }
            let filled = fill(&mut reader, &mut buffer).map_err(|error| self.damaged(&error))?;
            if filled == 0 {
                break;
            }
            if bytes >= looked {
                self.check_space(part)?;
                looked = bytes + LOOK_EVERY;
            }
            let block = &buffer[..filled];
            if block.iter().all(|byte| *byte == 0) {
                out.seek(SeekFrom::Current(filled.try_into().unwrap_or(0)))
                    .map_err(FetchError::file(part))?;
            } else {
                out.write_all(block).map_err(FetchError::file(part))?;
            }
            bytes += filled as u64;
        }
        // A hole at the end is only there once the length says so.
        out.set_len(bytes).map_err(FetchError::file(part))?;
        out.set_permissions(Permissions::from_mode(0o444))
            .map_err(FetchError::file(part))?;
        out.sync_all().map_err(FetchError::file(part))?;
        publish(part, &self.target)?;
        Ok(Unpacked { bytes })
    }

    fn decoder<'a>(&self, source: BufReader<Counted>) -> Result<Box<dyn Read + 'a>, FetchError> {
        Ok(match self.container {
            Container::Zstd => Box::new(
                zstd::stream::read::Decoder::with_buffer(source)
                    .map_err(|error| self.damaged(&error))?,
            ),
            Container::Xz => Box::new(liblzma::bufread::XzDecoder::new_multi_decoder(source)),
            Container::Iso | Container::Qcow2 | Container::Raw => Box::new(source),
        })
    }

    fn check_space(&self, part: &Path) -> Result<(), FetchError> {
        let free = available(part).map_err(FetchError::file(part))?;
        if free < RESERVE {
            return Err(FetchError::DiskFull {
                path: self.target.clone(),
                needed: RESERVE,
                free,
            });
        }
        Ok(())
    }

    fn damaged(&self, error: &io::Error) -> FetchError {
        FetchError::Corrupt {
            path: self.source.clone(),
            reason: error.to_string(),
        }
    }
}

/// Reads until the buffer is full or nothing more comes.
fn fill(reader: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Counts what is read of the source.
struct Counted {
    inner: File,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.read.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}
