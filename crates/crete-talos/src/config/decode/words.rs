//! How refusals name types and values.

use crate::config::schema::Record;
use crate::yaml::{Kind, Node, Plain, resolve};

/// A value by its tag, and the start of a scalar.
pub(super) fn tagged(node: &Node) -> String {
    match &node.kind {
        Kind::Sequence(_) => "!!seq".to_owned(),
        Kind::Mapping(_) => "!!map".to_owned(),
        Kind::Scalar { text, plain } => {
            let tag = match (plain, resolve(text)) {
                (true, Plain::Bool) => "!!bool",
                (true, Plain::Integer(_)) => "!!int",
                (true, Plain::Float) => "!!float",
                (true, Plain::Timestamp) => "!!timestamp",
                _ => "!!str",
            };
            let short = match text.len() {
                0..=10 => text.clone(),
                _ => {
                    let start = String::from_utf8_lossy(&text.as_bytes()[..7]).into_owned();
                    format!("{start}...")
                }
            };
            format!("{tag} `{short}`")
        }
    }
}

/// The plain sentence for a value of a wrong type.
pub(super) fn wanted(node: &Node, target: &str) -> String {
    let needed = match target {
        "bool" => "true or false",
        "string" => "text",
        "time.Duration" => "a duration such as 10m or 1h30m",
        _ if target.ends_with("(TextUnmarshaler)") => "text",
        _ if target.starts_with("int") || target.starts_with("uint") => "a whole number",
        _ if target.starts_with("[]") || target.ends_with("List") => "a list",
        _ => "a mapping",
    };
    format!("{needed} is needed, not {}", node.what())
}

/// How a refusal names a type with keys.
pub(super) fn shown_type(name: &str, record: &Record) -> String {
    if !record.is_pem() {
        return name.to_owned();
    }
    let parts = record.keys.keys().map(|key| match key.as_str() {
        "crt" => "Crt string \"yaml:\\\"crt\\\"\"",
        _ => "Key string \"yaml:\\\"key\\\"\"",
    });
    let parts: Vec<&str> = parts.collect();
    format!("struct {{ {} }}", parts.join("; "))
}

/// How a refusal names a list.
pub(super) fn list_type(go: &str) -> &str {
    match go {
        "v1alpha1.ClusterInlineManifests" => "[]v1alpha1.ClusterInlineManifest",
        go => go,
    }
}
