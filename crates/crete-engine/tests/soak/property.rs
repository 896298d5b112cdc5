//! What must hold after the next start, wherever the program was killed.

use crate::draw::{Plan, Who};
use crate::journal::Journal;
use crate::site::{self, Site};
use crate::support::{self, names};
use crate::victim;
use crete_engine::Engine;
use crete_model::{
    ImageState, ImageView, Job, JobRequest, JobState, MachineId, MachineState, NetworkState,
    NetworkView,
};
use crete_qemu::lock::RunLock;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Every file is complete or resumable, every disk intact, every machine has a true status, no
/// process is orphaned or doubled, no lock held, no stray file; and what was told to be done is.
pub async fn holds(site: &Site, plan: &Plan) {
    let journal = Journal::read(site.root());
    only_machines_run(site).await;
    let engine = open(site).await;
    assert_eq!(engine.broken.all(), [], "nothing is broken");
    let jobs = engine.jobs.all();
    let cut: Vec<_> = jobs.iter().filter(|job| going_on(job.state)).collect();
    // A file in the images folder may be being taken in already.
    let import =
        |job: &&crete_model::Job| matches!(job.request, crete_model::JobRequest::Import { .. });
    assert!(cut.iter().all(import), "jobs of nobody: {cut:?}");
    machines_are_as_shown(site, &engine, &journal, plan).await;
    networks_are_as_needed(site, &engine, &journal).await;
    images_become_whole(site, &engine, &journal).await;
    saved_files_become_whole(site, &engine, &journal).await;
    crate::access::holds(site, &engine).await;
    if let Some(job) = engine.jobs.all().first() {
        // What is being written of jobs now is no stray file.
        engine.job_details(job.id).await.unwrap();
    }
    no_stray_file(site, &engine);
    everything_goes_on(site, &engine).await;
    engine.close().await;
    no_lock_is_held(site).await;
    // What was being asked of this computer ends an instant later.
    support::eventually("nothing runs in the end", || site.processes().is_empty()).await;
}

fn going_on(state: JobState) -> bool {
    matches!(state, JobState::Queued | JobState::Running)
}

async fn open(site: &Site) -> Engine {
    let config = site::config(site.root(), &site.factory.url);
    Engine::open(config).await.unwrap()
}

/// Whatever belonged to the killed program ends with it; machines and their network go on.
pub async fn only_machines_run(site: &Site) {
    support::eventually("only machines and their network run", || {
        let (machines, networks) = (site.fake.running(), site.network.running());
        let all = site.processes();
        all.iter()
            .all(|(pid, _)| machines.contains(pid) || networks.contains(pid))
    })
    .await;
    let (machines, networks) = (site.fake.running(), site.network.running());
    assert!(machines.len() <= 1, "a machine runs twice: {machines:?}");
    assert!(networks.len() <= 1, "a network runs twice: {networks:?}");
}

/// What was made is there, and the network of a machine is carried while it is on.
async fn networks_are_as_needed(site: &Site, engine: &Engine, journal: &Journal) {
    let networks = engine.networks.all();
    let default: Vec<_> = networks.iter().filter(|one| one.spec.is_default).collect();
    assert_eq!(
        default.len(),
        1,
        "there is one default network: {networks:?}"
    );
    if let Some(made) = journal.done("network") {
        let ids: Vec<String> = networks.iter().map(|one| one.spec.id.to_string()).collect();
        assert!(ids.iter().any(|id| id == made), "{made} of {ids:?}");
    }
    if let Some(opened) = journal.done("port") {
        let ports = &default[0].spec.forwards;
        assert!(
            ports.iter().any(|port| port.id.to_string() == opened),
            "{ports:?}"
        );
    }
    support::eventually("networks run as they are needed", || {
        let carried = |view: &NetworkView| match view.state {
            NetworkState::Running { pid, .. } => Some(pid),
            _ => None,
        };
        let carried: Vec<i32> = engine.networks.all().iter().filter_map(carried).collect();
        carried.len() == site.fake.running().len() && site.network.running() == carried
    })
    .await;
}

const MACHINE: &[&str] = &["create", "start", "stop", "delete", "restore", "purge"];

