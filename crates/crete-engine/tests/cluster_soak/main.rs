//! A program that makes a cluster is killed with no chance to say anything, at steps of its own
//! code; its machines go on in another process. Whoever comes next goes on from what is true.
//!
//! ```text
//! machines (this process) ◀─ socket ─ victim: makes a cluster, stops it, deletes it … ── SIGKILL
//!          ▲                                                                              │
//!          └──────────── the next engine: healthy or gone, nobody twice, one etcd ◀───────┘
//! ```
//!
//! `cargo test` kills at a few chosen moments, `cargo xtask soak` at many drawn ones.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]

#[path = "../clusters/ground.rs"]
#[allow(dead_code, reason = "shared with the other tests of clusters")]
mod ground;
mod remote;

use crete_engine::Engine;
use crete_failpoint::Side;
use crete_model::{
    BootMedium, ClusterId, ClusterPhase, ClusterPreset, ClusterSpec, ClusterView, ClusterWish,
    LessWorkers, MemberStage, MemberView,
};
use ground::{Lab, Practice};
use remote::Remote;
use std::fs::File;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::net::UnixListener;
use tokio::process::Command;

const ROOT: &str = "CRETE_CLUSTER_SOAK_ROOT";
const KILL: &str = "CRETE_CLUSTER_SOAK_KILL";
/// Where the machines are, in the folder of a round.
const SOCKET: &str = "machines.sock";
/// The steps that an undisturbed run came by.
const TRACE: &str = "trace";

/// A moment: the step, before or after it, the how many-th time.
#[derive(Debug, Clone)]
struct Point {
    step: String,
    side: Side,
    time: u64,
}

impl std::fmt::Display for Point {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:?} {}", self.step, self.side, self.time)
    }
}

impl Point {
    fn new(step: &str, side: Side, time: u64) -> Self {
        Self {
            step: step.to_owned(),
            side,
            time,
        }
    }

    fn read(text: &str) -> Self {
        let words: Vec<&str> = text.split(' ').collect();
        let side = match words[1] {
            "Before" => Side::Before,
            _ => Side::After,
        };
        Self::new(words[0], side, words[2].parse().unwrap())
    }
}

/// Those of `cargo test`: around everything that cannot be taken back.
fn chosen() -> Vec<Point> {
    [
        // Given up: its machines, its network, its record.
        ("cluster.take_away", Side::After, 1),
        ("cluster.leave", Side::Before, 1),
        ("cluster.remove", Side::Before, 1),
        // The next one is made.
        ("cluster.make", Side::Before, 4),
        ("cluster.make", Side::After, 5),
        ("cluster.secret_create", Side::Before, 1),
        ("cluster.secret_rename", Side::After, 1),
        ("cluster.switch_on", Side::Before, 2),
        ("cluster.apply", Side::Before, 1),
        ("cluster.apply", Side::After, 2),
        ("cluster.bootstrap", Side::Before, 1),
        ("cluster.bootstrap", Side::After, 1),
        ("cluster.sample_apply", Side::After, 1),
        ("cluster.sample_delete", Side::Before, 1),
        ("cluster.reset", Side::Before, 1),
        ("cluster.reset", Side::After, 1),
        ("cluster.part_with", Side::After, 1),
        // Deleted: two machines are left, then its record.
        ("cluster.discard", Side::Before, 1),
        ("cluster.discard", Side::After, 1),
        ("cluster.discard_network", Side::After, 1),
        ("trash.put", Side::Before, 1),
    ]
    .map(|(step, side, time)| Point::new(step, side, time))
    .into()
}

/// SplitMix64: small, and the same everywhere for ever.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % most.max(1)
    }
}

/// As many moments as wanted of an undisturbed run.
fn drawn(seed: u64, trace: &[String], points: usize) -> Vec<Point> {
    let mut dice = Dice(seed);
    let draw = |_| {
        let at = usize::try_from(dice.below(trace.len() as u64)).unwrap();
        let step = &trace[at];
        let time = trace[..=at].iter().filter(|one| *one == step).count();
        let side = match dice.below(2) {
            0 => Side::Before,
            _ => Side::After,
        };
        Point::new(step, side, time as u64)
    };
    (0..points).map(draw).collect()
}

/// The folders and the machines of one round.
struct Site {
    root: tempfile::TempDir,
    ground: Arc<Practice>,
    serving: tokio::task::JoinHandle<()>,
}

