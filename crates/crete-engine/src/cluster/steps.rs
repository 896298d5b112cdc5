//! The steps of the work on a cluster, in order, and how long they usually take here.

use crate::error::Result;
use crate::store;
use crete_model::{ClusterSpec, ClusterWork, StageCode};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// Runs that are kept: medians follow a computer that changed.
const KEPT: usize = 40;

/// The steps of a kind of work.
pub(super) fn steps(spec: &ClusterSpec, work: ClusterWork) -> Vec<StageCode> {
    use StageCode as S;
    let mut steps = match work {
        ClusterWork::Stop => return vec![S::WorkersOff, S::ControlPlanesOff],
        ClusterWork::RemoveWorker => return vec![S::Leave],
        ClusterWork::Configure => {
            let mut steps = vec![S::ChangeControlPlanes];
            if spec.of_role(crete_model::NodeRole::Worker).next().is_some() {
                steps.push(S::ChangeWorkers);
            }
            steps.push(S::HealthChecks);
            return steps;
        }
        ClusterWork::TrySample => return vec![S::SampleApply, S::SampleReady, S::SampleForward],
        ClusterWork::EndSample => return vec![S::SampleRemove],
        ClusterWork::Restart => vec![S::WorkersOff, S::ControlPlanesOff],
        ClusterWork::Create | ClusterWork::Start | ClusterWork::AddWorkers => Vec::new(),
    };
    let makes = matches!(work, ClusterWork::Create | ClusterWork::AddWorkers);
    if makes {
        steps.extend([S::ClusterImage, S::ClusterNetwork, S::ClusterMachines]);
    }
    steps.extend([S::SwitchOn, S::Addresses]);
    if makes {
        steps.push(S::Maintenance);
    }
    if spec.leave_in_maintenance {
        return steps;
    }
    if makes {
        steps.extend([S::DisksCheck, S::Configuration, S::Apply]);
        if super::configure::installs(spec) {
            steps.push(S::Install);
        }
    }
    steps.extend([S::SignIn, S::Time]);
    if work == ClusterWork::Create {
        steps.push(S::Bootstrap);
    }
    steps.extend([S::Etcd, S::ControlPlane]);
    if spec.cni != crete_model::CniKind::None {
        steps.push(S::PodNetwork);
    }
    steps.extend([S::NodesReady, S::HealthChecks]);
    if work == ClusterWork::Create {
        steps.push(S::Access);
    }
    steps
}

/// How long one run took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Run {
    pub work: ClusterWork,
    pub control_planes: usize,
    pub workers: usize,
    /// Whether Talos was installed, which takes minutes.
    pub installed: bool,
    /// Whether it ended with machines that wait for others, long before a cluster is healthy.
    #[serde(default)]
    pub left_waiting: bool,
    pub talos: String,
    /// Seconds of each step.
    pub steps: BTreeMap<String, u32>,
    /// Seconds in all, without the image's download.
    pub total: u32,
}

/// Earlier runs on this computer, on disk as `clusters/runs.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Runs {
    schema_version: u32,
    runs: Vec<Run>,
}

impl Runs {
    /// What is remembered. What cannot be read is only a memory: it begins anew.
    pub fn read(path: &Path) -> Self {
        store::read_if_there(path)
            .ok()
            .flatten()
            .unwrap_or_default()
    }

    /// Remembers one more.
    pub fn keep(mut self, path: &Path, run: Run) -> Result<()> {
        self.schema_version = 1;
        self.runs.push(run);
        let from = self.runs.len().saturating_sub(KEPT);
        self.runs.drain(..from);
        store::write(path, &self)
    }

    /// Runs of the same kind and, where there are some, of the same shape.
    fn like(&self, spec: &ClusterSpec, work: ClusterWork) -> Vec<&Run> {
        let installs = super::configure::installs(spec);
        let kind = |run: &&Run| {
            run.work == work
                && run.installed == installs
                && run.left_waiting == spec.leave_in_maintenance
        };
        let all: Vec<&Run> = self.runs.iter().filter(kind).collect();
        let (control_planes, workers) = shape(spec);
        let same = |run: &&&Run| run.control_planes == control_planes && run.workers == workers;
        let close: Vec<&Run> = all.iter().filter(same).copied().collect();
        match close.is_empty() {
            true => all,
            false => close,
        }
    }

    /// The usual time of a step, seconds.
    pub fn usual(&self, spec: &ClusterSpec, work: ClusterWork, step: StageCode) -> Option<u32> {
        let name = crate::error::wire_name(step);
        let runs = self.like(spec, work);
        median(
            runs.iter()
                .filter_map(|run| run.steps.get(&name).copied())
                .collect(),
        )
    }

    /// The usual time of all of them.
    pub fn usual_total(&self, spec: &ClusterSpec, work: ClusterWork) -> Option<u32> {
        median(self.like(spec, work).iter().map(|run| run.total).collect())
    }
}

/// How many control planes and workers.
pub(super) fn shape(spec: &ClusterSpec) -> (usize, usize) {
    let count = |role| spec.of_role(role).count();
    (
        count(crete_model::NodeRole::ControlPlane),
        count(crete_model::NodeRole::Worker),
    )
}

fn median(mut values: Vec<u32>) -> Option<u32> {
    values.sort_unstable();
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_earlier_runs_is_usual() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![9, 1, 5]), Some(5));
        assert_eq!(median(vec![9, 1]), Some(9));
    }
}
