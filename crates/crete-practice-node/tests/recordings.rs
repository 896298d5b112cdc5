//! The practice node is asked what real nodes were asked, and answers as they did: the same codes
//! and texts, messages of the same shape, and the values that follow from what a node is.
//!
//! The node's machine differs from the recorded one (addresses, disks, version), and the recordings
//! are changed likewise: an answer that was merely repeated would be found out.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use crete_practice_node::{Disk, Identity, Medium, Prefix};
use crete_talos::api::{ClusterTrust, DESCRIPTORS, Node, wire};
use crete_talos::config::MachineRole;
use crete_talos::pki::Role;
use crete_talos::yaml::{self, Node as Yaml};
use prost_reflect::prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;
use support::raw::{Answer, call};
use support::{API, Lab, Member, bootstrap, fixture, until};

/// Calls that are not played, with what the whole of them would need.
const NOT_PLAYED: &[&str] = &[
    "Copy",                          // files of a real system
    "ControllerRuntimeDependencies", // the inside of Talos
    "DiskUsage",
    "EtcdDowngradeValidate",
    "List",
    "Netstat",
    "PacketCapture",
    "Restart",
    "Verify",
];

/// One recorded call.
#[derive(Debug)]
struct Recorded {
    method: String,
    request: Value,
    code: String,
    message: String,
    responses: Vec<String>,
    count: usize,
}

fn read(path: &PathBuf, vary: &Vary) -> Vec<Recorded> {
    let text = std::fs::read_to_string(path).unwrap();
    let all: Vec<Value> = serde_json::from_str(&text).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    all.iter()
        .filter(|one| one["method"].is_string())
        .map(|one| Recorded {
            method: text(&one["method"]),
            request: one["request"].clone(),
            code: text(&one["code"]),
            message: vary.of(&text(&one["message"])),
            responses: one["response"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|one| vary.of(&text(one)))
                .collect(),
            count: usize::try_from(one["messages"].as_u64().unwrap_or_default()).unwrap(),
        })
        .collect()
}

/// What is other here than where the recordings were made.
struct Vary(Vec<(String, String)>);

impl Vary {
    fn of(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (recorded, ours) in &self.0 {
            text = text.replace(recorded, ours);
        }
        text
    }
}

fn vary(version: &str, ours: &str) -> Vary {
    let pairs = [
        (version, ours),
        ("10.0.2.", "10.5.0."),
        ("fec0::5054:ff:fe00:10", "fec0::5054:ff:fe00:f"),
        ("fe80::5054:ff:fe00:10", "fe80::5054:ff:fe00:f"),
        ("52:54:00:00:00:10", "52:54:00:00:00:0f"),
        ("enx525400000010", "enx52540000000f"),
        ("disk0", "disk7"),
        // The system's own image has another size in each version.
        ("112676864", "108310528"),
        ("10737418240", "21474836480"),
        ("pretty_size: 11 GB", "pretty_size: 22 GB"),
        ("sizeMiB: 2048", "sizeMiB: 3072"),
        (
            "00000000-0000-0000-0000-000000000000",
            "6e6f6465-0000-4000-8000-00000000000f",
        ),
    ];
    Vary(pairs.map(|(a, b)| (a.to_owned(), b.to_owned())).to_vec())
}

fn identity(lab: &Lab) -> Identity {
    let mut identity = lab.identity(15);
    identity.network.change(|given| {
        given.addresses.push(Prefix {
            ip: "fec0::5054:ff:fe00:f".parse().unwrap(),
            length: 64,
        });
        given.gateway = Some("10.5.0.2".parse().unwrap());
        given.resolvers = vec!["10.5.0.3".parse().unwrap()];
    });
    let mut disk = Disk::virtio("vda", 21_474_836_480);
    disk.serial = "disk7".to_owned();
    identity.disks = vec![disk];
    identity.memory = 3 << 30;
    identity
}

fn pool() -> DescriptorPool {
    DescriptorPool::decode(DESCRIPTORS).unwrap()
}

/// The messages of a method: what is asked and what is answered.
fn messages(path: &str) -> Option<(MessageDescriptor, MessageDescriptor)> {
    let (service, method) = path.trim_start_matches('/').split_once('/')?;
    let service = pool().get_service_by_name(service)?;
    let method = service.methods().find(|one| one.name() == method)?;
    Some((method.input(), method.output()))
}

/// The recorded request as bytes; nothing for one that was cut.
fn request(recorded: &Recorded) -> Option<Vec<u8>> {
    let text = match &recorded.request {
        Value::Null => return Some(Vec::new()),
        text => text.as_str()?,
    };
    if text.contains("<base64") {
        return None;
    }
    let (input, _) = messages(&recorded.method)?;
    let mut json = serde_json::Deserializer::from_str(text);
    let message = DynamicMessage::deserialize(input, &mut json).ok()?;
    Some(message.encode_to_vec())
}

