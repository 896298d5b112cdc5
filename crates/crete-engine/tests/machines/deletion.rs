//! Deleting and getting back, with everybody pressing at once.

use crate::support::{World, names, off, start, view};
use crete_model::{ErrorCode, MachineAction, MachineState};
use std::fs;

#[tokio::test]
async fn what_is_deleted_comes_back_with_its_disk() {
    let world = World::new();
    let engine = world.open().await;
    let machine = world.machine(&engine);
    start(&engine, machine).await;
    let refused = engine.delete_machine(machine).await.unwrap_err().problem();
    assert_eq!(refused.code, ErrorCode::Denied);
    engine.stop(machine).await.unwrap();
    off(&engine, machine).await;
    let before = names(&world.folder(machine));
    let (trash, name) = engine.delete_machine(machine).await.unwrap();
    assert_eq!(name, "knossos");
    assert!(!world.folder(machine).exists());
    assert!(!world.runtime(machine).exists());
    assert_eq!(engine.machines.get(&machine.to_string()), None);
    engine.restore(&trash).await.unwrap();
    assert_eq!(names(&world.folder(machine)), before);
    assert_eq!(names(&world.at("data/trash")), [""; 0]);
    start(&engine, machine).await;
    engine.force_off(machine).await.unwrap();
    off(&engine, machine).await;
    engine.close().await;
}

/// There is no moment in which it has no owner and is not gone: of two who press, one deletes and
/// the other is told so, and a start never begins in between.
#[tokio::test(flavor = "multi_thread")]
async fn everybody_presses_at_once() {
    let world = World::new();
    let engine = world.open().await;
    for _ in 0..5 {
        let machine = world.machine(&engine);
        let (first, second, start) = tokio::join!(
            engine.delete_machine(machine),
            engine.delete_machine(machine),
            engine.start(machine),
        );
        let deleted = [&first, &second].iter().filter(|done| done.is_ok()).count();
        match start {
            Ok(_) => {
                // It came first.
                assert_eq!(deleted, 0, "{first:?} {second:?}");
                engine.force_off(machine).await.unwrap();
                off(&engine, machine).await;
                engine.delete_machine(machine).await.unwrap();
            }
            Err(error) => {
                let code = error.problem().code;
                assert!(
                    matches!(code, ErrorCode::Denied | ErrorCode::NotFound),
                    "{code:?}"
                );
                assert_eq!(deleted, 1, "{first:?} {second:?}");
            }
        }
        assert!(!world.folder(machine).exists());
        world.assert_nothing_runs();
    }
    engine.close().await;
}

#[tokio::test]
async fn a_deletion_that_fails_leaves_the_machine_as_it_was() {
    let world = World::new();
    let engine = world.open().await;
    let machine = world.machine(&engine);
    let trash = world.at("data/trash");
    fs::remove_dir(&trash).unwrap();
    fs::write(&trash, "in the way").unwrap();
    let problem = engine.delete_machine(machine).await.unwrap_err().problem();
    assert_eq!(problem.code, ErrorCode::File);
    let view = view(&engine, machine);
    assert!(matches!(view.state, MachineState::Stopped { .. }));
    let offered = |action| {
        let mut actions = view.actions.iter();
        actions.any(|view| view.action == action && view.denied.is_none())
    };
    assert!(offered(MachineAction::Start) && offered(MachineAction::Delete));
    start(&engine, machine).await;
    engine.force_off(machine).await.unwrap();
    off(&engine, machine).await;
    fs::remove_file(&trash).unwrap();
    fs::create_dir(&trash).unwrap();
    engine.delete_machine(machine).await.unwrap();
    engine.close().await;
}

#[tokio::test]
async fn a_name_that_was_given_away_meanwhile_gets_a_number() {
    let world = World::new();
    let engine = world.open().await;
    let first = world.machine(&engine);
    let (trash, _) = engine.delete_machine(first).await.unwrap();
    let second = world.machine(&engine);
    engine.restore(&trash).await.unwrap();
    assert_eq!(view(&engine, second).spec.name, "knossos");
    assert_eq!(view(&engine, first).spec.name, "knossos-2");
    engine.close().await;
    let engine = world.open().await;
    assert_eq!(view(&engine, first).spec.name, "knossos-2");
    engine.close().await;
}
