//! The same by hand: what a person would type without Crete. To read and copy, never run.
//!
//! What Crete's network process does is done by a bridge, dnsmasq and haproxy of the system here:
//! fixed addresses by card, and one address that leads to all control planes. So every line can be
//! copied as it stands.

mod hand;

use crate::Engine;
use crate::error::{EngineError, Result, internal};
use crete_factory::schematic;
use crete_model::{
    Accelerator, Arch, ClusterDraft, ClusterId, ClusterSpec, CommandStep, EndpointKind,
    FirmwareInfo, ImageOrigin, ImageSpec, NodeRole, SecretsSource, StageCode,
};
use crete_net::Subnet;
use crete_talos::Contract;
use hand::{Hand, host};
use std::path::Path;

/// The subnet where none is known yet: the one that talosctl takes.
const SUBNET: &str = "10.5.0.0/24";
/// Where distributions keep the firmware when none was found on this computer.
const FIRMWARE: [(Arch, &str, &str); 2] = [
    (
        Arch::Amd64,
        "/usr/share/OVMF/OVMF_CODE_4M.fd",
        "/usr/share/OVMF/OVMF_VARS_4M.fd",
    ),
    (
        Arch::Arm64,
        "/usr/share/AAVMF/AAVMF_CODE.fd",
        "/usr/share/AAVMF/AAVMF_VARS.fd",
    ),
];

/// Where the file comes from that machines start from.
#[derive(Debug, Clone, PartialEq)]
enum Source {
    /// The factory makes it of a schematic, once it was told that.
    Factory {
        schematics: String,
        yaml: String,
        url: String,
        asset: String,
    },
    /// A file of the person's, which is in the library.
    File { path: String, format: &'static str },
}

/// What is known beside the cluster itself.
#[derive(Debug, Clone)]
struct Bench {
    source: Source,
    accelerator: Accelerator,
    firmware: FirmwareInfo,
    subnet: Subnet,
    /// The file whose secrets the cluster is made with, and what it is; nothing for new ones.
    secrets: Option<(SecretsSource, String)>,
}

impl Engine {
    /// Commands that would make what a draft says, step by step.
    ///
    /// # Errors
    /// When there is no such image.
    pub fn draft_commands(&self, draft: &ClusterDraft) -> Result<Vec<CommandStep>> {
        let missing = || EngineError::NotFound {
            kind: "image",
            id: draft.name.clone(),
        };
        let spec = self.spec_of_draft(draft).ok_or_else(missing)?;
        let path = draft.secrets_file.trim();
        let secrets = (!path.is_empty()).then(|| {
            let text = crate::access::read_file(Path::new(path)).ok();
            let source = text.map_or(SecretsSource::Bundle, |read| read.source);
            (source, path.to_owned())
        });
        self.commands_of(&spec, secrets)
    }

    /// Commands that would make a cluster that is there once more.
    ///
    /// # Errors
    /// When there is no such cluster, or its image is gone.
    pub fn cluster_commands(&self, id: ClusterId) -> Result<Vec<CommandStep>> {
        let mut spec = self.cluster(id)?.spec;
        spec.nodes.retain(|node| !node.leaving);
        self.commands_of(&spec, None)
    }

    fn commands_of(
        &self,
        spec: &ClusterSpec,
        secrets: Option<(SecretsSource, String)>,
    ) -> Result<Vec<CommandStep>> {
        let report = self.host.get(crate::host::REPORT);
        let accelerator = report.as_ref().map(|report| report.accelerator);
        let found = report.and_then(|report| {
            let mut all = report.firmware.into_iter();
            all.find(|firmware| firmware.arch == spec.arch)
        });
        let network = spec
            .network
            .and_then(|id| self.networks.get(&id.to_string()));
        let subnet = match network {
            Some(view) => view.spec.subnet,
            None if spec.subnet.is_empty() => SUBNET.to_owned(),
            None => spec.subnet.clone(),
        };
        let bench = Bench {
            source: self.source_of(spec)?,
            accelerator: accelerator.unwrap_or(Accelerator::Kvm),
            firmware: found.unwrap_or_else(|| usual_firmware(spec.arch)),
            // What was typed may be nonsense; its field says so.
            subnet: subnet
                .parse()
                .or_else(|_| SUBNET.parse())
                .map_err(internal)?,
            secrets,
        };
        commands(spec, &bench)
    }

