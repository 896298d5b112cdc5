//! Which kinds and keys a Talos version knows, and of which types they are.
//!
//! The tables under `schema/` hold the names of Talos' own types: `[]string`, `*uint32`,
//! `nethelpers.BondMode`. What a type reads, what it says to what it cannot read, and how it is
//! merged follows from them.

use crate::Contract;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::OnceLock;

/// What may stand in a place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shape {
    /// Anything: bodies that belong to Kubernetes or containerd.
    Free,
    /// A scalar, read as text.
    Text(Format),
    /// A whole number.
    Integer(Width),
    /// A truth value.
    Boolean,
    /// A list of one shape.
    List(Box<Shape>),
    /// A mapping with any keys.
    Map(Box<Shape>),
    /// A mapping with known keys, by the name of its type.
    Record(String),
    /// A scalar or a list of scalars.
    ScalarOrList,
}

/// The numbers that fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Width {
    pub signed: bool,
    pub bits: u32,
}

impl Width {
    /// True for a number that fits.
    pub fn holds(self, number: i128) -> bool {
        let (least, most) = match self.signed {
            true => (
                -(1_i128 << (self.bits - 1)),
                (1_i128 << (self.bits - 1)) - 1,
            ),
            false => (0, (1_i128 << self.bits) - 1),
        };
        (least..=most).contains(&number)
    }
}

/// What a text must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Format {
    /// Any text.
    Any,
    /// Any text as far as reading goes; these are what is usual.
    Usual(Vec<String>),
    /// One of the words of a type.
    OneOf(Words),
    /// An address and the length of its prefix.
    Prefix,
    /// An address.
    Address,
    /// An address and a port.
    AddressPort,
    /// A web address.
    Url,
    /// `168h0m0s`.
    Duration,
    /// `10GiB`.
    Bytes,
    /// `10GiB`, or a share such as `80%`.
    Size,
    /// The size of a partition.
    DiskSize,
    /// A disk's size with a comparison before it: `>= 8GB`.
    SizeMatch,
    /// Base64 of a PEM text.
    Base64,
    /// Bytes as hexadecimal digits, with colons or without.
    Hardware,
    /// A port, or two with a hyphen between them.
    Ports,
    /// An expression of a selector.
    Expression,
}

impl Format {
    /// True for types that read any scalar as the text it was written with.
    pub fn reads_scalars(&self) -> bool {
        matches!(
            self,
            Self::OneOf(_)
                | Self::Prefix
                | Self::Address
                | Self::AddressPort
                | Self::Bytes
                | Self::Size
                | Self::Hardware
                | Self::Expression
        )
    }
}

/// The words of a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Words {
    /// The type, as Talos' refusals name it.
    pub of: String,
    /// Every word that is read.
    pub known: Vec<String>,
    /// Those that are documented.
    pub shown: Vec<String>,
    /// The word that is the same as none.
    pub zero: Option<String>,
}

/// A key of a mapping.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub shape: Shape,
    /// The type as Talos names it.
    pub go: String,
    /// A patch replaces it.
    pub replaced: bool,
}

/// A mapping with known keys.
#[derive(Debug, Clone, Default)]
pub(crate) struct Record {
    pub keys: BTreeMap<String, Field>,
}

impl Record {
    /// True for what holds a certificate and a key as base64, and reads itself.
    pub fn is_pem(&self) -> bool {
        let pem = |(key, field): (&String, &Field)| {
            (key == "crt" || key == "key") && field.shape == Shape::Text(Format::Base64)
        };
        !self.keys.is_empty() && self.keys.iter().all(pem)
    }
}

/// Everything one version knows.
#[derive(Debug, Default)]
pub(crate) struct Schema {
    kinds: HashMap<String, String>,
    named: BTreeSet<String>,
    records: HashMap<String, Record>,
    aliases: HashMap<String, String>,
}

/// The type of the document that has no kind.
pub(crate) const MAIN: &str = "v1alpha1.Config";

