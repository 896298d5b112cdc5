//! Consoles: what a driver watches, and what a page follows.

use super::driver::Handle;
use super::files::{Files, console_log};
use crate::Engine;
use crate::access::neighbour_of;
use crate::error::{EngineError, Result};
use bytes::Bytes;
use crete_model::{BootView, MachineId, SerialPort};
use crete_qemu::boot::BootReader;
use crete_qemu::screen::Screen;
use crete_qemu::serial;
use std::path::{Path, PathBuf};
use tokio::sync::{broadcast, mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Chunks that may wait for a page.
const CHUNKS: usize = 8;

/// A driver's eyes on its machine's consoles.
#[derive(Debug)]
pub(super) struct Watcher {
    log: PathBuf,
    console: watch::Sender<u64>,
    screen: watch::Sender<Option<Screen>>,
    boot: watch::Receiver<Option<BootView>>,
    tell_boot: watch::Sender<Option<BootView>>,
    tasks: JoinSet<()>,
    cancel: CancellationToken,
}

impl Watcher {
    /// Watches nothing yet; a console kept from earlier runs can be read at once.
    pub fn new(log: PathBuf) -> Self {
        let (tell_boot, boot) = watch::channel(None);
        Self {
            console: watch::Sender::new(serial::length(&log)),
            screen: watch::Sender::new(None),
            boot,
            tell_boot,
            tasks: JoinSet::new(),
            cancel: CancellationToken::new(),
            log,
        }
    }

    pub fn readers(&self) -> (watch::Receiver<u64>, watch::Receiver<Option<Screen>>) {
        (self.console.subscribe(), self.screen.subscribe())
    }

    /// Watches a run that began at this length of the console's file.
    pub fn start(&mut self, files: &Files, log_start: u64) {
        self.cancel = CancellationToken::new();
        self.tell_boot
            .send_replace(Some(BootReader::default().view().clone()));
        self.boot.mark_unchanged();
        let (console, cancel) = (self.console.clone(), self.cancel.clone());
        let log = files.log.clone();
        self.tasks.spawn(async move {
            let bounds = serial::Bounds::default();
            if let Err(error) = serial::follow(&log, bounds, &console, &cancel).await {
                tracing::warn!(%error, path = %log.display(), "the console cannot be followed");
            }
        });
        let reader = serial::Reader::new(files.log.clone(), log_start);
        let (heard, cancel) = (self.console.subscribe(), self.cancel.clone());
        self.tasks
            .spawn(read_boot(reader, heard, self.tell_boot.clone(), cancel));
        if let Some(socket) = files.sockets.tty_s1.clone() {
            let (screen, cancel) = (Screen::default(), self.cancel.clone());
            self.screen.send_replace(Some(screen.clone()));
            self.tasks.spawn(async move {
                if let Err(error) = screen.follow(&socket, &cancel).await {
                    tracing::warn!(%error, path = %socket.display(), "the dashboard cannot be followed");
                }
            });
        }
    }

    /// What the console says of the boot.
    pub fn boot(&self) -> Option<BootView> {
        self.tell_boot.borrow().clone()
    }

    /// Waits until the boot's view changed.
    pub async fn changed(&mut self) -> Option<BootView> {
        // The sender lives in this value, so this never fails.
        let _ = self.boot.changed().await;
        self.boot.borrow_and_update().clone()
    }

    /// The run ended by itself: what it printed last is still taken in.
    pub async fn finish(&mut self) {
        self.console.send_replace(serial::length(&self.log));
        self.stop().await;
        self.tell_boot.send_replace(None);
    }

    /// Stops watching.
    pub async fn stop(&mut self) {
        self.cancel.cancel();
        self.screen.send_replace(None);
        while self.tasks.join_next().await.is_some() {}
    }
}

async fn read_boot(
    mut reader: serial::Reader,
    mut heard: watch::Receiver<u64>,
    tell: watch::Sender<Option<BootView>>,
    cancel: CancellationToken,
) {
    let mut boot = BootReader::default();
    loop {
        let mut first = false;
        let mut changed = false;
        while let Ok(Some((_, bytes))) = reader.next_chunk() {
            first |= boot.view().console_bytes == 0;
            changed |= boot.feed(&bytes);
        }
        if changed || first {
            tell.send_replace(Some(boot.view().clone()));
        }
        tokio::select! {
            () = cancel.cancelled() => return,
            more = heard.changed() => if more.is_err() { return },
        }
    }
}

/// Sends a port's bytes to a page: what is kept first, then what comes.
pub(super) fn follow(
    engine: &Engine,
    id: MachineId,
    handle: &Handle,
    port: SerialPort,
) -> mpsc::Receiver<(u64, Bytes)> {
    let (sender, receiver) = mpsc::channel(CHUNKS);
    let closing = engine.closing.clone();
    let log = console_log(&engine.roots.machine(id));
    let (console, screen) = (handle.console.clone(), handle.screen.clone());
    engine.tasks.spawn(async move {
        let send = async {
            match port {
                SerialPort::TtyS0 => send_log(log, console, &sender).await,
                SerialPort::TtyS1 => send_screen(screen, &sender).await,
            }
        };
        tokio::select! {
            () = closing.cancelled() => {}
            () = sender.closed() => {}
            () = send => {}
        }
    });
    receiver
}

async fn send_log(
    log: PathBuf,
    mut heard: watch::Receiver<u64>,
    sender: &mpsc::Sender<(u64, Bytes)>,
) {
    let mut reader = serial::Reader::new(log, 0);
    loop {
        loop {
            match reader.next_chunk() {
                Ok(Some(chunk)) => {
                    if sender.send(chunk).await.is_err() {
                        return;
                    }
                }
                Ok(None) => break,
                Err(error) => {
                    tracing::warn!(%error, "the console's file cannot be read");
                    return;
                }
            }
        }
        if heard.changed().await.is_err() {
            return;
        }
    }
}

/// Each run's screen: one drawing, then what is drawn. Offsets only grow.
async fn send_screen(
    mut screens: watch::Receiver<Option<Screen>>,
    sender: &mpsc::Sender<(u64, Bytes)>,
) {
    let mut offset = 0;
    loop {
        let screen = screens.borrow_and_update().clone();
        if let Some(screen) = screen {
            let end = async {
                loop {
                    let (drawing, mut live) = screen.subscribe();
                    let mut chunk = drawing;
                    loop {
                        let length = chunk.len() as u64;
                        if sender.send((offset, chunk)).await.is_err() {
                            return;
                        }
                        offset += length;
                        chunk = match live.recv().await {
                            Ok(bytes) => bytes,
                            // Too slow a reader gets a fresh drawing.
                            Err(broadcast::error::RecvError::Lagged(_)) => break,
                            Err(broadcast::error::RecvError::Closed) => return,
                        };
                    }
                }
            };
            tokio::select! {
                () = end => return,
                changed = screens.changed() => if changed.is_err() { return },
            }
        } else if screens.changed().await.is_err() {
            return;
        }
    }
}

/// Copies what is kept of a console to a file the person chose. The gap of a given-up middle is
/// stated in the text. What was there is replaced by the whole of it, or stays.
///
/// # Errors
/// When either file cannot be read or written.
pub async fn copy_console(log: &Path, target: &Path) -> Result<()> {
    let (log, target) = (log.to_owned(), target.to_owned());
    let copy = tokio::task::spawn_blocking(move || {
        let half = neighbour_of(&target, "console");
        let copied = write_console(&log, &half)
            .and_then(|()| std::fs::rename(&half, &target).map_err(|error| file(&target, error)));
        if copied.is_err() {
            // When it was never made there is nothing to remove.
            let _ = std::fs::remove_file(&half);
        }
        copied
    });
    copy.await.map_err(crate::error::internal)?
}

fn file(path: &Path, source: std::io::Error) -> EngineError {
    EngineError::File {
        path: path.to_owned(),
        source,
    }
}

fn write_console(log: &Path, target: &Path) -> Result<()> {
    use std::io::Write;
    let mut out = std::fs::File::create(target).map_err(|error| file(target, error))?;
    let mut reader = serial::Reader::new(log.to_owned(), 0);
    let mut expected = 0;
    while let Some((at, bytes)) = reader.next_chunk().map_err(|error| file(log, error))? {
        let mut write = |bytes: &[u8]| out.write_all(bytes).map_err(|error| file(target, error));
        if at != expected {
            write(format!("\n[{} bytes not kept]\n", at - expected).as_bytes())?;
        }
        write(&bytes)?;
        expected = at + bytes.len() as u64;
    }
    out.sync_all().map_err(|error| file(target, error))
}