impl Site {
    async fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let ground = Practice::new(BootMedium::DiskImage).await;
        let listener = UnixListener::bind(root.path().join(SOCKET)).unwrap();
        let serving = tokio::spawn(remote::serve(Arc::clone(&ground), listener));
        Self {
            root,
            ground,
            serving,
        }
    }

    /// Runs the program until it ends; whether it was killed.
    async fn victim(&self, kill: Option<&Point>) -> bool {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["victim", "--exact", "--ignored", "--nocapture"])
            .env(ROOT, self.root.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        if let Some(kill) = kill {
            command.env(KILL, kill.to_string());
        }
        let output = tokio::time::timeout(Duration::from_secs(240), command.output());
        let output = output.await.expect("the victim ends").unwrap();
        let killed = output.status.signal() == Some(9);
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(killed || output.status.success(), "the victim: {words}");
        killed
    }

    fn trace(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.root.path().join(TRACE)).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    /// The next engine brings it to health, with everybody there once.
    async fn holds(self) {
        let Self {
            root,
            ground,
            serving,
        } = self;
        let lab = Lab::on(root, ground, BootMedium::DiskImage).await;
        let clusters = lab.engine.clusters.all();
        match clusters.as_slice() {
            // It was killed while there was no record: then there is nothing else either.
            [] => assert_eq!(lab.ground.names(), [""; 0]),
            [view] if goes(&view.spec) => {
                lab.until_gone(view.spec.id).await;
                assert_eq!(lab.ground.names(), [""; 0]);
            }
            [view] => one_is_whole(&lab, view.spec.id).await,
            more => panic!("{} clusters", more.len()),
        }
        serving.abort();
        lab.close().await;
    }
}

/// Whether a person wished that it be no more.
fn goes(spec: &ClusterSpec) -> bool {
    matches!(spec.wish, ClusterWish::Undone | ClusterWish::Deleted)
}

async fn one_is_whole(lab: &Lab, id: ClusterId) {
    let view = lab.engine.clusters.get(&id.to_string()).unwrap();
    if let Some(sample) = view.spec.sample {
        // Nobody here runs its pods, so it is never ready.
        if !sample.leaving {
            lab.engine.end_sample(id).await.unwrap();
        }
        lab.until(id, "nothing of the sample", |view| view.sample.is_none())
            .await;
    }
    if view.spec.wish == ClusterWish::Stopped {
        let off = |view: &ClusterView| view.phase == ClusterPhase::Stopped && view.job.is_none();
        lab.until(id, "off", off).await;
        lab.engine.start_cluster(id).await.unwrap();
    }
    let healthy = |view: &ClusterView| view.phase == ClusterPhase::Healthy && view.job.is_none();
    // What was healthy before is not begun again by itself.
    let settled = |view: &ClusterView| healthy(view) || view.phase == ClusterPhase::Stopped;
    if lab.until(id, "settled", settled).await.phase == ClusterPhase::Stopped {
        lab.engine.start_cluster(id).await.unwrap();
    }
    let view = lab.until(id, "health", healthy).await;
    assert_eq!(view.quorum.members, 1, "one etcd");
    // Taking a worker out was either never begun or is brought to its end.
    let names = ["knossos-cp-1", "knossos-w-1", "knossos-w-2"];
    let there = view.members.len();
    assert!(there == 2 || there == 3, "{there} machines");
    assert_eq!(lab.ground.names(), names[..there], "nobody twice");
    let folder = lab.engine.cluster_folder(id).unwrap();
    assert!(folder.join("kubeconfig").exists());
}

async fn round(number: usize, point: &Point) -> Result<bool, String> {
    let begun = Instant::now();
    let playing = point.clone();
    let playing = tokio::spawn(async move {
        let site = Site::new().await;
        let killed = site.victim(Some(&playing)).await;
        site.holds().await;
        killed
    });
    let killed = playing
        .await
        .map_err(|error| format!("round {number}, {point}: {error}"))?;
    let note = if killed { "" } else { " (not reached)" };
    println!(
        "round {number}: {point}{note}, {:.1} s",
        begun.elapsed().as_secs_f64()
    );
    Ok(killed)
}

