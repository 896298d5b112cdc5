//! Connections that somebody else dials, with TLS and HTTP on top.

use crate::kubeconfig::Access;
use async_trait::async_trait;
use http::{Request, Uri};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::{TokioExecutor, TokioIo};
use kube::client::Body;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Bytes in both directions.
pub trait Transport: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Transport for T {}

/// Opens connections to the API of one cluster.
#[async_trait]
pub trait Dial: fmt::Debug + Send + Sync {
    /// Opens one.
    async fn dial(&self) -> io::Result<Box<dyn Transport>>;
}

/// How long TCP and TLS may take; a machine that is emulated takes seconds.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Connections that nobody uses are ended: a cluster at rest costs none.
const IDLE: Duration = Duration::from_secs(30);

/// A connection as the HTTP client wants it.
struct Secured(TlsStream<Box<dyn Transport>>);

impl Connection for Secured {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl AsyncRead for Secured {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Secured {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

/// [`TokioIo`] has the connection's bytes, not what is known of it.
struct Link(TokioIo<Secured>);

impl Connection for Link {
    fn connected(&self) -> Connected {
        self.0.inner().connected()
    }
}

impl hyper::rt::Read for Link {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: hyper::rt::ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl hyper::rt::Write for Link {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

async fn open(access: Arc<Access>, dial: Arc<dyn Dial>) -> io::Result<Link> {
    let opening = async {
        let transport = dial.dial().await?;
        let connector = TlsConnector::from(Arc::clone(&access.tls));
        connector.connect(access.name.clone(), transport).await
    };
    match tokio::time::timeout(HANDSHAKE, opening).await {
        Ok(opened) => Ok(Link(TokioIo::new(Secured(opened?)))),
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    }
}

/// A client whose connections are dialled elsewhere.
pub(crate) fn client(access: Access, dial: Arc<dyn Dial>) -> kube::Client {
    let access = Arc::new(access);
    let server = access.server.clone();
    let connector = tower::service_fn(move |_: Uri| {
        // The client wants a future that it can move.
        Box::pin(open(Arc::clone(&access), Arc::clone(&dial)))
    });
    let http: legacy::Client<_, Body> = legacy::Client::builder(TokioExecutor::new())
        .pool_idle_timeout(IDLE)
        .pool_timer(hyper_util::rt::TokioTimer::new())
        .build(connector);
    let service = tower::service_fn(move |mut request: Request<Body>| {
        let (http, base) = (http.clone(), server.clone());
        async move {
            let mut parts = base.into_parts();
            parts.path_and_query = request.uri().path_and_query().cloned();
            // Scheme and host are the server's, and every request has a path.
            if let Ok(uri) = Uri::from_parts(parts) {
                *request.uri_mut() = uri;
            }
            http.request(request).await
        }
    });
    kube::Client::new(service, "default")
}
