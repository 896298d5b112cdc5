//! The engine: what all parts share, opening and closing.

use crate::access::PersonalFiles;
use crate::clock::Clock;
use crate::cluster::{Clusters, Ground};
use crate::error::{EngineError, Result};
use crate::host::Meter;
use crate::jobs::Jobs;
use crate::live::Live;
use crate::machine::Handles;
use crate::network::{NetworkParts, Networks};
use crate::node::Nodes;
use crate::paths::Roots;
use crate::patience::Patience;
use crate::practice::{PracticeFactory, PracticeParts};
use crate::store;
use crete_fetch::{Http, HttpOptions, ProxyChoice};
use crete_host::{Checks, Limits, World};
use crete_model::{
    Arch, BrokenView, ClusterView, DropView, FileStamp, HostReport, HostUsage, ImageSpec,
    ImageView, Job, JobId, JobLogLine, MachineView, NetworkTraffic, NetworkView, NodeFacts,
    NodeFiguresView, NodeView, SavedDraft, Settings, TrashKind, TrashView,
};
use std::fs::{File, TryLockError};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

/// What a host passes in.
#[derive(Debug)]
pub struct Config {
    /// Data folder: images, machines, jobs, trash.
    pub data: PathBuf,
    /// Runtime folder: sockets and process records, gone after a reboot.
    pub runtime: PathBuf,
    /// The person's preferences.
    pub settings: Settings,
    /// This computer, or a recorded one.
    pub world: Arc<dyn World>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Whether somebody looks from the start, or only once a page has said so.
    pub seen: bool,
    /// Deadlines of machines.
    pub patience: Patience,
    /// Address of the bus on which a systemd may give each machine a scope of its own.
    pub systemd_bus: Option<String>,
    /// What networks are made with.
    pub network_parts: NetworkParts,
    /// Where the parts of practice mode are.
    pub practice_parts: PracticeParts,
    /// The files of the person that other tools read.
    pub personal: PersonalFiles,
    /// The practice factory, in practice mode.
    pub practice: Option<PracticeFactory>,
}

/// What a client depends on: proxy, file of extra certificates, and how that file looked.
type HttpKey = (String, String, Option<FileStamp>);

/// The application of one data folder. Clones share it.
#[derive(Debug, Clone)]
pub struct Engine(Arc<Shared>);

/// What all parts share.
#[derive(Debug)]
pub struct Shared {
    /// Images by id.
    pub images: Live<ImageView>,
    /// Machines by id.
    pub machines: Live<MachineView>,
    /// Networks by id.
    pub networks: Live<NetworkView>,
    /// Clusters by id.
    pub clusters: Live<ClusterView>,
    /// What passes through networks, by id; only while the page is visible.
    pub traffic: Live<NetworkTraffic>,
    /// Nodes that were looked at, by machine id.
    pub nodes: Live<NodeView>,
    /// Facts about nodes whose pages are open, by machine id and kind.
    pub facts: Live<NodeFacts>,
    /// Figures of nodes whose pages are open, by machine id.
    pub figures: Live<NodeFiguresView>,
    /// Jobs by id.
    pub jobs: Live<Job>,
    /// What was deleted, by its place in the trash.
    pub trash: Live<TrashView>,
    /// Drafts of the studio by id.
    pub drafts: Live<SavedDraft>,
    /// Objects that cannot be read, by path.
    pub broken: Live<BrokenView>,
    /// Files that a person holds over the window, key `drop`.
    pub drops: Live<DropView>,
    /// The last report of this computer, key `host`.
    pub host: Live<HostReport>,
    /// Live figures, key `usage`.
    pub usage: Live<HostUsage>,
    /// Every task of the engine.
    pub tasks: TaskTracker,
    pub(crate) roots: Roots,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) patience: Patience,
    pub(crate) systemd_bus: Option<String>,
    pub(crate) world: Arc<dyn World>,
    pub(crate) job_book: Jobs,
    pub(crate) handles: Handles,
    pub(crate) network_parts: NetworkParts,
    pub(crate) handles_of_networks: Networks,
    pub(crate) handles_of_clusters: Clusters,
    pub(crate) cluster_ground: Option<Arc<dyn Ground>>,
    pub(crate) node_book: Nodes,
    /// Cancelled when the engine closes. Whoever runs among [`Self::tasks`] ends then, because
    /// closing waits for all of them.
    pub closing: CancellationToken,
    pub(crate) visible: watch::Sender<bool>,
    pub(crate) meter: Meter,
    pub(crate) checks: Checks,
    /// When the last check of this computer began.
    pub(crate) checking: tokio::sync::Mutex<Option<std::time::Instant>>,
    /// Held while this computer is being changed.
    pub(crate) fixing: tokio::sync::Mutex<()>,
    /// Downloads that may run at a time.
    pub(crate) turns: Arc<Semaphore>,
    /// Held while it is decided who works on an image.
    pub(crate) image_gate: Mutex<()>,
    /// Held while an image's file is read again.
    pub(crate) rechecks: tokio::sync::Mutex<()>,
    /// Grows each time files come over the window or leave it.
    pub(crate) drag_turn: AtomicU64,
    pub(crate) adopted: Mutex<Vec<String>>,
    settings: RwLock<Settings>,
    http: Mutex<Option<(HttpKey, Http)>>,
    practice_url: Option<Url>,
    practice: Mutex<Option<PracticeFactory>>,
    practice_parts: PracticeParts,
    /// Held while an access file is written, so that two never write the same one.
    pub(crate) access_gate: Mutex<PersonalFiles>,
    closed: AtomicBool,
    /// Held until the engine closes, so that no second one owns the same machines.
    lock: Mutex<Option<File>>,
}

