//! Every fault, by what a client sees of it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use crete_practice_node::{Disk, Fault};
use crete_talos::api::{ApplyMode, Cause, Flaw, Node, Presence, Reset, ResetScope, kinds, probe};
use crete_talos::config::MachineRole::ControlPlane;
use crete_talos::pki::Role;
use std::time::Duration;
use support::kubernetes::{Access, ready};
use support::{Lab, Member, Stage, bootstrap, held, status, until, until_ready, until_unmet};
use tokio::time::sleep;

const DEADLINE: Duration = Duration::from_secs(5);

/// A node with a fault from the beginning on, in its laboratory.
fn with(fault: Fault) -> (Lab, Member) {
    let lab = Lab::new("1.13.9");
    let member = lab.switch_on(lab.identity(2), &[fault]);
    (lab, member)
}

async fn presence(lab: &Lab, member: &Member) -> Presence {
    let trust = lab.trust(Role::Admin);
    probe(&lab.target(member), Some(&trust), DEADLINE)
        .await
        .unwrap()
}

/// Something once its clock is seen to differ, by the two days that its certificate says.
async fn two_days_off(lab: &Lab, member: &Member) -> Option<()> {
    let seen = presence(lab, member).await;
    let Presence::Ours {
        flaw: Some(Flaw::ClockDiffers { seconds }),
    } = seen
    else {
        return None;
    };
    assert!(seconds.abs_diff(48 * 3600) < 3600, "{seconds}");
    Some(())
}

async fn apply(lab: &Lab, member: &Member) {
    lab.in_maintenance(member).await;
    let text = lab.configuration(ControlPlane);
    lab.anonymous(member)
        .apply(&text, ApplyMode::Auto, false)
        .await
        .unwrap();
}

/// A bootstrapped node that a fault keeps from being ready.
async fn bootstrapped(lab: &Lab, member: &Member) -> Node {
    let node = lab.configure(member, ControlPlane).await;
    bootstrap(&node).await;
    node
}

async fn mend(member: &Member, node: &Node, fault: Fault) {
    member.node.faults().clear(fault);
    until_ready(node).await;
}

#[tokio::test(start_paused = true)]
async fn no_address() {
    let (lab, member) = with(Fault::NoAddress);
    member
        .console
        .wait_for("entering maintenance service")
        .await;
    sleep(Duration::from_secs(60)).await;
    assert!(held(&member.console.lines(), "reachable at").is_none());
    assert_eq!(presence(&lab, &member).await, Presence::Refused);
    member.node.faults().clear(Fault::NoAddress);
    lab.in_maintenance(&member).await;
}

#[tokio::test(start_paused = true)]
async fn silence_and_interruption() {
    let lab = Lab::new("1.13.9");
    let member = lab.switch_on(lab.identity(2), &[]);
    lab.in_maintenance(&member).await;
    let faults = member.node.faults();
    for (fault, seen) in [
        (Fault::ApiSilent, Presence::Silent),
        (Fault::ApiInterrupted, Presence::Interrupted),
    ] {
        faults.set(fault);
        assert_eq!(presence(&lab, &member).await, seen);
        faults.clear(fault);
    }
    faults.set(Fault::CallsHang);
    let node = lab.anonymous(&member).with_deadline(Duration::from_secs(2));
    assert_eq!(node.version().await.unwrap_err().cause, Cause::Silent);
    faults.clear(Fault::CallsHang);
    node.version().await.unwrap();
    faults.set(Fault::ApplyBusy);
    let text = lab.configuration(ControlPlane);
    let busy = node.apply(&text, ApplyMode::Auto, false).await.unwrap_err();
    assert_eq!(busy.cause, Cause::Busy);
}

