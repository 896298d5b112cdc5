//! The whole engine on real machines: QEMU, the rootless network, practice guests that become
//! Kubernetes. What a person does in the page is done here by the same calls.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use crete_engine::{Engine, Places};
use crete_kube::{Cluster, Dial, Transport, server};
use crete_model::{
    ClusterId, ClusterPhase, ClusterPreset, ClusterView, MachineState, MemberStage, Settings,
};
use crete_vm_tests::{PATIENCE, image};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;
use tokio::net::TcpStream;

/// A person's empty home, with the engine in practice mode.
struct Site {
    home: tempfile::TempDir,
    engine: Engine,
}

impl Site {
    async fn open() -> Self {
        let home = tempfile::tempdir().unwrap();
        let engine = open(home.path()).await;
        Self { home, engine }
    }

    /// Ends the engine and opens another one on the same data; machines go on.
    async fn reopen(&mut self) {
        self.engine.close().await;
        self.engine = open(self.home.path()).await;
    }

    /// Waits until a cluster is as wanted; says what it was instead.
    async fn until(
        &self,
        id: ClusterId,
        what: &str,
        wanted: impl Fn(&ClusterView) -> bool,
    ) -> ClusterView {
        let begun = Instant::now();
        let mut changes = self.engine.clusters.subscribe().changes;
        let key = id.to_string();
        let waiting = async {
            loop {
                if let Some(view) = self.engine.clusters.get(&key).filter(|view| wanted(view)) {
                    return view;
                }
                let _ = changes.recv().await;
            }
        };
        match tokio::time::timeout(PATIENCE, waiting).await {
            Ok(view) => {
                println!("{what} after {:.1} s", begun.elapsed().as_secs_f64());
                view
            }
            Err(_) => panic!("never {what}: {:#?}", self.engine.clusters.get(&key)),
        }
    }

    async fn until_healthy(&self, id: ClusterId) -> ClusterView {
        let healthy = |view: &ClusterView| view.phase == ClusterPhase::Healthy;
        let view = self.until(id, "healthy", healthy).await;
        let ready = |one: &crete_model::MemberView| one.stage == MemberStage::Ready;
        assert!(view.members.iter().all(ready));
        view
    }

    /// Pulls the plug of all machines at once; gives their disks.
    async fn pull_the_plug(&self, id: ClusterId) -> Vec<PathBuf> {
        for view in self.engine.machines.all() {
            let pid = view.pid.and_then(rustix::process::Pid::from_raw);
            rustix::process::kill_process(pid.unwrap(), rustix::process::Signal::KILL).unwrap();
        }
        self.until(id, "without power", |_| self.running() == 0)
            .await;
        let machines = self.engine.machines.all().into_iter();
        let folder = |view: crete_model::MachineView| {
            let machines = self.engine.data_dir().join("machines");
            machines.join(view.spec.id.to_string()).join("disk.qcow2")
        };
        machines.map(folder).collect()
    }

    fn running(&self) -> usize {
        let machines = self.engine.machines.all().into_iter();
        let on =
            |view: &crete_model::MachineView| !matches!(view.state, MachineState::Stopped { .. });
        machines.filter(on).count()
    }

    /// Ends whatever runs: a test that fails leaves nothing behind either way, for its machines are
    /// ended by their records.
    async fn close(self) {
        for view in self.engine.machines.all() {
            // One that is off already refuses, which is as good.
            let _ = self.engine.force_off(view.spec.id).await;
        }
        self.engine.close().await;
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        // After a panic the engine was not closed: its machines must not outlive their disks.
        for view in self.engine.machines.all() {
            let pid = view.pid.and_then(rustix::process::Pid::from_raw);
            if let Some(pid) = pid {
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
            }
        }
    }
}