impl std::ops::Deref for Engine {
    type Target = Shared;
    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl Engine {
    /// Opens a data folder: reads what is there, takes back machines that run, and begins to watch.
    ///
    /// # Errors
    /// When folders cannot be made or read, or another engine holds them.
    pub async fn open(config: Config) -> Result<Self> {
        Self::open_with(config, None).await
    }

    /// The same with clusters that stand on something else than the engine's own machines.
    ///
    /// # Errors
    /// As [`Engine::open`].
    pub async fn open_on(config: Config, ground: Arc<dyn Ground>) -> Result<Self> {
        Self::open_with(config, Some(ground)).await
    }

    async fn open_with(config: Config, ground: Option<Arc<dyn Ground>>) -> Result<Self> {
        let roots = Roots::open(config.data, config.runtime)?;
        let lock = lock(&roots.lock()).await?;
        let job_book = Jobs::open(roots.clone(), config.clock.clone())?;
        let engine = Self(Arc::new(Shared {
            images: Live::new(),
            machines: Live::new(),
            networks: Live::new(),
            clusters: Live::new(),
            traffic: Live::new(),
            nodes: Live::new(),
            facts: Live::new(),
            figures: Live::new(),
            jobs: job_book.live.clone(),
            trash: Live::new(),
            drafts: Live::new(),
            broken: Live::new(),
            drops: Live::new(),
            host: Live::new(),
            usage: Live::new(),
            tasks: TaskTracker::new(),
            clock: config.clock,
            meter: Meter::default(),
            checks: Checks::new(config.world.clone(), Limits::default()),
            patience: config.patience,
            systemd_bus: config.systemd_bus,
            world: config.world,
            job_book,
            handles: Handles::default(),
            network_parts: config.network_parts,
            handles_of_networks: Networks::default(),
            handles_of_clusters: Clusters::default(),
            cluster_ground: ground,
            node_book: Nodes::default(),
            closing: CancellationToken::new(),
            visible: watch::Sender::new(config.seen),
            checking: tokio::sync::Mutex::new(None),
            fixing: tokio::sync::Mutex::new(()),
            turns: Arc::new(Semaphore::new(crate::images::AT_ONCE)),
            image_gate: Mutex::new(()),
            rechecks: tokio::sync::Mutex::new(()),
            drag_turn: AtomicU64::new(0),
            adopted: Mutex::new(Vec::new()),
            settings: RwLock::new(config.settings),
            http: Mutex::new(None),
            practice_url: config
                .practice
                .as_ref()
                .map(|practice| practice.url.clone()),
            practice: Mutex::new(config.practice),
            practice_parts: config.practice_parts,
            access_gate: Mutex::new(config.personal),
            closed: AtomicBool::new(false),
            lock: Mutex::new(Some(lock)),
            roots,
        }));
        engine.load().await?;
        engine.watch_computer();
        engine.watch_inbox();
        Ok(engine)
    }

    /// Takes away what a program that was killed left half done. Nothing that holds anything of
    /// the person is touched.
    fn sweep(&self) {
        let roots = &self.roots;
        for folder in [
            roots.data().to_owned(),
            roots.jobs(),
            roots.catalogue(),
            roots.clusters(),
        ] {
            store::sweep_files(&folder);
        }
        for parent in [
            roots.images(),
            roots.machines(),
            roots.networks(),
            roots.clusters(),
            roots.drafts(),
        ] {
            store::sweep(&parent);
        }
        crate::cluster::secrets::sweep(&roots.clusters());
        crate::trash::sweep(roots);
        crate::saving::sweep(roots);
    }

    async fn load(&self) -> Result<()> {
        self.sweep();
        for found in store::list::<ImageSpec>(&self.roots.images())? {
            self.load_image(&found.folder, found.record);
        }
        let networks = self.load_networks().await?;
        self.load_machines().await?;
        self.take_up_networks(networks);
        self.load_clusters()?;
        self.load_trash();
        for found in store::list::<SavedDraft>(&self.roots.drafts())? {
            self.load_draft(&found.folder, found.record);
        }
        self.refresh_images();
        Ok(())
    }

    /// Lets go of everything and joins all tasks. Machines go on.
    pub async fn close(&self) {
        if self.closed.swap(true, std::sync::atomic::Ordering::SeqCst) {
            return;
        }
        self.closing.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        self.job_book.close().await;
        let practice = self
            .practice
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(practice) = practice {
            practice.stop().await;
        }
        drop(
            self.lock
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
    }

    /// True in practice mode.
    #[must_use]
    pub fn is_practice(&self) -> bool {
        self.practice_url.is_some()
    }

    /// Where the practice factory listens, in practice mode.
    pub(crate) fn practice_address(&self) -> Option<SocketAddr> {
        let url = self.practice_url.as_ref()?;
        let host = url.host_str()?.parse().ok()?;
        Some(SocketAddr::new(host, url.port_or_known_default()?))
    }

    /// Where the parts of practice mode are.
    #[must_use]
    pub fn practice_parts(&self) -> &PracticeParts {
        &self.practice_parts
    }

    /// The data folder.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        self.roots.data()
    }

    /// This computer's architecture.
    #[must_use]
    pub fn arch(&self) -> Arch {
        self.world.arch()
    }

    /// Names of machines that were found running and taken back at the start.
    #[must_use]
    pub fn adopted(&self) -> Vec<String> {
        self.adopted
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The preferences in use.
    #[must_use]
    pub fn settings(&self) -> Settings {
        self.settings
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Uses new preferences from now on. They have been checked.
    ///
    /// # Errors
    /// Never yet; a setting that needs work to apply would say so here.
    pub fn apply_settings(&self, new: Settings) -> Result<Settings> {
        *self
            .settings
            .write()
            .unwrap_or_else(PoisonError::into_inner) = new.clone();
        Ok(new)
    }

    /// Base address of the factory in use.
    pub(crate) fn factory_base(&self) -> String {
        match &self.practice_url {
            // The port differs at each start; images must be found again.
            Some(_) => "practice".to_owned(),
            None => self.settings().factory_url,
        }
    }

    /// Base address of the factory in use, as it is reached now.
    pub(crate) fn factory_url(&self) -> Result<Url> {
        if let Some(url) = &self.practice_url {
            return Ok(url.clone());
        }
        crete_factory::parse_base(&self.settings().factory_url)
            .map_err(|error| error.problem().into())
    }

    /// A client that honours proxy and extra certificates. It is kept as long as these are the
    /// same, because it holds open connections, and reading all trusted certificates takes time.
    pub(crate) fn http(&self) -> Result<Http> {
        let settings = self.settings();
        let extra_ca = (!settings.extra_ca.is_empty()).then(|| PathBuf::from(&settings.extra_ca));
        let stamp = extra_ca
            .as_ref()
            .and_then(|path| crete_fetch::stamp(path).ok());
        let key = (settings.proxy.clone(), settings.extra_ca.clone(), stamp);
        let mut kept = self.http.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, http)) = kept.as_ref()
            && *of == key
        {
            return Ok(http.clone());
        }
        let proxy = match Url::parse(&settings.proxy) {
            // The practice factory is on this computer: no proxy stands in between.
            _ if self.is_practice() => ProxyChoice::Direct,
            Ok(url) => ProxyChoice::Address(url),
            Err(_) => ProxyChoice::System,
        };
        let options = HttpOptions {
            proxy,
            extra_ca,
            ..HttpOptions::default()
        };
        let http = Http::new(&options).map_err(|error| crate::images::factory_problem(&error))?;
        *kept = Some((key, http.clone()));
        Ok(http)
    }

    /// A client of the factory in use.
    pub(crate) fn factory(&self) -> Result<crete_factory::Client> {
        let client = crete_factory::Client::new(self.factory_url()?, self.http()?);
        Ok(client.with_patience(self.patience.downloads.stall))
    }

    /// A job with its kept log.
    ///
    /// # Errors
    /// When there is no such job.
    pub async fn job_details(&self, id: JobId) -> Result<(Job, Vec<JobLogLine>)> {
        self.job_book.details(id).await
    }

    /// Gives something back from the trash.
    ///
    /// # Errors
    /// When there is no such thing, or its folder cannot be moved.
    pub async fn restore(&self, trash_id: &str) -> Result<()> {
        self.prepare_return(trash_id).await?;
        let (roots, id) = (self.roots.clone(), trash_id.to_owned());
        let taking = tokio::task::spawn_blocking(move || crate::trash::take(&roots, &id));
        let origin = taking.await.map_err(crate::error::internal)??;
        self.trash.remove(trash_id);
        let folder = origin.folder(&self.roots);
        match origin.kind {
            TrashKind::Images => self.load_image(&folder, store::read_object(&folder)),
            TrashKind::Drafts => self.load_draft(&folder, store::read_object(&folder)),
            TrashKind::Networks => self.restore_network(&folder),
            TrashKind::Clusters => self.restore_cluster(&folder).await?,
            TrashKind::Machines => self.restore_machine(&folder).await,
        }
        self.refresh_images();
        Ok(())
    }

    /// Lists an object that cannot be read. Nothing is hidden, nothing deleted.
    pub(crate) fn show_broken(&self, kind: &str, folder: &Path, error: &EngineError) {
        let path = folder.display().to_string();
        let view = BrokenView {
            kind: kind.to_owned(),
            path: path.clone(),
            error: error.to_string(),
            problem: None,
        };
        self.broken.set(path, view);
    }

    /// The folder of something that cannot be read. Only what is listed can be opened, so that a
    /// page cannot name any folder it likes.
    ///
    /// # Errors
    /// When nothing broken is listed under this path.
    pub fn broken_folder(&self, path: &str) -> Result<PathBuf> {
        self.broken
            .get(path)
            .map(|view| PathBuf::from(view.path))
            .ok_or_else(|| EngineError::NotFound {
                kind: "folder",
                id: path.to_owned(),
            })
    }
}

/// How long the lock may be in other hands before it is somebody else's: any program that is being
/// started holds a copy of it for the instant between fork and exec.
const LOCK_PATIENCE: Duration = Duration::from_secs(1);

async fn lock(path: &Path) -> Result<File> {
    let file = |source| EngineError::File {
        path: path.to_owned(),
        source,
    };
    let lock = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .map_err(file)?;
    let until = tokio::time::Instant::now() + LOCK_PATIENCE;
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(lock),
            Err(TryLockError::WouldBlock) if tokio::time::Instant::now() < until => {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            Err(TryLockError::WouldBlock) => {
                return Err(EngineError::Locked {
                    path: path.to_owned(),
                });
            }
            Err(TryLockError::Error(source)) => return Err(file(source)),
        }
    }
}