fn code(name: &str) -> i32 {
    let names = [
        "OK",
        "Canceled",
        "Unknown",
        "InvalidArgument",
        "DeadlineExceeded",
        "NotFound",
        "AlreadyExists",
        "PermissionDenied",
        "ResourceExhausted",
        "FailedPrecondition",
        "Aborted",
        "OutOfRange",
        "Unimplemented",
        "Internal",
        "Unavailable",
    ];
    let found = names.iter().position(|one| *one == name);
    i32::try_from(found.unwrap_or_else(|| panic!("no code {name}"))).unwrap()
}

/// The places in a message, without the numbers of list items.
fn places(value: &Value, at: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                places(value, &format!("{at}.{key}"), found);
            }
        }
        Value::Array(items) => {
            for item in items {
                places(item, at, found);
            }
        }
        _ => {
            found.insert(at.to_owned());
        }
    }
}

fn shape(value: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    places(value, "", &mut found);
    found
}

/// Counters and sizes: a real system has more of them, and many are zero here or there.
fn is_counter(method: &str) -> bool {
    let numbers = [
        "Memory",
        "CPUInfo",
        "DiskStats",
        "NetworkDeviceStats",
        "SystemStat",
        "Processes",
        "Mounts",
    ];
    numbers.contains(&method)
}

/// Compares one answer with the recorded one.
fn compare(recorded: &Recorded, answer: &Answer) -> Result<(), String> {
    let method = recorded.method.rsplit('/').next().unwrap();
    if recorded.code == "DeadlineExceeded" {
        return match &answer.status {
            None if recorded.count == 0 && !answer.messages.is_empty() => {
                Err("it speaks".to_owned())
            }
            None => Ok(()),
            // A health check without a limit is over at once.
            Some((4, text)) if *text == recorded.message => Ok(()),
            Some(status) => Err(format!("it ends with {status:?} instead of hanging")),
        };
    }
    let (found, text) = answer.status.clone().ok_or("it hangs")?;
    // How Go's library words what is no YAML is its own.
    let yaml = "decode error: yaml: ";
    let not_yaml = text.starts_with(yaml) && recorded.message.starts_with(yaml);
    if found != code(&recorded.code) || (text != recorded.message && !not_yaml) {
        return Err(format!(
            "{found} {text:?} instead of {} {:?}",
            recorded.code, recorded.message
        ));
    }
    let Some((_, output)) = messages(&recorded.method) else {
        return Ok(());
    };
    for (text, ours) in recorded.responses.iter().zip(&answer.messages) {
        // A message that was cut is no JSON.
        let Ok(theirs) = serde_json::from_str::<Value>(text) else {
            continue;
        };
        let ours = DynamicMessage::decode(output.clone(), ours.as_slice()).unwrap();
        let ours = serde_json::to_value(&ours).unwrap();
        same(method, &theirs, &ours)?;
    }
    Ok(())
}

/// The same places; and the same values but for what real time and real programs make.
fn same(method: &str, theirs: &Value, ours: &Value) -> Result<(), String> {
    // There was a CD in the drive of the recorded node.
    let with_cd = method == "Disks" && theirs.to_string().contains("CD-ROM");
    let (wanted, found) = (shape(theirs), shape(ours));
    let invented: Vec<_> = found.difference(&wanted).collect();
    let missing: Vec<_> = wanted.difference(&found).collect();
    if is_counter(method) {
        return match invented.is_empty() {
            true => Ok(()),
            false => Err(format!("places that no real node has: {invented:?}")),
        };
    }
    if !invented.is_empty() || (!missing.is_empty() && !with_cd) {
        return Err(format!("missing {missing:?}, invented {invented:?}"));
    }
    let changing = [
        "LoadAvg",
        "ServiceList",
        "LogsContainers",
        "Events",
        "Dmesg",
        "Time",
        "Kubeconfig",
        "HealthCheck",
    ];
    match changing.contains(&method) || with_cd || theirs == ours {
        true => Ok(()),
        false => Err(format!("{ours} instead of {theirs}")),
    }
}

async fn replay(
    lab: &Lab,
    member: &Member,
    client: Option<&ClusterTrust>,
    file: &str,
    vary: &Vary,
    differences: &mut Vec<String>,
) -> usize {
    let mut asked = 0;
    for recorded in read(&fixture(&format!("api/{file}")), vary) {
        let method = recorded.method.rsplit('/').next().unwrap();
        let changes = ["Bootstrap", "BlockDeviceWipe"].contains(&method) && recorded.code == "OK";
        if NOT_PLAYED.contains(&method) && recorded.code != "PermissionDenied" || changes {
            continue;
        }
        let Some(message) = request(&recorded) else {
            continue;
        };
        let way = lab.way(member, API);
        let answer = call(&way, client, &recorded.method, &message).await;
        asked += 1;
        if let Err(difference) = compare(&recorded, &answer) {
            differences.push(format!("{file} {}: {difference}", recorded.method));
        }
    }
    asked
}

