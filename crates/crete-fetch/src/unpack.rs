//! From a file as it came to a sparse, read-only one in its place. Whole or not at all.
//!
//! A packed file is unpacked; any other is copied, sharing its blocks where the file system can.
//! A file that is already ours is moved.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crete_model::{FileFault, Params};
use tokio_util::sync::CancellationToken;

use crate::container::Container;
use crate::digest::{Digest, digest_file};
use crate::durable::{self, beside};
use crate::error::FetchError;
use crate::plain::Plain;
use crate::sparse::{BLOCK, SparseWriter};

/// Time between two reports of progress.
const REPORT_EVERY: Duration = Duration::from_millis(100);

/// How far an unpacking is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnpackEvent {
    /// Bytes read of the source.
    pub read: u64,
    /// Bytes of the source in all.
    pub total: u64,
}

/// A file in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unpacked {
    /// Its length; holes count.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: String,
    /// Length of the source.
    pub source_bytes: u64,
    /// SHA-256 of the source.
    pub source_sha256: String,
}

/// Unpacks or copies `source` to `target`, off the runtime's threads. The source is only read.
///
/// # Errors
/// `Corrupt` when the source is damaged, `Changed` when it was written to meanwhile, `DiskFull`,
/// `File`, `Cancelled`. There is no `target` then.
pub async fn unpack(
    source: Plain,
    container: Container,
    target: &Path,
    events: &(dyn Fn(UnpackEvent) + Send + Sync),
    cancel: &CancellationToken,
) -> Result<Unpacked, FetchError> {
    let target = target.to_owned();
    off_thread(source, events, cancel, move |work| {
        let fresh = beside(&target, "unpacking");
        let result = work.unpack(container, &fresh, &target);
        if result.is_err() {
            // Half an unpacked file is of no use: the source is still there.
            let _ = std::fs::remove_file(&fresh);
        }
        result
    })
    .await
}

/// Moves `source`, which is ours and not packed, to `target` and makes it read-only.
///
/// # Errors
/// `Changed` when it was written to meanwhile, `File`, `Cancelled`. It is where it was then.
pub async fn take_over(
    source: Plain,
    target: &Path,
    events: &(dyn Fn(UnpackEvent) + Send + Sync),
    cancel: &CancellationToken,
) -> Result<Unpacked, FetchError> {
    let target = target.to_owned();
    off_thread(source, events, cancel, move |work| work.take_over(&target)).await
}

/// The first bytes of what a file holds: of its content when it is packed, of itself otherwise.
/// Fewer when it is shorter, or cut.
#[must_use]
pub fn peek(source: &Plain, container: Container, length: usize) -> Vec<u8> {
    let mut head = vec![0; length];
    let work = Work {
        source: Plain {
            path: source.path.clone(),
            file: match source.file.try_clone() {
                Ok(file) => file,
                Err(_) => return Vec::new(),
            },
            stamp: source.stamp,
        },
        read: Arc::default(),
        stop: CancellationToken::new(),
    };
    let reader = Tap::new(&work.source, &work.read)
        .and_then(|tap| work.decoder(container, BufReader::new(tap)));
    let mut filled = 0;
    if let Ok(mut reader) = reader {
        while filled < length
            && let Ok(read @ 1..) = reader.read(&mut head[filled..])
        {
            filled += read;
        }
    }
    head.truncate(filled);
    head
}

/// Reads a packed file to its end without keeping what is in it: its own check sums are compared.
/// Any other file has none, and fits.
///
/// # Errors
/// `Corrupt` when it is damaged, `Cancelled`, and what [`crate::open_plain`] says.
pub fn check_packed(
    path: &Path,
    container: Container,
    cancel: &CancellationToken,
) -> Result<(), FetchError> {
    if !container.is_packed() {
        return Ok(());
    }
    let work = Work {
        source: crate::open_plain(path)?,
        read: Arc::default(),
        stop: cancel.clone(),
    };
    let tap = Tap::new(&work.source, &work.read)?;
    let counted = tap.clone();
    let mut reader = work.decoder(container, BufReader::with_capacity(1 << 20, tap))?;
    let mut buffer = vec![0; BLOCK];
    while work.next_block(&mut reader, &mut buffer)? > 0 {}
    work.ends_there(counted.finish().0)
}

async fn off_thread(
    source: Plain,
    events: &(dyn Fn(UnpackEvent) + Send + Sync),
    cancel: &CancellationToken,
    job: impl FnOnce(&Work) -> Result<Unpacked, FetchError> + Send + 'static,
) -> Result<Unpacked, FetchError> {
    let total = source.stamp.bytes;
    let read = Arc::new(AtomicU64::new(0));
    // A dropped future must not leave a thread writing.
    let stop = cancel.child_token();
    let _stop_on_drop = stop.clone().drop_guard();
    let work = Work {
        source,
        read: read.clone(),
        stop,
    };
    let working = tokio::task::spawn_blocking(move || job(&work));
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
    source: Plain,
    read: Arc<AtomicU64>,
    stop: CancellationToken,
}

