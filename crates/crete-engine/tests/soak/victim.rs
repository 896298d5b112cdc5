//! The program that is killed: an engine, and a person who does a bit of everything with it.

use crate::draw::{Kill, Who};
use crate::support::{self, ended, off, running};
use crate::{journal, site};
use crete_engine::{Engine, PracticeFactory};
use crete_failpoint::Side;
use crete_model::{
    Arch, BootMedium, ForwardDraft, ImageChoice, ImageId, ImageState, MachineDraft, MachineId,
    NetworkView, Protocol, StudioDraft, TargetKind,
};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The whole scenario.
pub const PLAY: &str = "play";
/// Only the next start.
pub const RECOVER: &str = "recover";

/// A start during which programs that are asked hang.
pub const HANG: &str = "hang";

/// The version that is downloaded.
pub const VERSION: &str = "v1.13.9";

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

pub async fn run() {
    let Some(root) = variable(site::ROOT).map(PathBuf::from) else {
        // Somebody runs the ignored tests by hand.
        return;
    };
    let part = variable(site::PART).unwrap();
    if let Some(path) = variable(site::TRACE) {
        let trace = File::options().create(true).append(true).open(path);
        let trace = trace.unwrap();
        crete_failpoint::observe(move |name, side| {
            if side == Side::Before {
                (&trace).write_all(format!("{name}\n").as_bytes()).unwrap();
            }
        });
    } else if let Some(kill) = variable(site::KILL) {
        arm(root.clone(), Kill::parse(&kill));
    }
    let factory = variable(site::FACTORY).unwrap();
    if part != PLAY {
        let engine = Engine::open(site::config(&root, &factory)).await.unwrap();
        if part == HANG {
            support::eventually("QEMU is asked", || {
                let asked = crete_testkit::qemu::FakeQemu::asked(&root.join("bin"));
                !asked.is_empty()
            })
            .await;
            kill_process(rustix::process::getpid().as_raw_nonzero().get());
        }
        engine.close().await;
    } else {
        play(&root, &factory).await;
    }
}

/// From now on the moment is waited for.
fn arm(root: PathBuf, kill: Kill) {
    let (time, over) = (AtomicU64::new(0), AtomicBool::new(false));
    let passed = AtomicBool::new(false);
    crete_failpoint::observe(move |name, side| {
        let step = kill.step.as_deref().is_none_or(|step| step == name);
        let due = step && side == kill.side && time.fetch_add(1, Ordering::SeqCst) + 1 >= kill.time;
        // Where QEMU does not run at the moment itself, it is the next one at which it does.
        let late = kill.who == Who::Qemu && passed.load(Ordering::SeqCst);
        if !(due || late) || over.load(Ordering::SeqCst) {
            return;
        }
        passed.store(true, Ordering::SeqCst);
        if kill.who != Who::Engine {
            let killed = kill_qemu(&root);
            // Where only QEMU is meant, it must be there.
            if kill.who == Who::Qemu && !killed {
                return;
            }
        }
        over.store(true, Ordering::SeqCst);
        fs::write(root.join("reached"), "").unwrap();
        if kill.who != Who::Qemu {
            kill_process(rustix::process::getpid().as_raw_nonzero().get());
            loop {
                std::thread::park();
            }
        }
    });
}

/// Kills the machines of these folders, and no other.
fn kill_qemu(root: &Path) -> bool {
    let program = root.join("bin/qemu-system-x86_64");
    let mut killed = false;
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let words: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
        let machine =
            words[0] == program.as_os_str().as_encoded_bytes() && words.contains(&&b"-uuid"[..]);
        let pid = entry.file_name().to_str().and_then(|n| n.parse().ok());
        if let (true, Some(pid)) = (machine, pid) {
            kill_process(pid);
            killed = true;
        }
    }
    killed
}

fn kill_process(pid: i32) {
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    // It may have ended by itself.
    let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
}

pub fn choice() -> ImageChoice {
    ImageChoice {
        version: VERSION.parse().unwrap(),
        arch: Arch::Amd64,
        medium: BootMedium::DiskImage,
    }
}

/// Does something and writes down that it began and how it ended. A kill of QEMU makes deeds fail.
pub async fn deed<T: ToString, E: ToString>(
    root: &Path,
    name: &str,
    work: impl Future<Output = Result<T, E>>,
) -> Option<String> {
    journal::write(root, "begin", name, "");
    match work.await {
        Ok(done) => {
            journal::write(root, "done", name, &done.to_string());
            Some(done.to_string())
        }
        Err(error) => {
            journal::write(root, "fail", name, &error.to_string());
            None
        }
    }
}

async fn ready(engine: &Engine, image: ImageId) -> ImageId {
    support::until(&engine.images, &image.to_string(), |view| {
        view.state == ImageState::Ready
    })
    .await;
    image
}

/// Waits until a machine's job is over, and says which process its machine is then.
async fn start(engine: &Engine, machine: MachineId) -> Result<String, String> {
    let job = engine.start(machine).await.map_err(|e| e.to_string())?;
    let job = ended(engine, job.ok_or("it runs")?).await;
    match job.problem {
        None => Ok(inode(&engine.machine_folder(machine).unwrap())),
        Some(problem) => Err(format!("{problem:?}")),
    }
}

