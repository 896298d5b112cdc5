use super::*;
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
