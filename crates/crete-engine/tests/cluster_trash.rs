//! A cluster goes to the trash with its machines and its network, and comes back whole.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use crete_engine::Engine;
use crete_model::{
    ClusterEndpoint, ClusterId, ClusterNode, ClusterPhase, ClusterSpec, ClusterWish, ErrorCode,
    MachineId, NetworkDraft, NetworkEndpoint, NetworkId, NetworkSpec, NodeRole, Sizes, TrashKind,
};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use support::{World, eventually};
use uuid::Uuid;

const SIZES: Sizes = Sizes {
    vcpus: 1,
    memory_mib: 512,
    disk_gib: 10,
};

/// Three machines that are off, in a network of their own, and the record of the cluster that they
/// are.
async fn cluster(world: &World) -> (ClusterId, NetworkId, Vec<MachineId>) {
    let engine = world.open().await;
    let network = engine
        .create_network(&NetworkDraft {
            name: "knossos".to_owned(),
            subnet: String::new(),
            ipv6: true,
            mtu: 1500,
            internet: true,
        })
        .unwrap();
    let mut nodes = Vec::new();
    for (name, role) in [
        ("cp-1", NodeRole::ControlPlane),
        ("w-1", NodeRole::Worker),
        ("w-2", NodeRole::Worker),
    ] {
        let mut draft = world.draft(&format!("knossos-{name}"));
        draft.network = Some(network);
        nodes.push((name, role, engine.create_machine(&draft).unwrap()));
    }
    engine.close().await;
    let id = ClusterId(Uuid::now_v7());
    write_record(world, id, network, &nodes);
    let machines = nodes.iter().map(|(.., machine)| *machine).collect();
    (id, network, machines)
}

/// The record of a cluster that is off, as an earlier version wrote it, and its secrets.
fn write_record(
    world: &World,
    id: ClusterId,
    network: NetworkId,
    nodes: &[(&str, NodeRole, MachineId)],
) {
    let folder = world.at("data/clusters").join(id.to_string());
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("secrets.yaml"), "cluster: {}\n").unwrap();
    let node = |(name, role, machine): &(&str, NodeRole, MachineId)| ClusterNode {
        name: (*name).to_owned(),
        role: *role,
        machine: *machine,
        sizes: SIZES,
        leaving: false,
        dead: false,
    };
    let spec = serde_json::json!({
        "schema_version": 1,
        "id": id,
        "name": "knossos",
        "talos": "v1.13.9",
        "kubernetes": "1.36.3",
        "arch": "amd64",
        "medium": "disk_image",
        "schematic": null,
        "installer": "factory.example/metal-installer/0:v1.13.9",
        "image": world.image,
        "nodes": nodes.iter().map(node).collect::<Vec<_>>(),
        "network": network,
        "own_network": true,
        "subnet": "",
        "endpoint": {"kind": "load_balancer"},
        "api": null,
        "cni": "flannel",
        "pod_subnet": "",
        "service_subnet": "",
        "schedule_on_control_planes": false,
        "mirrors": [],
        "patches": {},
        "leave_in_maintenance": false,
        "omni": "",
        "wish": "stopped",
        "created_at": "2026-03-20T09:00:00Z",
        "formed_at": "2026-03-20T09:05:00Z",
    });
    // What an earlier version wrote, without the newest keys, is read too.
    let spec: ClusterSpec = serde_json::from_value(spec).unwrap();
    assert!(spec.change.is_none() && spec.sample.is_none());
    std::fs::write(folder.join("spec.json"), serde_json::to_vec(&spec).unwrap()).unwrap();
}

fn kinds(engine: &Engine) -> Vec<TrashKind> {
    let mut kinds: Vec<TrashKind> = engine.trash.all().iter().map(|one| one.kind).collect();
    kinds.sort_by_key(|kind| format!("{kind:?}"));
    kinds
}

