//! The shape of what a container runtime is told, as JSON is read into it.

use crate::Contract;
use crate::yaml::{Entry, Kind, Node, Plain, resolve};
use serde_json::Value;
use std::sync::OnceLock;

fn tables() -> &'static Value {
    static TABLES: OnceLock<Value> = OnceLock::new();
    TABLES.get_or_init(|| {
        // The text is a part of the program; a test reads it.
        let text = include_str!("../../../schema/runtime-spec.json");
        serde_json::from_str(text).unwrap_or_default()
    })
}

/// The first value that is of a wrong type, in Go's words.
pub(super) fn problem(overrides: &Node, contract: Contract) -> Option<String> {
    let mut walk = Walk {
        fields: Vec::new(),
        owner: "",
        newest: contract >= Contract::V1_14,
    };
    walk.value(overrides, "specs.Spec")
}

struct Walk {
    fields: Vec<String>,
    /// The type around the value.
    owner: &'static str,
    /// Places in lists and maps are named too, and the outermost type.
    newest: bool,
}

impl Walk {
    fn value(&mut self, node: &Node, go: &'static str) -> Option<String> {
        if node.is_null() {
            return None;
        }
        if let Some(inner) = go.strip_prefix("[]") {
            return self.list(node, go, inner);
        }
        if let Some((_, inner)) = go
            .strip_prefix("map[")
            .and_then(|rest| rest.split_once(']'))
        {
            let Kind::Mapping(entries) = &node.kind else {
                return self.wrong(node, go);
            };
            return in_order(entries)
                .find_map(|entry| self.inside(&entry.key, &entry.value, inner));
        }
        if let Some(keys) = tables()["types"].get(go) {
            let Kind::Mapping(entries) = &node.kind else {
                return self.wrong(node, go);
            };
            let name = go.rsplit('.').next().unwrap_or_default();
            let around = self.owner;
            if around.is_empty() || !self.newest {
                self.owner = name;
            }
            let found = in_order(entries).find_map(|entry| {
                let (key, inner) = field(keys, &entry.key)?;
                let shown = if self.newest { &entry.key } else { key };
                self.fields.push(shown.to_owned());
                let found = self.value(&entry.value, inner);
                self.fields.pop();
                found
            });
            self.owner = around;
            return found;
        }
        let kind = tables()["aliases"][go].as_str().unwrap_or(go);
        let fits = match kind {
            "interface {}" => true,
            "bool" => is(node, Plain::Bool),
            "string" => is_text(node),
            _ => fits_number(node, kind),
        };
        if fits { None } else { self.wrong(node, go) }
    }

    fn list(&mut self, node: &Node, go: &'static str, inner: &'static str) -> Option<String> {
        let Kind::Sequence(items) = &node.kind else {
            return self.wrong(node, go);
        };
        let mut items = items.iter().enumerate();
        items.find_map(|(index, item)| self.inside(&index.to_string(), item, inner))
    }

    /// An element, whose place is named from 1.14 on.
    fn inside(&mut self, place: &str, node: &Node, go: &'static str) -> Option<String> {
        if self.newest {
            self.fields.push(place.to_owned());
        }
        let found = self.value(node, go);
        if self.newest {
            self.fields.pop();
        }
        found
    }

    fn wrong(&self, node: &Node, go: &str) -> Option<String> {
        let what = match &node.kind {
            Kind::Sequence(_) => "array".to_owned(),
            Kind::Mapping(_) => "object".to_owned(),
            Kind::Scalar { text, plain } => match (plain, resolve(text)) {
                (true, Plain::Bool) => "bool".to_owned(),
                (true, Plain::Integer(_) | Plain::Float) => {
                    let number = tables()["aliases"][go].as_str().unwrap_or(go);
                    let counted = number.starts_with("int")
                        || number.starts_with("uint")
                        || number.starts_with("float");
                    if counted {
                        format!("number {text}")
                    } else {
                        "number".to_owned()
                    }
                }
                _ => "string".to_owned(),
            },
        };
        let place = match self.fields.as_slice() {
            [] => "Go value".to_owned(),
            // An element of a list is no field.
            [.., last] if last.parse::<usize>().is_ok() => {
                format!("{}.{}", self.owner, self.fields.join("."))
            }
            fields => format!("Go struct field {}.{}", self.owner, fields.join(".")),
        };
        Some(format!(
            "json: cannot unmarshal {what} into {place} of type {go}"
        ))
    }
}

/// Keys are read in order, and whatever the case of their letters.
fn in_order(entries: &[Entry]) -> impl Iterator<Item = &Entry> {
    let mut sorted: Vec<&Entry> = entries.iter().collect();
    sorted.sort_by(|a, b| a.key.cmp(&b.key));
    sorted.into_iter()
}

fn field(keys: &'static Value, key: &str) -> Option<(&'static str, &'static str)> {
    let keys = keys.as_object()?;
    let exact = keys.get_key_value(key);
    let close = || keys.iter().find(|(one, _)| one.eq_ignore_ascii_case(key));
    let (key, go) = exact.or_else(close)?;
    Some((key, go.as_str()?))
}

fn is(node: &Node, wanted: Plain) -> bool {
    matches!(&node.kind, Kind::Scalar { text, plain: true } if resolve(text) == wanted)
}

fn is_text(node: &Node) -> bool {
    match &node.kind {
        Kind::Scalar { plain: false, .. } => true,
        Kind::Scalar { text, plain: true } => {
            matches!(resolve(text), Plain::Text | Plain::Timestamp)
        }
        _ => false,
    }
}

fn fits_number(node: &Node, kind: &str) -> bool {
    let Kind::Scalar { text, plain: true } = &node.kind else {
        return false;
    };
    let bits: u32 = kind
        .trim_start_matches(|c: char| c.is_ascii_lowercase())
        .parse()
        .unwrap_or(64);
    let range = match kind.starts_with('u') {
        true => 0..=(1_i128 << bits) - 1,
        false => -(1_i128 << (bits - 1))..=(1_i128 << (bits - 1)) - 1,
    };
    match resolve(text) {
        Plain::Integer(number) => range.contains(&number),
        Plain::Float => kind.starts_with("float"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml;

    #[test]
    fn the_first_wrong_type_is_named() {
        let said = |text: &str| problem(&yaml::read_one(text).unwrap().unwrap(), Contract::V1_14);
        assert_eq!(said("process:\n  noNewPrivileges: true\n"), None);
        assert_eq!(
            said("process: x\n").as_deref(),
            Some(
                "json: cannot unmarshal string into Go struct field Spec.process of type specs.Process"
            )
        );
    }
}
