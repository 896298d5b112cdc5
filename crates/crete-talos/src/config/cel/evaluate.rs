//! The value of an expression for one disk.

use super::names::UNITS;
use super::{Expression, Kind};
use std::cmp::Ordering;

/// A value in an expression.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::config) enum Value {
    /// True or false.
    Bool(bool),
    /// A whole number with a sign.
    Int(i64),
    /// A whole number without one.
    Uint(u64),
    /// A number with a fraction.
    Double(f64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Value>),
    /// Nothing.
    Null,
}

/// Whether an expression is true; nothing when it uses what is not known here.
pub(in crate::config) fn matches(
    expression: &Expression,
    lookup: &dyn Fn(&str, &str) -> Option<Value>,
) -> Option<bool> {
    match value(expression, lookup)? {
        Value::Bool(truth) => Some(truth),
        _ => None,
    }
}

/// `lookup` gives the field of an object, or the value of a name when the field is empty.
fn value(expression: &Expression, lookup: &dyn Fn(&str, &str) -> Option<Value>) -> Option<Value> {
    let inner = |part: &Expression| value(part, lookup);
    match &expression.kind {
        Kind::Literal(value) => Some(value.clone()),
        Kind::Name(name) => match UNITS.iter().find(|(unit, _)| unit == name) {
            Some((_, size)) => Some(Value::Uint(*size)),
            None => lookup(name, ""),
        },
        Kind::Field(of, name) => match &of.kind {
            Kind::Name(object) => lookup(object, name),
            _ => None,
        },
        Kind::Not(of) => match inner(of)? {
            Value::Bool(truth) => Some(Value::Bool(!truth)),
            _ => None,
        },
        Kind::Minus(of) => match inner(of)? {
            Value::Int(number) => number.checked_neg().map(Value::Int),
            Value::Double(number) => Some(Value::Double(-number)),
            _ => None,
        },
        Kind::Binary(operator, left, right) => binary(operator, left, right, lookup),
        Kind::Choice(condition, yes, no) => match inner(condition)? {
            Value::Bool(true) => inner(yes),
            Value::Bool(false) => inner(no),
            _ => None,
        },
        Kind::List(items) => {
            let items: Option<Vec<Value>> = items.iter().map(inner).collect();
            items.map(Value::List)
        }
        Kind::Call {
            target,
            name,
            arguments,
        } => {
            let target = target.as_ref().map(|target| inner(target)).unwrap_or(None);
            let arguments: Option<Vec<Value>> = arguments.iter().map(inner).collect();
            call(target, name, &arguments?)
        }
        Kind::Index(..) | Kind::Map(..) => None,
    }
}

fn binary(
    operator: &str,
    left: &Expression,
    right: &Expression,
    lookup: &dyn Fn(&str, &str) -> Option<Value>,
) -> Option<Value> {
    let left = value(left, lookup);
    // One side may decide, whatever the other is.
    match (operator, &left) {
        ("&&", Some(Value::Bool(false))) => return Some(Value::Bool(false)),
        ("||", Some(Value::Bool(true))) => return Some(Value::Bool(true)),
        _ => {}
    }
    let right = value(right, lookup);
    match (operator, left, right) {
        ("&&", _, Some(Value::Bool(false))) => Some(Value::Bool(false)),
        ("||", _, Some(Value::Bool(true))) => Some(Value::Bool(true)),
        ("&&", Some(Value::Bool(a)), Some(Value::Bool(b))) => Some(Value::Bool(a && b)),
        ("||", Some(Value::Bool(a)), Some(Value::Bool(b))) => Some(Value::Bool(a || b)),
        ("==", Some(a), Some(b)) => Some(Value::Bool(a == b)),
        ("!=", Some(a), Some(b)) => Some(Value::Bool(a != b)),
        ("in", Some(a), Some(Value::List(items))) => Some(Value::Bool(items.contains(&a))),
        ("<" | "<=" | ">" | ">=", Some(a), Some(b)) => compare(operator, &a, &b),
        (operator, Some(a), Some(b)) => arithmetic(operator, a, b),
        _ => None,
    }
}

fn compare(operator: &str, a: &Value, b: &Value) -> Option<Value> {
    let order = match (a, b) {
        (Value::Int(a), Value::Int(b)) => a.cmp(b),
        (Value::Uint(a), Value::Uint(b)) => a.cmp(b),
        (Value::Text(a), Value::Text(b)) => a.cmp(b),
        (Value::Double(a), Value::Double(b)) => a.partial_cmp(b)?,
        _ => return None,
    };
    Some(Value::Bool(match operator {
        "<" => order == Ordering::Less,
        "<=" => order != Ordering::Greater,
        ">" => order == Ordering::Greater,
        _ => order != Ordering::Less,
    }))
}

