//! Resources: read, listed, and watched across interruptions.
#![cfg(feature = "api")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use crete_talos::api::wire::cosi::resource as wire;
use crete_talos::api::wire::talos::resource::definitions as specs;
use crete_talos::api::{Cause, Change, Node, Watch, address, kinds, prefix};
use prost::Message as _;
use specs::enums::RuntimeMachineStage as Stage;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use support::player::{End, Player, Reply};
use wire::EventType;

const PATIENCE: Duration = Duration::from_secs(20);

fn status(stage: Stage, version: u32) -> wire::Resource {
    let spec = specs::runtime::MachineStatusSpec {
        stage: stage.into(),
        status: Some(specs::runtime::MachineStatusStatus {
            ready: false,
            unmet_conditions: vec![specs::runtime::UnmetCondition {
                name: "services".to_owned(),
                reason: "etcd not running".to_owned(),
            }],
        }),
    };
    wire::Resource {
        metadata: Some(wire::Metadata {
            namespace: "runtime".to_owned(),
            r#type: "MachineStatuses.runtime.talos.dev".to_owned(),
            id: "machine".to_owned(),
            version: version.to_string(),
            phase: "running".to_owned(),
            ..wire::Metadata::default()
        }),
        spec: Some(wire::Spec {
            proto_spec: spec.encode_to_vec(),
            yaml_spec: "stage: booting\n".to_owned(),
        }),
    }
}

fn event(kind: EventType, resource: Option<wire::Resource>, mark: &str) -> wire::Event {
    wire::Event {
        resource,
        event_type: kind.into(),
        bookmark: Some(mark.as_bytes().to_vec()),
        ..wire::Event::default()
    }
}

fn frame(events: Vec<wire::Event>) -> Vec<u8> {
    wire::WatchResponse { event: events }.encode_to_vec()
}

async fn stage(watch: &mut Watch<specs::runtime::MachineStatusSpec>) -> Stage {
    match watch.next().await.unwrap() {
        Change::Set(resource) => resource.spec.stage(),
        other => panic!("{other:?}"),
    }
}

/// The requests to watch, read.
fn requests(player: &Player) -> Vec<wire::WatchRequest> {
    let asked = player.asked().into_iter();
    asked
        .filter(|(path, _)| path == "/cosi.resource.State/Watch")
        .map(|(_, bytes)| wire::WatchRequest::decode(bytes.as_slice()).unwrap())
        .collect()
}

#[tokio::test]
async fn an_interrupted_watch_goes_on_from_its_bookmark() {
    let rounds = AtomicUsize::new(0);
    let (player, node) =
        Player::in_maintenance(move |_, _| match rounds.fetch_add(1, Ordering::SeqCst) {
            0 => Reply {
                messages: vec![
                    frame(Vec::new()),
                    frame(vec![event(
                        EventType::Created,
                        Some(status(Stage::Booting, 1)),
                        "one",
                    )]),
                    frame(vec![event(EventType::Bootstrapped, None, "two")]),
                    frame(vec![event(
                        EventType::Updated,
                        Some(status(Stage::Installing, 2)),
                        "three",
                    )]),
                ],
                end: End::Hang,
            },
            _ => Reply {
                messages: vec![
                    frame(Vec::new()),
                    frame(vec![event(
                        EventType::Updated,
                        Some(status(Stage::Running, 3)),
                        "four",
                    )]),
                    frame(vec![event(
                        EventType::Destroyed,
                        Some(status(Stage::Running, 3)),
                        "five",
                    )]),
                ],
                end: End::Hang,
            },
        })
        .await;
    let mut watch = node.watch(kinds::MACHINE_STATUS, PATIENCE);
    assert_eq!(watch.next().await.unwrap(), Change::Begin);
    assert_eq!(stage(&mut watch).await, Stage::Booting);
    assert_eq!(watch.next().await.unwrap(), Change::Complete);
    assert_eq!(stage(&mut watch).await, Stage::Installing);
    player.cut();
    assert_eq!(stage(&mut watch).await, Stage::Running);
    let Change::Gone(metadata) = watch.next().await.unwrap() else {
        panic!("it is gone");
    };
    assert_eq!(metadata.id, "machine");

    let requests = requests(&player);
    assert_eq!(requests.len(), 2);
    let options: Vec<_> = requests
        .iter()
        .map(|r| r.options.clone().unwrap())
        .collect();
    assert!(
        requests
            .iter()
            .all(|r| r.api_version == 1 && r.id.is_none())
    );
    assert!(options[0].bootstrap_contents && options[0].start_from_bookmark.is_none());
    assert!(!options[1].bootstrap_contents);
    assert_eq!(
        options[1].start_from_bookmark.as_deref(),
        Some(&b"three"[..])
    );
    player.stop().await;
}

