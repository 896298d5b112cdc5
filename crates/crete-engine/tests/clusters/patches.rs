//! Other patches for a cluster that lives: compared, given to one machine after another, taken back.

use super::ground::Lab;
use crete_model::{
    ApplyTakes, ChangeState, ClusterAction, ClusterDenied, ClusterEventCode, ClusterId,
    ClusterPatches, ClusterPhase, ClusterPreset, ClusterView, ErrorCode, FieldCode, JobState,
    PatchesWish,
};

/// Can be changed while Talos runs.
const HOT: &str = "machine:\n  sysctls:\n    vm.swappiness: \"7\"\n";
/// Needs a restart.
const COLD: &str = "machine:\n  udev:\n    rules:\n      - SUBSYSTEM==\"drm\", MODE=\"0666\"\n";

fn is_healthy(view: &ClusterView) -> bool {
    view.phase == ClusterPhase::Healthy && view.job.is_none()
}

fn wish(cluster: ClusterId, patches: ClusterPatches) -> PatchesWish {
    PatchesWish { cluster, patches }
}

fn for_all(text: &str) -> ClusterPatches {
    ClusterPatches {
        cluster: vec![text.to_owned()],
        ..ClusterPatches::default()
    }
}

fn state(view: &ClusterView) -> Option<ChangeState> {
    view.spec.change.as_ref().map(|change| change.state)
}

/// The machines that were given other patches, first to last.
fn given(view: &ClusterView) -> Vec<String> {
    let events = view.events.iter().rev();
    let given = events.filter(|one| one.code == ClusterEventCode::Reconfigured);
    given.map(|one| one.params["node"].clone()).collect()
}

