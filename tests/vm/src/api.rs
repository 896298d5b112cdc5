//! A client of the API that believes no certificate and tells which one it saw.

use crate::PATIENCE;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Client;
use reqwest::tls::TlsInfo;
use sha2::{Digest, Sha256};
use std::net::SocketAddr;
use std::time::Duration;

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The server's certificate, DER.
    pub certificate: Vec<u8>,
    /// The answer's message, protobuf.
    pub message: Vec<u8>,
}

impl Answer {
    /// True when the certificate holds these bytes.
    #[must_use]
    pub fn certificate_holds(&self, part: &[u8]) -> bool {
        self.certificate
            .windows(part.len())
            .any(|window| window == part)
    }

    /// True when the message holds this text.
    #[must_use]
    pub fn message_holds(&self, text: &str) -> bool {
        String::from_utf8_lossy(&self.message).contains(text)
    }

    /// Base64 of the SHA-256 of the certificate's public key, which is Ed25519.
    ///
    /// # Panics
    /// When it is not.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        // Algorithm and key of a public key of this kind always begin so, and have 44 bytes.
        const BEGINS: &[u8] = &[
            0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
        ];
        let at = self
            .certificate
            .windows(BEGINS.len())
            .position(|window| window == BEGINS)
            .expect("the certificate's key is not Ed25519");
        STANDARD.encode(Sha256::digest(&self.certificate[at..at + 44]))
    }
}

/// Waits until somebody is behind a port: a network refuses until it knows that the node answers.
async fn opens(at: SocketAddr) {
    let opening = async {
        while tokio::net::TcpStream::connect(at).await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let opened = tokio::time::timeout(PATIENCE, opening).await;
    assert!(opened.is_ok(), "{at} does not open");
}

/// Asks the node behind a port of this computer for its version.
///
/// # Panics
/// When it does not answer.
pub async fn ask_version(port: u16) -> Answer {
    ask_version_at(([127, 0, 0, 1], port).into()).await
}

/// Asks the node behind an address of this computer for its version.
///
/// # Panics
/// When it does not answer.
pub async fn ask_version_at(at: SocketAddr) -> Answer {
    opens(at).await;
    let client = Client::builder()
        .tls_danger_accept_invalid_certs(true)
        .tls_info(true)
        .no_proxy()
        .timeout(PATIENCE)
        .build()
        .unwrap();
    // The empty message, in the frame of gRPC: not compressed, no bytes.
    let response = client
        .post(format!("https://{at}/machine.MachineService/Version"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(vec![0; 5])
        .send()
        .await
        .unwrap();
    assert_eq!(response.version(), reqwest::Version::HTTP_2);
    assert_eq!(response.status(), 200);
    let tls = response.extensions().get::<TlsInfo>().unwrap();
    let certificate = tls.peer_certificate().unwrap().to_vec();
    let frame = response.bytes().await.unwrap();
    let length = u32::from_be_bytes(*frame[1..].first_chunk().unwrap()) as usize;
    assert_eq!(frame.len(), 5 + length, "one whole message");
    Answer {
        certificate,
        message: frame[5..].to_vec(),
    }
}