fn files(folder: &str) -> Vec<String> {
    let mut files: Vec<String> = std::fs::read_dir(fixture(&format!("api/{folder}")))
        .unwrap()
        .map(|entry| format!("{folder}/{}", entry.unwrap().file_name().to_str().unwrap()))
        .collect();
    files.sort();
    files
}

fn judge(asked: usize, least: usize, differences: &[String]) {
    assert!(
        differences.is_empty(),
        "{} differences:\n{}",
        differences.len(),
        differences.join("\n")
    );
    assert!(asked >= least, "only {asked} calls were compared");
}

#[tokio::test(start_paused = true)]
async fn a_node_in_maintenance_answers_as_recorded() {
    for (recorded, version, folder, least) in [
        ("v1.13.9", "1.13.8", "v1.13.9-maintenance-direct", 50),
        ("v1.12.11", "1.12.10", "v1.12.11-maintenance", 40),
    ] {
        let lab = Lab::new(version);
        let member = lab.switch_on(identity(&lab), &[]);
        lab.in_maintenance(&member).await;
        tokio::time::sleep(Duration::from_secs(60)).await;
        // The recorded node had no time server.
        let vary = vary(recorded, &format!("v{version}"));
        let (mut asked, mut differences) = (0, Vec::new());
        for file in files(folder) {
            asked += replay(&lab, &member, None, &file, &vary, &mut differences).await;
        }
        differences.retain(|one| !one.contains("TimeService/Time:"));
        judge(asked, least, &differences);
    }
}

async fn configured(lab: &Lab, member: &Member) -> Node {
    let admin = lab.configure(member, MachineRole::ControlPlane).await;
    member
        .console
        .wait_for("etcd is waiting to join the cluster")
        .await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    admin
}

#[tokio::test(start_paused = true)]
async fn a_configured_node_answers_as_recorded() {
    for (recorded, version, folder, least) in [
        (
            "v1.13.9",
            "1.13.8",
            "v1.13.9-configured-before-bootstrap",
            20,
        ),
        (
            "v1.12.11",
            "1.12.10",
            "v1.12.11-configured-images-missing",
            20,
        ),
    ] {
        let lab = Lab::new(version);
        let member = lab.switch_on(identity(&lab), &[]);
        let admin = configured(&lab, &member).await;
        let trust = lab.trust(Role::Admin);
        let hostname = admin
            .get(crete_talos::api::kinds::HOSTNAME, "hostname")
            .await
            .unwrap()
            .unwrap();
        let mut vary = vary(recorded, &format!("v{version}"));
        for name in ["talos-3fa-iek", "talos-csu-d8h"] {
            vary.0
                .push((name.to_owned(), hostname.spec.hostname.clone()));
        }
        let file = format!("{folder}/rpc-admin-readonly.json");
        let mut differences = Vec::new();
        let asked = replay(&lab, &member, Some(&trust), &file, &vary, &mut differences).await;
        judge(asked, least, &differences);
    }
}

#[tokio::test(start_paused = true)]
async fn wrong_calls_are_refused_as_recorded() {
    let lab = Lab::new("1.13.9");
    let member = lab.switch_on(identity(&lab), &[]);
    let admin = configured(&lab, &member).await;
    bootstrap(&admin).await;
    until("etcd", || async { admin.etcd_members(false).await.ok() }).await;
    let trust = lab.trust(Role::Admin);
    let vary = vary("v1.13.9", "v1.13.9");
    let (mut asked, mut differences) = (0, Vec::new());
    for file in files("v1.13.9-bootstrap") {
        // Events, calls from before, and calls for other nodes, which are not played.
        let other = ["events", "etcd-prebootstrap", "version-node"];
        if !other.iter().any(|part| file.contains(part)) {
            asked += replay(&lab, &member, Some(&trust), &file, &vary, &mut differences).await;
        }
    }
    judge(asked, 8, &differences);
}

/// Resources of a real node in maintenance, as people see them.
#[tokio::test(start_paused = true)]
async fn resources_in_maintenance_are_those_of_a_real_node() {
    let lab = Lab::new("1.13.9");
    let member = lab.switch_on(identity(&lab), &[]);
    lab.in_maintenance(&member).await;
    let healthy = "service[apid](Running): Health check successful";
    member.console.wait_for(healthy).await;
    let node = lab.anonymous(&member);
    let vary = vary("v1.13.9", "v1.13.9");
    compare_resources(&node, "v1.13.9-maintenance", &vary, 30).await;
}

