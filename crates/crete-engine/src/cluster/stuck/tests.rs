//! Every rule has a fixture here: what is seen, and the cause that is named. Consoles are those of
//! real nodes where one was recorded.

use super::*;
use crate::cluster::sight::{EtcdMember, EtcdSight, MaintenanceSight, Service, Stage};
use crate::cluster::tests::spec;
use crate::cluster::{MachineSight, Power};
use crete_kube::{NodeState, PodState};
use std::collections::BTreeSet;

const RECORDED: &str = "../../tests/fixtures/talos/serial/";

fn recorded(name: &str) -> String {
    let path = format!("{}/{RECORDED}{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A console up to and with the first line that holds a text.
fn up_to(console: &str, text: &str) -> String {
    let lines: Vec<&str> = console.lines().collect();
    let at = lines.iter().position(|line| line.contains(text));
    lines[..=at.unwrap_or_else(|| panic!("no {text}"))].join("\n")
}

fn on() -> Sight {
    Sight {
        machine: Some(MachineSight {
            power: Power::On,
            address: Some("10.88.1.20".to_owned()),
            cut: false,
            mac: "52:54:00:00:00:01".to_owned(),
        }),
        ..Sight::default()
    }
}

fn off(failure: Option<&str>) -> Sight {
    let mut sight = on();
    sight.machine.as_mut().unwrap().power = Power::Off {
        fresh: false,
        failure: failure.map(str::to_owned),
    };
    sight
}

fn with(presence: Presence, console: &str) -> Sight {
    Sight {
        presence: Some(presence),
        console: console.to_owned(),
        ..on()
    }
}

fn service(id: &str, state: &str, healthy: Option<bool>, said: &str) -> Service {
    Service {
        id: id.to_owned(),
        state: state.to_owned(),
        healthy,
        said: said.to_owned(),
    }
}

/// A configured node with these services, everything else as it should be.
fn node(services: Vec<Service>) -> Sight {
    Sight {
        presence: Some(Presence::Ours { flaw: None }),
        node: Some(NodeSight {
            version: "v1.13.9".to_owned(),
            stage: Stage::Booting,
            ready: false,
            unmet: Vec::new(),
            services,
            synced: Some(true),
            diagnostics: Vec::new(),
            etcd: None,
            static_pods: Vec::new(),
            memory: None,
            ephemeral: None,
            addresses: Vec::new(),
        }),
        ..on()
    }
}

fn told(change: impl FnOnce(&mut NodeSight)) -> Sight {
    let mut sight = node(Vec::new());
    change(sight.node.as_mut().unwrap());
    sight
}

fn etcd(learner: bool, alarms: &[&str]) -> Option<EtcdSight> {
    Some(EtcdSight {
        own: 7,
        leader: 8,
        members: vec![EtcdMember {
            id: 7,
            hostname: "knossos-cp-1".to_owned(),
            learner,
        }],
        alarms: alarms.iter().map(|text| (*text).to_owned()).collect(),
    })
}

fn kube(ready: Option<Option<bool>>, message: &str, pods: Vec<PodState>) -> KubeSight {
    let node = ready.map(|ready| NodeState {
        name: "knossos-cp-1".to_owned(),
        ready,
        reason: String::new(),
        message: message.to_owned(),
        schedulable: true,
        kubelet: String::new(),
        addresses: Vec::new(),
        control_plane: true,
    });
    KubeSight {
        version: "v1.36.3".to_owned(),
        nodes: node.into_iter().collect(),
        pods,
    }
}

fn failure(deed: DeedRule, cause: DeedCause) -> Failure {
    Failure {
        deed,
        cause,
        params: params! { "text" => "its words" },
        words: "its words".to_owned(),
    }
}

/// What is seen, and what is named first.
struct Fixture {
    code: StuckCode,
    sight: Sight,
    kube: Option<KubeSight>,
    failure: Option<Failure>,
    cni_none: bool,
}

fn fixture(code: StuckCode, sight: Sight) -> Fixture {
    Fixture {
        code,
        sight,
        kube: None,
        failure: None,
        cni_none: false,
    }
}

fn with_kube(code: StuckCode, sight: Sight, kube: KubeSight) -> Fixture {
    Fixture {
        kube: Some(kube),
        ..fixture(code, sight)
    }
}

fn with_failure(code: StuckCode, deed: DeedRule, cause: DeedCause) -> Fixture {
    let maintenance = Sight {
        presence: Some(Presence::Maintenance {
            fingerprint: String::new(),
        }),
        maintenance: Some(MaintenanceSight {
            fingerprint: String::new(),
            disks: Vec::new(),
            synced: None,
            link: None,
            installed: false,
        }),
        ..on()
    };
    let sight = match deed {
        DeedRule::Apply => maintenance,
        DeedRule::Bootstrap => node(Vec::new()),
    };
    Fixture {
        failure: Some(failure(deed, cause)),
        ..fixture(code, sight)
    }
}

const PULLS: &str = "[  93.1] [talos] pulling image factory.talos.dev/metal-installer/0:v1.13.9: downloading 2 layers (50 MiB/142 MiB) (35.51%)...";
const GETS_ON: &str = "[ 93.1] [talos] pulling image ghcr.io/siderolabs/kubelet:v1.36.3: downloading 5 layers (38 MiB/93 MiB) (40.86%)...";
const MISSING: &str = "[ 93.1] [talos] retrying error: failed to pull image \"registry.k8s.io/etcd:v3.6.12\": failed to resolve reference";
const KUBELET: &str = "[ 93.1] [talos] retrying error: failed to pull image \"ghcr.io/siderolabs/kubelet:v1.36.3\": failed to resolve reference";

#[expect(clippy::too_many_lines, reason = "a table")]
fn outside() -> Vec<Fixture> {
    let mut paused = on();
    paused.machine.as_mut().unwrap().power = Power::Paused {
        words: "io_error".to_owned(),
    };
    let mut cut = on();
    cut.machine.as_mut().unwrap().cut = true;
    let flaw = Presence::Ours {
        flaw: Some(Flaw::ClockDiffers),
    };
    vec![
        fixture(StuckCode::MachineFailed, off(Some("qemu: no memory"))),
        fixture(StuckCode::MachineOff, off(None)),
        fixture(StuckCode::MachinePaused, paused),
        fixture(StuckCode::LinkCut, cut),
        fixture(
            StuckCode::CpuTooOld,
            with(Presence::Refused, &recorded("cpu.log")),
        ),
        fixture(
            StuckCode::KernelPanic,
            with(
                Presence::Refused,
                "[ 1.0] Kernel panic - not syncing: VFS: Unable to mount root fs",
            ),
        ),
        fixture(
            StuckCode::BootsFromCd,
            with(Presence::Refused, &recorded("halted.log")),
        ),
        fixture(
            StuckCode::DiskMissing,
            with(
                Presence::Refused,
                &up_to(&recorded("no-disk.log"), "lstat /dev/vda"),
            ),
        ),
        fixture(
            StuckCode::DiskTooSmall,
            with(
                Presence::Refused,
                "failed to partition /dev/vda: no space left: 1.2 GiB needed",
            ),
        ),
        fixture(
            StuckCode::InstallerFailed,
            with(
                Presence::Refused,
                &up_to(
                    &recorded("installer-fails.log"),
                    "task install (1/1): failed",
                ),
            ),
        ),
        fixture(
            StuckCode::InstallerUnreachable,
            with(
                Presence::Interrupted,
                &recorded("installer-unreachable.log"),
            ),
        ),
        fixture(StuckCode::InstallerStalls, with(Presence::Silent, PULLS)),
        fixture(StuckCode::PullingImage, with(Presence::Silent, PULLS)),
        fixture(
            StuckCode::Installing,
            with(
                Presence::Refused,
                "[ 9.1] [talos] install sequence: 8 phase(s)",
            ),
        ),
        fixture(
            StuckCode::NoAddress,
            with(Presence::Refused, &recorded("no-dhcp.log")),
        ),
        fixture(
            StuckCode::AnotherCluster,
            with(Presence::AnotherCluster, ""),
        ),
        fixture(
            StuckCode::ClockWrong,
            with(
                flaw.clone(),
                "[ 9.1] [talos] time query error with server \"162.159.200.1\"",
            ),
        ),
        fixture(StuckCode::CertificateExpired, with(flaw, "")),
        fixture(
            StuckCode::CallsHang,
            with(
                Presence::Maintenance {
                    fingerprint: String::new(),
                },
                "",
            ),
        ),
        fixture(StuckCode::ApiSilent, with(Presence::Silent, "")),
        fixture(StuckCode::ApiInterrupted, with(Presence::Interrupted, "")),
    ]
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn of_talos() -> Vec<Fixture> {
    let mut pulls_etcd = node(vec![service(
        "etcd",
        "Preparing",
        None,
        "Running pre state",
    )]);
    pulls_etcd.console = MISSING.to_owned();
    let mut pulls_kubelet = node(vec![service(
        "kubelet",
        "Preparing",
        None,
        "Running pre state",
    )]);
    pulls_kubelet.console = KUBELET.to_owned();
    vec![
        with_failure(
            StuckCode::DiskMissing,
            DeedRule::Apply,
            DeedCause::DiskMissing,
        ),
        with_failure(
            StuckCode::DiskTooSmall,
            DeedRule::Apply,
            DeedCause::DiskTooSmall,
        ),
        with_failure(
            StuckCode::ConfigurationRefused,
            DeedRule::Apply,
            DeedCause::Refused,
        ),
        with_failure(StuckCode::ApplyBusy, DeedRule::Apply, DeedCause::Busy),
        with_failure(
            StuckCode::BootstrapNotYet,
            DeedRule::Bootstrap,
            DeedCause::NotYet,
        ),
        fixture(
            StuckCode::TimeNotSynchronized,
            told(|node| node.synced = Some(false)),
        ),
        fixture(StuckCode::EtcdImageMissing, pulls_etcd),
        fixture(
            StuckCode::EtcdNoSpace,
            told(|node| node.etcd = etcd(false, &["Nospace"])),
        ),
        fixture(
            StuckCode::EtcdUnhealthy,
            node(vec![service(
                "etcd",
                "Running",
                Some(false),
                "context deadline exceeded",
            )]),
        ),
        fixture(
            StuckCode::EtcdLearner,
            told(|node| node.etcd = etcd(true, &[])),
        ),
        fixture(StuckCode::KubeletImageMissing, pulls_kubelet),
        fixture(StuckCode::ImageStalls, {
            let mut sight = node(vec![service(
                "kubelet",
                "Preparing",
                None,
                "Running pre state",
            )]);
            sight.console = GETS_ON.to_owned();
            sight
        }),
        fixture(
            StuckCode::KubeletCrashes,
            node(vec![service(
                "kubelet",
                "Waiting",
                None,
                "Error running Containerd(kubelet), going to restart forever",
            )]),
        ),
        fixture(StuckCode::ApiServerCrashes, {
            let mut sight = node(vec![service("etcd", "Running", Some(true), "")]);
            let node = sight.node.as_mut().unwrap();
            node.static_pods = vec![("kube-system/kube-apiserver-knossos-cp-1".to_owned(), false)];
            sight
        }),
        fixture(
            StuckCode::Diagnosed,
            told(|node| node.diagnostics = vec!["address-overlap".to_owned()]),
        ),
        fixture(
            StuckCode::Waits,
            told(|node| {
                node.unmet = vec![("services".to_owned(), "kubelet not running".to_owned())]
            }),
        ),
    ]
}

fn of_kubernetes() -> Vec<Fixture> {
    let proxy = PodState {
        name: "kube-proxy-x".to_owned(),
        app: "kube-proxy".to_owned(),
        node: "knossos-cp-1".to_owned(),
        ready: false,
        restarts: 0,
        waiting: "ImagePullBackOff".to_owned(),
        message: String::new(),
    };
    let cni = "container runtime network not ready: cni plugin not initialized";
    let healthy = || node(vec![service("kubelet", "Running", Some(true), "")]);
    vec![
        with_kube(
            StuckCode::KubeletNotAdmitted,
            healthy(),
            kube(None, "", Vec::new()),
        ),
        with_kube(
            StuckCode::PodNetworkMissing,
            healthy(),
            kube(Some(Some(false)), cni, Vec::new()),
        ),
        with_kube(
            StuckCode::KubeProxyNotReady,
            healthy(),
            kube(Some(Some(true)), "", vec![proxy]),
        ),
        Fixture {
            cni_none: true,
            ..with_kube(
                StuckCode::PodNetworkNone,
                healthy(),
                kube(Some(Some(false)), cni, Vec::new()),
            )
        },
    ]
}

fn named(fixture: &Fixture) -> Vec<Fit> {
    let mut spec = spec(1, 0);
    if fixture.cni_none {
        spec.cni = CniKind::None;
    }
    let case = Case {
        node: &spec.nodes[0],
        spec: &spec,
        sight: &fixture.sight,
        kube: fixture.kube.as_ref(),
        failure: fixture.failure.as_ref(),
    };
    fits(&case)
}

#[test]
fn every_rule_names_its_cause_with_evidence_and_something_to_do() {
    let fixtures = [outside(), of_talos(), of_kubernetes()];
    let fixtures: Vec<Fixture> = fixtures.into_iter().flatten().collect();
    let mut covered = BTreeSet::new();
    for fixture in &fixtures {
        let found = named(fixture);
        let code = fixture.code;
        let fit = found.iter().find(|fit| fit.code == code);
        let codes: Vec<StuckCode> = found.iter().map(|fit| fit.code).collect();
        let fit = fit.unwrap_or_else(|| panic!("{code:?} is not among {codes:?}"));
        assert_eq!(fit.params["node"], "knossos-cp-1");
        assert!(!fit.remedies.is_empty(), "{code:?}");
        covered.insert(code);
    }
    let ruled: BTreeSet<StuckCode> = RULES.iter().map(|rule| rule.code).collect();
    assert!(!ruled.is_empty(), "the table parses");
    let without: Vec<_> = ruled.difference(&covered).collect();
    assert!(without.is_empty(), "rules without a fixture: {without:?}");
    assert!(
        RULES.iter().all(|rule| rule.why.len() > 10),
        "each says on what it rests"
    );
}

/// What is as it should be has no cause.
#[test]
fn a_machine_that_is_well_has_none() {
    let mut sight = node(vec![
        service("etcd", "Running", Some(true), ""),
        service("kubelet", "Running", Some(true), ""),
    ]);
    sight.node.as_mut().unwrap().etcd = etcd(false, &[]);
    let well = with_kube(
        StuckCode::Waits,
        sight,
        kube(Some(Some(true)), "", Vec::new()),
    );
    assert_eq!(named(&well), Vec::new());
}

/// A sentence goes when its cause goes: each of these came after it.
#[test]
fn what_is_past_is_not_said_any_more() {
    let again = format!("{PULLS}\n[ 99.1] [talos] pulling image x: extracting...");
    assert_eq!(
        named(&fixture(StuckCode::Waits, with(Presence::Silent, &again)))
            .iter()
            .filter(|fit| fit.code == StuckCode::PullingImage)
            .count(),
        0
    );
    let failed = up_to(
        &recorded("installer-fails.log"),
        "task install (1/1): failed",
    );
    let again = format!("{failed}\n[ 1.0] [talos] leaving maintenance service");
    let found = named(&fixture(StuckCode::Waits, with(Presence::Refused, &again)));
    assert!(
        found
            .iter()
            .all(|fit| fit.code != StuckCode::InstallerFailed)
    );
}
