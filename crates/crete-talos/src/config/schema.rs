//! Which kinds and keys a Talos version knows, and what may stand under them.
//!
//! The tables under `schema/` hold names and shapes only. They leave out keys that a version still
//! reads but no longer documents; those of the main document were never removed, so what an older
//! version knew there counts for the newer ones too, and [`undocumented`] has the rest.

use crate::Contract;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

/// What may stand in a place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shape {
    /// Anything: bodies that belong to Kubernetes or containerd.
    Free,
    /// A scalar, read as text.
    Text(Format),
    /// A whole number.
    Integer,
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

/// What a text must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Format {
    /// Any text.
    Any,
    /// Any text as far as reading goes; these are what is usual.
    Usual(Vec<String>),
    /// One of these.
    OneOf(Vec<String>),
    /// An address and the length of its prefix.
    Prefix,
    /// An address.
    Address,
    /// A web address.
    Url,
    /// `168h0m0s`.
    Duration,
    /// `10GiB`, or a share such as `80%`.
    Size,
    /// A disk's size with a comparison before it: `>= 8GB`.
    SizeMatch,
    /// Base64 of a PEM text.
    Base64,
}

/// A mapping with known keys.
#[derive(Debug, Clone, Default)]
pub(crate) struct Record {
    pub keys: BTreeMap<String, Shape>,
}

impl Record {
    /// True for what holds a certificate and a key as base64, and reads itself.
    pub fn is_pem(&self) -> bool {
        let pem = |key: &String| key == "crt" || key == "key";
        !self.keys.is_empty() && self.keys.keys().all(pem)
    }
}

/// Everything one version knows.
#[derive(Debug)]
pub(crate) struct Schema {
    kinds: HashMap<String, String>,
    records: HashMap<String, Record>,
}

/// The type of the document that has no kind.
pub(crate) const MAIN: &str = "v1alpha1.Config";

impl Schema {
    /// The schema of a version.
    pub fn of(contract: Contract) -> &'static Self {
        static ALL: OnceLock<Vec<Schema>> = OnceLock::new();
        let all = ALL.get_or_init(|| Contract::ALL.into_iter().map(Self::load).collect());
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

    /// The keys of a type.
    pub fn record(&self, name: &str) -> Option<&Record> {
        self.records.get(name)
    }

    fn load(contract: Contract) -> Self {
        let mut schema = Self {
            kinds: HashMap::new(),
            records: HashMap::new(),
        };
        for older in Contract::ALL {
            if older > contract {
                break;
            }
            // The text is a part of the program; a test reads every one.
            let tables: Value = serde_json::from_str(text(older)).unwrap_or_default();
            schema.add(&tables, older == contract);
        }
        if contract >= Contract::V1_13 {
            schema.add_image_verification();
        }
        for (name, key, shape) in undocumented() {
            let record = schema.records.entry(name.to_owned()).or_default();
            record.keys.insert(key.to_owned(), shape);
        }
        schema
    }

    /// A kind that 1.13 brought and that no published table has.
    fn add_image_verification(&mut self) {
        let text = || Shape::Text(Format::Any);
        let keyless = "security.ImageKeylessVerifierV1Alpha1";
        let public_key = "security.ImagePublicKeyVerifierV1Alpha1";
        let rule = "security.ImageVerificationRuleV1Alpha1";
        let whole = "security.ImageVerificationConfigV1Alpha1";
        let named = |name: &str| Shape::Record(name.to_owned());
        let mut put = |name: &str, keys: Vec<(&str, Shape)>| {
            let keys = keys.into_iter().map(|(key, shape)| (key.to_owned(), shape));
            let record = Record {
                keys: keys.collect(),
            };
            self.records.insert(name.to_owned(), record);
        };
        put(
            keyless,
            vec![
                ("issuer", text()),
                ("subject", text()),
                ("subjectRegex", text()),
            ],
        );
        put(public_key, vec![("certificate", text())]);
        put(
            rule,
            vec![
                ("image", text()),
                ("skip", Shape::Boolean),
                ("deny", Shape::Boolean),
                ("keyless", named(keyless)),
                ("publicKey", named(public_key)),
            ],
        );
        put(
            whole,
            vec![
                ("apiVersion", text()),
                ("kind", text()),
                ("rules", Shape::List(Box::new(named(rule)))),
            ],
        );
        let kind = "ImageVerificationConfig".to_owned();
        self.kinds.insert(kind, whole.to_owned());
    }

