//! A node that is watched through its life: installed, bootstrapped, restarted, hung, reset.

use crate::site::{Site, configuration};
use crete_engine::Depth;
use crete_model::{
    FactKind, Facts, NodePresence, NodeRole, NodeStage, NodeView, RebootMode, ResetPlan, ResetWipe,
    ServiceAction,
};
use crete_testkit::talos::Fault;

fn stale(view: &NodeView) -> bool {
    view.says.is_some() && view.stale_since.is_some()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_is_followed_from_maintenance_to_ready_and_back() {
    let site = Site::new("1.13.9", 1).await;
    let machine = site.machines[0];
    let _look = site.look(Depth::Full);
    let before = site.present(NodePresence::Maintenance).await;
    site.engine.give_credentials(machine, crate::site::admin());
    site.configure(&configuration(site.nodes.all[0].address))
        .await;
    // There is no API while it installs: what is known is old, and says so.
    let away = |view: &NodeView| {
        matches!(view.presence, NodePresence::Starting | NodePresence::Silent) && stale(view)
    };
    site.shown(away).await;
    let view = site.present(NodePresence::Configured).await;
    assert_eq!(view.fingerprint, None);
    let role = |view: &NodeView| {
        view.says
            .as_ref()
            .is_some_and(|says| says.role == Some(NodeRole::ControlPlane))
    };
    site.shown(role).await;
    site.bootstrap().await;
    let etcd = site
        .facts(
            FactKind::Etcd,
            |facts| matches!(facts, Facts::Etcd(all) if all.len() == 1),
        )
        .await;
    let Facts::Etcd(members) = etcd else { panic!() };
    assert!(members[0].own && members[0].leads && members[0].alarms.is_empty());
    site.facts(
        FactKind::StaticPods,
        |facts| matches!(facts, Facts::StaticPods(pods) if pods.iter().any(|pod| pod.ready)),
    )
    .await;
    let services = site
        .facts(FactKind::Services, |facts| {
            matches!(facts, Facts::Services(all) if all.iter().any(|one| one.id == "etcd" && one.running))
        })
        .await;
    let Facts::Services(services) = services else {
        panic!()
    };
    let actions = |id: &str| {
        services
            .iter()
            .find(|one| one.id == id)
            .unwrap()
            .actions
            .clone()
    };
    assert_eq!(
        actions("kubelet"),
        [ServiceAction::Start, ServiceAction::Restart]
    );
    assert!(actions("etcd").is_empty(), "Talos protects it");

    let loss = site
        .engine
        .reset_loss(machine, ResetWipe::BackToMaintenance)
        .await
        .unwrap();
    assert!(loss.last_member && !loss.unbootable);
    assert_eq!(loss.disk, "vda");
    let volumes: Vec<_> = loss.volumes.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(volumes, ["EPHEMERAL", "STATE"]);
    let plan = ResetPlan {
        wipe: ResetWipe::BackToMaintenance,
        graceful: false,
        reboot: true,
    };
    site.engine.reset_node(machine, plan).await.unwrap();
    let after = site.present(NodePresence::Maintenance).await;
    assert_ne!(
        after.fingerprint, before.fingerprint,
        "it has another certificate"
    );
    assert_eq!(
        after.says.unwrap().role,
        None,
        "nothing is left of its other life"
    );
    site.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_restarts_is_old_and_then_live_again() {
    let site = Site::new("1.13.9", 1).await;
    let _look = site.look(Depth::Full);
    site.bootstrapped().await;
    let machine = site.machines[0];
    site.engine
        .reboot_node(machine, RebootMode::Gentle)
        .await
        .unwrap();
    site.shown(stale).await;
    site.stage(NodeStage::Running).await;
    let service = site
        .engine
        .act_on_service(machine, "kubelet", ServiceAction::Restart);
    service.await.unwrap();
    let refused = site
        .engine
        .act_on_service(machine, "etcd", ServiceAction::Restart)
        .await;
    let problem = refused.unwrap_err().problem();
    assert_eq!(problem.code, crete_model::ErrorCode::TalosUnknownName);
    assert_eq!(problem.params["name"], "node-1");
    assert!(problem.detail.unwrap().contains("doesn't support restart"));
    site.engine.shut_node_down(machine, true).await.unwrap();
    site.shown(stale).await;
    site.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_hangs_is_noticed_and_met_again() {
    let site = Site::new("1.13.9", 1).await;
    let _look = site.look(Depth::Summary);
    site.present(NodePresence::Maintenance).await;
    let faults = site.nodes.all[0].node.faults().clone();
    faults.set(Fault::CallsHang);
    site.shown(stale).await;
    faults.clear(Fault::CallsHang);
    site.present(NodePresence::Maintenance).await;
    site.nodes.all[0].node.cut_power().await;
    let gone = |view: &NodeView| view.presence == NodePresence::Starting && stale(view);
    site.shown(gone).await;
    let mut site = site;
    site.nodes.switch_on_again(0);
    site.nodes.all[0].node.faults().set(Fault::ApiSilent);
    site.shown(|view| view.presence == NodePresence::Silent && stale(view))
        .await;
    site.nodes.all[0].node.faults().clear(Fault::ApiSilent);
    site.present(NodePresence::Maintenance).await;
    site.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_talos_finds_wrong_is_told() {
    let site = Site::new("1.13.9", 1).await;
    let _look = site.look(Depth::Full);
    site.grown().await;
    site.nodes.all[0].node.faults().set(Fault::Diagnosed);
    site.facts(FactKind::Diagnostics, |facts| {
        matches!(facts, Facts::Diagnostics(all) if all.iter().any(|one| !one.message.is_empty()))
    })
    .await;
    site.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_of_a_node_can_be_browsed() {
    let site = Site::new("1.13.9", 1).await;
    let machine = site.machines[0];
    let _look = site.look(Depth::Summary);
    site.present(NodePresence::Maintenance).await;
    let kinds = site.engine.resource_kinds(machine).await.unwrap();
    assert!(kinds.len() > 30, "{}", kinds.len());
    let disks = kinds
        .iter()
        .find(|kind| kind.name == "Disks.block.talos.dev")
        .unwrap();
    assert!(!disks.sensitive && disks.namespace == "runtime");
    let all = site
        .engine
        .resources(machine, &disks.namespace, &disks.name)
        .await
        .unwrap();
    let vda = all.iter().find(|one| one.id == "vda").unwrap();
    assert!(vda.yaml.contains("dev_path: /dev/vda"), "{}", vda.yaml);
    let one = site
        .engine
        .resource(machine, &disks.namespace, &disks.name, "vda")
        .await
        .unwrap();
    assert_eq!(&one, vda);
    let none = site
        .engine
        .resource(machine, &disks.namespace, &disks.name, "vdz")
        .await;
    assert_eq!(
        none.unwrap_err().problem().code,
        crete_model::ErrorCode::NotFound
    );
    let sensitive = kinds.iter().find(|kind| kind.sensitive).unwrap();
    let refused = site
        .engine
        .resources(machine, &sensitive.namespace, &sensitive.name)
        .await;
    let code = refused.unwrap_err().problem().code;
    assert_eq!(code, crete_model::ErrorCode::TalosNotAuthorized);
    site.close().await;
}
