//! The machine, as its firmware tells of it.

use super::{Fields, spec};
use crate::identity::Identity;
use crate::store::Spec;
use crete_talos::api::wire::talos::resource::definitions::hardware as wire;

const MAKER: &str = "QEMU";
const VERSION: &str = "pc-q35-10.0";
/// Megahertz that QEMU tells.
const SPEED: u32 = 2000;

pub(crate) fn system(identity: &Identity) -> Spec {
    let message = wire::SystemInformationSpec {
        manufacturer: MAKER.to_owned(),
        product_name: "Standard PC (Q35 + ICH9, 2009)".to_owned(),
        version: VERSION.to_owned(),
        uuid: identity.uuid.clone(),
        wake_up_type: "Power Switch".to_owned(),
        ..wire::SystemInformationSpec::default()
    };
    let yaml = Fields::default()
        .some("manufacturer", &message.manufacturer)
        .some("productName", &message.product_name)
        .some("version", &message.version)
        .some("uuid", &message.uuid)
        .some("wakeUpType", &message.wake_up_type);
    spec(&message, &yaml.node())
}

pub(crate) fn processor(identity: &Identity) -> Spec {
    let message = wire::ProcessorSpec {
        socket: "CPU 0".to_owned(),
        manufacturer: MAKER.to_owned(),
        product_name: VERSION.to_owned(),
        max_speed: SPEED,
        boot_speed: SPEED,
        status: 65,
        core_count: identity.processor.cores,
        core_enabled: identity.processor.cores,
        thread_count: identity.processor.threads,
        ..wire::ProcessorSpec::default()
    };
    let yaml = Fields::default()
        .some("socket", &message.socket)
        .some("manufacturer", &message.manufacturer)
        .some("productName", &message.product_name)
        .bare("maxSpeedMhz", message.max_speed)
        .bare("bootSpeedMhz", message.boot_speed)
        .bare("status", message.status)
        .bare("coreCount", message.core_count)
        .bare("coreEnabled", message.core_enabled)
        .bare("threadCount", message.thread_count);
    spec(&message, &yaml.node())
}

pub(crate) fn memory_module(identity: &Identity) -> Spec {
    let message = wire::MemoryModuleSpec {
        size: u32::try_from(identity.memory >> 20).unwrap_or(u32::MAX),
        device_locator: "DIMM 0".to_owned(),
        manufacturer: MAKER.to_owned(),
        ..wire::MemoryModuleSpec::default()
    };
    let yaml = Fields::default()
        .bare("sizeMiB", message.size)
        .some("deviceLocator", &message.device_locator)
        .some("manufacturer", &message.manufacturer);
    spec(&message, &yaml.node())
}
