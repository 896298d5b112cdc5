//! The second serial port: the Talos dashboard. It redraws without end, so nothing of it is kept
//! but the present state of its terminal, from which a late reader gets one drawing.

use bytes::Bytes;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::UnixStream;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

/// The size the dashboard draws for.
const ROWS: u16 = 24;
/// See [`ROWS`].
const COLUMNS: u16 = 80;
/// Chunks a reader may be behind before it gets a fresh drawing instead.
const BACKLOG: usize = 64;
/// Between two looks at a port that had little to say: a frame of a display, which is as often as
/// anybody could see a change. QEMU hands over a few bytes at a time, and to be woken for each costs
/// as much as everything else that is done for a machine at rest.
const FRAME: Duration = Duration::from_millis(16);
/// Bytes of a title or of another string of a command that are taken in. The parser collects them
/// until their end, and a guest need not ever send one.
const LONGEST_STRING: usize = 4096;

const BELL: u8 = 0x07;
const CANCEL: u8 = 0x18;
const SUBSTITUTE: u8 = 0x1A;
const ESCAPE: u8 = 0x1B;

/// Lets through what a guest draws, and only the beginning of strings without an end.
#[derive(Debug, Default)]
struct Sieve {
    escaped: bool,
    /// Bytes of the string so far, while there is one.
    string: Option<usize>,
}

impl Sieve {
    fn passes(&mut self, byte: u8) -> bool {
        if byte == ESCAPE {
            (self.escaped, self.string) = (true, None);
            return true;
        }
        if let Some(length) = &mut self.string {
            if matches!(byte, BELL | CANCEL | SUBSTITUTE) {
                self.string = None;
                return true;
            }
            *length += 1;
            return *length <= LONGEST_STRING;
        }
        if self.escaped && byte == b']' {
            self.string = Some(0);
        }
        // Control characters act at once, and the escape goes on.
        self.escaped &= byte < 0x20 && !matches!(byte, CANCEL | SUBSTITUTE) || byte == 0x7F;
        true
    }
}

/// A terminal's present state and what it draws from now on. Clones share it.
#[derive(Clone)]
pub struct Screen {
    drawn: Arc<Mutex<Drawn>>,
    live: broadcast::Sender<Bytes>,
}

/// The terminal, and what stands before it.
struct Drawn {
    sieve: Sieve,
    parser: vt100::Parser,
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
            drawn: Arc::new(Mutex::new(Drawn {
                sieve: Sieve::default(),
                parser,
            })),
            live: broadcast::channel(BACKLOG).0,
        }
    }
}

impl Screen {
    fn drawn(&self) -> MutexGuard<'_, Drawn> {
        self.drawn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One drawing of the present state, and everything drawn after it.
    #[must_use]
    pub fn subscribe(&self) -> (Bytes, broadcast::Receiver<Bytes>) {
        let drawn = self.drawn();
        let drawing = drawn.parser.screen().state_formatted();
        (Bytes::from(drawing), self.live.subscribe())
    }

    fn draw(&self, bytes: &[u8]) {
        let mut drawn = self.drawn();
        let passing: Vec<u8> = bytes
            .iter()
            .copied()
            .filter(|byte| drawn.sieve.passes(*byte))
            .collect();
        drawn.parser.process(&passing);
        // Under the lock, so that a new reader's drawing and its live bytes meet exactly.
        let _ = self.live.send(Bytes::from(passing));
    }

