//! Calls as bytes, for recordings: TLS, HTTP/2 and the frames of gRPC, with nothing in between.

use super::Way;
use bytes::Bytes;
use crete_talos::api::{ClusterTrust, Dial as _};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{aws_lc_rs, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// How long an answer may take, as in the recordings.
const PATIENCE: Duration = Duration::from_secs(3);

/// What came of a call.
#[derive(Debug, Default)]
pub struct Answer {
    pub messages: Vec<Vec<u8>>,
    /// Nothing when it did not end in time.
    pub status: Option<(i32, String)>,
}

/// Takes any certificate: who answers is known here.
#[derive(Debug)]
struct Anyone;

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("only TLS 1.3 is spoken".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = aws_lc_rs::default_provider().signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, &known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let known = aws_lc_rs::default_provider().signature_verification_algorithms;
        known.supported_schemes()
    }
}

fn config(client: Option<&ClusterTrust>) -> ClientConfig {
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anyone));
    let mut config = match client {
        None => builder.with_no_client_auth(),
        Some(trust) => {
            let chain = vec![CertificateDer::from(der(&trust.client.certificate))];
            let key = der(trust.client.key.expose());
            let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key));
            builder.with_client_auth_cert(chain, key).unwrap()
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    config
}

fn der(pem: &str) -> Vec<u8> {
    use base64::Engine as _;
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    base64::engine::general_purpose::STANDARD
        .decode(body)
        .unwrap()
}

/// Makes a call with one message.
pub async fn call(way: &Way, client: Option<&ClusterTrust>, path: &str, message: &[u8]) -> Answer {
    let connector = TlsConnector::from(Arc::new(config(client)));
    let stream = way.dial().await.unwrap();
    let stream = connector
        .connect(ServerName::from(way.address), stream)
        .await
        .unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
    let connection = tokio::spawn(connection);
    let mut answer = Answer::default();
    let asking = ask(&mut sender, path, message, &mut answer);
    let _ = timeout(PATIENCE, asking).await;
    connection.abort();
    answer
}

async fn ask(
    sender: &mut hyper::client::conn::http2::SendRequest<Full<Bytes>>,
    path: &str,
    message: &[u8],
    answer: &mut Answer,
) {
    let length = u32::try_from(message.len()).unwrap();
    let frame = [&[0], length.to_be_bytes().as_slice(), message].concat();
    let request = http::Request::post(format!("http://node{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(Full::new(Bytes::from(frame)))
        .unwrap();
    let (head, mut body) = sender.send_request(request).await.unwrap().into_parts();
    let mut trailers = head.headers;
    let mut pending = Vec::new();
    while let Some(Ok(frame)) = body.frame().await {
        match frame.into_data() {
            Ok(data) => pending.extend_from_slice(&data),
            Err(frame) => trailers = frame.into_trailers().unwrap(),
        }
        while let Some(length) = pending.get(1..5) {
            let length = u32::from_be_bytes(length.try_into().unwrap());
            let end = 5 + usize::try_from(length).unwrap();
            if pending.len() < end {
                break;
            }
            answer.messages.push(pending[5..end].to_vec());
            pending.drain(..end);
        }
    }
    let text = |name: &str| {
        trailers
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
    };
    let code = text("grpc-status").unwrap().parse().unwrap();
    answer.status = Some((code, decode(&text("grpc-message").unwrap_or_default())));
}

/// The text behind percent signs.
fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'%' {
            decoded.push(u8::from_str_radix(&text[at + 1..at + 3], 16).unwrap());
            at += 3;
        } else {
            decoded.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8(decoded).unwrap()
}