impl Schema {
    /// The schema of a version.
    pub fn of(contract: Contract) -> &'static Self {
        static ALL: OnceLock<Vec<Schema>> = OnceLock::new();
        let all = ALL.get_or_init(|| {
            let tables = Contract::ALL.into_iter().map(|contract| {
                // The text is a part of the program; a test reads every one.
                let tables: Value = serde_json::from_str(text(contract)).unwrap_or_default();
                Self::load(&tables)
            });
            tables.collect()
        });
        let index = Contract::ALL.iter().position(|one| *one == contract);
        &all[index.unwrap_or_default()]
    }

    /// The type of a document's kind.
    pub fn kind(&self, kind: &str) -> Option<&str> {
        self.kinds.get(kind).map(String::as_str)
    }

    /// Every kind besides the main document's, sorted.
    pub fn kinds(&self) -> Vec<&str> {
        let mut kinds: Vec<&str> = self.kinds.keys().map(String::as_str).collect();
        kinds.sort_unstable();
        kinds
    }

    /// True for kinds of which there can be several, told apart by their names.
    pub fn is_named(&self, kind: &str) -> bool {
        self.named.contains(kind)
    }

    /// The keys of a type.
    pub fn record(&self, name: &str) -> Option<&Record> {
        self.records.get(name)
    }

    /// The type of the elements of a list or mapping type.
    pub fn element<'a>(&'a self, go: &'a str) -> &'a str {
        let go = go.trim_start_matches('*');
        let go = self.aliases.get(go).map_or(go, String::as_str);
        let inner = go.strip_prefix("[]");
        inner
            .or_else(|| go.strip_prefix("map[string]"))
            .unwrap_or(go)
    }

    fn load(tables: &Value) -> Self {
        let pairs = |key: &str| {
            let entries = tables[key].as_object().into_iter().flatten();
            entries.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        };
        let mut schema = Self {
            kinds: pairs("kinds").collect(),
            named: strings(&tables["named"]).into_iter().collect(),
            records: HashMap::new(),
            aliases: pairs("aliases").collect(),
        };
        let replaced = strings(&tables["replaced"]);
        for (name, keys) in tables["types"].as_object().into_iter().flatten() {
            let mut record = Record::default();
            for (key, go) in keys.as_object().into_iter().flatten() {
                let go = go.as_str().unwrap_or_default();
                let path = format!("{name}.{key}");
                let shape = match name.starts_with("x509.") {
                    true => Shape::Text(Format::Base64),
                    false => schema.shape(go, tables, &tables["usual"][&path]),
                };
                let field = Field {
                    shape,
                    go: go.to_owned(),
                    replaced: replaced.contains(&path),
                };
                record.keys.insert(key.clone(), field);
            }
            schema.records.insert(name.clone(), record);
        }
        schema
    }

    /// What a type reads; `usual` are the documented words of the place.
    fn shape(&self, go: &str, tables: &Value, usual: &Value) -> Shape {
        let go = go.trim_start_matches('*');
        if let Some(inner) = go.strip_prefix("[]") {
            return Shape::List(Box::new(self.shape(inner, tables, usual)));
        }
        if let Some(inner) = go.strip_prefix("map[string]") {
            return Shape::Map(Box::new(self.shape(inner, tables, usual)));
        }
        if let Some(alias) = self.aliases.get(go) {
            return self.shape(alias, tables, usual);
        }
        if tables["types"].get(go).is_some() {
            return Shape::Record(go.to_owned());
        }
        if let Some(words) = tables["words"].get(go) {
            return Shape::Text(Format::OneOf(Words {
                of: go.rsplit('.').next().unwrap_or_default().to_owned(),
                known: strings(words),
                shown: strings(usual),
                zero: tables["zero"][go].as_str().map(str::to_owned),
            }));
        }
        plain(go, usual)
    }
}

/// A type that has no table.
fn plain(go: &str, usual: &Value) -> Shape {
    let bare = go.rsplit('.').next().unwrap_or_default();
    let integer = |signed, bits| Shape::Integer(Width { signed, bits });
    match bare {
        "string" => Shape::Text(match usual.is_array() {
            true => Format::Usual(strings(usual)),
            false => Format::Any,
        }),
        "bool" => Shape::Boolean,
        "int" | "int64" => integer(true, 64),
        "int32" => integer(true, 32),
        "uint" | "uint64" => integer(false, 64),
        "uint32" => integer(false, 32),
        "uint16" => integer(false, 16),
        "uint8" => integer(false, 8),
        "ArgValue" => Shape::ScalarOrList,
        _ => match format_of(bare) {
            Some(format) => Shape::Text(format),
            None => Shape::Free,
        },
    }
}

fn format_of(bare: &str) -> Option<Format> {
    Some(match bare {
        "Addr" => Format::Address,
        "AddrPort" => Format::AddressPort,
        "Prefix" => Format::Prefix,
        "URL" | "Endpoint" => Format::Url,
        "Duration" => Format::Duration,
        "ByteSize" => Format::Bytes,
        "Size" => Format::Size,
        "DiskSize" => Format::DiskSize,
        "InstallDiskSizeMatcher" => Format::SizeMatch,
        "Base64Bytes" => Format::Base64,
        "HardwareAddr" => Format::Hardware,
        "PortRange" => Format::Ports,
        "Expression" => Format::Expression,
        _ => return None,
    })
}

fn strings(value: &Value) -> Vec<String> {
    let items = value.as_array().into_iter().flatten();
    items.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn text(contract: Contract) -> &'static str {
    match contract {
        Contract::V1_10 => include_str!("../../schema/v1.10.json"),
        Contract::V1_11 => include_str!("../../schema/v1.11.json"),
        Contract::V1_12 => include_str!("../../schema/v1.12.json"),
        Contract::V1_13 => include_str!("../../schema/v1.13.json"),
        Contract::V1_14 => include_str!("../../schema/v1.14.json"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_that_is_named_is_known() {
        for contract in Contract::ALL {
            let schema = Schema::of(contract);
            assert!(schema.record(MAIN).is_some() && schema.kinds().len() > 12);
            for (name, record) in &schema.records {
                for (key, field) in &record.keys {
                    let free =
                        field.go.contains("interface {}") || field.go.contains("Unstructured");
                    let mut shape = &field.shape;
                    while let Shape::List(of) | Shape::Map(of) = shape {
                        shape = of;
                    }
                    assert_eq!(*shape == Shape::Free, free, "{contract} {name}.{key}");
                }
            }
        }
    }

    #[test]
    fn numbers_have_their_width() {
        let width = Width {
            signed: false,
            bits: 16,
        };
        assert!(width.holds(65535) && !width.holds(65536) && !width.holds(-1));
    }
}