/// Which file a machine's disk is.
pub fn inode(folder: &Path) -> String {
    use std::os::unix::fs::MetadataExt;
    let meta = fs::metadata(folder.join("disk.qcow2"));
    meta.map_or_else(|_| "none".to_owned(), |meta| meta.ino().to_string())
}

async fn play(root: &Path, factory: &str) {
    let practice = PracticeFactory::start(&site::practice_parts(root))
        .await
        .unwrap();
    practice.stop().await;
    let engine = Engine::open(site::config(root, factory)).await.unwrap();
    let image = images(root, &engine).await;
    let draft = engine.save_draft(None, "my node", StudioDraft::default());
    crate::access::play(root, &engine).await;
    machine(root, &engine, image).await;
    engine.delete_draft(draft.unwrap()).unwrap();
    engine.close().await;
}

/// A download, an import, and a file dropped into the folder.
async fn images(root: &Path, engine: &Engine) -> ImageId {
    engine.versions(false).await.unwrap();
    let image = deed(root, "download", async {
        let (image, _) = engine.download(&choice()).map_err(|e| e.to_string())?;
        Ok::<_, String>(ready(engine, image).await)
    });
    let image = image.await.unwrap();
    deed(root, "import", async {
        let import = engine.import(root.join("own/disk.raw")).await;
        let (image, _) = import.map_err(|e| e.to_string())?;
        Ok::<_, String>(ready(engine, image).await)
    })
    .await;
    let before = engine.images.all().len();
    let dropped = engine.images_folder().join("talos.iso");
    let hidden = engine.images_folder().join(".talos.iso");
    fs::copy(root.join("own/talos.iso"), &hidden).unwrap();
    deed(root, "drop", async {
        fs::rename(&hidden, &dropped).map_err(|e| e.to_string())?;
        support::eventually("it is taken in", || {
            let all = engine.images.all();
            all.len() > before && all.iter().all(|view| view.state == ImageState::Ready)
        })
        .await;
        Ok::<_, String>("")
    })
    .await;
    deed(root, "save", save(root, engine)).await;
    image.parse::<uuid::Uuid>().map(ImageId).unwrap()
}

/// What is saved into a folder of the person's own.
pub const SAVED: &str = "kernel-amd64";

async fn save(root: &Path, engine: &Engine) -> Result<String, String> {
    let draft = StudioDraft {
        target: Some(TargetKind::Metal),
        version: Some(choice().version),
        arch: Some(Arch::Amd64),
        ..StudioDraft::default()
    };
    let made = engine.compose(&draft).map_err(|e| e.to_string())?;
    let output = made.outputs.iter().find(|output| output.name == SAVED);
    let text = output.unwrap().text.clone();
    let jobs = engine.save_outputs(&draft, &[text], &root.join("saved"), false);
    let job = ended(engine, jobs.map_err(|e| e.to_string())?[0]).await;
    match job.problem {
        None => Ok(String::new()),
        Some(problem) => Err(format!("{problem:?}")),
    }
}

/// A port that leads to the machine, and a network in which nobody is.
async fn networks(root: &Path, engine: &Engine, machine: MachineId) {
    deed(root, "port", async {
        let seated = |view: &NetworkView| !view.machines.iter().all(|one| one.address.is_empty());
        let default = engine.networks.all().remove(0).spec.id;
        support::until(&engine.networks, &default.to_string(), seated).await;
        let draft = ForwardDraft {
            name: String::new(),
            protocol: Protocol::Udp,
            machine,
            port: 53,
            listen: String::new(),
            listen_port: 0,
            exposed: false,
        };
        engine.open_forward(&draft).await
    })
    .await;
    deed(root, "network", async {
        engine.create_network(&engine.offer_network())
    })
    .await;
}

async fn machine(root: &Path, engine: &Engine, image: ImageId) {
    let draft = MachineDraft {
        name: "knossos".to_owned(),
        image,
        vcpus: 1,
        memory_mib: 512,
        disk_gib: 10,
        network: None,
    };
    let made = deed(root, "create", async { engine.create_machine(&draft) });
    let made = made.await.unwrap();
    let machine = made.parse::<uuid::Uuid>().map(MachineId).unwrap();
    networks(root, engine, machine).await;
    for gentle in [true, false] {
        deed(root, "start", start(engine, machine)).await;
        deed(root, "stop", async {
            if gentle {
                engine.stop(machine).await.map(drop)?;
            } else {
                // It may have been killed before.
                let _ = engine.force_off(machine).await;
            }
            off(engine, machine).await;
            Ok::<_, crete_engine::EngineError>("")
        })
        .await;
    }
    let trash = deed(root, "delete", async {
        engine.delete_machine(machine).await.map(|(trash, _)| trash)
    });
    if let Some(trash) = trash.await {
        deed(root, "restore", async {
            engine.restore(&trash).await.map(|()| "")
        })
        .await;
    }
    if deed(root, "start", start(engine, machine)).await.is_some() {
        running(engine, machine).await;
    }
    deed(root, "stop", async {
        let _ = engine.force_off(machine).await;
        off(engine, machine).await;
        Ok::<_, String>("")
    })
    .await;
    let trash = deed(root, "delete", async {
        engine.delete_machine(machine).await.map(|(trash, _)| trash)
    });
    if let Some(trash) = trash.await {
        deed(root, "purge", async {
            engine.purge(&trash).await.map(|()| "")
        })
        .await;
    }
}
