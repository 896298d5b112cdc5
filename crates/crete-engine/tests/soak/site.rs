//! The folders of one round, the factory, the fake QEMU, and the program that is killed.

use crate::draw::Kill;
use crate::support::{self, NetworkProgram};
use crete_engine::{Config, Patience, PracticeParts, SystemClock};
use crete_host::ThisComputer;
use crete_model::Settings;
use crete_testkit::disks;
use crete_testkit::factory::{Options, PracticeFactory};
use crete_testkit::qemu::{Console, FakeQemu, Script};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::process::Command;

/// What the factory sends, unpacked.
const DISK: usize = 8 << 20;
/// Of it that does not pack well.
const NOISE: usize = 1 << 20;

pub const ROOT: &str = "CRETE_SOAK_ROOT";
pub const FACTORY: &str = "CRETE_SOAK_FACTORY";
pub const PART: &str = "CRETE_SOAK_PART";
pub const KILL: &str = "CRETE_SOAK_KILL";
pub const TRACE: &str = "CRETE_SOAK_TRACE";

pub struct Site {
    pub temp: tempfile::TempDir,
    pub fake: FakeQemu,
    pub network: NetworkProgram,
    pub factory: PracticeFactory,
    /// The factory's disk as it must be in the end.
    pub disk: Vec<u8>,
}

/// What the victim and the next start open.
pub fn config(root: &Path, factory: &str) -> Config {
    let path = std::env::var("PATH").unwrap();
    let search = format!("{}:{path}", root.join("bin").display());
    let mut patience = Patience {
        answer: Duration::from_secs(20),
        ..Patience::default()
    };
    patience.downloads.first_wait = Duration::from_millis(10);
    Config {
        data: root.join("data"),
        runtime: root.join("run"),
        settings: Settings {
            factory_url: factory.to_owned(),
            ..Settings::default()
        },
        world: Arc::new(ThisComputer::new(&search, "ariadne".to_owned())),
        clock: Arc::new(SystemClock),
        seen: true,
        patience,
        systemd_bus: None,
        network_parts: support::network_parts(&root.join("bin")),
        practice_parts: PracticeParts::default(),
        personal: crate::access::files(root),
        practice: None,
    }
}

impl Site {
    pub async fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        crate::access::furnish(temp.path());
        let fake = FakeQemu::install(&temp.path().join("bin")).unwrap();
        fake.play(&Script {
            console: Console::text(support::HELLO),
            ..Script::default()
        });
        let network = NetworkProgram::install(&temp.path().join("bin"));
        let disk = disks::noisy_disk(DISK, NOISE, 7);
        let assets = [("metal-amd64.raw.zst".to_owned(), disks::zst(&disk).into())];
        let factory = PracticeFactory::start(Options {
            assets: assets.into(),
            ..Options::default()
        });
        fs::create_dir(temp.path().join("own")).unwrap();
        fs::create_dir(temp.path().join("saved")).unwrap();
        fs::write(temp.path().join("own/disk.raw"), &disk).unwrap();
        fs::write(temp.path().join("own/talos.iso"), disks::talos_iso()).unwrap();
        // A log without its record: what an old removal that was cut off left.
        fs::create_dir_all(temp.path().join("data/jobs")).unwrap();
        let lonely = format!("data/jobs/{}.log", uuid::Uuid::now_v7());
        fs::write(temp.path().join(lonely), "line\n").unwrap();
        // A stand-in for the practice factory: it listens nowhere, and ends with its input.
        practice_parts(temp.path());
        Self {
            factory: factory.await.unwrap(),
            temp,
            fake,
            network,
            disk,
        }
    }

    pub fn root(&self) -> &Path {
        self.temp.path()
    }

    /// Runs the program until it ends; whether it came by the moment it was to be killed at.
    pub async fn victim(&self, part: &str, kill: Option<&Kill>) -> bool {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["victim", "--exact", "--ignored", "--nocapture"])
            .env(ROOT, self.root())
            .env(FACTORY, &self.factory.url)
            .env(PART, part)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        match kill {
            Some(kill) => command.env(KILL, kill.to_string()),
            None => command.env(TRACE, self.root().join("trace")),
        };
        let output = tokio::time::timeout(support::PATIENCE, command.output()).await;
        let output = output.expect("the victim ends").unwrap();
        use std::os::unix::process::ExitStatusExt;
        let killed = output.status.signal() == Some(9);
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(killed || output.status.success(), "the victim: {words}");
        self.root().join("reached").exists()
    }

    /// The steps of a whole scenario that nobody disturbs.
    pub async fn trace(&self) -> Vec<String> {
        self.victim(crate::victim::PLAY, None).await;
        let text = fs::read_to_string(self.root().join("trace")).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    /// Processes of these folders, this program left out, with their command lines.
    pub fn processes(&self) -> Vec<(i32, String)> {
        let root = self.root().as_os_str().as_encoded_bytes();
        let names = |text: &[u8]| text.windows(root.len()).any(|part| part == root);
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc").unwrap().flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|n| n.parse().ok()) else {
                continue;
            };
            let read = |name: &str| fs::read(entry.path().join(name)).unwrap_or_default();
            let line = read("cmdline");
            // A zombie has neither.
            if names(&line) || names(&read("environ")) {
                let line = String::from_utf8_lossy(&line).replace('\0', " ");
                found.push((pid, line));
            }
        }
        found
    }
}

/// Parts of practice mode that are there.
pub fn practice_parts(root: &Path) -> PracticeParts {
    let parts = PracticeParts {
        factory: root.join("own/factory"),
        images: root.join("own/practice"),
    };
    if !parts.factory.exists() {
        fs::create_dir(&parts.images).unwrap();
        for name in ["metal-amd64.iso", "metal-amd64.raw.zst"] {
            fs::write(parts.images.join(name), "").unwrap();
        }
        let text =
            "#!/bin/sh\necho practice factory listening on http://127.0.0.1:9/\ncat >/dev/null\n";
        write_program(&parts.factory, text);
    }
    parts
}

/// Another process writes it: were it this one, a fork at the wrong moment would hold the file
/// open for writing, and the kernel would refuse to run it.
fn write_program(path: &PathBuf, text: &str) {
    let write = r#"printf '%s' "$1" > "$2" && chmod 700 "$2""#;
    let mut shell = std::process::Command::new("sh");
    let shell = shell.args(["-c", write, "sh", text]).arg(path);
    assert!(shell.status().unwrap().success());
}
