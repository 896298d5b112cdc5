//! A node's API by hand: TLS and HTTP/2 and nothing above them. The rival of every call.

use bytes::{BufMut as _, Bytes, BytesMut};
use crete_talos::api::{ClusterTrust, PORT};
use h2::client::SendRequest;
use std::net::IpAddr;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};

/// A connection to a node.
pub struct Raw {
    requests: SendRequest<Bytes>,
    address: IpAddr,
}

fn tls(trust: &ClusterTrust) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    let authority = CertificateDer::from_pem_slice(trust.authority.as_bytes());
    roots.add(authority.unwrap()).unwrap();
    let chain = CertificateDer::from_pem_slice(trust.client.certificate.as_bytes()).unwrap();
    // Talos has a label of its own for a key that is ordinary inside.
    let key = trust
        .client
        .key
        .expose()
        .replace("ED25519 PRIVATE", "PRIVATE");
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(vec![chain], key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    config
}

impl Raw {
    pub async fn connect(address: IpAddr, trust: &ClusterTrust) -> Self {
        let stream = TcpStream::connect((address, PORT)).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let name = ServerName::try_from(address.to_string()).unwrap();
        let connector = TlsConnector::from(Arc::new(tls(trust)));
        let stream = connector.connect(name, stream).await.unwrap();
        let (requests, connection) = h2::client::handshake(stream).await.unwrap();
        tokio::spawn(connection);
        Self { requests, address }
    }

    /// Sends a message to a method and reads whatever comes back; gives how many bytes that were.
    pub async fn call(&mut self, method: &str, message: &[u8]) -> usize {
        let request = http::Request::post(format!("https://{}{method}", self.address))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(())
            .unwrap();
        let mut frame = BytesMut::with_capacity(message.len() + 5);
        frame.put_u8(0);
        frame.put_u32(u32::try_from(message.len()).unwrap());
        frame.put_slice(message);
        let mut requests = self.requests.clone().ready().await.unwrap();
        let (response, mut body) = requests.send_request(request, false).unwrap();
        body.send_data(frame.freeze(), true).unwrap();
        let mut answer = response.await.unwrap().into_body();
        let mut length = 0;
        while let Some(piece) = answer.data().await {
            let piece = piece.unwrap();
            length += piece.len();
            answer.flow_control().release_capacity(piece.len()).unwrap();
        }
        let trailers = answer.trailers().await.unwrap().unwrap();
        assert_eq!(trailers["grpc-status"], "0", "{method} is answered");
        length
    }
}
