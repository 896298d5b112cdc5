//! Peers below HTTP that behave badly: they refuse, hang up, or speak something else; and a proxy.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// What a peer does with whoever connects.
#[derive(Debug, Clone)]
pub enum Manner {
    /// Reads a little, says this, and hangs up.
    Says(&'static [u8]),
    /// Reads a little and hangs up.
    HangsUp,
    /// Says nothing and stays.
    Silent,
    /// Passes on what it is asked to: `CONNECT`, and requests with a whole address.
    Proxy {
        /// Asks for a name and a password first.
        asks_who: bool,
    },
}

/// A running peer. It ends when this value is dropped.
#[derive(Debug)]
pub struct Peer {
    /// `127.0.0.1:port`.
    pub address: String,
    _tasks: JoinSet<()>,
}

impl Peer {
    /// Starts listening.
    ///
    /// # Errors
    /// When no port can be taken.
    pub async fn start(manner: Manner) -> io::Result<Self> {
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
        let address = listener.local_addr()?.to_string();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut served = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                // A peer that was hung up on is no fault of the test.
                let manner = manner.clone();
                served.spawn(async move { drop(serve(stream, manner).await) });
            }
        });
        Ok(Self {
            address,
            _tasks: tasks,
        })
    }
}

/// An address on which nobody listens.
///
/// # Errors
/// When no port can be taken for a moment.
pub async fn closed_port() -> io::Result<String> {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
    Ok(listener.local_addr()?.to_string())
}

async fn serve(mut stream: TcpStream, manner: Manner) -> io::Result<()> {
    match manner {
        Manner::Says(words) => {
            let mut question = [0; 1024];
            let _ = stream.read(&mut question).await?;
            stream.write_all(words).await?;
            stream.shutdown().await
        }
        Manner::HangsUp => {
            let mut question = [0; 1024];
            stream.read(&mut question).await.map(drop)
        }
        Manner::Silent => {
            let mut question = [0; 1024];
            while stream.read(&mut question).await? > 0 {}
            Ok(())
        }
        Manner::Proxy { asks_who } => proxy(stream, asks_who).await,
    }
}

async fn proxy(mut stream: TcpStream, asks_who: bool) -> io::Result<()> {
    let head = read_head(&mut stream).await?;
    let text = String::from_utf8_lossy(&head).into_owned();
    if asks_who && !text.to_lowercase().contains("proxy-authorization: basic") {
        let refusal = "HTTP/1.1 407 Proxy Authentication Required\r\n\
            Proxy-Authenticate: Basic realm=\"test\"\r\nContent-Length: 0\r\n\r\n";
        return stream.write_all(refusal.as_bytes()).await;
    }
    let mut words = text.split(' ');
    let (method, target) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    if method == "CONNECT" {
        let mut server = TcpStream::connect(target).await?;
        stream
            .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
            .await?;
        return copy_bidirectional(&mut stream, &mut server).await.map(drop);
    }
    let Some((host, path)) = target
        .strip_prefix("http://")
        .and_then(|rest| rest.split_once('/'))
    else {
        let refusal = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
        return stream.write_all(refusal).await;
    };
    let mut server = TcpStream::connect(host).await?;
    let request = text.replacen(target, &format!("/{path}"), 1);
    server.write_all(request.as_bytes()).await?;
    copy_bidirectional(&mut stream, &mut server).await.map(drop)
}

async fn read_head(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if stream.read_buf(&mut head).await? == 0 || head.len() > 1 << 16 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(head)
}
