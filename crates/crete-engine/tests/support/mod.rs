//! An engine in a folder of its own, with a fake QEMU and an image that is there already.
//! What a failed test leaves running ends with its fake.
#![allow(
    dead_code,
    clippy::panic,
    reason = "shared by test programs that each use a part of it, and fail by panicking"
)]

use crete_engine::{Config, Engine, Live, NetworkParts, Patience, PracticeParts, SystemClock};
use crete_host::ThisComputer;
use crete_model::{
    Arch, BootMedium, FactoryOrigin, ImageFile, ImageFormat, ImageId, ImageOrigin, ImageSpec, Job,
    JobId, MachineDraft, MachineId, MachineState, MachineView, Settings,
};
use crete_testkit::disks;
use crete_testkit::qemu::{Console, Control, FakeQemu, Script};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// A busy computer is slow; a hang still ends.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// What the fake guest prints, so that a start is complete at once.
pub const HELLO: &str = "[    0.000000] Linux version 6.18.44-talos\r\n";

pub struct World {
    pub temp: tempfile::TempDir,
    pub fake: FakeQemu,
    pub network: NetworkProgram,
    pub image: ImageId,
}

impl World {
    pub fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        let fake = FakeQemu::install(&temp.path().join("bin")).unwrap();
        let network = NetworkProgram::install(&temp.path().join("bin"));
        let image = ImageId(Uuid::now_v7());
        write_image(&temp.path().join("data/images"), image);
        let world = Self {
            temp,
            fake,
            network,
            image,
        };
        world.play(Script::default());
        world
    }

    /// What machines play from now on; a guest that says nothing says hello.
    pub fn play(&self, mut script: Script) {
        if script.console == Console::default() {
            script.console = Console::text(HELLO);
        }
        self.fake.play(&script);
    }

    pub fn at(&self, path: &str) -> PathBuf {
        self.temp.path().join(path)
    }

    pub fn config(&self) -> Config {
        let search = self.fake.search_path(&std::env::var("PATH").unwrap());
        Config {
            data: self.at("data"),
            runtime: self.at("run"),
            settings: Settings::default(),
            world: Arc::new(ThisComputer::new(&search, "ariadne".to_owned())),
            clock: Arc::new(SystemClock),
            seen: true,
            patience: Patience::default(),
            systemd_bus: None,
            network_parts: self.network.parts(),
            practice_parts: PracticeParts::default(),
            personal: crete_engine::PersonalFiles::default(),
            practice: None,
        }
    }

    pub async fn open(&self) -> Engine {
        Engine::open(self.config()).await.unwrap()
    }

    pub async fn open_with(&self, change: impl FnOnce(&mut Config)) -> Engine {
        let mut config = self.config();
        change(&mut config);
        Engine::open(config).await.unwrap()
    }

    /// A machine that is off.
    pub fn machine(&self, engine: &Engine) -> MachineId {
        engine.create_machine(&self.draft("knossos")).unwrap()
    }

    pub fn draft(&self, name: &str) -> MachineDraft {
        MachineDraft {
            name: name.to_owned(),
            image: self.image,
            vcpus: 1,
            memory_mib: 512,
            disk_gib: 10,
            network: None,
        }
    }

    pub fn control(&self, machine: MachineId) -> Control {
        self.fake.control(machine.0).unwrap()
    }

    pub fn assert_nothing_runs(&self) {
        let running = self.fake.running();
        assert!(running.is_empty(), "still running: {running:?}");
    }

    /// Sockets and record of a machine are gone.
    pub fn assert_nothing_is_left(&self, machine: MachineId) {
        let left = names(&self.runtime(machine));
        assert!(left.is_empty(), "left over: {left:?}");
    }

    pub fn folder(&self, machine: MachineId) -> PathBuf {
        self.at("data/machines").join(machine.to_string())
    }

    pub fn runtime(&self, machine: MachineId) -> PathBuf {
        self.at("run").join(machine.short())
    }

    pub fn record(&self, machine: MachineId) -> PathBuf {
        self.runtime(machine).join("process.json")
    }
}

/// The program that carries networks, in a folder. What still runs of it ends when this is dropped.
#[derive(Debug)]
pub struct NetworkProgram(PathBuf);

impl NetworkProgram {
    /// Puts the program into a folder that is there.
    pub fn install(folder: &Path) -> Self {
        let built = crete_testkit::built("crete-net");
        std::os::unix::fs::symlink(built, folder.join("crete-net")).unwrap();
        Self(folder.join("crete-net"))
    }

    /// Puts one of another version in its place, for networks that are started from now on. It greets
    /// with these words: version, and protocol in two numbers.
    pub fn replace_by(&self, manners: &str) {
        let folder = self.0.parent().unwrap();
        fs::write(folder.join("manners"), manners).unwrap();
        fs::remove_file(&self.0).unwrap();
        let fake = crete_testkit::built("crete-fake-network");
        std::os::unix::fs::symlink(fake, &self.0).unwrap();
    }

