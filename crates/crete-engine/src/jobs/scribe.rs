//! The one thread that writes jobs down, so that no task ever waits for a disk, and so that what
//! is written stays in order.

use crate::store;
use crete_failpoint::step;
use crete_model::Job;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// Something to write.
enum Entry {
    Record(PathBuf, Box<Job>),
    Line(PathBuf, Vec<u8>),
    /// Tell when everything before this is written.
    Flush(oneshot::Sender<()>),
}

/// The way to the writing thread.
#[derive(Debug)]
pub(super) struct Scribe {
    /// Gone once the scribe has been dismissed.
    hand: Mutex<Option<Sender<Entry>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Scribe {
    pub fn new() -> io::Result<Self> {
        let (hand, entries) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("crete-jobs".to_owned())
            .spawn(move || write(&entries))?;
        Ok(Self {
            hand: Mutex::new(Some(hand)),
            thread: Mutex::new(Some(thread)),
        })
    }

    pub fn record(&self, path: PathBuf, job: Job) {
        self.give(Entry::Record(path, Box::new(job)));
    }

    pub fn line(&self, path: PathBuf, bytes: Vec<u8>) {
        self.give(Entry::Line(path, bytes));
    }

    /// Waits until everything given before is written.
    pub async fn flush(&self) {
        let (tell, told) = oneshot::channel();
        self.give(Entry::Flush(tell));
        // A scribe that has been dismissed has written everything.
        let _ = told.await;
    }

    /// Lets the thread finish and end.
    pub async fn dismiss(&self) {
        self.flush().await;
        let hand = self
            .hand
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        drop(hand);
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread {
            // Its channel is closed and empty, so it ends at once.
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }

    fn give(&self, entry: Entry) {
        let hand = self.hand.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(hand) = hand.as_ref() {
            // Its thread lives as long as this end of the channel.
            let _ = hand.send(entry);
        }
    }
}

fn write(entries: &Receiver<Entry>) {
    for entry in entries {
        match entry {
            Entry::Record(path, job) => {
                if let Err(error) = store::write(&path, &*job) {
                    tracing::warn!(%error, "a job's record cannot be written");
                }
            }
            Entry::Line(path, bytes) => {
                if let Err(error) = append(&path, &bytes) {
                    tracing::warn!(path = %path.display(), %error, "a job's log cannot be written");
                }
            }
            Entry::Flush(tell) => drop(tell.send(())),
        }
    }
}

fn append(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let open = || {
        OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(path)
    };
    let mut file = step!("jobs.open_log", open())?;
    step!("jobs.append", file.write_all(bytes))
}
