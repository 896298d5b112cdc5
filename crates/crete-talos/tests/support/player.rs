//! A node that plays what it is told: real sockets, real TLS, HTTP/2.

use bytes::{BufMut, Bytes, BytesMut};
use crete_talos::api::{ClusterTrust, Node, Pin, Target, Tcp, Trust};
use crete_talos::pki::{
    Authority, ClientCertificate, Lifetime, PrivateKey, Role, SystemEntropy, Validity,
};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, channel::Channel};
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, body::Incoming};
use hyper_util::rt::{TokioExecutor, TokioIo};
use jiff::{SignedDuration, Timestamp};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// An answer: messages, then how the call ends.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    pub messages: Vec<Vec<u8>>,
    pub end: End,
}

#[derive(Debug, Clone)]
pub enum End {
    /// With a code and a text.
    Status(i32, String),
    /// Never.
    Hang,
}

impl Default for End {
    fn default() -> Self {
        Self::Status(0, String::new())
    }
}

impl Reply {
    pub fn one(message: Vec<u8>) -> Self {
        Self {
            messages: vec![message],
            ..Self::default()
        }
    }

    pub fn refuse(code: i32, text: &str) -> Self {
        Self {
            messages: Vec::new(),
            end: End::Status(code, text.to_owned()),
        }
    }
}

/// A request that arrived: the method's path and the first message.
pub type Asked = (String, Vec<u8>);

type Answers = dyn Fn(&str, &[u8]) -> Reply + Send + Sync;

/// A running player.
pub struct Player {
    pub address: SocketAddr,
    asked: Mutex<mpsc::UnboundedReceiver<Asked>>,
    cut: watch::Sender<u32>,
    tasks: JoinSet<()>,
}

/// What it shows, and whom it lets in.
pub struct Identity {
    certificate: String,
    key: PrivateKey,
    clients: Option<String>,
}

pub fn lifetime(from_hours: i64, hours: i64) -> Lifetime {
    let now = Timestamp::from_second(Timestamp::now().as_second()).unwrap();
    Lifetime {
        not_before: now
            .checked_add(SignedDuration::from_hours(from_hours))
            .unwrap(),
        not_after: now
            .checked_add(SignedDuration::from_hours(from_hours + hours))
            .unwrap(),
    }
}

pub fn authority(name: &str) -> Authority {
    let entropy = &mut SystemEntropy;
    let key = PrivateKey::ed25519(entropy).unwrap();
    Authority::generate(name, key, Timestamp::now(), entropy).unwrap()
}

impl Identity {
    /// As a node in maintenance mode: an authority of its own that it does not show.
    pub fn maintenance() -> Self {
        let names = ["127.0.0.1".to_owned()];
        let served = authority("").serve(
            "maintenance-service.talos.dev",
            &names,
            lifetime(-1, 24),
            &mut SystemEntropy,
        );
        let (certificate, key) = served.unwrap();
        Self {
            certificate,
            key,
            clients: None,
        }
    }

    /// As a configured node of a cluster.
    pub fn configured(authority: &Authority, names: &[&str], lifetime: Lifetime) -> Self {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let served = authority.serve("talos-abc-def", &names, lifetime, &mut SystemEntropy);
        let (certificate, key) = served.unwrap();
        Self {
            certificate,
            key,
            clients: Some(authority.certificate_pem().to_owned()),
        }
    }

    pub fn fingerprint(&self) -> String {
        crete_talos::pki::fingerprint(&der(&self.certificate)).unwrap()
    }

