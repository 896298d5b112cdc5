//! Living with a cluster: off and on, more and fewer workers, giving up, and losing a machine.

use super::ground::{Lab, denied};
use crete_model::{
    ClusterAction, ClusterDenied, ClusterEventCode, ClusterPhase, ClusterPreset, ClusterSpec,
    ClusterView, ConsequenceCode, EndpointKind, ErrorCode, HealthCode, JobState, LessWorkers,
    MemberStage, MoreWorkers, StuckCode,
};

fn is(phase: ClusterPhase) -> impl Fn(&ClusterView) -> bool {
    move |view| view.phase == phase
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_goes_off_workers_first_and_comes_back() {
    let lab = Lab::new().await;
    let id = lab.create(ClusterPreset::Small).await;
    let view = lab.until(id, "health", is(ClusterPhase::Healthy)).await;
    assert_eq!(
        denied(&view, ClusterAction::Delete),
        Some(ClusterDenied::StillRunning)
    );
    assert!(lab.engine.delete_cluster(id).await.is_err());
    for _ in 0..2 {
        lab.ground.switched_off.lock().unwrap().clear();
        lab.engine.stop_cluster(id).await.unwrap();
        lab.until(id, "off", is(ClusterPhase::Stopped)).await;
        let order = lab.ground.switched_off.lock().unwrap().clone();
        assert_eq!(order.len(), 3, "each button once: {order:?}");
        assert_eq!(order[2], "knossos-cp-1", "{order:?}");
        lab.engine.start_cluster(id).await.unwrap();
        lab.until(id, "health again", is(ClusterPhase::Healthy))
            .await;
    }
    lab.close().await;
}

/// Whoever comes after the program's end goes on with what switches machines on, although the
/// cluster was healthy before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_begun_with_a_living_cluster_goes_on() {
    let mut lab = Lab::new().await;
    let id = lab.create(ClusterPreset::Solo).await;
    lab.until(id, "health", is(ClusterPhase::Healthy)).await;
    lab.engine.restart_cluster(id).await.unwrap();
    lab.reopen().await;
    let again = |view: &ClusterView| view.phase == ClusterPhase::Healthy && view.job.is_none();
    lab.until(id, "health after a restart", again).await;
    assert_eq!(*lab.ground.switched_off.lock().unwrap(), ["knossos-cp-1"]);

    let wish = MoreWorkers {
        cluster: id,
        count: 1,
        sizes: lab.draft(ClusterPreset::Solo).workers.sizes,
    };
    lab.engine.add_workers(&wish).await.unwrap();
    lab.reopen().await;
    let two = |view: &ClusterView| {
        again(view) && view.members.len() == 2 && view.members[1].stage == MemberStage::Ready
    };
    let view = lab.until(id, "a worker more", two).await;
    assert_eq!(view.spec.begun, None, "nothing is left to go on with");
    lab.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn giving_up_takes_away_what_was_made() {
    let mut lab = Lab::new().await;
    let (id, job) = lab
        .engine
        .create_cluster(&lab.draft(ClusterPreset::Small))
        .unwrap();
    let folder = lab.engine.cluster_folder(id).unwrap();
    let joined = |view: &ClusterView| view.members[0].stage >= MemberStage::Join;
    lab.until(id, "a machine that joined", joined).await;
    assert!(folder.join("secrets.yaml").exists());
    lab.engine.cancel_job(job).unwrap();
    // In the middle of it the program ends; the next one goes on taking away.
    lab.reopen().await;
    lab.until_gone(id).await;
    assert!(lab.ground.names().is_empty(), "no machine is left");
    assert!(*lab.ground.left.lock().unwrap(), "nor its network");
    assert!(!folder.exists(), "nor its secrets");
    let ended = lab.engine.job_details(job).await.unwrap().0;
    assert_eq!(ended.state, JobState::Cancelled);
    lab.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_come_and_go() {
    let lab = Lab::new().await;
    let id = lab.create(ClusterPreset::Solo).await;
    lab.until(id, "health", is(ClusterPhase::Healthy)).await;
    let sizes = lab.draft(ClusterPreset::Solo).workers.sizes;
    let wish = MoreWorkers {
        cluster: id,
        count: 2,
        sizes,
    };
    lab.engine.add_workers(&wish).await.unwrap();
    let three = |view: &ClusterView| {
        view.phase == ClusterPhase::Healthy && view.members.len() == 3 && view.job.is_none()
    };
    let view = lab.until(id, "three machines", three).await;
    assert!(
        view.members
            .iter()
            .all(|one| one.stage == MemberStage::Ready)
    );
    let first = view.members[1].machine;
    let seen = lab.engine.cluster_consequence(id, first, true).unwrap();
    assert_eq!(seen.code, ConsequenceCode::PodsMove);
    let wish = LessWorkers {
        cluster: id,
        machine: first,
        dead: false,
    };
    lab.engine.remove_worker(wish).await.unwrap();
    let two = |view: &ClusterView| {
        view.phase == ClusterPhase::Healthy && view.members.len() == 2 && view.job.is_none()
    };
    lab.until(id, "two machines", two).await;
    assert_eq!(lab.ground.names(), ["knossos-cp-1", "knossos-w-2"]);
    let trashed = lab.ground.discarded.lock().unwrap().clone();
    assert_eq!(trashed, ["knossos-w-1"], "it can be brought back");
    lab.close().await;
}

/// One of three control planes may go; the arithmetic says so before and after.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn etcds_arithmetic_is_told_before_it_hurts() {
    let lab = Lab::new().await;
    let id = lab.create(ClusterPreset::ControlPlane).await;
    let view = lab.until(id, "health", is(ClusterPhase::Healthy)).await;
    let machine = view.members[0].machine;
    let told = lab.engine.cluster_consequence(id, machine, false).unwrap();
    assert_eq!(told.code, ConsequenceCode::NoSpare);
    assert_eq!(told.params["left"], "2");
    lab.ground.dies("knossos-cp-1", "killed").await;
    let degraded =
        |view: &ClusterView| view.phase == ClusterPhase::Degraded && view.quorum.healthy == 2;
    lab.until(id, "a cluster with two of three", degraded).await;
    let told = lab
        .engine
        .cluster_consequence(id, view.members[1].machine, false)
        .unwrap();
    assert_eq!(told.code, ConsequenceCode::QuorumLost);
    assert!(told.confirm);
    let told = lab.engine.cluster_consequence(id, machine, false).unwrap();
    assert_eq!(told.code, ConsequenceCode::None, "it is missing already");
    lab.ground.dies("knossos-cp-2", "killed").await;
    let lost = |view: &ClusterView| {
        view.stuck
            .iter()
            .any(|one| one.code == StuckCode::EtcdNoQuorum)
    };
    let view = lab.until(id, "too few members", lost).await;
    let cause = view
        .stuck
        .iter()
        .find(|one| one.code == StuckCode::EtcdNoQuorum)
        .unwrap();
    assert_eq!(
        (&*cause.params["members"], &*cause.params["needed"]),
        ("3", "2")
    );
    for name in ["knossos-cp-1", "knossos-cp-2"] {
        lab.ground.restart(name).await;
    }
    lab.until(id, "health again", is(ClusterPhase::Healthy))
        .await;
    lab.close().await;
}

/// A worker whose machine is gone for good: taken out although it does not answer, and Kubernetes
/// forgets it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_worker_is_taken_out() {
    let lab = Lab::new().await;
    let id = lab.create(ClusterPreset::Small).await;
    let view = lab.until(id, "health", is(ClusterPhase::Healthy)).await;
    lab.ground.dies("knossos-w-1", "killed").await;
    lab.until(id, "a lost worker", is(ClusterPhase::Degraded))
        .await;
    let wish = LessWorkers {
        cluster: id,
        machine: view.members[1].machine,
        dead: true,
    };
    lab.engine.remove_worker(wish).await.unwrap();
    let two = |view: &ClusterView| {
        view.phase == ClusterPhase::Healthy && view.members.len() == 2 && view.job.is_none()
    };
    let view = lab.until(id, "two machines that are well", two).await;
    assert_eq!(lab.ground.names(), ["knossos-cp-1", "knossos-w-2"]);
    let trashed = lab.ground.discarded.lock().unwrap().clone();
    assert_eq!(trashed, ["knossos-w-1"], "its disk was not wiped");
    let known = view
        .health
        .iter()
        .find(|one| one.code == HealthCode::NodesKnown);
    assert_eq!(known.unwrap().params["of"], "2", "Kubernetes forgot it");
    lab.close().await;
}

