//! The same by hand: what a person would type without Crete. To read and copy, never run.

use super::configure::{DISK, installs, omni_arguments};
use crate::Engine;
use crate::error::{EngineError, Result};
use crete_model::{ClusterDraft, ClusterSpec, CommandStep, EndpointKind, NodeRole, StageCode};

const FOLDER: &str = "CLUSTER";

impl Engine {
    /// Commands that would do the same, step by step.
    ///
    /// # Errors
    /// When there is no such image.
    pub fn cluster_commands(&self, draft: &ClusterDraft) -> Result<Vec<CommandStep>> {
        let missing = || EngineError::NotFound {
            kind: "image",
            id: draft.name.clone(),
        };
        let spec = self.spec_of_draft(draft).ok_or_else(missing)?;
        let url = self.plan(&self.choice_of(&spec)).map(|plan| plan.url)?;
        Ok(commands(&spec, &url))
    }
}

fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@".contains(c);
    match !text.is_empty() && text.chars().all(plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

fn commands(spec: &ClusterSpec, url: &str) -> Vec<CommandStep> {
    let mut steps = vec![
        step(
            StageCode::ClusterImage,
            vec![format!("curl -LO {}", quoted(url))],
        ),
        step(StageCode::ClusterMachines, disks(spec)),
        step(StageCode::SwitchOn, machines(spec)),
    ];
    if spec.leave_in_maintenance {
        return steps;
    }
    steps.push(step(StageCode::Configuration, configurations(spec)));
    steps.push(step(StageCode::Apply, applies(spec)));
    let first = spec.of_role(NodeRole::ControlPlane).next();
    let first = first
        .map(|node| address_of(&spec.machine_name(node)))
        .unwrap_or_default();
    let all = |role| {
        let names = spec
            .of_role(role)
            .map(|node| address_of(&spec.machine_name(node)));
        names.collect::<Vec<_>>().join(",")
    };
    let (control_planes, workers) = (all(NodeRole::ControlPlane), all(NodeRole::Worker));
    let config = format!("--talosconfig {FOLDER}/talosconfig");
    steps.extend([
        step(
            StageCode::Bootstrap,
            vec![format!("talosctl {config} -e {first} -n {first} bootstrap")],
        ),
        step(
            StageCode::HealthChecks,
            vec![format!(
                "talosctl {config} -e {first} -n {first} health --control-plane-nodes {control_planes} --worker-nodes {}",
                quoted(&workers)
            )],
        ),
        step(
            StageCode::Access,
            vec![format!("talosctl {config} -e {first} -n {first} kubeconfig {FOLDER}/kubeconfig")],
        ),
    ]);
    steps
}

fn step(code: StageCode, lines: Vec<String>) -> CommandStep {
    CommandStep { code, lines }
}

/// Addresses are given by the network; by hand they are read from the consoles.
fn address_of(machine: &str) -> String {
    let upper = machine.to_uppercase().replace('-', "_");
    format!("${{{upper}}}")
}

fn disks(spec: &ClusterSpec) -> Vec<String> {
    let disk = |node: &crete_model::ClusterNode| {
        let (name, gib) = (spec.machine_name(node), node.sizes.disk_gib);
        match installs(spec) {
            true => format!("qemu-img create -f qcow2 {name}.qcow2 {gib}G"),
            false => format!("qemu-img create -f qcow2 -b metal.raw -F raw {name}.qcow2 {gib}G"),
        }
    };
    let mut lines = Vec::new();
    if !installs(spec) {
        lines.push("zstd -d metal-*.raw.zst -o metal.raw".to_owned());
    }
    lines.extend(spec.nodes.iter().map(disk));
    lines
}

fn machines(spec: &ClusterSpec) -> Vec<String> {
    let arguments = omni_arguments(&spec.omni).unwrap_or_default().join(" ");
    let machine = |node: &crete_model::ClusterNode| {
        let name = spec.machine_name(node);
        let mut line = format!(
            "qemu-system-{} -machine q35,accel=kvm -cpu host -smp {} -m {} -drive file={name}.qcow2,if=virtio",
            spec.arch.qemu_suffix(),
            node.sizes.vcpus,
            node.sizes.memory_mib,
        );
        if installs(spec) {
            line.push_str(" -cdrom metal.iso");
        }
        if !arguments.is_empty() {
            let value = format!("type=11,value=io.systemd.stub.kernel-cmdline-extra={arguments}");
            line.push_str(" -smbios ");
            line.push_str(&quoted(&value));
        }
        format!("{line} -daemonize")
    };
    spec.nodes.iter().map(machine).collect()
}

fn configurations(spec: &ClusterSpec) -> Vec<String> {
    let endpoint = match &spec.endpoint {
        EndpointKind::VirtualIp { address } if !address.is_empty() => address.clone(),
        _ => "ENDPOINT".to_owned(),
    };
    let mut line = format!(
        "talosctl gen config {} https://{endpoint}:6443 --talos-version {} --kubernetes-version {} --install-disk {DISK} --install-image {} --output {FOLDER}",
        spec.name,
        spec.talos,
        spec.kubernetes,
        quoted(&spec.installer),
    );
    for mirror in &spec.mirrors {
        for endpoint in &mirror.endpoints {
            let pair = format!("{}={endpoint}", mirror.registry);
            line.push_str(&format!(" --registry-mirror {}", quoted(&pair)));
        }
    }
    let patches = [
        ("--config-patch", &spec.patches.cluster),
        ("--config-patch-control-plane", &spec.patches.control_plane),
        ("--config-patch-worker", &spec.patches.worker),
    ];
    for (flag, texts) in patches {
        for text in texts {
            line.push_str(&format!(" {flag} {}", quoted(text)));
        }
    }
    vec![line]
}

fn applies(spec: &ClusterSpec) -> Vec<String> {
    let apply = |node: &crete_model::ClusterNode| {
        let file = match node.role {
            NodeRole::ControlPlane => "controlplane",
            NodeRole::Worker => "worker",
        };
        let address = address_of(&spec.machine_name(node));
        let mut line =
            format!("talosctl apply-config --insecure -n {address} --file {FOLDER}/{file}.yaml");
        let own = spec
            .patches
            .nodes
            .iter()
            .filter(|one| one.node == node.name);
        for text in own.flat_map(|one| &one.patches) {
            line.push_str(&format!(" --config-patch {}", quoted(text)));
        }
        line
    };
    spec.nodes.iter().map(apply).collect()
}
