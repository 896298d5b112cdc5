//! One node through its whole life, by the real client.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use crete_practice_node::{Power, Prefix};
use crete_talos::api::{
    ApplyMode, Cause, EventCursor, Flaw, Payload, Presence, Reset, ResetScope, kinds, probe, wire,
};
use crete_talos::config::MachineRole;
use crete_talos::pki::Role;
use std::process::{Command, Stdio};
use std::time::Duration;
use support::kubernetes::{Access, ready};
use support::{Lab, Member, Stage, bootstrap, held, status, until, until_ready};

const DEADLINE: Duration = Duration::from_secs(5);

/// The fingerprint that the console printed last.
fn printed(member: &Member) -> String {
    let lines = member.console.lines();
    let last = lines
        .iter()
        .rev()
        .find(|line| line.contains("server certificate issued"));
    let (_, rest) = last.unwrap().split_once("\"fingerprint\": \"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn from_nothing_to_ready_and_back() {
    let lab = Lab::new("1.13.9");
    let member = lab.switch_on(lab.identity(2), &[]);
    maintenance(&lab, &member).await;
    refusals(&lab, &member).await;
    install(&lab, &member).await;
    configured(&lab, &member).await;
    kubernetes(&lab, &member).await;
    reboot(&lab, &member).await;
    reset(&lab, &member).await;
    member.node.press_power_button();
    member.node.wait_until_off().await;
    assert_eq!(*member.node.power().borrow(), Power::Off);
    let lines = member.console.lines();
    assert!(held(&lines, "shutdown via ACPI received").is_some());
    assert!(lines.last().unwrap().contains("Power down"));
}

async fn maintenance(lab: &Lab, member: &Member) {
    assert_eq!(
        probe(&lab.target(member), None, DEADLINE).await.unwrap(),
        Presence::Refused,
        "nobody listens before there is a certificate"
    );
    lab.in_maintenance(member).await;
    let presence = probe(&lab.target(member), None, DEADLINE).await.unwrap();
    let fingerprint = printed(member);
    assert_eq!(presence, Presence::Maintenance { fingerprint });
    let node = lab.anonymous(member);
    assert_eq!(
        node.version().await.unwrap().version.unwrap().tag,
        "v1.13.9"
    );
    let (stage, ready, unmet) = status(&node).await.unwrap();
    assert_eq!((stage, ready, unmet.len()), (Stage::Maintenance, true, 0));
    let disks = node.list(kinds::DISKS).all().await.unwrap();
    let names: Vec<&str> = disks.iter().map(|disk| disk.metadata.id.as_str()).collect();
    assert_eq!(names, ["loop0", "vda"]);
    assert!(node.list(kinds::MEMBERS).all().await.unwrap().is_empty());
    assert!(
        node.get(kinds::HOSTNAME, "hostname")
            .await
            .unwrap()
            .is_none()
    );
}

async fn refusals(lab: &Lab, member: &Member) {
    let node = lab.anonymous(member);
    let mode = wire::machine::reboot_request::Mode::Default;
    assert_eq!(
        node.reboot(mode).await.unwrap_err().cause,
        Cause::NotAuthorized
    );
    assert_eq!(
        node.etcd_members(false).await.unwrap_err().cause,
        Cause::ControlPlaneOnly
    );
    let sensitive = node.get(kinds::MACHINE_CONFIG, "v1alpha1").await;
    assert_eq!(sensitive.unwrap_err().cause, Cause::NotAuthorized);
    let empty = node.apply("", ApplyMode::Auto, false).await.unwrap_err();
    assert_eq!(empty.cause, Cause::ConfigurationUnreadable);
    assert_eq!(empty.talos_text(), "config not found");
    let broken = lab
        .configuration(MachineRole::ControlPlane)
        .replace("type: controlplane", "type: worker");
    let refused = node
        .apply(&broken, ApplyMode::Auto, false)
        .await
        .unwrap_err();
    assert_eq!(refused.cause, Cause::ConfigurationRefused);
    assert!(
        refused
            .talos_text()
            .contains("etcd config is only allowed on control plane machines")
    );
    let text = lab.configuration(MachineRole::ControlPlane);
    let dry = node.apply(&text, ApplyMode::Auto, true).await.unwrap();
    assert!(dry.details.expose().starts_with("Dry run summary:\nApplied configuration without a reboot (skipped in dry-run).\nConfig diff:\n\n--- a\n+++ b\n@@ -0,0 +1,"));
    let (stage, ..) = status(&node).await.unwrap();
    assert_eq!(stage, Stage::Maintenance, "a dry run changes nothing");
}

async fn install(lab: &Lab, member: &Member) {
    let node = lab.anonymous(member);
    let text = lab.configuration(MachineRole::ControlPlane);
    let applied = node.apply(&text, ApplyMode::Reboot, false).await.unwrap();
    assert_eq!(
        applied.details.expose(),
        "Applied configuration without a reboot"
    );
    member
        .console
        .wait_for("task install (1/1): installing Talos to disk /dev/vda")
        .await;
    let presence = probe(&lab.target(member), None, DEADLINE).await.unwrap();
    assert_eq!(presence, Presence::Refused, "no API while it installs");
    member
        .console
        .wait_for("installation of v1.13.9 complete")
        .await;
    member
        .console
        .wait_for("kexec_core: Starting new kernel")
        .await;
}

async fn configured(lab: &Lab, member: &Member) {
    let node = lab.admin(member);
    until("the API of the cluster", || async {
        node.version().await.ok()
    })
    .await;
    let trust = lab.trust(Role::Admin);
    let presence = probe(&lab.target(member), Some(&trust), DEADLINE)
        .await
        .unwrap();
    assert_eq!(presence, Presence::Ours { flaw: None });
    let anonymous = lab.anonymous(member).version().await.unwrap_err();
    assert_eq!(anonymous.cause, Cause::ClientRequired, "{anonymous:?}");
    let reader = lab.client(member, Role::Reader);
    assert_eq!(
        reader.bootstrap().await.unwrap_err().cause,
        Cause::NotAuthorized
    );
    let config = node
        .get(kinds::MACHINE_CONFIG, "v1alpha1")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        config.spec.yaml_marshalled,
        lab.configuration(MachineRole::ControlPlane).into_bytes()
    );

    let (stage, is_ready, unmet) = until("etcd is missed", || async {
        status(&node)
            .await
            .filter(|(.., unmet)| unmet.iter().any(|one| one == "services: etcd not running"))
    })
    .await;
    assert_eq!((stage, is_ready), (Stage::Booting, false));
    assert!(
        unmet
            .iter()
            .any(|one| one.starts_with("nodeReady: node \"talos-")),
        "{unmet:?}"
    );
    member
        .console
        .wait_for("etcd is waiting to join the cluster")
        .await;
    let hangs = node.clone().with_deadline(Duration::from_secs(2));
    assert_eq!(
        hangs.etcd_members(false).await.unwrap_err().cause,
        Cause::Silent
    );
    let protected = node.restart_service("etcd").await.unwrap_err();
    assert_eq!(protected.cause, Cause::UnknownName);

    bootstrap(&node).await;
    assert_eq!(
        node.bootstrap().await,
        Ok(()),
        "right after the first it is taken again"
    );
    until("etcd", || async { hangs.etcd_members(false).await.ok() }).await;
    let again = node.bootstrap().await.unwrap_err();
    assert_eq!(again.cause, Cause::AlreadyBootstrapped);
    assert_eq!(again.talos_text(), "etcd data directory is not empty");
    until_ready(&node).await;
    member
        .console
        .wait_for("machine is running and ready")
        .await;
    let screen = member.node.summary().borrow().clone();
    assert!(
        screen.ready,
        "who stands in front of it sees that: {screen:?}"
    );
    events(&node).await;
}

