//! Every rule has a fixture: what is seen, and the cause that is named first. Consoles are those of
//! real nodes where one was recorded.

mod inside;
mod outside;

use super::*;
use crate::cluster::acts::failure;
use crate::cluster::course::Past;
use crate::cluster::sight::{EtcdMember, EtcdSight, MaintenanceSight, Refusal, Service, Stage};
use crate::cluster::tests::{spec, wanted};
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

const PULLS: &str = "[  93.1] [talos] pulling image factory.talos.dev/metal-installer/0:v1.13.9: downloading 2 layers (50 MiB/142 MiB) (35.51%)...";
const GETS_ON: &str = "[ 93.1] [talos] pulling image ghcr.io/siderolabs/kubelet:v1.36.3: downloading 5 layers (38 MiB/93 MiB) (40.86%)...";
const ETCD_PULLS: &str = "[ 93.1] [talos] pulling image registry.k8s.io/etcd:v3.6.12: downloading 5 layers (8 MiB/23 MiB) (34.78%)...";
const MISSING: &str = "[ 93.1] [talos] retrying error: failed to pull image \"registry.k8s.io/etcd:v3.6.12\": failed to resolve reference";
const KUBELET: &str = "[ 93.1] [talos] retrying error: failed to pull image \"ghcr.io/siderolabs/kubelet:v1.36.3\": failed to resolve reference";

const PANIC: &str = "[ 1.0] Kernel panic - not syncing: VFS: Unable to mount root fs";
const INSTALLS: &str = "[ 9.1] [talos] install sequence: 8 phase(s)";
const UNREACHABLE: &str = "[ 9.1] [talos] retrying error: failed to pull image \"ghcr.io/siderolabs/installer:v1.13.9\": refused";
const NO_TIME: &str = "[ 9.1] [talos] time query error with server \"162.159.200.1\"";
/// What is seen, and what is named after so many seconds.
#[derive(Clone)]
struct Fixture {
    code: StuckCode,
    after: u32,
    sight: Sight,
    kube: Option<KubeSight>,
    failure: Option<Failure>,
    found: Vec<Found>,
    cni_none: bool,
    leaving: bool,
    unsynced: bool,
}

fn fixture(code: StuckCode, after: u32, sight: Sight) -> Fixture {
    Fixture {
        code,
        after,
        sight,
        kube: None,
        failure: None,
        found: Vec::new(),
        cni_none: false,
        leaving: false,
        unsynced: false,
    }
}

impl Fixture {
    fn kube(self, kube: KubeSight) -> Self {
        let kube = Some(kube);
        Self { kube, ..self }
    }

    fn failure(self, failure: Failure) -> Self {
        let failure = Some(failure);
        Self { failure, ..self }
    }

    fn leaving(self) -> Self {
        let leaving = true;
        Self { leaving, ..self }
    }

    fn unsynced(self) -> Self {
        let unsynced = true;
        Self { unsynced, ..self }
    }

    /// A check that says something of the machine.
    fn check(mut self, code: HealthCode, text: &str) -> Self {
        self.found.push(Found {
            code,
            state: HealthState::Fail,
            params: Params::new(),
            words: vec![EvidenceLine {
                source: EvidenceSource::Talos,
                node: "knossos-cp-1".to_owned(),
                text: text.to_owned(),
            }],
        });
        self
    }

    /// The rules that fit, by their places in the table.
    fn fitting(&self) -> Vec<(usize, Fit)> {
        let mut spec = spec(1, 0);
        if self.cni_none {
            spec.cni = CniKind::None;
        }
        spec.nodes[0].leaving = self.leaving;
        let member = Member {
            node: &spec.nodes[0],
            sight: &self.sight,
            past: Past {
                unsynced: self.unsynced,
                ..Past::default()
            },
        };
        let case = Case {
            spec: &spec,
            member: &member,
            kube: self.kube.as_ref(),
            found: &self.found,
            failure: self.failure.as_ref(),
        };
        let rules = RULES.iter().enumerate();
        rules
            .filter_map(|(at, rule)| Some((at, case.fit(rule)?)))
            .collect()
    }
}

fn in_maintenance(maintenance: Option<MaintenanceSight>) -> Sight {
    Sight {
        maintenance,
        ..with(
            Presence::Maintenance {
                fingerprint: String::new(),
            },
            "",
        )
    }
}

fn maintenance(synced: Option<bool>, disks: Vec<crete_talos::config::Disk>) -> MaintenanceSight {
    MaintenanceSight {
        fingerprint: String::new(),
        disks,
        synced,
        link: None,
        installed: false,
    }
}

fn all() -> Vec<Fixture> {
    [outside::fixtures(), inside::fixtures()].concat()
}

