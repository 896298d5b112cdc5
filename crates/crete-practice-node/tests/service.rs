//! Machines with a network between them: they meet through the practice service, which counts those
//! as away of which it hears nothing.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use crete_practice_node::{
    ClusterRegistry, Fault, Faults, MemoryStorage, Post, PracticeService, Storage,
};
use crete_talos::api::{ApplyMode, Node, kinds};
use crete_talos::config::MachineRole;
use crete_talos::pki::{Bundle, SystemEntropy};
use futures_util::future::BoxFuture;
use std::collections::BTreeSet;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use support::kubernetes::{Access, ready};
use support::{Lab, Member, bootstrap, until, until_ready};
use tokio::task::AbortHandle;

/// Where the service is, and who does not reach it.
#[derive(Debug)]
struct Office {
    service: Mutex<PracticeService>,
    cut: Mutex<BTreeSet<String>>,
}

impl Office {
    fn new(lab: &Lab) -> Arc<Self> {
        Arc::new(Self {
            service: Mutex::new(PracticeService::new(1, lab.clock)),
            cut: Mutex::default(),
        })
    }

    fn service(&self) -> PracticeService {
        self.service.lock().unwrap().clone()
    }

    /// Another run of the service, which knows nothing.
    fn start_again(&self, epoch: u64, lab: &Lab) {
        *self.service.lock().unwrap() = PracticeService::new(epoch, lab.clock);
    }
}

/// The way of one machine to the service.
#[derive(Debug)]
struct Line {
    office: Arc<Office>,
    machine: String,
}

impl Post for Line {
    fn carry(&self, letter: Vec<u8>) -> BoxFuture<'static, io::Result<Vec<u8>>> {
        let (office, machine) = (Arc::clone(&self.office), self.machine.clone());
        Box::pin(async move {
            let through = || match office.cut.lock().unwrap().contains(&machine) {
                true => Err(io::Error::from(io::ErrorKind::TimedOut)),
                false => Ok(()),
            };
            through()?;
            let answer = office.service().answer(&letter).await?;
            // The link may have been cut while it was on its way.
            through()?;
            Ok(answer)
        })
    }
}

/// A machine that meets the others through the service.
struct Guest {
    member: Member,
    uuid: String,
    faults: Faults,
    touch: AbortHandle,
}

impl Guest {
    fn switch_on(lab: &Lab, office: &Arc<Office>, number: u8, session: u64) -> Self {
        Self::with_disk(
            lab,
            office,
            number,
            session,
            Arc::new(MemoryStorage::default()),
        )
    }

    fn with_disk(
        lab: &Lab,
        office: &Arc<Office>,
        number: u8,
        session: u64,
        storage: Arc<dyn Storage>,
    ) -> Self {
        let identity = lab.identity(number);
        let uuid = identity.uuid.clone();
        let line = Line {
            office: Arc::clone(office),
            machine: uuid.clone(),
        };
        let faults = Faults::default();
        let (registry, remote) =
            ClusterRegistry::through_service(&uuid, session, Arc::new(line), faults.clone());
        let touch = tokio::spawn(remote.run(lab.clock)).abort_handle();
        let member = lab.switch_on_at(identity, faults.clone(), storage, registry);
        Self {
            member,
            uuid,
            faults,
            touch,
        }
    }

    /// Pulls the plug: from one moment to the next nothing is heard of it.
    async fn cut_power(&self) -> Arc<dyn Storage> {
        self.touch.abort();
        self.member.node.cut_power().await;
        Arc::clone(&self.member.storage)
    }
}

const NUMBERS: [u8; 3] = [2, 3, 4];

async fn three(lab: &Lab, office: &Arc<Office>) -> (Vec<Guest>, Vec<Node>) {
    let guests: Vec<Guest> = NUMBERS
        .iter()
        .map(|number| Guest::switch_on(lab, office, *number, 1))
        .collect();
    let mut nodes = Vec::new();
    for guest in &guests {
        let node = lab.configure(&guest.member, MachineRole::ControlPlane);
        nodes.push(node.await);
    }
    bootstrap(&nodes[0]).await;
    for node in &nodes {
        until_ready(node).await;
    }
    until_voters(&nodes[0], 3).await;
    (guests, nodes)
}

