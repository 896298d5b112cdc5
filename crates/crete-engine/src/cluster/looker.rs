//! Looks at the machines of a cluster, and keeps the channels to them.
//!
//! ```text
//! machine ─ on? ─▶ our certificate lets us in ─ yes ─▶ status, services, time …
//!                          │ no
//!                          ▼
//!                        probe ─ maintenance ─▶ disks, time, links
//! ```

use super::ground::Ground;
use super::sight::{
    EtcdMember, EtcdSight, MaintenanceSight, NodeSight, Refusal, Service, Sight, Stage,
};
use crete_model::{MachineId, NodeRole};
use crete_talos::api::{
    ApiError, Cause, ClusterTrust, Node, PORT, Pin, Presence, Target, Trust, kinds, probe,
};
use crete_talos::config::Disk;
use std::sync::Arc;
use std::time::Duration;

/// How long answers may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadlines {
    pub probe: Duration,
    pub call: Duration,
}

/// Looks at one machine, and keeps the channel to it.
#[derive(Debug)]
pub(super) struct Looker {
    pub machine: MachineId,
    role: NodeRole,
    deadlines: Deadlines,
    /// The channel to the configured node, by its address.
    node: Option<(String, Node)>,
    /// The channel to the node in maintenance, by address and fingerprint.
    anonymous: Option<(String, String, Node)>,
}

impl Looker {
    pub fn new(machine: MachineId, role: NodeRole, deadlines: Deadlines) -> Self {
        Self {
            machine,
            role,
            deadlines,
            node: None,
            anonymous: None,
        }
    }

    /// The channel to the configured node, when it let us in last time.
    pub fn node(&self) -> Option<&Node> {
        self.node.as_ref().map(|(_, node)| node)
    }

    /// The channel to the node in maintenance.
    pub fn anonymous(&self) -> Option<&Node> {
        self.anonymous.as_ref().map(|(_, _, node)| node)
    }

    /// Looks. Never fails: what cannot be seen is seen not to answer.
    pub async fn look(&mut self, ground: &dyn Ground, trust: Option<&ClusterTrust>) -> Sight {
        let mut sight = Sight {
            machine: ground.look(self.machine),
            ..Sight::default()
        };
        let machine = sight.machine.as_ref();
        let address = machine.and_then(|machine| machine.address.clone());
        let (true, Some(address)) = (sight.is_on(), address) else {
            self.node = None;
            self.anonymous = None;
            sight.console = ground.console(self.machine).await;
            return sight;
        };
        let target = Target {
            dial: ground.dial(self.machine, PORT),
            name: address,
        };
        self.ask_ours(&mut sight, &target).await;
        if sight.node.is_none() {
            self.look_without_credentials(&mut sight, &target, trust)
                .await;
        }
        if !sight.is_running() {
            sight.console = ground.console(self.machine).await;
        }
        sight
    }

    async fn ask_ours(&mut self, sight: &mut Sight, target: &Target) {
        let Some((_, node)) = self.node.as_ref().filter(|(name, _)| *name == target.name) else {
            self.node = None;
            return;
        };
        match within(self.deadlines, ask(node, self.role)).await {
            Ok(seen) => {
                sight.presence = Some(Presence::Ours { flaw: None });
                sight.node = Some(seen);
            }
            Err(refusal) => {
                sight.refusal = Some(refusal);
                self.node = None;
            }
        }
    }

    /// Probes who is there, and signs in or asks as anybody.
    ///
    /// Recorded: a node in maintenance and a configured one tell by their certificates, and at the
    /// handshake, which they are (v1.12.11, v1.13.9; facts 2.2, 2.4, 2.5). A node that was just
    /// configured lets our certificate in some seconds after its answer.
    async fn look_without_credentials(
        &mut self,
        sight: &mut Sight,
        target: &Target,
        trust: Option<&ClusterTrust>,
    ) {
        // A name that is none is a defect of the ground, and seen as silence.
        let seen = probe(target, trust, self.deadlines.probe).await;
        let seen = seen.unwrap_or(Presence::Silent);
        match (&seen, trust) {
            (Presence::Maintenance { fingerprint }, _) => {
                let told = self.ask_anonymously(sight, target, fingerprint).await;
                sight.refusal = told.as_ref().err().cloned();
                sight.maintenance = told.ok();
            }
            (Presence::Ours { flaw: None }, Some(trust)) => {
                let trust = Trust::Cluster(trust.clone());
                if let Ok(node) = Node::new(target, &trust) {
                    let node = node.with_deadline(self.deadlines.call);
                    match within(self.deadlines, ask(&node, self.role)).await {
                        Ok(told) => {
                            sight.refusal = None;
                            sight.node = Some(told);
                        }
                        Err(refusal) => sight.refusal = Some(refusal),
                    }
                    self.node = Some((target.name.clone(), node));
                }
            }
            _ => {}
        }
        sight.presence = Some(seen);
    }