async fn open(home: &Path) -> Engine {
    let program = std::env::current_exe().unwrap();
    let programs = program.parent().and_then(Path::parent).unwrap();
    let images = image("metal-amd64.raw.zst");
    let images = images.parent().unwrap();
    let runtime = home.join("run");
    let read = |name: &str| match name {
        "PATH" | "USER" => std::env::var(name).ok(),
        "HOME" => Some(home.display().to_string()),
        "XDG_RUNTIME_DIR" => Some(runtime.display().to_string()),
        "CRETE_NET" => Some(programs.join("crete-net").display().to_string()),
        "CRETE_PRACTICE_FACTORY" => {
            let factory = programs.join("crete-practice-factory");
            Some(factory.display().to_string())
        }
        "CRETE_PRACTICE_IMAGES" => Some(images.display().to_string()),
        _ => None,
    };
    let places = Places::from_environment(read, &program);
    places.open(Settings::default(), true).await.unwrap()
}

/// Whether a disk's tables are whole. Clusters that nothing refers to are none of its content: they
/// are what is left of a write that was cut off.
fn disk_is_intact(disk: &Path) -> bool {
    const LEAKS_ALONE: i32 = 3;
    let mut check = std::process::Command::new("qemu-img");
    let output = check.arg("check").arg(disk).output().unwrap();
    println!("{}", String::from_utf8_lossy(&output.stdout).trim());
    matches!(output.status.code(), Some(0 | LEAKS_ALONE))
}

/// The way that every tool of this computer takes.
#[derive(Debug)]
struct Tcp(String, u16);

#[async_trait::async_trait]
impl Dial for Tcp {
    async fn dial(&self) -> io::Result<Box<dyn Transport>> {
        let stream = TcpStream::connect((self.0.as_str(), self.1)).await?;
        Ok(Box::new(stream))
    }
}

/// How many nodes are Ready, asked with nothing but the key file that was made.
async fn ready_nodes(view: &ClusterView) -> usize {
    let file = view.files.kubeconfig.clone().unwrap();
    let kubeconfig = std::fs::read(file).unwrap();
    let (host, port) = server(&kubeconfig).unwrap();
    let cluster = Cluster::new(&kubeconfig, Arc::new(Tcp(host, port))).unwrap();
    let nodes = cluster.with_patience(PATIENCE).nodes().await.unwrap();
    nodes.iter().filter(|node| node.ready == Some(true)).count()
}

fn told(view: &ClusterView) {
    for step in &view.timeline.steps {
        println!(
            "  {:?} {} - {}",
            step.code,
            step.started_at.as_deref().unwrap_or_default(),
            step.ended_at.as_deref().unwrap_or_default()
        );
    }
}

/// Three machines, from nothing but the defaults to healthy, three times off and on; the engine is
/// another one in the middle. Then their power goes, and nothing is lost by it.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the practice images: cargo xtask test vm"]
async fn a_cluster_comes_up_and_goes_off_and_on_again() {
    let begun = Instant::now();
    let mut site = Site::open().await;
    let small = Some(ClusterPreset::Small);
    let draft = site.engine.offer_cluster(small, None).unwrap().draft;
    let (id, _) = site.engine.create_cluster(&draft).unwrap();
    let view = site.until_healthy(id).await;
    told(&view);
    assert_eq!(view.members.len(), 3);
    assert_eq!(ready_nodes(&view).await, 3);
    for cycle in 1..=3 {
        site.engine.stop_cluster(id).await.unwrap();
        let off = |view: &ClusterView| view.phase == ClusterPhase::Stopped && view.job.is_none();
        site.until(id, "off", off).await;
        assert_eq!(site.running(), 0, "cycle {cycle}");
        if cycle == 2 {
            site.reopen().await;
        }
        site.engine.start_cluster(id).await.unwrap();
        let view = site.until_healthy(id).await;
        assert_eq!(ready_nodes(&view).await, 3, "cycle {cycle}");
    }
    for disk in site.pull_the_plug(id).await {
        assert!(disk_is_intact(&disk), "{}", disk.display());
    }
    site.engine.start_cluster(id).await.unwrap();
    let view = site.until_healthy(id).await;
    assert_eq!(ready_nodes(&view).await, 3);
    println!("all of it in {:.1} s", begun.elapsed().as_secs_f64());
    site.close().await;
}
