//! The first serial port. QEMU appends what it prints to a file, which is the one truth: it is
//! complete whether anybody listened or not, and whoever reads too slowly reads it later. The
//! kernel tells of every write to it, so nobody has to look again and again.
//!
//! ```text
//! guest ─▶ QEMU ─▶ console.log ─┬─▶ inotify ─▶ "it is this long" (at most every 16 ms)
//!                               └─▶ any number of readers, each at its own place
//! ```
//!
//! A socket with a log beside it would tell as well, but its log cannot be trusted: where the
//! socket has no room at that instant QEMU tries again, and logs the same bytes once more with
//! each try. Nothing is ever typed at this port, so a file is enough.

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt};
use inotify::{EventStream, Inotify, WatchMask};
use rustix::fs::FallocateFlags;
use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Bytes that arrive within this time are told of together.
const COALESCE: Duration = Duration::from_millis(16);
/// The most one chunk holds.
const CHUNK: usize = 64 * 1024;
/// How much of a console is kept. Lengths are bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Always kept of the beginning: the first boot.
    pub first: u64,
    /// Always kept of the end.
    pub last: u64,
    /// Size on disk above which the middle is given up.
    pub most: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            first: 1 << 20,
            last: 32 << 20,
            most: 64 << 20,
        }
    }
}

/// The length of a console's file; 0 while there is none.
#[must_use]
pub fn length(log: &Path) -> u64 {
    std::fs::metadata(log).map_or(0, |meta| meta.len())
}

/// Follows the console's file of a running machine and tells how long it is, first as it is found
/// and then after each change, until `cancel` is called. The file is kept within its bounds all
/// the while.
///
/// # Errors
/// When the file is not there or cannot be watched.
pub async fn follow(
    log: &Path,
    bounds: Bounds,
    told: &watch::Sender<u64>,
    cancel: &CancellationToken,
) -> io::Result<()> {
    // Watched before it is measured: what is written in between is told of.
    let mut changes = Changes::of(log)?;
    let mut bounded = true;
    loop {
        // A hole is a change too, so only growth is looked into.
        if tell(log, told)
            && bounded
            && let Err(error) = bound(log, bounds)
        {
            // A file system without holes will not have them the next time either.
            tracing::warn!(path = %log.display(), %error, "the console's file cannot be bounded");
            bounded = false;
        }
        tokio::select! {
            changed = changes.next() => changed?,
            () = cancel.cancelled() => break,
        }
    }
    tell(log, told);
    Ok(())
}

/// Tells the length if it is another than was told last, and says whether it is.
fn tell(log: &Path, told: &watch::Sender<u64>) -> bool {
    let now = length(log);
    told.send_if_modified(|length| std::mem::replace(length, now) != now)
}

/// What the kernel tells of a file that is written to.
struct Changes(EventStream<[u8; 1024]>);

impl Changes {
    fn of(log: &Path) -> io::Result<Self> {
        let told = Inotify::init()?;
        told.watches().add(log, WatchMask::MODIFY)?;
        Ok(Self(told.into_event_stream([0; 1024])?))
    }

    /// Waits for a change, and takes those that follow at once for the same one.
    async fn next(&mut self) -> io::Result<()> {
        self.0.next().await.transpose()?;
        tokio::time::sleep(COALESCE).await;
        while let Some(more) = self.0.next().now_or_never() {
            more.transpose()?;
        }
        Ok(())
    }
}

/// Gives up the middle of a file that has grown too large, by a hole: QEMU goes on appending all
/// the while, and not a byte of the beginning or the end is lost.
fn bound(log: &Path, bounds: Bounds) -> io::Result<()> {
    let meta = std::fs::metadata(log)?;
    if meta.blocks() * 512 <= bounds.most {
        return Ok(());
    }
    punch(log, bounds.first, meta.len().saturating_sub(bounds.last))
}

fn punch(log: &Path, from: u64, to: u64) -> io::Result<()> {
    if to <= from {
        return Ok(());
    }
    let file = File::options().write(true).open(log)?;
    let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
    rustix::fs::fallocate(&file, flags, from, to - from)?;
    Ok(())
}

