//! A server that is no bottleneck: it has its bytes in memory and does nothing but send them, to
//! one reader at a time. Prints its two addresses, and the file with its authority's certificate.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a benchmark that cannot go on should end loudly"
)]

use crete_testkit::tls::{Authority, Validity};
use rustix::fs::{MemfdFlags, memfd_create, sendfile};
use std::fs::File;
use std::io::Write;
use std::net::TcpStream as Socket;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Sent again and again. Noise, so that no one on the way can make less of it.
fn noise() -> Vec<u8> {
    let mut word = 1_u64;
    let mut next = || {
        word = word
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (word >> 11).to_le_bytes()
    };
    (0..1 << 17).flat_map(|_| next()).collect()
}

/// The same, where the kernel can send it from without a copy.
fn in_kernel(noise: &[u8]) -> File {
    let mut file = File::from(memfd_create("noise", MemfdFlags::CLOEXEC).unwrap());
    file.write_all(noise).unwrap();
    file
}

/// Reads one request, whatever it is, and begins the answer.
async fn begin(to: &mut (impl AsyncRead + AsyncWrite + Unpin), length: u64) -> std::io::Result<()> {
    let mut asked = Vec::new();
    while !asked.ends_with(b"\r\n\r\n") {
        asked.push(to.read_u8().await?);
    }
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\netag: \"noise\"\r\nconnection: close\r\n\r\n"
    );
    to.write_all(head.as_bytes()).await
}

/// What still goes into one piece.
fn piece(left: u64, noise: usize) -> usize {
    usize::try_from(left).map_or(noise, |left| left.min(noise))
}

async fn answer(mut to: TcpStream, noise: &File, length: u64) -> std::io::Result<()> {
    begin(&mut to, length).await?;
    let to: Socket = to.into_std()?;
    to.set_nonblocking(false)?;
    let noise = noise.try_clone()?;
    let whole = usize::try_from(noise.metadata()?.len()).unwrap();
    let sending = tokio::task::spawn_blocking(move || {
        let mut left = length;
        while left > 0 {
            left -= sendfile(&to, &noise, Some(&mut 0), piece(left, whole))? as u64;
        }
        Ok(())
    });
    sending.await.unwrap()
}

async fn answer_securely(
    mut to: TlsStream<TcpStream>,
    noise: &[u8],
    length: u64,
) -> std::io::Result<()> {
    begin(&mut to, length).await?;
    let mut left = length;
    while left > 0 {
        let piece = piece(left, noise.len());
        to.write_all(&noise[..piece]).await?;
        left -= piece as u64;
    }
    to.shutdown().await
}

#[tokio::main]
async fn main() {
    let mut args = std::env::args().skip(1);
    let length: u64 = args.next().expect("a length").parse().unwrap();
    let certificate = args.next().expect("a file for the certificate");
    let authority = Authority::new("the bench");
    std::fs::write(&certificate, &authority.pem).unwrap();
    let acceptor = TlsAcceptor::from(authority.server(&["127.0.0.1"], Validity::Now));
    let plain = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let secure = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!(
        "serving http://{} https://{}",
        plain.local_addr().unwrap(),
        secure.local_addr().unwrap()
    );
    std::io::stdout().flush().unwrap();
    let noise = noise();
    let kept = in_kernel(&noise);
    loop {
        // A reader that goes away in the middle is the reader's affair.
        let served = tokio::select! {
            asked = plain.accept() => answer(asked.unwrap().0, &kept, length).await,
            asked = secure.accept() => match acceptor.accept(asked.unwrap().0).await {
                Ok(stream) => answer_securely(stream, &noise, length).await,
                Err(error) => Err(error),
            },
        };
        if let Err(error) = served {
            eprintln!("{error}");
        }
    }
}
