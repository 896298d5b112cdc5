//! The names of each environment, and the fields of what they stand for.

use super::check::{Environment, Object, Scope, Type};
use crate::Contract;

/// Sizes that have names.
pub(super) const UNITS: &[(&str, u64)] = &[
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("PB", 1_000_000_000_000_000),
    ("EB", 1_000_000_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("PiB", 1 << 50),
    ("EiB", 1 << 60),
];

impl Scope {
    pub(super) fn name_type(&self, name: &str) -> Option<Type> {
        use Environment::{Disk, Link, Member, MemoryShort, Ranking, Volume};
        let is_unit = UNITS.iter().any(|(unit, _)| *unit == name);
        if is_unit && self.environment != Link {
            return Some(Type::Uint);
        }
        match (self.environment, name) {
            (Disk | Volume | Member, "disk") => Some(Type::Object(Object::Disk)),
            (Disk | Member, "system_disk") => Some(Type::Bool),
            (Volume | Member, "volume") => Some(Type::Object(Object::Volume)),
            (Member, "volume_id") | (Ranking, "path") => Some(Type::Text),
            (Link, "link") => Some(Type::Object(Object::Link)),
            (
                MemoryShort | Ranking,
                "Besteffort" | "Burstable" | "Guaranteed" | "Podruntime" | "System",
            )
            | (Ranking, "class") => Some(Type::Int),
            (Ranking, "memory_max" | "memory_current" | "memory_peak")
            | (MemoryShort, "time_since_trigger") => Some(Type::Any),
            (MemoryShort, name) => pressure(name),
            _ => None,
        }
    }

    pub(super) fn field(&self, object: Object, name: &str) -> Option<Type> {
        let (texts, numbers, truths, lists): (&[&str], &[&str], &[&str], &[&str]) = match object {
            Object::Disk => (
                &[
                    "model",
                    "serial",
                    "modalias",
                    "wwid",
                    "bus_path",
                    "sub_system",
                    "transport",
                    "dev_path",
                    "pretty_size",
                    "uuid",
                ],
                &["size", "io_size", "sector_size"],
                &["readonly", "rotational", "cdrom"],
                &["secondary_disks", "symlinks"],
            ),
            Object::Volume => (
                &[
                    "name",
                    "uuid",
                    "label",
                    "partition_uuid",
                    "partition_type",
                    "partition_label",
                    "type",
                    "device_path",
                    "parent",
                    "dev_path",
                    "parent_dev_path",
                    "pretty_size",
                ],
                &[
                    "size",
                    "sector_size",
                    "io_size",
                    "block_size",
                    "filesystem_block_size",
                    "probed_size",
                    "partition_index",
                    "offset",
                ],
                &[],
                &[],
            ),
            Object::Link => {
                let newest = matches!(name, "vrf_master" | "veth");
                return link_field(name).filter(|_| !newest || self.contract >= Contract::V1_14);
            }
        };
        if name == "firmware_version" && object == Object::Disk {
            return (self.contract >= Contract::V1_14).then_some(Type::Text);
        }
        if name == "offset" && self.contract < Contract::V1_12 {
            return None;
        }
        let groups = [
            (texts, Type::Text),
            (numbers, Type::Uint),
            (truths, Type::Bool),
            (lists, Type::List),
        ];
        let found = groups.iter().find(|(names, _)| names.contains(&name));
        found.map(|(_, kind)| *kind)
    }
}

/// Names about memory pressure: of all, or of each class of processes.
fn pressure(name: &str) -> Option<Type> {
    let bare = name.strip_prefix("d_").unwrap_or(name);
    let (bare, by_class) = match bare.strip_prefix("qos_") {
        Some(bare) => (bare, true),
        None => (bare, false),
    };
    let rest = bare.strip_prefix("memory_")?;
    let known = match rest.split_once('_') {
        Some(("some" | "full", span)) => {
            matches!(span, "avg10" | "avg60" | "avg300" | "total")
        }
        None => by_class && matches!(rest, "current" | "peak" | "max"),
        Some(_) => false,
    };
    let found = if by_class { Type::Any } else { Type::Double };
    known.then_some(found)
}

fn link_field(name: &str) -> Option<Type> {
    match name {
        "index" | "link_index" | "flags" | "mtu" | "master_index" => Some(Type::Uint),
        "type" | "operational_state" | "port" | "duplex" => Some(Type::Any),
        "hardware_addr" | "broadcast_addr" | "permanent_addr" => Some(Type::Bytes),
        "queue_disc" | "kind" | "slave_kind" | "bus_path" | "pciid" | "driver"
        | "driver_version" | "firmware_version" | "product_id" | "vendor_id" | "product"
        | "vendor" | "alias" => Some(Type::Text),
        "link_state" => Some(Type::Bool),
        "speed_megabits" => Some(Type::Int),
        "alt_names" => Some(Type::List),
        "vlan" | "bridge_master" | "bond_master" | "wireguard" | "vrf_master" | "veth" => {
            Some(Type::Any)
        }
        _ => None,
    }
}
