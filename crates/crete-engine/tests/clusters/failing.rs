//! Work that fails: why stays on the cluster, and it is done again when a person says so.

use super::ground::{GroundDeed, Lab, denied};
use crete_engine::cluster::ImageSight;
use crete_model::{
    ClusterAction, ClusterPhase, ClusterPreset, ClusterView, ErrorCode, ImageId, JobState,
};
use uuid::Uuid;

/// Whatever of a creation fails: the cluster says so, also to the next start of the program, which
/// begins nothing; and it is made when the cause is gone.
async fn is_tried_again(deed: GroundDeed) {
    let mut lab = Lab::new().await;
    *lab.ground.errs.lock().unwrap() = Some((deed, ErrorCode::DiskFull));
    if deed == GroundDeed::OrderImage {
        *lab.ground.image.lock().unwrap() = ImageSight::Missing(None);
    }
    let draft = lab.draft(ClusterPreset::Solo);
    let (id, job) = lab.engine.create_cluster(&draft).unwrap();
    let failed = |view: &ClusterView| view.failed == Some(job);
    let view = lab.until(id, "a failure", failed).await;
    assert_eq!((view.phase, view.job), (ClusterPhase::Unfinished, None));
    let ended = lab.engine.job_details(job).await.unwrap().0;
    assert_eq!(ended.state, JobState::Failed);
    assert_eq!(ended.problem.unwrap().code, ErrorCode::DiskFull);

    *lab.ground.errs.lock().unwrap() = None;
    *lab.ground.image.lock().unwrap() = ImageSight::Ready(ImageId(Uuid::from_u128(1)));
    lab.reopen().await;
    let looked = |view: &ClusterView| view.checked_at.is_some();
    let first = lab.until(id, "a look", looked).await;
    let again = |view: &ClusterView| view.checked_at != first.checked_at;
    let view = lab.until(id, "another look", again).await;
    assert_eq!(
        (view.phase, view.failed),
        (ClusterPhase::Unfinished, Some(job))
    );
    assert_eq!(denied(&view, ClusterAction::Start), None);
    assert_eq!(denied(&view, ClusterAction::Cancel), None);
    assert!(lab.ground.switched_on.lock().unwrap().is_empty());

    let next = lab.engine.start_cluster(id).await.unwrap();
    assert_ne!(next, Some(job), "it is another try");
    let healthy = |view: &ClusterView| view.phase == ClusterPhase::Healthy;
    let view = lab.until(id, "health", healthy).await;
    assert_eq!(view.failed, None);
    lab.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_image_that_cannot_be_ordered() {
    is_tried_again(GroundDeed::OrderImage).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_that_cannot_be_made() {
    is_tried_again(GroundDeed::Settle).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_that_cannot_be_made() {
    is_tried_again(GroundDeed::Make).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_that_cannot_be_switched_on() {
    is_tried_again(GroundDeed::SwitchOn).await;
}

/// What failed can be cleaned up as well.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_failed_is_taken_away() {
    let lab = Lab::new().await;
    *lab.ground.errs.lock().unwrap() = Some((GroundDeed::SwitchOn, ErrorCode::DiskFull));
    let id = lab.create(ClusterPreset::Solo).await;
    let failed = |view: &ClusterView| view.failed.is_some();
    lab.until(id, "a failure", failed).await;
    lab.engine.cancel_cluster(id).await.unwrap();
    lab.until_gone(id).await;
    assert!(lab.ground.names().is_empty());
    lab.close().await;
}
