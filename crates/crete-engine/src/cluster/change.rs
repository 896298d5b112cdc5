//! A change of the patches of a cluster that lives: judged, compared, given to one machine after
//! another, and taken back.

use super::configure;
use super::course::Deed;
use super::denied;
use super::driver::Driver;
use super::requests::Ask;
use super::rollout::{Next, Scene, Standing};
use super::secrets;
use crate::Engine;
use crate::error::{EngineError, Result, internal};
use crate::node::compare_texts;
use crete_failpoint::step;
use crete_model::{
    ApplyTakes, ChangeState, ClusterAction, ClusterChange, ClusterDenied, ClusterEventCode,
    ClusterId, ClusterNode, ClusterPatches, ClusterSpec, ClusterWork, EndpointKind, ErrorCode,
    JobId, MachineComparison, MachineId, NodeRole, PatchesComparison, PatchesWish, Problem, Remedy,
    params,
};
use crete_talos::api::wire::machine::reboot_request::Mode;
use crete_talos::api::{ApiError, ApplyMode, Cause, Node, kinds};
use crete_talos::pki::Bundle;
use std::sync::Arc;
use std::time::Duration;

/// A machine that was given the same patches so often and lives by others does not keep them.
const MOST_CHANGES: u8 = 3;
/// How long a machine may take to tell what it lives by, for a page that waits.
const TELLS: Duration = Duration::from_secs(8);

/// The ways to a cluster's machines, and its secrets, for somebody who compares.
#[derive(Debug)]
pub(super) struct Reach {
    pub spec: ClusterSpec,
    pub bundle: Option<Arc<Bundle>>,
    /// Every machine that answered last, with its card.
    pub nodes: Vec<(MachineId, Node, String)>,
}

/// What came of looking at a machine or changing it.
pub(super) enum Changed {
    Stands(Standing),
    Given,
    /// Nothing more is done anywhere until a person says so.
    Stopped(Box<Problem>),
    /// Not yet; it is tried again at the next turn.
    Later,
}

/// What a node lives by.
///
/// Recorded: a configured node gives its whole configuration to an administrator (v1.13.9).
async fn lives_by(node: &Node) -> std::result::Result<String, ApiError> {
    let found = node.get(kinds::MACHINE_CONFIG, "v1alpha1").await?;
    let bytes = found.map(|found| found.spec.yaml_marshalled);
    Ok(String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned())
}

/// The link of a node's card, which only a virtual address needs.
async fn link_of(spec: &ClusterSpec, node: &Node, mac: &str) -> String {
    let usual = || "eth0".to_owned();
    if !matches!(spec.endpoint, EndpointKind::VirtualIp { .. }) {
        return usual();
    }
    let hardware = |bytes: &[u8]| {
        let parts: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        parts.join(":")
    };
    let links = node.list(kinds::LINKS).all().await.unwrap_or_default();
    let own = links
        .into_iter()
        .find(|link| hardware(&link.spec.hardware_addr) == mac);
    own.map_or_else(usual, |link| link.metadata.id.clone())
}

/// The text that a machine is to have.
fn wanted(
    spec: &ClusterSpec,
    node: &ClusterNode,
    bundle: &Bundle,
    link: &str,
) -> Result<std::result::Result<String, configure::Refused>> {
    let made = configure::configuration(spec, node, bundle, link)?;
    Ok(made.map(|made| made.to_yaml()))
}

fn refused(hostname: &str, reason: &str) -> Changed {
    let problem = Problem::new(
        ErrorCode::ConfigurationRefused,
        params! { "node" => hostname },
    );
    let problem = problem.with_detail(reason);
    Changed::Stopped(Box::new(problem.with_remedy(Remedy::CorrectConfiguration)))
}