impl Work {
    fn unpack(
        &self,
        container: Container,
        fresh: &Path,
        target: &Path,
    ) -> Result<Unpacked, FetchError> {
        if !container.is_packed()
            && let Some(copy) = self.share(fresh)?
        {
            let sha256 = self.digest(fresh)?;
            self.source.check_unchanged()?;
            durable::settle(&copy, fresh, target)?;
            return Ok(self.same(sha256));
        }
        let tap = Tap::new(&self.source, &self.read)?;
        let counted = tap.clone();
        let mut reader = self.decoder(container, BufReader::with_capacity(1 << 20, tap))?;
        let mut writer = SparseWriter::create(fresh)?;
        let mut buffer = vec![0; BLOCK];
        let allocated = self.allocated()?;
        loop {
            let filled = self.next_block(&mut reader, &mut buffer)?;
            if filled == 0 {
                break;
            }
            let read = self.read.load(Ordering::Relaxed);
            let unread = self.source.stamp.bytes.saturating_sub(read);
            // Holes of the source become holes.
            let ahead = unread.min(allocated);
            writer.push(&buffer[..filled], ahead)?;
        }
        let (source_bytes, source_sha256) = counted.finish();
        self.ends_there(source_bytes)?;
        let (bytes, sha256) = writer.settle(target)?;
        Ok(Unpacked {
            bytes,
            sha256,
            source_bytes,
            source_sha256,
        })
    }

    /// Fills the buffer with what is packed; 0 at the end.
    /// Bytes that the source takes on its disk: its holes take none.
    fn allocated(&self) -> Result<u64, FetchError> {
        let meta = self.source.file.metadata();
        let meta = meta.map_err(FetchError::file(&self.source.path))?;
        Ok(meta.blocks().saturating_mul(512))
    }

    fn next_block(&self, reader: &mut dyn Read, buffer: &mut [u8]) -> Result<usize, FetchError> {
        if self.stop.is_cancelled() {
            return Err(FetchError::Cancelled);
        }
        fill(reader, buffer).map_err(|error| self.damaged(error))
    }

    /// The source was not touched meanwhile, and nothing follows what is packed.
    fn ends_there(&self, read: u64) -> Result<(), FetchError> {
        self.source.check_unchanged()?;
        if read == self.source.stamp.bytes {
            return Ok(());
        }
        Err(self.corrupt("bytes follow after the end of the packed data".to_owned()))
    }

    fn take_over(&self, target: &Path) -> Result<Unpacked, FetchError> {
        let sha256 = self.digest(&self.source.path)?;
        self.source.check_unchanged()?;
        durable::settle(&self.source.file, &self.source.path, target)?;
        Ok(self.same(sha256))
    }

    /// The result where source and target hold the same bytes.
    fn same(&self, sha256: String) -> Unpacked {
        Unpacked {
            bytes: self.source.stamp.bytes,
            sha256: sha256.clone(),
            source_bytes: self.source.stamp.bytes,
            source_sha256: sha256,
        }
    }

    /// A copy that shares the source's blocks, where the file system can do that.
    fn share(&self, fresh: &Path) -> Result<Option<File>, FetchError> {
        let copy = durable::open(fresh)?;
        match rustix::fs::ioctl_ficlone(&copy, &self.source.file) {
            Ok(()) => Ok(Some(copy)),
            // Another file system, or one that cannot share.
            Err(_) => Ok(None),
        }
    }

    fn digest(&self, path: &Path) -> Result<String, FetchError> {
        let progress = |done| self.read.store(done, Ordering::Relaxed);
        digest_file(path, self.source.stamp.bytes, &progress, &self.stop).map(Digest::finish)
    }

    fn decoder<'a>(
        &self,
        container: Container,
        source: BufReader<Tap>,
    ) -> Result<Box<dyn Read + 'a>, FetchError> {
        Ok(match container {
            Container::Zstd => Box::new(
                zstd::stream::read::Decoder::with_buffer(source)
                    .map_err(|error| self.damaged(error))?,
            ),
            Container::Xz => Box::new(liblzma::bufread::XzDecoder::new_multi_decoder(source)),
            Container::Iso | Container::Qcow2 | Container::Raw => Box::new(source),
        })
    }

    fn damaged(&self, error: io::Error) -> FetchError {
        // Reading fails with the system's own number, decoding does not.
        if error.raw_os_error().is_some() {
            return FetchError::file(&self.source.path)(error);
        }
        self.corrupt(error.to_string())
    }

    fn corrupt(&self, words: String) -> FetchError {
        FetchError::Corrupt {
            path: self.source.path.clone(),
            fault: FileFault::Packing,
            params: Params::new(),
            words,
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

/// The source as a reader that counts and digests what goes by. Clones share the count: the
/// decoder swallows one, and the other is asked at the end.
#[derive(Clone)]
struct Tap {
    file: Arc<File>,
    read: Arc<AtomicU64>,
    digest: Arc<Mutex<Digest>>,
}

impl Tap {
    fn new(source: &Plain, read: &Arc<AtomicU64>) -> Result<Self, FetchError> {
        use std::io::Seek;
        let mut file = source
            .file
            .try_clone()
            .map_err(FetchError::file(&source.path))?;
        file.rewind().map_err(FetchError::file(&source.path))?;
        Ok(Self {
            file: Arc::new(file),
            read: read.clone(),
            digest: Arc::default(),
        })
    }

    fn finish(&self) -> (u64, String) {
        let digest = self.digest.lock().unwrap_or_else(PoisonError::into_inner);
        (self.read.load(Ordering::Relaxed), digest.clone().finish())
    }
}

impl Read for Tap {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = (&*self.file).read(buffer)?;
        self.read.fetch_add(read as u64, Ordering::Relaxed);
        let mut digest = self.digest.lock().unwrap_or_else(PoisonError::into_inner);
        digest.update(&buffer[..read]);
        Ok(read)
    }
}
