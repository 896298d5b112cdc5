//! What is done next, by what is seen: every case is a moment in which the program may have begun.

use super::*;
use crate::cluster::ground::MachineSight;
use crate::cluster::sight::{EtcdSight, MaintenanceSight, Service};
use crate::cluster::tests::spec;

fn machine(power: Power) -> Sight {
    Sight {
        machine: Some(MachineSight {
            power,
            address: Some("10.88.1.20".to_owned()),
            cut: false,
            mac: String::new(),
        }),
        ..Sight::default()
    }
}

fn off() -> Sight {
    machine(Power::Off {
        fresh: false,
        failure: None,
    })
}

fn waiting() -> Sight {
    Sight {
        maintenance: Some(MaintenanceSight {
            fingerprint: String::new(),
            disks: Vec::new(),
            synced: None,
            link: None,
            installed: false,
        }),
        presence: Some(Presence::Maintenance {
            fingerprint: String::new(),
        }),
        ..machine(Power::On)
    }
}

/// A configured node whose etcd is in a state.
fn configured(etcd: &str, runs: bool) -> Sight {
    let service = Service {
        id: "etcd".to_owned(),
        state: etcd.to_owned(),
        healthy: runs.then_some(true),
        said: String::new(),
    };
    let node = NodeSight {
        version: "v1.13.9".to_owned(),
        stage: Stage::Booting,
        ready: false,
        unmet: Vec::new(),
        services: vec![service],
        synced: Some(true),
        diagnostics: Vec::new(),
        etcd: runs.then(EtcdSight::default),
        static_pods: Vec::new(),
        memory: None,
        ephemeral: None,
        addresses: Vec::new(),
    };
    Sight {
        node: Some(node),
        presence: Some(Presence::Ours { flaw: None }),
        ..machine(Power::On)
    }
}

fn decide(spec: &ClusterSpec, sights: &[Sight], working: bool) -> Vec<(u128, Deed)> {
    let pairs = spec.nodes.iter().zip(sights);
    let members: Vec<Member<'_>> = pairs
        .map(|(node, sight)| Member {
            node,
            sight,
            past: Past::default(),
        })
        .collect();
    let all = deeds(spec, &members, working);
    all.into_iter()
        .map(|(id, deed)| (id.0.as_u128(), deed))
        .collect()
}

#[test]
fn every_moment_has_its_deed() {
    let spec = spec(1, 0);
    for (sight, deed) in [
        (Sight::default(), Some(Deed::Make)),
        (off(), Some(Deed::SwitchOn)),
        (machine(Power::Starting), None),
        (machine(Power::On), None),
        (waiting(), Some(Deed::Apply)),
        (configured("Preparing", false), Some(Deed::Bootstrap)),
        (configured("Running", true), None),
    ] {
        let expected: Vec<_> = deed.map(|deed| (1, deed)).into_iter().collect();
        assert_eq!(
            decide(&spec, std::slice::from_ref(&sight), true),
            expected,
            "{sight:?}"
        );
    }
}

/// Two that begin are two clusters: whoever is ready first, only one is told to.
#[test]
fn only_the_first_control_plane_is_told_to_begin() {
    let mut spec = spec(3, 0);
    let all = vec![configured("Preparing", false); 3];
    assert_eq!(decide(&spec, &all, true), [(1, Deed::Bootstrap)]);
    // It is away: nobody else is told in its place.
    let mut without_first = all.clone();
    without_first[0] = machine(Power::On);
    assert_eq!(decide(&spec, &without_first, true), []);
    // Another one runs etcd already: the program ended after it had told the first to begin.
    let mut begun = all.clone();
    begun[2] = configured("Running", true);
    assert_eq!(decide(&spec, &begun, true), []);
    // A cluster that was healthy is never told again, whatever its first control plane lost.
    spec.formed_at = Some("2026-11-30T10:00:00Z".to_owned());
    assert_eq!(decide(&spec, &all, true), []);
}

#[test]
fn nothing_is_switched_on_that_a_person_left_off() {
    let spec = spec(1, 2);
    let all = [configured("Running", true), off(), off()];
    assert_eq!(decide(&spec, &all, false), []);
    assert_eq!(
        decide(&spec, &all, true),
        [(101, Deed::SwitchOn), (102, Deed::SwitchOn)]
    );
}

#[test]
fn control_planes_go_off_after_the_last_worker() {
    let mut spec = spec(1, 2);
    spec.wish = ClusterWish::Stopped;
    let on = || machine(Power::On);
    assert_eq!(
        decide(&spec, &[on(), on(), on()], true),
        [(101, Deed::SwitchOff), (102, Deed::SwitchOff)]
    );
    assert_eq!(
        decide(&spec, &[on(), off(), machine(Power::Stopping)], true),
        []
    );
    assert_eq!(
        decide(&spec, &[on(), off(), off()], true),
        [(1, Deed::SwitchOff)]
    );
}

#[test]
fn a_worker_leaves_in_order_and_a_dead_one_is_taken_away() {
    let mut spec = spec(1, 1);
    spec.nodes[1].leaving = true;
    let control_plane = || configured("Running", true);
    let leaving = |sight: Sight| {
        let all = decide(&spec, &[control_plane(), sight], true);
        all.into_iter().map(|(_, deed)| deed).collect::<Vec<_>>()
    };
    assert_eq!(leaving(configured("", false)), [Deed::Reset]);
    assert_eq!(leaving(machine(Power::On)), [], "it resets itself");
    assert_eq!(leaving(waiting()), [Deed::TakeAway]);
    assert_eq!(leaving(off()), [Deed::TakeAway]);
    assert_eq!(leaving(Sight::default()), [Deed::TakeAway]);
    // Dead is what the record says, so that a program that begins now knows it too.
    spec.nodes[1].dead = true;
    let sights = [control_plane(), machine(Power::On)];
    assert_eq!(decide(&spec, &sights, true), [(101, Deed::TakeAway)]);
}

#[test]
fn what_was_given_up_goes_away_whatever_it_does() {
    let mut spec = spec(1, 1);
    spec.wish = ClusterWish::Undone;
    assert_eq!(
        decide(
            &spec,
            &[configured("Running", true), Sight::default()],
            true
        ),
        [(1, Deed::TakeAway)]
    );
}

#[test]
fn what_goes_to_the_trash_is_given_nothing_more_to_do() {
    let mut spec = spec(1, 1);
    spec.wish = ClusterWish::Deleted;
    assert_eq!(decide(&spec, &[off(), Sight::default()], true), []);
}

#[test]
fn machines_that_others_configure_are_given_nothing() {
    let mut spec = spec(1, 0);
    spec.leave_in_maintenance = true;
    assert_eq!(decide(&spec, &[waiting()], true), []);
    let theirs = Sight {
        presence: Some(Presence::AnotherCluster),
        ..machine(Power::On)
    };
    let member = Member {
        node: &spec.nodes[0],
        sight: &theirs,
        past: Past::default(),
    };
    assert_eq!(stage(&member, &spec, None), MemberStage::HandedOver);
}
