//! What the node prints, against the serial logs of real nodes: the same sequences and phases in the
//! same order, and each service's lines in the order of its own.
//!
//! Services run beside one another, so the order between them is nobody's promise; times, process
//! numbers and repeated health checks differ from run to run.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use crete_practice_node::Disk;
use crete_talos::api::{ApplyMode, Reset, ResetScope};
use crete_talos::config::MachineRole;
use std::collections::BTreeMap;
use support::{Lab, Member, bootstrap, fixture, until_ready};

fn recorded(name: &str) -> Vec<String> {
    let text = std::fs::read_to_string(fixture(&format!("serial/{name}.log"))).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// A line without what differs from run to run.
fn plain(line: &str) -> String {
    let mut text = String::new();
    for c in line.chars() {
        match c.is_ascii_digit() {
            true if text.ends_with('#') => {}
            true => text.push('#'),
            false => text.push(c),
        }
    }
    text
}

/// The lines of the node between two, both included, from a place on; and the place behind them.
fn between(member: &Member, from: usize, first: &str, last: &str) -> (Vec<String>, usize) {
    let lines = member.console.lines();
    let find = |start: usize, text: &str| {
        let found = lines[start..].iter().position(|line| line.contains(text));
        start + found.unwrap_or_else(|| panic!("{text} was not printed"))
    };
    let begin = find(from, first);
    let end = find(begin, last) + 1;
    (lines[begin..end].to_vec(), end)
}

/// Sequences and phases in order, with their numbers, without their times.
fn outline(lines: &[String]) -> Vec<String> {
    let is_outline = |text: &&str| {
        let sequence = text.split_once(" sequence: ");
        text.starts_with("phase ") || sequence.is_some_and(|(name, _)| !name.contains(' '))
    };
    let texts = lines
        .iter()
        .filter_map(|line| line.strip_prefix("[talos] "));
    let texts = texts.filter(is_outline);
    texts
        .map(|text| text.split(": done").next().unwrap().to_owned())
        .collect()
}

/// The lines of each service, in order.
fn services(lines: &[String]) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in lines {
        if let Some(rest) = line.strip_prefix("[talos] service[") {
            let (id, said) = rest.split_once(']').unwrap();
            found.entry(id.to_owned()).or_default().push(plain(said));
        }
    }
    found
}

/// True when all of `ours` occur in `theirs`, in this order.
fn is_within(ours: &[String], theirs: &[String]) -> bool {
    let mut rest = theirs.iter();
    ours.iter().all(|wanted| rest.any(|line| line == wanted))
}

fn compare(name: &str, ours: &[String]) {
    let theirs = recorded(name);
    assert_eq!(outline(ours), outline(&theirs), "{name}");
    let known = services(&theirs);
    for (id, said) in services(ours) {
        let theirs = known.get(&id).cloned().unwrap_or_default();
        assert!(
            is_within(&said, &theirs),
            "{name}: {id} says\n{said:#?}\nand a real one\n{theirs:#?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_life_is_printed_as_real_ones_are() {
    let lab = Lab::new("1.13.9");
    let member = lab.switch_on(lab.identity(2), &[]);
    let healthy = "service[apid](Running): Health check successful";
    member.console.wait_for(healthy).await;
    let node = lab.configure(&member, MachineRole::ControlPlane).await;
    bootstrap(&node).await;
    until_ready(&node).await;
    let (ours, at) = between(&member, 0, "booting Talos", healthy);
    compare("maintenance", &ours);
    let (ours, at) = between(&member, at, "install sequence: 8", "sync done");
    compare("install", &ours);
    node.reboot(Default::default()).await.unwrap();
    member.console.wait_for("reboot via API received").await;
    member
        .node
        .power()
        .wait_for(|power| *power == crete_practice_node::Power::On(3))
        .await
        .unwrap();
    let (ours, at) = between(&member, at, "reboot via API", "sync done");
    compare("reboot", &ours);
    let node = lab.admin(&member);
    until_ready(&node).await;
    let (ours, at) = between(&member, at, "booting Talos", "boot sequence: done");
    compare("boot", &ours);
    node.shut_down(true).await.unwrap();
    member.node.wait_until_off().await;
    let (ours, _) = between(&member, at, "shutdown via API", "Power down");
    compare("shutdown", &ours);
}

#[tokio::test(start_paused = true)]
async fn a_reset_is_printed_as_a_real_one_is() {
    let lab = Lab::new("1.13.9");
    let member = lab.switch_on(lab.identity(2), &[]);
    let node = lab.configure(&member, MachineRole::ControlPlane).await;
    // The recorded node went on booting, because nobody bootstrapped it.
    member
        .console
        .wait_for("etcd is waiting to join the cluster")
        .await;
    let reset = Reset {
        scope: ResetScope::BackToMaintenance,
        graceful: false,
        reboot: true,
    };
    node.reset(&reset).await.unwrap();
    lab.in_maintenance(&member).await;
    let (ours, _) = between(&member, 0, "reset request", "sync done");
    assert_eq!(outline(&ours), outline(&recorded("reset")));
}

#[tokio::test(start_paused = true)]
async fn an_installation_without_its_disk_is_printed_as_a_real_one_is() {
    let lab = Lab::new("1.13.9");
    let mut identity = lab.identity(2);
    identity.disks = vec![Disk::virtio("vdb", 12 << 30)];
    let member = lab.switch_on(identity, &[]);
    lab.in_maintenance(&member).await;
    let text = lab.configuration(MachineRole::ControlPlane);
    lab.anonymous(&member)
        .apply(&text, ApplyMode::Auto, false)
        .await
        .unwrap();
    member.console.wait_for("rebooting in 0 seconds").await;
    lab.in_maintenance(&member).await;
    let (ours, _) = between(&member, 0, "install sequence: 8", "sync done");
    compare("no-disk", &ours);
    let countdown = ours
        .iter()
        .filter(|line| line.contains("rebooting in"))
        .count();
    assert_eq!(countdown, 11);
}
