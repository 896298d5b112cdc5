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
pub(super) enum Type {
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
pub(super) enum Object {
    Disk,
    Volume,
    Link,
}

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
pub(super) struct Scope {
    pub environment: Environment,
    pub contract: Contract,
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