async fn takes(lab: &Lab, id: ClusterId, patches: ClusterPatches) -> Vec<(bool, ApplyTakes)> {
    let compared = lab
        .engine
        .compare_patches(&wish(id, patches))
        .await
        .unwrap();
    assert!(compared.fields.is_empty(), "{:?}", compared.fields);
    let machines = compared.machines.iter();
    machines
        .map(|one| (one.asked, one.comparison.takes))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn machines_are_given_them_one_by_one_and_lose_them_again() {
    let lab = Lab::new().await;
    let id = lab.create(ClusterPreset::HighAvailability).await;
    lab.until(id, "health", is_healthy).await;
    // A cluster that was just made lives by what it was given: nothing differs.
    let same = takes(&lab, id, ClusterPatches::default()).await;
    assert_eq!(same, vec![(true, ApplyTakes::Nothing); 5]);
    let mut patches = for_all(HOT);
    patches.control_plane.push(COLD.to_owned());
    let compared = lab
        .engine
        .compare_patches(&wish(id, patches.clone()))
        .await
        .unwrap();
    let order: Vec<&str> = compared
        .machines
        .iter()
        .map(|one| one.hostname.as_str())
        .collect();
    let in_order = [
        "knossos-cp-1",
        "knossos-cp-2",
        "knossos-cp-3",
        "knossos-w-1",
        "knossos-w-2",
    ];
    assert_eq!(order, in_order);
    let first = &compared.machines[0].comparison;
    assert_eq!(first.takes, ApplyTakes::Reboot);
    let paths: Vec<&str> = first.changes.iter().map(|one| one.path.as_str()).collect();
    assert!(
        paths.iter().any(|path| path.starts_with("machine.sysctls")),
        "{paths:?}"
    );
    assert_eq!(compared.machines[3].comparison.takes, ApplyTakes::NoReboot);
    let job = lab
        .engine
        .change_patches(&wish(id, patches.clone()))
        .await
        .unwrap()
        .unwrap();
    let least = std::cell::Cell::new(3);
    let done = |view: &ClusterView| {
        state(view) == Some(ChangeState::Done) && view.phase == ClusterPhase::Healthy
    };
    let view = lab
        .until(id, "every machine with the patches", |view| {
            least.set(least.get().min(view.quorum.healthy));
            done(view)
        })
        .await;
    let least = least.get();
    assert!(least >= 2, "etcd kept its majority: {least} of 3");
    assert_eq!(given(&view), in_order, "one after another, each once");
    let ended = lab.engine.job_details(job).await.unwrap().0;
    assert_eq!(ended.state, JobState::Done);
    assert_eq!(
        takes(&lab, id, patches).await,
        vec![(true, ApplyTakes::Nothing); 5]
    );
    // Taken back, each lives as before.
    lab.engine.revert_patches(id).await.unwrap();
    let back = |view: &ClusterView| {
        done(view) && view.spec.patches == ClusterPatches::default() && view.job.is_none()
    };
    lab.until(id, "the patches before", back).await;
    assert_eq!(
        takes(&lab, id, ClusterPatches::default()).await,
        vec![(true, ApplyTakes::Nothing); 5]
    );
    lab.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_talos_would_refuse_is_said_at_its_field_and_changes_nothing() {
    let lab = Lab::new().await;
    let id = lab.create(ClusterPreset::Solo).await;
    let refused = lab.engine.change_patches(&wish(id, for_all(HOT))).await;
    assert_eq!(
        refused.unwrap_err().problem().params["reason"],
        "not_formed"
    );
    lab.until(id, "health", is_healthy).await;
    let mut patches = for_all("machine:\n  sysctl:\n    a: b\n");
    patches.worker.push("machine: [".to_owned());
    let refused = lab
        .engine
        .change_patches(&wish(id, patches.clone()))
        .await
        .unwrap_err()
        .problem();
    assert_eq!(refused.code, ErrorCode::Invalid);
    let fields: Vec<(&str, FieldCode)> = refused
        .fields
        .iter()
        .map(|one| (one.field.as_str(), one.code))
        .collect();
    assert_eq!(
        fields,
        [
            ("patches.cluster.0", FieldCode::NotAPatch),
            ("patches.worker.0", FieldCode::NotAPatch)
        ]
    );
    let compared = lab.engine.compare_patches(&wish(id, patches)).await;
    assert_eq!(compared.unwrap().fields.len(), 2);
    let refused = lab
        .engine
        .change_patches(&wish(id, ClusterPatches::default()))
        .await;
    assert_eq!(
        refused.unwrap_err().problem().params["reason"],
        "nothing_to_do"
    );
    let view = lab.engine.clusters.get(&id.to_string()).unwrap();
    assert_eq!(view.spec.change, None);
    lab.close().await;
}

/// Cancelled in the middle it stops where it is; the same patches again go on from there, and taking
/// it back leads to what was before its beginning.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_stops_where_it_is_and_goes_on_from_there() {
    let mut lab = Lab::new().await;
    let id = lab.create(ClusterPreset::Small).await;
    lab.until(id, "health", is_healthy).await;
    // A worker that is off is waited for, and not switched on.
    lab.ground.dies("knossos-w-2", "killed").await;
    let lost = |view: &ClusterView| view.phase == ClusterPhase::Degraded;
    lab.until(id, "a lost worker", lost).await;
    let patches = for_all(HOT);
    let job = lab
        .engine
        .change_patches(&wish(id, patches.clone()))
        .await
        .unwrap()
        .unwrap();
    let told = |view: &ClusterView| !view.stuck.is_empty() && view.job == Some(job);
    let view = lab.until(id, "who is waited for", told).await;
    assert_eq!(view.stuck[0].params["node"], "knossos-w-2");
    assert!(given(&view).is_empty(), "nothing is risked meanwhile");
    // The program ends; the next one goes on under the same job.
    lab.reopen().await;
    let goes_on = |view: &ClusterView| view.job == Some(job);
    let view = lab.until(id, "the same job", goes_on).await;
    assert_eq!(state(&view), Some(ChangeState::Rolling));
    let configure = view
        .actions
        .iter()
        .find(|one| one.action == ClusterAction::Stop)
        .unwrap();
    assert_eq!(configure.denied, Some(ClusterDenied::Busy));
    lab.engine.cancel_job(job).unwrap();
    let stopped = |view: &ClusterView| state(view) == Some(ChangeState::Stopped);
    let view = lab.until(id, "it stopped", stopped).await;
    assert_eq!(view.job, None);
    assert_eq!(view.spec.patches, patches, "they are still wished");
    lab.ground.restart("knossos-w-2").await;
    lab.until(id, "health again", is_healthy).await;
    lab.engine.change_patches(&wish(id, patches)).await.unwrap();
    let done = |view: &ClusterView| state(view) == Some(ChangeState::Done) && view.job.is_none();
    let view = lab.until(id, "all with the patches", done).await;
    assert_eq!(given(&view).len(), 3);
    let before = view.spec.change.unwrap().before;
    assert_eq!(before, ClusterPatches::default());
    lab.close().await;
}
