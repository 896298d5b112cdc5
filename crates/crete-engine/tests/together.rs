//! Several wishes at a time: one file is one download, and a few downloads go before the others.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/mod.rs"]
mod support;

use crete_engine::Engine;
use crete_model::{Arch, BlockerCode, BootMedium, ImageChoice, Job, JobId};
use crete_testkit::factory::{Options, PracticeFactory};
use support::{World, ended, eventually, until};

/// Every file of this factory begins at once and never ends.
async fn endless() -> PracticeFactory {
    let options = Options {
        bytes_per_second: 1,
        ..Options::default()
    };
    PracticeFactory::start(options).await.unwrap()
}

async fn open(world: &World, factory: &PracticeFactory) -> Engine {
    let url = factory.url.clone();
    world
        .open_with(|config| config.settings.factory_url = url)
        .await
}

fn choice(version: &str, medium: BootMedium) -> ImageChoice {
    ImageChoice {
        version: version.parse().unwrap(),
        arch: Arch::Arm64,
        medium,
    }
}

/// What a job waits for now.
fn blocker(job: &Job) -> Option<(BlockerCode, Option<String>)> {
    let blocker = job.stages.iter().find_map(|stage| stage.blocker.clone())?;
    Some((blocker.code, blocker.params.get("count").cloned()))
}

/// The jobs that wait for their turn.
fn waiting(engine: &Engine, jobs: &[JobId]) -> Vec<JobId> {
    let turn = Some((BlockerCode::Turn, Some("3".to_owned())));
    let waits = |id: &JobId| {
        let job = engine.jobs.get(&id.to_string());
        job.is_some_and(|job| blocker(&job) == turn)
    };
    jobs.iter().copied().filter(waits).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn wishes_for_one_file_are_one_download() {
    let world = World::new();
    let factory = endless().await;
    let engine = open(&world, &factory).await;
    let asking: Vec<_> = (0..8)
        .map(|_| {
            let engine = engine.clone();
            let ask = move || engine.download(&choice("v1.13.9", BootMedium::DiskImage));
            tokio::task::spawn_blocking(ask)
        })
        .collect();
    let mut answers = Vec::new();
    for asked in asking {
        answers.push(asked.await.unwrap().unwrap());
    }
    let first = answers[0];
    assert!(first.1.is_some(), "it is under way");
    assert_eq!(answers, [first; 8]);
    eventually("the store is asked", || !factory.ranges().is_empty()).await;
    engine.close().await;
    assert_eq!(factory.ranges().len(), 1, "{:?}", factory.asked());
    let images: Vec<_> = factory.asked();
    let images = images.iter().filter(|line| line.contains("/image/"));
    assert_eq!(images.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn three_downloads_go_at_a_time_and_the_others_say_what_they_wait_for() {
    let world = World::new();
    let factory = endless().await;
    let engine = open(&world, &factory).await;
    let mut jobs = Vec::new();
    for version in ["v1.13.9", "v1.12.11"] {
        for medium in [BootMedium::DiskImage, BootMedium::Iso] {
            let (_, job) = engine.download(&choice(version, medium)).unwrap();
            jobs.push(job.unwrap());
        }
    }
    eventually("three go and one waits", || {
        factory.ranges().len() == 3 && waiting(&engine, &jobs).len() == 1
    })
    .await;
    let last = waiting(&engine, &jobs)[0];

    // The turn of one that is given up is the next one's.
    let given_up = jobs.iter().copied().find(|job| *job != last).unwrap();
    engine.cancel_job(given_up).unwrap();
    ended(&engine, given_up).await;
    until(&engine.jobs, &last.to_string(), |job| {
        !matches!(blocker(job), Some((BlockerCode::Turn, _)))
    })
    .await;
    eventually("the last one goes", || factory.ranges().len() == 4).await;
    assert!(waiting(&engine, &jobs).is_empty());
    engine.close().await;
}
