//! The node's life: the boot sequence up to the question for a configuration, then waiting, then
//! the way down. What a configuration will do to it begins where it now waits.

use crate::cmdline::KernelArgs;
use crate::console::{Console, Value, with_fields};
use crate::cpu::Cpu;
use crate::error::Result;
use crate::power::{Buttons, Order};
use crate::sequence::{Phase, Sequence, Task};
use crate::status::{Board, Stage};
use crate::{api, dashboard, modules, net, shutdown, smbios, version};
use std::convert::Infallible;
use std::time::Instant;

/// Phases of the sequence on real nodes.
const PHASES: usize = 9;
const ACQUIRE: &str = "config.AcquireController";

/// What is known of the machine before anything runs.
pub struct Facts {
    args: KernelArgs,
    cpu: Cpu,
    uuid: Option<String>,
}

impl Facts {
    /// Asks the kernel.
    #[must_use]
    pub fn read() -> Self {
        let text = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        // A machine without SMBIOS has neither arguments there nor a UUID.
        let table = std::fs::read(smbios::TABLE).unwrap_or_default();
        let mut args = KernelArgs::parse(&text("/proc/cmdline"));
        args.append(KernelArgs::parse(&smbios::kernel_arguments(&table)));
        Self {
            args,
            cpu: Cpu::parse(&text("/proc/cpuinfo")),
            uuid: smbios::uuid(&table),
        }
    }
}

/// The lines that a real node's first program prints.
pub fn greet(console: &Console, facts: &Facts) {
    let say = |text: &str| console.say(&format!("[initramfs] {text}"));
    let cpu = &facts.cpu;
    say(version::BANNER);
    say(&format!("booting Talos {}", version::TAG));
    say(&format!(
        "CPU: {}, {} core(s), {} thread(s) per core",
        cpu.model,
        cpu.cores,
        cpu.threads_per_core()
    ));
    say(&format!("x86_64 microarchitecture level: {}", cpu.level));
    say("executing /sbin/init");
}

/// Lives until it is ordered to end.
///
/// # Errors
/// When something fails that the node cannot be without.
pub async fn run(console: &Console, facts: &Facts) -> Result<Infallible> {
    let board = Board::default();
    console.say("machined logger initialized");
    early(console, "platform information", &[("mode", "metal".into())]);
    let begun = Instant::now();
    let sequence = Sequence::begin(console, "initialize", PHASES);
    sequence.single(1, "systemRequirements", "enforceKSPPRequirements", |_| ());
    sequence.single(2, "earlyServices", "startUdevd", |task| {
        start_udevd(console, task)
    });
    early(
        console,
        "early startup done",
        &[(
            "duration",
            crate::console::go_duration(begun.elapsed()).into(),
        )],
    );
    sequence.single(4, "meta", "reloadMeta", |_| tell_volumes(console));
    let terminal = facts.args.dashboard_console();
    if terminal.is_some() {
        sequence.single(6, "dashboard", "startDashboard", |_| {
            console.service("dashboard", "Starting", "Starting service");
        });
    }
    let (phase, task) = ask_for_configuration(console, &sequence);
    board.change(|status| status.stage = Stage::Maintenance);

    let machine = dashboard::Machine {
        cpu: facts.cpu.clone(),
        uuid: facts.uuid.clone(),
    };
    let drawing = async {
        match terminal {
            Some(terminal) => dashboard::run(terminal, &machine, console, &board).await,
            None => Ok(std::future::pending().await),
        }
    };
    let order = tokio::select! {
        order = Buttons::open()?.order() => order?,
        ended = net::run(console, &board) => match ended? {},
        ended = api::run(console, &board) => match ended? {},
        ended = quietly(console, drawing) => match ended {},
    };
    shutdown::tell_order(console, order);
    board.change(|status| status.stage = stage_after(order));
    task.failed("context canceled");
    phase.failed();
    sequence.failed();
    shutdown::run_sequence(console, order);
    shutdown::end(console, order)
}

fn stage_after(order: Order) -> Stage {
    match order {
        Order::Shutdown => Stage::ShuttingDown,
        Order::Reboot => Stage::Rebooting,
    }
}

/// A part the node can be without: its failure is a line.
async fn quietly(console: &Console, part: impl Future<Output = Result<Infallible>>) -> Infallible {
    match part.await {
        Ok(never) => match never {},
        Err(error) => {
            console.service("dashboard", "Failed", &error.to_string());
            std::future::pending().await
        }
    }
}

fn early(console: &Console, text: &str, fields: &[(&str, Value)]) {
    let mut all = vec![("component", "early-startup".into())];
    all.extend_from_slice(fields);
    console.say(&with_fields(text, &all));
}

/// Loads the drivers, which is what udev does on a real node.
fn start_udevd(console: &Console, task: &Task) {
    console.service("udevd", "Starting", "Starting service");
    match modules::load_all() {
        Ok(failed) => {
            for (name, error) in failed {
                task.say(&format!("module {name} could not be loaded: {error}"));
            }
        }
        Err(error) => task.say(&format!("no modules: {error}")),
    }
    console.service("udevd", "Running", "Health check successful");
}

/// Tells which of the volumes of an installed node are on the disks.
fn tell_volumes(console: &Console) {
    let names = partition_names();
    for volume in ["META", "STATE"] {
        let found = names.iter().any(|name| name == volume);
        let phase = if found {
            "waiting -> ready"
        } else {
            "waiting -> missing"
        };
        console.report(
            "block.VolumeManagerController",
            "volume status",
            &[("volume", volume.into()), ("phase", phase.into())],
        );
    }
}

/// The names in the partition tables of all disks.
fn partition_names() -> Vec<String> {
    let entries = std::fs::read_dir("/sys/class/block").into_iter().flatten();
    entries
        .flatten()
        .filter_map(|entry| std::fs::read_to_string(entry.path().join("uevent")).ok())
        .filter_map(|event| partition_name(&event).map(str::to_owned))
        .collect()
}

fn partition_name(event: &str) -> Option<&str> {
    event
        .lines()
        .find_map(|line| line.strip_prefix("PARTNAME="))
}

/// The last phase, which waits: there is no configuration anywhere.
fn ask_for_configuration(console: &Console, sequence: &Sequence) -> (Phase, Task) {
    let phase = sequence.phase(PHASES, "config", 1);
    let task = phase.task(1, "loadConfig");
    console.report(
        ACQUIRE,
        "downloading config",
        &[("platform", "metal".into())],
    );
    console.report(ACQUIRE, "entering maintenance service", &[]);
    (phase, task)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::tests::Paper;

    #[test]
    fn the_first_lines_say_that_this_is_practice() {
        let paper = Paper::default();
        let facts = Facts {
            args: KernelArgs::default(),
            cpu: Cpu::parse(""),
            uuid: None,
        };
        greet(&Console::to(paper.clone()), &facts);
        let text = paper.text();
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("<12>[talos] [initramfs] this is the practice guest"));
        assert_eq!(
            lines[1],
            "<12>[talos] [initramfs] booting Talos v1.13.9-practice"
        );
    }

    #[test]
    fn a_partition_has_a_name_or_none() {
        let event = "MAJOR=254\nMINOR=2\nDEVNAME=vda2\nDEVTYPE=partition\nPARTN=2\nPARTNAME=META\n";
        assert_eq!(partition_name(event), Some("META"));
        assert_eq!(partition_name("DEVNAME=vda\nDEVTYPE=disk\n"), None);
    }
}
