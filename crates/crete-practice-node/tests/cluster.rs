//! Three control planes and a worker, from nothing to healthy and back.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use crete_talos::api::{Cause, Node, Presence, Reset, ResetScope, kinds, probe};
use crete_talos::config::MachineRole;
use std::collections::BTreeSet;
use std::time::Duration;
use support::kubernetes::{Access, ready};
use support::{Lab, Member, bootstrap, until, until_ready, until_unmet};

const DEADLINE: Duration = Duration::from_secs(5);

fn reset(graceful: bool) -> Reset {
    Reset {
        scope: ResetScope::BackToMaintenance,
        graceful,
        reboot: true,
    }
}

/// Names and votes, as one node has them.
async fn voters(node: &Node) -> Option<BTreeSet<(u64, bool)>> {
    let members = node.etcd_members(true).await.ok()?;
    Some(members.iter().map(|one| (one.id, one.is_learner)).collect())
}

async fn three(lab: &Lab) -> (Vec<Member>, Vec<Node>) {
    let mut members = Vec::new();
    for number in [2, 3, 4] {
        members.push(lab.switch_on(lab.identity(number), &[]));
    }
    let mut nodes = Vec::new();
    for member in &members {
        nodes.push(lab.configure(member, MachineRole::ControlPlane).await);
    }
    bootstrap(&nodes[0]).await;
    for node in &nodes {
        until_ready(node).await;
    }
    (members, nodes)
}

async fn access(node: &Node) -> Access {
    Access::of(node.kubeconfig().await.unwrap().expose())
}

#[tokio::test(start_paused = true)]
async fn three_control_planes_become_healthy_and_maintenance_again() {
    let lab = Lab::new("1.13.9");
    let (members, nodes) = three(&lab).await;
    let seen = until("three voters", || async {
        let seen = voters(&nodes[0]).await?;
        (seen.len() == 3 && seen.iter().all(|(_, learner)| !learner)).then_some(seen)
    })
    .await;
    for node in &nodes {
        assert_eq!(voters(node).await.unwrap(), seen, "consistent across nodes");
        let found = node.list(kinds::MEMBERS).all().await.unwrap();
        assert_eq!(found.len(), 3, "discovery shows everybody");
    }
    let again = nodes[1].bootstrap().await.unwrap_err();
    assert_eq!(
        again.cause,
        Cause::AlreadyBootstrapped,
        "a member that joined has data"
    );
    let access = access(&nodes[0]).await;
    for member in &members {
        let items = access
            .items(&lab.way(member, 6443), "/api/v1/nodes")
            .await
            .unwrap();
        assert_eq!(items.len(), 3);
        assert!(items.iter().all(ready));
    }
    one_leaves(&lab, &members, &nodes).await;
    for (member, node) in members.iter().zip(&nodes).take(2) {
        node.reset(&reset(false)).await.unwrap();
        member.console.wait_for("dropping partition 4").await;
    }
    for member in &members {
        lab.in_maintenance(member).await;
        let presence = probe(&lab.target(member), None, DEADLINE).await.unwrap();
        assert!(matches!(presence, Presence::Maintenance { .. }));
    }
    // Nothing is left of the old cluster: a new one can be bootstrapped.
    let node = lab.configure(&members[2], MachineRole::ControlPlane).await;
    bootstrap(&node).await;
    until_ready(&node).await;
    assert_eq!(voters(&node).await.unwrap().len(), 1);
}

async fn one_leaves(lab: &Lab, members: &[Member], nodes: &[Node]) {
    let leader = nodes[0].etcd_status().await.unwrap().leader;
    let names = nodes[0].etcd_members(false).await.unwrap();
    let third = names
        .iter()
        .find(|one| one.peer_urls[0].contains("10.5.0.4"))
        .unwrap()
        .clone();
    assert_ne!(leader, third.id, "the first leads");
    nodes[2].reset(&reset(true)).await.unwrap();
    until("two members", || async {
        (voters(&nodes[0]).await?.len() == 2).then_some(())
    })
    .await;
    let access = access(&nodes[0]).await;
    let way = lab.way(&members[0], 6443);
    until("a node that is not ready", || async {
        let items = access.items(&way, "/api/v1/nodes").await.ok()?;
        let gone = items
            .iter()
            .find(|node| node["metadata"]["name"] == third.hostname.as_str())?;
        assert_eq!(gone["spec"]["unschedulable"], true, "it was drained");
        (!ready(gone)).then_some(())
    })
    .await;
    let path = format!("/api/v1/nodes/{}", third.hostname);
    assert_eq!(
        access.ask(&way, "DELETE", &path, true).await.unwrap().0,
        200
    );
    assert_eq!(access.get(&way, &path).await.unwrap().0, 404);
    lab.in_maintenance(&members[2]).await;
}

