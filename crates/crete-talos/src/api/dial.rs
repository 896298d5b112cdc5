//! Ways to reach a node: an address, or a socket of a network that Crete itself runs.

use async_trait::async_trait;
use std::fmt;
use std::io;
use std::path::PathBuf;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpSocket, TcpStream, UnixStream, lookup_host};

/// Bytes in both directions.
pub trait Transport: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Transport for T {}

/// Opens connections to one node.
#[async_trait]
pub trait Dial: fmt::Debug + Send + Sync {
    /// Opens one.
    async fn dial(&self) -> io::Result<Box<dyn Transport>>;
}

/// A host and a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tcp {
    /// A name or an address.
    pub host: String,
    /// The port; Talos' own is [`super::PORT`].
    pub port: u16,
}

#[async_trait]
impl Dial for Tcp {
    async fn dial(&self) -> io::Result<Box<dyn Transport>> {
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        for address in lookup_host((self.host.as_str(), self.port)).await? {
            let socket = match address.is_ipv4() {
                true => TcpSocket::new_v4()?,
                false => TcpSocket::new_v6()?,
            };
            // The node ends connections that ping it through HTTP/2; this finds a dead one without.
            socket.set_keepalive(true)?;
            match socket.connect(address).await {
                Ok(stream) => return ready(stream),
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

fn ready(stream: TcpStream) -> io::Result<Box<dyn Transport>> {
    stream.set_nodelay(true)?;
    Ok(Box::new(stream))
}

/// A Unix socket behind which the node's port is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnixSocket {
    /// The socket's path.
    pub path: PathBuf,
}

#[async_trait]
impl Dial for UnixSocket {
    async fn dial(&self) -> io::Result<Box<dyn Transport>> {
        Ok(Box::new(UnixStream::connect(&self.path).await?))
    }
}
