//! The client against what real nodes answered, played over real TLS.
#![cfg(feature = "api")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use crete_talos::api::{
    ApiError, ApplyMode, Cause, EventCursor, Node, Payload, Reset, ResetScope, kinds, wire,
};
use std::time::Duration;
use support::player::{End, Player, Reply};
use support::recording::{self, Recorded};

/// Makes the call that was recorded; nothing for calls that Crete does not make.
async fn call(node: &Node, method: &str) -> Option<Result<(), ApiError>> {
    let reset = Reset {
        scope: ResetScope::BackToMaintenance,
        graceful: false,
        reboot: true,
    };
    let name = method.rsplit('/').next().unwrap();
    Some(match name {
        "ApplyConfiguration" => node.apply("", ApplyMode::Auto, false).await.map(drop),
        "Bootstrap" => node.bootstrap().await,
        "Reboot" => node
            .reboot(wire::machine::reboot_request::Mode::Default)
            .await
            .map(drop),
        "Shutdown" => node.shut_down(false).await.map(drop),
        "Reset" => node.reset(&reset).await.map(drop),
        "Rollback" => node.roll_back().await,
        "Version" => node.version().await.map(drop),
        "ServiceList" => node.services().await.map(drop),
        "ServiceStart" => node.start_service("x").await.map(drop),
        "ServiceStop" => node.stop_service("x").await.map(drop),
        "ServiceRestart" => node.restart_service("x").await.map(drop),
        "Memory" => node.memory().await.map(drop),
        "CPUInfo" => node.processors().await.map(drop),
        "LoadAvg" => node.load().await.map(drop),
        "SystemStat" => node.processor_counters().await.map(drop),
        "Mounts" => node.mounts().await.map(drop),
        "Processes" => node.processes().await.map(drop),
        "LogsContainers" => node.log_names().await.map(drop),
        "NetworkDeviceStats" => node.network_counters().await.map(drop),
        "DiskStats" => node.disk_counters().await.map(drop),
        "Containers" => node.containers().await.map(drop),
        "EtcdMemberList" => node.etcd_members(false).await.map(drop),
        "EtcdStatus" => node.etcd_status().await.map(drop),
        "EtcdAlarmList" => node.etcd_alarms().await.map(drop),
        "EtcdDefragment" => node.defragment_etcd().await,
        "EtcdLeaveCluster" => node.leave_etcd().await,
        "MetaWrite" => node.write_meta(12, "x").await,
        "MetaDelete" => node.delete_meta(12).await,
        "Kubeconfig" => node.kubeconfig().await.map(drop),
        "BlockDeviceWipe" => node.wipe_device("vda").await,
        "Get" => node.get(kinds::MACHINE_STATUS, "machine").await.map(drop),
        "Time" => node.time(None).await.map(drop),
        _ => return None,
    })
}

fn find(file: &str, method: &str) -> Recorded {
    let path = support::golden(&format!("../api/{file}"));
    let all = recording::read(&path);
    let found = all.into_iter().find(|one| one.method.ends_with(method));
    found.unwrap_or_else(|| panic!("{method} is not in {file}"))
}

/// Plays one recorded call and makes it.
async fn play(recorded: &Recorded) -> Option<Result<(), ApiError>> {
    let reply = recorded.reply()?;
    let (player, node) = Player::in_maintenance(move |_, _| reply.clone()).await;
    let node = node.with_deadline(Duration::from_millis(300));
    let done = call(&node, &recorded.method).await;
    let asked = player.asked();
    if done.is_some() {
        assert_eq!(asked[0].0, recorded.method, "the path is Talos' own");
    }
    player.stop().await;
    done
}

