//! A scope of its own for a process, from somebody who plays systemd on a bus of the test's own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use crete_qemu::scope::{ScopeError, enter};
use crete_testkit::systemd::{Manners, PrivateBus, Systemd};

const UNIT: &str = "crete-machine-0123456789ab-7.scope";

/// A bus of its own, or a visible skip.
fn bus(test: &str) -> Option<(tempfile::TempDir, PrivateBus)> {
    let folder = tempfile::tempdir().unwrap();
    let Some(bus) = PrivateBus::start(folder.path()).unwrap() else {
        crete_testkit::skip(test, "there is no dbus-daemon");
        return None;
    };
    Some((folder, bus))
}

#[tokio::test]
async fn a_process_gets_a_scope_of_its_own() {
    let Some((_folder, bus)) = bus("a scope") else {
        return;
    };
    let systemd = Systemd::come(&bus.address, Manners::Good).await.unwrap();
    let own = std::process::id();
    enter(&bus.address, UNIT, "Crete machine knossos", own)
        .await
        .unwrap();
    let scopes = systemd.scopes();
    assert_eq!(scopes.len(), 1);
    assert_eq!(scopes[0].unit, UNIT);
    assert_eq!(scopes[0].pids, [own]);
    let property = |name: &str| scopes[0].properties[name].as_str();
    assert_eq!(property("Description"), "Crete machine knossos");
    assert_eq!(property("Slice"), "app.slice");
    assert_eq!(property("CollectMode"), "inactive-or-failed");
}

#[tokio::test]
async fn whatever_goes_wrong_is_said_in_its_own_words() {
    let Some((_folder, bus)) = bus("a scope refused") else {
        return;
    };
    let own = std::process::id();
    let try_it = || enter(&bus.address, UNIT, "", own);

    // A bus, but nobody on it who could do it: told at once.
    let error = try_it().await.unwrap_err();
    assert!(matches!(error, ScopeError::Bus { .. }), "{error}");

    let systemd = Systemd::come(&bus.address, Manners::Refuses).await.unwrap();
    let error = try_it().await.unwrap_err().to_string();
    assert!(error.contains("not here"), "{error}");
    drop(systemd);

    let systemd = Systemd::come(&bus.address, Manners::Fails).await.unwrap();
    let error = try_it().await.unwrap_err();
    assert!(matches!(error, ScopeError::Failed { result, .. } if result == "failed"));
    drop(systemd);

    let systemd = Systemd::come(&bus.address, Manners::Silent).await.unwrap();
    let error = try_it().await.unwrap_err();
    assert!(matches!(error, ScopeError::Silent { .. }), "{error}");
    drop(systemd);
}

#[tokio::test]
async fn no_bus_is_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = format!("unix:path={}", folder.path().join("bus").display());
    let error = enter(&nowhere, UNIT, "", 1).await.unwrap_err();
    assert!(matches!(error, ScopeError::Bus { .. }), "{error}");
    let error = enter("nonsense", UNIT, "", 1).await.unwrap_err();
    assert!(matches!(error, ScopeError::Bus { .. }), "{error}");
}
