//! The owner of a cluster ends in the middle of its own steps, and another one goes on.
//!
//! A program of its own: there is one observer of steps in a process.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "clusters/ground.rs"]
#[allow(dead_code, reason = "shared with the other tests of clusters")]
mod ground;

use crete_failpoint::Side;
use crete_model::{
    ApplyTakes, ChangeState, ClusterPatches, ClusterPhase, ClusterPreset, ClusterView, PatchesWish,
};
use ground::Lab;
use std::sync::Mutex;
use std::time::Duration;
use tokio::sync::Notify;

/// Where the owner ends: the step, before or after it, and how often it was reached.
static ENDS_AT: Mutex<Option<(&str, Side, u8)>> = Mutex::new(None);

const POINTS: &[(&str, Side, u8)] = &[
    ("cluster.make", Side::Before, 1),
    ("cluster.make", Side::After, 2),
    ("cluster.secret_create", Side::Before, 1),
    ("cluster.secret_rename", Side::After, 1),
    ("cluster.switch_on", Side::Before, 2),
    ("cluster.switch_on", Side::After, 1),
    ("cluster.apply", Side::Before, 1),
    ("cluster.apply", Side::After, 2),
    ("cluster.bootstrap", Side::Before, 1),
    ("cluster.bootstrap", Side::After, 1),
];

/// There is one observer, and it is told of one end at a time.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

fn observe() {
    // The second of the tests finds the observer there already.
    let _ = crete_failpoint::observe(|name, side| {
        let mut ends = ENDS_AT.lock().unwrap();
        let Some((step, when, left)) = ends.as_mut() else {
            return;
        };
        if *step != name || *when != side {
            return;
        }
        *left -= 1;
        if *left == 0 {
            *ends = None;
            drop(ends);
            ENDED.notify_one();
            panic!("ended at {name}");
        }
    });
}

/// It has ended there.
static ENDED: Notify = Notify::const_new();

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_comes_after_goes_on_from_what_is_true() {
    let _alone = ALONE.lock().await;
    observe();
    for point in POINTS {
        let mut lab = Lab::new().await;
        *ENDS_AT.lock().unwrap() = Some(*point);
        let draft = lab.draft(ClusterPreset::Small);
        // It may end before it has answered.
        let _ = lab.engine.create_cluster(&draft);
        let id = lab.engine.clusters.all()[0].spec.id;
        let ended = tokio::time::timeout(Duration::from_secs(120), ENDED.notified()).await;
        assert!(
            ended.is_ok(),
            "{point:?} was not reached: {}",
            lab.summary(id)
        );
        lab.reopen().await;
        let healthy = |view: &ClusterView| view.phase == ClusterPhase::Healthy;
        let view = lab
            .until(id, &format!("health after {point:?}"), healthy)
            .await;
        assert_eq!(view.members.len(), 3, "{point:?}");
        assert_eq!(view.quorum.members, 1, "{point:?}: one etcd");
        assert_eq!(
            lab.ground.names(),
            ["knossos-cp-1", "knossos-w-1", "knossos-w-2"],
            "{point:?}"
        );
        let folder = lab.engine.cluster_folder(id).unwrap();
        assert!(folder.join("kubeconfig").exists(), "{point:?}");
        lab.close().await;
    }
}

/// The same in the middle of a change of the patches: every machine lives by it in the end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_patches_goes_on_where_it_ended() {
    let _alone = ALONE.lock().await;
    observe();
    let mut lab = Lab::new().await;
    let draft = lab.draft(ClusterPreset::Small);
    let (id, _) = lab.engine.create_cluster(&draft).unwrap();
    let healthy = |view: &ClusterView| view.phase == ClusterPhase::Healthy && view.job.is_none();
    lab.until(id, "health", healthy).await;
    for (at, (side, times)) in [(Side::Before, 1), (Side::After, 1), (Side::After, 3)]
        .into_iter()
        .enumerate()
    {
        let patches = ClusterPatches {
            cluster: vec![format!(
                "machine:\n  sysctls:\n    vm.swappiness: \"{at}\"\n"
            )],
            ..ClusterPatches::default()
        };
        let wish = PatchesWish {
            cluster: id,
            patches,
        };
        *ENDS_AT.lock().unwrap() = Some(("cluster.change", side, times));
        lab.engine.change_patches(&wish).await.unwrap();
        let ended = tokio::time::timeout(Duration::from_secs(120), ENDED.notified()).await;
        assert!(ended.is_ok(), "{side:?} {times}: {}", lab.summary(id));
        lab.reopen().await;
        let done = |view: &ClusterView| {
            let change = view.spec.change.as_ref();
            healthy(view) && change.is_some_and(|one| one.state == ChangeState::Done)
        };
        lab.until(id, &format!("the patches after {side:?} {times}"), done)
            .await;
        let compared = lab.engine.compare_patches(&wish).await.unwrap();
        assert!(
            compared
                .machines
                .iter()
                .all(|one| one.asked && one.comparison.takes == ApplyTakes::Nothing),
            "{side:?} {times}"
        );
    }
    lab.close().await;
}
