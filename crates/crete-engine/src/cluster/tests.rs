//! What the unit tests of clusters share.

use crete_model::{
    Arch, BootMedium, ClusterEndpoint, ClusterId, ClusterNode, ClusterPatches, ClusterSpec,
    ClusterWish, CniKind, EndpointKind, ImageId, MachineId, NetworkId, NodePatches, NodeRole,
    RegistryMirror, Schematic, Sizes, StuckCode,
};
use uuid::Uuid;

/// A cluster of so many control planes and workers, as wanted.
pub(super) fn spec(control_planes: u8, workers: u8) -> ClusterSpec {
    let node = |letter: &str, number: u8, role, base: u8| ClusterNode {
        name: format!("{letter}-{number}"),
        role,
        machine: MachineId(Uuid::from_u128((base + number).into())),
        sizes: Sizes {
            vcpus: 2,
            memory_mib: 2048,
            disk_gib: 10,
        },
        leaving: false,
        dead: false,
    };
    let first = (1..=control_planes).map(|number| node("cp", number, NodeRole::ControlPlane, 0));
    let others = (1..=workers).map(|number| node("w", number, NodeRole::Worker, 100));
    ClusterSpec {
        schema_version: 1,
        id: ClusterId(Uuid::from_u128(1)),
        name: "knossos".to_owned(),
        talos: "1.13.9".parse().unwrap(),
        kubernetes: "1.36.3".to_owned(),
        arch: Arch::Amd64,
        medium: BootMedium::DiskImage,
        schematic: Some(Schematic::default()),
        installer: "factory.talos.dev/metal-installer/0:v1.13.9".to_owned(),
        image: Some(ImageId(Uuid::from_u128(1))),
        nodes: first.chain(others).collect(),
        network: Some(NetworkId(Uuid::from_u128(1))),
        own_network: true,
        subnet: String::new(),
        endpoint: EndpointKind::LoadBalancer,
        api: Some(ClusterEndpoint {
            inside: "10.88.1.1".to_owned(),
            inside_port: 6443,
            outside: "127.88.1.1".to_owned(),
            outside_port: 6443,
            talos_port: 50000,
        }),
        cni: CniKind::Flannel,
        pod_subnet: String::new(),
        service_subnet: String::new(),
        schedule_on_control_planes: false,
        mirrors: Vec::new(),
        patches: ClusterPatches::default(),
        leave_in_maintenance: false,
        omni: String::new(),
        wish: ClusterWish::Running,
        created_at: String::new(),
        formed_at: None,
        change: None,
        sample: None,
        begun: None,
    }
}

/// The values that a cause's sentence needs, as the cause's own documentation names them. A test of
/// the page holds its sentences against the same list.
pub(super) fn wanted(code: StuckCode) -> Vec<&'static str> {
    const SOURCE: &str = include_str!("../../../crete-model/src/cluster/stuck.rs");
    let variant = format!("    {code:?},\n");
    let (before, _) = SOURCE.split_once(&variant).unwrap();
    let lines: Vec<&str> = before.lines().collect();
    let doc = lines.iter().rev().take_while(|line| line.contains("///"));
    let mut names: Vec<&str> = doc
        .flat_map(|line| line.split('`').skip(1).step_by(2))
        .collect();
    names.sort_unstable();
    names
}

/// Three control planes and a worker in a network of others, with everything chosen that can be.
pub(super) fn with_everything() -> ClusterSpec {
    let mut spec = spec(3, 1);
    // The newest that the oldest Talos of the tests takes.
    spec.kubernetes = "1.33.0".to_owned();
    spec.own_network = false;
    spec.endpoint = EndpointKind::VirtualIp {
        address: String::new(),
    };
    spec.api.as_mut().unwrap().inside = "10.88.1.5".to_owned();
    spec.cni = CniKind::None;
    spec.pod_subnet = "10.32.0.0/14".to_owned();
    spec.service_subnet = "10.48.0.0/16".to_owned();
    spec.schedule_on_control_planes = true;
    spec.mirrors = vec![RegistryMirror {
        registry: "docker.io".to_owned(),
        endpoints: vec!["https://mirror.example/v2".to_owned()],
    }];
    spec.patches = ClusterPatches {
        cluster: vec!["machine:\n  sysctls: {kernel.domainname: it's}\n".to_owned()],
        control_plane: vec!["machine:\n  sysctls: {vm.swappiness: \"7\"}\n".to_owned()],
        worker: vec!["machine:\n  sysctls: {vm.swappiness: \"8\"}\n".to_owned()],
        nodes: vec![NodePatches {
            node: "w-1".to_owned(),
            patches: vec!["machine:\n  sysctls: {vm.nr_hugepages: \"8\"}\n".to_owned()],
        }],
    };
    spec
}
