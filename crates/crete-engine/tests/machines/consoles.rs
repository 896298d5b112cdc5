//! Serial consoles: whoever comes when, nothing is lost, and nobody's slowness is the guest's.

use crate::support::{HELLO, PATIENCE, World, off, start, until};
use bytes::Bytes;
use crete_engine::Engine;
use crete_model::{BootStage, MachineId, SerialPort};
use crete_testkit::qemu::{Console, Script};
use std::path::Path;
use tokio::sync::mpsc::Receiver;

/// Reads a console until it has given this many bytes; the bytes, in order and without gaps.
async fn read(chunks: &mut Receiver<(u64, Bytes)>, from: usize, length: usize) -> Vec<u8> {
    let mut seen: Vec<u8> = Vec::new();
    let reading = async {
        while seen.len() < length {
            let (offset, bytes) = chunks.recv().await.expect("it goes on");
            assert_eq!(
                offset,
                (from + seen.len()) as u64,
                "nothing is lost or doubled"
            );
            seen.extend_from_slice(&bytes);
        }
    };
    let done = tokio::time::timeout(PATIENCE, reading).await;
    assert!(done.is_ok(), "only {} of {length} bytes", seen.len());
    seen
}

async fn console(engine: &Engine, machine: MachineId) -> Receiver<(u64, Bytes)> {
    engine.console(machine, SerialPort::TtyS0).await.unwrap()
}

async fn force_off(engine: &Engine, machine: MachineId) {
    engine.force_off(machine).await.unwrap();
    off(engine, machine).await;
}

#[tokio::test]
async fn a_recorded_boot_is_read_to_its_end() {
    let log = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/fixtures/serial/01-maintenance-direct-acpi-off.log"
    );
    let world = World::new();
    let recorded = Console {
        recorded: Some(log.into()),
        ..Console::default()
    };
    let bytes = recorded.bytes();
    world.play(Script {
        console: recorded,
        ..Script::default()
    });
    let engine = world.open().await;
    let machine = world.machine(&engine);
    start(&engine, machine).await;
    let view = until(&engine.machines, &machine.to_string(), |view| {
        view.boot
            .as_ref()
            .is_some_and(|boot| boot.stage == BootStage::Maintenance)
    })
    .await;
    assert_eq!(view.boot.unwrap().params["address"], "10.0.2.15");
    let mut late = console(&engine, machine).await;
    assert_eq!(read(&mut late, 0, bytes.len()).await, bytes);
    force_off(&engine, machine).await;
    engine.close().await;
}

#[tokio::test]
async fn a_later_run_and_a_later_program_go_on_with_the_same_history() {
    let world = World::new();
    let engine = world.open().await;
    let machine = world.machine(&engine);
    start(&engine, machine).await;
    let mut early = console(&engine, machine).await;
    read(&mut early, 0, HELLO.len()).await;
    force_off(&engine, machine).await;
    start(&engine, machine).await;
    // Whoever followed the first run follows the second.
    let again = read(&mut early, HELLO.len(), HELLO.len()).await;
    assert_eq!(again, HELLO.as_bytes());
    engine.close().await;
    // Printed while nobody was there.
    world.control(machine).print("alone");
    let engine = world.open().await;
    let whole = format!("{HELLO}{HELLO}alone\r\n");
    let mut late = console(&engine, machine).await;
    let bytes = read(&mut late, 0, whole.len()).await;
    assert_eq!(String::from_utf8(bytes).unwrap(), whole);
    // What was printed before it was taken back counts.
    until(&engine.machines, &machine.to_string(), |view| {
        view.boot
            .as_ref()
            .is_some_and(|boot| boot.stage == BootStage::Kernel)
    })
    .await;
    force_off(&engine, machine).await;
    engine.close().await;
}

/// A page that does not read is only itself behind.
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_stands_still_holds_up_neither_guest_nor_others() {
    let world = World::new();
    let console_of = Console {
        text: "x".repeat(1021) + "\r\n\n",
        times: 6 << 10,
        ..Console::default()
    };
    let bytes = console_of.bytes();
    world.play(Script {
        console: console_of,
        ..Script::default()
    });
    let engine = world.open().await;
    let machine = world.machine(&engine);
    start(&engine, machine).await;
    let mut stuck = console(&engine, machine).await;
    let mut quick = console(&engine, machine).await;
    assert_eq!(read(&mut quick, 0, bytes.len()).await, bytes);
    assert_eq!(read(&mut stuck, 0, bytes.len()).await, bytes);
    force_off(&engine, machine).await;
    engine.close().await;
}

/// Every file below a folder that holds a text.
fn holding(folder: &Path, text: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(holding(&path, text));
        } else if let Ok(bytes) = std::fs::read(&path)
            && bytes.windows(text.len()).any(|window| window == text)
        {
            found.push(path.display().to_string());
        }
    }
    found
}

#[tokio::test]
async fn the_dashboard_is_drawn_for_whoever_comes_and_written_nowhere() {
    let world = World::new();
    let dashboard = "\u{1b}[2J\u{1b}[3;7Hknossos is \u{1b}[32mready\u{1b}[0m";
    world.play(Script {
        // What is drawn while nobody listens is lost: a dashboard draws again.
        dashboard: Console {
            endless: true,
            ..Console::text(dashboard)
        },
        ..Script::default()
    });
    let engine = world.open().await;
    let machine = world.machine(&engine);
    start(&engine, machine).await;
    let drawn = async {
        loop {
            // Each comes late: what is drawn already comes as one drawing.
            let mut late = engine.console(machine, SerialPort::TtyS1).await.unwrap();
            let (_, drawing) = late.recv().await.unwrap();
            let text = String::from_utf8_lossy(&drawing).into_owned();
            if text.contains("ready") {
                return text;
            }
            tokio::task::yield_now().await;
        }
    };
    let text = tokio::time::timeout(PATIENCE, drawn).await.unwrap();
    assert!(text.contains("knossos is"), "{text:?}");
    force_off(&engine, machine).await;
    engine.close().await;
    assert_eq!(holding(&world.at("data"), b"knossos is"), [""; 0]);
    assert_eq!(
        holding(&world.at("data"), HELLO.as_bytes()).len(),
        1,
        "ttyS0 is kept"
    );
}
