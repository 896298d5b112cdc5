//! Starting and stopping again and again leaves nothing behind.

use crate::support::{self, World, names};
use crete_testkit::qemu::Script;
use std::fs;

fn open_files() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Starts and stops one machine, each time another way, over several lives of the engine.
pub async fn run(cycles: usize) {
    let begun = std::time::Instant::now();
    let world = World::new();
    world.play(Script::default());
    let mut engine = world.open().await;
    let machine = world.machine(&engine);
    let mut first = None;
    for cycle in 0..cycles {
        support::start(&engine, machine).await;
        if cycle % 10 == 9 {
            // Closed and opened again in the middle of a run.
            engine.close().await;
            engine = world.open().await;
        }
        match cycle % 3 {
            0 => drop(engine.stop(machine).await.unwrap()),
            1 => engine.force_off(machine).await.unwrap(),
            _ => world.control(machine).power_off(),
        }
        support::off(&engine, machine).await;
        world.assert_nothing_runs();
        world.assert_nothing_is_left(machine);
        support::eventually("its network ends with it", || {
            world.network.running().is_empty()
        })
        .await;
        // A folder each for the machine and its network.
        assert_eq!(names(&world.at("run")).len(), 2);
        // An engine that was just opened asks QEMU what it can do, through pipes it closes again.
        let few = *first.get_or_insert_with(open_files) + 8;
        support::eventually("few open files", || open_files() < few).await;
    }
    engine.close().await;
    println!(
        "{cycles} cycles of start and stop: {:.0} s",
        begun.elapsed().as_secs_f64()
    );
}
