//! One download: its attempts, and the waits between them.
//!
//! It must not know what the file is, only how its kind begins and ends.

mod answer;
mod attempt;
mod transfer;
mod writer;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use tokio_util::sync::CancellationToken;
use url::Url;

use crate::container::{Container, check_file};
use crate::durable::beside;
use crate::error::FetchError;
use crate::http::{Http, host_of};
use crate::lock::{self, EntryLock};
use crate::partial::read_arrival;
use crate::place::Existing;
use crate::retry;
use crate::space::{FreeSpace, available};

/// How long to wait for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// How long the first answer may take: a server may build the file first.
    pub answer: Duration,
    /// Silence after which `Building` is told.
    pub building_after: Duration,
    /// How long the transfer may stand still.
    pub stall: Duration,
    /// Failures in a row, nothing new having arrived in between, after which a person is told.
    /// Half as many when nothing ever arrived.
    pub failures: u32,
    /// Wait after the first failure; doubles with each.
    pub first_wait: Duration,
    /// The longest of those waits.
    pub longest_wait: Duration,
    /// The longest wait a server may ask for and be given. One that asks for more gets a person's
    /// decision instead of ours.
    pub longest_asked: Duration,
}

impl Default for Patience {
    /// The patience that suits a factory that builds images.
    fn default() -> Self {
        Self {
            answer: Duration::from_secs(22 * 60),
            building_after: Duration::from_secs(3),
            stall: Duration::from_secs(60),
            failures: 8,
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_secs(60),
            longest_asked: Duration::from_secs(15 * 60),
        }
    }
}

impl Patience {
    /// Whether to try again by ourselves after so many failures in a row. `worked` when something
    /// has arrived: before that, faults of the network are not worth another attempt, because a
    /// person who mistyped an address should hear of it at once.
    #[must_use]
    pub fn tries_again(&self, error: &FetchError, failures: u32, worked: bool) -> bool {
        let again = error.is_transient() || (worked && error.is_connectivity());
        let most = if worked {
            self.failures
        } else {
            self.failures.div_ceil(2)
        };
        let asked = error.retry_after().unwrap_or_default();
        again && failures < most && asked <= self.longest_asked
    }

    /// How long to wait before that: what was asked for, but never less than our own wait.
    #[must_use]
    pub fn wait(&self, failures: u32, asked: Option<Duration>, name: &OsStr) -> Duration {
        let own = retry::pause(failures, self.first_wait, self.longest_wait, name);
        asked.map_or(own, |asked| asked.max(own))
    }
}

/// Judges a complete file that has not got its place yet, off the runtime's threads.
pub type Check = fn(&Path, Container, &CancellationToken) -> Result<(), FetchError>;

/// What to download, where to, and how patiently.
#[derive(Debug, Clone)]
pub struct Request {
    /// Address to ask; a redirect is asked for anew with each attempt.
    pub url: Url,
    /// Where the complete file goes.
    pub target: PathBuf,
    /// What it must be.
    pub container: Container,
    /// What may become of a file that is at the target already.
    pub existing: Existing,
    /// Where the lock lies, where it must not lie beside the target.
    pub lock: Option<PathBuf>,
    /// Judges the whole before it gets its place.
    pub check: Check,
    /// How patiently.
    pub patience: Patience,
    /// Whether the file is unpacked beside itself: what is in it takes at least as much room
    /// again.
    pub unpacks: bool,
    /// How free space is found out.
    pub free_space: FreeSpace,
    /// What time it is, for servers that name a time to come back at.
    pub now: fn() -> SystemTime,
}

impl Request {
    /// A request with the default patience, for this computer.
    #[must_use]
    pub fn new(url: Url, target: PathBuf, container: Container) -> Self {
        Self {
            url,
            target,
            container,
            existing: Existing::Complete,
            lock: None,
            check: |path, container, _| check_file(path, container),
            patience: Patience::default(),
            unpacks: false,
            free_space: available,
            now: SystemTime::now,
        }
    }

    fn host(&self) -> String {
        host_of(&self.url)
    }
}

/// What a download tells while it runs.
#[derive(Debug)]
pub enum Event {
    /// Somebody else downloads the same file.
    WaitingForLock,
    /// The server was asked.
    Asking {
        /// Its host.
        host: String,
    },
    /// The server has not answered yet: it builds the file.
    Building {
        /// Its host.
        host: String,
    },
    /// What was there is of no use: the transfer begins at the first byte again.
    StartsOver {
        /// Bytes that were there.
        had: u64,
    },
    /// Bytes arrive; told at most ten times a second.
    Transfer {
        /// Bytes there are.
        received: u64,
        /// Bytes of the whole file, if known.
        total: Option<u64>,
        /// Bytes per second.
        rate: u64,
        /// Time left, if it can be told.
        left: Option<Duration>,
    },
    /// All bytes are there, and are judged.
    Checking,
    /// What was there before is read again for the digest.
    Verifying {
        /// Bytes read.
        done: u64,
        /// Bytes to read.
        total: u64,
    },
    /// An attempt failed; another follows.
    Retrying {
        /// Failures in a row, from 1.
        failures: u32,
        /// Time until the next attempt.
        wait: Duration,
        /// Why it failed.
        error: FetchError,
    },
}

/// A complete file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Downloaded {
    /// Where it is.
    pub path: PathBuf,
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256, lower-case hexadecimal.
    pub sha256: String,
    /// Bytes that were there before this call.
    pub resumed_from: u64,
    /// Whether the server announced the length, so that it could be compared.
    pub announced: bool,
    /// The host it came from, if the whole way was over TLS.
    pub secure_from: Option<String>,
}

