//! Values as Talos keeps them: text is text whatever it looks like, numbers are decimal, truth has two
//! words. What is written afterwards means the same to every reader of YAML.

use super::decode::whole;
use super::schema::{Schema, Shape};
use crate::yaml::{Kind, Node, Plain, resolve};

/// Settles everything below a value of a known shape.
pub(super) fn settle(node: &mut Node, shape: &Shape, schema: &Schema) {
    settle_as(node, shape, "", schema);
}

fn settle_as(node: &mut Node, shape: &Shape, go: &str, schema: &Schema) {
    if node.is_null() {
        return;
    }
    match shape {
        Shape::Free => {}
        Shape::Record(name) => {
            let (Some(record), Kind::Mapping(entries)) = (schema.record(name), &mut node.kind)
            else {
                return;
            };
            for entry in entries {
                if let Some(field) = record.keys.get(&entry.key) {
                    settle_as(&mut entry.value, &field.shape, &field.go, schema);
                }
            }
        }
        Shape::Map(value) => {
            let inner = schema.element(go);
            if let Kind::Mapping(entries) = &mut node.kind {
                for entry in entries {
                    settle_as(&mut entry.value, value, inner, schema);
                }
            }
        }
        Shape::List(item) => items(node, item, schema.element(go), schema),
        Shape::ScalarOrList => {
            text(node);
            items(node, shape, "", schema);
        }
        Shape::Text(_) => text(node),
        Shape::Integer(_) => {
            let number = integer(node).map(|number| number.to_string());
            bare(node, number);
        }
        Shape::Boolean => {
            let truth = node.as_bool().map(|truth| truth.to_string());
            bare(node, truth);
        }
    }
}

/// Elements that are not there are passed over, unless Talos keeps them behind pointers.
fn items(node: &mut Node, shape: &Shape, go: &str, schema: &Schema) {
    if let Kind::Sequence(items) = &mut node.kind {
        if !go.starts_with('*') && *shape != Shape::Free {
            items.retain(|item| !item.is_null());
        }
        for item in items {
            settle_as(item, shape, go, schema);
        }
    }
}

fn integer(node: &Node) -> Option<i128> {
    let Kind::Scalar { text, plain: true } = &node.kind else {
        return None;
    };
    match resolve(text) {
        Plain::Integer(number) => Some(number),
        Plain::Float => text.replace('_', "").parse().ok().map(whole),
        _ => None,
    }
}

fn text(node: &mut Node) {
    if let Kind::Scalar { plain, .. } = &mut node.kind {
        *plain = false;
    }
}

fn bare(node: &mut Node, settled: Option<String>) {
    if let (Kind::Scalar { text, plain }, Some(settled)) = (&mut node.kind, settled) {
        *text = settled;
        *plain = true;
    }
}

#[cfg(test)]
mod tests {
    use crate::Contract;
    use crate::config::Configuration;

    #[test]
    fn what_looks_like_something_else_is_what_its_key_says() {
        let text = "machine:\n  type: worker\n  sysctls:\n    net.ipv4.ip_forward: 1\n  nodeLabels:\n    gpu: true\n  install:\n    wipe: yes\n  files:\n    - path: /var/a\n      permissions: 0o644\n      content: 010\n";
        let read = Configuration::read(text, Contract::V1_13).unwrap();
        let written = read.to_yaml();
        for line in [
            "net.ipv4.ip_forward: \"1\"",
            "gpu: \"true\"",
            "wipe: true",
            "permissions: 420",
            "content: \"010\"",
        ] {
            assert!(written.contains(line), "{line} in {written}");
        }
    }
}
