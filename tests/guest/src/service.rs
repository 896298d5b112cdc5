//! The practice service, as a guest reaches it: over HTTP, at the gateway of its network.

use bytes::Bytes;
use crete_practice_node::{Attachment, Post};
use futures_util::future::BoxFuture;
use http::Request;
use http::header::{CONNECTION, CONTENT_TYPE, HOST};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::io;
use std::net::IpAddr;
use tokio::net::TcpStream;

/// What the factory is called in networks, and its port at the gateway.
const NAME: &str = "factory.crete.test";
const PORT: u16 = 80;
const PATH: &str = "/practice/exchange";
/// No answer is longer.
const LONGEST: usize = 8 << 20;

/// The way to the service.
#[derive(Debug)]
pub struct Http {
    network: Attachment,
    port: u16,
}

impl Http {
    /// The way through a network.
    #[must_use]
    pub fn new(network: &Attachment) -> Self {
        Self {
            network: network.clone(),
            port: PORT,
        }
    }
}

impl Post for Http {
    fn carry(&self, letter: Vec<u8>) -> BoxFuture<'static, io::Result<Vec<u8>>> {
        let gateway = self.network.get().gateway;
        let port = self.port;
        Box::pin(async move {
            let gateway = gateway.ok_or(io::ErrorKind::NotConnected)?;
            exchange(gateway, port, letter).await
        })
    }
}

async fn exchange(gateway: IpAddr, port: u16, letter: Vec<u8>) -> io::Result<Vec<u8>> {
    let stream = TcpStream::connect((gateway, port)).await?;
    let handshake = http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(io::Error::other)?;
    let request = Request::post(PATH)
        .header(HOST, NAME)
        .header(CONTENT_TYPE, "application/json")
        .header(CONNECTION, "close")
        .body(Full::new(Bytes::from(letter)))
        .map_err(io::Error::other)?;
    let asking = async move {
        let response = sender.send_request(request).await;
        let response = response.map_err(io::Error::other)?;
        if !response.status().is_success() {
            return Err(io::Error::other(response.status().to_string()));
        }
        let body = Limited::new(response.into_body(), LONGEST).collect().await;
        Ok(body.map_err(io::Error::other)?.to_bytes().to_vec())
    };
    // The connection ends with the asking, which its end ends.
    tokio::join!(asking, connection).0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crete_practice_node::Given;
    use std::net::Ipv4Addr;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn a_letter_is_carried_to_the_gateway_and_its_answer_back() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let network = Attachment::of(Given {
            gateway: Some(Ipv4Addr::LOCALHOST.into()),
            ..Given::default()
        });
        let mut way = Http::new(&network);
        way.port = listener.local_addr().unwrap().port();
        let serving = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut asked = vec![0; 1024];
            let mut length = 0;
            while !asked[..length].ends_with(b"letter") {
                length += stream.read(&mut asked[length..]).await.unwrap();
            }
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nanswer";
            stream.write_all(answer).await.unwrap();
            String::from_utf8(asked[..length].to_vec()).unwrap()
        };
        let (asked, answer) = tokio::join!(serving, way.carry(b"letter".to_vec()));
        assert_eq!(answer.unwrap(), b"answer");
        assert!(
            asked.starts_with("POST /practice/exchange HTTP/1.1"),
            "{asked}"
        );
        assert!(asked.contains("host: factory.crete.test"), "{asked}");
    }

    #[tokio::test]
    async fn without_a_gateway_or_anybody_there_is_no_answer() {
        let network = Attachment::of(Given::default());
        let lost = Http::new(&network).carry(Vec::new()).await.unwrap_err();
        assert_eq!(lost.kind(), io::ErrorKind::NotConnected);
    }
}