#[tokio::test(start_paused = true)]
async fn an_installer_that_is_not_there_is_tried_again_and_given_up() {
    let (lab, member) = with(Fault::InstallerUnreachable);
    apply(&lab, &member).await;
    member
        .console
        .wait_for("retrying error: failed to pull image \"factory.talos.dev/")
        .await;
    assert_eq!(presence(&lab, &member).await, Presence::Refused);
    member.console.wait_for("rebooting in 0 seconds").await;
    member.node.faults().clear(Fault::InstallerUnreachable);
    lab.in_maintenance(&member).await;
    let node = lab.anonymous(&member);
    assert!(
        node.get(kinds::SYSTEM_DISK, "system-disk")
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test(start_paused = true)]
async fn an_installer_that_stalls_goes_on_when_it_can() {
    let (lab, member) = with(Fault::InstallerStalls);
    apply(&lab, &member).await;
    member.console.wait_for("downloading 2 layers").await;
    sleep(Duration::from_secs(600)).await;
    assert!(held(&member.console.lines(), "extracting").is_none());
    member.node.faults().clear(Fault::InstallerStalls);
    let admin = lab.admin(&member);
    until("the API", || async { admin.version().await.ok() }).await;
}

#[tokio::test(start_paused = true)]
async fn what_fails_while_installing_forgets_the_configuration() {
    for what in ["the installer", "no disk", "too small"] {
        let lab = Lab::new("1.13.9");
        let mut identity = lab.identity(2);
        let mut faults = Vec::new();
        let line = match what {
            "the installer" => {
                faults.push(Fault::InstallerFails);
                "task install (1/1): failed: task \"upgrade\" failed: exit code 1"
            }
            "no disk" => {
                identity.disks = vec![Disk::virtio("vdb", 12 << 30)];
                "task install (1/1): failed: lstat /dev/vda: no such file or directory"
            }
            _ => {
                identity.disks = vec![Disk::virtio("vda", 1 << 30)];
                "failed to partition /dev/vda: no space left"
            }
        };
        let member = lab.switch_on(identity, &faults);
        apply(&lab, &member).await;
        member.console.wait_for(line).await;
        member
            .console
            .wait_for("running emergency volume cleanup")
            .await;
        member.console.wait_for("rebooting in 10 seconds").await;
        lab.in_maintenance(&member).await;
        let node = lab.anonymous(&member);
        assert!(
            node.get(kinds::CLUSTER, "current").await.unwrap().is_none(),
            "{what}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_cd_that_is_left_in_the_drive_halts() {
    let lab = Lab::new("1.13.9");
    let member = lab.switch_on(lab.identity(2), &[]);
    let node = lab.configure(&member, ControlPlane).await;
    member.node.faults().set(Fault::BootsFromCd);
    node.reboot(Default::default()).await.unwrap();
    member
        .console
        .wait_for("Please reboot from the disk.")
        .await;
    assert_eq!(presence(&lab, &member).await, Presence::Refused);
    member.node.press_power_button();
    member.node.wait_until_off().await;
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_behind_makes_certificates_nobody_believes() {
    let (lab, member) = with(Fault::ClockBehind);
    apply(&lab, &member).await;
    let time = lab.anonymous(&member).get(kinds::TIME, "node").await;
    assert!(time.is_err() || !time.unwrap().unwrap().spec.synced);
    until("a configured node whose clock is wrong", || async {
        two_days_off(&lab, &member).await
    })
    .await;
    let refused = lab.admin(&member).version().await.unwrap_err();
    assert_eq!(refused.cause, Cause::ClockDiffers);
    member.node.faults().clear(Fault::ClockBehind);
    let node = lab.admin(&member);
    until("the API", || async { node.version().await.ok() }).await;
    assert!(held(&member.console.lines(), "adjusting time (jump)").is_some());
}

#[tokio::test(start_paused = true)]
async fn without_a_time_server_nothing_is_bootstrapped() {
    let (lab, member) = with(Fault::TimeNotSynchronized);
    let node = lab.configure(&member, ControlPlane).await;
    until_unmet(&node, "time: time is not synced").await;
    let refused = until("a refusal", || async {
        let error = node.bootstrap().await.unwrap_err();
        (error.cause != Cause::NotYet).then_some(error)
    })
    .await;
    assert_eq!(refused.cause, Cause::TimeNotSynchronized);
    assert_eq!(refused.talos_text(), "time is not in sync yet");
    member.node.faults().clear(Fault::TimeNotSynchronized);
    bootstrap(&node).await;
    until_ready(&node).await;
}

#[tokio::test(start_paused = true)]
async fn a_certificate_that_has_run_out() {
    let lab = Lab::new("1.13.9");
    let member = lab.switch_on(lab.identity(2), &[]);
    lab.configure(&member, ControlPlane).await;
    member.node.faults().set(Fault::CertificateExpired);
    until("it is shown", || async {
        two_days_off(&lab, &member).await
    })
    .await;
    member.node.faults().clear(Fault::CertificateExpired);
    let node = lab.admin(&member);
    until("the API", || async { node.version().await.ok() }).await;
}

#[tokio::test(start_paused = true)]
async fn bootstrap_that_is_not_available() {
    let (lab, member) = with(Fault::BootstrapNotYet);
    let node = lab.configure(&member, ControlPlane).await;
    sleep(Duration::from_secs(120)).await;
    let refused = node.bootstrap().await.unwrap_err();
    assert_eq!(refused.cause, Cause::NotYet);
    assert_eq!(refused.talos_text(), "bootstrap is not available yet");
}

#[tokio::test(start_paused = true)]
async fn an_etcd_image_that_does_not_exist_is_named_by_a_log_alone() {
    let (lab, member) = with(Fault::EtcdImageMissing);
    let node = bootstrapped(&lab, &member).await;
    sleep(Duration::from_secs(300)).await;
    let services = node.services().await.unwrap();
    let etcd = services
        .iter()
        .find(|service| service.id == "etcd")
        .unwrap();
    assert_eq!(etcd.state, "Preparing");
    assert!(
        node.list(kinds::DIAGNOSTICS)
            .all()
            .await
            .unwrap()
            .is_empty()
    );
    let mut log = node.service_log("machined", false, None);
    let log = String::from_utf8(log.collect(1 << 20).await.unwrap()).unwrap();
    assert!(log.contains("failed to pull image \"registry.k8s.io/etcd:v3.6.12\""));
    mend(&member, &node, Fault::EtcdImageMissing).await;
}

#[tokio::test(start_paused = true)]
async fn etcd_that_does_not_form() {
    let (lab, member) = with(Fault::EtcdUnhealthy);
    let node = bootstrapped(&lab, &member).await;
    until_unmet(&node, "etcd not healthy").await;
    let hasty = node.clone().with_deadline(Duration::from_secs(2));
    assert_eq!(hasty.etcd_status().await.unwrap_err().cause, Cause::Silent);
    mend(&member, &node, Fault::EtcdUnhealthy).await;
}

#[tokio::test(start_paused = true)]
async fn etcd_without_room() {
    let lab = Lab::new("1.13.9");
    let member = lab.switch_on(lab.identity(2), &[]);
    let node = bootstrapped(&lab, &member).await;
    until_ready(&node).await;
    assert!(node.etcd_alarms().await.unwrap().is_empty());
    member.node.faults().set(Fault::EtcdNoSpace);
    until("an alarm", || async {
        (node.etcd_alarms().await.unwrap().len() == 1).then_some(())
    })
    .await;
    assert_eq!(node.etcd_status().await.unwrap().errors.len(), 1);
    member.node.faults().clear(Fault::EtcdNoSpace);
    node.disarm_etcd().await.unwrap();
    assert!(node.etcd_alarms().await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_learner_that_stays_one() {
    let lab = Lab::new("1.13.9");
    let first = lab.switch_on(lab.identity(2), &[]);
    let node = bootstrapped(&lab, &first).await;
    until_ready(&node).await;
    let second = lab.switch_on(lab.identity(3), &[Fault::EtcdNotPromoted]);
    lab.configure(&second, ControlPlane).await;
    let learners = || async {
        let members = node.etcd_members(false).await.ok()?;
        (members.len() == 2).then(|| members.iter().filter(|one| one.is_learner).count())
    };
    assert_eq!(until("a second member", learners).await, 1);
    sleep(Duration::from_secs(120)).await;
    assert_eq!(learners().await, Some(1));
    second.node.faults().clear(Fault::EtcdNotPromoted);
    until("a vote", || async {
        (learners().await? == 0).then_some(())
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_keeps_kubernetes_from_being_ready() {
    for (fault, unmet) in [
        (Fault::KubeletImageMissing, "services: kubelet not running"),
        (Fault::KubeletImageStalls, "services: kubelet not running"),
        (Fault::KubeletCrashes, "services: kubelet not"),
        (Fault::KubeletNotAdmitted, "status is not available yet"),
        (
            Fault::ApiServerCrashes,
            "staticPods: kube-system/kube-apiserver-talos-",
        ),
        (Fault::CniMissing, "is not ready"),
    ] {
        let (lab, member) = with(fault);
        let node = bootstrapped(&lab, &member).await;
        until_unmet(&node, unmet).await;
        sleep(Duration::from_secs(180)).await;
        let (stage, is_ready, _) = status(&node).await.unwrap();
        assert!(!is_ready, "{fault}");
        assert!(matches!(stage, Stage::Booting | Stage::Running), "{fault}");
        mend(&member, &node, fault).await;
    }
}

#[tokio::test(start_paused = true)]
async fn pods_that_do_not_become_ready() {
    let (lab, member) = with(Fault::KubeProxyFails);
    member.node.faults().set(Fault::CoreDnsFails);
    let node = bootstrapped(&lab, &member).await;
    until_ready(&node).await;
    let access = Access::of(node.kubeconfig().await.unwrap().expose());
    let way = lab.way(&member, 6443);
    for (label, fault) in [
        ("kube-proxy", Fault::KubeProxyFails),
        ("kube-dns", Fault::CoreDnsFails),
    ] {
        let path = format!("/api/v1/pods?labelSelector=k8s-app%3D{label}");
        let are_ready = || async {
            let pods = access.items(&way, &path).await.unwrap();
            (!pods.is_empty()).then(|| pods.iter().all(ready))
        };
        assert!(!until(label, are_ready).await);
        member.node.faults().clear(fault);
        until(label, || async { are_ready().await?.then_some(()) }).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_diagnostic() {
    let lab = Lab::new("1.13.9");
    let member = lab.switch_on(lab.identity(2), &[Fault::Diagnosed]);
    let node = lab.configure(&member, ControlPlane).await;
    let found = node.list(kinds::DIAGNOSTICS).all().await.unwrap();
    assert_eq!(found[0].metadata.id, "address-overlap");
    member.node.faults().clear(Fault::Diagnosed);
    until("nothing", || async {
        node.list(kinds::DIAGNOSTICS)
            .all()
            .await
            .unwrap()
            .is_empty()
            .then_some(())
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn linux_that_stops() {
    for (fault, line) in [
        (Fault::CpuTooOld, "can only be run on AMD64 processors"),
        (Fault::KernelPanic, "Kernel panic - not syncing"),
    ] {
        let (lab, member) = with(fault);
        member.console.wait_for(line).await;
        sleep(Duration::from_secs(60)).await;
        assert_eq!(presence(&lab, &member).await, Presence::Refused);
        member.node.faults().clear(fault);
        lab.in_maintenance(&member).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_and_denied() {
    let (lab, member) = with(Fault::ApplyRefused);
    lab.in_maintenance(&member).await;
    let text = lab.configuration(ControlPlane);
    let node = lab.anonymous(&member);
    let refused = node.apply(&text, ApplyMode::Auto, false).await.unwrap_err();
    assert_eq!(refused.cause, Cause::ConfigurationRefused);
    member.node.faults().clear(Fault::ApplyRefused);
    let node = bootstrapped(&lab, &member).await;
    until_ready(&node).await;

    member.node.faults().set(Fault::CallsDenied);
    let denied = node.version().await.unwrap_err();
    assert_eq!(denied.cause, Cause::NotAuthorized);
    member.node.faults().clear(Fault::CallsDenied);

    member.node.faults().set(Fault::ResetRefused);
    let reset = Reset {
        scope: ResetScope::SystemDisk,
        graceful: true,
        reboot: false,
    };
    let refused = node.reset(&reset).await.unwrap_err();
    assert!(refused.talos_text().contains("drain"));
    node.version().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_etcd_image_that_stalls() {
    let (lab, member) = with(Fault::EtcdImageStalls);
    let node = bootstrapped(&lab, &member).await;
    let line = "etcd:v3.6.12: downloading 5 layers";
    member.console.wait_for(line).await;
    sleep(Duration::from_secs(300)).await;
    assert!(held(&member.console.lines(), "etcd:v3.6.12: extracting").is_none());
    mend(&member, &node, Fault::EtcdImageStalls).await;
}

/// A fault that is not in this file would be one that nobody has seen.
#[test]
fn every_fault_is_seen_here() {
    let text = include_str!("faults.rs");
    for fault in Fault::ALL {
        let name = format!("Fault::{fault:?}");
        assert!(text.contains(&name), "{name} is tested by nothing");
    }
}