#[tokio::test]
async fn what_went_to_the_trash_comes_back_whole() {
    let world = World::new();
    let (id, network, machines) = cluster(&world).await;
    let engine = world.open().await;
    let view = engine.clusters.get(&id.to_string()).unwrap();
    assert_eq!(view.phase, ClusterPhase::Stopped);
    let loss = engine.cluster_loss(id).unwrap();
    assert_eq!(
        loss.machines,
        ["knossos-cp-1", "knossos-w-1", "knossos-w-2"]
    );
    assert_eq!(loss.network.as_deref(), Some("knossos"));
    let (trash_id, name) = engine.delete_cluster(id).await.unwrap();
    assert_eq!(name, "knossos");
    assert!(engine.clusters.get(&id.to_string()).is_none());
    assert!(engine.machines.all().is_empty());
    assert!(engine.networks.get(&network.to_string()).is_none());
    assert_eq!(
        kinds(&engine),
        [
            TrashKind::Clusters,
            TrashKind::Machines,
            TrashKind::Machines,
            TrashKind::Machines,
            TrashKind::Networks
        ]
    );
    // The trash outlives the program.
    engine.close().await;
    let engine = world.open().await;
    engine.restore(&trash_id).await.unwrap();
    let view = engine.clusters.get(&id.to_string()).unwrap();
    assert_eq!(view.phase, ClusterPhase::Stopped);
    for machine in &machines {
        let back = engine.machines.get(&machine.to_string()).unwrap();
        assert_eq!(back.spec.network, Some(network));
        assert_eq!(engine.machines.all().len(), 3);
    }
    assert!(engine.networks.get(&network.to_string()).is_some());
    assert!(kinds(&engine).is_empty(), "nothing of it stays behind");
    let folder = engine.cluster_folder(id).unwrap();
    assert!(folder.join("secrets.yaml").exists());
    let mode = std::fs::metadata(folder.join("secrets.yaml")).unwrap();
    assert_ne!(mode.permissions().mode() & 0o400, 0);
    engine.close().await;
}

/// One whose machines others configure has no secrets here, and comes back all the same.
#[tokio::test]
async fn one_that_was_left_in_maintenance_comes_back_as_it_was() {
    let world = World::new();
    let (id, ..) = cluster(&world).await;
    let record = world.at(&format!("data/clusters/{id}/spec.json"));
    change(&record, |spec: &mut ClusterSpec| {
        spec.leave_in_maintenance = true;
    });
    std::fs::remove_file(record.with_file_name("secrets.yaml")).unwrap();
    let engine = world.open().await;
    let before = engine.clusters.get(&id.to_string()).unwrap();
    let (trash_id, _) = engine.delete_cluster(id).await.unwrap();
    engine.restore(&trash_id).await.unwrap();
    let after = engine.clusters.get(&id.to_string()).unwrap();
    assert_eq!(after.spec, before.spec);
    assert_eq!(after.phase, ClusterPhase::Stopped);
    assert_eq!(after.actions, before.actions);
    assert_eq!(engine.machines.all().len(), 3);
    engine.close().await;
}

/// The program ended when one machine was in the trash, or everything but the record.
#[tokio::test]
async fn a_deletion_that_was_cut_off_is_brought_to_its_end() {
    for already in [1, 3] {
        let world = World::new();
        let (id, network, machines) = cluster(&world).await;
        let record = world.at(&format!("data/clusters/{id}/spec.json"));
        // Machines of a cluster cannot be deleted by themselves: it is put aside meanwhile.
        let (folder, aside) = (record.parent().unwrap(), world.at("aside"));
        std::fs::rename(folder, &aside).unwrap();
        let engine = world.open().await;
        for machine in &machines[..already] {
            engine.delete_machine(*machine).await.unwrap();
        }
        engine.close().await;
        std::fs::rename(&aside, folder).unwrap();
        change(&record, |spec: &mut ClusterSpec| {
            spec.wish = ClusterWish::Deleted;
        });
        let engine = world.open().await;
        eventually("it is gone", || {
            engine.clusters.get(&id.to_string()).is_none()
        })
        .await;
        assert!(engine.machines.all().is_empty());
        assert!(engine.networks.get(&network.to_string()).is_none());
        let all = kinds(&engine);
        assert_eq!(all.len(), 5, "each is there once: {all:?}");
        let trashed = engine.trash.all();
        let whole = trashed.iter().find(|one| one.kind == TrashKind::Clusters);
        engine.restore(&whole.unwrap().trash_id).await.unwrap();
        let view = engine.clusters.get(&id.to_string()).unwrap();
        assert_eq!(view.spec.wish, ClusterWish::Stopped);
        assert_eq!(engine.machines.all().len(), 3);
        assert!(kinds(&engine).is_empty());
        engine.close().await;
    }
}

/// A machine that cannot be moved leaves the cluster as it was.
#[tokio::test]
async fn a_deletion_that_fails_leaves_it_whole() {
    let world = World::new();
    let (id, network, machines) = cluster(&world).await;
    let engine = world.open().await;
    // In its place lies something that cannot be moved: nothing at all.
    let stuck = world.at(&format!("data/machines/{}", machines[2]));
    let aside = world.at("aside");
    std::fs::rename(&stuck, &aside).unwrap();
    engine.delete_cluster(id).await.unwrap_err();
    std::fs::rename(&aside, &stuck).unwrap();
    let view = engine.clusters.get(&id.to_string()).unwrap();
    assert_eq!(view.spec.wish, ClusterWish::Stopped);
    assert_eq!(engine.machines.all().len(), 3);
    assert!(engine.networks.get(&network.to_string()).is_some());
    assert!(kinds(&engine).is_empty());
    engine.delete_cluster(id).await.unwrap();
    assert_eq!(kinds(&engine).len(), 5);
    engine.close().await;
}

