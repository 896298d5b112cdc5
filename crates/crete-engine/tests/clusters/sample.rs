//! "Try it": Kubernetes is told of a small app, waited for, and told to forget it. Practice clusters
//! run no pods, so a test stands for the controllers: it writes what they would.

use super::ground::Lab;
use async_trait::async_trait;
use crete_kube::{Cluster, Dial, Transport};
use crete_model::{ClusterId, ClusterPhase, ClusterPreset, ClusterView, JobState, SamplePhase};
use std::io;
use std::sync::Arc;
use tokio::net::TcpStream;

fn is_healthy(view: &ClusterView) -> bool {
    view.phase == ClusterPhase::Healthy && view.job.is_none()
}

#[derive(Debug)]
struct Way(String);

#[async_trait]
impl Dial for Way {
    async fn dial(&self) -> io::Result<Box<dyn Transport>> {
        Ok(Box::new(TcpStream::connect(&self.0).await?))
    }
}

/// Kubernetes as the person's own tools reach it: by the kubeconfig in the cluster's folder.
fn kubernetes(lab: &Lab, id: ClusterId) -> Cluster {
    let folder = lab.engine.cluster_folder(id).unwrap();
    let text = std::fs::read(folder.join("kubeconfig")).unwrap();
    let spec = lab.engine.clusters.get(&id.to_string()).unwrap().spec;
    let api = spec.api.unwrap();
    let way = Way(format!("{}:{}", api.outside, api.outside_port));
    Cluster::new(&text, Arc::new(way)).unwrap()
}

/// What the controllers and kubelets would write.
const RUNS: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n  namespace: crete-try\nspec:\n  replicas: 2\nstatus:\n  readyReplicas: READY\n---\napiVersion: v1\nkind: Service\nmetadata:\n  name: web\n  namespace: crete-try\nspec:\n  ports:\n    - name: http\n      port: 80\n      nodePort: 31234\n";
const DEPLOYMENT: &str =
    "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n  namespace: crete-try\n";
const NAMESPACE: &str = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: crete-try\n";

fn phase(view: &ClusterView) -> Option<SamplePhase> {
    view.sample.as_ref().map(|sample| sample.phase)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_comes_is_opened_and_goes() {
    let mut lab = Lab::new().await;
    let id = lab.create(ClusterPreset::Small).await;
    lab.until(id, "health", is_healthy).await;
    let job = lab.engine.try_sample(id).await.unwrap().unwrap();
    let kube = kubernetes(&lab, id);
    let told = |view: &ClusterView| view.sample.as_ref().is_some_and(|sample| sample.of == 2);
    let view = lab.until(id, "Kubernetes that knows of it", told).await;
    assert_eq!(phase(&view), Some(SamplePhase::Starting));
    let deployment = kube.get(DEPLOYMENT).await.unwrap().unwrap();
    assert_eq!(deployment["spec"]["replicas"], 2);
    kube.apply(&RUNS.replace("READY", "1")).await.unwrap();
    let half = |view: &ClusterView| view.sample.as_ref().is_some_and(|sample| sample.ready == 1);
    lab.until(id, "one of two pods", half).await;
    // The program ends in the middle; the next one waits on.
    lab.reopen().await;
    lab.until(id, "the same job", |view| view.job == Some(job))
        .await;
    kube.apply(&RUNS.replace("READY", "2")).await.unwrap();
    let ready = |view: &ClusterView| phase(view) == Some(SamplePhase::Ready) && is_healthy(view);
    let view = lab.until(id, "a way in", ready).await;
    let address = view.sample.unwrap().address.unwrap();
    assert!(address.ends_with(":31234/"), "{address}");
    assert_eq!(lab.ground.doors.lock().unwrap().len(), 1, "one port alone");
    let done = lab.engine.job_details(job).await.unwrap().0;
    assert_eq!(done.state, JobState::Done);
    let again = lab.engine.try_sample(id).await.unwrap_err().problem();
    assert_eq!(again.params["reason"], "nothing_to_do");
    lab.engine.end_sample(id).await.unwrap();
    let gone = |view: &ClusterView| view.sample.is_none() && is_healthy(view);
    lab.until(id, "nothing of it", gone).await;
    assert!(lab.ground.doors.lock().unwrap().is_empty());
    assert_eq!(kube.get(NAMESPACE).await.unwrap(), None);
    lab.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn giving_it_up_takes_it_away() {
    let lab = Lab::new().await;
    let id = lab.create(ClusterPreset::Solo).await;
    lab.until(id, "health", is_healthy).await;
    let job = lab.engine.try_sample(id).await.unwrap().unwrap();
    let told = |view: &ClusterView| view.sample.as_ref().is_some_and(|sample| sample.of == 2);
    lab.until(id, "Kubernetes that knows of it", told).await;
    lab.engine.cancel_job(job).unwrap();
    let gone = |view: &ClusterView| view.sample.is_none() && view.job.is_none();
    lab.until(id, "nothing of it", gone).await;
    let kube = kubernetes(&lab, id);
    assert_eq!(kube.get(NAMESPACE).await.unwrap(), None);
    let ended = lab.engine.job_details(job).await.unwrap().0;
    assert_eq!(ended.state, JobState::Cancelled);
    lab.close().await;
}
