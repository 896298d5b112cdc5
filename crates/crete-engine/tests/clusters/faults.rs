//! The table of faults: whatever goes wrong ends in a named cause with something to do about it,
//! and the sentence goes when the cause goes.

use super::ground::{Lab, codes};
use crete_engine::cluster::ImageSight;
use crete_model::{
    BootMedium, ClusterPhase, ClusterPreset, ClusterRemedy, ClusterView, ErrorCode, EvidenceSource,
    ImageId, MemberStage, Params, Problem, Stuck, StuckCode,
};
use crete_testkit::talos::{Disk, Fault};

/// Values that are numbers.
const NUMBERS: [&str; 7] = [
    "seconds", "done", "total", "met", "of", "attempts", "amount",
];
const ONE: &str = "knossos-cp-1";

/// What is said of a fault.
struct Row {
    fault: Fault,
    medium: BootMedium,
    code: StuckCode,
    /// Values that the sentence must have.
    values: &'static [&'static str],
}

const fn row(fault: Fault, code: StuckCode, values: &'static [&'static str]) -> Row {
    Row {
        fault,
        medium: BootMedium::DiskImage,
        code,
        values,
    }
}

const fn from_cd(fault: Fault, code: StuckCode, values: &'static [&'static str]) -> Row {
    Row {
        fault,
        medium: BootMedium::Iso,
        code,
        values,
    }
}

fn cause(view: &ClusterView, code: StuckCode) -> Option<&Stuck> {
    view.stuck.iter().find(|one| one.code == code)
}

/// A fault from the beginning on is named, and when it goes the cluster becomes healthy.
async fn is_named_and_goes(row: Row) {
    let Row {
        fault,
        medium,
        code,
        values,
    } = row;
    let lab = Lab::of(medium).await;
    lab.ground.breaks(ONE, &[fault]);
    let id = lab.create(ClusterPreset::Solo).await;
    let view = lab
        .until(id, &format!("{fault} as {code:?}"), |view| {
            cause(view, code).is_some()
        })
        .await;
    let stuck = cause(&view, code).unwrap();
    if stuck.machine.is_some() {
        assert_eq!(stuck.params["node"], ONE, "{fault}: object");
    }
    for value in values {
        let given = stuck.params.get(*value).cloned().unwrap_or_default();
        assert!(!given.is_empty(), "{fault}: {value}");
        let number = given.parse::<u64>();
        assert!(
            number.is_ok() || !NUMBERS.contains(value),
            "{fault}: {value} is {given}"
        );
    }
    assert!(!stuck.remedies.is_empty(), "{fault}: remedy");
    lab.ground.faults_of(ONE).clear(fault);
    let halts = [
        StuckCode::BootsFromCd,
        StuckCode::CpuTooOld,
        StuckCode::KernelPanic,
    ];
    if halts.contains(&code) {
        // Only a person starts it again.
        lab.ground.restart(ONE).await;
    }
    let healthy =
        |view: &ClusterView| view.phase == ClusterPhase::Healthy && cause(view, code).is_none();
    lab.until(id, &format!("health after {fault}"), healthy)
        .await;
    lab.close().await;
}

macro_rules! rows {
    ($($name:ident: $row:expr;)+) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                is_named_and_goes($row).await;
            }
        )+
    };
}

rows! {
    no_address: row(Fault::NoAddress, StuckCode::NoAddress, &["seconds"]);
    silence: row(Fault::ApiSilent, StuckCode::ApiSilent, &["seconds"]);
    interruption: row(Fault::ApiInterrupted, StuckCode::ApiInterrupted, &["seconds"]);
    calls_that_hang: row(Fault::CallsHang, StuckCode::CallsHang, &["seconds"]);
    calls_that_are_denied: row(Fault::CallsDenied, StuckCode::CallsRefused, &["text"]);
    a_busy_node: row(Fault::ApplyBusy, StuckCode::ApplyBusy, &["seconds"]);
    a_refused_configuration: row(Fault::ApplyRefused, StuckCode::ConfigurationRefused, &["text"]);
    an_old_processor: row(Fault::CpuTooOld, StuckCode::CpuTooOld, &["node"]);
    a_panic: row(Fault::KernelPanic, StuckCode::KernelPanic, &["line"]);
    an_installer_that_is_not_there: from_cd(Fault::InstallerUnreachable, StuckCode::InstallerUnreachable, &["image", "attempts"]);
    an_installer_that_stalls: from_cd(Fault::InstallerStalls, StuckCode::InstallerStalls, &["image", "seconds", "done", "total"]);
    an_installer_that_fails: from_cd(Fault::InstallerFails, StuckCode::InstallerFailed, &["text"]);
    a_cd_in_the_drive: from_cd(Fault::BootsFromCd, StuckCode::BootsFromCd, &["node"]);
    a_clock_that_is_behind: row(Fault::ClockBehind, StuckCode::ClockOff, &["amount"]);
    no_time: row(Fault::TimeNotSynchronized, StuckCode::TimeNotSynchronized, &["seconds"]);
    an_expired_certificate: row(Fault::CertificateExpired, StuckCode::CertificateExpired, &["seconds"]);
    bootstrap_not_yet: row(Fault::BootstrapNotYet, StuckCode::BootstrapNotYet, &["seconds"]);
    an_etcd_image_that_is_not_there: row(Fault::EtcdImageMissing, StuckCode::EtcdImageMissing, &["image"]);
    an_etcd_image_that_stalls: row(Fault::EtcdImageStalls, StuckCode::ImageStalls, &["image", "done", "total", "seconds"]);
    an_ill_etcd: row(Fault::EtcdUnhealthy, StuckCode::EtcdUnhealthy, &["text"]);
    a_kubelet_image_that_is_not_there: row(Fault::KubeletImageMissing, StuckCode::KubeletImageMissing, &["image"]);
    a_kubelet_image_that_stalls: row(Fault::KubeletImageStalls, StuckCode::ImageStalls, &["image", "done", "total", "seconds"]);
    a_kubelet_that_crashes: row(Fault::KubeletCrashes, StuckCode::KubeletCrashes, &["text"]);
    a_kubelet_nobody_admits: row(Fault::KubeletNotAdmitted, StuckCode::KubeletNotAdmitted, &["seconds"]);
    an_api_server_that_crashes: row(Fault::ApiServerCrashes, StuckCode::ApiServerCrashes, &["seconds"]);
    a_pod_network_that_is_not_there: row(Fault::CniMissing, StuckCode::PodNetworkMissing, &["text"]);
    a_kube_proxy_that_fails: row(Fault::KubeProxyFails, StuckCode::KubeProxyNotReady, &["text"]);
    a_dns_that_fails: row(Fault::CoreDnsFails, StuckCode::DnsNotReady, &["met", "of"]);
    a_diagnosis: row(Fault::Diagnosed, StuckCode::Diagnosed, &["text"]);
}