/// What all attempts of one download share.
struct Work<'a> {
    http: &'a Http,
    request: &'a Request,
    events: &'a (dyn Fn(Event) + Send + Sync),
    cancel: &'a CancellationToken,
    /// The most bytes that were ever there: an attempt that gets further was no failure.
    furthest: Arc<AtomicU64>,
    /// Held by whoever writes, even when the caller is gone.
    lock: Arc<EntryLock>,
}

impl Work<'_> {
    /// Waits for something, but not longer than for the caller.
    async fn unless_cancelled<T>(&self, work: impl Future<Output = T>) -> Result<T, FetchError> {
        tokio::select! {
            done = work => Ok(done),
            () = self.cancel.cancelled() => Err(FetchError::Cancelled),
        }
    }
}

/// Downloads a file, or goes on with what is there of it.
///
/// # Errors
/// See [`FetchError`]; whatever it is, what arrived is kept and a later call goes on with it.
/// A `Corrupt` part file is for the caller to move away.
pub async fn download(
    http: &Http,
    request: &Request,
    events: &(dyn Fn(Event) + Send + Sync),
    cancel: &CancellationToken,
) -> Result<Downloaded, FetchError> {
    let waiting = || events(Event::WaitingForLock);
    let place = request.lock.clone();
    let place = place.unwrap_or_else(|| beside(&request.target, "lock"));
    let lock = lock::acquire(&place, waiting, cancel).await?;
    request.existing.allows(&request.target)?;
    if request.existing == Existing::Complete
        && let Some(done) = already_there(request, cancel).await?
    {
        return Ok(done);
    }
    let work = Work {
        http,
        request,
        events,
        cancel,
        furthest: Arc::default(),
        lock: Arc::new(lock),
    };
    let name = request.target.as_os_str();
    let mut failures = 0;
    loop {
        let before = work.furthest.load(Ordering::Relaxed);
        let error = match attempt::run(&work).await {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        let after = work.furthest.load(Ordering::Relaxed);
        failures = if after > before { 1 } else { failures + 1 };
        let asked = error.retry_after();
        if !request.patience.tries_again(&error, failures, after > 0) {
            return Err(error);
        }
        let wait = request.patience.wait(failures, asked, name);
        events(Event::Retrying {
            failures,
            wait,
            error,
        });
        work.unless_cancelled(tokio::time::sleep(wait)).await?;
    }
}

/// The file another call has completed meanwhile, or an earlier one.
async fn already_there(
    request: &Request,
    cancel: &CancellationToken,
) -> Result<Option<Downloaded>, FetchError> {
    let Ok(meta) = std::fs::metadata(&request.target) else {
        return Ok(None);
    };
    // The program may have been killed between the file's last move and this.
    crate::forget_side(&request.target)?;
    let sha256 = crate::sha256_file(&request.target, &|_| {}, cancel).await?;
    let arrival = read_arrival(&request.target, &sha256);
    Ok(Some(Downloaded {
        path: request.target.clone(),
        bytes: meta.len(),
        sha256,
        resumed_from: meta.len(),
        announced: arrival.as_ref().is_some_and(|arrival| arrival.announced),
        secure_from: arrival.and_then(|arrival| arrival.secure_from),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::partial::{Arrival, write_arrival};

    #[tokio::test]
    async fn a_file_that_is_there_has_no_side_file() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("metal.iso");
        for left in ["", ".part.json", ".part.json.new"] {
            let path = folder.path().join(format!("metal.iso{left}"));
            std::fs::write(path, "{}").unwrap();
        }
        let url = Url::parse("http://127.0.0.1:9/").unwrap();
        let request = Request::new(url, target.clone(), Container::Iso);
        let found = already_there(&request, &CancellationToken::new()).await;
        assert_eq!(found.unwrap().unwrap().bytes, 2);
        let left = std::fs::read_dir(folder.path()).unwrap();
        let left: Vec<_> = left.map(|entry| entry.unwrap().path()).collect();
        assert_eq!(left, [target]);
    }

    #[tokio::test]
    async fn how_a_file_came_is_known_later_and_of_no_other_file() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("metal.iso");
        std::fs::write(&target, "what arrived").unwrap();
        let url = Url::parse("https://127.0.0.1:9/").unwrap();
        let request = Request::new(url, target.clone(), Container::Iso);
        let cancel = CancellationToken::new();
        let found = || async { already_there(&request, &cancel).await.unwrap().unwrap() };
        let unknown = found().await;
        assert_eq!((unknown.announced, unknown.secure_from), (false, None));

        let host = Some("factory.example".to_owned());
        let arrival = Arrival {
            sha256: unknown.sha256,
            announced: true,
            secure_from: host.clone(),
        };
        write_arrival(&target, &arrival).unwrap();
        let known = found().await;
        assert_eq!((known.announced, known.secure_from), (true, host));

        std::fs::write(&target, "another file").unwrap();
        let other = found().await;
        assert_eq!((other.announced, other.secure_from), (false, None));
        crate::forget_arrival(&target).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_tried_again_depends_on_whether_it_ever_worked() {
        let patience = Patience::default();
        let gone = FetchError::UnknownHost {
            host: "a".into(),
            words: String::new(),
        };
        let cut = FetchError::Interrupted {
            received: 1,
            expected: None,
        };
        assert!(!patience.tries_again(&gone, 1, false));
        assert!(patience.tries_again(&gone, 1, true));
        assert!(patience.tries_again(&cut, 3, false));
        assert!(!patience.tries_again(&cut, 4, false));
        assert!(patience.tries_again(&cut, 7, true));
        assert!(!patience.tries_again(&cut, 8, true));
        assert!(!patience.tries_again(&FetchError::Cancelled, 1, true));
    }
}
