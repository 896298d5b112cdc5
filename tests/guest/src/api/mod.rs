//! The API on port 50000, as it is while the node has no configuration: TLS without client
//! certificates, HTTP/2, gRPC.
//!
//! ```text
//! addresses ─▶ certificate (printed) ─▶ listener ─▶ TLS ─▶ gate ─▶ machine service
//! ```

mod announce;
mod gate;
mod machine;
mod tls;

pub use gate::{Gate, Verdict, verdict};
pub use machine::Machine;
pub use tls::Server;

use crate::certificate::Authority;
use crate::console::Console;
use crate::error::{GuestError, Result};
use crate::status::{Board, Status};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, SystemTime};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Where nodes answer.
pub const PORT: u16 = 50000;
/// How long a client may take for its handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// The first byte of a TLS connection.
const TLS_HANDSHAKE_RECORD: u8 = 0x16;
/// What real nodes grant, bytes: streams and the connection as a whole.
const WINDOW: u32 = 65_535;

/// Serves the API as soon as the node has an address.
///
/// # Errors
/// When no certificate can be made or the port cannot be opened.
pub async fn run(console: &Console, board: &Board) -> Result<Infallible> {
    console.service("apid", "Starting", "Starting service");
    console.service("apid", "Waiting", "Waiting for api certificates");
    let mut changes = board.watch();
    let authority = Authority::new()?;
    let server = Server::new()?;
    let mut told = Told::default();
    while !told.is_reachable() {
        // The board is never dropped before this task.
        let _ = changes.changed().await;
        told.tell(&changes.borrow_and_update(), console, &authority, &server)?;
    }
    console.service("apid", "Preparing", "Running pre state");
    console.service("apid", "Preparing", "Creating service runner");
    let listener = TcpListener::bind((Ipv6Addr::UNSPECIFIED, PORT))
        .await
        .map_err(|source| GuestError::Listen { port: PORT, source })?;
    let gate = Gate::new(Machine::new(board.clone()));
    console.service(
        "apid",
        "Running",
        "Started task apid (PID 1) for container apid",
    );
    console.service("apid", "Running", "Health check successful");
    board.change(|status| status.api_up = true);
    // Dropped with this task, and all conversations with it.
    let mut conversations = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                conversations.spawn(converse(stream, server.clone(), gate.clone()));
            },
            Some(_) = conversations.join_next() => {}
            _ = changes.changed() => {
                told.tell(&changes.borrow_and_update(), console, &authority, &server)?;
            }
        }
    }
}

/// What was told last, so that nothing is told twice.
#[derive(Default)]
struct Told {
    addresses: Vec<IpAddr>,
    hostname: Option<String>,
}

impl Told {
    fn is_reachable(&self) -> bool {
        !self.addresses.is_empty()
    }

    /// Makes and prints a new certificate when the addresses or the name changed.
    fn tell(
        &mut self,
        status: &Status,
        console: &Console,
        authority: &Authority,
        server: &Server,
    ) -> Result<()> {
        let addresses: Vec<IpAddr> = status.addresses.iter().map(|found| found.ip).collect();
        let same = addresses == self.addresses && status.hostname == self.hostname;
        if same || addresses.is_empty() {
            return Ok(());
        }
        let first = self.addresses.is_empty();
        announce::reachable(console, &addresses);
        let issued = authority.issue(&addresses, status.hostname.as_deref(), SystemTime::now())?;
        announce::issued(console, &issued.fingerprint);
        if first {
            announce::how_to_configure(console, addresses[0], &issued.fingerprint);
        }
        server.present(&issued)?;
        self.addresses = addresses;
        self.hostname.clone_from(&status.hostname);
        Ok(())
    }
}

/// One connection, to its end. How it ends is the client's business.
async fn converse(stream: TcpStream, server: Server, gate: Gate) -> io::Result<()> {
    let mut first = [0];
    let spoken = tokio::time::timeout(HANDSHAKE, stream.peek(&mut first)).await??;
    // A real node closes without a word to what is not TLS.
    if spoken == 0 || first[0] != TLS_HANDSHAKE_RECORD {
        return Ok(());
    }
    let stream = tokio::time::timeout(HANDSHAKE, server.accept(stream)).await??;
    hyper::server::conn::http2::Builder::new(TokioExecutor::new())
        .initial_stream_window_size(32 * WINDOW)
        .initial_connection_window_size(16 * WINDOW)
        .serve_connection(TokioIo::new(stream), gate)
        .await
        .map_err(io::Error::other)
}
