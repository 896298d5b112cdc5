//! A practice Image Factory: the real one's routes, texts and manners, over loopback.
//!
//! Two listeners: the factory itself, and the "object store" it redirects downloads to. Answers
//! are computed; recorded answers of a real factory are only compared with, in the tests.
//!
//! What is played: nothing is built. Every version gets the same images, from a folder or from
//! memory, and what is in neither is a stand-in that can be downloaded but holds nothing. The
//! wizard's own pages and the images behind the registry's redirects are not there.

mod answer;
mod api;
mod asset;
mod browser;
mod build;
mod faults;
mod images;
mod keys;
mod misdeeds;
mod network_boot;
mod pages;
mod refusal;
mod registry;
mod routes;
mod service;
mod store;
mod talosctl;

pub use faults::{Damage, Faults, Misdeed};

use crate::tls::TlsListener;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::Response;
use crete_practice_node::{Clock, PracticeService};
use jiff::Timestamp;
use rustls::ServerConfig;
use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::OnceCell;
use tokio::task::JoinSet;

/// How a practice factory behaves from the start.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Port of the factory; 0 takes a free one.
    pub port: u16,
    /// Folder with `metal-amd64.iso` and `metal-amd64.raw.zst`.
    pub images: Option<PathBuf>,
    /// Images by asset name, before those of the folder.
    pub assets: HashMap<String, Bytes>,
    /// How long an image that nobody asked for yet takes to build. Nothing is sent meanwhile.
    pub build_time: Duration,
    /// Bytes a second that a download gets; 0 means all at once.
    pub bytes_per_second: u64,
    /// Serve downloads itself, without Range, instead of redirecting to the store.
    pub direct: bool,
    /// It has no keys to sign with, so SecureBoot cannot be had.
    pub without_keys: bool,
    /// The one address whose pages may read answers; every page may without.
    pub origin: Option<String>,
    /// The factory's side of TLS; plain HTTP without.
    pub tls: Option<Arc<ServerConfig>>,
    /// The store's side of TLS; plain HTTP without.
    pub store_tls: Option<Arc<ServerConfig>>,
}

/// A running practice factory. It ends when this value is dropped.
#[derive(Debug)]
pub struct PracticeFactory {
    /// Base address.
    pub url: String,
    /// Base address of the store.
    pub store_url: String,
    /// Base address for network boot: the same listener by another name, never redirecting.
    pub pxe_url: String,
    /// Where practice guests meet.
    pub service: PracticeService,
    shared: Arc<Shared>,
    _servers: JoinSet<io::Result<()>>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    options: Options,
    /// Base address of the factory.
    front: String,
    /// Base address for network boot.
    pxe: String,
    /// `http://127.0.0.1:port` of the store.
    store: String,
    schematics: Mutex<HashMap<String, String>>,
    /// One build per image: equal requests share it, and it goes on when they give up.
    builds: Mutex<HashMap<String, Arc<OnceCell<()>>>>,
    /// What a presigned address leads to.
    signatures: Mutex<HashMap<String, store::Kept>>,
    /// The list of versions is turned round, as a look for the newest installer leaves it.
    turned: AtomicBool,
    faults: Mutex<Faults>,
    asked: Mutex<Vec<String>>,
    service: PracticeService,
    /// The ranges that were asked of the store; nothing for a whole file.
    ranges: Mutex<Vec<Option<String>>>,
}

impl PracticeFactory {
    /// Starts listening.
    ///
    /// # Errors
    /// When a port cannot be taken.
    pub async fn start(options: Options) -> io::Result<Self> {
        let front =
            TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, options.port))).await?;
        let back = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
        let base = |tls: bool, at: SocketAddr| match tls {
            true => format!("https://localhost:{}", at.port()),
            false => format!("http://{at}"),
        };
        let url = base(options.tls.is_some(), front.local_addr()?);
        let store_url = base(options.store_tls.is_some(), back.local_addr()?);
        // Behind TLS the certificate has one name only.
        let pxe_url = match &options.tls {
            Some(_) => url.clone(),
            None => format!("http://localhost:{}", front.local_addr()?.port()),
        };
        let (tls, store_tls) = (options.tls.clone(), options.store_tls.clone());
        let epoch = uuid::Uuid::new_v4().as_u64_pair().0;
        let service = PracticeService::new(epoch, Clock::starting_at(Timestamp::now()));
        let shared = Arc::new(Shared {
            service: service.clone(),
            store: store_url.clone(),
            front: url.clone(),
            pxe: if options.direct {
                url.clone()
            } else {
                pxe_url.clone()
            },
            options,
            schematics: Mutex::default(),
            builds: Mutex::default(),
            signatures: Mutex::default(),
            faults: Mutex::default(),
            turned: AtomicBool::default(),
            asked: Mutex::default(),
            ranges: Mutex::default(),
        });
        let mut servers = JoinSet::new();
        let app = axum::Router::new()
            .fallback(front_door)
            .with_state(shared.clone());
        servers.spawn(serve(front, tls, app));
        let app = axum::Router::new()
            .fallback(store::answer)
            .with_state(shared.clone());
        servers.spawn(serve(back, store_tls, app));
        Ok(Self {
            url,
            store_url,
            pxe_url,
            service,
            shared,
            _servers: servers,
        })
    }

    /// Changes what goes wrong from now on.
    pub fn faults(&self, change: impl FnOnce(&mut Faults)) {
        change(&mut self.shared.faults.lock().unwrap());
    }

    /// What was asked of the factory so far: method and path.
    #[must_use]
    pub fn asked(&self) -> Vec<String> {
        self.shared.asked.lock().unwrap().clone()
    }

    /// The ranges that were asked of the store so far; nothing for a whole file.
    #[must_use]
    pub fn ranges(&self) -> Vec<Option<String>> {
        self.shared.ranges.lock().unwrap().clone()
    }

    /// The bytes of an asset as the store has them now.
    #[must_use]
    pub fn content(&self, asset: &str) -> Option<Bytes> {
        images::content(&self.shared, asset)
    }
}

async fn serve(
    tcp: TcpListener,
    tls: Option<Arc<ServerConfig>>,
    app: axum::Router,
) -> io::Result<()> {
    match tls {
        Some(config) => axum::serve(TlsListener::new(tcp, config), app).await,
        None => axum::serve(tcp, app).await,
    }
}

async fn front_door(State(shared): State<Arc<Shared>>, request: Request) -> Response<Body> {
    if request.uri().path().starts_with(service::PREFIX) {
        return service::answer(&shared, request).await;
    }
    let line = format!("{} {}", request.method(), request.uri().path());
    shared.asked.lock().unwrap().push(line);
    let broken = {
        let mut faults = shared.faults.lock().unwrap();
        let broken = faults.errors > 0;
        faults.errors = faults.errors.saturating_sub(1);
        broken
    };
    if broken {
        return answer::handled(answer::internal(), request.headers());
    }
    routes::answer(&shared, request).await
}
