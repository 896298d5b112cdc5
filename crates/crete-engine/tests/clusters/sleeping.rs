//! The computer sleeps while a cluster is made: its clock goes on, and nothing took that long.

use super::ground::{Lab, codes};
use crete_model::{
    ClusterEvent, ClusterEventCode, ClusterPhase, ClusterPreset, ClusterView, StageCode, StuckCode,
};
use std::sync::Mutex;

/// Long beside everything here, and short beside the life of a certificate.
const SLEPT_S: i64 = 1800;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sleep_is_no_delay_of_anything() {
    let lab = Lab::new().await;
    let healthy = |view: &ClusterView| view.phase == ClusterPhase::Healthy;
    // From the first one it is known how long everything usually takes.
    let first = lab.create(ClusterPreset::Solo).await;
    lab.until(first, "health", healthy).await;
    let usual = lab
        .engine
        .plan_cluster(&lab.draft(ClusterPreset::Solo))
        .usual_s;

    let mut draft = lab.draft(ClusterPreset::Solo);
    draft.name = "phaistos".to_owned();
    let (id, _) = lab.engine.create_cluster(&draft).unwrap();
    // By then every certificate is made: one that is dated after the sleep is one from the future for
    // nodes that did not sleep.
    let answers = |view: &ClusterView| {
        let mut steps = view.timeline.steps.iter();
        steps.any(|step| step.code == StageCode::ControlPlane && step.ended_at.is_some())
    };
    lab.until(id, "a control plane that answers", answers).await;
    lab.clock.sleep(SLEPT_S);
    let said = Mutex::new(Vec::new());
    let woke = |view: &ClusterView| {
        let mut events = view.events.iter();
        let slept = |one: &ClusterEvent| one.params["seconds"].parse::<i64>().unwrap();
        events.any(|one| one.code == ClusterEventCode::Woke && slept(one) >= SLEPT_S)
    };
    let notes = |view: &ClusterView| {
        if woke(view) {
            said.lock().unwrap().extend(codes(&view.stuck));
        }
        woke(view) && healthy(view)
    };
    lab.until(id, "health after the sleep", notes).await;
    let said = said.into_inner().unwrap();
    assert!(!said.contains(&StuckCode::Slow), "{said:?}");
    // The other one was healthy, and is.
    let other = lab.until(first, "a look after the sleep", woke).await;
    assert_eq!(
        (other.phase, other.stuck),
        (ClusterPhase::Healthy, Vec::new())
    );
    let plan = lab.engine.plan_cluster(&lab.draft(ClusterPreset::Solo));
    assert_eq!(plan.usual_s, usual, "a night is not how long it takes");
    lab.close().await;
}