async fn all(points: &[Point]) -> usize {
    let (mut failed, mut killed) = (Vec::new(), 0);
    for (number, point) in points.iter().enumerate() {
        match round(number, point).await {
            Ok(was) => killed += usize::from(was),
            Err(reason) => {
                println!("FAILED {reason}");
                failed.push(reason);
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    killed
}

/// Off and on again and again, with another engine now and then.
async fn cycles(count: usize) {
    let begun = Instant::now();
    let mut lab = Lab::new().await;
    let id = lab.create(ClusterPreset::Small).await;
    let healthy = |view: &ClusterView| view.phase == ClusterPhase::Healthy && view.job.is_none();
    lab.until(id, "health", healthy).await;
    for cycle in 0..count {
        lab.engine.stop_cluster(id).await.unwrap();
        let off = |view: &ClusterView| view.phase == ClusterPhase::Stopped && view.job.is_none();
        lab.until(id, "off", off).await;
        if cycle % 10 == 9 {
            lab.reopen().await;
        }
        lab.engine.start_cluster(id).await.unwrap();
        lab.until(id, "health again", healthy).await;
        assert_eq!(lab.ground.names().len(), 3, "cycle {cycle}");
    }
    lab.close().await;
    let seconds = begun.elapsed().as_secs_f64();
    println!("{count} cycles of three machines: {seconds:.0} s");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_comes_after_goes_on_from_what_is_true() {
    let points = chosen();
    assert_eq!(all(&points).await, points.len(), "each was reached");
}

fn number(name: &str) -> Option<u64> {
    Some(std::env::var(name).ok()?.parse().expect("a number"))
}

/// The whole: `cargo xtask soak`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes many minutes: cargo xtask soak"]
async fn whole() {
    let now = std::time::SystemTime::now();
    let clock = now.duration_since(std::time::UNIX_EPOCH).unwrap();
    let seed = number("CRETE_SOAK_SEED").unwrap_or(clock.as_secs());
    let count = |name, default| usize::try_from(number(name).unwrap_or(default)).unwrap();
    let site = Site::new().await;
    assert!(!site.victim(None).await);
    let mut points = drawn(seed, &site.trace(), count("CRETE_SOAK_POINTS", 200));
    site.holds().await;
    if let Some(only) = number("CRETE_SOAK_ROUND") {
        points = points
            .drain(..)
            .skip(usize::try_from(only).unwrap())
            .take(1)
            .collect();
    }
    println!("seed {seed}: {} points of a cluster's life", points.len());
    let killed = all(&points).await;
    println!("seed {seed}: none failed, killed at {killed}");
    cycles(count("CRETE_SOAK_CYCLES", 50)).await;
}

/// Not a test: what is killed. It is started by [`Site::victim`].
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "started by the other tests"]
async fn victim() {
    let Some(root) = std::env::var_os(ROOT).map(PathBuf::from) else {
        // Somebody runs the ignored tests by hand.
        return;
    };
    match std::env::var(KILL) {
        Ok(kill) => arm(Point::read(&kill)),
        Err(_) => trace(&root),
    }
    live(&root).await;
}

/// From now on the moment is waited for.
fn arm(point: Point) {
    let times = AtomicU64::new(0);
    assert!(crete_failpoint::observe(move |name, side| {
        if name != point.step || side != point.side {
            return;
        }
        if times.fetch_add(1, Ordering::SeqCst) + 1 < point.time {
            return;
        }
        let own = rustix::process::getpid();
        rustix::process::kill_process(own, rustix::process::Signal::KILL).unwrap();
        loop {
            std::thread::park();
        }
    }));
}

fn trace(root: &Path) {
    let trace = File::options()
        .create(true)
        .append(true)
        .open(root.join(TRACE));
    let trace = trace.unwrap();
    assert!(crete_failpoint::observe(move |name, side| {
        if side == Side::Before {
            (&trace).write_all(format!("{name}\n").as_bytes()).unwrap();
        }
    }));
}

/// A cluster's whole life: one is given up while it is made; the next is made, tries a sample, is
/// stopped, started, loses a worker, and is deleted.
async fn live(root: &Path) {
    let remote = Arc::new(Remote(root.join(SOCKET)));
    let engine = Engine::open_on(ground::config(root), remote).await.unwrap();
    let mut draft = ground::draft(&engine, ClusterPreset::Small, BootMedium::DiskImage);
    draft.name = "knossos".to_owned();
    let (id, _) = engine.create_cluster(&draft).unwrap();
    let made = |member: &MemberView| member.stage != MemberStage::Planned;
    until(&engine, id, |view| view.members.iter().any(made)).await;
    engine.cancel_cluster(id).await.unwrap();
    until_gone(&engine, id).await;

    let (id, _) = engine.create_cluster(&draft).unwrap();
    let healthy = |machines| {
        move |view: &ClusterView| {
            let all = view.members.len() == machines;
            all && view.phase == ClusterPhase::Healthy && view.job.is_none()
        }
    };
    let stopped = |view: &ClusterView| view.phase == ClusterPhase::Stopped && view.job.is_none();
    until(&engine, id, healthy(3)).await;
    let job = engine.try_sample(id).await.unwrap().unwrap();
    let told = |view: &ClusterView| view.sample.as_ref().is_some_and(|sample| sample.of == 2);
    until(&engine, id, told).await;
    engine.cancel_job(job).unwrap();
    until(&engine, id, |view| {
        view.sample.is_none() && healthy(3)(view)
    })
    .await;
    engine.stop_cluster(id).await.unwrap();
    until(&engine, id, stopped).await;
    engine.start_cluster(id).await.unwrap();
    until(&engine, id, healthy(3)).await;
    let members = engine.clusters.get(&id.to_string()).unwrap().members;
    let last = members.last().unwrap().machine;
    let wish = LessWorkers {
        cluster: id,
        machine: last,
        dead: false,
    };
    engine.remove_worker(wish).await.unwrap();
    until(&engine, id, healthy(2)).await;
    engine.stop_cluster(id).await.unwrap();
    until(&engine, id, stopped).await;
    engine.delete_cluster(id).await.unwrap();
    engine.close().await;
}

async fn until(engine: &Engine, id: ClusterId, is: impl Fn(&ClusterView) -> bool) {
    let mut changes = engine.clusters.subscribe().changes;
    let now = || engine.clusters.get(&id.to_string());
    while !now().is_some_and(|view| is(&view)) {
        let _ = changes.recv().await;
    }
}

async fn until_gone(engine: &Engine, id: ClusterId) {
    let mut changes = engine.clusters.subscribe().changes;
    while engine.clusters.get(&id.to_string()).is_some() {
        let _ = changes.recv().await;
    }
}
