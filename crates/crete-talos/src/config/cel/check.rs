//! Which names, fields and types an expression may use.

use super::{Expression, Kind, Problem, Value};
use crate::Contract;

/// What an expression can be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) enum Environment {
    /// `disk` and `system_disk`.
    Disk,
    /// `volume` and `disk`.
    Volume,
    /// A part of something larger: `volume`, `disk`, `system_disk` and `volume_id`.
    Member,
    /// `link`.
    Link,
    /// How pressed for memory the machine is.
    MemoryShort,
    /// How much memory a group of processes uses.
    Ranking,
}

/// What an expression must give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) enum Wanted {
    /// True or false.
    Truth,
    /// A number with a fraction.
    Number,
}

/// How a refusal of what an expression gives starts.
pub(super) const OUTPUT: &str = "expression output type is ";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Bool,
    Int,
    Uint,
    Double,
    Text,
    Bytes,
    List,
    Object(Object),
    Any,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Object {
    Disk,
    Volume,
    Link,
}

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

/// Finds the first thing that a node would refuse.
pub(in crate::config) fn check(
    expression: &Expression,
    environment: Environment,
    wanted: Wanted,
    contract: Contract,
) -> Result<(), Problem> {
    let scope = Scope {
        environment,
        contract,
    };
    let found = scope.type_of(expression)?;
    let (fits, name) = match wanted {
        Wanted::Truth => (Type::Bool, "bool"),
        Wanted::Number => (Type::Double, "double"),
    };
    if found == fits || found == Type::Any {
        return Ok(());
    }
    Err(Problem {
        position: 0,
        reason: format!("{OUTPUT}{}, expected {name}", found.name()),
    })
}

/// The names that an expression may use.
struct Scope {
    environment: Environment,
    contract: Contract,
}

impl Type {
    fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Uint => "uint",
            Self::Double => "double",
            Self::Text => "string",
            Self::Bytes => "bytes",
            Self::List => "list(string)",
            Self::Object(Object::Disk) => "talos.resource.definitions.block.DiskSpec",
            Self::Object(Object::Volume) => "talos.resource.definitions.block.DiscoveredVolumeSpec",
            Self::Object(Object::Link) => "talos.resource.definitions.network.LinkStatusSpec",
            Self::Any => "dyn",
        }
    }
}

impl Scope {
    fn type_of(&self, expression: &Expression) -> Result<Type, Problem> {
        let position = expression.position;
        let fault = |reason: String| Err(Problem { position, reason });
        let inner = |part: &Expression| self.type_of(part);
        match &expression.kind {
            Kind::Literal(value) => Ok(match value {
                Value::Bool(_) => Type::Bool,
                Value::Int(_) => Type::Int,
                Value::Uint(_) => Type::Uint,
                Value::Double(_) => Type::Double,
                Value::Text(_) => Type::Text,
                Value::List(_) => Type::List,
                Value::Null => Type::Any,
            }),
            Kind::Name(name) => match self.name_type(name) {
                Some(found) => Ok(found),
                None => fault(format!(
                    "undeclared reference to '{name}' (in container '')"
                )),
            },
            Kind::Field(of, name) => match inner(of)? {
                Type::Object(object) => match self.field(object, name) {
                    Some(found) => Ok(found),
                    None => fault(format!("undefined field '{name}'")),
                },
                Type::Any => Ok(Type::Any),
                other => fault(format!(
                    "type '{}' does not support field selection",
                    other.name()
                )),
            },
            Kind::Index(of, index) => {
                inner(of)?;
                inner(index)?;
                Ok(Type::Any)
            }
            Kind::Call {
                target,
                name,
                arguments,
            } => self.call(target.as_deref(), name, arguments),
            Kind::Not(of) => match inner(of)? {
                Type::Bool | Type::Any => Ok(Type::Bool),
                other => fault(overload("!_", &[other])),
            },
            Kind::Minus(of) => inner(of),
            Kind::Binary(operator, left, right) => {
                let (left, right) = (inner(left)?, inner(right)?);
                binary(operator, left, right).map_or_else(
                    || fault(overload(&format!("_{operator}_"), &[left, right])),
                    Ok,
                )
            }
            Kind::Choice(condition, yes, no) => {
                inner(condition)?;
                let yes = inner(yes)?;
                inner(no)?;
                Ok(yes)
            }
            Kind::Map(pairs) => {
                for (key, value) in pairs {
                    inner(key)?;
                    inner(value)?;
                }
                Ok(Type::Any)
            }
            Kind::List(items) => {
                items.iter().try_for_each(|item| inner(item).map(drop))?;
                Ok(Type::List)
            }
        }
    }
}

impl Scope {
    fn call(
        &self,
        target: Option<&Expression>,
        name: &str,
        arguments: &[Expression],
    ) -> Result<Type, Problem> {
        if let Some(target) = target {
            self.type_of(target)?;
        }
        // Macros bind names of their own, which only the node knows.
        if !matches!(name, "all" | "exists" | "exists_one" | "filter" | "map") {
            for argument in arguments {
                self.type_of(argument)?;
            }
        }
        Ok(result_of(name))
    }
}

fn overload(name: &str, types: &[Type]) -> String {
    let types: Vec<&str> = types.iter().map(|one| one.name()).collect();
    format!(
        "found no matching overload for '{name}' applied to '({})'",
        types.join(", ")
    )
}

fn binary(operator: &str, left: Type, right: Type) -> Option<Type> {
    let any = left == Type::Any || right == Type::Any;
    match operator {
        "&&" | "||" => {
            let fits = |one| matches!(one, Type::Bool | Type::Any);
            (fits(left) && fits(right)).then_some(Type::Bool)
        }
        "in" => Some(Type::Bool),
        "==" | "!=" | "<" | "<=" | ">" | ">=" => (any || left == right).then_some(Type::Bool),
        _ if any => Some(Type::Any),
        _ => (left == right).then_some(left),
    }
}

fn result_of(function: &str) -> Type {
    match function {
        "startsWith" | "endsWith" | "contains" | "matches" | "has" | "glob" | "all" | "exists"
        | "exists_one" => Type::Bool,
        "int" | "size" => Type::Int,
        "uint" => Type::Uint,
        "double" => Type::Double,
        "string" | "lowerAscii" | "upperAscii" | "mac" | "replace" | "trim" => Type::Text,
        _ => Type::Any,
    }
}

impl Scope {
    fn name_type(&self, name: &str) -> Option<Type> {
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

    fn field(&self, object: Object, name: &str) -> Option<Type> {
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