/// Every rule is the first of its fixture, explains it alone, says on what it rests, and gives
/// everything that its sentence needs.
#[test]
fn every_rule_names_its_cause_with_evidence_and_something_to_do() {
    let mut covered = BTreeSet::new();
    for fixture in all() {
        let code = fixture.code;
        let fitting = fixture.fitting();
        let codes: Vec<_> = fitting.iter().map(|(_, fit)| fit.code).collect();
        let first = fitting.iter().find(|(_, fit)| fit.after <= fixture.after);
        let (at, fit) = first.unwrap_or_else(|| panic!("nothing for {code:?}"));
        assert_eq!(fit.code, code, "{codes:?}");
        let same = codes.iter().filter(|one| **one == code).count();
        assert_eq!(same, 1, "{code:?}: one rule alone explains it");
        assert_eq!(fit.params["node"], "knossos-cp-1");
        assert!(!fit.remedies.is_empty(), "{code:?}");
        assert!(!fit.evidence.is_empty(), "{code:?}: evidence");
        for name in wanted(code) {
            // How long it lasts is added by whoever remembers since when.
            let given = fit.params.get(name).is_some_and(|text| !text.is_empty());
            assert!(given || name == "seconds", "{code:?}: {name}");
        }
        covered.insert(*at);
    }
    assert!(!RULES.is_empty(), "the table parses");
    for (at, rule) in RULES.iter().enumerate() {
        let code = rule.code;
        assert!(covered.contains(&at), "no fixture: rule {at}, {code:?}");
        assert!(rule.why.len() > 10, "{code:?}: on what it rests");
    }
}

/// What is as it should be has no cause.
#[test]
fn a_machine_that_is_well_has_none() {
    let mut sight = node(vec![
        service("etcd", "Running", Some(true), ""),
        service("kubelet", "Running", Some(true), ""),
    ]);
    sight.node.as_mut().unwrap().etcd = etcd(false, &[]);
    let well = fixture(StuckCode::Waits, 0, sight).kube(kube(Some(Some(true)), "", Vec::new()));
    assert_eq!(well.fitting(), Vec::new());
}

fn codes_of(sight: Sight) -> Vec<StuckCode> {
    let fitting = fixture(StuckCode::Waits, 0, sight).fitting();
    fitting.iter().map(|(_, fit)| fit.code).collect()
}

/// A sentence goes when its cause goes: each of these came after it.
#[test]
fn what_is_past_is_not_said_any_more() {
    let pulls = format!("{PULLS}\n[ 99.1] [talos] pulling image x: extracting...");
    let failed = up_to(
        &recorded("installer-fails.log"),
        "task install (1/1): failed",
    );
    let failed = format!("{failed}\n[ 1.0] [talos] leaving maintenance service");
    let again = "[ 0.0] Linux version 6.18.18-talos";
    let panic = format!("{PANIC}\n{again}");
    let halted = format!("{}\n{again}", recorded("halted.log"));
    for (console, code) in [
        (pulls, StuckCode::PullingImage),
        (failed, StuckCode::InstallerFailed),
        (panic, StuckCode::KernelPanic),
        (halted, StuckCode::BootsFromCd),
    ] {
        let codes = codes_of(with(Presence::Silent, &console));
        assert!(!codes.contains(&code), "{code:?}");
    }
}

/// Tries are counted since the last pull that was over.
#[test]
fn tries_are_counted() {
    let console = [
        INSTALLS,
        UNREACHABLE,
        UNREACHABLE,
        "x: downloading",
        UNREACHABLE,
        UNREACHABLE,
    ];
    let sight = with(Presence::Interrupted, &console.join("\n"));
    let fitting = fixture(StuckCode::InstallerUnreachable, 0, sight).fitting();
    assert_eq!(fitting[0].1.code, StuckCode::InstallerUnreachable);
    assert_eq!(fitting[0].1.params["attempts"], "2");
}

/// A node that says no is not called busy, and one that says nothing is not said to refuse.
#[test]
fn an_answer_is_told_from_silence() {
    let refused = |cause| {
        let refusal = Some(Refusal {
            cause,
            words: "not authorized".to_owned(),
        });
        let ours = with(Presence::Ours { flaw: None }, "");
        codes_of(Sight { refusal, ..ours })
    };
    assert_eq!(refused(Cause::NotAuthorized), [StuckCode::CallsRefused]);
    assert_eq!(refused(Cause::Silent), [StuckCode::CallsHang]);
    assert_eq!(refused(Cause::Ended), [StuckCode::CallsHang]);
}

/// What failed is not said of a machine that is elsewhere by now.
#[test]
fn failures_go_when_the_machine_moves_on() {
    let of = |deed| failure(deed, Cause::Other, "no".to_owned());
    let waits = in_maintenance(Some(maintenance(None, Vec::new())));
    let begins = node(vec![service("etcd", "Preparing", None, "")]);
    let runs = node(vec![service("etcd", "Running", Some(true), "")]);
    assert!(!of(DeedRule::Apply).is_past(&waits));
    assert!(of(DeedRule::Apply).is_past(&begins));
    assert!(!of(DeedRule::Bootstrap).is_past(&begins));
    assert!(of(DeedRule::Bootstrap).is_past(&runs));
    assert!(!of(DeedRule::Reset).is_past(&runs));
    assert!(of(DeedRule::Reset).is_past(&off(None)));
    assert!(!of(DeedRule::Forget).is_past(&off(None)));
}
