//! What is asked of nodes by people: services, resources, power, reset.

use super::problem::{named, off};
use crate::Engine;
use crate::error::{EngineError, Result};
use crate::node::facts::{self, Known};
use crete_model::{
    ErrorCode, Facts, MachineId, NodeLogs, NodeRole, NodeVolume, Problem, RebootMode, Remedy,
    ResetLoss, ResetPlan, ResetWipe, ResourceKind, ResourceText, ServiceAction, params,
};
use crete_talos::api::wire::machine::reboot_request;
use crete_talos::api::{ApiError, Metadata, Node, Presence, Reset, ResetScope, kinds};
use crete_talos::yaml;

/// The volumes that hold what a node lives by.
const KEPT_BY_MAINTENANCE: &[&str] = &["STATE", "EPHEMERAL"];

impl Engine {
    /// The channel to a machine's node: the one it is watched by, or a new one.
    pub(crate) async fn node(&self, machine: MachineId) -> Result<Node> {
        if let Some(node) = self.node_book.current(machine).borrow().clone() {
            return Ok(node);
        }
        let reached = self.reach(machine).await?;
        let name = self.name_of(machine);
        match (reached.node, reached.problem) {
            (Some(node), _) => Ok(node),
            (None, Some(mut problem)) => {
                problem.params.insert("name".to_owned(), name);
                Err(problem.into())
            }
            (None, None) => Err(absent(&reached.presence, &name).into()),
        }
    }

    pub(super) fn name_of(&self, machine: MachineId) -> String {
        let view = self.machines.get(&machine.to_string());
        view.map(|view| view.spec.name).unwrap_or_default()
    }

    /// A node's answer, with the machine's name in what went wrong.
    pub(super) fn told<T>(
        &self,
        machine: MachineId,
        answer: std::result::Result<T, ApiError>,
    ) -> Result<T> {
        answer.map_err(|error| named(&error, &self.name_of(machine)).into())
    }

    /// Starts, stops or restarts a service.
    ///
    /// # Errors
    /// What the node refuses, and that it is not reached.
    pub async fn act_on_service(
        &self,
        machine: MachineId,
        id: &str,
        action: ServiceAction,
    ) -> Result<()> {
        let node = self.node(machine).await?;
        let done = match action {
            ServiceAction::Start => node.start_service(id).await,
            ServiceAction::Stop => node.stop_service(id).await,
            ServiceAction::Restart => node.restart_service(id).await,
        };
        self.told(machine, done.map(drop))
    }

    /// The names under which a node keeps logs.
    ///
    /// # Errors
    /// What the node refuses, and that it is not reached.
    pub async fn node_logs(&self, machine: MachineId) -> Result<NodeLogs> {
        let node = self.node(machine).await?;
        let mut services = self.told(machine, node.log_names().await)?;
        services.sort();
        // Kubernetes may not run yet, and that is no error.
        let containers = node.containers().await.unwrap_or_default();
        let ids = containers.into_iter().map(|one| one.id);
        let mut containers: Vec<String> = ids.filter(|id| id.contains(':')).collect();
        containers.sort();
        Ok(NodeLogs {
            services,
            containers,
        })
    }

    /// The kinds of resources that a node has.
    ///
    /// # Errors
    /// What the node refuses, and that it is not reached.
    pub async fn resource_kinds(&self, machine: MachineId) -> Result<Vec<ResourceKind>> {
        let node = self.node(machine).await?;
        let listed = node
            .list_yaml("meta", "ResourceDefinitions.meta.cosi.dev")
            .await;
        let definitions = self.told(machine, listed)?;
        let mut kinds: Vec<ResourceKind> = definitions
            .iter()
            .filter_map(|(_, text)| definition(text))
            .collect();
        kinds.sort_by(|a, b| a.title.cmp(&b.title).then(a.name.cmp(&b.name)));
        Ok(kinds)
    }

    /// All resources of a kind as YAML.
    ///
    /// # Errors
    /// What the node refuses, and that it is not reached.
    pub async fn resources(
        &self,
        machine: MachineId,
        namespace: &str,
        kind: &str,
    ) -> Result<Vec<ResourceText>> {
        let node = self.node(machine).await?;
        let listed = self.told(machine, node.list_yaml(namespace, kind).await)?;
        Ok(listed.into_iter().map(resource).collect())
    }

    /// One resource as YAML.
    ///
    /// # Errors
    /// When there is none with this id, what the node refuses, and that it is not reached.
    pub async fn resource(
        &self,
        machine: MachineId,
        namespace: &str,
        kind: &str,
        id: &str,
    ) -> Result<ResourceText> {
        let node = self.node(machine).await?;
        let found = self.told(machine, node.get_yaml(namespace, kind, id).await)?;
        let missing = || EngineError::NotFound {
            kind: "resource",
            id: id.to_owned(),
        };
        found.map(resource).ok_or_else(missing)
    }

