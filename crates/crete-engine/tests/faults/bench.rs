//! One engine and the servers of one row: a download, its outcome, and going on.

use super::servers::Servers;
use super::table::{Fault, State};
use crete_engine::{Changes, Config, Engine, Patience, PracticeParts, SystemClock};
use crete_host::ThisComputer;
use crete_model::{
    Arch, BootMedium, ImageChoice, ImageId, ImageState, Job, Layer, LayerOutcome, Problem, Settings,
};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

/// A hang still ends.
const WITHIN: Duration = Duration::from_secs(60);

/// How a download ended.
#[derive(Debug)]
pub struct Outcome {
    pub state: State,
    /// What the person is told.
    pub problem: Option<Problem>,
    /// What was said before each try of its own.
    pub tries: Vec<Problem>,
    pub received: u64,
    pub set_aside: usize,
    pub content_is_right: bool,
    /// The layers of verification and their outcomes, with the host where one is named.
    pub layers: Vec<(Layer, LayerOutcome, Option<String>)>,
}

/// How an import ended.
#[derive(Debug)]
pub struct Imported {
    pub image: ImageId,
    pub problem: Option<Problem>,
}

pub struct Bench {
    servers: Servers,
    engine: Engine,
    folder: PathBuf,
    settings: Settings,
    medium: BootMedium,
    fault: Fault,
    image: Option<ImageId>,
    /// A small disk of its own, to be made full.
    disk: Option<PathBuf>,
    mended: bool,
}

pub fn wire<T: serde::Serialize>(value: T) -> String {
    match serde_json::to_value(value).unwrap() {
        serde_json::Value::String(text) => text,
        serde_json::Value::Object(fields) => fields["kind"].as_str().unwrap_or_default().to_owned(),
        other => other.to_string(),
    }
}

fn mount(folder: &Path, options: &str) {
    let status = Command::new("mount")
        .args(["-t", "tmpfs", "-o", options, "none"])
        .arg(folder)
        .status()
        .unwrap();
    assert!(status.success(), "no small disk at {}", folder.display());
}

impl Bench {
    pub async fn set_up(fault: Fault, folder: &Path) -> Self {
        let mut servers = Servers::start(fault).await;
        let settings = servers.settings(fault, folder).await;
        let data = folder.join("data");
        std::fs::create_dir(&data).unwrap();
        let size = match fault {
            // Less than what is always left free.
            Fault::FullBefore => Some("size=100m"),
            Fault::FullInTheMiddle | Fault::FullWhileUnpacking => Some("size=2g"),
            _ => None,
        };
        if let Some(size) = size {
            mount(&data, size);
        }
        let engine = Engine::open(Config {
            data: data.clone(),
            runtime: folder.join("run"),
            settings: settings.clone(),
            // No program is looked for: nothing is started here.
            world: Arc::new(ThisComputer::new("", "ariadne".to_owned())),
            clock: Arc::new(SystemClock),
            seen: true,
            patience: Patience {
                downloads: crete_fetch::Patience {
                    answer: Duration::from_millis(2500),
                    building_after: Duration::from_millis(200),
                    stall: Duration::from_millis(1200),
                    failures: 5,
                    first_wait: Duration::from_millis(10),
                    longest_wait: Duration::from_millis(50),
                    longest_asked: Duration::from_secs(10),
                },
                ..Patience::default()
            },
            systemd_bus: None,
            network_parts: crete_engine::NetworkParts::default(),
            practice_parts: PracticeParts::default(),
            personal: crete_engine::PersonalFiles::default(),
            practice: None,
        })
        .await
        .unwrap();
        Self {
            servers,
            engine,
            folder: folder.to_owned(),
            settings,
            medium: match fault {
                Fault::CutCd => BootMedium::Iso,
                _ => BootMedium::DiskImage,
            },
            fault,
            image: None,
            disk: size.map(|_| data),
            mended: false,
        }
    }

    pub async fn download(&mut self) -> Outcome {
        let choice = ImageChoice {
            version: "v1.13.9".parse().unwrap(),
            arch: Arch::Amd64,
            medium: self.medium,
        };
        self.servers.send_elsewhere(self.fault).await;
        let changes = self.engine.jobs.subscribe().changes;
        let (image, job) = self.engine.download(&choice).unwrap();
        self.image = Some(image);
        self.outcome(job.unwrap().to_string(), changes).await
    }

    /// Imports a file, whatever becomes of it.
    pub async fn import(&self, path: PathBuf) -> Imported {
        let (image, job) = self.engine.import(path).await.unwrap();
        let key = job.unwrap().to_string();
        let mut changes = self.engine.jobs.subscribe().changes;
        let ended = async {
            loop {
                if let Some(job) = self
                    .engine
                    .jobs
                    .get(&key)
                    .filter(|job| job.state.is_final())
                {
                    return job.problem;
                }
                let _ = changes.recv().await;
            }
        };
        let problem = tokio::time::timeout(WITHIN, ended).await.unwrap();
        Imported { image, problem }
    }

    /// Puts a file into the images folder and waits until it has become an image.
    pub async fn put_into_the_folder(&self, name: &str, bytes: &[u8]) {
        let mut changes = self.engine.images.subscribe().changes;
        let path = self.engine.images_folder().join(name);
        std::fs::write(&path, bytes).unwrap();
        let ready = |view: crete_model::ImageView| view.state == ImageState::Ready;
        let taken = async {
            while !self.engine.images.all().into_iter().any(ready) {
                let _ = changes.recv().await;
            }
        };
        tokio::time::timeout(WITHIN, taken).await.unwrap();
        assert!(!path.exists());
    }

