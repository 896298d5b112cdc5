//! From a draft to a healthy cluster.

use super::ground::Lab;
use crete_model::{
    BootMedium, ClusterEventCode, ClusterPhase, ClusterPreset, ClusterView, FieldCode, HealthState,
    JobState, MemberStage,
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
    assert!(view.certificates.len() >= 5, "authorities and our own");
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
    let job_began = lab.engine.job_details(job).await.unwrap().0.created_at;
    assert_eq!(view.timeline.started_at, Some(job_began));
    let plan = lab.engine.plan_cluster(&lab.draft(ClusterPreset::Small));
    assert_eq!(
        plan.usual_s, None,
        "its last part tells nothing of the whole"
    );
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

/// A link of Omni: the machines start with its arguments and wait; Crete makes no secrets.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn machines_join_omni_by_its_link() {
    let lab = Lab::new().await;
    let mut draft = lab.draft(ClusterPreset::Solo);
    draft.omni = "siderolink.api=https://omni.example:8090/?jointoken=abc talos.events.sink=[fdae:41e4:649b:9303::1]:8091".to_owned();
    let (id, _) = lab.engine.create_cluster(&draft).unwrap();
    let waits = |view: &ClusterView| view.phase == ClusterPhase::Maintenance;
    let view = lab.until(id, "a machine that waits", waits).await;
    assert!(view.spec.leave_in_maintenance);
    assert_eq!(view.spec.omni, draft.omni);
    let folder = lab.engine.cluster_folder(id).unwrap();
    assert!(!folder.join("secrets.yaml").exists());
    let commands = lab.engine.draft_commands(&draft).unwrap();
    let lines: Vec<&String> = commands.iter().flat_map(|step| &step.lines).collect();
    assert!(
        lines.iter().any(|line| line.contains("jointoken=abc")),
        "the machines' commands carry the link: {lines:?}"
    );
    let denied = lab.engine.access(id).await.unwrap_err().problem();
    assert_eq!(denied.params["reason"], "not_formed", "there are no keys");
    lab.close().await;
}

/// Secrets that a person brings are those of the cluster; a file that does not hold them all is
/// refused at its field.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_is_made_with_secrets_that_were_brought() {
    let golden = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/fixtures/talos/golden/"
    );
    let lab = Lab::new().await;
    let mut draft = lab.draft(ClusterPreset::Solo);
    draft.secrets_file = format!("{golden}contracts/v1.13/defaults/worker.yaml");
    let faults = lab.engine.check_cluster(&draft);
    assert_eq!(
        (faults[0].field.as_str(), faults[0].code),
        ("secrets_file", FieldCode::NotSecrets)
    );
    // The configuration of a control plane holds the same as the bundle.
    draft.secrets_file = format!("{golden}contracts/v1.13/defaults/controlplane.yaml");
    let (id, _) = lab.engine.create_cluster(&draft).unwrap();
    let view = lab.until(id, "a healthy cluster", is_healthy).await;
    let folder = lab.engine.cluster_folder(id).unwrap();
    let path = folder.join("secrets.yaml");
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let kept = std::fs::read_to_string(&path).unwrap();
    let kept = crete_talos::pki::Bundle::parse(&kept).unwrap();
    let brought = std::fs::read_to_string(format!("{golden}secrets/lab.yaml")).unwrap();
    let brought = crete_talos::pki::Bundle::parse(&brought).unwrap();
    assert_eq!(kept.parts().to_yaml(), brought.parts().to_yaml());
    assert!(
        !format!("{:?}", view.spec).contains("secrets/"),
        "no path of it is kept"
    );
    lab.close().await;
}

/// A program that ended between bringing the secrets and writing the record leaves nothing.
#[tokio::test]
async fn secrets_without_their_cluster_are_taken_away() {
    let mut lab = Lab::new().await;
    let folder = lab
        .root
        .path()
        .join("data/clusters/0198f2f0-0000-7000-8000-0000000000f1");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("secrets.yaml"), "cluster: {}\n").unwrap();
    lab.reopen().await;
    assert!(!folder.exists());
    assert!(lab.engine.broken.all().is_empty());
    lab.close().await;
}