/// etcd's alarm stays until a person has made room and taken it back, whatever becomes of the disk.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_etcd_without_room() {
    let lab = Lab::new().await;
    lab.ground.breaks(ONE, &[Fault::EtcdNoSpace]);
    let id = lab.create(ClusterPreset::Solo).await;
    let named = |view: &ClusterView| cause(view, StuckCode::EtcdNoSpace).is_some();
    let view = lab.until(id, "an etcd without room", named).await;
    let stuck = cause(&view, StuckCode::EtcdNoSpace).unwrap();
    assert_eq!(stuck.params["node"], ONE);
    assert_eq!(stuck.evidence[0].text, "Nospace");
    assert!(stuck.remedies.contains(&ClusterRemedy::FreeEtcd));
    lab.close().await;
}

/// An image that is on its way, that nobody fetches, and that did not arrive.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_an_image_nothing_begins() {
    let lab = Lab::new().await;
    let image = |sight| *lab.ground.image.lock().unwrap() = sight;
    let problem = Problem::new(ErrorCode::Internal, Params::new());
    image(ImageSight::OnItsWay(None));
    let id = lab.create(ClusterPreset::Solo).await;
    for (sight, code) in [
        (ImageSight::OnItsWay(None), StuckCode::ImageOnItsWay),
        (ImageSight::Missing(None), StuckCode::ImageNotFetched),
        (
            ImageSight::Missing(Some(Box::new(problem))),
            StuckCode::ImageMissing,
        ),
    ] {
        image(sight);
        let named = |view: &ClusterView| codes(&view.stuck) == [code];
        let view = lab.until(id, &format!("{code:?} alone"), named).await;
        let stuck = &view.stuck[0];
        assert_eq!(stuck.params["image"], "v1.13.9");
        let fetches = stuck.remedies.contains(&ClusterRemedy::FetchImage);
        assert_eq!(fetches, code != StuckCode::ImageOnItsWay);
        // What the remedy does: the same work goes on, and what it needs is ordered again.
        assert_eq!(lab.engine.start_cluster(id).await.unwrap(), view.job);
    }
    image(ImageSight::Ready(ImageId(uuid::Uuid::from_u128(1))));
    let healthy = |view: &ClusterView| view.phase == ClusterPhase::Healthy && view.stuck.is_empty();
    lab.until(id, "health", healthy).await;
    lab.close().await;
}

/// A machine that goes off without a word while the cluster is made.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_that_goes_off() {
    let lab = Lab::new().await;
    let id = lab.create(ClusterPreset::Solo).await;
    let joined = |view: &ClusterView| view.members[0].stage >= MemberStage::Join;
    lab.until(id, "a machine that joined", joined).await;
    lab.ground.pulls_plug(ONE).await;
    let named = |view: &ClusterView| cause(view, StuckCode::MachineOff).is_some();
    let view = lab.until(id, "a machine that is off", named).await;
    let stuck = cause(&view, StuckCode::MachineOff).unwrap();
    assert_eq!(stuck.params["node"], ONE);
    assert_eq!(stuck.evidence[0].source, EvidenceSource::Qemu);
    let starts = |one: &ClusterRemedy| matches!(one, ClusterRemedy::StartMachine { .. });
    assert!(stuck.remedies.iter().any(starts));
    lab.ground.restart(ONE).await;
    let healthy = |view: &ClusterView| view.phase == ClusterPhase::Healthy && view.stuck.is_empty();
    lab.until(id, "health", healthy).await;
    lab.close().await;
}