    fn own_file(&self, image: Option<&ImageSpec>) -> Result<Source> {
        let file = image.and_then(|image| Some((image.id, image.file.as_ref()?)));
        let (id, file) = file.ok_or_else(|| EngineError::NotFound {
            kind: "image",
            id: image.map(|image| image.id.to_string()).unwrap_or_default(),
        })?;
        let path = self.roots.image(id).join(&file.name);
        Ok(Source::File {
            path: path.display().to_string(),
            format: file.format.qemu(),
        })
    }

    fn source_of(&self, spec: &ClusterSpec) -> Result<Source> {
        let image = spec.image.and_then(|id| self.image(id).ok());
        let image = image.map(|view| view.spec);
        let origin = image.as_ref().map(|image| &image.origin);
        let (recipe, asset) = match (origin, &spec.schematic) {
            (Some(ImageOrigin::Factory(origin)), _) => (&origin.schematic, Some(&origin.asset)),
            (None, Some(schematic)) => (schematic, None),
            (Some(ImageOrigin::Imported(_)) | None, _) => return self.own_file(image.as_ref()),
        };
        let choice = self.choice_of(spec);
        let usual = crete_factory::asset_name(choice.arch, choice.medium, &choice.version);
        let asset = asset.cloned().unwrap_or(usual);
        let url = self.asset_url(&schematic::id(recipe), &choice, &asset)?;
        Ok(Source::Factory {
            schematics: format!(
                "{}/schematics",
                self.factory_url()?.as_str().trim_end_matches('/')
            ),
            yaml: schematic::canonical(recipe),
            url: url.to_string(),
            asset,
        })
    }
}

fn usual_firmware(arch: Arch) -> FirmwareInfo {
    let known = FIRMWARE.iter().find(|(of, ..)| *of == arch);
    let (_, code, vars) = known.unwrap_or(&FIRMWARE[0]);
    FirmwareInfo {
        code: (*code).to_owned(),
        vars_template: (*vars).to_owned(),
        format: "raw".to_owned(),
        arch,
    }
}

/// All steps. Pure.
fn commands(spec: &ClusterSpec, bench: &Bench) -> Result<Vec<CommandStep>> {
    let gateway = bench.subnet.gateway();
    let endpoint = match &spec.endpoint {
        EndpointKind::LoadBalancer => gateway,
        EndpointKind::VirtualIp { address } => {
            address.trim().parse().unwrap_or_else(|_| host(gateway, 5))
        }
    };
    let hand = Hand {
        spec,
        bench,
        contract: Contract::of(&spec.talos).map_err(internal)?,
        endpoint,
    };
    let mut steps = vec![
        step(StageCode::ClusterImage, hand.image()),
        step(StageCode::ClusterNetwork, hand.network()),
        step(StageCode::ClusterMachines, hand.disks()),
        step(StageCode::SwitchOn, hand.machines()),
    ];
    if spec.leave_in_maintenance {
        return Ok(steps);
    }
    let config = format!("--talosconfig {}/talosconfig", spec.name);
    let first = hand.addresses(NodeRole::ControlPlane).next();
    let first = first.map(|(_, address)| address.to_string());
    let first = first.unwrap_or_default();
    let talosctl = format!("talosctl {config} -e {first} -n {first}");
    steps.extend([
        step(StageCode::Configuration, hand.configurations()),
        step(StageCode::Apply, hand.applies()),
        step(StageCode::Bootstrap, vec![format!("{talosctl} bootstrap")]),
        step(
            StageCode::HealthChecks,
            vec![format!("{talosctl} health{}", hand.members())],
        ),
        step(
            StageCode::Access,
            vec![format!("{talosctl} kubeconfig {}/kubeconfig", spec.name)],
        ),
    ]);
    Ok(steps)
}

fn step(code: StageCode, lines: Vec<String>) -> CommandStep {
    CommandStep { code, lines }
}

#[cfg(test)]
mod tests;
