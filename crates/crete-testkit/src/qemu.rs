//! A fake QEMU: takes Crete's arguments, listens where they say, speaks QMP, prints a console,
//! and behaves as badly as its script wants.
//!
//! It is a program of its own (`crete-fake-qemu`), because what Crete must get right is the life
//! of another process: its pid, its sockets, its locks, its death. It reads `script.json` beside
//! the name it was called by, and takes orders ("switch off now") on a socket beside it, so that
//! a test decides when things happen and never waits for a time to pass.
//!
//! What is played: there is no guest. Where it matters what a real QEMU says or does, a test
//! holds the two beside each other.

mod arguments;
mod machine;
mod monitor;
mod port;
mod program;
mod script;

pub use program::{Control, FakeQemu};
pub use script::{Console, Fault, Ignored, Script};

use arguments::Request;
use std::io::Write;
use std::path::Path;

/// The program: what `main` calls. Returns the exit status.
pub async fn run(args: Vec<String>) -> u8 {
    let called = args.first().cloned().unwrap_or_default();
    let folder = Path::new(&called).parent().unwrap_or(Path::new("."));
    let script = Script::read(folder);
    match arguments::parse(args.get(1..).unwrap_or_default()) {
        Ok(Request::Version) => {
            let (major, minor, micro) = script.version;
            answer(
                &script,
                &format!("QEMU emulator version {major}.{minor}.{micro} (fake)"),
            )
            .await
        }
        Ok(Request::Help(option)) => answer(&script, &help(option, &script)).await,
        Ok(Request::Run(arguments)) => machine::run(*arguments, script, folder).await,
        Err(words) => complain(&words),
    }
}

/// Devices that `-device help` names: those Crete asks for.
const DEVICES: &[&str] = &[
    "virtio-blk-pci",
    "virtio-net-pci",
    "virtio-rng-pci",
    "virtio-balloon-pci",
    "virtio-serial-pci",
    "virtserialport",
    "virtio-scsi-pci",
];

/// What an option knows, in QEMU's form.
fn help(option: &str, script: &Script) -> String {
    match option {
        "-accel" => {
            let names = script.accelerators.join("\n");
            format!("Accelerators supported in QEMU binary:\n{names}")
        }
        "-machine" => {
            "Supported machines are:\nq35                  Standard PC (Q35 + ICH9, 2009)"
                .to_owned()
        }
        "-netdev" => "Available netdev backend types:\nsocket\nstream\nuser".to_owned(),
        _ => {
            let line = |name: &&str| format!("name \"{name}\", bus PCI");
            let lines: Vec<String> = DEVICES.iter().map(line).collect();
            format!("Storage devices:\n{}", lines.join("\n"))
        }
    }
}

async fn answer(script: &Script, text: &str) -> u8 {
    if script.help_hangs {
        std::future::pending::<()>().await;
    }
    println!("{text}");
    0
}

/// QEMU's way of refusing.
fn complain(words: &str) -> u8 {
    // Nobody reading it is no reason for another end.
    let _ = writeln!(std::io::stderr(), "qemu-system-x86_64: {words}");
    1
}
