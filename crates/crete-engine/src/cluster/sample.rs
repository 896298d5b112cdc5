//! "Try it": a small app on the cluster, reached by a browser, and taken away again.
//!
//! ```text
//! nothing ─▶ manifests applied ─▶ pods ready ─▶ a port of this computer leads to it
//!    ▲                                                      │
//!    └── port closed ◀── namespace gone ◀── deleted ◀───────┘
//! ```
//!
//! What is wished stands in the cluster's record; how far it is, is asked of Kubernetes each time.
//! Its image comes from the registry that Kubernetes' own parts come from, so that it is reached
//! wherever a cluster could be made.

use super::denied;
use super::driver::Driver;
use super::requests::Ask;
use crate::Engine;
use crate::error::Result;
use crete_failpoint::step;
use crete_kube::{Cluster, KubeError};
use crete_model::{
    ClusterAction, ClusterEventCode, ClusterId, ClusterWish, ClusterWork, ErrorCode, JobId,
    MachineId, MemberStage, NodeRole, Params, Problem, Remedy, SamplePhase, SampleText, SampleView,
};
use serde_json::Value;

/// Everything that Kubernetes is told.
pub(super) const MANIFEST: &str = include_str!("sample.yaml");
const NAMESPACE: &str = "crete-try";

/// What Kubernetes tells of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct SampleSight {
    /// Kubernetes knows it.
    pub applied: bool,
    pub ready: usize,
    pub of: usize,
    /// The port of every machine that leads to it.
    pub port: Option<u16>,
    /// Why it is not ready.
    pub words: String,
}

/// One document of the manifest, by its kind.
fn document(kind: &str) -> &'static str {
    let wanted = format!("kind: {kind}\n");
    let mut documents = MANIFEST.split("---\n");
    documents
        .find(|text| text.contains(&wanted))
        .unwrap_or_default()
}

/// What Kubernetes knows of it; nothing when there is nothing.
///
/// Read: a Deployment counts its ready pods in `status.readyReplicas`, which is left out while it is
/// nought; a Service is given its `nodePort` when it is made.
async fn look(client: &Cluster) -> std::result::Result<Option<SampleSight>, KubeError> {
    let (deployment, service) = tokio::join!(
        client.get(document("Deployment")),
        client.get(document("Service")),
    );
    let (Some(deployment), Some(service)) = (deployment?, service?) else {
        return Ok(None);
    };
    let count = |value: &Value| usize::try_from(value.as_u64().unwrap_or_default()).unwrap_or(0);
    let (ready, of) = (
        count(&deployment["status"]["readyReplicas"]),
        count(&deployment["spec"]["replicas"]),
    );
    let port = service["spec"]["ports"][0]["nodePort"].as_u64();
    let words = match ready < of {
        true => why(client).await,
        false => String::new(),
    };
    Ok(Some(SampleSight {
        applied: true,
        ready: ready.min(of),
        of,
        port: port.and_then(|port| u16::try_from(port).ok()),
        words,
    }))
}

/// Why a pod of it does not run, in Kubernetes' own words.
async fn why(client: &Cluster) -> String {
    let pods = client.pods(NAMESPACE).await.unwrap_or_default();
    let waits = pods.into_iter().find(|pod| !pod.waiting.is_empty());
    waits.map_or_else(String::new, |pod| match pod.message.is_empty() {
        true => pod.waiting,
        false => format!("{}: {}", pod.waiting, pod.message),
    })
}

/// Takes it away; true once nothing is left. A namespace that is on its way is not deleted again:
/// Kubernetes refuses that.
async fn remove(client: &Cluster) -> std::result::Result<bool, KubeError> {
    match client.get(document("Namespace")).await? {
        None => Ok(true),
        Some(namespace) if namespace["metadata"]["deletionTimestamp"].is_string() => Ok(false),
        Some(_) => {
            step!(
                "cluster.sample_delete",
                client.delete(document("Namespace")).await
            )?;
            Ok(false)
        }
    }
}

/// Whether Kubernetes means what it refuses: what fails inside it, what is busy and what collides
/// with another change is tried again.
fn is_final(error: &KubeError) -> bool {
    match error {
        KubeError::Refused { code, .. } => {
            (400..500).contains(code) && ![408, 409, 429].contains(code)
        }
        KubeError::Manifest { .. } => true,
        _ => false,
    }
}

impl Driver {
    pub(super) fn tries_now(&self) -> bool {
        let work = self.work.as_ref();
        work.is_some_and(|work| work.kind == ClusterWork::TrySample)
    }

