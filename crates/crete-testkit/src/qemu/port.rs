//! A character device: a socket that serves one client at a time, or a file that gets everything.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixListener;
use tokio::net::unix::OwnedWriteHalf;
use tokio::sync::Mutex;

/// Whoever is connected, if anybody is.
type Client = Arc<Mutex<Option<OwnedWriteHalf>>>;

/// A serial port. Clones share it.
#[derive(Clone)]
pub(super) enum Port {
    Socket(Client),
    File(Arc<File>),
}

impl Port {
    /// Serves whoever connects.
    pub fn serve(listener: UnixListener) -> Self {
        let client = Client::default();
        tokio::spawn(serve(listener, client.clone()));
        Self::Socket(client)
    }

    /// Appends to a file; one that is there already is continued.
    pub fn append(path: &Path) -> io::Result<Self> {
        let file = File::options().create(true).append(true).open(path)?;
        Ok(Self::File(Arc::new(file)))
    }

    /// Prints: to a client, whose slowness holds the guest up, or to the file.
    pub async fn print(&self, bytes: &[u8]) {
        match self {
            Self::Socket(client) => {
                let mut client = client.lock().await;
                if let Some(stream) = client.as_mut()
                    && stream.write_all(bytes).await.is_err()
                {
                    *client = None;
                }
            }
            Self::File(file) => file.as_ref().write_all(bytes).unwrap(),
        }
    }
}

async fn serve(listener: UnixListener, client: Client) {
    while let Ok((stream, _)) = listener.accept().await {
        let (mut read, write) = stream.into_split();
        *client.lock().await = Some(write);
        let mut typed = [0; 256];
        while read.read(&mut typed).await.is_ok_and(|read| read > 0) {}
        *client.lock().await = None;
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