    async fn ask_anonymously(
        &mut self,
        sight: &Sight,
        target: &Target,
        fingerprint: &str,
    ) -> Result<MaintenanceSight, Refusal> {
        let known = self.anonymous.as_ref();
        let same = known.filter(|(name, pin, _)| *name == target.name && pin == fingerprint);
        let node = match same {
            Some((_, _, node)) => node.clone(),
            None => {
                let trust = Trust::Maintenance(Pin::Fingerprint(fingerprint.to_owned()));
                let node = Node::new(target, &trust).map_err(|error| Refusal {
                    cause: Cause::Other,
                    words: error.to_string(),
                })?;
                node.with_deadline(self.deadlines.call)
            }
        };
        let mac = sight.machine.as_ref().map(|machine| machine.mac.clone());
        let asking = anonymous(&node, fingerprint, mac.unwrap_or_default());
        let told = within(self.deadlines, asking).await;
        self.anonymous = Some((target.name.clone(), fingerprint.to_owned(), node));
        told
    }
}

/// Waits for what a node tells, but not for ever: lists have no deadline of their own, and a node
/// whose calls hang must not hold up the others.
async fn within<T>(
    deadlines: Deadlines,
    asking: impl Future<Output = Result<T, ApiError>>,
) -> Result<T, Refusal> {
    match tokio::time::timeout(deadlines.call * 2, asking).await {
        Ok(answer) => answer.map_err(|error| Refusal {
            cause: error.cause,
            words: error.to_string(),
        }),
        Err(_) => Err(Refusal {
            cause: Cause::Silent,
            words: "no answer".to_owned(),
        }),
    }
}

/// What a node in maintenance tells anybody.
///
/// Recorded: disks, times and links are readable without a certificate (v1.12.11 and v1.13.9).
async fn anonymous(
    node: &Node,
    fingerprint: &str,
    mac: String,
) -> Result<MaintenanceSight, ApiError> {
    let disks = node.list(kinds::DISKS).all().await?;
    let time = node.get(kinds::TIME, "node").await.ok().flatten();
    let links = node.list(kinds::LINKS).all().await.unwrap_or_default();
    let system = node.get(kinds::SYSTEM_DISK, "system-disk").await;
    let hardware = |bytes: &[u8]| {
        let parts: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        parts.join(":")
    };
    let own = links
        .iter()
        .find(|link| hardware(&link.spec.hardware_addr) == mac);
    Ok(MaintenanceSight {
        fingerprint: fingerprint.to_owned(),
        disks: disks.iter().map(|disk| Disk::from(&disk.spec)).collect(),
        synced: time.map(|time| time.spec.synced || time.spec.sync_disabled),
        link: own.map(|link| link.metadata.id.clone()),
        installed: system.ok().flatten().is_some(),
    })
}

/// What a configured node tells us.
///
/// Recorded: every resource and call here was answered by running nodes (v1.12.11, v1.13.9). That
/// etcd's calls hang before the bootstrap is recorded too, so they are made only once it runs.
async fn ask(node: &Node, role: NodeRole) -> Result<NodeSight, ApiError> {
    let status = async {
        let found = node.get(kinds::MACHINE_STATUS, "machine").await?;
        Ok::<_, ApiError>(found.map(|found| found.spec).unwrap_or_default())
    };
    let time = node.get(kinds::TIME, "node");
    let (status, services, time, version) =
        tokio::join!(status, node.services(), time, node.version());
    let status = status?;
    let services: Vec<Service> = services?.into_iter().map(service).collect();
    let unmet = status.status.clone().unwrap_or_default();
    let mut sight = NodeSight {
        version: version?
            .version
            .map(|version| version.tag)
            .unwrap_or_default(),
        stage: Stage::try_from(status.stage).unwrap_or(Stage::Unknown),
        ready: unmet.ready,
        unmet: unmet
            .unmet_conditions
            .into_iter()
            .map(|one| (one.name, one.reason))
            .collect(),
        services,
        synced: time?.map(|time| time.spec.synced || time.spec.sync_disabled),
        diagnostics: Vec::new(),
        etcd: None,
        static_pods: Vec::new(),
        memory: None,
        ephemeral: None,
        addresses: Vec::new(),
    };
    ask_more(node, role, &mut sight).await;
    Ok(sight)
}