    /// Puts it on the cluster.
    pub(super) fn try_sample(&mut self) -> Result<Option<JobId>> {
        if self.tries_now() {
            return Ok(self.job());
        }
        if let Some(why) = self.why_not(ClusterAction::TrySample) {
            return Err(denied(why));
        }
        self.change(|spec| spec.sample.get_or_insert_default().leaving = false)?;
        self.sample = SampleSight::default();
        self.begin(ClusterWork::TrySample);
        Ok(self.job())
    }

    /// Takes it away.
    pub(super) fn end_sample(&mut self) -> Result<Option<JobId>> {
        if let Some(why) = self.why_not(ClusterAction::EndSample) {
            return Err(denied(why));
        }
        if self.tries_now() {
            self.fail(super::cancelled());
        }
        self.leave_sample()?;
        Ok(self.job())
    }

    fn leave_sample(&mut self) -> Result<()> {
        self.change(|spec| {
            if let Some(sample) = &mut spec.sample {
                sample.leaving = true;
            }
        })?;
        self.begin(ClusterWork::EndSample);
        Ok(())
    }

    /// The person gave up on it while it was put there: what was put is taken away again.
    pub(super) fn give_up_sample(&mut self) {
        self.fail(super::cancelled());
        if let Err(error) = self.leave_sample() {
            tracing::warn!(%error, cluster = self.spec.name, "its record cannot be written");
        }
    }

    /// Does what is next about it, by whichever control plane answers.
    pub(super) async fn tend_sample(&mut self) {
        let running = self.spec.wish == ClusterWish::Running && self.kube.is_some();
        let (Some(sample), Some(bundle), true) = (self.spec.sample, self.bundle.clone(), running)
        else {
            return;
        };
        let control_planes: Vec<MachineId> = self
            .spec
            .of_role(NodeRole::ControlPlane)
            .map(|node| node.machine)
            .collect();
        let when = (self.engine.clock.now(), self.engine.patience.cluster.call);
        let (spec, ground) = (self.spec.clone(), self.ground.clone());
        let given = (&spec, bundle.as_ref());
        let clients = self
            .clients
            .all(&control_planes, given, ground.as_ref(), when);
        for client in clients.unwrap_or_default() {
            let tended = match sample.leaving {
                true => self.take_sample_away(&client).await,
                false => self.put_sample(&client).await,
            };
            match tended {
                Ok(()) => return,
                Err(error) if is_final(&error) => return self.refuse_sample(&error),
                Err(_) => {}
            }
        }
    }

    /// Kubernetes says no: that does not mend itself.
    fn refuse_sample(&mut self, error: &KubeError) {
        let work = self.work.as_ref().map(|work| work.kind);
        if matches!(work, Some(ClusterWork::TrySample | ClusterWork::EndSample)) {
            let problem = Problem::new(ErrorCode::SampleRefused, Params::new());
            let problem = problem.with_detail(error.to_string());
            self.fail(problem.with_remedy(Remedy::Retry));
        }
    }

    async fn put_sample(&mut self, client: &Cluster) -> std::result::Result<(), KubeError> {
        let found = look(client).await?;
        match found {
            Some(found) => self.sample = found,
            None if self.tries_now() => {
                step!("cluster.sample_apply", client.apply(MANIFEST).await)?;
                return Ok(());
            }
            // Somebody took it away with tools of their own.
            None => return self.sample_is_gone().await,
        }
        let all = self.sample.ready >= self.sample.of;
        // A port that somebody closed stays closed.
        if let (Some(port), true) = (self.sample.port, all && self.tries_now()) {
            self.open_sample(port).await;
        }
        Ok(())
    }

    /// A ready machine that the port leads to: any of them passes it on.
    fn machine_for_sample(&self) -> Option<MachineId> {
        let members = self.members();
        let ready = members.iter().filter(|member| {
            let stage = super::course::stage(member, &self.spec, self.kube.as_ref());
            stage == MemberStage::Ready
        });
        let chosen = ready.max_by_key(|member| member.node.role == NodeRole::Worker);
        chosen.map(|member| member.node.machine)
    }

