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