fn arithmetic(operator: &str, a: Value, b: Value) -> Option<Value> {
    match (a, b) {
        (Value::Uint(a), Value::Uint(b)) => match operator {
            "+" => a.checked_add(b),
            "-" => a.checked_sub(b),
            "*" => a.checked_mul(b),
            "/" => a.checked_div(b),
            _ => a.checked_rem(b),
        }
        .map(Value::Uint),
        (Value::Int(a), Value::Int(b)) => match operator {
            "+" => a.checked_add(b),
            "-" => a.checked_sub(b),
            "*" => a.checked_mul(b),
            "/" => a.checked_div(b),
            _ => a.checked_rem(b),
        }
        .map(Value::Int),
        (Value::Text(a), Value::Text(b)) if operator == "+" => Some(Value::Text(a + &b)),
        _ => None,
    }
}

fn call(target: Option<Value>, name: &str, arguments: &[Value]) -> Option<Value> {
    let truth = |truth| Some(Value::Bool(truth));
    match (target, name, arguments) {
        (Some(Value::Text(text)), "startsWith", [Value::Text(part)]) => {
            truth(text.starts_with(part))
        }
        (Some(Value::Text(text)), "endsWith", [Value::Text(part)]) => truth(text.ends_with(part)),
        (Some(Value::Text(text)), "contains", [Value::Text(part)]) => truth(text.contains(part)),
        (None, "glob", [Value::Text(pattern), Value::Text(text)]) => truth(glob(pattern, text)),
        (None, "uint", [Value::Int(number)]) => u64::try_from(*number).ok().map(Value::Uint),
        (None, "int", [Value::Uint(number)]) => i64::try_from(*number).ok().map(Value::Int),
        (None, "uint" | "int" | "string", [value]) => Some(value.clone()),
        _ => None,
    }
}

/// `*` is any text, `?` any character.
fn glob(pattern: &str, text: &str) -> bool {
    match pattern.chars().next() {
        None => text.is_empty(),
        Some('*') => {
            let rest = &pattern[1..];
            let mut tails = text.char_indices().map(|(at, _)| &text[at..]);
            tails.any(|tail| glob(rest, tail)) || glob(rest, "")
        }
        Some(wanted) => match text.chars().next() {
            Some(c) if c == wanted || wanted == '?' => {
                glob(&pattern[wanted.len_utf8()..], &text[c.len_utf8()..])
            }
            _ => false,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Environment, Wanted, check, parse};
    use super::*;
    use crate::Contract;
    use proptest::prelude::*;

    fn disk(object: &str, field: &str) -> Option<Value> {
        match (object, field) {
            ("disk", "size") => Some(Value::Uint(20_000_000_000)),
            ("disk", "transport") => Some(Value::Text("virtio".to_owned())),
            ("disk", "dev_path") => Some(Value::Text("/dev/vda".to_owned())),
            ("disk", "readonly" | "cdrom") => Some(Value::Bool(false)),
            ("system_disk", "") => Some(Value::Bool(false)),
            _ => None,
        }
    }

    fn truth(text: &str) -> Option<bool> {
        matches(&parse(text).unwrap(), &disk)
    }

    #[test]
    fn selectors_have_the_value_a_node_gives_them() {
        assert_eq!(truth("disk.dev_path == \"/dev/vda\""), Some(true));
        assert_eq!(
            truth("disk.size > 10u * GB && disk.transport == 'virtio'"),
            Some(true)
        );
        assert_eq!(
            truth("disk.size >= 900000000000u && !disk.readonly"),
            Some(false)
        );
        assert_eq!(truth("!system_disk || disk.size < 1u * TiB"), Some(true));
        assert_eq!(truth("disk.transport in ['nvme', 'virtio']"), Some(true));
        assert_eq!(truth("glob('/dev/v*', disk.dev_path)"), Some(true));
        assert_eq!(
            truth("disk.transport.startsWith('vir') ? true : false"),
            Some(true)
        );
        assert_eq!(truth("disk.model.matches('.*')"), None, "left to the node");
        assert_eq!(truth("disk.model.matches('.*') && disk.cdrom"), Some(false));
    }

    #[test]
    fn refusals_are_in_the_words_of_the_library() {
        let refused = |text: &str| {
            let expression = parse(text);
            let problem = expression
                .and_then(|e| check(&e, Environment::Disk, Wanted::Truth, Contract::V1_14))
                .unwrap_err();
            problem.shown(text)
        };
        assert_eq!(
            refused("disk.sise > 10"),
            "ERROR: <input>:1:5: undefined field 'sise'\n | disk.sise > 10\n | ....^"
        );
        assert_eq!(
            refused("dosk.size > 10u"),
            "ERROR: <input>:1:1: undeclared reference to 'dosk' (in container '')\n | dosk.size > 10u\n | ^"
        );
        assert_eq!(
            refused("disk.size > 10"),
            "ERROR: <input>:1:11: found no matching overload for '_>_' applied to '(uint, int)'\n | disk.size > 10\n | ..........^"
        );
        assert!(refused("disk.size >").contains("Syntax error"));
        assert!(refused("disk.size").contains("expected bool"));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[ -~]{0,40}") {
            if let Ok(expression) = parse(&text) {
                let _ = check(&expression, Environment::Disk, Wanted::Truth, Contract::V1_14);
                let _ = matches(&expression, &disk);
            }
        }
    }

    #[test]
    fn depth_has_an_end() {
        assert!(parse(&"(".repeat(10_000)).is_err());
        assert!(parse(&"!".repeat(10_000)).is_err());
    }
}