#[tokio::test]
async fn every_recorded_answer_is_understood() {
    let mut played = 0;
    for recorded in recording::all() {
        // Silence is tested once below: here each would take its deadline.
        if recorded.code == "DeadlineExceeded" {
            continue;
        }
        let what = format!("{} {} {}", recorded.file, recorded.method, recorded.message);
        let Some(done) = play(&recorded).await else {
            continue;
        };
        played += 1;
        match (recorded.code.as_str(), done) {
            ("OK", Ok(())) => {}
            // A node asked for another one puts that one's failure into its own answer.
            ("OK", Err(error)) if recorded.responses[0].contains("\"error\"") => {
                assert_eq!(error.cause, Cause::Unreachable, "{what}: {error:?}");
            }
            ("OK", Err(error)) => panic!("{what}: {error:?}"),
            // Nothing with that id is an answer, not an error.
            ("NotFound", Ok(())) if recorded.method.ends_with("/Get") => {}
            (_, Ok(())) => panic!("{what}: an error was taken for an answer"),
            (_, Err(error)) => {
                assert_ne!(error.cause, Cause::Other, "{what}");
                assert!(
                    error.talos_text().contains(&recorded.message),
                    "{what}: {}",
                    error.talos_text()
                );
            }
        }
    }
    assert!(played > 90, "{played}");
}

#[tokio::test]
async fn recorded_refusals_have_their_causes() {
    for (file, method, cause) in [
        (
            "v1.12.11-maintenance/mut-Reboot.json",
            "/Reboot",
            Cause::NotOffered,
        ),
        (
            "v1.12.11-maintenance/mut-Reset.json",
            "/Reset",
            Cause::OnlyAfterConfiguration,
        ),
        (
            "v1.13.9-maintenance-direct/mut-Reboot.json",
            "/Reboot",
            Cause::NotAuthorized,
        ),
        (
            "v1.13.9-maintenance-direct/apply-empty.json",
            "/ApplyConfiguration",
            Cause::ConfigurationUnreadable,
        ),
        (
            "v1.13.9-maintenance-direct/apply-not-yaml.json",
            "/ApplyConfiguration",
            Cause::ConfigurationUnreadable,
        ),
        (
            "v1.13.9-maintenance-direct/apply-unknown-keys.json",
            "/ApplyConfiguration",
            Cause::ConfigurationUnreadable,
        ),
        (
            "v1.13.9-maintenance-direct/apply-nocluster.json",
            "/ApplyConfiguration",
            Cause::ConfigurationRefused,
        ),
        (
            "v1.13.9-bootstrap/apply-type-change.json",
            "/ApplyConfiguration",
            Cause::ConfigurationRefused,
        ),
        (
            "v1.13.9-bootstrap/bootstrap-3.json",
            "/Bootstrap",
            Cause::AlreadyBootstrapped,
        ),
        (
            "v1.13.9-bootstrap/svc-restart-etcd.json",
            "/ServiceRestart",
            Cause::UnknownName,
        ),
        (
            "v1.13.9-bootstrap/svc-start-nosuch.json",
            "/ServiceStart",
            Cause::UnknownName,
        ),
        (
            "v1.13.9-bootstrap/svc-stop-machined.json",
            "/ServiceStop",
            Cause::UnknownName,
        ),
        (
            "v1.13.9-bootstrap/cosi-get-notype.json",
            "/Get",
            Cause::UnknownResource,
        ),
    ] {
        let error = play(&find(file, method)).await.unwrap().expect_err(file);
        assert_eq!(error.cause, cause, "{file}: {error:?}");
        assert!(!error.advice().is_empty());
    }
}

#[tokio::test]
async fn a_call_that_hangs_ends_at_its_deadline() {
    let recorded = find(
        "v1.13.9-bootstrap/etcd-prebootstrap.json",
        "/EtcdMemberList",
    );
    assert_eq!(recorded.code, "DeadlineExceeded");
    let (player, node) = Player::in_maintenance(|_, _| Reply {
        messages: Vec::new(),
        end: End::Hang,
    })
    .await;
    let node = node.with_deadline(Duration::from_millis(200));
    let error = node.version().await.unwrap_err();
    assert_eq!(error.cause, Cause::Silent);
    assert!(error.cause.passes());
    player.stop().await;
}