#[tokio::test]
async fn a_lost_bookmark_begins_anew() {
    let rounds = AtomicUsize::new(0);
    let (player, node) =
        Player::in_maintenance(move |_, _| match rounds.fetch_add(1, Ordering::SeqCst) {
            0 => Reply {
                messages: vec![frame(vec![
                    event(EventType::Created, Some(status(Stage::Booting, 1)), "one"),
                    event(EventType::Bootstrapped, None, "one"),
                ])],
                end: End::Status(14, "EOF".to_owned()),
            },
            1 => Reply::refuse(9, "failed to create watch: invalid bookmark"),
            _ => Reply {
                messages: vec![frame(vec![event(
                    EventType::Created,
                    Some(status(Stage::Running, 9)),
                    "nine",
                )])],
                end: End::Hang,
            },
        })
        .await;
    let mut watch = node.watch(kinds::MACHINE_STATUS, PATIENCE);
    assert_eq!(watch.next().await.unwrap(), Change::Begin);
    assert_eq!(stage(&mut watch).await, Stage::Booting);
    assert_eq!(watch.next().await.unwrap(), Change::Complete);
    assert_eq!(
        watch.next().await.unwrap(),
        Change::Begin,
        "the view is rebuilt"
    );
    assert_eq!(stage(&mut watch).await, Stage::Running);
    player.stop().await;
}

#[tokio::test]
async fn what_cannot_pass_fails_at_once_and_what_lasts_too_long_in_the_end() {
    let (player, node) = Player::in_maintenance(|_, _| Reply::refuse(7, "not authorized")).await;
    let mut watch = node.watch(kinds::MACHINE_CONFIG, PATIENCE);
    assert_eq!(watch.next().await.unwrap_err().cause, Cause::NotAuthorized);
    player.stop().await;
    let mut watch = node.watch(kinds::MACHINE_STATUS, Duration::from_millis(300));
    let error = watch.next().await.unwrap_err();
    assert_eq!(error.cause, Cause::Refused, "{error:?}");
}

#[tokio::test]
async fn an_error_within_a_watch_is_one() {
    let (player, node) = Player::in_maintenance(|_, _| Reply {
        messages: vec![frame(vec![wire::Event {
            event_type: EventType::Errored.into(),
            error: Some("buffer overrun".to_owned()),
            ..wire::Event::default()
        }])],
        end: End::Hang,
    })
    .await;
    let mut watch = node.watch(kinds::MEMBERS, PATIENCE);
    let error = watch.next().await.unwrap_err();
    assert_eq!(error.talos_text(), "buffer overrun");
    player.stop().await;
}

#[tokio::test]
async fn resources_are_read_typed_and_as_yaml() {
    let (player, node) = Player::in_maintenance(|path, _| {
        let resource = Some(status(Stage::ShuttingDown, 4));
        match path {
            "/cosi.resource.State/Get" => {
                Reply::one(wire::GetResponse { resource }.encode_to_vec())
            }
            "/cosi.resource.State/List" => Reply {
                messages: vec![wire::ListResponse { resource }.encode_to_vec(); 3],
                ..Reply::default()
            },
            other => panic!("{other}"),
        }
    })
    .await;
    let resource = node
        .get(kinds::MACHINE_STATUS, "machine")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(resource.spec.stage(), Stage::ShuttingDown);
    assert_eq!(resource.metadata.version, "4");
    let status = resource.spec.status.unwrap();
    assert_eq!(status.unmet_conditions[0].reason, "etcd not running");
    let all = node.list(kinds::MACHINE_STATUS).all().await.unwrap();
    assert_eq!(all.len(), 3);
    let (metadata, yaml) = node
        .get_yaml("runtime", "MachineStatuses.runtime.talos.dev", "machine")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (metadata.id.as_str(), yaml.as_str()),
        ("machine", "stage: booting\n")
    );
    player.stop().await;
}

#[tokio::test]
async fn twenty_nodes_are_watched_at_once() {
    let mut watches = Vec::new();
    let mut players = Vec::new();
    for _ in 0..20 {
        let (player, node): (Player, Node) = Player::in_maintenance(|_, _| Reply {
            messages: vec![frame(vec![event(
                EventType::Created,
                Some(status(Stage::Running, 1)),
                "one",
            )])],
            end: End::Hang,
        })
        .await;
        players.push(player);
        watches.push(node.watch(kinds::MACHINE_STATUS, PATIENCE));
    }
    for watch in &mut watches {
        assert_eq!(watch.next().await.unwrap(), Change::Begin);
        assert_eq!(stage(watch).await, Stage::Running);
    }
    for player in players {
        player.stop().await;
    }
}

#[test]
fn addresses_travel_as_bytes() {
    use crete_talos::api::wire::common::{NetIp, NetIpPrefix};
    let four = NetIp {
        ip: vec![10, 5, 0, 2],
    };
    assert_eq!(address(&four).unwrap().to_string(), "10.5.0.2");
    let six = NetIpPrefix {
        ip: [vec![0xfd], vec![0; 14], vec![1]].concat(),
        prefix_length: 64,
    };
    let (ip, length) = prefix(&six).unwrap();
    assert_eq!((ip.to_string().as_str(), length), ("fd00::1", 64));
    assert_eq!(address(&NetIp { ip: vec![1, 2, 3] }), None);
}