    /// Restarts a node.
    ///
    /// # Errors
    /// What the node refuses, and that it is not reached.
    pub async fn reboot_node(&self, machine: MachineId, mode: RebootMode) -> Result<()> {
        let mode = match mode {
            RebootMode::Gentle => reboot_request::Mode::Default,
            RebootMode::PowerCycle => reboot_request::Mode::Powercycle,
            RebootMode::Forced => reboot_request::Mode::Force,
        };
        let node = self.node(machine).await?;
        self.told(machine, node.reboot(mode).await.map(drop))
    }

    /// Shuts a node down; `force` leaves out that its pods move elsewhere first.
    ///
    /// # Errors
    /// What the node refuses, and that it is not reached.
    pub async fn shut_node_down(&self, machine: MachineId, force: bool) -> Result<()> {
        let node = self.node(machine).await?;
        self.told(machine, node.shut_down(force).await.map(drop))
    }

    /// Wipes a node.
    ///
    /// # Errors
    /// What the node refuses, and that it is not reached.
    pub async fn reset_node(&self, machine: MachineId, plan: ResetPlan) -> Result<()> {
        let reset = Reset {
            scope: match plan.wipe {
                ResetWipe::BackToMaintenance => ResetScope::BackToMaintenance,
                ResetWipe::SystemDisk => ResetScope::SystemDisk,
            },
            graceful: plan.graceful,
            reboot: plan.reboot,
        };
        let node = self.node(machine).await?;
        self.told(machine, node.reset(&reset).await.map(drop))
    }

    /// What a reset would take with it.
    ///
    /// # Errors
    /// What the node refuses, and that it is not reached.
    pub async fn reset_loss(&self, machine: MachineId, wipe: ResetWipe) -> Result<ResetLoss> {
        let node = self.node(machine).await?;
        let volumes = self.told(machine, node.list(kinds::VOLUMES).all().await)?;
        let volumes: Known<_> = volumes
            .into_iter()
            .map(|one| (one.metadata.id.clone(), one))
            .collect();
        let Facts::Volumes(volumes) = facts::volumes(&volumes) else {
            return Err(crate::error::internal("volumes are volumes"));
        };
        let disk = self.told(machine, node.get(kinds::SYSTEM_DISK, "system-disk").await)?;
        let kind = self.told(machine, node.get(kinds::MACHINE_TYPE, "machine-type").await)?;
        let role = kind.and_then(|kind| facts::role_of(kind.spec.machine_type));
        // Asking hangs before the bootstrap, so only who is a member is asked.
        let member = node.get(kinds::ETCD_MEMBER, "local").await.ok().flatten();
        let members = match member {
            Some(_) => node.etcd_members(false).await.ok(),
            None => None,
        };
        let etcd_members = members.map(|all| u32::try_from(all.len()).unwrap_or(u32::MAX));
        Ok(ResetLoss {
            disk: disk.map(|disk| disk.spec.disk_id).unwrap_or_default(),
            volumes: volumes.into_iter().filter(|one| goes(one, wipe)).collect(),
            last_member: role == Some(NodeRole::ControlPlane) && etcd_members == Some(1),
            unbootable: wipe == ResetWipe::SystemDisk,
            etcd_members,
            role,
        })
    }
}

fn goes(volume: &NodeVolume, wipe: ResetWipe) -> bool {
    let there = volume.size > 0;
    there
        && match wipe {
            ResetWipe::SystemDisk => true,
            ResetWipe::BackToMaintenance => KEPT_BY_MAINTENANCE.contains(&volume.id.as_str()),
        }
}

fn resource((metadata, yaml): (Metadata, String)) -> ResourceText {
    ResourceText {
        id: metadata.id,
        version: metadata.version,
        owner: metadata.owner,
        ends: metadata.tearing_down,
        yaml,
    }
}

/// What a definition says of a kind.
fn definition(text: &str) -> Option<ResourceKind> {
    let node = yaml::read_one(text).ok()??;
    let aliases = node.get("allAliases").or_else(|| node.get("aliases"));
    let aliases = aliases.map(yaml::Node::items).unwrap_or_default();
    Some(ResourceKind {
        name: node.text_at(&["type"]).to_owned(),
        title: node.text_at(&["displayType"]).to_owned(),
        namespace: node.text_at(&["defaultNamespace"]).to_owned(),
        aliases: aliases
            .iter()
            .filter_map(yaml::Node::as_text)
            .map(str::to_owned)
            .collect(),
        sensitive: node.text_at(&["sensitivity"]) == "sensitive",
    })
}

/// Why there is no channel where nothing is wrong with trust.
fn absent(presence: &Presence, name: &str) -> Problem {
    let code = match presence {
        Presence::Silent => ErrorCode::TalosSilent,
        Presence::Interrupted => ErrorCode::TalosInterrupted,
        Presence::NotTalos => ErrorCode::NotTalos,
        Presence::Refused => ErrorCode::TalosRefused,
        Presence::Maintenance { .. } | Presence::Ours { .. } | Presence::AnotherCluster => {
            return off(name);
        }
    };
    let values = params! { "name" => name, "call" => "" };
    Problem::new(code, values)
        .with_remedy(Remedy::WaitForIt)
        .with_remedy(Remedy::CheckMachine)
}
