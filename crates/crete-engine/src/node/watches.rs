//! The kinds of resources that are watched of a node, each by a task of the session.

use super::facts::{self, Known};
use super::pods::static_pods;
use super::problem::problem;
use crete_model::{FactKind, Facts, NodeFigures, NodeRole, NodeStage, Problem, UnmetCondition};
use crete_talos::api::wire::talos::resource::definitions::runtime::MachineStatusSpec;
use crete_talos::api::{ApiError, Cause, Change, Kind, Node, kinds};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// What the tasks of a session tell it.
#[derive(Debug)]
pub(super) enum Update {
    Status {
        stage: NodeStage,
        ready: bool,
        unmet: Vec<UnmetCondition>,
    },
    Version(String),
    Hostname(String),
    Role(Option<NodeRole>),
    Addresses(Vec<String>),
    Facts(Facts),
    Refused(FactKind, Problem),
    Figures(Option<NodeFigures>),
    NoFigures(Problem),
    /// Whether etcd has a member here: before it has, asking it hangs.
    EtcdMember(bool),
}

/// How a task of a session ended: with what interrupted it, or because there is no more to tell.
pub(super) type Ended = Result<(), ApiError>;

/// Where the tasks of a session go, and where they tell.
pub(super) struct Watching<'a> {
    pub tasks: &'a mut JoinSet<Ended>,
    pub node: &'a Node,
    pub tell: &'a mpsc::Sender<Update>,
}

impl Watching<'_> {
    fn kind<T: prost::Message + Default + 'static>(
        &mut self,
        kind: Kind<T>,
        fact: Option<FactKind>,
        make: impl Fn(&Known<T>) -> Option<Update> + Send + 'static,
    ) {
        let (node, tell) = (self.node.clone(), self.tell.clone());
        self.tasks
            .spawn(async move { follow(&node, kind, fact, make, &tell).await });
    }

    fn facts<T: prost::Message + Default + 'static>(
        &mut self,
        kind: Kind<T>,
        fact: FactKind,
        make: fn(&Known<T>) -> Facts,
    ) {
        self.kind(kind, Some(fact), move |known| {
            Some(Update::Facts(make(known)))
        });
    }

    /// What tells how a node is.
    pub fn summary(&mut self) {
        self.kind(kinds::MACHINE_STATUS, None, status);
        self.kind(kinds::VERSION, None, |known| {
            let version = known.values().next()?.spec.version.clone();
            Some(Update::Version(version))
        });
        self.kind(kinds::HOSTNAME, None, |known| {
            let name = known.values().next()?.spec.hostname.clone();
            Some(Update::Hostname(name))
        });
        self.kind(kinds::MACHINE_TYPE, None, |known| {
            Some(Update::Role(facts::role(known)))
        });
        self.kind(kinds::NODE_ADDRESSES, None, |known| {
            Some(Update::Addresses(facts::own_addresses(known)))
        });
    }

    /// Everything that its page shows, but what is asked for again and again.
    pub fn everything(&mut self) {
        self.facts(
            kinds::DIAGNOSTICS,
            FactKind::Diagnostics,
            facts::diagnostics,
        );
        self.facts(kinds::STATIC_PODS, FactKind::StaticPods, static_pods);
        self.facts(kinds::MEMBERS, FactKind::Members, facts::members);
        self.facts(kinds::CLUSTER, FactKind::Cluster, facts::cluster);
        self.facts(kinds::NODE_STATUS, FactKind::Kubernetes, facts::kubernetes);
        self.kind(kinds::ETCD_MEMBER, Some(FactKind::Etcd), |known| {
            Some(Update::EtcdMember(!known.is_empty()))
        });
        self.facts(kinds::ADDRESSES, FactKind::Addresses, facts::addresses);
        self.facts(kinds::LINKS, FactKind::Links, facts::links);
        self.facts(kinds::ROUTES, FactKind::Routes, facts::routes);
        self.facts(kinds::RESOLVERS, FactKind::Resolvers, facts::resolvers);
        self.facts(
            kinds::TIME_SERVERS,
            FactKind::TimeServers,
            facts::time_servers,
        );
        self.facts(kinds::NETWORK, FactKind::Network, facts::network);
        self.facts(kinds::DISKS, FactKind::Disks, facts::disks);
        self.facts(kinds::SYSTEM_DISK, FactKind::SystemDisk, facts::system_disk);
        self.facts(
            kinds::DISCOVERED_VOLUMES,
            FactKind::Partitions,
            facts::partitions,
        );
        self.facts(kinds::VOLUMES, FactKind::Volumes, facts::volumes);
        self.facts(kinds::MOUNTS, FactKind::Mounts, facts::mounts);
        self.facts(kinds::EXTENSIONS, FactKind::Extensions, facts::extensions);
        self.facts(kinds::TIME, FactKind::Time, facts::time);
        self.facts(kinds::SECURITY_STATE, FactKind::Security, facts::security);
        self.facts(kinds::SYSTEM_INFORMATION, FactKind::System, facts::system);
        self.facts(kinds::PROCESSORS, FactKind::Processors, facts::processors);
        self.facts(kinds::MEMORY_MODULES, FactKind::Memory, facts::memory);
        self.facts(kinds::PLATFORM, FactKind::Platform, facts::platform);
        self.facts(
            kinds::KERNEL_CMDLINE,
            FactKind::KernelCmdline,
            facts::kernel_cmdline,
        );
        self.facts(kinds::META_KEYS, FactKind::MetaKeys, facts::meta_keys);
    }
}

