//! What a person is handed: key files that stay good, and the cluster opened in their programs.

use super::ground::Lab;
use crete_host::RecordedWorld;
use crete_model::{
    CertificateOf, ClusterPhase, ClusterPreset, ClusterView, ErrorCode, Tool, ToolPart,
};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

fn is_healthy(view: &ClusterView) -> bool {
    view.phase == ClusterPhase::Healthy && view.job.is_none()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn key_files_stay_good_and_their_end_is_told() {
    let mut lab = Lab::new().await;
    let id = lab.create(ClusterPreset::Solo).await;
    let view = lab.until(id, "health", is_healthy).await;
    let of: Vec<CertificateOf> = view.certificates.iter().map(|one| one.of).collect();
    assert_eq!(
        of,
        [
            CertificateOf::TalosAuthority,
            CertificateOf::KubernetesAuthority,
            CertificateOf::EtcdAuthority,
            CertificateOf::AggregatorAuthority,
            CertificateOf::TalosClient,
            CertificateOf::Kubeconfig,
            CertificateOf::Talosconfig,
        ]
    );
    let now = jiff::Timestamp::now();
    for one in &view.certificates {
        let ends: jiff::Timestamp = one.not_after.parse().unwrap();
        assert!(ends > now, "{:?} ends at {ends}", one.of);
    }
    let folder = lab.engine.cluster_folder(id).unwrap();
    let kubeconfig = folder.join("kubeconfig");
    let before = std::fs::read_to_string(&kubeconfig).unwrap();
    // Whoever takes it away, or writes something else into it while the program is off, finds it
    // made anew.
    std::fs::remove_file(&kubeconfig).unwrap();
    let there = |_: &ClusterView| kubeconfig.exists();
    lab.until(id, "the kubeconfig again", there).await;
    let mode = std::fs::metadata(&kubeconfig).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    std::fs::write(&kubeconfig, "clusters: []\n").unwrap();
    lab.reopen().await;
    let good = |_: &ClusterView| {
        std::fs::read_to_string(&kubeconfig).is_ok_and(|text| text.contains("https://"))
    };
    lab.until(id, "a kubeconfig that leads to it", good).await;
    assert_ne!(std::fs::read_to_string(&kubeconfig).unwrap(), before);
    lab.close().await;
}

/// A program that writes down with what it was started.
fn install(path: &Path, text: &str) {
    use std::io::Write;
    let mut child = std::process::Command::new("install")
        .args(["-m", "755", "/dev/stdin"])
        .arg(path)
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    assert!(child.wait().unwrap().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_opened_in_programs_that_are_there_with_its_keys() {
    let bin = tempfile::tempdir().unwrap();
    let told = bin.path().join("told");
    let tell = format!(
        "#!/bin/sh\nprintf '%s\\n' \"$KUBECONFIG\" \"$@\" > {0}.part && mv {0}.part {0}\n",
        told.display()
    );
    for name in ["headlamp", "konsole"] {
        install(&bin.path().join(name), &tell);
    }
    for name in ["env", "sh"] {
        install(&bin.path().join(name), "#!/bin/sh\n");
    }
    let programs = ["headlamp", "konsole", "env", "sh"]
        .map(|name| (bin.path().join(name), serde_json::json!({})));
    let programs: std::collections::BTreeMap<_, _> = programs.into_iter().collect();
    let world: RecordedWorld = serde_json::from_value(serde_json::json!({
        "programs": programs,
        "search": [bin.path()],
        "variables": {"HOME": "/home/ariadne"},
    }))
    .unwrap();
    let lab = Lab::in_world(Arc::new(world)).await;
    let tools = lab.engine.cluster_tools().await.unwrap();
    let missing: Vec<(Tool, Vec<ToolPart>)> = tools
        .into_iter()
        .map(|one| (one.tool, one.missing))
        .collect();
    assert_eq!(
        missing,
        [
            (Tool::Headlamp, vec![]),
            (Tool::Freelens, vec![ToolPart::Freelens]),
            (Tool::Terminal, vec![ToolPart::Kubectl]),
        ]
    );
    let id = lab.create(ClusterPreset::Solo).await;
    let early = lab.engine.open_in_tool(id, Tool::Headlamp).await;
    assert_eq!(
        early.unwrap_err().problem().code,
        ErrorCode::ClusterDenied,
        "it has no keys yet"
    );
    lab.until(id, "health", is_healthy).await;
    for tool in [Tool::Freelens, Tool::Terminal] {
        let refused = lab.engine.open_in_tool(id, tool).await.unwrap_err();
        assert_eq!(refused.problem().code, ErrorCode::ToolMissing);
    }
    lab.engine.open_in_tool(id, Tool::Headlamp).await.unwrap();
    let folder = lab.engine.cluster_folder(id).unwrap();
    let said = std::fs::read_to_string(&told).unwrap();
    assert_eq!(said.trim(), folder.join("kubeconfig").to_str().unwrap());
    // One that ends badly at once is no success.
    install(&bin.path().join("headlamp"), "#!/bin/sh\nexit 3\n");
    let failed = lab.engine.open_in_tool(id, Tool::Headlamp).await;
    assert_eq!(failed.unwrap_err().problem().code, ErrorCode::ToolFailed);
    lab.close().await;
}
