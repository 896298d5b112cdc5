//! Which names, fields and types an expression may use.

use super::{Expression, Kind, Problem, Value};

/// What an expression can be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) enum Environment {
    /// `disk` and `system_disk`.
    Disk,
    /// `volume`, `disk` and `system_disk`.
    Volume,
    /// `link`.
    Link,
}

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
    ("B", 1),
    ("kB", 1_000),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("PB", 1_000_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("PiB", 1 << 50),
];

/// Finds the first thing that a node would refuse.
pub(in crate::config) fn check(
    expression: &Expression,
    environment: Environment,
) -> Result<(), Problem> {
    let found = type_of(expression, environment)?;
    if matches!(found, Type::Bool | Type::Any) {
        return Ok(());
    }
    Err(Problem {
        position: 0,
        reason: format!("expression output type is {}, expected bool", found.name()),
    })
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

fn type_of(expression: &Expression, environment: Environment) -> Result<Type, Problem> {
    let position = expression.position;
    let fault = |reason: String| Err(Problem { position, reason });
    let inner = |part: &Expression| type_of(part, environment);
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
        Kind::Name(name) => match name_type(name, environment) {
            Some(found) => Ok(found),
            None => fault(format!(
                "undeclared reference to '{name}' (in container '')"
            )),
        },
        Kind::Field(of, name) => match inner(of)? {
            Type::Object(object) => match field(object, name) {
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
        } => {
            if let Some(target) = target {
                inner(target)?;
            }
            // Macros bind names of their own, which only the node knows.
            if !matches!(
                name.as_str(),
                "all" | "exists" | "exists_one" | "filter" | "map"
            ) {
                arguments
                    .iter()
                    .try_for_each(|part| inner(part).map(drop))?;
            }
            Ok(result_of(name))
        }
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
        Kind::List(items) => {
            items.iter().try_for_each(|item| inner(item).map(drop))?;
            Ok(Type::List)
        }
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

fn name_type(name: &str, environment: Environment) -> Option<Type> {
    if UNITS.iter().any(|(unit, _)| *unit == name) {
        return Some(Type::Uint);
    }
    match (environment, name) {
        (Environment::Disk | Environment::Volume, "disk") => Some(Type::Object(Object::Disk)),
        (Environment::Disk | Environment::Volume, "system_disk") => Some(Type::Bool),
        (Environment::Volume, "volume") => Some(Type::Object(Object::Volume)),
        (Environment::Link, "link") => Some(Type::Object(Object::Link)),
        _ => None,
    }
}

fn field(object: Object, name: &str) -> Option<Type> {
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
            return link_field(name);
        }
    };
    let groups = [
        (texts, Type::Text),
        (numbers, Type::Uint),
        (truths, Type::Bool),
        (lists, Type::List),
    ];
    let found = groups.iter().find(|(names, _)| names.contains(&name));
    found.map(|(_, kind)| *kind)
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
        "vlan" | "bridge_master" | "bond_master" | "wireguard" => Some(Type::Any),
        _ => None,
    }
}