/// Those of a control plane that runs and is ready.
#[tokio::test(start_paused = true)]
async fn resources_of_a_ready_node_are_those_of_a_real_one() {
    let lab = Lab::new("1.13.9");
    let member = lab.switch_on(identity(&lab), &[]);
    let node = configured(&lab, &member).await;
    bootstrap(&node).await;
    support::until_ready(&node).await;
    let kinds = (
        crete_talos::api::kinds::HOSTNAME,
        crete_talos::api::kinds::IDENTITY,
    );
    let hostname = node.get(kinds.0, "hostname").await.unwrap().unwrap();
    let own = node.get(kinds.1, "local").await.unwrap().unwrap();
    let mut vary = vary("v1.13.9", "v1.13.9");
    let id = "SMfQA7X2IjU6fMSKehH1klpdfml0MpE7SX8v9oy84olA";
    for (recorded, ours) in [
        ("talos-3fa-iek", hostname.spec.hostname),
        (id, own.spec.node_id),
    ] {
        vary.0.push((recorded.to_owned(), ours));
    }
    compare_resources(&node, "v1.13.9-ready", &vary, 12).await;
}

async fn compare_resources(node: &Node, folder: &str, vary: &Vary, least: usize) {
    let folder = fixture(&format!("resources/{folder}"));
    let (mut compared, mut differences) = (0, Vec::new());
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = vary.of(&std::fs::read_to_string(entry.unwrap().path()).unwrap());
        for recorded in yaml::read(&text).unwrap() {
            let at = |key: &str| recorded.text_at(&["metadata", key]).to_owned();
            let (kind, id) = (at("type"), at("id"));
            // Routes of the kernel's own, another router, and the clock without a server.
            let unplayed = id.starts_with("local/") || id.contains("fe80::2");
            let no_clock = recorded.text_at(&["spec", "synced"]) == "false";
            if unplayed || id == "loop0" || no_clock {
                continue;
            }
            let found = node.get_yaml(&at("namespace"), &kind, &id).await.unwrap();
            compared += 1;
            let Some((metadata, text)) = found else {
                differences.push(format!("{kind} {id} is missing"));
                continue;
            };
            let nothing = Yaml::empty_map();
            let theirs = recorded.get("spec").unwrap_or(&nothing);
            let ours = yaml::read_one(&text).unwrap().unwrap_or(nothing.clone());
            if metadata.owner != at("owner") || !means(theirs, &ours) {
                let theirs = yaml::emit(theirs);
                differences.push(format!("{kind} {id}:\n{text}\ninstead of\n{theirs}"));
            }
        }
    }
    judge(compared, least, &differences);
}

/// The same keys in the same order with the same texts, however they are quoted.
fn means(theirs: &Yaml, ours: &Yaml) -> bool {
    let pairs = theirs.entries().iter().zip(ours.entries());
    let items = theirs.items().iter().zip(ours.items());
    theirs.entries().len() == ours.entries().len()
        && theirs.items().len() == ours.items().len()
        && theirs.as_text() == ours.as_text()
        && pairs
            .into_iter()
            .all(|(a, b)| a.key == b.key && means(&a.value, &b.value))
        && items.into_iter().all(|(a, b)| means(a, b))
}

#[tokio::test(start_paused = true)]
async fn a_configuration_is_taken_with_the_recorded_answer() {
    for (recorded, version, folder, medium) in [
        (
            "v1.13.9",
            "1.13.8",
            "v1.13.9-raw-image-apply",
            Medium::DiskImage,
        ),
        ("v1.12.11", "1.12.10", "v1.12.11-install", Medium::Installer),
    ] {
        let lab = Lab::new(version);
        let mut identity = identity(&lab);
        identity.medium = medium;
        let member = lab.switch_on(identity, &[]);
        lab.in_maintenance(&member).await;
        let vary = vary(recorded, &format!("v{version}"));
        let file = fixture(&format!("api/{folder}/apply.json"));
        let [recorded] = &read(&file, &vary)[..] else {
            panic!("{folder} is one call");
        };
        // The configuration itself was cut out of the recording.
        let request = wire::machine::ApplyConfigurationRequest {
            data: lab.configuration(MachineRole::ControlPlane).into_bytes(),
            mode: wire::machine::apply_configuration_request::Mode::Auto.into(),
            ..Default::default()
        };
        let way = lab.way(&member, API);
        let answer = call(&way, None, &recorded.method, &request.encode_to_vec()).await;
        assert_eq!(answer.messages.len(), recorded.count, "{folder}");
        assert_eq!(compare(recorded, &answer), Ok(()), "{folder}");
    }
}
