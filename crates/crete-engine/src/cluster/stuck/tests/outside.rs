//! What is seen from outside: the process, the network, the console, and Crete's own deeds.

use super::*;
use crate::cluster::acts::{forgotten, judge_disks, refused_by, remembered};
use crete_talos::config::Disk;

fn disk(path: &str, size: u64) -> Disk {
    Disk {
        dev_path: path.to_owned(),
        size,
        ..Disk::default()
    }
}

/// A node in maintenance that a deed failed for.
fn applied(code: StuckCode, after: u32, failure: Failure) -> Fixture {
    let waits = in_maintenance(Some(maintenance(None, Vec::new())));
    fixture(code, after, waits).failure(failure)
}

fn disks(code: StuckCode, disk: Disk) -> Fixture {
    let waits = maintenance(None, vec![disk]);
    let failure = judge_disks(&waits).unwrap();
    fixture(code, 0, in_maintenance(Some(waits))).failure(failure)
}

fn off_clock() -> Presence {
    Presence::Ours {
        flaw: Some(Flaw::ClockDiffers { seconds: 172_800 }),
    }
}

fn refused(cause: Cause, console: &str) -> Sight {
    Sight {
        refusal: Some(Refusal {
            cause,
            words: "its words".to_owned(),
        }),
        ..with(Presence::Ours { flaw: None }, console)
    }
}

pub(super) fn fixtures() -> Vec<Fixture> {
    [process(), leaving(), console(), deeds(), presence()].concat()
}

fn process() -> Vec<Fixture> {
    let mut paused = on();
    paused.machine.as_mut().unwrap().power = Power::Paused {
        words: "io_error".to_owned(),
    };
    let mut cut = on();
    cut.machine.as_mut().unwrap().cut = true;
    vec![
        fixture(StuckCode::MachineFailed, 0, off(Some("qemu: no memory"))),
        fixture(StuckCode::MachineOff, 2, off(None)),
        fixture(StuckCode::MachinePaused, 0, paused),
        fixture(StuckCode::LinkCut, 0, cut.clone()),
        fixture(StuckCode::LinkCut, 0, cut).leaving(),
    ]
}

fn leaving() -> Vec<Fixture> {
    let denied = failure(DeedRule::Reset, Cause::Other, "Reset: no".to_owned());
    let remembers = remembered("no control plane answers");
    let silent = with(Presence::Silent, "");
    vec![
        fixture(StuckCode::LeaveRemembered, 10, off(None))
            .failure(remembers)
            .leaving(),
        fixture(StuckCode::LeaveRefused, 10, node(Vec::new()))
            .failure(denied)
            .leaving(),
        fixture(StuckCode::LeaveSilent, 60, silent).leaving(),
        fixture(StuckCode::LeaveSlow, 300, node(Vec::new())).leaving(),
    ]
}

fn console() -> Vec<Fixture> {
    let refused = |code, console: &str| fixture(code, 0, with(Presence::Refused, console));
    let no_disk = up_to(&recorded("no-disk.log"), "lstat /dev/vda");
    let fails = up_to(
        &recorded("installer-fails.log"),
        "task install (1/1): failed",
    );
    let small = "failed to partition /dev/vda: no space left: 1.2 GiB needed";
    let unreachable = with(
        Presence::Interrupted,
        &recorded("installer-unreachable.log"),
    );
    vec![
        refused(StuckCode::CpuTooOld, &recorded("cpu.log")),
        refused(StuckCode::KernelPanic, PANIC),
        refused(StuckCode::BootsFromCd, &recorded("halted.log")),
        refused(StuckCode::InstallDiskMissing, &no_disk),
        refused(StuckCode::DiskTooSmall, small),
        refused(StuckCode::InstallerFailed, &fails),
        fixture(StuckCode::InstallerUnreachable, 0, unreachable),
        fixture(
            StuckCode::InstallerStalls,
            45,
            with(Presence::Silent, PULLS),
        ),
        fixture(StuckCode::PullingImage, 0, with(Presence::Silent, PULLS)),
        refused(StuckCode::Installing, INSTALLS),
        fixture(
            StuckCode::NoAddress,
            20,
            with(Presence::Refused, &recorded("no-dhcp.log")),
        ),
    ]
}

fn deeds() -> Vec<Fixture> {
    let of = |deed, cause| failure(deed, cause, "its words".to_owned());
    let begins = || node(vec![service("etcd", "Preparing", None, "")]);
    let begun =
        |code, after, cause| fixture(code, after, begins()).failure(of(DeedRule::Bootstrap, cause));
    vec![
        disks(StuckCode::DiskMissing, disk("/dev/vdb", 12 << 30)),
        disks(StuckCode::DiskTooSmall, disk("/dev/vda", 2 << 30)),
        applied(
            StuckCode::ConfigurationRefused,
            0,
            refused_by(DeedRule::Apply, "no such field"),
        ),
        applied(StuckCode::ApplyBusy, 5, of(DeedRule::Apply, Cause::Busy)),
        applied(
            StuckCode::ApplyFails,
            20,
            of(DeedRule::Apply, Cause::Silent),
        ),
        applied(StuckCode::ConfigurationForgotten, 0, forgotten(3)),
        begun(StuckCode::BootstrapNotYet, 10, Cause::NotYet),
        begun(StuckCode::BootstrapFails, 20, Cause::NotAuthorized),
    ]
}

fn presence() -> Vec<Fixture> {
    let seen = |code, after, presence| fixture(code, after, with(presence, ""));
    let uncovered = Presence::Ours {
        flaw: Some(Flaw::AddressNotCovered),
    };
    vec![
        seen(StuckCode::AnotherCluster, 0, Presence::AnotherCluster),
        seen(StuckCode::NotTalos, 10, Presence::NotTalos),
        seen(StuckCode::AddressNotCovered, 10, uncovered),
        fixture(StuckCode::ClockOff, 0, with(off_clock(), NO_TIME)),
        seen(StuckCode::ClockOff, 0, off_clock()).unsynced(),
        fixture(
            StuckCode::ClockWrong,
            0,
            refused(Cause::ClientExpired, NO_TIME),
        ),
        seen(StuckCode::CertificateExpired, 5, off_clock()),
        fixture(
            StuckCode::CallsRefused,
            10,
            refused(Cause::NotAuthorized, ""),
        ),
        fixture(StuckCode::CallsHang, 10, refused(Cause::Silent, "")),
        seen(StuckCode::ApiSilent, 30, Presence::Silent),
        seen(StuckCode::ApiInterrupted, 60, Presence::Interrupted),
        seen(StuckCode::ApiSilent, 180, Presence::Refused),
        fixture(
            StuckCode::TimeNotSynchronized,
            10,
            in_maintenance(Some(maintenance(Some(false), Vec::new()))),
        ),
    ]
}
