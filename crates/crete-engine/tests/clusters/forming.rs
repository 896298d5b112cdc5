//! From a draft to a healthy cluster.

use super::ground::Lab;
use crete_model::{
    BootMedium, ClusterEventCode, ClusterPhase, ClusterPreset, ClusterView, HealthState, JobState,
    MemberStage,
};
use std::os::unix::fs::PermissionsExt;

fn is_healthy(view: &ClusterView) -> bool {
    view.phase == ClusterPhase::Healthy
}

/// A cluster of a shape, from nothing to healthy, with everything that has to be true then.
async fn forms(preset: ClusterPreset, medium: BootMedium) {
    let lab = Lab::of(medium).await;
    let (id, job) = lab.engine.create_cluster(&lab.draft(preset)).unwrap();
    let view = lab.until(id, "a healthy cluster", is_healthy).await;
    let (control_planes, workers) = preset.counts();
    assert_eq!(view.members.len(), (control_planes + workers) as usize);
    assert!(
        view.members
            .iter()
            .all(|one| one.stage == MemberStage::Ready)
    );
    assert!(view.health.iter().all(|one| one.state == HealthState::Pass));
    assert_eq!(view.quorum.members, control_planes);
    assert_eq!(view.quorum.healthy, control_planes);
    assert!(view.spec.formed_at.is_some());
    assert_eq!(view.certificates.len(), 4);
    let leads = |one: &&crete_model::MemberView| one.etcd.as_ref().is_some_and(|etcd| etcd.leader);
    assert_eq!(view.members.iter().filter(leads).count(), 1);
    let begins = |one: &&crete_model::ClusterEvent| one.code == ClusterEventCode::Bootstrapped;
    assert_eq!(
        view.events.iter().filter(begins).count(),
        1,
        "told to begin once"
    );
    let done = lab.engine.job_details(job).await.unwrap().0;
    assert_eq!(done.state, JobState::Done);
    assert!(
        view.timeline
            .steps
            .iter()
            .all(|step| step.ended_at.is_some())
    );
    // Files for a person's tools, and secrets, are for this person alone.
    let folder = lab.engine.cluster_folder(id).unwrap();
    for name in ["kubeconfig", "talosconfig", "secrets.yaml"] {
        let data = std::fs::metadata(folder.join(name)).unwrap();
        assert_eq!(data.permissions().mode() & 0o777, 0o600, "{name}");
    }
    let mode = std::fs::metadata(&folder).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    // What it took is remembered: the next one has an estimate.
    let plan = lab.engine.plan_cluster(&lab.draft(preset));
    assert!(plan.usual_s.is_some());
    lab.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_machine_from_a_disk_image() {
    forms(ClusterPreset::Solo, BootMedium::DiskImage).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_machines_from_a_cd() {
    forms(ClusterPreset::Small, BootMedium::Iso).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_machines_with_three_control_planes() {
    forms(ClusterPreset::HighAvailability, BootMedium::DiskImage).await;
}

/// Whoever brings tools of their own gets machines that wait, and no secrets.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn machines_are_left_waiting_when_that_is_wished() {
    let lab = Lab::new().await;
    let mut draft = lab.draft(ClusterPreset::Small);
    draft.leave_in_maintenance = true;
    let (id, _) = lab.engine.create_cluster(&draft).unwrap();
    let waits = |view: &ClusterView| view.phase == ClusterPhase::Maintenance;
    let view = lab.until(id, "three machines that wait", waits).await;
    assert!(
        view.members
            .iter()
            .all(|one| one.stage == MemberStage::Maintenance)
    );
    let folder = lab.engine.cluster_folder(id).unwrap();
    assert!(!folder.join("secrets.yaml").exists());
    lab.close().await;
}

/// The same engine on the same data, again and again in the middle of the work: it goes on under
/// the same job, from what is true.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_cut_off_goes_on_under_the_same_job() {
    let mut lab = Lab::new().await;
    let (id, job) = lab
        .engine
        .create_cluster(&lab.draft(ClusterPreset::Small))
        .unwrap();
    for stage in [
        MemberStage::Maintenance,
        MemberStage::Join,
        MemberStage::Etcd,
        MemberStage::Kubernetes,
    ] {
        let past = |view: &ClusterView| view.members.iter().any(|one| one.stage >= stage);
        lab.until(id, &format!("{stage:?}"), past).await;
        lab.reopen().await;
        assert_eq!(
            lab.engine.job_details(job).await.unwrap().0.state,
            JobState::Running
        );
    }
    let view = lab.until(id, "a healthy cluster", is_healthy).await;
    assert_eq!(view.members.len(), 3);
    assert_eq!(
        lab.engine.job_details(job).await.unwrap().0.state,
        JobState::Done
    );
    let names = lab.ground.names();
    assert_eq!(
        names,
        ["knossos-cp-1", "knossos-w-1", "knossos-w-2"],
        "none was made twice"
    );
    lab.close().await;
}
