//! The practice node tells of its sequences, phases and tasks in the order in which real nodes did.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use crete_talos::api::{ApplyMode, EventCursor, Events, Payload};
use crete_talos::config::MachineRole;
use serde_json::Value;
use std::time::Duration;
use support::{Lab, bootstrap, fixture, until, until_ready};

/// What an event says happened, without what differs from run to run.
fn outline(kind: &str, name: &str, action: &str) -> String {
    format!("{kind} {name} {action}")
}

/// The recorded events of sequences, phases and tasks.
fn recorded_events(file: &str) -> Vec<String> {
    let text = std::fs::read_to_string(fixture(&format!("api/{file}"))).unwrap();
    let all: Vec<Value> = serde_json::from_str(&text).unwrap();
    let events = all[0]["response"].as_array().unwrap().iter();
    let events =
        events.map(|event| serde_json::from_str::<Value>(event.as_str().unwrap()).unwrap());
    let known = events.filter_map(|event| {
        let data = &event["data"];
        let text = |key: &str| data[key].as_str().unwrap_or_default().to_owned();
        let kind = text("@type")
            .rsplit('.')
            .next()
            .unwrap()
            .trim_end_matches("Event")
            .to_lowercase();
        let start = if kind == "sequence" { "NOOP" } else { "START" };
        let action = data["action"].as_str().unwrap_or(start).to_owned();
        let name = text(&kind);
        (!name.is_empty() && kind != "address").then(|| outline(&kind, &name, &action))
    });
    known
        .filter(|one| !one.starts_with("servicestate"))
        .collect()
}

/// As many events of sequences, phases and tasks as were recorded.
async fn own_events(mut events: Events, count: usize) -> Vec<String> {
    let mut found = Vec::new();
    while found.len() < count {
        let Some(event) = events.next().await.unwrap() else {
            break;
        };
        found.extend(match event.payload {
            Payload::Sequence(one) => Some(outline(
                "sequence",
                &one.sequence,
                one.action().as_str_name(),
            )),
            Payload::Phase(one) => Some(outline("phase", &one.phase, one.action().as_str_name())),
            Payload::Task(one) => Some(outline("task", &one.task, one.action().as_str_name())),
            _ => None,
        });
    }
    found
}

#[tokio::test(start_paused = true)]
async fn installing_and_rebooting_are_told_by_the_recorded_events() {
    let lab = Lab::new("1.13.9");
    let member = lab.switch_on(lab.identity(15), &[]);
    lab.in_maintenance(&member).await;
    let healthy = "service[apid](Running): Health check successful";
    member.console.wait_for(healthy).await;
    let node = lab.anonymous(&member);
    // Open and read to its end before anything happens: the node soon closes its port.
    let mut events = node.events(&EventCursor::default());
    let quiet = Duration::from_secs(1);
    while tokio::time::timeout(quiet, events.next()).await.is_ok() {}
    let text = lab.configuration(MachineRole::ControlPlane);
    node.apply(&text, ApplyMode::Auto, false).await.unwrap();
    let recorded = recorded_events("v1.13.9-install/events-during-install.json");
    assert_eq!(own_events(events, recorded.len()).await, recorded);

    let admin = lab.admin(&member);
    until("the API", || async { admin.version().await.ok() }).await;
    bootstrap(&admin).await;
    until_ready(&admin).await;
    let actor = admin.reboot(Default::default()).await.unwrap();
    let recorded = recorded_events("v1.13.9-reboot/events.json");
    let events = own_events(admin.events_of(&actor), recorded.len()).await;
    assert_eq!(events, recorded);
}

#[tokio::test(start_paused = true)]
async fn switching_off_by_the_button_is_told_by_the_recorded_events() {
    let lab = Lab::new("1.13.9");
    let member = lab.switch_on(lab.identity(15), &[]);
    let admin = lab.configure(&member, MachineRole::ControlPlane).await;
    bootstrap(&admin).await;
    until_ready(&admin).await;
    let mut events = admin.events(&EventCursor::default());
    let quiet = Duration::from_secs(1);
    while tokio::time::timeout(quiet, events.next()).await.is_ok() {}
    member.node.press_power_button();
    let file = "v1.13.9-etcd-up-apiserver-starting/events-acpi-shutdown.json";
    let recorded = recorded_events(file);
    assert_eq!(own_events(events, recorded.len()).await, recorded);
}
