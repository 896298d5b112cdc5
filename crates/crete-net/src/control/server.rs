//! The network's side of its control socket.

use super::{Ask, Hello, LONGEST_LINE, Reply, line};
use crate::error::NetError;
use crate::poller::{Poller, Ready};
use crate::slab::Slab;
use crate::token::Source;
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

/// Drivers at once. There is one, and a connection for every one it makes to a machine.
const AT_ONCE: usize = 256;

#[derive(Debug)]
struct Driver {
    stream: UnixStream,
    received: Vec<u8>,
    unsent: Vec<u8>,
}

/// The socket and whoever is connected to it.
#[derive(Debug)]
pub(crate) struct Control {
    listener: UnixListener,
    drivers: Slab<Driver>,
    hello: Hello,
}

/// Listens in a folder that is its user's alone.
fn listen(path: &Path) -> Result<UnixListener, NetError> {
    let file = |source| NetError::File {
        path: path.to_owned(),
        source,
    };
    let folder = path.parent().unwrap_or(Path::new("."));
    let meta = std::fs::metadata(folder).map_err(file)?;
    let own = rustix::process::geteuid().as_raw();
    if meta.uid() != own || meta.permissions().mode() & 0o077 != 0 {
        return Err(NetError::OpenFolder {
            path: folder.to_owned(),
        });
    }
    // A socket nobody listens on is left from a process that was killed.
    if path.exists() && UnixStream::connect(path).is_err() {
        std::fs::remove_file(path).map_err(file)?;
    }
    let listener = UnixListener::bind(path).map_err(file)?;
    listener.set_nonblocking(true).map_err(file)?;
    Ok(listener)
}

impl Control {
    pub(crate) fn open(path: &Path, hello: Hello, poller: &Poller) -> Result<Self, NetError> {
        let listener = listen(path)?;
        poller
            .add(&listener, Source::Door.token())
            .map_err(|source| NetError::File {
                path: path.to_owned(),
                source,
            })?;
        Ok(Self {
            listener,
            drivers: Slab::default(),
            hello,
        })
    }

    /// Greets whoever has come.
    pub(crate) fn accept(&mut self, poller: &Poller) {
        while let Ok((stream, _)) = self.listener.accept() {
            let admitted = self.drivers.len() < AT_ONCE
                && is_own(&stream)
                && stream.set_nonblocking(true).is_ok();
            if !admitted {
                continue;
            }
            let at = self.drivers.insert(Driver {
                stream,
                received: Vec::new(),
                unsent: line(&self.hello),
            });
            let watched = self
                .drivers
                .get(at)
                .map(|driver| poller.add(&driver.stream, Source::Control(at).token()));
            if !matches!(watched, Some(Ok(()))) || self.send(at).is_err() {
                self.drivers.remove(at);
            }
        }
    }

    /// Reads what has come from a driver: its requests. A line that is none is answered here.
    pub(crate) fn ready(&mut self, at: usize, ready: Ready) -> Vec<Ask> {
        let Some(driver) = self.drivers.get_mut(at) else {
            return Vec::new();
        };
        let goes_on = !ready.readable || driver.read();
        let mut asks = Vec::new();
        while let Some(text) = driver.line() {
            match serde_json::from_slice(&text) {
                Ok(ask) => asks.push(ask),
                Err(error) => {
                    let id = serde_json::from_slice::<serde_json::Value>(&text)
                        .ok()
                        .and_then(|value| value["id"].as_u64())
                        .unwrap_or(0);
                    driver
                        .unsent
                        .extend(line(&Reply::failed(id, &error.to_string())));
                }
            }
        }
        if !goes_on || self.send(at).is_err() {
            self.drivers.remove(at);
        }
        asks
    }

    /// Answers a request.
    pub(crate) fn reply(&mut self, at: usize, reply: &Reply) {
        if let Some(driver) = self.drivers.get_mut(at) {
            driver.unsent.extend(line(reply));
        }
        if self.send(at).is_err() {
            self.drivers.remove(at);
        }
    }

    fn send(&mut self, at: usize) -> io::Result<()> {
        let Some(driver) = self.drivers.get_mut(at) else {
            return Ok(());
        };
        while !driver.unsent.is_empty() {
            match driver.stream.write(&driver.unsent) {
                Ok(count) => drop(driver.unsent.drain(..count)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Gives a driver's connection away, to become one to a machine. Nothing when it has said more
    /// than that, or was not told everything yet.
    pub(crate) fn give_away(&mut self, at: usize) -> Option<UnixStream> {
        let driver = self.drivers.remove(at)?;
        (driver.received.is_empty() && driver.unsent.is_empty()).then_some(driver.stream)
    }
}

/// Whether the other side is the same user. The folder keeps others out; this says so twice.
fn is_own(stream: &UnixStream) -> bool {
    rustix::net::sockopt::socket_peercred(stream)
        .is_ok_and(|peer| peer.uid == rustix::process::geteuid())
}

impl Driver {
    /// Reads everything there is; false when the driver has gone, or says too much.
    fn read(&mut self) -> bool {
        let mut bytes = [0; 16 << 10];
        loop {
            match self.stream.read(&mut bytes) {
                Ok(0) => return false,
                Ok(count) if self.received.len() + count <= LONGEST_LINE => {
                    self.received.extend_from_slice(&bytes[..count]);
                }
                Ok(_) => return false,
                Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
            }
        }
    }

    fn line(&mut self) -> Option<Vec<u8>> {
        let end = self.received.iter().position(|byte| *byte == b'\n')?;
        let mut text: Vec<u8> = self.received.drain(..=end).collect();
        text.pop();
        Some(text)
    }
}
