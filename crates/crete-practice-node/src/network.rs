//! The network a node is on, as far as it listens: in memory or the host's own.
//!
//! A node listens only while its service runs, so nobody listening is refused, as on a real network.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use std::collections::HashMap;
use std::fmt::Debug;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, duplex};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// A connection, whatever carries it.
pub trait Carrier: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Carrier for T {}

/// A connection that came in.
pub type Connection = Box<dyn Carrier>;

/// Takes connections in. Dropping it closes the port.
pub trait Listener: Send {
    /// The next connection.
    fn accept(&mut self) -> BoxFuture<'_, io::Result<Connection>>;
}

/// The network as one node sees it.
pub trait Network: Debug + Send + Sync {
    /// Opens a port on every address of the node.
    fn listen(&self, port: u16) -> BoxFuture<'_, io::Result<Box<dyn Listener>>>;

    /// Takes a virtual address, and tells everybody, or gives it up.
    fn hold(&self, _address: IpAddr, _held: bool) {}
}

/// Bytes on the way of a connection in memory.
const PIPE: usize = 64 << 10;

/// Who listens where, and who holds which virtual address.
#[derive(Debug, Default)]
struct Wire {
    ports: HashMap<(IpAddr, u16), mpsc::UnboundedSender<Connection>>,
    holders: HashMap<IpAddr, IpAddr>,
}

type Ports = Arc<Mutex<Wire>>;

/// A network that is all in memory: nothing waits for the kernel, so tests with a time that stands
/// still are exact. Clones are the same network.
#[derive(Debug, Clone, Default)]
pub struct MemoryNetwork(Ports);

impl MemoryNetwork {
    /// The network as the node with this address sees it.
    #[must_use]
    pub fn at(&self, address: IpAddr) -> Arc<dyn Network> {
        Arc::new(MemoryPlace {
            ports: Arc::clone(&self.0),
            address,
        })
    }

    /// Connects to a node.
    ///
    /// # Errors
    /// Refused when nothing listens there.
    pub fn connect(&self, address: IpAddr, port: u16) -> io::Result<DuplexStream> {
        let ports = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (near, far) = duplex(PIPE);
        let address = ports.holders.get(&address).copied().unwrap_or(address);
        ports
            .ports
            .get(&(address, port))
            .and_then(|listener| listener.send(Box::new(far)).ok())
            .map(|()| near)
            .ok_or_else(|| io::ErrorKind::ConnectionRefused.into())
    }
}

#[derive(Debug)]
struct MemoryPlace {
    ports: Ports,
    address: IpAddr,
}

struct MemoryListener(mpsc::UnboundedReceiver<Connection>);

impl Network for MemoryPlace {
    fn listen(&self, port: u16) -> BoxFuture<'_, io::Result<Box<dyn Listener>>> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let mut ports = self.ports.lock().unwrap_or_else(PoisonError::into_inner);
        ports.ports.insert((self.address, port), sender);
        let listener: Box<dyn Listener> = Box::new(MemoryListener(receiver));
        async { Ok(listener) }.boxed()
    }

    fn hold(&self, address: IpAddr, held: bool) {
        let mut ports = self.ports.lock().unwrap_or_else(PoisonError::into_inner);
        match held {
            true => drop(ports.holders.insert(address, self.address)),
            false if ports.holders.get(&address) == Some(&self.address) => {
                ports.holders.remove(&address);
            }
            false => {}
        }
    }
}

impl Listener for MemoryListener {
    fn accept(&mut self) -> BoxFuture<'_, io::Result<Connection>> {
        async {
            match self.0.recv().await {
                Some(connection) => Ok(connection),
                // Another listener took the port over.
                None => std::future::pending().await,
            }
        }
        .boxed()
    }
}

/// The host's network, on one address: a loopback address in tests, every address in a guest.
#[derive(Debug, Clone, Copy)]
pub struct HostNetwork(pub IpAddr);

impl Network for HostNetwork {
    fn listen(&self, port: u16) -> BoxFuture<'_, io::Result<Box<dyn Listener>>> {
        let address = self.0;
        async move {
            let listener: Box<dyn Listener> =
                Box::new(HostListener(TcpListener::bind((address, port)).await?));
            Ok(listener)
        }
        .boxed()
    }
}

struct HostListener(TcpListener);

impl Listener for HostListener {
    fn accept(&mut self) -> BoxFuture<'_, io::Result<Connection>> {
        async {
            let (stream, _) = self.0.accept().await?;
            // Frames are small and waited for.
            stream.set_nodelay(true)?;
            let connection: Connection = Box::new(stream);
            Ok(connection)
        }
        .boxed()
    }
}