async fn machines_are_as_shown(site: &Site, engine: &Engine, journal: &Journal, plan: &Plan) {
    let shown = engine.machines.all();
    let running = site.fake.running();
    assert!(shown.len() <= 1, "one was made: {shown:?}");
    for view in &shown {
        let is = match view.state {
            MachineState::Running { .. } => view.pid.into_iter().collect(),
            MachineState::Stopped { .. } => Vec::new(),
            ref other => panic!("nobody does this: {other:?}"),
        };
        assert_eq!(is, running, "a machine's status is true");
    }
    assert!(
        !shown.is_empty() || running.is_empty(),
        "nobody shows what runs"
    );
    let (done, after) = journal.last(MACHINE);
    let here = !shown.is_empty();
    let trashed = !trashed(site, "machines").is_empty();
    let told = format!("{done:?}, then {after:?}: shown {here}, in the trash {trashed}");
    assert!(!(here && trashed), "{told}");
    let made = done.is_some();
    let deletes = done == Some("delete") || after.contains(&"delete");
    let restores = after.contains(&"restore");
    let purged = done == Some("purge");
    let purges = purged || after.contains(&"purge");
    assert!(!made || here || trashed || purges, "lost: {told}");
    assert!(!trashed || deletes, "{told}");
    assert!(!purged || !(here || trashed), "{told}");
    assert!(
        done != Some("delete") || trashed || restores || purges,
        "{told}"
    );
    if plan.first.who == Who::Engine && after.is_empty() {
        assert!(done != Some("start") || running.len() == 1, "{told}");
        assert!(done != Some("stop") || running.is_empty(), "{told}");
    }
    disks_are_intact(site, journal);
}

/// Folders of this kind in the trash.
fn trashed(site: &Site, kind: &str) -> Vec<PathBuf> {
    let trash = site.root().join("data/trash");
    let places = names(&trash).into_iter().map(|name| trash.join(name));
    let of_kind = |place: &PathBuf| {
        let origin = fs::read_to_string(place.join("origin.json")).unwrap_or_default();
        origin.contains(&format!("\"{kind}\""))
    };
    places
        .filter(of_kind)
        .map(|place| place.join("object"))
        .collect()
}

fn machine_folders(site: &Site) -> Vec<PathBuf> {
    let machines = site.root().join("data/machines");
    let mut folders: Vec<PathBuf> = names(&machines)
        .into_iter()
        .map(|name| machines.join(name))
        .collect();
    folders.extend(trashed(site, "machines"));
    folders
}

fn disks_are_intact(site: &Site, journal: &Journal) {
    for folder in machine_folders(site) {
        for name in ["disk.qcow2", "firmware-vars.qcow2"] {
            let path = folder.join(name);
            if path.exists() {
                let mut check = Command::new("qemu-img");
                // A running machine may hold it; nothing is written here.
                let check = check.args(["check", "-q", "-U"]).arg(&path).output();
                let check = check.unwrap();
                assert!(check.status.success(), "{}: {check:?}", path.display());
            }
        }
        if let Some(disk) = journal.done("start") {
            assert_eq!(victim::inode(&folder), disk, "it is the same disk");
        }
    }
}

/// What was told to be there is; the rest can be gone on with, and becomes the same file.
async fn images_become_whole(site: &Site, engine: &Engine, journal: &Journal) {
    // What a person put into the folder is taken in by and by.
    support::eventually("the folder's files are taken in", || {
        let images = engine.images_folder();
        names(&images)
            .iter()
            .all(|name| images.join(name).is_dir() || name.starts_with('.'))
    })
    .await;
    for deed in ["download", "import"] {
        if let Some(image) = journal.done(deed) {
            let state = engine.images.get(image).map(|view| view.state);
            assert_eq!(state, Some(ImageState::Ready), "{deed} was done");
        }
    }
    if journal.done("drop").is_some() {
        let all = engine.images.all();
        assert_eq!(all.len(), 3, "the dropped file is an image: {all:?}");
    }
    for view in engine.images.all() {
        let id = view.spec.id;
        if let Some(job) = engine.resume(id).unwrap() {
            let job = support::ended(engine, job).await;
            assert_eq!(job.state, JobState::Done, "{job:?}");
        }
        let ready = |view: &ImageView| view.state == ImageState::Ready;
        let view = support::until(&engine.images, &id.to_string(), ready).await;
        assert_eq!(view.set_aside, [], "nothing of it is bad");
        let file = view.spec.file.unwrap();
        let bytes = fs::read(engine.image_folder(id).unwrap().join(&file.name)).unwrap();
        let iso = fs::read(site.root().join("own/talos.iso")).unwrap();
        assert!(bytes == site.disk || bytes == iso, "other bytes: {file:?}");
    }
}