    /// Puts the real one in its place again.
    pub fn upgrade(&self) {
        fs::remove_file(&self.0).unwrap();
        std::os::unix::fs::symlink(crete_testkit::built("crete-net"), &self.0).unwrap();
    }

    pub fn parts(&self) -> NetworkParts {
        network_parts(self.0.parent().unwrap())
    }

    /// The networks of this program that run now, by process id.
    pub fn running(&self) -> Vec<i32> {
        let name = self.0.as_os_str().as_encoded_bytes();
        let processes = fs::read_dir("/proc").unwrap().flatten();
        let own = processes.filter(|process| {
            let line = fs::read(process.path().join("cmdline")).unwrap_or_default();
            line.split(|byte| *byte == 0).next() == Some(name)
        });
        own.filter_map(|process| process.file_name().to_str()?.parse().ok())
            .collect()
    }
}

impl Drop for NetworkProgram {
    fn drop(&mut self) {
        for pid in self.running() {
            kill(pid);
        }
    }
}

/// The parts of networks whose program is in a folder.
pub fn network_parts(folder: &Path) -> NetworkParts {
    NetworkParts {
        program: folder.join("crete-net"),
        routes: Vec::new,
        ways: None,
    }
}

/// Ends a process that may have ended by itself.
pub fn kill(pid: i32) {
    if let Some(pid) = rustix::process::Pid::from_raw(pid) {
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
    }
}

/// A complete image whose disk holds nothing that boots.
fn write_image(images: &Path, id: ImageId) {
    const SIZE: usize = 16 << 20;
    let folder = images.join(id.to_string());
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("base"), disks::bare_disk(SIZE)).unwrap();
    let spec = ImageSpec {
        schema_version: 2,
        id,
        origin: ImageOrigin::Factory(Box::new(FactoryOrigin {
            schematic: crete_factory::serial_console_schematic(Arch::Amd64),
            schematic_id: "0".repeat(64),
            factory: "https://factory.example".to_owned(),
            asset: "metal-amd64.raw.zst".to_owned(),
        })),
        version: Some("v1.13.9".parse().unwrap()),
        arch: Some(Arch::Amd64),
        medium: BootMedium::DiskImage,
        digest: None,
        created_at: "2026-11-24T12:00:00.000Z".to_owned(),
        file: Some(ImageFile {
            name: "base".to_owned(),
            format: ImageFormat::Raw,
            downloaded: 0,
            sha256: "0".repeat(64),
            virtual_size: SIZE as u64,
            stamp: None,
            layers: Vec::new(),
        }),
    };
    let text = serde_json::to_vec(&spec).unwrap();
    fs::write(folder.join("spec.json"), text).unwrap();
}

/// Waits until an item of a live set is as wanted.
pub async fn until<T>(live: &Live<T>, key: &str, wanted: impl Fn(&T) -> bool) -> T
where
    T: Clone + PartialEq + std::fmt::Debug,
{
    let mut changes = live.subscribe().changes;
    let waiting = async {
        loop {
            if let Some(item) = live.get(key).filter(|item| wanted(item)) {
                return item;
            }
            // Falling behind is no end: the set itself is asked again.
            let _ = changes.recv().await;
        }
    };
    match tokio::time::timeout(PATIENCE, waiting).await {
        Ok(item) => item,
        Err(_) => panic!("still {:?}", live.get(key)),
    }
}

pub fn view(engine: &Engine, machine: MachineId) -> MachineView {
    engine.machines.get(&machine.to_string()).unwrap()
}

pub async fn ended(engine: &Engine, job: JobId) -> Job {
    until(&engine.jobs, &job.to_string(), |job| job.state.is_final()).await
}

/// Starts a machine and waits until the guest has said hello.
pub async fn start(engine: &Engine, machine: MachineId) -> MachineView {
    let job = engine.start(machine).await.unwrap().unwrap();
    ended(engine, job).await;
    running(engine, machine).await
}

pub async fn running(engine: &Engine, machine: MachineId) -> MachineView {
    until(&engine.machines, &machine.to_string(), |view| {
        matches!(view.state, MachineState::Running { .. })
    })
    .await
}

pub async fn off(engine: &Engine, machine: MachineId) -> MachineView {
    until(&engine.machines, &machine.to_string(), |view| {
        matches!(view.state, MachineState::Stopped { .. })
    })
    .await
}

/// Waits for what nothing announces.
pub async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, waiting).await;
    assert!(waited.is_ok(), "never: {what}");
}

/// Names in a folder, sorted; empty when there is none.
pub fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
