//! Taking workers out when something is in the way: each ends in a named cause with something to do
//! about it, and goes on when the cause goes or a person says so.

use super::ground::Lab;
use crete_engine::cluster::Ground;
use crete_model::{
    ClusterId, ClusterPhase, ClusterPreset, ClusterRemedy, ClusterView, LessWorkers, MemberStage,
    Stuck, StuckCode,
};
use crete_testkit::talos::Fault;

const CONTROL_PLANE: &str = "knossos-cp-1";
const FIRST: &str = "knossos-w-1";
const SECOND: &str = "knossos-w-2";

/// A cluster of one control plane and two workers that is well.
async fn healthy() -> (Lab, ClusterId, ClusterView) {
    let lab = Lab::new().await;
    let id = lab.create(ClusterPreset::Small).await;
    let is_well = |view: &ClusterView| view.phase == ClusterPhase::Healthy;
    let view = lab.until(id, "health", is_well).await;
    (lab, id, view)
}

async fn remove(lab: &Lab, view: &ClusterView, at: usize, dead: bool) {
    let wish = LessWorkers {
        cluster: view.spec.id,
        machine: view.members[at].machine,
        dead,
    };
    assert!(lab.engine.remove_worker(wish).await.unwrap().is_some());
}

fn cause<'a>(view: &'a ClusterView, node: &str, code: StuckCode) -> Option<&'a Stuck> {
    let mut causes = view.stuck.iter();
    causes.find(|one| one.code == code && one.params["node"] == node)
}

/// Waits for a cause; it has a remedy.
async fn named(lab: &Lab, id: ClusterId, node: &str, code: StuckCode) -> Stuck {
    let is_named = |view: &ClusterView| cause(view, node, code).is_some();
    let view = lab.until(id, &format!("{node}: {code:?}"), is_named).await;
    let stuck = cause(&view, node, code).unwrap().clone();
    assert!(!stuck.remedies.is_empty());
    assert!(!stuck.evidence.is_empty());
    stuck
}

fn takes_out(stuck: &Stuck) -> bool {
    let takes = |one: &ClusterRemedy| matches!(one, ClusterRemedy::TakeOut { .. });
    stuck.remedies.iter().any(takes)
}

/// Waits until so many machines are left, all are well, and nothing goes on.
async fn left(lab: &Lab, id: ClusterId, names: &[&str]) {
    let done = |view: &ClusterView| {
        view.phase == ClusterPhase::Healthy
            && view.members.len() == names.len()
            && view.job.is_none()
            && view.stuck.is_empty()
    };
    lab.until(id, &format!("{names:?}"), done).await;
    assert_eq!(lab.ground.names(), names);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_reset_is_named_until_it_is_not_refused_or_not_asked_for() {
    let (lab, id, view) = healthy().await;
    for name in [FIRST, SECOND] {
        lab.ground.faults_of(name).set(Fault::ResetRefused);
    }
    remove(&lab, &view, 1, false).await;
    let stuck = named(&lab, id, FIRST, StuckCode::LeaveRefused).await;
    assert!(stuck.params["text"].contains("drain"), "{:?}", stuck.params);
    assert!(takes_out(&stuck));
    lab.ground.faults_of(FIRST).clear(Fault::ResetRefused);
    left(&lab, id, &[CONTROL_PLANE, SECOND]).await;

    remove(&lab, &view, 2, false).await;
    named(&lab, id, SECOND, StuckCode::LeaveRefused).await;
    // What the remedy does, while the work goes on.
    remove(&lab, &view, 2, true).await;
    let alone = |view: &ClusterView| view.members.len() == 1 && view.job.is_none();
    lab.until(id, "no worker", alone).await;
    assert_eq!(lab.ground.names(), [CONTROL_PLANE]);
    lab.close().await;
}

/// That it is dead is on disk: the next program does not wait for an answer that never comes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kubernetes_is_waited_for_by_name_and_a_program_later_too() {
    let (mut lab, id, view) = healthy().await;
    lab.ground.faults_of(FIRST).set(Fault::CallsHang);
    lab.ground.dies(CONTROL_PLANE, "killed").await;
    let away = |view: &ClusterView| view.quorum.healthy == 0;
    lab.until(id, "no control plane", away).await;
    remove(&lab, &view, 1, true).await;
    let stuck = named(&lab, id, FIRST, StuckCode::LeaveRemembered).await;
    assert!(!stuck.params["text"].is_empty());
    // The next program switches nothing on; once a person has, it does not wait for the worker.
    lab.reopen().await;
    let control_plane = view.members[0].machine;
    lab.ground.switch_on(control_plane).await.unwrap();
    left(&lab, id, &[CONTROL_PLANE, SECOND]).await;
    lab.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_does_not_answer_is_named_and_may_stay_after_all() {
    let (lab, id, view) = healthy().await;
    lab.ground.faults_of(FIRST).set(Fault::CallsHang);
    let lost = |view: &ClusterView| view.members[1].stage == MemberStage::Lost;
    lab.until(id, "a worker that does not answer", lost).await;
    remove(&lab, &view, 1, false).await;
    let stuck = named(&lab, id, FIRST, StuckCode::LeaveSilent).await;
    assert!(stuck.params["seconds"].parse::<u64>().unwrap() >= 60);
    assert!(takes_out(&stuck));
    // A person thinks better of it.
    let job = lab.engine.clusters.get(&id.to_string()).unwrap().job;
    lab.engine.cancel_job(job.unwrap()).unwrap();
    let stays = |view: &ClusterView| view.job.is_none() && !view.spec.nodes[1].leaving;
    lab.until(id, "a worker that stays", stays).await;
    lab.ground.faults_of(FIRST).clear(Fault::CallsHang);
    left(&lab, id, &[CONTROL_PLANE, FIRST, SECOND]).await;
    lab.close().await;
}