impl Driver {
    /// Other patches are wished: they are on disk before the first machine is given them.
    pub(super) fn configure(&mut self, patches: ClusterPatches) -> Result<Option<JobId>> {
        match self.why_not(ClusterAction::Configure) {
            Some(why) => return Err(denied(why)),
            None => self.stop_rolling(super::cancelled()),
        }
        let known = self.spec.change.as_ref();
        let unfinished = known.is_some_and(|change| change.state == ChangeState::Stopped);
        let same = patches == self.spec.patches;
        if same && !unfinished {
            return Err(denied(ClusterDenied::NothingToDo));
        }
        // One that goes on where it stopped is taken back to what was before its beginning.
        let before = match known.filter(|_| same) {
            Some(change) => change.before.clone(),
            None => self.spec.patches.clone(),
        };
        let begun_at = self.engine.clock.text();
        self.change(|spec| {
            spec.patches = patches;
            spec.change = Some(ClusterChange {
                state: ChangeState::Rolling,
                begun_at,
                ended_at: None,
                before,
            });
        })?;
        self.roll_on();
        Ok(self.job())
    }

    /// Begins to give the patches to machines, or goes on with it.
    pub(super) fn roll_on(&mut self) {
        self.standings.clear();
        self.changed.clear();
        self.begin(ClusterWork::Configure);
    }

    /// True while a change that was begun is not everywhere.
    pub(super) fn is_rolling(&self) -> bool {
        let change = self.spec.change.as_ref();
        change.is_some_and(|change| change.state == ChangeState::Rolling)
    }

    pub(super) fn rolls_now(&self) -> bool {
        let work = self.work.as_ref();
        work.is_some_and(|work| work.kind == ClusterWork::Configure)
    }

    /// Ends the work on it, where there is one. Machines that have the patches keep them.
    pub(super) fn stop_rolling(&mut self, problem: Problem) {
        if self.rolls_now() {
            self.end_change(ChangeState::Stopped);
            self.fail(problem);
        }
    }

    pub(super) fn end_change(&mut self, state: ChangeState) {
        let now = self.engine.clock.text();
        let ended = self.change(|spec| {
            if let Some(change) = &mut spec.change {
                change.state = state;
                change.ended_at = Some(now);
            }
        });
        if let Err(error) = ended {
            // What it is is seen again at the next start.
            tracing::warn!(%error, cluster = self.spec.name, "its record cannot be written");
        }
    }

    /// What is done next about the patches.
    pub(super) fn roll(&self) -> Option<(MachineId, Deed)> {
        if !self.rolls_now() {
            return None;
        }
        let members = self.members();
        let next = Scene {
            spec: &self.spec,
            members: &members,
            kube: self.kube.as_ref(),
            standings: &self.standings,
            resting: &|machine| self.resting.keys().any(|(one, _)| *one == machine),
            quorum: super::board::quorum(&members),
        }
        .next();
        match next {
            Next::Look(machine) => Some((machine, Deed::Compare)),
            Next::Change(machine) => Some((machine, Deed::Change)),
            Next::Done | Next::Wait(_) => None,
        }
    }