/// Taking a worker out switches no other machine on, neither beside it nor after the computer was
/// restarted in the middle.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_leaves_wakes_nobody() {
    let mut lab = Lab::new().await;
    let id = lab.create(ClusterPreset::Small).await;
    let view = lab.until(id, "health", is(ClusterPhase::Healthy)).await;
    lab.ground.pulls_plug("knossos-w-2").await;
    lab.ground.switched_on.lock().unwrap().clear();
    let wish = LessWorkers {
        cluster: id,
        machine: view.members[1].machine,
        dead: false,
    };
    lab.engine.remove_worker(wish).await.unwrap();
    let two = |view: &ClusterView| view.members.len() == 2 && view.job.is_none();
    lab.until(id, "a worker less", two).await;
    assert!(lab.ground.switched_on.lock().unwrap().is_empty());

    // The other one was told to go, and then the power went: so the record says.
    let folder = lab.engine.cluster_folder(id).unwrap();
    lab.engine.close().await;
    lab.ground.pulls_plug("knossos-cp-1").await;
    let record = folder.join("spec.json");
    let mut spec: ClusterSpec = serde_json::from_slice(&std::fs::read(&record).unwrap()).unwrap();
    spec.nodes[1].leaving = true;
    std::fs::write(&record, serde_json::to_vec(&spec).unwrap()).unwrap();
    lab.reopen().await;
    let off = |view: &ClusterView| view.phase == ClusterPhase::Stopped && view.checked_at.is_some();
    let view = lab.until(id, "a cluster that is off", off).await;
    assert!(view.spec.nodes[1].leaving, "it is still to go");
    assert_eq!(view.job, None);
    let again = |next: &ClusterView| next.checked_at != view.checked_at;
    lab.until(id, "another look", again).await;
    assert!(lab.ground.switched_on.lock().unwrap().is_empty());
    lab.close().await;
}

