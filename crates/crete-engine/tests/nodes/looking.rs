//! A node is asked only while somebody looks.

use crate::site::Site;
use crate::support::{eventually, off, until};
use crete_engine::Depth;
use crete_model::{FactKind, Facts, NodePresence, NodeStage};
use std::sync::atomic::Ordering;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_in_maintenance_tells_what_can_be_known_of_it() {
    let site = Site::new("1.13.9", 1).await;
    let look = site.look(Depth::Full);
    let view = site
        .shown(|view| {
            view.says
                .as_ref()
                .is_some_and(|says| !says.version.is_empty())
        })
        .await;
    assert_eq!(view.presence, NodePresence::Maintenance);
    assert!(view.fingerprint.is_some() && !view.fingerprint_printed);
    assert_eq!(view.says.as_ref().unwrap().version, "v1.13.9");
    site.stage(NodeStage::Maintenance).await;
    let disks = site
        .facts(
            FactKind::Disks,
            |facts| matches!(facts, Facts::Disks(disks) if !disks.is_empty()),
        )
        .await;
    let Facts::Disks(disks) = disks else { panic!() };
    assert!(
        disks
            .iter()
            .any(|disk| disk.path == "/dev/vda" && disk.size == 12 << 30)
    );
    for kind in [
        FactKind::Addresses,
        FactKind::Links,
        FactKind::Routes,
        FactKind::Services,
        FactKind::System,
        FactKind::Security,
        FactKind::Time,
        FactKind::KernelCmdline,
    ] {
        site.facts(kind, |_| true).await;
    }
    let figures = until(
        &site.engine.figures,
        &site.machines[0].to_string(),
        |view| view.figures.is_some(),
    )
    .await;
    let figures = figures.figures.unwrap();
    assert!(figures.memory_total > 0 && figures.memory_used <= figures.memory_total);
    drop(look);
    let key = site.machines[0].to_string();
    eventually("its facts go with the last look", || {
        site.engine.facts.all().is_empty() && site.engine.figures.get(&key).is_none()
    })
    .await;
    let left = site.engine.nodes.get(&key).unwrap();
    assert!(
        left.stale_since.is_some(),
        "it is not known any more how it is"
    );
    site.close().await;
}

/// Before 1.13 a node in maintenance offers only its resources.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_this_talos_does_not_offer_is_said_so() {
    let site = Site::new("1.12.11", 1).await;
    let _look = site.look(Depth::Full);
    site.stage(NodeStage::Maintenance).await;
    let figures = until(
        &site.engine.figures,
        &site.machines[0].to_string(),
        |view| view.problem.is_some(),
    )
    .await;
    let problem = figures.problem.unwrap();
    assert_eq!(problem.params["name"], "node-1");
    assert!(!problem.remedies.is_empty());
    // Which services run is told all the same.
    let services = site.facts(FactKind::Services, |_| true).await;
    assert!(matches!(services, Facts::Services(all) if all.iter().any(|one| one.running)));
    let view = site
        .engine
        .nodes
        .get(&site.machines[0].to_string())
        .unwrap();
    assert_eq!(view.stale_since, None, "the rest goes on");
    site.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_asks_a_node_at_which_nobody_looks() {
    let site = Site::new("1.13.9", 1).await;
    assert_eq!(
        site.ways.made.load(Ordering::SeqCst),
        0,
        "nobody has looked yet"
    );
    let first = site.look(Depth::Summary);
    let second = site.look(Depth::Summary);
    site.present(NodePresence::Maintenance).await;
    drop(first);
    site.present(NodePresence::Maintenance).await;
    // Hidden: what is known gets an age, and nothing is asked.
    site.engine.set_visible(false);
    let old = site.shown(|view| view.stale_since.is_some()).await;
    assert!(old.says.is_some(), "what was heard last stays");
    let made = site.ways.made.load(Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(site.ways.made.load(Ordering::SeqCst), made);
    site.engine.set_visible(true);
    site.present(NodePresence::Maintenance).await;
    drop(second);
    site.shown(|view| view.stale_since.is_some()).await;
    let made = site.ways.made.load(Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(site.ways.made.load(Ordering::SeqCst), made);
    // Whoever looks again sees it at once.
    let _third = site.look(Depth::Summary);
    site.present(NodePresence::Maintenance).await;
    site.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_that_is_off_has_no_node() {
    let site = Site::new("1.13.9", 1).await;
    let _look = site.look(Depth::Full);
    site.present(NodePresence::Maintenance).await;
    site.facts(FactKind::Disks, |_| true).await;
    site.engine.force_off(site.machines[0]).await.unwrap();
    off(&site.engine, site.machines[0]).await;
    let view = site.shown(|view| view.presence == NodePresence::Off).await;
    assert_eq!((view.says, view.stale_since), (None, None));
    assert!(site.engine.facts.all().is_empty());
    site.engine.delete_machine(site.machines[0]).await.unwrap();
    let key = site.machines[0].to_string();
    eventually("it goes with its machine", || {
        site.engine.nodes.get(&key).is_none()
    })
    .await;
    site.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twenty_nodes_are_watched_at_once() {
    let version: crete_model::TalosVersion = "1.13.9".parse().unwrap();
    let pace = crete_testkit::talos::Pace::faster(200.0);
    let mut nodes = crete_testkit::talos::Nodes::none(version, pace).await;
    for number in 1..=20 {
        nodes.switch_on(nodes.identity(number), &[]);
    }
    let site = Site::with(crate::support::World::new(), nodes).await;
    let looks: Vec<_> = site
        .machines
        .iter()
        .map(|machine| site.engine.look_at_node(*machine, Depth::Full).unwrap())
        .collect();
    for machine in &site.machines {
        until(&site.engine.nodes, &machine.to_string(), |view| {
            view.presence == NodePresence::Maintenance
                && view
                    .says
                    .as_ref()
                    .is_some_and(|says| says.stage == NodeStage::Maintenance)
        })
        .await;
    }
    drop(looks);
    eventually("all of them are left", || {
        site.engine.facts.all().is_empty()
    })
    .await;
    site.close().await;
}