    pub fn folder_of(&self, image: ImageId) -> PathBuf {
        self.engine.image_folder(image).unwrap()
    }

    /// Gives the small disk another size.
    pub fn resize(&self, size: &str) {
        if let Some(disk) = &self.disk {
            let _ = Command::new("mount")
                .args(["-o", &format!("remount,{size}")])
                .arg(disk)
                .status();
        }
    }

    pub async fn resume(&mut self) -> Outcome {
        let changes = self.engine.jobs.subscribe().changes;
        let job = self.engine.resume(self.image.unwrap()).unwrap();
        self.outcome(job.unwrap().to_string(), changes).await
    }

    /// Watches a job to its end, and what it says on the way.
    async fn outcome(&self, key: String, mut changes: Changes<Job>) -> Outcome {
        let mut tries: Vec<(String, Problem)> = Vec::new();
        let watching = async {
            loop {
                let change = changes.recv().await.expect("no change is missed");
                let Some(job) = change.value.as_ref().filter(|_| change.key == key) else {
                    continue;
                };
                self.act(job);
                let waits = job.stages.iter().filter_map(|stage| stage.blocker.as_ref());
                for (wait, problem) in waits.filter_map(|wait| Some((wait, wait.problem.as_ref()?)))
                {
                    let said = (wait.since.clone(), problem.clone());
                    if tries.last() != Some(&said) {
                        tries.push(said);
                    }
                }
                if job.state.is_final() {
                    return job.clone();
                }
            }
        };
        let job = tokio::time::timeout(WITHIN, watching).await;
        let job = job.unwrap_or_else(|_| panic!("still {:?}", self.engine.jobs.get(&key)));
        let image = self.image.unwrap();
        let view = self.engine.images.get(&image.to_string()).unwrap();
        let (state, received, shown) = match view.state {
            ImageState::Ready => (State::Ready, 0, None),
            ImageState::Incomplete { received, problem } => (State::Incomplete, received, problem),
            other => panic!("{other:?} after the job ended"),
        };
        let ours = job.problem.as_ref().map(|problem| problem.code);
        assert_eq!(
            ours,
            shown.as_ref().map(|problem| problem.code),
            "job and image say the same"
        );
        Outcome {
            state,
            problem: shown,
            tries: tries.into_iter().map(|(_, problem)| problem).collect(),
            received,
            set_aside: view.set_aside.len(),
            content_is_right: self.content_is_right(view.spec.file.as_ref()),
            layers: view.spec.file.map_or_else(Vec::new, |file| {
                let layers = file.layers.into_iter();
                let told = layers.map(|check| {
                    let host = check.params.get("host").cloned();
                    (check.layer, check.outcome, host)
                });
                told.collect()
            }),
        }
    }

    /// What happens while the file arrives.
    fn act(&self, job: &Job) {
        let arrived = job
            .stages
            .iter()
            .filter_map(|stage| stage.progress)
            .any(|progress| progress.done > 0);
        if !arrived || self.mended {
            return;
        }
        match self.fault {
            // Another file from now on.
            Fault::Changes => self.servers.factory.faults(|faults| faults.changed = true),
            // The disk becomes exactly as large as what is on it.
            Fault::FullInTheMiddle => self.resize("size=1m"),
            // Room for the rest of the packed file, and none for what is in it.
            Fault::FullWhileUnpacking => self.resize("size=300m"),
            _ => {}
        }
    }

    /// Whether the way from the factory is over TLS now.
    pub fn is_secure(&self) -> bool {
        self.servers.factory.url.starts_with("https://")
    }

    pub fn transfers(&self) -> usize {
        self.servers.factory.ranges().len()
    }

    fn content_is_right(&self, file: Option<&crete_model::ImageFile>) -> bool {
        let Some(file) = file else { return false };
        let path = self.image_folder().join(&file.name);
        let asset = match self.medium {
            BootMedium::Iso => "metal-amd64.iso",
            BootMedium::DiskImage => "metal-amd64.raw.zst",
        };
        let sent = self.servers.factory.content(asset).unwrap();
        let wanted = match self.medium {
            BootMedium::Iso => sent.to_vec(),
            BootMedium::DiskImage => zstd::decode_all(&*sent).unwrap(),
        };
        std::fs::read(path).unwrap() == wanted
    }

    pub fn image_folder(&self) -> PathBuf {
        self.folder_of(self.image.unwrap())
    }

    /// Mends what is wrong, as the table says.
    pub async fn mend(&mut self, fault: Fault) {
        self.mended = true;
        self.servers.behave();
        if matches!(
            fault,
            Fault::Expired | Fault::NotYetValid | Fault::WrongName | Fault::InsecureRedirect
        ) {
            self.servers.renew_certificate().await;
        }
        self.resize("size=2g");
        let settings = self.servers.mended(fault, &self.folder, &self.settings);
        self.engine.apply_settings(settings).unwrap();
    }

    pub fn first_byte_of_last_transfer(&self) -> u64 {
        let ranges = self.servers.factory.ranges();
        let last = ranges.last().cloned().flatten().unwrap_or_default();
        let from = last
            .strip_prefix("bytes=")
            .and_then(|rest| rest.strip_suffix('-'));
        from.map_or(0, |from| from.parse().unwrap())
    }

    pub async fn close(self) -> Result<(), String> {
        self.engine.close().await;
        if let Some(disk) = &self.disk {
            let _ = Command::new("umount").arg("-l").arg(disk).status();
        }
        Ok(())
    }
}
