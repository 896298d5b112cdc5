//! What Talos says about a configuration: the rules that need only the text, and those that look
//! at the machine.
//!
//! ```text
//! Configuration ─▶ main document ─┐
//!               ├▶ each document ─┼▶ Findings ─▶ Verdict (errors, warnings, Talos' own text)
//!               ├▶ between them  ─┤
//!               └▶ the machine   ─┘
//! ```

mod addresses;
mod between;
mod between_kubernetes;
mod bgp;
mod cluster;
mod container_order;
mod containers;
mod device_parts;
mod devices;
mod discovery;
mod documents;
mod encryption;
mod findings;
mod images;
mod kubernetes;
mod kubernetes_images;
mod kubernetes_network;
mod labels;
mod links;
mod machine;
mod main_disks;
mod main_document;
mod main_features;
mod main_network;
mod network;
mod probes;
mod registries;
mod routing;
mod runtime_spec_shape;
mod selectors;
mod storage;
mod volumes;

use super::fault::{Fault, Stage, What};
use super::{Configuration, cel::Value};
use crate::Contract;
use findings::Findings;
pub(super) use kubernetes_images::minor as kubernetes_minor;

/// Where Talos runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// On a machine of its own, which it installs itself on.
    Metal,
    /// In a cloud, from a disk image.
    Cloud,
    /// In a container.
    Container,
}

/// A disk of the machine, as a selector sees it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Disk {
    /// `/dev/vda`.
    pub dev_path: String,
    /// Bytes.
    pub size: u64,
    /// `virtio`, `nvme`, `sata` and the like; empty when unknown.
    pub transport: String,
    /// The model; empty when unknown.
    pub model: String,
    /// The serial number; empty when unknown.
    pub serial: String,
    /// The world wide id; empty when unknown.
    pub wwid: String,
    /// Where it hangs.
    pub bus_path: String,
    /// True when it cannot be written.
    pub readonly: bool,
    /// True for spinning disks.
    pub rotational: bool,
    /// True for CD drives.
    pub cdrom: bool,
}

impl Disk {
    /// The value of a selector's name or field; nothing for what is not kept here.
    fn lookup(&self, object: &str, field: &str) -> Option<Value> {
        let text = |text: &String| Some(Value::Text(text.clone()));
        match (object, field) {
            ("disk", "dev_path") => text(&self.dev_path),
            ("disk", "transport") => text(&self.transport),
            ("disk", "model") => text(&self.model),
            ("disk", "serial") => text(&self.serial),
            ("disk", "wwid") => text(&self.wwid),
            ("disk", "bus_path") => text(&self.bus_path),
            ("disk", "size") => Some(Value::Uint(self.size)),
            ("disk", "readonly") => Some(Value::Bool(self.readonly)),
            ("disk", "rotational") => Some(Value::Bool(self.rotational)),
            ("disk", "cdrom") => Some(Value::Bool(self.cdrom)),
            ("system_disk", "") => Some(Value::Bool(false)),
            _ => None,
        }
    }
}

/// The machine that is to take a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// Its exact version of Talos, without `v`: texts quote it.
    pub talos_version: String,
    /// Its disks.
    pub disks: Vec<Disk>,
    /// True when Talos is installed already: then nothing has to say where to.
    pub installed: bool,
}

/// What Talos says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The step that refused; nothing when it is accepted.
    pub refused_at: Option<Stage>,
    /// Every error with its place.
    pub errors: Vec<Fault>,
    /// What is accepted and regretted.
    pub warnings: Vec<Fault>,
    /// The error as Talos prints it; empty when there is none. May quote values.
    pub text: String,
}

impl Verdict {
    /// True when Talos takes the configuration.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        self.refused_at.is_none()
    }

    fn of(findings: &Findings, contract: Contract, stage: Stage) -> Self {
        let errors = findings.flat(contract);
        Self {
            refused_at: (!errors.is_empty()).then_some(stage),
            errors,
            warnings: findings.warnings.clone(),
            text: findings.text(contract),
        }
    }
}

impl Configuration {
    /// What `talosctl validate` of the version says.
    #[must_use]
    pub fn validate(&self, contract: Contract, mode: Mode) -> Verdict {
        let findings = self.findings(contract, mode, None, false);
        Verdict::of(&findings, contract, Stage::Static)
    }

    /// What a machine says when the configuration is applied to it.
    ///
    /// The rules that look at the machine come after the others up to 1.13, and beside them from
    /// 1.14 on. Whether the disk that is named exists is checked by no version: the installation
    /// fails, and the configuration is forgotten. See [`Configuration::missing_disk`].
    #[must_use]
    pub fn judge(&self, contract: Contract, mode: Mode, machine: &Machine) -> Verdict {
        let version = (contract >= Contract::V1_14).then_some(machine.talos_version.as_str());
        let mut findings = self.findings(contract, mode, version, machine.installed);
        if contract < Contract::V1_14 && !findings.is_clean() {
            return Verdict::of(&findings, contract, Stage::Static);
        }
        findings.next_group();
        self.look_at_machine(contract, mode, machine, &mut findings);
        Verdict::of(&findings, contract, Stage::Node)
    }

    /// The disk to install on, when it is named and the machine has no such disk.
    #[must_use]
    pub fn missing_disk(&self, machine: &Machine) -> Option<Fault> {
        let install = self.main()?.node.at(&["machine", "install"])?;
        let disk = install
            .get("disk")
            .filter(|_| install.get("diskSelector").is_none())?;
        let name = disk.as_text()?;
        if machine.installed || machine.disks.iter().any(|there| there.dev_path == name) {
            return None;
        }
        let known: Vec<&str> = machine
            .disks
            .iter()
            .filter(|disk| !disk.readonly && !disk.cdrom)
            .map(|disk| disk.dev_path.as_str())
            .collect();
        let text = format!("there is no disk {name}; there are: {}", known.join(", "));
        Some(Fault::new("machine.install.disk", disk.line, text).of(What::DiskMissing))
    }

    fn findings(
        &self,
        contract: Contract,
        mode: Mode,
        version: Option<&str>,
        installed: bool,
    ) -> Findings {
        let mut findings = Findings::default();
        if let Some(main) = self.main() {
            main_document::check(&main.node, contract, mode, installed, &mut findings);
            if let Some(version) = version {
                kubernetes_images::check_main(&main.node, contract, version, &mut findings);
            }
        }
        documents::check(self, contract, version, &mut findings);
        between::check(self, contract, mode, &mut findings);
        findings
    }

    fn look_at_machine(
        &self,
        contract: Contract,
        mode: Mode,
        machine: &Machine,
        findings: &mut Findings,
    ) {
        let Some(main) = self.main() else {
            return;
        };
        if mode == Mode::Metal && !machine.installed {
            selectors::match_disks(&main.node, &machine.disks, findings);
        }
        let extensions = main.node.at(&["machine", "install", "extensions"]);
        if contract >= Contract::V1_14 && extensions.is_some_and(|list| !list.items().is_empty()) {
            findings.warn(main_features::extensions_warning(contract));
        }
        if contract > Contract::V1_10 && contract < Contract::V1_14 {
            let version = &machine.talos_version;
            kubernetes_images::check_main(&main.node, contract, version, findings);
        }
    }
}