/// The computer was restarted: nothing runs, nothing starts by itself, and one start brings it back
/// as the cluster that it was.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_of_the_computer_is_survived() {
    let mut lab = Lab::new().await;
    let id = lab.create(ClusterPreset::Small).await;
    let before = lab.until(id, "health", is(ClusterPhase::Healthy)).await;
    let formed = before.spec.formed_at.clone();
    lab.engine.close().await;
    for name in ["knossos-cp-1", "knossos-w-1", "knossos-w-2"] {
        lab.ground.pulls_plug(name).await;
    }
    lab.ground.switched_on.lock().unwrap().clear();
    lab.reopen().await;
    let view = lab
        .until(id, "a cluster that is off", is(ClusterPhase::Stopped))
        .await;
    assert_eq!(view.job, None);
    assert_eq!(denied(&view, ClusterAction::Start), None);
    // It looks many times, and starts nothing.
    let looked = view.checked_at.clone();
    let again = |view: &ClusterView| view.checked_at != looked;
    lab.until(id, "another look", again).await;
    assert!(lab.ground.switched_on.lock().unwrap().is_empty());
    lab.engine.start_cluster(id).await.unwrap();
    let view = lab
        .until(id, "health again", is(ClusterPhase::Healthy))
        .await;
    assert_eq!(view.spec.formed_at, formed);
    assert_eq!(view.quorum.members, 1, "the same etcd");
    assert!(
        !view
            .events
            .iter()
            .any(|one| one.code == ClusterEventCode::Bootstrapped),
        "it is not begun anew"
    );
    lab.close().await;
}

/// One control plane holds the virtual address. When it goes another one does, and that is told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_virtual_address_moves_to_another_control_plane() {
    let lab = Lab::new().await;
    let mut draft = lab.draft(ClusterPreset::ControlPlane);
    draft.endpoint = EndpointKind::VirtualIp {
        address: String::new(),
    };
    let id = lab.engine.create_cluster(&draft).unwrap().0;
    let holders = |view: &ClusterView| -> Vec<String> {
        let holders = view.members.iter().filter(|one| one.holds_endpoint);
        holders.map(|one| one.hostname.clone()).collect()
    };
    let held = |view: &ClusterView| {
        view.phase == ClusterPhase::Healthy && view.job.is_none() && holders(view).len() == 1
    };
    let view = lab.until(id, "a holder", held).await;
    let first = holders(&view).remove(0);
    let moved = |view: &ClusterView| {
        let is_move =
            |one: &&crete_model::ClusterEvent| one.code == ClusterEventCode::EndpointMoved;
        view.events.iter().find(is_move).cloned()
    };
    assert_eq!(moved(&view), None, "nobody held it before");
    lab.ground.dies(&first, "killed").await;
    let elsewhere = |view: &ClusterView| {
        moved(view).is_some() && !holders(view).is_empty() && !holders(view).contains(&first)
    };
    let view = lab.until(id, "another holder", elsewhere).await;
    assert_eq!(moved(&view).unwrap().params["node"], holders(&view)[0]);
    lab.close().await;
}

/// More workers are refused for what a new cluster is refused for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_that_this_computer_cannot_carry_are_refused() {
    let lab = Lab::new().await;
    let id = lab.create(ClusterPreset::Solo).await;
    let done = |view: &ClusterView| view.phase == ClusterPhase::Healthy && view.job.is_none();
    lab.until(id, "health", done).await;
    lab.engine.set_visible(true);
    let mut changes = lab.engine.usage.subscribe().changes;
    let usage = loop {
        if let Some(usage) = lab.engine.usage.get("usage") {
            break usage;
        }
        let _ = changes.recv().await;
    };
    let mut sizes = lab.draft(ClusterPreset::Solo).workers.sizes;
    // Each would fit, both together would not.
    sizes.memory_mib = u32::try_from(usage.memory_total >> 20).unwrap() / 2 + 512;
    let wish = MoreWorkers {
        cluster: id,
        count: 2,
        sizes,
    };
    let refused = lab.engine.add_workers(&wish).await.unwrap_err().problem();
    assert_eq!(refused.code, ErrorCode::MemoryShort);
    let spec = lab.engine.clusters.get(&id.to_string()).unwrap().spec;
    assert_eq!(spec.nodes.len(), 1, "nothing was begun");
    lab.close().await;
}