#[tokio::test]
async fn an_installation_is_told_by_its_events_until_the_node_ends_them() {
    let recorded = find("v1.13.9-install/events-during-install.json", "/Events");
    let reply = recorded.reply().unwrap();
    let (player, node) = Player::in_maintenance(move |_, _| reply.clone()).await;
    let mut events = node.events(&EventCursor::default());
    let mut seen = Vec::new();
    let mut cursor = EventCursor::default();
    let end = loop {
        match events.next().await {
            Ok(Some(event)) => {
                cursor.saw(&event);
                seen.push(event);
            }
            Ok(None) => panic!("the recording ends with an error"),
            Err(error) => break error,
        }
    };
    assert_eq!(end.cause, Cause::Interrupted, "{end:?}");
    assert_eq!(seen.len(), 15, "the hello is none");
    let Payload::Addresses(first) = &seen[0].payload else {
        panic!("{:?}", seen[0]);
    };
    assert_eq!(first.addresses, ["10.0.2.15", "fec0::5054:ff:fe00:10"]);
    assert!(seen.iter().any(|event| matches!(
        &event.payload,
        Payload::Status(status) if status.stage() == wire::machine::machine_status_event::MachineStage::Installing
    )));
    assert!(
        !seen
            .iter()
            .any(|event| matches!(event.payload, Payload::Unknown(_)))
    );

    // Going on asks for what came after the last one.
    let mut again = node.events(&cursor);
    let _ = again.next().await;
    let (_, request) = player.asked().pop().unwrap();
    let request =
        <wire::machine::EventsRequest as prost::Message>::decode(request.as_slice()).unwrap();
    assert_eq!(request.tail_id, seen.last().unwrap().id);
    assert_eq!(request.tail_events, 0);
    player.stop().await;
}

#[tokio::test]
async fn every_recorded_event_is_known() {
    let mut count = 0;
    for recorded in recording::all()
        .into_iter()
        .filter(|one| one.method.ends_with("/Events"))
    {
        let Some(mut reply) = recorded.reply() else {
            continue;
        };
        // Some recordings ended because whoever listened had heard enough.
        reply.end = End::Status(14, "EOF".to_owned());
        let (player, node) = Player::in_maintenance(move |_, _| reply.clone()).await;
        let mut events = node.events(&EventCursor::default());
        while let Ok(Some(event)) = events.next().await {
            assert!(
                !matches!(event.payload, Payload::Unknown(_)),
                "{}: {event:?}",
                recorded.file
            );
            count += 1;
        }
        player.stop().await;
    }
    assert!(count > 200, "{count}");
}

#[tokio::test]
async fn a_node_that_forgot_says_so_instead_of_hiding_a_gap() {
    let (player, node) = Player::in_maintenance(|_, _| Reply::refuse(3, "invalid event ID")).await;
    let mut cursor = EventCursor::default();
    let event = crete_talos::api::Event {
        id: "dc2585g0r9tg008dgrlg".to_owned(),
        actor_id: String::new(),
        payload: Payload::Unknown(String::new()),
    };
    cursor.saw(&event);
    let error = node.events(&cursor).next().await.unwrap_err();
    assert_eq!(error.cause, Cause::BookmarkLost);
    // Without a cursor the same refusal is what it is.
    let error = node
        .events(&EventCursor::default())
        .next()
        .await
        .unwrap_err();
    assert_eq!(error.cause, Cause::BadRequest);
    player.stop().await;
}

#[tokio::test]
async fn a_refused_configuration_is_not_quoted_in_logs() {
    let recorded = find(
        "v1.13.9-maintenance-direct/apply-invalid.json",
        "/ApplyConfiguration",
    );
    let error = play(&recorded).await.unwrap().unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("unknown keys"), "{shown}");
    assert!(error.talos_text().contains("unknown keys"));
}