    async fn open_sample(&mut self, port: u16) {
        if self.is_sample_open() {
            return;
        }
        let Some(machine) = self.machine_for_sample() else {
            return;
        };
        let name = format!("Try it: {}", self.spec.name);
        let opened = step!(
            "cluster.sample_open",
            self.ground.open_door(machine, port, &name).await
        );
        let kept = match opened {
            Ok(forward) => self.change(|spec| {
                if let Some(sample) = &mut spec.sample {
                    sample.forward = Some(forward);
                }
            }),
            Err(error) => Err(error),
        };
        match kept {
            Ok(()) => {
                let now = self.engine.clock.text();
                self.board
                    .happened(&now, ClusterEventCode::SampleCame, Params::new());
            }
            Err(error) => self.fail(error.problem()),
        }
    }

    /// True while a port of this computer leads to it.
    pub(super) fn is_sample_open(&self) -> bool {
        let forward = self.spec.sample.and_then(|sample| sample.forward);
        forward.is_some_and(|forward| self.ground.door(forward).is_some())
    }

    async fn take_sample_away(&mut self, client: &Cluster) -> std::result::Result<(), KubeError> {
        // Nobody comes in any more before it goes.
        if let Err(error) = self.close_sample().await {
            tracing::warn!(%error, cluster = self.spec.name, "its port stays open for now");
            return Ok(());
        }
        match remove(client).await? {
            true => self.sample_is_gone().await,
            false => Ok(()),
        }
    }

    async fn sample_is_gone(&mut self) -> std::result::Result<(), KubeError> {
        let closed = self.close_sample().await;
        let kept = closed.and_then(|()| self.change(|spec| spec.sample = None));
        match kept {
            Ok(()) => {
                self.sample = SampleSight::default();
                let now = self.engine.clock.text();
                self.board
                    .happened(&now, ClusterEventCode::SampleWent, Params::new());
            }
            Err(error) => {
                tracing::warn!(%error, cluster = self.spec.name, "its record cannot be written");
            }
        }
        Ok(())
    }

    /// Closes the port that leads to it.
    pub(super) async fn close_sample(&self) -> Result<()> {
        match self.spec.sample.and_then(|sample| sample.forward) {
            Some(forward) => self.ground.close_door(forward).await,
            None => Ok(()),
        }
    }

    pub(super) fn sample_view(&self) -> Option<SampleView> {
        let sample = self.spec.sample?;
        let address = sample.forward.and_then(|forward| self.ground.door(forward));
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Some(SampleView {
            phase: match (sample.leaving, &address) {
                (true, _) => SamplePhase::Leaving,
                (false, Some(_)) => SamplePhase::Ready,
                (false, None) if self.tries_now() => SamplePhase::Starting,
                (false, None) => SamplePhase::Stopped,
            },
            ready: count(self.sample.ready),
            of: count(self.sample.of),
            forward: sample.forward.filter(|_| address.is_some()),
            address,
            words: self.sample.words.clone(),
        })
    }
}

/// What "Try it" would do, to read.
#[must_use]
pub fn sample_text() -> SampleText {
    let field = |text: &str, key: &str| {
        let mut lines = text.lines().map(str::trim);
        lines
            .find_map(|line| line.strip_prefix(key))
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    let documents = MANIFEST.split("---\n");
    SampleText {
        manifest: MANIFEST.to_owned(),
        objects: documents
            .map(|text| format!("{} {}", field(text, "kind:"), field(text, "name:")))
            .collect(),
        image: field(MANIFEST, "image:"),
    }
}

impl Engine {
    /// Puts a small sample app on a cluster, and opens a port of this computer that leads to it.
    ///
    /// # Errors
    /// When its state does not allow it; in practice mode always, because nothing runs pods there.
    pub async fn try_sample(&self, id: ClusterId) -> Result<Option<JobId>> {
        self.ask_sample(id, true).await
    }

    /// Takes the sample app away.
    ///
    /// # Errors
    /// When there is none, or its state does not allow it.
    pub async fn end_sample(&self, id: ClusterId) -> Result<Option<JobId>> {
        self.ask_sample(id, false).await
    }

    async fn ask_sample(&self, id: ClusterId, wanted: bool) -> Result<Option<JobId>> {
        self.ask_cluster(id, |answer| Ask::Sample { wanted, answer })
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_would_do_is_read_off_what_it_does() {
        let text = sample_text();
        assert_eq!(
            text.objects,
            [
                "Namespace crete-try",
                "ConfigMap page",
                "Deployment web",
                "Service web"
            ]
        );
        assert!(text.image.starts_with("registry.k8s.io/"), "{}", text.image);
        for kind in ["Namespace", "Deployment", "Service"] {
            assert!(document(kind).contains("crete-try"), "{kind}");
        }
    }
}