/// In the person's own folder stands the whole file, or nothing until its job is gone on with.
async fn saved_files_become_whole(site: &Site, engine: &Engine, journal: &Journal) {
    let folder = site.root().join("saved");
    let file = folder.join(victim::SAVED);
    let whole = || fs::read(&file).is_ok_and(|bytes| bytes.starts_with(b"MZ") && bytes.len() > 20);
    assert!(journal.done("save").is_none() || whole(), "it was saved");
    assert!(!file.exists() || whole(), "a name stands for a whole file");
    let saves = |job: &Job| matches!(job.request, JobRequest::Save { .. });
    for job in engine.jobs.all().into_iter().filter(saves) {
        // Where it arrived just before, the person lets it be replaced.
        if let Some(again) = engine.resume_save(job.id, true).unwrap() {
            let job = support::ended(engine, again).await;
            assert_eq!(job.state, JobState::Done, "{job:?}");
        }
        assert!(whole());
    }
    let stray: Vec<String> = names(&folder);
    let known: &[&str] = if file.exists() { &[victim::SAVED] } else { &[] };
    assert_eq!(stray, known, "left in the person's folder");
}

/// Nothing lies around that no part of the engine knows.
fn no_stray_file(site: &Site, engine: &Engine) {
    let mut stray = Vec::new();
    let data = site.root().join("data");
    for path in files(&data) {
        let inside = path.strip_prefix(&data).unwrap();
        let words: Vec<&str> = inside.iter().map(|word| word.to_str().unwrap()).collect();
        let known = match words[..] {
            [".lock"] | ["drafts", _, "spec.json"] | ["catalogue", "versions.json"] => true,
            ["images", name] => name == ".talos.iso",
            ["images", image, name] => image_file(engine, image, name),
            ["machines", _, name] => machine_file(name),
            ["networks", _, name] => ["spec.json", "network.lock", "network.log"].contains(&name),
            ["trash", _, "origin.json"] => path.with_file_name("object").is_dir(),
            ["trash", _, "object", name] => machine_file(name),
            ["jobs", name] => name.ends_with(".json") || path.with_extension("json").exists(),
            _ => false,
        };
        if !known {
            stray.push(path);
        }
    }
    let run = site.root().join("run");
    for path in files(&run) {
        let owner = path.parent().unwrap().strip_prefix(&run).unwrap();
        let machines = engine.machines.all();
        let machine = machines
            .iter()
            .any(|view| view.pid.is_some() && Path::new(&view.spec.id.short()) == owner);
        let networks = engine.networks.all();
        let network = networks.iter().any(|view| {
            let carried = matches!(view.state, NetworkState::Running { .. });
            carried && Path::new(&view.spec.id.short()) == owner
        });
        let name = path.file_name().unwrap().to_str().unwrap();
        const MACHINE: &[&str] = &[
            "process.json",
            "qmp.sock",
            "tty1.sock",
            "agent.sock",
            "net.sock",
        ];
        let of_machine = MACHINE.contains(&name);
        let of_network = ["process.json", "config.json", "control.sock"].contains(&name);
        if !(machine && of_machine || network && of_network) {
            stray.push(path);
        }
    }
    assert_eq!(stray, [""; 0].map(PathBuf::from), "stray files");
}

fn image_file(engine: &Engine, image: &str, name: &str) -> bool {
    let view = engine.images.get(image);
    let file = view.and_then(|view| view.spec.file).map(|file| file.name);
    // The lock of a download stays: removing it would let two hold it.
    name == "spec.json" || file.as_deref() == Some(name) || name.ends_with(".lock")
}

fn machine_file(name: &str) -> bool {
    [
        "spec.json",
        "disk.lock",
        "disk.qcow2",
        "firmware-vars.qcow2",
        "console.log",
        "qemu.log",
    ]
    .contains(&name)
}

/// All that is no folder, and folders without anything in them where objects should be.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for name in names(folder) {
        let path = folder.join(name);
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

/// It is not only there: it works.
async fn everything_goes_on(site: &Site, engine: &Engine) {
    for view in engine.machines.all() {
        let id: MachineId = view.spec.id;
        if view.pid.is_none() {
            support::start(engine, id).await;
        }
        assert_eq!(site.fake.running().len(), 1);
        engine.stop(id).await.unwrap();
        support::off(engine, id).await;
        let left = names(&site.root().join("run").join(id.short()));
        assert_eq!(left, [""; 0], "left in the runtime folder");
    }
    assert_eq!(site.fake.running(), [0; 0]);
}

/// Any program that is just being started holds a copy of every lock for an instant.
async fn no_lock_is_held(site: &Site) {
    let engine = fs::File::open(site.root().join("data/.lock")).unwrap();
    let free = || engine.try_lock().is_ok();
    support::eventually("the engine's lock is free", free).await;
    for folder in machine_folders(site) {
        let lock = RunLock::take_within(&folder.join("disk.lock"), support::PATIENCE).await;
        assert!(lock.unwrap().is_some(), "the disk's lock is free");
    }
}
