//! Measuring: a piece of work, done often enough for the clock, in rounds.
//!
//! A figure is never compared with a limit here: computers differ, and so does what else they do.

use std::time::{Duration, Instant};

/// Rounds of one figure. The median of an odd number is one of them.
const ROUNDS: usize = 9;
/// What one round takes at least, so that the clock's grain does not show.
const ROUND: Duration = Duration::from_millis(60);

/// One measured figure.
#[derive(Debug, Clone, Copy)]
pub struct Figure {
    /// What was measured.
    pub name: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// The median of all rounds.
    pub median: f64,
    /// The best round: the least time, or the most throughput.
    pub best: f64,
}

/// Time of one call, microseconds.
pub fn time(name: &'static str, mut work: impl FnMut()) -> Figure {
    let calls = calls_for_a_round(&mut work);
    let mut rounds: Vec<f64> = (0..ROUNDS)
        .map(|_| micros(spent(calls, &mut work)) / f64::from(calls))
        .collect();
    rounds.sort_by(f64::total_cmp);
    Figure {
        name,
        unit: "µs",
        median: rounds[ROUNDS / 2],
        best: rounds[0],
    }
}

/// Throughput of one call that works on `bytes`, MiB a second.
pub fn throughput(name: &'static str, bytes: u64, work: impl FnMut()) -> Figure {
    let time = time(name, work);
    #[expect(clippy::cast_precision_loss, reason = "sizes here are far below 2^52")]
    let mib = bytes as f64 / f64::from(1 << 20);
    let rate = |micros: f64| mib / (micros / 1e6);
    Figure {
        unit: "MiB/s",
        median: rate(time.median),
        best: rate(time.best),
        ..time
    }
}

fn calls_for_a_round(work: &mut impl FnMut()) -> u32 {
    let mut calls = 1;
    while spent(calls, work) < ROUND && calls < 1 << 20 {
        calls *= 2;
    }
    calls
}

fn spent(calls: u32, work: &mut impl FnMut()) -> Duration {
    let begun = Instant::now();
    for _ in 0..calls {
        work();
    }
    begun.elapsed()
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
