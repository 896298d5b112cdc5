//! What hangs is left alone. The only test of its process, because it counts threads.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use crete_host::{Checks, Limits, RecordedWorld};
use crete_model::{CauseCode, CheckCode};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

fn threads_that_look_at_the_disk() -> usize {
    std::fs::read_dir("/proc/self/task")
        .unwrap()
        .flatten()
        .filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok())
        .filter(|name| name.trim() == "check disk")
        .count()
}

#[tokio::test]
async fn a_look_that_hangs_is_not_begun_again_before_it_is_done() {
    let world: RecordedWorld = serde_saphyr::from_str("stuck: [/data]").unwrap();
    let limits = Limits {
        check: Duration::from_secs(1),
        ..Limits::default()
    };
    let checks = Checks::new(Arc::new(world), limits);
    for _ in 0..3 {
        let report = checks.run(Path::new("/data"), "now").await;
        let disk = report
            .checks
            .iter()
            .find(|check| check.code == CheckCode::Disk);
        assert_eq!(disk.unwrap().cause, CauseCode::CutOff);
        assert_eq!(threads_that_look_at_the_disk(), 1);
    }
}
