use super::*;
use crate::cluster::causes::{of_cluster, slowest};
use crate::cluster::course::Past;
use crate::cluster::ground::{ImageSight, MachineSight, Power};
use crate::cluster::health::STRANGER;
use crate::cluster::sight::Sight;
use crate::cluster::tests::{spec, wanted};
use crete_model::{ErrorCode, EvidenceLine, EvidenceSource, Problem};
use uuid::Uuid;

fn view(number: u8, stage: MemberStage, since: &str) -> MemberView {
    MemberView {
        name: format!("w-{number}"),
        kubelet: None,
        hostname: format!("knossos-w-{number}"),
        role: NodeRole::Worker,
        machine: MachineId(Uuid::from_u128(number.into())),
        stage,
        spans: vec![MemberSpan {
            stage,
            started_at: since.to_owned(),
            ended_at: None,
        }],
        address: None,
        talos: None,
        etcd: None,
        holds_endpoint: false,
        stuck: Vec::new(),
    }
}

fn at(text: &str) -> Moment {
    Moment {
        now: text.parse().unwrap(),
        text: text.to_owned(),
        speed: 1.0,
    }
}

/// Nobody is slow at first, when nothing is usual, nor for what a busy computer explains.
#[test]
fn whoever_stands_far_longer_than_usual_is_slow() {
    let views = [
        view(1, MemberStage::Boot, "2026-11-24T12:00:40Z"),
        view(2, MemberStage::Boot, "2026-11-24T12:00:20Z"),
        view(3, MemberStage::Ready, "2026-11-24T11:00:00Z"),
    ];
    let usual = |stage| (stage == MemberStage::Boot).then_some(20);
    let found = |now: &str| slowest(&views, usual, &at(now));
    assert_eq!(found("2026-11-24T12:01:39Z"), None);
    let slow = found("2026-11-24T12:01:45Z").unwrap();
    assert_eq!(slow.code, StuckCode::Slow);
    assert_eq!(slow.params["node"], "knossos-w-2", "the longest");
    assert_eq!(slow.params["seconds"], "85");
    assert_eq!(slow.params["usual"], "20");
    assert!(!slow.remedies.is_empty());
    assert_eq!(slowest(&views, |_| None, &at("2026-11-24T13:00:00Z")), None);
    // Where an hour is usual, a minute more is nothing.
    let long = |_| Some(3600);
    assert_eq!(slowest(&views, long, &at("2026-11-24T13:02:00Z")), None);
}

fn check(code: HealthCode, node: &str, text: &str) -> HealthCheck {
    HealthCheck {
        code,
        state: HealthState::Fail,
        params: params! { "met" => 0, "of" => 2, "nodes" => node },
        words: vec![EvidenceLine {
            source: EvidenceSource::Talos,
            node: node.to_owned(),
            text: text.to_owned(),
        }],
        since: String::new(),
    }
}

/// Everything that the sentences of causes need that are decided here, in code.
#[test]
fn causes_of_the_whole_cluster_give_what_their_sentences_need() {
    let mut spec = spec(3, 0);
    spec.formed_at = Some("2026-11-24T12:00:00Z".to_owned());
    let moment = at("2026-11-24T12:00:00Z");
    let checks = [
        check(HealthCode::CoreDns, "coredns-1", "coredns-1: CrashLoop"),
        check(HealthCode::EtcdMembers, "knossos-cp-9", STRANGER),
    ];
    let quorum = Quorum::of(3, 1);
    let problem = Problem::new(ErrorCode::Internal, Params::new());
    let mut causes = of_cluster(&spec, &ImageSight::OnItsWay(None), quorum, &checks, &moment);
    assert_eq!(causes.len(), 3, "the image is there: {causes:?}");
    spec.image = None;
    for image in [
        ImageSight::OnItsWay(None),
        ImageSight::Missing(None),
        ImageSight::Missing(Some(Box::new(problem))),
    ] {
        let found = of_cluster(&spec, &image, Quorum::of(3, 3), &[], &moment);
        assert_eq!(found.len(), 1, "{image:?}");
        causes.extend(found);
    }
    let views = [view(1, MemberStage::Boot, "2026-11-24T11:00:00Z")];
    causes.extend(slowest(&views, |_| Some(60), &moment));
    let mut codes: Vec<StuckCode> = causes.iter().map(|one| one.code).collect();
    codes.dedup();
    assert_eq!(
        codes,
        [
            StuckCode::EtcdNoQuorum,
            StuckCode::EtcdStranger,
            StuckCode::DnsNotReady,
            StuckCode::ImageOnItsWay,
            StuckCode::ImageNotFetched,
            StuckCode::ImageMissing,
            StuckCode::Slow,
        ]
    );
    for one in causes {
        assert!(!one.remedies.is_empty(), "{:?}", one.code);
        for name in wanted(one.code) {
            let given = one.params.get(name).is_some_and(|text| !text.is_empty());
            assert!(given, "{:?}: {name}", one.code);
        }
    }
}