    /// Looks at what a machine lives by, or gives it what it is to have.
    ///
    /// Read (facts 2.2): AUTO changes without a restart where it can and restarts otherwise; nothing
    /// is changed when it refuses. Read: from 1.14 on it never restarts, so what needs one is staged
    /// and the machine is restarted.
    pub(super) fn changing(
        &self,
        machine: MachineId,
        deed: Deed,
    ) -> Option<impl Future<Output = Changed> + Send + use<>> {
        let node = self.spec.node(machine)?.clone();
        let channel = self.looker(machine)?.node()?.clone();
        let bundle = self.bundle.clone()?;
        let spec = self.spec.clone();
        let mac = self.ground.look(machine)?.mac;
        let reboot = matches!(
            self.standings.get(&machine),
            Some(Standing::Differs { reboot: true })
        );
        let times = self.changed.get(&machine).copied().unwrap_or_default();
        Some(async move {
            let hostname = spec.machine_name(&node);
            let link = link_of(&spec, &channel, &mac).await;
            let text = match wanted(&spec, &node, &bundle, &link) {
                Ok(Ok(text)) => text,
                Ok(Err(fault)) => return refused(&hostname, &fault.reason),
                Err(error) => return Changed::Stopped(Box::new(error.problem())),
            };
            if deed == Deed::Compare {
                return stands(&spec, &channel, &text).await;
            }
            if times >= MOST_CHANGES {
                let named = params! { "node" => hostname };
                let problem = Problem::new(ErrorCode::ConfigurationNotKept, named);
                let problem = problem.with_remedy(Remedy::CheckMachine);
                return Changed::Stopped(Box::new(problem));
            }
            let staged = reboot && spec.talos.at_least(1, 14);
            let mode = match staged {
                true => ApplyMode::Staged,
                false => ApplyMode::Auto,
            };
            let given = step!("cluster.change", channel.apply(&text, mode, false).await);
            match given {
                Ok(_) if staged => match channel.reboot(Mode::Default).await {
                    Ok(_) => Changed::Given,
                    Err(_) => Changed::Later,
                },
                Ok(_) => Changed::Given,
                Err(error) => match error.cause {
                    // The words that are displayed quote no secret.
                    Cause::ConfigurationRefused | Cause::ConfigurationUnreadable => {
                        refused(&hostname, &error.to_string())
                    }
                    _ => Changed::Later,
                },
            }
        })
    }

    /// Takes note of what came of it.
    pub(super) fn note_change(&mut self, machine: MachineId, came: Changed) {
        match came {
            Changed::Later => {}
            Changed::Stands(standing) => {
                self.standings.insert(machine, standing);
            }
            Changed::Given => {
                self.standings.remove(&machine);
                *self.changed.entry(machine).or_default() += 1;
                let node = self.spec.node(machine);
                let name = node.map(|node| self.spec.machine_name(node));
                let named = params! { "node" => name.unwrap_or_default() };
                let now = self.engine.clock.text();
                self.board
                    .happened(&now, ClusterEventCode::Reconfigured, named);
                self.rest(machine, Deed::Change);
            }
            Changed::Stopped(problem) => self.stop_rolling(*problem),
        }
    }

    /// What somebody who compares needs.
    pub(super) fn reach(&self) -> Reach {
        let of = |node: &ClusterNode| {
            let channel = self.looker(node.machine)?.node()?.clone();
            let mac = self.ground.look(node.machine)?.mac;
            Some((node.machine, channel, mac))
        };
        Reach {
            spec: self.spec.clone(),
            bundle: self.bundle.clone(),
            nodes: self.spec.nodes.iter().filter_map(of).collect(),
        }
    }
}

async fn stands(spec: &ClusterSpec, channel: &Node, text: &str) -> Changed {
    let Ok(now) = lives_by(channel).await else {
        return Changed::Later;
    };
    match compare_texts(&spec.talos, &now, text) {
        Ok(found) => Changed::Stands(match found.takes {
            ApplyTakes::Nothing => Standing::Same,
            takes => Standing::Differs {
                reboot: takes == ApplyTakes::Reboot,
            },
        }),
        Err(error) => Changed::Stopped(Box::new(error.problem())),
    }
}

/// The machines in the order in which they are changed.
fn in_order(spec: &ClusterSpec) -> impl Iterator<Item = &ClusterNode> {
    let workers = spec.of_role(NodeRole::Worker);
    spec.of_role(NodeRole::ControlPlane).chain(workers)
}

