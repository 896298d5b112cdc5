//! The API's parts together, without a network: the gate with the service behind it, and TLS.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use crete_practice_guest::api::{Gate, Machine, Server, Verdict, verdict};
use crete_practice_guest::certificate::{Authority, Issued};
use crete_practice_guest::status::Board;
use crete_practice_guest::version;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use std::sync::Arc;
use std::time::SystemTime;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use tonic::Code;

/// Calls and answers recorded from a real node without a configuration.
const RECORDED: &[(&str, Code, &str)] = &[
    (
        "/machine.MachineService/Reboot",
        Code::PermissionDenied,
        "not authorized",
    ),
    (
        "/machine.MachineService/Kubeconfig",
        Code::PermissionDenied,
        "not authorized",
    ),
    (
        "/machine.LifecycleService/Upgrade",
        Code::PermissionDenied,
        "not authorized",
    ),
    (
        "/machine.ImageService/Pull",
        Code::PermissionDenied,
        "not authorized",
    ),
    (
        "/machine.MachineService/EtcdMemberList",
        Code::Unimplemented,
        "member list is only available on control plane nodes",
    ),
    (
        "/machine.MachineService/EtcdStatus",
        Code::Unimplemented,
        "etcd status is only available on control plane nodes",
    ),
    (
        "/cluster.ClusterService/HealthCheck",
        Code::Unimplemented,
        "cluster health check is only available on control plane nodes",
    ),
];

#[test]
fn refusals_are_those_of_a_real_node() {
    for (path, code, text) in RECORDED {
        let refused = Verdict::Refuse(*code, (*text).to_owned());
        assert_eq!(verdict(path), refused, "{path}");
    }
}

#[test]
fn what_is_not_known_is_named() {
    for (path, text) in [
        (
            "/machine.MachineService/Fly",
            "unknown method Fly for service machine.MachineService",
        ),
        (
            "/cosi.resource.State/Get",
            "unknown service cosi.resource.State",
        ),
        ("/", "malformed method name: \"/\""),
    ] {
        let refused = Verdict::Refuse(Code::Unimplemented, text.to_owned());
        assert_eq!(verdict(path), refused, "{path}");
    }
}

/// A message's bytes in the frame of gRPC: not compressed, then the length.
fn frame(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap();
    [&[0], length.to_be_bytes().as_slice(), message].concat()
}

/// Calls a method; gives the answer's bytes and the status, wherever it stands.
async fn call(method: &str, message: &[u8]) -> (Vec<u8>, String) {
    let gate = Gate::new(Machine::new(Board::default()));
    let request = Request::post(format!("/machine.MachineService/{method}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(Full::<Bytes>::from(frame(message)))
        .unwrap();
    let (head, body) = gate.call(request).await.unwrap().into_parts();
    let collected = body.collect().await.unwrap();
    let trailers = collected.trailers().cloned().unwrap_or_default();
    let status = head
        .headers
        .get("grpc-status")
        .or(trailers.get("grpc-status"))
        .map(|value| value.to_str().unwrap().to_owned());
    (collected.to_bytes().to_vec(), status.unwrap())
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

#[tokio::test]
async fn the_version_says_practice() {
    let (answer, status) = call("Version", &[]).await;
    assert_eq!(status, "0");
    assert!(holds(&answer, version::TAG), "{answer:?}");
    assert!(version::TAG.ends_with("-practice"));
    assert!(holds(&answer, "metal"));
}

#[tokio::test]
async fn a_configuration_is_refused_for_its_own_reason() {
    // InvalidArgument without data, Unimplemented with: nothing claims to have been applied.
    assert_eq!(call("ApplyConfiguration", &[]).await.1, "3");
    assert_eq!(call("ApplyConfiguration", &[0x0a, 1, b'x']).await.1, "12");
    assert_eq!(call("Reboot", &[]).await.1, "7");
}

/// Takes any certificate: what is tested is which one is presented.
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
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = ring::default_provider().signature_verification_algorithms;
        tokio_rustls::rustls::crypto::verify_tls13_signature(
            message,
            certificate,
            signature,
            &known,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }
}

/// Does a handshake; gives the certificates and the protocol that came of it.
async fn handshake(server: &Server) -> std::io::Result<(Vec<Vec<u8>>, Option<Vec<u8>>)> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anyone))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let (near, far) = tokio::io::duplex(16 * 1024);
    let connector = TlsConnector::from(Arc::new(config));
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let (client, accepted) = tokio::join!(connector.connect(name, near), server.accept(far));
    accepted?;
    let client = client?;
    let connection = client.get_ref().1;
    let certificates = connection.peer_certificates().unwrap();
    Ok((
        certificates.iter().map(|one| one.to_vec()).collect(),
        connection.alpn_protocol().map(<[u8]>::to_vec),
    ))
}

fn issue(authority: &Authority, address: [u8; 4]) -> Issued {
    authority
        .issue(&[address.into()], None, SystemTime::now())
        .unwrap()
}

#[tokio::test]
async fn the_last_certificate_is_presented_and_alone() {
    let server = Server::new().unwrap();
    assert!(
        handshake(&server).await.is_err(),
        "there is no certificate yet"
    );
    let authority = Authority::new().unwrap();
    for address in [[10, 0, 2, 15], [10, 0, 2, 16]] {
        let issued = issue(&authority, address);
        server.present(&issued).unwrap();
        let (certificates, protocol) = handshake(&server).await.unwrap();
        assert_eq!(certificates, [issued.certificate.to_vec()]);
        assert_eq!(protocol.as_deref(), Some(b"h2".as_slice()));
    }
}