    fn config(&self) -> ServerConfig {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = match &self.clients {
            None => builder.with_no_client_auth(),
            Some(pem) => {
                let mut roots = RootCertStore::empty();
                roots.add(CertificateDer::from(der(pem))).unwrap();
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                builder.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let key = PrivateKeyDer::Pkcs8(der(self.key.pem().expose()).into());
        let chain = vec![CertificateDer::from(der(&self.certificate))];
        let mut config = builder.with_single_cert(chain, key).unwrap();
        config.alpn_protocols = vec![b"h2".to_vec()];
        config
    }
}

fn der(pem: &str) -> Vec<u8> {
    use base64::Engine as _;
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    base64::engine::general_purpose::STANDARD
        .decode(body)
        .unwrap()
}

/// A client of a cluster with a role.
pub fn trust(authority: &Authority, role: Role, validity: Validity, now: Timestamp) -> Trust {
    let roles = BTreeSet::from([role]);
    let client = ClientCertificate::talos(authority, &roles, validity, now, &mut SystemEntropy);
    Trust::Cluster(ClusterTrust {
        authority: authority.certificate_pem().to_owned(),
        client: client.unwrap(),
    })
}

pub fn target(address: SocketAddr) -> Target {
    Target {
        dial: Arc::new(Tcp {
            host: address.ip().to_string(),
            port: address.port(),
        }),
        name: address.ip().to_string(),
    }
}

impl Player {
    pub async fn start(
        identity: &Identity,
        answers: impl Fn(&str, &[u8]) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(identity.config()));
        let (told, asked) = mpsc::unbounded_channel();
        let (cut, _) = watch::channel(0);
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(
            listener,
            acceptor,
            Arc::new(answers),
            told,
            cut.clone(),
        ));
        Self {
            address,
            asked: Mutex::new(asked),
            cut,
            tasks,
        }
    }

    /// A player in maintenance mode with a client that trusts it.
    pub async fn in_maintenance(
        answers: impl Fn(&str, &[u8]) -> Reply + Send + Sync + 'static,
    ) -> (Self, Node) {
        let player = Self::start(&Identity::maintenance(), answers).await;
        let node = Node::new(
            &target(player.address),
            &Trust::Maintenance(Pin::first_use()),
        );
        (player, node.unwrap())
    }

    /// Ends every connection at once, as a node that is reset does.
    pub fn cut(&self) {
        self.cut.send_modify(|count| *count += 1);
    }

    /// What was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        let mut asked = self.asked.lock().unwrap();
        std::iter::from_fn(|| asked.try_recv().ok()).collect()
    }

    pub async fn stop(mut self) {
        self.tasks.shutdown().await;
    }
}

async fn accept(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    answers: Arc<Answers>,
    told: mpsc::UnboundedSender<Asked>,
    cut: watch::Sender<u32>,
) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, answers, told) = (acceptor.clone(), Arc::clone(&answers), told.clone());
        let mut cut = cut.subscribe();
        connections.spawn(async move {
            let Ok(stream) = acceptor.accept(stream).await else {
                return;
            };
            let service =
                service_fn(move |request| answer(request, Arc::clone(&answers), told.clone()));
            let served = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), service);
            tokio::select! {
                _ = served => {}
                _ = cut.changed() => {}
            }
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    answers: Arc<Answers>,
    told: mpsc::UnboundedSender<Asked>,
) -> Result<Response<BoxBody<Bytes, std::io::Error>>, std::io::Error> {
    let path = request.uri().path().to_owned();
    let body = request
        .into_body()
        .collect()
        .await
        .map_err(std::io::Error::other)?
        .to_bytes();
    let message = body.get(5..).unwrap_or_default().to_vec();
    let reply = answers(&path, &message);
    // The test may be over already.
    let _ = told.send((path, message));
    let (mut sender, body) = Channel::<Bytes, std::io::Error>::new(16);
    tokio::spawn(async move {
        for message in reply.messages {
            let mut frame = BytesMut::with_capacity(5 + message.len());
            frame.put_u8(0);
            frame.put_u32(u32::try_from(message.len()).unwrap());
            frame.put_slice(&message);
            if sender.send_data(frame.freeze()).await.is_err() {
                return;
            }
        }
        match reply.end {
            End::Hang => std::future::pending::<()>().await,
            End::Status(code, text) => {
                let mut trailers = HeaderMap::new();
                trailers.insert("grpc-status", HeaderValue::from(code));
                let text = percent(&text);
                trailers.insert("grpc-message", HeaderValue::from_str(&text).unwrap());
                let _ = sender.send_trailers(trailers).await;
            }
        }
    });
    let mut response = Response::new(body.boxed());
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    Ok(response)
}

fn percent(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b' '..=b'~' if byte != b'%' => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}
