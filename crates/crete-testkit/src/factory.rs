//! A practice Image Factory: the real one's routes, texts and manners, over loopback.
//!
//! Two listeners: the factory itself, and the "object store" it redirects downloads to. Answers
//! are computed; recorded answers of a real factory are only compared with, in the tests.
//!
//! What is played: nothing is built. Every version gets the same images, from a folder or from
//! memory, and arm64 images are stand-ins that can be downloaded but hold nothing.

mod answer;
mod api;
mod images;
mod store;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::Response;
use std::collections::{HashMap, HashSet};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
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
}

/// What goes wrong on request.
#[derive(Debug, Default)]
pub struct Faults {
    /// The next answers of the factory are 500.
    pub errors: u32,
    /// The next downloads end after this many bytes.
    pub cuts: Vec<usize>,
    /// The store ignores ranges.
    pub no_ranges: bool,
    /// The list of versions is sent newest first.
    pub descending: bool,
}

/// A running practice factory. It ends when this value is dropped.
#[derive(Debug)]
pub struct PracticeFactory {
    /// Base address.
    pub url: String,
    shared: Arc<Shared>,
    _servers: JoinSet<io::Result<()>>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    options: Options,
    /// `http://127.0.0.1:port` of the store.
    store: String,
    schematics: Mutex<HashMap<String, String>>,
    /// One build per image: equal requests share it, and it goes on when they give up.
    builds: Mutex<HashMap<String, Arc<OnceCell<()>>>>,
    signatures: Mutex<HashSet<String>>,
    faults: Mutex<Faults>,
    asked: Mutex<Vec<String>>,
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
        let url = format!("http://{}", front.local_addr()?);
        let shared = Arc::new(Shared {
            store: format!("http://{}", back.local_addr()?),
            options,
            schematics: Mutex::default(),
            builds: Mutex::default(),
            signatures: Mutex::default(),
            faults: Mutex::default(),
            asked: Mutex::default(),
        });
        let mut servers = JoinSet::new();
        let app = axum::Router::new()
            .fallback(front_door)
            .with_state(shared.clone());
        servers.spawn(async move { axum::serve(front, app).await });
        let app = axum::Router::new()
            .fallback(store::answer)
            .with_state(shared.clone());
        servers.spawn(async move { axum::serve(back, app).await });
        Ok(Self {
            url,
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
}

async fn front_door(State(shared): State<Arc<Shared>>, request: Request) -> Response<Body> {
    let line = format!("{} {}", request.method(), request.uri().path());
    shared.asked.lock().unwrap().push(line);
    let broken = {
        let mut faults = shared.faults.lock().unwrap();
        let broken = faults.errors > 0;
        faults.errors = faults.errors.saturating_sub(1);
        broken
    };
    if broken {
        return answer::handled(answer::error(500, "internal server error"), &request);
    }
    api::answer(&shared, request).await
}