async fn events(node: &crete_talos::api::Node) {
    let mut events = node.events(&EventCursor::default());
    let mut sequences = Vec::new();
    loop {
        let event = events.next().await.unwrap().unwrap();
        match event.payload {
            Payload::Sequence(sequence) => sequences.push(sequence.sequence),
            Payload::Status(status)
                if status.status.as_ref().is_some_and(|one| one.ready) && status.stage == 4 =>
            {
                break;
            }
            _ => {}
        }
    }
    assert_eq!(
        sequences,
        [
            "initialize",
            "initialize",
            "install",
            "install",
            "boot",
            "boot"
        ]
    );
}

async fn kubernetes(lab: &Lab, member: &Member) {
    let node = lab.admin(member);
    let kubeconfig = node.kubeconfig().await.unwrap();
    let access = Access::of(kubeconfig.expose());
    assert_eq!(access.server, "https://10.5.0.2:6443");
    assert_eq!(access.context, "admin@practice");
    check_with_openssl(lab, &access);
    let way = lab.way(member, 6443);
    assert_eq!(
        access.get(&way, "/readyz").await.unwrap(),
        (200, "ok".to_owned())
    );
    let stranger = access
        .ask(&way, "GET", "/api/v1/nodes", false)
        .await
        .unwrap();
    assert_eq!(stranger.0, 401);
    let nodes = access.items(&way, "/api/v1/nodes").await.unwrap();
    assert_eq!(nodes.len(), 1);
    assert!(ready(&nodes[0]), "{}", nodes[0]);
    assert_eq!(nodes[0]["status"]["nodeInfo"]["kubeletVersion"], "v1.36.3");
    for (label, count) in [
        ("k8s-app%3Dkube-dns", 2),
        ("k8s-app=kube-proxy", 1),
        ("k8s-app=flannel", 1),
        ("tier=control-plane", 3),
    ] {
        let path = format!("/api/v1/namespaces/kube-system/pods?labelSelector={label}");
        until(label, || async {
            let pods = access.items(&way, &path).await.unwrap();
            (pods.len() == count && pods.iter().all(ready)).then_some(())
        })
        .await;
    }
    let mut check = node.health_check(Duration::from_secs(60), Vec::new(), Vec::new());
    let mut last = String::new();
    while let Some(line) = check.next().await.unwrap() {
        last = line.message;
    }
    assert_eq!(last, "waiting for all k8s nodes to report schedulable: OK");
}

