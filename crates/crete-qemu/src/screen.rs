//! The second serial port: the Talos dashboard. It redraws without end, so nothing of it is kept
//! but the present state of its terminal, from which a late reader gets one drawing.

use bytes::Bytes;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::io::AsyncReadExt;
use tokio::net::UnixStream;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

/// The size the dashboard draws for.
const ROWS: u16 = 24;
/// See [`ROWS`].
const COLUMNS: u16 = 80;
/// Chunks a reader may be behind before it gets a fresh drawing instead.
const BACKLOG: usize = 64;

/// A terminal's present state and what it draws from now on. Clones share it.
#[derive(Clone)]
pub struct Screen {
    parser: Arc<Mutex<vt100::Parser>>,
    live: broadcast::Sender<Bytes>,
}

impl std::fmt::Debug for Screen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Screen").finish_non_exhaustive()
    }
}

impl Default for Screen {
    fn default() -> Self {
        let parser = vt100::Parser::new(ROWS, COLUMNS, 0);
        Self {
            parser: Arc::new(Mutex::new(parser)),
            live: broadcast::channel(BACKLOG).0,
        }
    }
}

impl Screen {
    fn parser(&self) -> MutexGuard<'_, vt100::Parser> {
        self.parser.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One drawing of the present state, and everything drawn after it.
    #[must_use]
    pub fn subscribe(&self) -> (Bytes, broadcast::Receiver<Bytes>) {
        let parser = self.parser();
        let drawing = parser.screen().state_formatted();
        (Bytes::from(drawing), self.live.subscribe())
    }

    fn draw(&self, bytes: &[u8]) {
        let mut parser = self.parser();
        parser.process(bytes);
        // Under the lock, so that a new reader's drawing and its live bytes meet exactly.
        let _ = self.live.send(Bytes::copy_from_slice(bytes));
    }

    /// Takes in what the port prints until QEMU closes it or `cancel` is called.
    ///
    /// # Errors
    /// When the socket cannot be reached.
    pub async fn follow(&self, socket: &Path, cancel: &CancellationToken) -> io::Result<()> {
        let mut stream = UnixStream::connect(socket).await?;
        let mut buffer = vec![0; 16 * 1024];
        loop {
            let read = tokio::select! {
                read = stream.read(&mut buffer) => read.unwrap_or(0),
                () = cancel.cancelled() => return Ok(()),
            };
            if read == 0 {
                return Ok(());
            }
            self.draw(&buffer[..read]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_reader_sees_the_same_screen() {
        let screen = Screen::default();
        screen.draw(b"\x1b[2J\x1b[5;10Hknossos\x1b[31m ready");
        let (drawing, mut live) = screen.subscribe();
        let mut late = vt100::Parser::new(ROWS, COLUMNS, 0);
        late.process(&drawing);
        screen.draw(b"\x1b[6;1Hmore");
        late.process(&live.try_recv().unwrap());
        assert_eq!(
            late.screen().contents(),
            screen.parser().screen().contents()
        );
        assert!(late.screen().contents().contains("knossos ready"));
    }
}
