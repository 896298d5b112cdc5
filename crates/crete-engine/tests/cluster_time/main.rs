//! Clusters in a time that stands still: everything takes exactly as long as it does on real
//! nodes, and no longer than a moment here.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]

mod ground;

use crete_kube::{Cluster, Dial, Transport};
use crete_model::{
    AccessKind, AccessRole, BootMedium, ClusterId, ClusterPhase, ClusterPreset, ClusterView,
    MemberStage,
};
use ground::Lab;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How often the test itself looks; it is far more often than the driver does.
const LOOK: Duration = Duration::from_millis(50);

async fn healthy(lab: &Lab, id: ClusterId) -> ClusterView {
    let healthy = |view: &ClusterView| view.phase == ClusterPhase::Healthy && view.job.is_none();
    let view = lab.until(id, "healthy", healthy).await;
    let ready = |one: &crete_model::MemberView| one.stage == MemberStage::Ready;
    assert!(view.members.iter().all(ready));
    view
}

/// How often by each medium: fifty times in all. Each costs seconds of the processor, although time
/// stands still.
const CYCLES: usize = 25;

/// The same shape many times off and on, and now and then with another engine: it comes back each
/// time, with everybody in it, and nothing piles up.
async fn three_machines_many_times_off_and_on(medium: BootMedium) {
    let mut lab = Lab::of(medium).await;
    let draft = lab.draft(ClusterPreset::Small);
    let (id, _) = lab.engine.create_cluster(&draft).unwrap();
    let first = healthy(&lab, id).await;
    for cycle in 1..=CYCLES {
        lab.engine.stop_cluster(id).await.unwrap();
        let off = |view: &ClusterView| view.phase == ClusterPhase::Stopped && view.job.is_none();
        lab.until(id, "off", off).await;
        if cycle % 10 == 5 {
            lab.reopen().await;
        }
        lab.engine.start_cluster(id).await.unwrap();
        let view = healthy(&lab, id).await;
        assert_eq!(view.spec.nodes, first.spec.nodes, "cycle {cycle}");
        assert_eq!(view.quorum.members, 1, "cycle {cycle}");
        assert_eq!(view.spec.formed_at, first.spec.formed_at, "cycle {cycle}");
    }
    lab.engine.close().await;
}

#[tokio::test(start_paused = true)]
async fn three_machines_of_a_disk_image_many_times_off_and_on() {
    three_machines_many_times_off_and_on(BootMedium::DiskImage).await;
}

#[tokio::test(start_paused = true)]
async fn three_machines_of_a_cd_many_times_off_and_on() {
    three_machines_many_times_off_and_on(BootMedium::Iso).await;
}

/// The way to a control plane, as Kubernetes' client wants it.
#[derive(Debug)]
struct Way(Arc<dyn crete_talos::api::Dial>);

#[async_trait::async_trait]
impl Dial for Way {
    async fn dial(&self) -> io::Result<Box<dyn Transport>> {
        Ok(Box::new(self.0.dial().await?))
    }
}

/// Waits until Kubernetes itself says that everything a cluster is to have is there.
async fn kubernetes_is_complete(lab: &Lab, id: ClusterId, nodes: usize) -> Instant {
    let key = id.to_string();
    let mut client: Option<Cluster> = None;
    loop {
        tokio::time::sleep(LOOK).await;
        let Some(view) = lab.engine.clusters.get(&key) else {
            continue;
        };
        let folder = lab.engine.cluster_folder(id).unwrap();
        if client.is_none() && folder.join("secrets.yaml").exists() && view.spec.api.is_some() {
            let key = (AccessKind::Kubeconfig, AccessRole::Admin);
            let text = lab.engine.access_text(id, key.0, key.1).await.unwrap();
            let made = view
                .members
                .iter()
                .any(|one| one.stage > MemberStage::Planned);
            let way = made.then(|| Arc::new(Way(lab.control_plane(&view))));
            client = way.map(|way| Cluster::new(text.as_bytes(), way).unwrap());
        }
        let Some(client) = &client else {
            continue;
        };
        let (Ok(known), Ok(pods)) = (client.nodes().await, client.system_pods().await) else {
            continue;
        };
        let ready = known.iter().filter(|node| node.ready == Some(true)).count();
        let dns = pods.iter().any(|pod| pod.app == "kube-dns");
        if ready == nodes && dns && pods.iter().all(|pod| pod.ready) {
            return Instant::now();
        }
    }
}

/// What the driver adds to a creation whose stages take as long as on real nodes: at every step the
/// time from when the node's own clock says that it was possible to when the driver did it.
async fn adds(preset: ClusterPreset, medium: BootMedium) -> f64 {
    let lab = Lab::of(medium).await;
    let draft = lab.draft(preset);
    let begun = Instant::now();
    let (id, _) = lab.engine.create_cluster(&draft).unwrap();
    let nodes = (draft.control_planes.count + draft.workers.count) as usize;
    let (complete, ended) = tokio::join!(kubernetes_is_complete(&lab, id, nodes), async {
        healthy(&lab, id).await;
        Instant::now()
    });
    let consoles = lab.ground.consoles();
    let latest = |step: &str, from: &str, to: &str| {
        let gaps = consoles.iter().filter_map(|(_, _, console)| {
            let possible = console.when(from)?;
            Some(console.when(to)?.saturating_duration_since(possible))
        });
        let gap = gaps
            .max()
            .unwrap_or_else(|| panic!("{step}: nobody did it"));
        println!("  {step}: {:.2} s", gap.as_secs_f64());
        gap
    };
    let on = consoles
        .iter()
        .map(|(_, on, _)| on.duration_since(begun))
        .max();
    let on = on.unwrap();
    println!("  switch on: {:.2} s", on.as_secs_f64());
    let apply = latest(
        "apply",
        "service[apid](Running): Health check successful",
        "apply config request",
    );
    let bootstrap = latest(
        "bootstrap",
        "etcd is waiting to join the cluster",
        "bootstrap request received",
    );
    let seen = ended.saturating_duration_since(complete);
    println!("  healthy: {:.2} s", seen.as_secs_f64());
    let total = ended.duration_since(begun);
    let added = on + apply + bootstrap + seen;
    let share = added.as_secs_f64() / total.as_secs_f64();
    println!(
        "{preset:?} by {medium:?}: the driver adds {:.2} s of {:.1} s, {:.2} %",
        added.as_secs_f64(),
        total.as_secs_f64(),
        share * 100.0
    );
    lab.engine.close().await;
    share
}

/// The goal is less than 3 in a hundred.
#[tokio::test(start_paused = true)]
async fn the_driver_adds_next_to_nothing() {
    for (preset, medium) in [
        (ClusterPreset::Solo, BootMedium::DiskImage),
        (ClusterPreset::Small, BootMedium::DiskImage),
        (ClusterPreset::HighAvailability, BootMedium::Iso),
    ] {
        let share = adds(preset, medium).await;
        assert!(share < 0.03, "{preset:?} {medium:?}: {share}");
    }
}