impl Engine {
    /// What other patches would do to each machine. Changes nothing.
    ///
    /// # Errors
    /// When there is no such cluster, or its machines were never configured.
    pub async fn compare_patches(&self, wish: &PatchesWish) -> Result<PatchesComparison> {
        let reach = self.ask_cluster(wish.cluster, |answer| Ask::Reach { answer });
        let reach = reach.await?;
        if reach.spec.leave_in_maintenance {
            return Err(denied(ClusterDenied::NotOurs));
        }
        if reach.spec.api.is_none() {
            return Err(denied(ClusterDenied::NotFormed));
        }
        let mut after = reach.spec.clone();
        after.patches = wish.patches.clone();
        let judged = after.clone();
        let judging = tokio::task::spawn_blocking(move || configure::refused_patches(&judged));
        let fields = judging.await.map_err(internal)??;
        if !fields.is_empty() {
            return Ok(PatchesComparison {
                fields,
                machines: Vec::new(),
            });
        }
        let bundle = self.bundle_of(&reach).await?;
        let comparing = in_order(&reach.spec)
            .map(|node| compare_machine(&reach, &after, node, bundle.as_ref()));
        let machines = futures_util::future::join_all(comparing).await;
        Ok(PatchesComparison {
            fields,
            machines: machines.into_iter().collect::<Result<_>>()?,
        })
    }

    async fn bundle_of(&self, reach: &Reach) -> Result<Arc<Bundle>> {
        if let Some(bundle) = &reach.bundle {
            return Ok(Arc::clone(bundle));
        }
        let folder = self.roots.cluster(reach.spec.id);
        let (talos, clock) = (reach.spec.talos.clone(), self.clock.clone());
        let opening = tokio::task::spawn_blocking(move || {
            secrets::of_cluster(&folder, &talos, clock.as_ref())
        });
        Ok(Arc::new(opening.await.map_err(internal)??))
    }

    /// Gives a cluster other patches: control planes one by one, then workers, each ready again
    /// before the next.
    ///
    /// # Errors
    /// Field by field when Talos would refuse them, and when its state does not allow it.
    pub async fn change_patches(&self, wish: &PatchesWish) -> Result<Option<JobId>> {
        let mut spec = self.cluster(wish.cluster)?.spec;
        spec.patches = wish.patches.clone();
        let judging = tokio::task::spawn_blocking(move || configure::refused_patches(&spec));
        let fields = judging.await.map_err(internal)??;
        if !fields.is_empty() {
            return Err(EngineError::Invalid(fields));
        }
        let patches = wish.patches.clone();
        self.ask_cluster(wish.cluster, |answer| Ask::Configure { patches, answer })
            .await
    }

    /// Gives a cluster the patches again that it had before the last change.
    ///
    /// # Errors
    /// When there was none, and as [`Engine::change_patches`].
    pub async fn revert_patches(&self, cluster: ClusterId) -> Result<Option<JobId>> {
        let change = self.cluster(cluster)?.spec.change;
        let before = change.map(|change| change.before);
        let patches = before.ok_or_else(|| denied(ClusterDenied::NothingToDo))?;
        self.change_patches(&PatchesWish { cluster, patches }).await
    }
}

async fn compare_machine(
    reach: &Reach,
    after: &ClusterSpec,
    node: &ClusterNode,
    bundle: &Bundle,
) -> Result<MachineComparison> {
    let way = reach.nodes.iter().find(|(id, ..)| *id == node.machine);
    let told = match way {
        Some((_, channel, mac)) => {
            let asking = async {
                let link = link_of(after, channel, mac).await;
                Some((lives_by(channel).await.ok()?, link))
            };
            tokio::time::timeout(TELLS, asking).await.ok().flatten()
        }
        None => None,
    };
    let asked = told.is_some();
    let made = |spec: &ClusterSpec, link: &str| {
        let made = wanted(spec, node, bundle, link)?;
        made.map_err(|fault| internal(fault.reason))
    };
    let (before, link) = match told {
        Some((text, link)) => (text, link),
        None => (made(&reach.spec, "eth0")?, "eth0".to_owned()),
    };
    Ok(MachineComparison {
        machine: node.machine,
        hostname: after.machine_name(node),
        role: node.role,
        asked,
        comparison: compare_texts(&after.talos, &before, &made(after, &link)?)?,
    })
}