/// Watches a kind and tells what it comes to. Ends quietly where this Talos does not tell it.
async fn follow<T: prost::Message + Default>(
    node: &Node,
    kind: Kind<T>,
    fact: Option<FactKind>,
    make: impl Fn(&Known<T>) -> Option<Update>,
    tell: &mpsc::Sender<Update>,
) -> Ended {
    // An interruption is for the session: the node may be another one afterwards.
    let mut watch = node.watch(kind, Duration::ZERO);
    let mut known = Known::new();
    let mut complete = false;
    loop {
        match watch.next().await {
            Ok(Change::Begin) => {
                known.clear();
                complete = false;
            }
            Ok(Change::Set(resource)) => {
                known.insert(resource.metadata.id.clone(), resource);
            }
            Ok(Change::Gone(gone)) => {
                known.remove(&gone.id);
            }
            Ok(Change::Complete) => complete = true,
            Err(error) if is_not_told(error.cause) => {
                if let Some(fact) = fact {
                    // Nobody to tell is the end of the session.
                    let _ = tell.send(Update::Refused(fact, problem(&error))).await;
                }
                return Ok(());
            }
            Err(error) => return Err(error),
        }
        let update = if complete { make(&known) } else { None };
        if let Some(update) = update
            && tell.send(update).await.is_err()
        {
            return Ok(());
        }
    }
}

/// Whether a node has said that it does not tell this, rather than failed to.
pub(super) fn is_not_told(cause: Cause) -> bool {
    matches!(
        cause,
        Cause::NotOffered
            | Cause::UnknownResource
            | Cause::NotAuthorized
            | Cause::OnlyAfterConfiguration
            | Cause::ControlPlaneOnly
            | Cause::ContainerMode
            | Cause::Other
    )
}

fn status(known: &Known<MachineStatusSpec>) -> Option<Update> {
    let spec = &known.values().next()?.spec;
    let status = spec.status.clone().unwrap_or_default();
    let unmet = status.unmet_conditions.into_iter();
    Some(Update::Status {
        stage: stage(spec.stage),
        ready: status.ready,
        unmet: unmet
            .map(|one| UnmetCondition {
                name: one.name,
                reason: one.reason,
            })
            .collect(),
    })
}

/// What the number of a stage stands for.
pub(super) fn stage(number: i32) -> NodeStage {
    match number {
        1 => NodeStage::Booting,
        2 => NodeStage::Installing,
        3 => NodeStage::Maintenance,
        4 => NodeStage::Running,
        5 => NodeStage::Rebooting,
        6 => NodeStage::ShuttingDown,
        7 => NodeStage::Resetting,
        8 => NodeStage::Upgrading,
        _ => NodeStage::Unknown,
    }
}
