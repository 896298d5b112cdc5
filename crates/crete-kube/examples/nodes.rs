//! `nodes KUBECONFIG`: the nodes of a cluster as JSON, asked the way a person's tools ask: over TCP,
//! at the address that stands in the kubeconfig.
//!
//! For tests that look from outside; it knows nothing of machines and networks.

use async_trait::async_trait;
use crete_kube::{Cluster, Dial, Transport, server};
use serde_json::json;
use std::error::Error;
use std::io;
use std::sync::Arc;
use tokio::net::TcpStream;

/// The way that every tool takes.
#[derive(Debug)]
struct Tcp(String, u16);

#[async_trait]
impl Dial for Tcp {
    async fn dial(&self) -> io::Result<Box<dyn Transport>> {
        Ok(Box::new(
            TcpStream::connect((self.0.as_str(), self.1)).await?,
        ))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("usage: nodes KUBECONFIG")?;
    let kubeconfig = std::fs::read(path)?;
    let (host, port) = server(&kubeconfig)?;
    let cluster = Cluster::new(&kubeconfig, Arc::new(Tcp(host.clone(), port)))?;
    let version = cluster.version().await?;
    let nodes = cluster.nodes().await?.into_iter().map(|node| {
        json!({
            "name": node.name,
            "ready": node.ready == Some(true),
            "control_plane": node.control_plane,
            "kubelet": node.kubelet,
        })
    });
    let answer = json!({
        "server": format!("{host}:{port}"),
        "version": version,
        "nodes": nodes.collect::<Vec<_>>(),
    });
    println!("{answer}");
    Ok(())
}
