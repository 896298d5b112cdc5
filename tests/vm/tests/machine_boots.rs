//! The practice images under real QEMU, to the last line and off again. Few boots: each takes
//! many seconds without KVM.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use crete_model::{Arch, BootStage, ImageFormat};
use crete_qemu::process::Exit;
use crete_qemu::screen::Screen;
use crete_vm_tests::{ADDRESS, Alone, Boot, LAST_LINE, PATIENCE, Vm, ask_version, image};
use serde_json::json;
use std::path::Path;
use tokio_util::sync::CancellationToken;

const MAINTENANCE: &str = "maintenance-service.talos.dev";

/// What every boot must have come to.
fn assert_in_maintenance(vm: &Vm) {
    let view = vm.boot_view();
    assert_eq!(view.stage, BootStage::Maintenance, "{}", vm.printed());
    assert_eq!(view.params["address"], "10.0.2.15");
    let printed = vm.printed();
    assert!(printed.contains("[talos] [initramfs] this is the practice guest of Crete"));
    assert!(printed.contains("[talos] [initramfs] booting Talos v1.13.9-practice"));
    assert!(
        !printed.contains("could not be loaded"),
        "a module: {printed}"
    );
}

async fn assert_goes_off(mut alone: Alone) {
    let vm = &mut alone.vm;
    let exit = vm.power_off().await;
    let good = Exit {
        status: Some(0),
        signal: None,
    };
    assert_eq!(exit, good);
    for line in [
        "[talos] shutdown via ACPI received",
        "[talos] shutdown sequence: 10 phase(s)",
        "[talos] sync done",
        // The kernel's last line, to the letter.
        "reboot: Power down",
    ] {
        assert!(vm.printed().contains(line), "{line}: {}", vm.printed());
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the practice images: cargo xtask test vm"]
async fn the_cd_boots_to_an_api_that_can_be_pinned() {
    let mut alone = Alone::start(Boot::Iso).await;
    let vm = &mut alone.vm;
    vm.console_holds("BdsDxe: starting").await;
    vm.console_holds("Linux version").await;
    vm.console_holds(LAST_LINE).await;
    assert_in_maintenance(vm);
    let answer = ask_version(alone.api).await;
    assert!(answer.certificate_holds(MAINTENANCE.as_bytes()));
    let alternative_name = [&[0x87, 4], ADDRESS.octets().as_slice()].concat();
    assert!(answer.certificate_holds(&alternative_name));
    assert!(answer.message_holds("v1.13.9-practice"));
    // Another address makes another certificate, and each is printed: one of them was presented.
    vm.console_holds(&answer.fingerprint()).await;
    assert_goes_off(alone).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the practice images: cargo xtask test vm"]
async fn the_disk_image_boots_and_draws_its_dashboard() {
    let mut alone = Alone::start(Boot::DiskImage).await;
    let vm = &mut alone.vm;
    vm.console_holds(LAST_LINE).await;
    assert_in_maintenance(vm);
    let meta = "\"volume\": \"META\", \"phase\": \"waiting -> ready\"";
    assert!(vm.printed().contains(meta), "{}", vm.printed());
    dashboard_shows(&vm.tty_s1, "Maintenance").await;
    assert_goes_off(alone).await;
}

/// Follows the second serial port as the product does until its screen holds a text.
async fn dashboard_shows(socket: &Path, text: &str) {
    let screen = Screen::default();
    let cancel = CancellationToken::new();
    let (_, mut drawings) = screen.subscribe();
    let follower = screen.clone();
    let reading = async {
        loop {
            let _ = drawings.recv().await;
            let (drawing, _) = screen.subscribe();
            if String::from_utf8_lossy(&drawing).contains(text) {
                return;
            }
        }
    };
    tokio::select! {
        ended = follower.follow(socket, &cancel) => panic!("the port ended: {ended:?}"),
        shown = tokio::time::timeout(PATIENCE, reading) => shown.expect("nothing was drawn"),
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the practice images: cargo xtask test vm"]
async fn the_cd_boots_by_bios_and_again_after_ctrl_alt_del() {
    let mut alone = Alone::start(Boot::IsoByBios).await;
    let vm = &mut alone.vm;
    vm.console_holds(LAST_LINE).await;
    assert_in_maintenance(vm);
    assert!(!vm.printed().contains("BdsDxe"), "that was UEFI");
    let keys = ["ctrl", "alt", "delete"].map(|key| json!({ "type": "qcode", "data": key }));
    let pressed = vm.qmp.execute("send-key", json!({ "keys": keys })).await;
    pressed.unwrap();
    vm.console_holds("[talos] reboot via Ctrl-Alt-Del received")
        .await;
    vm.console_holds("reboot: Restarting system").await;
}

/// What the product makes of the files before it boots them.
#[test]
#[ignore = "needs the practice images: cargo xtask test vm"]
fn the_images_are_whole_and_for_this_processor() {
    let path = image("metal-amd64.iso");
    let cd = std::fs::File::open(&path).unwrap();
    crete_image::check(&cd, ImageFormat::Iso).unwrap();
    let found = crete_image::recognise(&cd, ImageFormat::Iso);
    assert_eq!(found.arch, Some(Arch::Amd64));
    assert_eq!(found.version, None, "practice is no Talos");
}