/// Only a cluster of several has learners.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_that_gets_no_vote() {
    let lab = Lab::new().await;
    lab.ground.breaks("knossos-cp-2", &[Fault::EtcdNotPromoted]);
    let id = lab.create(ClusterPreset::ControlPlane).await;
    let named = |view: &ClusterView| cause(view, StuckCode::EtcdLearner).is_some();
    let view = lab.until(id, "a learner", named).await;
    assert_eq!(
        cause(&view, StuckCode::EtcdLearner).unwrap().params["node"],
        "knossos-cp-2"
    );
    lab.ground
        .faults_of("knossos-cp-2")
        .clear(Fault::EtcdNotPromoted);
    let healthy = |view: &ClusterView| view.phase == ClusterPhase::Healthy;
    lab.until(id, "health", healthy).await;
    lab.close().await;
}

/// A disk that is not there, or too small, is found before the configuration is lost by it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn disks_are_looked_at_before_anything_is_given() {
    for (disk, code, values) in [
        (
            Disk::virtio("vdb", 12 << 30),
            StuckCode::DiskMissing,
            ["disk", "found"],
        ),
        (
            Disk::virtio("vda", 2 << 30),
            StuckCode::DiskTooSmall,
            ["size", "needed"],
        ),
    ] {
        let lab = Lab::of(BootMedium::Iso).await;
        lab.ground
            .disks
            .lock()
            .unwrap()
            .insert(ONE.to_owned(), vec![disk]);
        let id = lab.create(ClusterPreset::Solo).await;
        let named = |view: &ClusterView| cause(view, code).is_some();
        let view = lab.until(id, &format!("{code:?}"), named).await;
        let stuck = cause(&view, code).unwrap();
        for value in values {
            assert!(!stuck.params[value].is_empty(), "{code:?}: {value}");
        }
        assert_eq!(
            view.members[0].stage,
            MemberStage::Maintenance,
            "nothing was applied"
        );
        // Another disk is put in, and nothing else is done.
        let good = vec![Disk::virtio("vda", 12 << 30)];
        lab.ground
            .disks
            .lock()
            .unwrap()
            .insert(ONE.to_owned(), good);
        lab.ground.restart(ONE).await;
        let healthy =
            |view: &ClusterView| view.phase == ClusterPhase::Healthy && cause(view, code).is_none();
        lab.until(id, &format!("health after {code:?}"), healthy)
            .await;
        lab.close().await;
    }
}

/// Processors that stand still, as when this computer's disk is full.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processors_that_stand_still() {
    let lab = Lab::new().await;
    let halted = || lab.ground.halted.lock().unwrap();
    halted().insert(ONE.to_owned(), "io_error".to_owned());
    let id = lab.create(ClusterPreset::Solo).await;
    let named = |view: &ClusterView| cause(view, StuckCode::MachinePaused).is_some();
    let view = lab.until(id, "a machine that stands still", named).await;
    let stuck = cause(&view, StuckCode::MachinePaused).unwrap();
    assert_eq!(stuck.params["node"], ONE);
    assert_eq!(stuck.params["reason"], "io_error");
    assert_eq!(stuck.evidence[0].text, "query-status: io-error");
    let starts = |one: &ClusterRemedy| matches!(one, ClusterRemedy::StartMachine { .. });
    assert!(stuck.remedies.iter().any(starts));
    halted().clear();
    let healthy = |view: &ClusterView| view.phase == ClusterPhase::Healthy && view.stuck.is_empty();
    lab.until(id, "health", healthy).await;
    lab.close().await;
}

/// A machine that dies while the cluster is made, and a link that is cut and mended.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn machines_die_and_links_are_cut() {
    let lab = Lab::new().await;
    let id = lab.create(ClusterPreset::Small).await;
    let joined = |view: &ClusterView| view.members[2].stage >= MemberStage::Join;
    lab.until(id, "a worker that joined", joined).await;
    lab.ground
        .dies("knossos-w-2", "Could not allocate memory")
        .await;
    lab.ground.cut("knossos-w-1", true);
    let named = |view: &ClusterView| {
        let codes = codes(&view.stuck);
        codes.contains(&StuckCode::MachineFailed) && codes.contains(&StuckCode::LinkCut)
    };
    let view = lab.until(id, "both causes", named).await;
    let failed = cause(&view, StuckCode::MachineFailed).unwrap();
    assert_eq!(failed.params["node"], "knossos-w-2");
    assert!(failed.evidence[0].text.contains("allocate memory"));
    let cut = &cause(&view, StuckCode::LinkCut).unwrap().evidence[0];
    assert_eq!(cut.source, EvidenceSource::Network);
    assert!(cut.text.ends_with(": down"), "{}", cut.text);
    lab.ground.restart("knossos-w-2").await;
    lab.ground.cut("knossos-w-1", false);
    let healthy = |view: &ClusterView| view.phase == ClusterPhase::Healthy && view.stuck.is_empty();
    lab.until(id, "health", healthy).await;
    lab.close().await;
}