    fn add(&mut self, tables: &Value, own: bool) {
        let types = tables["types"].as_object().into_iter().flatten();
        for (name, table) in types {
            let Some(keys) = table["keys"].as_object() else {
                continue;
            };
            let record = self.records.entry(name.clone()).or_default();
            // Types outside the main document are this version's own, whole.
            if own && !name.starts_with("v1alpha1.") {
                record.keys.clear();
            }
            let mut inner = Vec::new();
            for (key, value) in keys {
                let shape = shape(&format!("{name}.{key}"), key, value, &mut inner);
                record.keys.insert(key.clone(), shape);
            }
            self.records.extend(inner);
        }
        if own {
            for name in tables["documents"].as_array().into_iter().flatten() {
                let name = name.as_str().unwrap_or_default();
                let kind = &tables["types"][name]["keys"]["kind"]["enum"][0];
                // Upstream's table names this kind in another way than its decoder.
                let kind = match kind.as_str().unwrap_or_default() {
                    "KubeSpanEndpoints" => "KubeSpanEndpointsConfig",
                    kind => kind,
                };
                if name != MAIN {
                    self.kinds.insert(kind.to_owned(), name.to_owned());
                }
            }
        }
    }
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

/// Reads one shape; types without a name get their path as one and are added to `inner`.
fn shape(path: &str, key: &str, value: &Value, inner: &mut Vec<(String, Record)>) -> Shape {
    if let Some(name) = value["ref"].as_str() {
        return Shape::Record(name.to_owned());
    }
    if let Some(options) = value["enum"].as_array() {
        let options = options.iter().filter_map(Value::as_str);
        let options: Vec<String> = options.map(str::to_owned).collect();
        // The tables give lists of flags as one flag.
        return match key {
            "options" | "networks" => Shape::List(Box::new(Shape::Text(Format::OneOf(options)))),
            // These are plain texts to the decoder: validation looks at them.
            _ if path.starts_with("v1alpha1.") => Shape::Text(Format::Usual(options)),
            _ => Shape::Text(Format::OneOf(options)),
        };
    }
    if value["oneOf"].is_array() {
        return Shape::ScalarOrList;
    }
    match value["type"].as_str().unwrap_or_default() {
        "string" => Shape::Text(format_of(path, key, value["pattern"].as_str())),
        "integer" => Shape::Integer,
        "boolean" => Shape::Boolean,
        "array" => Shape::List(Box::new(shape(path, key, &value["items"], inner))),
        "object" => {
            if let Some(keys) = value["keys"].as_object() {
                let mut record = Record::default();
                for (key, value) in keys {
                    let path = format!("{path}.{key}");
                    let shape = shape(&path, key, value, inner);
                    record.keys.insert(key.clone(), shape);
                }
                inner.push((path.to_owned(), record));
                let one = Shape::Record(path.to_owned());
                return match key {
                    "acceptedCAs" => Shape::List(Box::new(one)),
                    _ => one,
                };
            }
            match &value["mapOf"] {
                Value::Null => Shape::Free,
                of => Shape::Map(Box::new(shape(path, key, of, inner))),
            }
        }
        _ => Shape::Free,
    }
}

fn format_of(path: &str, key: &str, pattern: Option<&str>) -> Format {
    let in_main = path.starts_with("v1alpha1.");
    match (key, pattern.unwrap_or_default()) {
        ("crt" | "key", _) if in_main => Format::Base64,
        ("minSize" | "maxSize" | "minAllocationGroupSize", _) => Format::Size,
        ("size", _) if path.ends_with("InstallDiskSelector.size") => Format::SizeMatch,
        // The main document's own texts are looked at by validation, but for its endpoint.
        ("endpoint", _) if path.ends_with("ControlPlaneConfig.endpoint") => Format::Url,
        (_, pattern) if pattern.starts_with("^[-+]?(((") => Format::Duration,
        _ if in_main => Format::Any,
        (_, pattern) if pattern.ends_with("/\\d{1,3}$") => Format::Prefix,
        (_, "^[0-9a-f.:]+$") => Format::Address,
        (_, pattern) if pattern.ends_with("://") => Format::Url,
        _ => Format::Any,
    }
}

/// Keys that every version reads and no published table has.
fn undocumented() -> [(&'static str, &'static str, Shape); 4] {
    let free_list = || Shape::List(Box::new(Shape::Free));
    [
        (MAIN, "persist", Shape::Boolean),
        ("v1alpha1.InstallConfig", "bootloader", Shape::Boolean),
        ("v1alpha1.InstallConfig", "extensions", free_list()),
        ("v1alpha1.MachineConfig", "disks", free_list()),
    ]
}
