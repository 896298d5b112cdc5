//! Machines that are made for other tools: made once, and left alone then.

use super::ground::{Lab, denied};
use crete_model::{
    BootMedium, ClusterAction, ClusterDenied, ClusterId, ClusterPhase, ClusterPreset, ClusterView,
    ConsequenceCode, JobState, MemberStage,
};

fn is(phase: ClusterPhase) -> impl Fn(&ClusterView) -> bool {
    move |view| view.phase == phase
}

async fn waiting(lab: &Lab, preset: ClusterPreset) -> ClusterView {
    let mut draft = lab.draft(preset);
    draft.leave_in_maintenance = true;
    let (id, job) = lab.engine.create_cluster(&draft).unwrap();
    let waits = is(ClusterPhase::Maintenance);
    let view = lab.until(id, "machines that wait", waits).await;
    let done = lab.engine.job_details(job).await.unwrap().0;
    assert_eq!(done.state, JobState::Done);
    view
}

/// Somebody else, who knows the same machines and gives them a configuration of their own.
async fn another_tool(lab: &Lab, id: ClusterId) -> Lab {
    let root = tempfile::tempdir().unwrap();
    let record = |root: &std::path::Path| root.join(format!("data/clusters/{id}/spec.json"));
    let text = std::fs::read_to_string(record(lab.root.path())).unwrap();
    let mut spec: crete_model::ClusterSpec = serde_json::from_str(&text).unwrap();
    spec.leave_in_maintenance = false;
    spec.formed_at = None;
    spec.begun = Some(crete_model::ClusterWork::Create);
    let own = record(root.path());
    std::fs::create_dir_all(own.parent().unwrap()).unwrap();
    std::fs::write(own, serde_json::to_vec(&spec).unwrap()).unwrap();
    Lab::on(root, lab.ground.clone(), BootMedium::DiskImage).await
}

/// It is made when its machines wait. From then on it lives as any other: it is not given up any
/// more, but stopped, started and deleted, and no start of the program makes it anew.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn machines_that_wait_are_made_once() {
    let mut lab = Lab::new().await;
    let view = waiting(&lab, ClusterPreset::Small).await;
    let id = view.spec.id;
    let stages = view.members.iter().map(|one| one.stage);
    assert!(
        stages
            .into_iter()
            .all(|stage| stage == MemberStage::Maintenance)
    );
    let folder = lab.engine.cluster_folder(id).unwrap();
    assert!(!folder.join("secrets.yaml").exists());
    let why = |action| denied(&view, action);
    assert_eq!(why(ClusterAction::Cancel), Some(ClusterDenied::Formed));
    assert_eq!(why(ClusterAction::Stop), None);
    assert_eq!(why(ClusterAction::Restart), None);
    assert_eq!(why(ClusterAction::AddWorkers), Some(ClusterDenied::NotOurs));
    // What it took is no measure for a cluster that becomes healthy.
    let mut draft = lab.draft(ClusterPreset::Small);
    assert_eq!(lab.engine.plan_cluster(&draft).usual_s, None);
    draft.leave_in_maintenance = true;
    assert!(lab.engine.plan_cluster(&draft).usual_s.is_some());

    lab.engine.close().await;
    for name in lab.ground.names() {
        lab.ground.pulls_plug(&name).await;
    }
    lab.ground.switched_on.lock().unwrap().clear();
    lab.reopen().await;
    let off = |view: &ClusterView| view.phase == ClusterPhase::Stopped && view.checked_at.is_some();
    let view = lab.until(id, "a cluster that is off", off).await;
    assert_eq!(view.job, None);
    let again = |next: &ClusterView| next.checked_at != view.checked_at;
    lab.until(id, "another look", again).await;
    assert!(lab.ground.switched_on.lock().unwrap().is_empty());

    lab.engine.start_cluster(id).await.unwrap();
    let waits = |view: &ClusterView| view.phase == ClusterPhase::Maintenance && view.job.is_none();
    lab.until(id, "machines that wait again", waits).await;
    lab.engine.stop_cluster(id).await.unwrap();
    let view = lab.until(id, "off", is(ClusterPhase::Stopped)).await;
    assert_eq!(denied(&view, ClusterAction::Delete), None);
    lab.engine.delete_cluster(id).await.unwrap();
    lab.until_gone(id).await;
    lab.close().await;
}

/// A configuration by others is what was wished: no cause is made of it, and nothing is missing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_configuration_by_others_is_no_fault() {
    let lab = Lab::new().await;
    let view = waiting(&lab, ClusterPreset::Small).await;
    let id = view.spec.id;
    let tool = another_tool(&lab, id).await;
    tool.until(id, "health", is(ClusterPhase::Healthy)).await;
    tool.close().await;
    let theirs = |view: &ClusterView| {
        let mut members = view.members.iter();
        members.all(|one| one.stage == MemberStage::HandedOver)
    };
    let view = lab.until(id, "machines of other tools", theirs).await;
    assert_eq!(view.phase, ClusterPhase::HandedOver);
    assert_eq!(view.stuck, []);
    assert_eq!(view.health, [], "it is not Crete's to judge");
    assert_eq!(
        denied(&view, ClusterAction::Cancel),
        Some(ClusterDenied::Formed)
    );
    let first = view.members[0].machine;
    let told = lab.engine.cluster_consequence(id, first, false).unwrap();
    assert_eq!(told.code, ConsequenceCode::None);
    lab.engine.restart_cluster(id).await.unwrap();
    let again = |view: &ClusterView| view.phase == ClusterPhase::HandedOver && theirs(view);
    lab.until(id, "off", is(ClusterPhase::Starting)).await;
    let view = lab.until(id, "on again", again).await;
    assert_eq!((view.job, view.stuck), (None, Vec::new()));
    // What is seen from outside is said all the same.
    lab.ground.cut("knossos-w-1", true);
    let cut =
        |view: &ClusterView| super::ground::codes(&view.stuck) == [crete_model::StuckCode::LinkCut];
    lab.until(id, "a link that is cut", cut).await;
    lab.close().await;
}
