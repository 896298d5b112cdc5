//! Living with a cluster: off and on, more and fewer workers, giving up, and losing a machine.

use super::ground::Lab;
use crete_model::{
    ClusterAction, ClusterDenied, ClusterPhase, ClusterPreset, ClusterView, ConsequenceCode,
    JobState, LessWorkers, MemberStage, MoreWorkers, StuckCode,
};

fn is(phase: ClusterPhase) -> impl Fn(&ClusterView) -> bool {
    move |view| view.phase == phase
}

fn denied(view: &ClusterView, action: ClusterAction) -> Option<ClusterDenied> {
    let found = view.actions.iter().find(|one| one.action == action);
    found.unwrap().denied
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
