//! The owner of a cluster ends in the middle of changing its machines, and another one goes on.
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

fn observe() {
    assert!(crete_failpoint::observe(|name, side| {
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
    }));
}

/// It has ended there.
static ENDED: Notify = Notify::const_new();

/// It ends in the middle of a change of the patches: every machine lives by them in the end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_patches_goes_on_where_it_ended() {
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