/// What not every node can tell: each of these may be missing.
async fn ask_more(node: &Node, role: NodeRole, sight: &mut NodeSight) {
    let control_plane = role == NodeRole::ControlPlane;
    let etcd_runs = control_plane && sight.is_up("etcd");
    let etcd = async {
        match etcd_runs {
            true => etcd(node).await.ok(),
            false => None,
        }
    };
    let (etcd, diagnostics, pods, memory, volume, addresses) = tokio::join!(
        etcd,
        node.list(kinds::DIAGNOSTICS).all(),
        node.list(kinds::STATIC_PODS).all(),
        node.memory(),
        node.get(kinds::VOLUMES, "EPHEMERAL"),
        node.list(kinds::ADDRESSES).all(),
    );
    sight.etcd = etcd;
    let texts = diagnostics.unwrap_or_default().into_iter();
    sight.diagnostics = texts.map(|one| one.spec.message).collect();
    let pods = pods.unwrap_or_default().into_iter();
    sight.static_pods = pods
        .map(|pod| (pod.metadata.id.clone(), is_pod_ready(&pod.spec)))
        .collect();
    let memory = memory.ok().flatten();
    sight.memory = memory.map(|memory| memory.memtotal << 10);
    let volume = volume.ok().flatten();
    sight.ephemeral = volume.map(|volume| volume.spec.size);
    let addresses = addresses.unwrap_or_default().into_iter();
    sight.addresses = addresses
        .filter_map(|one| {
            let prefix = one.spec.address?;
            crete_talos::api::prefix(&prefix).map(|(address, _)| address.to_string())
        })
        .collect();
}

async fn etcd(node: &Node) -> Result<EtcdSight, ApiError> {
    let (status, members, alarms) = tokio::join!(
        node.etcd_status(),
        node.etcd_members(true),
        node.etcd_alarms()
    );
    let status = status?;
    let mut members: Vec<EtcdMember> = members?
        .into_iter()
        .map(|member| EtcdMember {
            id: member.id,
            hostname: member.hostname,
            learner: member.is_learner,
        })
        .collect();
    members.sort();
    let alarms = alarms.unwrap_or_default();
    Ok(EtcdSight {
        own: status.member_id,
        leader: status.leader,
        members,
        alarms: alarms
            .iter()
            .map(|alarm| format!("{:?}", alarm.alarm()))
            .collect(),
    })
}

fn service(info: crete_talos::api::wire::machine::ServiceInfo) -> Service {
    let health = info.health.unwrap_or_default();
    let events = info.events.unwrap_or_default().events;
    let last = events.into_iter().next_back();
    let said = match health.last_message.is_empty() || health.unknown {
        false => health.last_message.clone(),
        true => last.map(|event| event.msg).unwrap_or_default(),
    };
    Service {
        id: info.id,
        state: info.state,
        healthy: (!health.unknown).then_some(health.healthy),
        said,
    }
}

/// Whether a static pod's status says that it is ready.
fn is_pod_ready(
    spec: &crete_talos::api::wire::talos::resource::definitions::k8s::StaticPodStatusSpec,
) -> bool {
    use prost_types::value::Kind;
    let Some(status) = &spec.pod_status else {
        return false;
    };
    let Some(Kind::ListValue(conditions)) = status
        .fields
        .get("conditions")
        .and_then(|one| one.kind.as_ref())
    else {
        return false;
    };
    let text = |fields: &prost_types::Struct, key: &str| match fields
        .fields
        .get(key)
        .and_then(|one| one.kind.clone())
    {
        Some(Kind::StringValue(text)) => text,
        _ => String::new(),
    };
    conditions.values.iter().any(|one| match &one.kind {
        Some(Kind::StructValue(fields)) => {
            text(fields, "type") == "Ready" && text(fields, "status") == "True"
        }
        _ => false,
    })
}

/// Looks at all machines at once; a slow one holds up no other.
pub(super) async fn look_at_all(
    lookers: &mut [Looker],
    ground: &Arc<dyn Ground>,
    trust: Option<&ClusterTrust>,
) -> Vec<Sight> {
    let looking = lookers
        .iter_mut()
        .map(|looker| looker.look(ground.as_ref(), trust));
    futures_util::future::join_all(looking).await
}
