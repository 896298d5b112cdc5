//! A character device: a socket that serves one client at a time, and a log that gets everything.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixListener;
use tokio::net::unix::OwnedWriteHalf;
use tokio::sync::Mutex;

/// A serial port. Clones share it.
#[derive(Clone)]
pub(super) struct Port {
    client: Arc<Mutex<Option<OwnedWriteHalf>>>,
    log: Option<Arc<File>>,
}

impl Port {
    /// Serves; a log that is there already is continued.
    pub fn open(listener: UnixListener, log: Option<&Path>) -> io::Result<Self> {
        let log = match log {
            Some(path) => Some(File::options().create(true).append(true).open(path)?),
            None => None,
        };
        let port = Self {
            client: Arc::default(),
            log: log.map(Arc::new),
        };
        let serving = port.clone();
        tokio::spawn(async move { serving.serve(listener).await });
        Ok(port)
    }

    async fn serve(self, listener: UnixListener) {
        while let Ok((stream, _)) = listener.accept().await {
            let (mut read, write) = stream.into_split();
            *self.client.lock().await = Some(write);
            let mut typed = [0; 256];
            while read.read(&mut typed).await.is_ok_and(|read| read > 0) {}
            *self.client.lock().await = None;
        }
    }

    /// Prints: to the client first, whose slowness holds the guest up, and then to the log.
    pub async fn print(&self, bytes: &[u8]) {
        let mut client = self.client.lock().await;
        if let Some(stream) = client.as_mut()
            && stream.write_all(bytes).await.is_err()
        {
            *client = None;
        }
        if let Some(log) = &self.log {
            log.as_ref().write_all(bytes).unwrap();
        }
    }
}

/// Listens on a path; a socket left there by an earlier process is removed, as QEMU does.
pub(super) fn listen(path: &Path) -> io::Result<UnixListener> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    UnixListener::bind(path)
}
