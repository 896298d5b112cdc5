//! The running system.

use super::{Fields, list, spec};
use crate::boot::Stage;
use crate::identity::Identity;
use crate::services::{Health, Service};
use crate::store::{Kind, Spec};
use crete_talos::api::wire::resource::config;
use crete_talos::api::wire::talos::resource::definitions::{
    extensions, runtime as wire, time, v1alpha1,
};
use crete_talos::yaml::Node;

fn stage_name(stage: Stage) -> &'static str {
    match stage {
        Stage::Unknown => "unknown",
        Stage::Booting => "booting",
        Stage::Installing => "installing",
        Stage::Maintenance => "maintenance",
        Stage::Running => "running",
        Stage::Rebooting => "rebooting",
        Stage::ShuttingDown => "shutting down",
        Stage::Resetting => "resetting",
        Stage::Upgrading => "upgrading",
    }
}

pub(crate) fn machine_status(stage: Stage, unmet: &[(String, String)]) -> Spec {
    let conditions = unmet.iter().map(|(name, reason)| wire::UnmetCondition {
        name: name.clone(),
        reason: reason.clone(),
    });
    let message = wire::MachineStatusSpec {
        // The numbers are the same in both enumerations.
        stage: stage.into(),
        status: Some(wire::MachineStatusStatus {
            ready: unmet.is_empty(),
            unmet_conditions: conditions.collect(),
        }),
    };
    let conditions = unmet.iter().map(|(name, reason)| {
        Fields::default()
            .text("name", name)
            .text("reason", reason)
            .node()
    });
    let status = Fields::default()
        .bare("ready", unmet.is_empty())
        .with("unmetConditions", Node::list(conditions.collect()));
    let yaml = Fields::default()
        .text("stage", stage_name(stage))
        .with("status", status.node());
    spec(&message, &yaml.node())
}

/// True for a static pod's status that says so.
pub(crate) fn is_ready(spec: &Spec) -> bool {
    super::kubernetes::is_ready(spec)
}

pub(crate) fn version(tag: &str) -> Spec {
    let message = config::VersionSpec {
        version: tag.to_owned(),
    };
    spec(&message, &Fields::default().text("version", tag).node())
}

pub(crate) fn security_state(uki: bool) -> Spec {
    let message = wire::SecurityStateSpec {
        booted_with_uki: uki,
        module_signature_enforced: uki,
        ..wire::SecurityStateSpec::default()
    };
    let mut yaml = Fields::default().bare("secureBoot", false);
    if uki {
        yaml = yaml
            .bare("bootedWithUKI", true)
            .bare("moduleSignatureEnforced", true);
    }
    spec(&message, &yaml.node())
}

pub(crate) fn diagnostic(text: &str, details: &[String]) -> Spec {
    let message = wire::DiagnosticSpec {
        message: text.to_owned(),
        details: details.to_vec(),
    };
    let yaml = Fields::default()
        .text("message", text)
        .with("details", list(details));
    spec(&message, &yaml.node())
}

pub(crate) fn extension(name: &str, version: &str) -> Spec {
    let metadata = extensions::Metadata {
        name: name.to_owned(),
        version: version.to_owned(),
        ..extensions::Metadata::default()
    };
    let message = extensions::Layer {
        image: format!("{name}.sqsh"),
        metadata: Some(metadata),
    };
    let metadata = Fields::default()
        .text("name", name)
        .text("version", version);
    let yaml = Fields::default()
        .text("image", &message.image)
        .with("metadata", metadata.node());
    spec(&message, &yaml.node())
}

pub(crate) fn service(service: &Service) -> Spec {
    let healthy = matches!(service.health, Health::Good(_));
    let unknown = matches!(service.health, Health::Unknown(_));
    let message = v1alpha1::ServiceSpec {
        running: service.is_running(),
        healthy,
        unknown,
    };
    let yaml = Fields::default()
        .bare("running", message.running)
        .bare("healthy", healthy)
        .bare("unknown", unknown);
    spec(&message, &yaml.node())
}

pub(crate) fn cmdline(identity: &Identity) -> Spec {
    let message = wire::KernelCmdlineSpec {
        cmdline: identity.cmdline.clone(),
    };
    spec(
        &message,
        &Fields::default().text("cmdline", &identity.cmdline).node(),
    )
}

pub(crate) fn meta_key(value: &str) -> Spec {
    let message = wire::MetaKeySpec {
        value: value.to_owned(),
    };
    spec(&message, &Fields::default().text("value", value).node())
}

pub(crate) fn platform(identity: &Identity) -> Spec {
    let message = wire::PlatformMetadataSpec {
        platform: "metal".to_owned(),
        instance_id: identity.uuid.clone(),
        ..wire::PlatformMetadataSpec::default()
    };
    let yaml = Fields::default()
        .text("platform", "metal")
        .text("instanceId", &identity.uuid);
    spec(&message, &yaml.node())
}

pub(crate) fn time_status(synchronized: bool, disabled: bool) -> Spec {
    let message = time::StatusSpec {
        synced: synchronized || disabled,
        epoch: 0,
        sync_disabled: disabled,
    };
    let yaml = Fields::default()
        .bare("synced", message.synced)
        .bare("epoch", message.epoch)
        .bare("syncDisabled", disabled);
    spec(&message, &yaml.node())
}

pub(crate) fn machine_type(control_plane: bool) -> Spec {
    use config::machine_type_spec::MachineType;
    let (kind, name) = match control_plane {
        true => (MachineType::ControlPlane, "controlplane"),
        false => (MachineType::Worker, "worker"),
    };
    let message = config::MachineTypeSpec {
        machine_type: kind.into(),
    };
    spec(&message, &Node::text(name))
}

pub(crate) fn machine_config(text: &str) -> Spec {
    let message = config::MachineConfigSpec {
        yaml_marshalled: text.as_bytes().to_vec(),
    };
    Spec {
        proto: prost::Message::encode_to_vec(&message),
        yaml: text.to_owned(),
    }
}

/// What a kind is, as the catalogue of kinds tells it.
pub(crate) fn definition(kind: Kind) -> Spec {
    let yaml = Fields::default()
        .text("type", kind.name)
        .text(
            "displayType",
            kind.name.split('.').next().unwrap_or_default(),
        )
        .text("defaultNamespace", kind.namespace);
    let yaml = match kind.sensitive {
        true => yaml.text("sensitivity", "sensitive"),
        false => yaml,
    };
    Spec {
        proto: Vec::new(),
        yaml: crete_talos::yaml::emit(&yaml.node()),
    }
}