/// The second opinion on the certificates of the kubeconfig.
fn check_with_openssl(lab: &Lab, access: &Access) {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    std::fs::write(path("ca"), &access.authority).unwrap();
    std::fs::write(path("crt"), &access.certificate).unwrap();
    std::fs::write(path("key"), &access.key).unwrap();
    let kubernetes = lab.bundle.parts().k8s.clone().unwrap();
    assert_eq!(access.authority, kubernetes.crt);
    let verified = openssl(&[
        "verify",
        "-purpose",
        "sslclient",
        "-CAfile",
        &path("ca"),
        &path("crt"),
    ]);
    assert!(verified.ends_with("OK\n"), "{verified}");
    let subject = openssl(&[
        "x509",
        "-in",
        &path("crt"),
        "-noout",
        "-subject",
        "-nameopt",
        "RFC2253",
    ]);
    assert_eq!(subject.trim(), "subject=CN=admin,O=system:masters");
    let public = openssl(&["x509", "-in", &path("crt"), "-noout", "-pubkey"]);
    assert_eq!(public, openssl(&["pkey", "-in", &path("key"), "-pubout"]));
}

fn openssl(arguments: &[&str]) -> String {
    let output = Command::new("openssl")
        .args(arguments)
        .stdin(Stdio::null())
        .output();
    let output = output.expect("openssl is installed: it is the second opinion");
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

async fn reboot(lab: &Lab, member: &Member) {
    let node = lab.admin(member);
    let actor = node
        .reboot(wire::machine::reboot_request::Mode::Default)
        .await
        .unwrap();
    let mut events = node.events_of(&actor);
    let first = events.next().await.unwrap().unwrap();
    assert_eq!(first.actor_id, actor);
    member
        .node
        .power()
        .wait_for(|power| *power == Power::On(3))
        .await
        .unwrap();
    let node = lab.admin(member);
    until_ready(&node).await;
    let lines = member.console.lines();
    let installs = lines
        .iter()
        .filter(|line| line.contains("installing Talos to disk"));
    assert_eq!(
        installs.count(),
        1,
        "an installed node is not installed again"
    );
    assert!(
        held(
            &lines,
            &format!("reboot via API received. actor id: {actor}")
        )
        .is_some()
    );
}

async fn reset(lab: &Lab, member: &Member) {
    let before = printed(member);
    let reset = Reset {
        scope: ResetScope::BackToMaintenance,
        graceful: false,
        reboot: true,
    };
    lab.admin(member).reset(&reset).await.unwrap();
    member
        .console
        .wait_for("dropping partition 4 from device \"/dev/vda\"")
        .await;
    lab.in_maintenance(member).await;
    assert_ne!(printed(member), before, "another boot, another certificate");
    let node = lab.anonymous(member);
    let meta = node.list(kinds::META_KEYS).all().await.unwrap();
    assert_eq!(meta.len(), 1);
    let state = node.get(kinds::VOLUMES, "STATE").await.unwrap().unwrap();
    assert!(state.yaml.contains("phase: missing"));
    assert_eq!(
        node.get(kinds::SYSTEM_DISK, "system-disk")
            .await
            .unwrap()
            .unwrap()
            .spec
            .disk_id,
        "vda"
    );
}

#[tokio::test(start_paused = true)]
async fn a_disk_in_a_file_outlives_the_machine() {
    let folder = tempfile::tempdir().unwrap();
    let disk = folder.path().join("disk");
    let lab = Lab::new("1.13.9");
    let member = lab.in_file(lab.identity(2), &disk);
    lab.configure(&member, MachineRole::ControlPlane).await;
    member.node.cut_power().await;
    let member = lab.in_file(lab.identity(2), &disk);
    let node = lab.admin(&member);
    until("the API", || async { node.version().await.ok() }).await;
    assert!(held(&member.console.lines(), "\"sources\": [\"state\"]").is_some());
}

#[tokio::test(start_paused = true)]
async fn an_upgrade_with_progress_runs_the_new_version_and_rolls_back() {
    let lab = Lab::new("1.13.9");
    let member = lab.switch_on(lab.identity(2), &[]);
    let node = lab.configure(&member, MachineRole::ControlPlane).await;
    bootstrap(&node).await;
    until_ready(&node).await;
    let image = "factory.talos.dev/metal-installer/abc:v1.13.10";
    let mut pull = node.pull_image(image);
    let mut layers = 0;
    while let Some(step) = pull.next().await.unwrap() {
        layers += usize::from(matches!(step, crete_talos::api::PullStep::Layer(_)));
    }
    assert!(layers > 2);
    let mut upgrade = node.upgrade(image);
    let mut lines = Vec::new();
    while let Some(step) = upgrade.next().await.unwrap() {
        if let crete_talos::api::InstallStep::Line(line) = step {
            lines.push(line);
        }
    }
    assert!(held(&lines, "installation of v1.13.10 complete").is_some());
    assert_eq!(
        status(&node).await.unwrap().0,
        Stage::Running,
        "it does not reboot by itself"
    );
    node.reboot(wire::machine::reboot_request::Mode::Default)
        .await
        .unwrap();
    for tag in ["v1.13.10", "v1.13.9"] {
        until(tag, || async {
            let version = lab.admin(&member).version().await.ok()?;
            (version.version?.tag == tag).then_some(())
        })
        .await;
        let node = lab.admin(&member);
        if tag == "v1.13.10" {
            node.roll_back().await.unwrap();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_maintenance_service_of_1_12_is_another_one() {
    let lab = Lab::new("1.12.11");
    let member = lab.switch_on(lab.identity(2), &[]);
    lab.in_maintenance(&member).await;
    let node = lab.anonymous(&member);
    let version = node.version().await.unwrap_err();
    assert_eq!(version.cause, Cause::OnlyAfterConfiguration);
    assert_eq!(
        node.services().await.unwrap_err().talos_text(),
        "method ServiceList not implemented"
    );
    let resource = node.get(kinds::VERSION, "version").await.unwrap().unwrap();
    assert_eq!(resource.spec.version, "v1.12.11");
    let applied = node
        .apply(
            &lab.configuration(MachineRole::ControlPlane),
            ApplyMode::Auto,
            false,
        )
        .await;
    assert_eq!(applied.unwrap().details.expose(), "");
    let admin = lab.admin(&member);
    until("the API", || async { admin.version().await.ok() }).await;
    bootstrap(&admin).await;
    until_ready(&admin).await;
}

#[tokio::test(start_paused = true)]
async fn addresses_that_change_make_new_certificates() {
    let lab = Lab::new("1.13.9");
    let identity = lab.identity(2);
    let network = identity.network.clone();
    let member = lab.switch_on(identity, &[]);
    lab.in_maintenance(&member).await;
    let healthy = "service[apid](Running): Health check successful";
    member.console.wait_for(healthy).await;
    let before = printed(&member);
    let second = Prefix {
        ip: "fd00::2".parse().unwrap(),
        length: 64,
    };
    network.change(|given| given.addresses.push(second));
    let after = until("another fingerprint", || async {
        let now = printed(&member);
        (now != before).then_some(now)
    })
    .await;
    let presence = probe(&lab.target(&member), None, DEADLINE).await.unwrap();
    assert_eq!(presence, Presence::Maintenance { fingerprint: after });
    let node = lab.configure(&member, MachineRole::ControlPlane).await;
    let id = "enp0s3/fd00::2/64";
    assert!(node.get(kinds::ADDRESSES, id).await.unwrap().is_some());
    network.change(|given| {
        given.addresses = vec![Prefix {
            ip: "10.9.0.2".parse().unwrap(),
            length: 24,
        }];
    });
    let trust = lab.trust(Role::Admin);
    until("a certificate of another address", || async {
        let seen = probe(&lab.target(&member), Some(&trust), DEADLINE)
            .await
            .unwrap();
        let flaw = Some(Flaw::AddressNotCovered);
        (seen == Presence::Ours { flaw }).then_some(())
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_upgrade_by_the_old_call_answers_late_and_reboots_by_itself() {
    let lab = Lab::new("1.12.11");
    let member = lab.switch_on(lab.identity(2), &[]);
    let node = lab.configure(&member, MachineRole::ControlPlane).await;
    bootstrap(&node).await;
    until_ready(&node).await;
    let begun = tokio::time::Instant::now();
    let image = "factory.talos.dev/metal-installer/abc:v1.13.9";
    let actor = node.upgrade_legacy(image, false, false).await.unwrap();
    assert!(
        begun.elapsed() > Duration::from_secs(10),
        "the image is pulled before the answer"
    );
    let mut events = node.events_of(&actor);
    let mut phases = Vec::new();
    while let Ok(Some(event)) = events.next().await {
        if let Payload::Phase(phase) = event.payload {
            phases.push(phase.phase);
        }
    }
    phases.dedup();
    assert_eq!(phases[..3], ["drain", "cleanup", "dbus"]);
    assert!(phases.contains(&"upgrade".to_owned()), "{phases:?}");
    let node = lab.admin(&member);
    until_ready(&node).await;
    assert_eq!(
        node.version().await.unwrap().version.unwrap().tag,
        "v1.13.9"
    );
    let fallback = node.get(kinds::META_KEYS, "0x06").await.unwrap().unwrap();
    assert_eq!(fallback.spec.value, "Talos-v1.12.11.efi");
}