async fn until_voters(node: &Node, count: usize) {
    until("voters", || async {
        let members = node.etcd_members(true).await.ok()?;
        let voters = members.iter().filter(|one| !one.is_learner);
        (voters.count() == count).then_some(())
    })
    .await;
}

/// Waits until so many nodes are ready, as one control plane has it.
async fn until_nodes(lab: &Lab, guest: &Guest, access: &Access, count: usize) {
    let way = lab.way(&guest.member, 6443);
    until("nodes that are ready", || async {
        let items = access.items(&way, "/api/v1/nodes").await.ok()?;
        (items.iter().filter(|node| ready(node)).count() == count).then_some(())
    })
    .await;
}

async fn access(node: &Node) -> Access {
    Access::of(node.kubeconfig().await.unwrap().expose())
}

/// True while etcd answers a node within a moment.
async fn has_leader(node: &Node) -> bool {
    let asking = tokio::time::timeout(Duration::from_secs(5), node.etcd_status());
    asking.await.is_ok_and(|status| status.is_ok())
}

#[tokio::test(start_paused = true)]
async fn who_loses_its_power_drops_out_and_comes_back() {
    let lab = Lab::new("1.13.9");
    let office = Office::new(&lab);
    let (guests, nodes) = three(&lab, &office).await;
    let access = access(&nodes[0]).await;
    until_nodes(&lab, &guests[0], &access, 3).await;
    assert_eq!(office.service().machines().len(), 3);

    let disk = guests[2].cut_power().await;
    until_nodes(&lab, &guests[0], &access, 2).await;
    assert_eq!(office.service().machines().len(), 2);
    assert!(has_leader(&nodes[0]).await, "two of three go on");
    let other = guests[1].cut_power().await;
    until("no quorum", || async {
        (!has_leader(&nodes[0]).await).then_some(())
    })
    .await;

    let back = [
        Guest::with_disk(&lab, &office, NUMBERS[1], 2, other),
        Guest::with_disk(&lab, &office, NUMBERS[2], 2, disk),
    ];
    for node in &nodes {
        until_ready(node).await;
    }
    until_nodes(&lab, &back[0], &access, 3).await;
    until_voters(&nodes[2], 3).await;
}

#[tokio::test(start_paused = true)]
async fn a_cut_link_is_noticed_on_both_sides_and_mends() {
    let lab = Lab::new("1.13.9");
    let office = Office::new(&lab);
    let (guests, nodes) = three(&lab, &office).await;
    let access = access(&nodes[0]).await;
    office.cut.lock().unwrap().insert(guests[1].uuid.clone());
    until_nodes(&lab, &guests[0], &access, 2).await;
    assert!(has_leader(&nodes[0]).await);
    until("a node without the others", || async {
        (!has_leader(&nodes[1]).await).then_some(())
    })
    .await;
    office.cut.lock().unwrap().clear();
    until_nodes(&lab, &guests[0], &access, 3).await;
    until_ready(&nodes[1]).await;
    assert!(has_leader(&nodes[1]).await);
}

#[tokio::test(start_paused = true)]
async fn another_run_of_the_service_is_told_everything() {
    let lab = Lab::new("1.13.9");
    let office = Office::new(&lab);
    let (guests, nodes) = three(&lab, &office).await;
    let access = access(&nodes[0]).await;
    office.start_again(2, &lab);
    until_nodes(&lab, &guests[0], &access, 3).await;
    until_voters(&nodes[2], 3).await;
    assert!(has_leader(&nodes[1]).await);

    // Everything off, and another run again: what a cluster is, is on its disks.
    let mut disks = Vec::new();
    for guest in &guests {
        disks.push(guest.cut_power().await);
    }
    office.start_again(3, &lab);
    let again: Vec<Guest> = NUMBERS
        .into_iter()
        .zip(disks)
        .map(|(number, disk)| Guest::with_disk(&lab, &office, number, 2, disk))
        .collect();
    for node in &nodes {
        until_ready(node).await;
    }
    until_voters(&nodes[0], 3).await;
    until_nodes(&lab, &again[2], &access, 3).await;
}