#[tokio::test]
async fn its_name_has_to_be_free_to_come_back() {
    let world = World::new();
    let (id, ..) = cluster(&world).await;
    let engine = world.open().await;
    let (trash_id, _) = engine.delete_cluster(id).await.unwrap();
    engine.close().await;
    let (other, ..) = cluster(&world).await;
    let engine = world.open().await;
    let refused = engine.restore(&trash_id).await.unwrap_err().problem();
    assert_eq!(refused.code, ErrorCode::ClusterDenied);
    assert_eq!(refused.params["reason"], "name_taken");
    assert!(
        engine.trash.get(&trash_id).is_some(),
        "it stays in the trash"
    );
    engine.delete_cluster(other).await.unwrap();
    engine.restore(&trash_id).await.unwrap();
    assert!(engine.clusters.get(&id.to_string()).is_some());
    engine.close().await;
}

/// The endpoints of a network.
fn endpoints(engine: &Engine, network: NetworkId) -> Vec<NetworkEndpoint> {
    let view = engine.networks.get(&network.to_string()).unwrap();
    view.spec.endpoints
}

/// Changes a record on disk, as long as no program has it open.
fn change<T>(file: &Path, change: impl FnOnce(&mut T))
where
    T: serde::Serialize + serde::de::DeserializeOwned,
{
    let mut record: T = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    change(&mut record);
    std::fs::write(file, serde_json::to_vec(&record).unwrap()).unwrap();
}

/// A cluster in a network that was there before takes only its endpoint with it, and brings it back.
#[tokio::test]
async fn its_endpoint_goes_and_comes_back_in_a_network_of_others() {
    let world = World::new();
    let (id, network, machines) = cluster(&world).await;
    let of_cluster = world.at(&format!("data/clusters/{id}/spec.json"));
    let of_network = world.at(&format!("data/networks/{network}/spec.json"));
    let mut had = Vec::new();
    change(&of_network, |spec: &mut NetworkSpec| {
        let gateway = spec.subnet.replace(".0/24", ".1");
        spec.endpoints = vec![NetworkEndpoint {
            cluster: id,
            name: "knossos".to_owned(),
            machines: vec![machines[0]],
            // Not the first one: another cluster was there when it was made.
            port: 6444,
            address: None,
            listen: gateway.replacen("10.", "127.", 1),
            listen_port: 6445,
            talos_port: 50000,
        }];
        had = spec.endpoints.clone();
        change(&of_cluster, |cluster: &mut ClusterSpec| {
            cluster.own_network = false;
            cluster.api = Some(ClusterEndpoint {
                inside: gateway,
                inside_port: 6444,
                outside: had[0].listen.clone(),
                outside_port: 6445,
                talos_port: 50000,
            });
        });
    });
    let engine = world.open().await;
    let (trash_id, _) = engine.delete_cluster(id).await.unwrap();
    assert!(
        endpoints(&engine, network).is_empty(),
        "nothing leads nowhere"
    );
    assert!(
        !kinds(&engine).contains(&TrashKind::Networks),
        "it is others'"
    );
    engine.restore(&trash_id).await.unwrap();
    let back = endpoints(&engine, network);
    // The address of this computer comes of the subnet.
    had[0].listen.clone_from(&back[0].listen);
    assert_eq!(back, had);

    // Its place may be taken meanwhile: then it stays in the trash until that is free again.
    let (trash_id, _) = engine.delete_cluster(id).await.unwrap();
    engine.close().await;
    change(&of_network, |spec: &mut NetworkSpec| {
        spec.endpoints = had.clone();
        spec.endpoints[0].cluster = ClusterId(Uuid::now_v7());
        spec.endpoints[0].name = "malia".to_owned();
    });
    let engine = world.open().await;
    let refused = engine.restore(&trash_id).await.unwrap_err().problem();
    assert_eq!(refused.code, ErrorCode::ClusterDenied, "{refused:?}");
    assert_eq!(refused.params["reason"], "endpoint_taken");
    assert!(engine.trash.get(&trash_id).is_some(), "it stays there");
    engine.close().await;
    change(&of_network, |spec: &mut NetworkSpec| spec.endpoints.clear());
    let engine = world.open().await;
    engine.restore(&trash_id).await.unwrap();
    assert_eq!(endpoints(&engine, network), had);
    engine.close().await;
}
