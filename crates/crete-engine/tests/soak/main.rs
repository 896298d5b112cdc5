//! Kill tests: a program with a real engine is killed at the steps of its own code, and the next
//! start over the same folders must find everything whole.
//!
//! ```text
//! draw (seed) ─▶ victim: a scenario, killed at a step ─▶ perhaps killed again while it recovers
//!                                                                     │
//!                            property ◀── next start over the same folders
//! ```
//!
//! `cargo test` runs a sample with a fixed seed, `cargo xtask soak` all of it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]

mod access;
mod cycles;
mod draw;
mod journal;
mod property;
mod site;
#[path = "../support/mod.rs"]
mod support;
mod victim;

use draw::{Draws, Plan};
use site::Site;
use std::collections::BTreeSet;
use std::time::Instant;
use tokio::task::JoinSet;

/// Rounds at the same time: each mostly waits for other processes.
const LANES: usize = 2;

fn number(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().expect("a number"))
}

/// One round: the reason when the property does not hold.
async fn round(number: usize, plan: Plan, seed: u64) -> Result<bool, String> {
    let told = format!("round {number}: {plan}");
    let begun = Instant::now();
    let playing = tokio::spawn(async move {
        let site = Site::new().await;
        let reached = site.victim(victim::PLAY, Some(&plan.first)).await;
        if let Some(second) = &plan.second {
            site.victim(victim::RECOVER, Some(second)).await;
        }
        property::holds(&site, &plan).await;
        reached
    });
    let ended = tokio::time::timeout(support::PATIENCE * 2, playing).await;
    match ended {
        Ok(Ok(reached)) => {
            let seconds = begun.elapsed().as_secs_f64();
            let note = if reached { "" } else { " (not reached)" };
            println!("{told}{note}, {seconds:.1} s");
            Ok(reached)
        }
        Ok(Err(error)) => Err(format!("{told}: {error} (seed {seed})")),
        Err(_) => Err(format!("{told}: it hangs (seed {seed})")),
    }
}

async fn soak(seed: u64, points: usize, only: Option<usize>) {
    let begun = Instant::now();
    let draws = Draws::new(seed, &Site::new().await.trace().await);
    println!(
        "seed {seed}: {points} points over {} steps of the code",
        draws.steps()
    );
    let mut plans = draws.plans(points).into_iter().enumerate();
    let mut running = JoinSet::new();
    let mut failed = Vec::new();
    let (mut killed, mut missed) = (BTreeSet::new(), 0);
    loop {
        while running.len() < LANES
            && let Some((number, plan)) = plans.next()
        {
            if only.is_none_or(|only| only == number) {
                let step = plan.drawn.clone();
                running.spawn(async move { (step, round(number, plan, seed).await) });
            }
        }
        let Some(ended) = running.join_next().await else {
            break;
        };
        match ended.unwrap() {
            (step, Ok(true)) => drop(killed.insert(step)),
            (_, Ok(false)) => missed += 1,
            (_, Err(reason)) => {
                println!("FAILED {reason}");
                failed.push(reason);
            }
        }
    }
    println!(
        "seed {seed}: {} failed, {missed} not reached, killed at {} different moments, {:.0} s",
        failed.len(),
        killed.len(),
        begun.elapsed().as_secs_f64()
    );
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// Every write, sync, rename and spawn of the code is played by the scenario or by a recovery, so
/// that none is left out of the draw.
#[tokio::test(flavor = "multi_thread")]
async fn the_scenario_comes_by_every_step_of_the_code() {
    let draws = Draws::new(1, &Site::new().await.trace().await);
    assert_eq!(draws.unreached(), [""; 0]);
}

/// Wherever in its run a machine's program is killed, the machine goes on and is taken back.
#[tokio::test(flavor = "multi_thread")]
async fn the_machine_of_a_killed_program_is_taken_back() {
    let site = Site::new().await;
    // The first note of where it runs, after two of its network: it was just let go.
    let noted = draw::Kill::parse("Engine lock.note Before 3");
    assert!(site.victim(victim::PLAY, Some(&noted)).await);
    let running = site.fake.running();
    assert_eq!(running.len(), 1, "it goes on");
    let config = site::config(site.root(), &site.factory.url);
    let engine = crete_engine::Engine::open(config).await.unwrap();
    assert_eq!(engine.adopted(), ["knossos"]);
    assert_eq!(engine.machines.all()[0].pid, running.first().copied());
    engine.close().await;
    assert_eq!(site.fake.running(), running);
}

/// A QEMU that hangs when it is asked what it can do does not outlive the program that asked.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_asked_ends_with_the_killed_program() {
    let site = Site::new().await;
    site.fake.play(&crete_testkit::qemu::Script {
        help_hangs: true,
        ..crete_testkit::qemu::Script::default()
    });
    site.victim(victim::HANG, None).await;
    property::only_machines_run(&site).await;
    assert_eq!(site.processes(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sample_of_kills_loses_nothing() {
    soak(20_261_125, 12, None).await;
    cycles::run(3).await;
}

/// The whole: `cargo xtask soak`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes many minutes: cargo xtask soak"]
async fn whole() {
    let now = std::time::SystemTime::now();
    let clock = now.duration_since(std::time::UNIX_EPOCH).unwrap();
    let seed = number("CRETE_SOAK_SEED").unwrap_or(clock.as_secs());
    let count = |name, default| usize::try_from(number(name).unwrap_or(default)).unwrap();
    let only = number("CRETE_SOAK_ROUND").map(|round| usize::try_from(round).unwrap());
    soak(seed, count("CRETE_SOAK_POINTS", 200), only).await;
    cycles::run(count("CRETE_SOAK_CYCLES", 100)).await;
}

/// Not a test: what is killed. It is started by [`Site::victim`].
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "started by the other tests"]
async fn victim() {
    victim::run().await;
}