#[tokio::test(start_paused = true)]
async fn two_clusters_of_the_same_names_do_not_disturb_each_other() {
    let one = Lab::new("1.13.9");
    let office = Office::new(&one);
    let mut two = Lab::new("1.13.9");
    two.bundle = Bundle::generate(two.contract, two.start, &mut SystemEntropy).unwrap();
    let mut nodes = Vec::new();
    for (lab, number) in [(&one, 2), (&two, 2)] {
        // The same seed, so the same host name, in another network.
        let mut identity = lab.identity(number);
        identity.uuid = format!("6e6f6465-0000-4000-8000-{:012x}", nodes.len());
        let line = Line {
            office: Arc::clone(&office),
            machine: identity.uuid.clone(),
        };
        let (registry, remote) =
            ClusterRegistry::through_service(&identity.uuid, 1, Arc::new(line), Faults::default());
        let touch = tokio::spawn(remote.run(lab.clock)).abort_handle();
        let storage = Arc::new(MemoryStorage::default());
        let member = lab.switch_on_at(identity, Faults::default(), storage, registry);
        let node = lab.configure(&member, MachineRole::ControlPlane).await;
        bootstrap(&node).await;
        until_ready(&node).await;
        nodes.push((member, node, touch));
    }
    let (first, _, touch) = &nodes[0];
    touch.abort();
    first.node.cut_power().await;
    tokio::time::sleep(Duration::from_secs(120)).await;
    let (member, node, _) = &nodes[1];
    until_voters(node, 1).await;
    let access = access(node).await;
    let way = two.way(member, 6443);
    let items = access.items(&way, "/api/v1/nodes").await.unwrap();
    assert_eq!(items.len(), 1);
    assert!(ready(&items[0]), "the other cluster's node is another one");
}

#[tokio::test(start_paused = true)]
async fn faults_are_told_while_a_machine_runs() {
    let lab = Lab::new("1.13.9");
    let office = Office::new(&lab);
    let service = office.service();
    let guest = Guest::switch_on(&lab, &office, 2, 1);
    // What the machine has of its own stays.
    guest.faults.set(Fault::Diagnosed);
    service.set_faults(&guest.uuid.to_uppercase(), Fault::ALL);
    let all = |set: bool| {
        let mut faults = Fault::ALL.iter().filter(|one| **one != Fault::Diagnosed);
        faults.all(|fault| guest.faults.has(*fault) == set)
    };
    until("every fault", || async { all(true).then_some(()) }).await;
    service.set_faults(&guest.uuid, &[]);
    until("none of them", || async { all(false).then_some(()) }).await;
    assert!(guest.faults.has(Fault::Diagnosed));
}

#[tokio::test(start_paused = true)]
async fn a_virtual_address_moves_when_its_holder_is_gone() {
    let lab = Lab::new("1.13.9");
    let office = Office::new(&lab);
    let (guests, nodes) = three(&lab, &office).await;
    let vip: IpAddr = "10.5.0.50".parse().unwrap();
    let document = format!(
        "{}---\napiVersion: v1alpha1\nkind: Layer2VIPConfig\nname: {vip}\nlink: enp0s3\n",
        lab.configuration(MachineRole::ControlPlane)
    );
    for node in &nodes {
        node.apply(&document, ApplyMode::Auto, false).await.unwrap();
    }
    let holds = |guest: &Guest| {
        let lines = guest.member.console.lines();
        lines
            .iter()
            .any(|line| line.contains("sent gratuitous ARP"))
    };
    let first = until("a holder", || async { guests.iter().position(holds) }).await;
    let lines = guests[first].member.console.lines();
    let shared = lines.iter().find(|line| line.contains("enabled shared IP"));
    assert_eq!(
        shared.unwrap(),
        "[talos] enabled shared IP {\"component\": \"controller-runtime\", \"controller\": \
         \"network.OperatorSpecController\", \"operator\": \"vip\", \"link\": \"enp0s3\", \
         \"ip\": \"10.5.0.50\"}"
    );
    let id = "enp0s3/10.5.0.50/32";
    let shown = nodes[first].get(kinds::ADDRESSES, id).await.unwrap();
    assert!(shown.is_some());
    assert_eq!(guests.iter().filter(|guest| holds(guest)).count(), 1);
    assert!(lab.network.connect(vip, 6443).is_ok());
    guests[first].cut_power().await;
    until("another holder", || async {
        (guests.iter().filter(|guest| holds(guest)).count() == 2).then_some(())
    })
    .await;
    assert!(lab.network.connect(vip, 6443).is_ok());
}
