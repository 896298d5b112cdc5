//! The commands as a whole, and that what they patch is what Crete itself would make.

use super::*;
use crate::cluster::configure::nobodys_secrets;
use crate::cluster::tests::{spec, with_everything};
use crete_talos::config::{Cni, Configuration, MachineRole, Options, Patch, generate};
use std::net::Ipv4Addr;

fn bench() -> Bench {
    Bench {
        source: Source::Factory {
            schematics: "https://factory.talos.dev/schematics".to_owned(),
            yaml: "customization: {}\n".to_owned(),
            url: "https://factory.talos.dev/image/0/v1.13.9/metal-amd64.raw.zst".to_owned(),
            asset: "metal-amd64.raw.zst".to_owned(),
        },
        accelerator: Accelerator::Kvm,
        firmware: usual_firmware(Arch::Amd64),
        subnet: SUBNET.parse().unwrap(),
        secrets: None,
    }
}

fn text(spec: &ClusterSpec, bench: &Bench) -> String {
    let steps = commands(spec, bench).unwrap();
    let step = |step: &CommandStep| format!("# {:?}\n{}\n", step.code, step.lines.join("\n"));
    steps.iter().map(step).collect()
}

/// Compares with a file that was read by a person.
#[track_caller]
fn is_golden(name: &str, text: &str) {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/fixtures/cluster-commands"
    );
    let golden = std::fs::read_to_string(format!("{folder}/{name}.txt")).unwrap_or_default();
    assert!(text == golden, "{name}:\n{text}");
}

#[test]
fn a_machine_that_does_everything() {
    is_golden("solo", &text(&spec(1, 0), &bench()));
}

#[test]
fn a_control_plane_and_two_workers() {
    is_golden("small", &text(&spec(1, 2), &bench()));
}

#[test]
fn with_everything_chosen() {
    let mut bench = bench();
    bench.source = Source::File {
        path: "/home/a/my images/own.qcow2".to_owned(),
        format: "qcow2",
    };
    bench.secrets = Some((SecretsSource::ControlPlane, "/home/a/cp.yaml".to_owned()));
    bench.subnet = "10.88.7.0/24".parse().unwrap();
    is_golden("everything", &text(&with_everything(), &bench));
}

#[test]
fn an_installation_waits_for_other_tools() {
    let mut spec = spec(1, 0);
    spec.medium = crete_model::BootMedium::Iso;
    spec.leave_in_maintenance = true;
    spec.omni = "siderolink.api=grpc://omni.example?jointoken=hush".to_owned();
    let mut bench = bench();
    if let Source::Factory { asset, url, .. } = &mut bench.source {
        *asset = "metal-amd64.iso".to_owned();
        *url = url.replace("raw.zst", "iso");
    }
    is_golden("maintenance", &text(&spec, &bench));
}

/// The patches that stand for what talosctl has no flags for come to what Crete makes itself.
#[test]
fn the_patches_come_to_the_same_in_every_version() {
    for talos in ["1.10.7", "1.12.11", "1.13.9", "1.14.0"] {
        let mut spec = with_everything();
        spec.talos = talos.parse().unwrap();
        let bench = bench();
        let contract = Contract::of(&spec.talos).unwrap();
        let hand = Hand {
            spec: &spec,
            bench: &bench,
            contract,
            endpoint: Ipv4Addr::LOCALHOST,
        };
        let plain = Options::new(contract, "knossos", "https://127.0.0.1:6443", "1.33.0", "i");
        let wanted = Options {
            cni: Cni::None,
            pod_subnets: vec![spec.pod_subnet.clone()],
            service_subnets: vec![spec.service_subnet.clone()],
            allow_scheduling_on_control_planes: true,
            ..plain.clone()
        };
        let bundle = nobodys_secrets().unwrap();
        let (both, control_plane) = hand.shape();
        for role in [MachineRole::ControlPlane, MachineRole::Worker] {
            let mut made = generate(&plain, bundle, role);
            let own = control_plane
                .iter()
                .filter(|_| role == MachineRole::ControlPlane);
            for (at, text) in both.iter().chain(own).enumerate() {
                let patch = Patch::read(text, contract).unwrap();
                let origin = u32::try_from(at + 1).unwrap();
                patch.apply(&mut made, origin).unwrap();
            }
            let wanted = generate(&wanted, bundle, role);
            assert_eq!(sorted(&made), sorted(&wanted), "{talos}, {role:?}");
        }
    }
}

/// The lines of a configuration; the order of its keys says nothing, nor does an empty list of taints.
fn sorted(configuration: &Configuration) -> Vec<String> {
    let mut lines: Vec<String> = configuration.to_yaml().lines().map(str::to_owned).collect();
    lines.retain(|line| line != "taints: {}");
    lines.sort();
    lines
}