fn causes(board: &mut Board, leaving: bool, found: &[Found], now: &str) -> Vec<Stuck> {
    let mut spec = spec(1, 1);
    spec.nodes[1].leaving = leaving;
    let machine = MachineSight {
        power: Power::On,
        address: Some("10.88.1.20".to_owned()),
        cut: false,
        mac: String::new(),
    };
    let sight = Sight {
        machine: Some(machine),
        presence: Some(crete_talos::api::Presence::Silent),
        ..Sight::default()
    };
    let member = Member {
        node: &spec.nodes[1],
        sight: &sight,
        past: Past::default(),
    };
    let around = Around {
        spec: &spec,
        kube: None,
        found,
        expected_on: true,
        moment: &at(now),
    };
    board.member(&member, None, &around).stuck
}

/// A machine that is taken out has causes too, and they come once they have lasted.
#[test]
fn whoever_leaves_is_not_forgotten() {
    let mut board = Board::default();
    let mut codes = |leaving, now| -> Vec<StuckCode> {
        let found = causes(&mut board, leaving, &[], now);
        found.iter().map(|one| one.code).collect()
    };
    assert_eq!(codes(true, "2026-11-24T12:00:00Z"), []);
    assert_eq!(codes(true, "2026-11-24T12:00:59Z"), []);
    assert_eq!(
        codes(true, "2026-11-24T12:01:00Z"),
        [StuckCode::LeaveSilent]
    );
    assert_eq!(codes(false, "2026-11-24T12:01:01Z"), [], "it stays");
    assert_eq!(codes(false, "2026-11-24T12:01:31Z"), [StuckCode::ApiSilent]);
}

/// Talos sets its clock a while after the computer woke: until then nobody is to worry, and after
/// that the cause is what it was.
#[test]
fn a_clock_that_slept_is_waited_for() {
    let machine = MachineId(Uuid::from_u128(1));
    let fit = |code| Fit {
        code,
        weight: StuckWeight::Warning,
        after: 0,
        key: String::new(),
        params: Params::new(),
        evidence: Vec::new(),
        remedies: Vec::new(),
    };
    let mut board = Board::default();
    let said = |board: &Board, code, now: &str| {
        let fit = board.excused(fit(code), machine, &at(now));
        (fit.code, fit.weight)
    };
    let wrong = (StuckCode::ClockWrong, StuckWeight::Warning);
    assert_eq!(said(&board, wrong.0, "2026-11-24T12:00:00Z"), wrong);
    let morning = at("2026-11-24T12:00:00Z");
    board.wake("2026-11-24T02:00:00Z".parse().unwrap(), &morning);
    assert_eq!(board.events()[0].params["seconds"], "36000");
    let follows = (StuckCode::ClockFollows, StuckWeight::Normal);
    assert_eq!(said(&board, wrong.0, "2026-11-24T12:05:00Z"), follows);
    let panic = (StuckCode::KernelPanic, StuckWeight::Warning);
    assert_eq!(said(&board, panic.0, "2026-11-24T12:05:00Z"), panic);
    assert_eq!(said(&board, wrong.0, "2026-11-24T12:20:00Z"), wrong);
}

#[test]
fn what_holds_up_the_whole_cluster_is_told_since_it_began() {
    let spec = spec(1, 0);
    let mut board = Board::default();
    let mut since = |image: ImageSight, now: &str| -> Vec<String> {
        let spec = ClusterSpec {
            image: None,
            ..spec.clone()
        };
        let found = of_cluster(&spec, &image, Quorum::of(1, 1), &[], &at(now));
        let lasting = board.lasting(found).into_iter();
        lasting.map(|cause| cause.since).collect()
    };
    let [first, later, again] =
        ["12:00:00", "12:00:09", "12:01:00"].map(|time| format!("2026-11-24T{time}Z"));
    let coming = || ImageSight::OnItsWay(None);
    assert_eq!(since(coming(), &first), [first.as_str()]);
    assert_eq!(since(coming(), &later), [first.as_str()]);
    assert_eq!(since(ImageSight::Missing(None), &later), [later.as_str()]);
    assert_eq!(
        since(coming(), &again),
        [again.as_str()],
        "it went in between"
    );
}