/// One reader's place in a console's file.
#[derive(Debug)]
pub struct Reader {
    log: PathBuf,
    file: Option<File>,
    position: u64,
}

impl Reader {
    /// A reader at `position`; the file need not be there yet.
    #[must_use]
    pub fn new(log: PathBuf, position: u64) -> Self {
        Self {
            log,
            file: None,
            position,
        }
    }

    /// The next chunk with its place, or `None` when everything was read. Skips what was given up.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn next_chunk(&mut self) -> io::Result<Option<(u64, Bytes)>> {
        let file = match &self.file {
            Some(file) => file,
            None => match File::open(&self.log) {
                Ok(file) => self.file.insert(file),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(error),
            },
        };
        let length = file.metadata()?.len();
        if self.position >= length {
            return Ok(None);
        }
        let (start, end) = data_at(file, self.position, length);
        let wanted = usize::try_from(end - start).unwrap_or(CHUNK).min(CHUNK);
        let mut buffer = vec![0; wanted];
        let read = file.read_at(&mut buffer, start)?;
        if read == 0 {
            return Ok(None);
        }
        buffer.truncate(read);
        self.position = start + read as u64;
        Ok(Some((start, Bytes::from(buffer))))
    }
}

/// The next stretch of data at or after `position`. Where the file system knows no holes,
/// everything is data.
fn data_at(file: &File, position: u64, length: u64) -> (u64, u64) {
    use rustix::fs::{SeekFrom, seek};
    let start = seek(file, SeekFrom::Data(position))
        .unwrap_or(position)
        .min(length);
    let end = seek(file, SeekFrom::Hole(start))
        .unwrap_or(length)
        .min(length);
    if end > start {
        (start, end)
    } else {
        (start, length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn read_all(log: &Path) -> Vec<(u64, Vec<u8>)> {
        let mut reader = Reader::new(log.to_owned(), 0);
        let mut chunks = Vec::new();
        while let Some((at, bytes)) = reader.next_chunk().unwrap() {
            chunks.push((at, bytes.to_vec()));
        }
        chunks
    }

    #[test]
    fn a_hole_is_skipped_and_shows_as_a_gap() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("console.log");
        let block = 64 * 1024;
        let mut file = File::create(&log).unwrap();
        for fill in [b'a', b'b', b'c'] {
            file.write_all(&vec![fill; block]).unwrap();
        }
        punch(&log, block as u64, 2 * block as u64).unwrap();
        file.write_all(b"more").unwrap();
        let chunks = read_all(&log);
        let seen: String = chunks
            .iter()
            .flat_map(|(_, bytes)| bytes)
            .map(|byte| *byte as char)
            .collect();
        assert!(seen.starts_with('a') && seen.ends_with("cmore"));
        assert!(!seen.contains('b') && !seen.contains('\0'));
        assert!(chunks.iter().any(|(at, _)| *at == 2 * block as u64));
    }

    #[test]
    fn no_file_is_an_empty_console() {
        let folder = tempfile::tempdir().unwrap();
        assert!(read_all(&folder.path().join("none")).is_empty());
    }

    /// A guest that prints without end: whoever follows misses nothing, whoever comes late gets
    /// the beginning and the end, and the disk does not fill.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_console_without_end_is_bounded_and_no_byte_in_between_is_lost() {
        const KIB: u64 = 1024;
        let bounds = Bounds {
            first: 64 * KIB,
            last: 256 * KIB,
            most: 512 * KIB,
        };
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("console.log");
        let mut qemu = File::options()
            .create(true)
            .append(true)
            .open(&log)
            .unwrap();
        let (told, mut heard) = watch::channel(0);
        let cancel = CancellationToken::new();
        let following = tokio::spawn({
            let (log, cancel) = (log.clone(), cancel.clone());
            async move { follow(&log, bounds, &told, &cancel).await }
        });
        let mut reader = Reader::new(log.clone(), 0);
        let line = |number: u64| format!("{number:>62}\r\n");
        // Each byte tells its own place.
        let byte = |place: u64| line(place / 64).as_bytes()[usize::try_from(place % 64).unwrap()];
        let mut printed = 0;
        for _ in 0..120 {
            let block: String = (printed / 64..printed / 64 + 256).map(line).collect();
            qemu.write_all(block.as_bytes()).unwrap();
            let read_before = printed;
            printed += block.len() as u64;
            heard.wait_for(|length| *length >= printed).await.unwrap();
            let mut read = read_before;
            while let Some((at, bytes)) = reader.next_chunk().unwrap() {
                assert_eq!(at, read, "whoever follows misses nothing");
                let fits = |(index, found): (u64, &u8)| *found == byte(at + index);
                assert!((0..).zip(&bytes).all(fits), "at {at}");
                read += bytes.len() as u64;
            }
            assert_eq!(read, printed);
        }
        cancel.cancel();
        following.await.unwrap().unwrap();
        let meta = std::fs::metadata(&log).unwrap();
        assert_eq!(meta.len(), printed, "places never change");
        // What arrived since the last look may lie above the bound.
        assert!(
            meta.blocks() * 512 <= bounds.most + 64 * KIB,
            "{}",
            meta.blocks()
        );
        let chunks = read_all(&log);
        let kept: Vec<(u64, u64)> = chunks
            .iter()
            .map(|(at, bytes)| (*at, at + bytes.len() as u64))
            .collect();
        let covers = |from: u64, to: u64| {
            let mut at = from;
            for (start, end) in &kept {
                if *start <= at && at < *end {
                    at = *end;
                }
            }
            at >= to
        };
        assert!(covers(0, bounds.first), "the beginning: {kept:?}");
        assert!(covers(printed - bounds.last, printed), "the end: {kept:?}");
        assert!(!covers(0, printed), "the middle was given up");
        for (at, bytes) in &chunks {
            assert!(
                (0..)
                    .zip(bytes)
                    .all(|(index, found)| *found == byte(at + index))
            );
        }
    }

    /// A wait that only fails when something that must be told never is.
    const PATIENCE: Duration = Duration::from_secs(30);

    async fn hears(heard: &mut watch::Receiver<u64>, length: u64) {
        let hearing = heard.wait_for(|told| *told == length);
        let found = tokio::time::timeout(PATIENCE, hearing).await;
        assert!(found.is_ok_and(|told| told.is_ok()), "{length} is told");
    }

    #[tokio::test]
    async fn readers_hear_of_all_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("console.log");
        let mut qemu = File::options()
            .create(true)
            .append(true)
            .open(&log)
            .unwrap();
        qemu.write_all(b"before, ").unwrap();
        let (told, mut heard) = watch::channel(0);
        let cancel = CancellationToken::new();
        let following = tokio::spawn({
            let (log, cancel) = (log.clone(), cancel.clone());
            async move { follow(&log, Bounds::default(), &told, &cancel).await }
        });
        let mut length = b"before, ".len() as u64;
        hears(&mut heard, length).await;
        let pieces = ["hello ", "w", "orld", "\r\n"];
        for piece in pieces {
            qemu.write_all(piece.as_bytes()).unwrap();
            length += piece.len() as u64;
            hears(&mut heard, length).await;
        }
        // Many at once are told of as well, and the very last when it is cancelled right after.
        for _ in 0..1000 {
            qemu.write_all(b"x").unwrap();
        }
        hears(&mut heard, length + 1000).await;
        qemu.write_all(b"end").unwrap();
        cancel.cancel();
        following.await.unwrap().unwrap();
        assert_eq!(*heard.borrow(), length + 1003);
        let expected = format!("before, hello world\r\n{}end", "x".repeat(1000));
        assert_eq!(read_all(&log), [(0, expected.into_bytes())]);
    }

    #[tokio::test]
    async fn a_file_that_is_not_there_cannot_be_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (told, _) = watch::channel(0);
        let log = folder.path().join("none");
        let followed = follow(&log, Bounds::default(), &told, &CancellationToken::new()).await;
        assert_eq!(followed.unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