#[tokio::test(start_paused = true)]
async fn two_of_three_go_on_and_one_alone_does_not() {
    let lab = Lab::new("1.13.9");
    let (members, nodes) = three(&lab).await;
    until("three voters", || async {
        let seen = voters(&nodes[0]).await?;
        (seen.len() == 3 && seen.iter().all(|(_, learner)| !learner)).then_some(())
    })
    .await;
    let next = nodes[0].forfeit_etcd_lead().await.unwrap();
    assert!(next.starts_with("talos-"), "{next}");
    members[1].node.cut_power().await;
    assert_eq!(
        voters(&nodes[0]).await.unwrap().len(),
        3,
        "a quorum is left"
    );
    members[2].node.cut_power().await;
    until_unmet(&nodes[0], "etcd not healthy").await;
    let hasty = nodes[0].clone().with_deadline(Duration::from_secs(2));
    assert_eq!(
        hasty.etcd_members(false).await.unwrap_err().cause,
        Cause::Silent
    );
    let access = access(&nodes[0]).await;
    let answer = access
        .get(&lab.way(&members[0], 6443), "/readyz")
        .await
        .unwrap();
    assert_eq!(answer.0, 500);
    // The disk of a machine that lost its power is in another one now.
    let storage = std::sync::Arc::clone(&members[1].storage);
    let _second = lab.switch_on_with(lab.identity(3), &[], storage);
    until_ready(&nodes[0]).await;
    assert_eq!(voters(&nodes[0]).await.unwrap().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_worker_waits_for_a_control_plane_and_joins() {
    let lab = Lab::new("1.13.9");
    let worker = lab.switch_on(lab.identity(9), &[]);
    lab.in_maintenance(&worker).await;
    let text = lab.configuration(MachineRole::Worker);
    let mode = crete_talos::api::ApplyMode::Auto;
    lab.anonymous(&worker)
        .apply(&text, mode, false)
        .await
        .unwrap();
    worker
        .console
        .wait_for("Waiting for api certificates")
        .await;
    worker.console.wait_for("phase startEverything (9/9)").await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    let refused = probe(&lab.target(&worker), None, DEADLINE).await.unwrap();
    assert_eq!(
        refused,
        Presence::Refused,
        "nobody signs its certificate yet"
    );

    let first = lab.switch_on(lab.identity(2), &[]);
    let node = lab.configure(&first, MachineRole::ControlPlane).await;
    bootstrap(&node).await;
    until_ready(&node).await;
    let admin = lab.admin(&worker);
    until_ready(&admin).await;
    assert_eq!(
        admin.etcd_members(false).await.unwrap_err().cause,
        Cause::ControlPlaneOnly
    );
    assert_eq!(
        admin.kubeconfig().await.unwrap_err().cause,
        Cause::ControlPlaneOnly
    );
    assert_eq!(
        admin.bootstrap().await.unwrap_err().cause,
        Cause::ControlPlaneOnly
    );
    let items = access(&node)
        .await
        .items(&lab.way(&first, 6443), "/api/v1/nodes")
        .await
        .unwrap();
    assert_eq!(items.len(), 2);
    admin.reset(&reset(true)).await.unwrap();
    lab.in_maintenance(&worker).await;
}

#[tokio::test(start_paused = true)]
async fn bootstrapping_two_nodes_makes_two_clusters() {
    let lab = Lab::new("1.13.9");
    let members = [2, 3].map(|number| lab.switch_on(lab.identity(number), &[]));
    let mut nodes = Vec::new();
    for member in &members {
        nodes.push(lab.configure(member, MachineRole::ControlPlane).await);
    }
    // Both are told before either could have joined the other.
    tokio::join!(bootstrap(&nodes[0]), bootstrap(&nodes[1]));
    for node in &nodes {
        until_ready(node).await;
        assert_eq!(voters(node).await.unwrap().len(), 1);
    }
    assert_ne!(
        voters(&nodes[0]).await,
        voters(&nodes[1]).await,
        "not consistent"
    );
}

#[tokio::test(start_paused = true)]
async fn the_last_control_plane_does_not_leave_gracefully() {
    let lab = Lab::new("1.13.9");
    let member = lab.switch_on(lab.identity(2), &[]);
    let node = lab.configure(&member, MachineRole::ControlPlane).await;
    bootstrap(&node).await;
    until_ready(&node).await;
    node.reset(&reset(true)).await.unwrap();
    member
        .console
        .wait_for("task leaveEtcd (1/1): failed: etcdserver: re-configuration failed")
        .await;
    member.console.wait_for("rebooting in 0 seconds").await;
    let node = lab.admin(&member);
    until_ready(&node).await;
    assert_eq!(voters(&node).await.unwrap().len(), 1, "nothing was wiped");
}

#[tokio::test(start_paused = true)]
async fn a_member_that_died_is_removed_by_another() {
    let lab = Lab::new("1.13.9");
    let (members, nodes) = three(&lab).await;
    until("three voters", || async {
        let seen = voters(&nodes[0]).await?;
        (seen.len() == 3 && seen.iter().all(|(_, learner)| !learner)).then_some(())
    })
    .await;
    let dead = nodes[2].etcd_status().await.unwrap().member_id;
    members[2].node.cut_power().await;
    nodes[0].remove_etcd_member(dead).await.unwrap();
    assert_eq!(voters(&nodes[0]).await.unwrap().len(), 2);
    let unknown = nodes[0].remove_etcd_member(dead).await.unwrap_err();
    assert_eq!(unknown.cause, Cause::NotFound);
    let snapshot = nodes[0].etcd_snapshot().collect(1 << 20).await.unwrap();
    nodes[1].upload_etcd_snapshot(vec![snapshot]).await.unwrap();
    let broken = nodes[1]
        .upload_etcd_snapshot(vec![b"no snapshot".to_vec()])
        .await;
    assert!(broken.is_err());
}