    /// Takes in what the port prints until QEMU closes it or `cancel` is called.
    ///
    /// # Errors
    /// When the socket cannot be reached.
    pub async fn follow(&self, socket: &Path, cancel: &CancellationToken) -> io::Result<()> {
        let mut port = UnixStream::connect(socket).await?.into_std()?;
        let mut buffer = vec![0; 16 * 1024];
        loop {
            // Watched only while it is waited for: a port that is watched wakes the program at each
            // write of QEMU's, whether it is read or not.
            let watched = UnixStream::from_std(port)?;
            tokio::select! {
                ready = watched.readable() => ready?,
                () = cancel.cancelled() => return Ok(()),
            }
            port = watched.into_std()?;
            let read = match port.read(&mut buffer) {
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                Err(_) => 0,
            };
            if read == 0 {
                return Ok(());
            }
            self.draw(&buffer[..read]);
            // One that has more to say than fits is heard at once.
            if read < buffer.len() {
                tokio::select! {
                    () = tokio::time::sleep(FRAME) => {}
                    () = cancel.cancelled() => return Ok(()),
                }
            }
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
            screen.drawn().parser.screen().contents()
        );
        assert!(late.screen().contents().contains("knossos ready"));
    }

    /// What has passed a sieve.
    fn sieved(stream: &[u8]) -> Vec<u8> {
        let mut sieve = Sieve::default();
        stream
            .iter()
            .copied()
            .filter(|byte| sieve.passes(*byte))
            .collect()
    }

    #[test]
    fn a_string_without_an_end_is_not_collected() {
        let flood = vec![b'x'; 1 << 20];
        for begin in [
            &b"\x1b]0;"[..],
            b"\x1b\x7f]8;;",
            b"\x1b\n]52;c;",
            b"\x1b]a\x1b]",
        ] {
            let stream = [b"before", begin, &flood, b"\x07after"].concat();
            let passed = sieved(&stream);
            assert!(passed.len() < 2 * LONGEST_STRING, "{}", passed.len());
            assert!(passed.ends_with(b"\x07after"));
        }
    }

    #[test]
    fn what_is_drawn_passes_whole() {
        let mut long = b"\x1b[2J\x1b[5;10H\x1b(B\x1b]0;Talos\x07\x1b[38;5;1m".to_vec();
        long.extend_from_slice(&[b']'; 3 * LONGEST_STRING]);
        assert_eq!(sieved(&long), long);
    }

    #[tokio::test(start_paused = true)]
    async fn many_small_pieces_wake_nobody_each() {
        use tokio::io::AsyncWriteExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("screen.sock");
        let port = tokio::net::UnixListener::bind(&path).unwrap();
        let screen = Screen::default();
        let (_, mut live) = screen.subscribe();
        let follower = screen.clone();
        let following =
            tokio::spawn(async move { follower.follow(&path, &CancellationToken::new()).await });
        let (mut guest, _) = port.accept().await.unwrap();
        for _ in 0..BACKLOG / 2 {
            guest.write_all(b"a").await.unwrap();
            tokio::task::yield_now().await;
        }
        drop(guest);
        following.await.unwrap().unwrap();
        let mut pieces = 0;
        while live.try_recv().is_ok() {
            pieces += 1;
        }
        assert!(pieces <= 4, "{pieces} times for {} bytes", BACKLOG / 2);
        let told = screen.drawn().parser.screen().contents();
        assert_eq!(told, "a".repeat(BACKLOG / 2));
    }

    /// A guest may send anything: the state stays that of one screen, and readers fall behind
    /// instead of keeping what they have not read.
    #[test]
    fn floods_leave_one_screen() {
        let screen = Screen::default();
        let (_, mut behind) = screen.subscribe();
        let floods: [&[u8]; 5] = [
            b"x",
            b"\x1b[999;999H\x1b[6n\x1b[c",
            b"\x1b]0;x",
            "e\u{301}\u{301}".as_bytes(),
            b"\x1bP0;1|x",
        ];
        for flood in floods {
            let chunk = flood.repeat(16 * 1024 / flood.len());
            for _ in 0..64 {
                screen.draw(&chunk);
            }
        }
        let (drawing, _) = screen.subscribe();
        // A cell is a letter with a few marks and its colours.
        let cells = usize::from(ROWS) * usize::from(COLUMNS);
        assert!(drawing.len() < cells * 64, "{}", drawing.len());
        let lagged = behind.try_recv();
        assert!(
            matches!(lagged, Err(broadcast::error::TryRecvError::Lagged(_))),
            "{lagged:?}"
        );
    }
}
