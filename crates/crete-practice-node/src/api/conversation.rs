//! One connection, from its first byte to its end.

use super::gate::Gate;
use super::roles::Roles;
use super::tls::Serving;
use crate::Fault;
use crate::boot::Boot;
use crate::network::Connection;
use hyper_util::rt::TokioIo;
use rustls::server::Acceptor;
use std::future::Future;
use std::io::{self, Cursor};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, join, split};
use tokio::time::timeout;
use tokio_rustls::LazyConfigAcceptor;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

/// How long a client may take for its handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long a refused client may take to hang up.
const LINGER: Duration = Duration::from_secs(1);
/// The first byte of a TLS connection.
const TLS_RECORD: u8 = 0x16;
/// What real nodes grant, bytes: a stream and the connection as a whole.
const WINDOW: u32 = 65_535;

/// Spawns what a connection needs, and ends it with the connection.
#[derive(Clone)]
pub(crate) struct Owned {
    tasks: TaskTracker,
    ends: CancellationToken,
}

impl Owned {
    pub fn new(ends: CancellationToken) -> Self {
        Self {
            tasks: TaskTracker::new(),
            ends,
        }
    }

    /// Ends everything when it is dropped.
    pub fn guard(&self) -> DropGuard {
        self.ends.clone().drop_guard()
    }

    /// Ends what is left, and waits for it.
    pub async fn end(&self) {
        self.ends.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl<F> hyper::rt::Executor<F> for Owned
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, future: F) {
        let ends = self.ends.clone();
        self.tasks
            .spawn(async move { ends.run_until_cancelled(future).await });
    }
}

/// Talks with a client until one of both has enough. How it ends is the client's business.
pub(super) async fn converse(
    boot: Arc<Boot>,
    serving: Arc<Serving>,
    connection: Connection,
    ends: CancellationToken,
) {
    let faults = &boot.machine.faults;
    if faults.has(Fault::ApiInterrupted) {
        return;
    }
    if faults.has(Fault::ApiSilent) {
        // Held open, so that the client hears nothing at all.
        let held = faults.gone(Fault::ApiSilent);
        ends.run_until_cancelled(held).await;
        drop(connection);
        return;
    }
    let accepting = accept(&serving, connection);
    let Some(Ok(Ok(stream))) = ends
        .run_until_cancelled(timeout(HANDSHAKE, accepting))
        .await
    else {
        return;
    };
    let (_, session) = stream.get_ref();
    let certificate = session.peer_certificates().and_then(<[_]>::first);
    let roles = match certificate {
        Some(der) => Roles::of(der),
        None => Roles::READER,
    };
    let gate = Gate::new(&boot, roles, serving.maintenance);
    let owned = Owned::new(CancellationToken::new());
    // Aborted with this task.
    let _cut = owned.guard();
    let served = hyper::server::conn::http2::Builder::new(owned.clone())
        .initial_stream_window_size(32 * WINDOW)
        .initial_connection_window_size(16 * WINDOW)
        .serve_connection(TokioIo::new(stream), gate);
    let mut served = pin!(served);
    tokio::select! {
        _ = served.as_mut() => {}
        () = ends.cancelled() => {
            served.as_mut().graceful_shutdown();
            let _ = served.await;
        }
    }
    owned.end().await;
}

type Stream = tokio::io::Join<
    tokio::io::Chain<Cursor<[u8; 1]>, tokio::io::ReadHalf<Connection>>,
    tokio::io::WriteHalf<Connection>,
>;

/// Does the handshake. To what is not TLS a real node closes without a word.
async fn accept(
    serving: &Serving,
    mut connection: Connection,
) -> io::Result<tokio_rustls::server::TlsStream<Stream>> {
    let first = connection.read_u8().await?;
    if first != TLS_RECORD {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let (read, write) = split(connection);
    let stream = join(Cursor::new([first]).chain(read), write);
    let start = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
    let http2 = {
        let hello = start.client_hello();
        let mut offers = hello.alpn().into_iter().flatten();
        offers.any(|protocol| protocol == b"h2")
    };
    let config = serving.tls.config(http2);
    match start.into_stream(config).into_fallible().await {
        Ok(stream) => Ok(stream),
        Err((error, stream)) => {
            linger(stream).await;
            Err(error)
        }
    }
}

/// Lets a client that is refused read why, before the connection is cut under what it still sends.
async fn linger(mut stream: Stream) {
    let mut rest = [0; 1024];
    let reading = async { while stream.read(&mut rest).await.is_ok_and(|count| count > 0) {} };
    // Whoever does not hang up is cut off.
    let _ = timeout(LINGER, reading).await;
}
