//! The schema as an editor wants it: which keys may stand where, and where each kind is explained.

use super::schema::{Format, MAIN, Schema, Shape};
use crate::Contract;
use crete_model::{ConfigKeys, ConfigShape};
use std::collections::{BTreeMap, BTreeSet};

/// The kinds and keys of a version: those that a document can hold.
#[must_use]
pub fn keys(contract: Contract) -> ConfigKeys {
    let schema = Schema::of(contract);
    let kinds: BTreeMap<String, String> = schema
        .kinds()
        .into_iter()
        .filter_map(|kind| Some((kind.to_owned(), schema.kind(kind)?.to_owned())))
        .collect();
    let mut records = BTreeMap::new();
    let mut open: Vec<String> = kinds.values().cloned().collect();
    open.push(MAIN.to_owned());
    let mut seen: BTreeSet<String> = open.iter().cloned().collect();
    while let Some(name) = open.pop() {
        let Some(record) = schema.record(&name) else {
            continue;
        };
        let keys = record.keys.iter().map(|(key, field)| {
            let shape = &field.shape;
            if let Some(inner) = record_in(shape)
                && seen.insert(inner.to_owned())
            {
                open.push(inner.to_owned());
            }
            (key.clone(), as_model(shape))
        });
        let keys = keys.collect();
        records.insert(name, keys);
    }
    ConfigKeys {
        minor: Some(contract.minor()),
        main: MAIN.to_owned(),
        kinds,
        records,
    }
}

/// The path of a kind's page below the reference of Talos' documentation; an empty kind is the
/// main document. Nothing for kinds that the version does not have.
#[must_use]
pub fn reference(contract: Contract, kind: &str) -> Option<String> {
    if kind.is_empty() {
        return Some("v1alpha1/config".to_owned());
    }
    let name = Schema::of(contract).kind(kind)?;
    let section = match name.split('.').next()? {
        "k8s" => "kubernetes",
        section => section,
    };
    Some(format!("{section}/{}", kind.to_ascii_lowercase()))
}

/// The type with known keys somewhere in a shape.
fn record_in(shape: &Shape) -> Option<&str> {
    match shape {
        Shape::Record(name) => Some(name),
        Shape::List(of) | Shape::Map(of) => record_in(of),
        _ => None,
    }
}

fn as_model(shape: &Shape) -> ConfigShape {
    let inner = |of: &Shape| Box::new(as_model(of));
    match shape {
        Shape::Free | Shape::ScalarOrList => ConfigShape::Free,
        Shape::Text(Format::Usual(options)) => ConfigShape::Text {
            options: options.clone(),
        },
        Shape::Text(Format::OneOf(words)) => ConfigShape::Text {
            options: words.shown.clone(),
        },
        Shape::Text(_) => ConfigShape::Text {
            options: Vec::new(),
        },
        Shape::Integer(_) => ConfigShape::Number,
        Shape::Boolean => ConfigShape::Truth,
        Shape::List(of) => ConfigShape::List { of: inner(of) },
        Shape::Map(of) => ConfigShape::Map { of: inner(of) },
        Shape::Record(name) => ConfigShape::Record { name: name.clone() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_that_is_named_is_there() {
        for contract in Contract::ALL {
            let keys = keys(contract);
            assert!(keys.records.contains_key(&keys.main));
            let named = keys.kinds.values();
            assert!(named.clone().all(|name| keys.records.contains_key(name)));
            for shape in keys.records.values().flat_map(BTreeMap::values) {
                let mut shape = shape;
                while let ConfigShape::List { of } | ConfigShape::Map { of } = shape {
                    shape = of;
                }
                if let ConfigShape::Record { name } = shape {
                    assert!(keys.records.contains_key(name), "{contract} {name}");
                }
            }
        }
    }

    #[test]
    fn the_words_of_a_value_are_offered() {
        let keys = keys(Contract::V1_12);
        let options = |name: &str, key: &str| match &keys.records[name][key] {
            ConfigShape::Text { options } => options.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(
            options("v1alpha1.MachineConfig", "type"),
            ["controlplane", "worker"]
        );
        assert_eq!(
            options(&keys.kinds["HostnameConfig"], "auto"),
            ["stable", "off"]
        );
    }

    #[test]
    fn a_kind_has_its_page_where_the_version_has_the_kind() {
        let page = |contract, kind| reference(contract, kind);
        assert_eq!(
            page(Contract::V1_12, "HostnameConfig").as_deref(),
            Some("network/hostnameconfig")
        );
        assert_eq!(page(Contract::V1_11, "HostnameConfig"), None);
        assert_eq!(
            page(Contract::V1_14, "KubeletConfig").as_deref(),
            Some("kubernetes/kubeletconfig")
        );
        assert_eq!(
            page(Contract::V1_10, "").as_deref(),
            Some("v1alpha1/config")
        );
        assert_eq!(page(Contract::V1_14, "../../evil"), None);
    }
}
