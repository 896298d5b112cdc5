//! From nodes to a schematic: strict keys, exact types, every refusal with its field and line.

use super::SchematicError;
use super::node::{Kind, Node};
use crete_model::{
    Bootloader, Customization, DiskImage, MetaValue, Overlay, Schematic, SecureBoot,
    SystemExtensions,
};
use serde_json::{Map, Number, Value};

type Result<T> = std::result::Result<T, SchematicError>;

/// A node and its path, for messages.
struct At<'a> {
    node: &'a Node,
    path: String,
}

impl<'a> At<'a> {
    fn fault<T>(&self, reason: impl Into<String>) -> Result<T> {
        let field = if self.path.is_empty() {
            "the schematic".to_owned()
        } else {
            self.path.clone()
        };
        Err(SchematicError::Field {
            field,
            line: self.node.line,
            reason: reason.into(),
        })
    }

    fn child(&self, key: &str, node: &'a Node) -> At<'a> {
        let path = if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        };
        At { node, path }
    }

    /// The entries of a mapping with known keys only; nothing for null.
    fn fields(&self, known: &[&str]) -> Result<Vec<(&'a str, At<'a>)>> {
        let entries = self.entries()?;
        for (key, at) in &entries {
            if !known.contains(key) {
                return at.fault(format!(
                    "there is no such field; known are {}",
                    known.join(", ")
                ));
            }
        }
        Ok(entries)
    }

    fn entries(&self) -> Result<Vec<(&'a str, At<'a>)>> {
        if self.node.is_null() {
            return Ok(Vec::new());
        }
        let Kind::Mapping(entries) = &self.node.kind else {
            return self.fault("a mapping is needed");
        };
        let mut seen: Vec<(&str, At)> = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            let Kind::Scalar { text, .. } = &key.kind else {
                return self.fault("a key must be text");
            };
            let at = self.child(text, value);
            if seen.iter().any(|(other, _)| other == text) {
                return at.fault("the key stands here twice");
            }
            seen.push((text, at));
        }
        Ok(seen)
    }

    fn items(&self) -> Result<Vec<At<'a>>> {
        if self.node.is_null() {
            return Ok(Vec::new());
        }
        let Kind::Sequence(items) = &self.node.kind else {
            return self.fault("a list is needed");
        };
        let at = |(index, node)| At {
            node,
            path: format!("{}[{index}]", self.path),
        };
        Ok(items.iter().enumerate().map(at).collect())
    }

    /// Any scalar as text; numbers and booleans keep the way they were written.
    fn text(&self) -> Result<String> {
        if self.node.is_null() {
            return Ok(String::new());
        }
        match &self.node.kind {
            Kind::Scalar { text, .. } => Ok(text.clone()),
            _ => self.fault("text is needed"),
        }
    }

    /// A list of texts; null entries are dropped.
    fn texts(&self) -> Result<Vec<String>> {
        let items = self.items()?;
        items
            .iter()
            .filter(|item| !item.node.is_null())
            .map(At::text)
            .collect()
    }

    fn boolean(&self) -> Result<bool> {
        if self.node.is_null() {
            return Ok(false);
        }
        if let Kind::Scalar { text, plain: true } = &self.node.kind {
            match text.as_str() {
                "true" | "True" | "TRUE" | "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On"
                | "ON" => return Ok(true),
                "false" | "False" | "FALSE" | "n" | "N" | "no" | "No" | "NO" | "off" | "Off"
                | "OFF" => return Ok(false),
                _ => {}
            }
        }
        self.fault("true or false is needed")
    }

    fn number(&self, most: u64) -> Result<u64> {
        if self.node.is_null() {
            return Ok(0);
        }
        if let Kind::Scalar { text, plain: true } = &self.node.kind
            && let Some(number) = integer(text).and_then(|number| u64::try_from(number).ok())
            && number <= most
        {
            return Ok(number);
        }
        self.fault(format!("a whole number from 0 to {most} is needed"))
    }
}

pub(super) fn schematic(node: &Node) -> Result<Schematic> {
    let root = At {
        node,
        path: String::new(),
    };
    let mut schematic = Schematic::default();
    for (key, at) in root.fields(&["owner", "overlay", "customization"])? {
        match key {
            "owner" => schematic.owner = at.text()?,
            "overlay" => schematic.overlay = overlay(&at)?,
            _ => schematic.customization = customization(&at)?,
        }
    }
    Ok(schematic)
}

/// The options of an overlay alone.
pub(super) fn options(node: &Node) -> Result<Map<String, Value>> {
    mapping(&At {
        node,
        path: String::new(),
    })
}

fn overlay(at: &At) -> Result<Option<Overlay>> {
    let mut overlay = Overlay::default();
    for (key, at) in at.fields(&["image", "name", "options"])? {
        match key {
            "image" => overlay.image = at.text()?,
            "name" => overlay.name = at.text()?,
            _ => overlay.options = mapping(&at)?,
        }
    }
    Ok((overlay != Overlay::default()).then_some(overlay))
}

fn customization(at: &At) -> Result<Customization> {
    let mut custom = Customization::default();
    let known = [
        "embeddedMachineConfiguration",
        "extraKernelArgs",
        "meta",
        "systemExtensions",
        "bootloader",
        "secureboot",
        "diskImage",
    ];
    for (key, at) in at.fields(&known)? {
        match key {
            "embeddedMachineConfiguration" => custom.embedded_machine_configuration = at.text()?,
            "extraKernelArgs" => custom.extra_kernel_args = at.texts()?,
            "meta" => custom.meta = at.items()?.iter().map(meta).collect::<Result<_>>()?,
            "systemExtensions" => {
                for (_, at) in at.fields(&["officialExtensions"])? {
                    custom.system_extensions = SystemExtensions {
                        official_extensions: at.texts()?,
                    };
                }
            }
            "bootloader" => custom.bootloader = bootloader(&at)?,
            "secureboot" => custom.secure_boot = secure_boot(&at)?,
            _ => {
                for (_, at) in at.fields(&["sectorSize"])? {
                    custom.disk_image = DiskImage {
                        sector_size: at.number(u64::MAX)?,
                    };
                }
            }
        }
    }
    Ok(custom)
}

fn meta(at: &At) -> Result<MetaValue> {
    let mut meta = MetaValue::default();
    for (key, at) in at.fields(&["key", "value"])? {
        match key {
            "key" => meta.key = u8::try_from(at.number(255)?).unwrap_or(u8::MAX),
            _ => meta.value = at.text()?,
        }
    }
    Ok(meta)
}

fn bootloader(at: &At) -> Result<Option<Bootloader>> {
    if at.node.is_null() && !matches!(&at.node.kind, Kind::Scalar { plain: false, .. }) {
        return Ok(None);
    }
    match at.text()?.to_ascii_lowercase().as_str() {
        // The factory's zero value: it leaves no trace in the canonical text.
        "none" => Ok(None),
        "dual-boot" => Ok(Some(Bootloader::DualBoot)),
        "sd-boot" => Ok(Some(Bootloader::SdBoot)),
        "grub" => Ok(Some(Bootloader::Grub)),
        "auto" => at.fault("auto is refused by the factory; leave the key out instead"),
        _ => at.fault("none, dual-boot, sd-boot or grub is needed"),
    }
}

fn secure_boot(at: &At) -> Result<SecureBoot> {
    let mut secure_boot = SecureBoot::default();
    for (key, at) in at.fields(&["enrollKeys", "includeWellKnownCertificates"])? {
        match key {
            "enrollKeys" => secure_boot.enroll_keys = at.text()?,
            _ => secure_boot.include_well_known_certificates = at.boolean()?,
        }
    }
    Ok(secure_boot)
}

fn mapping(at: &At) -> Result<Map<String, Value>> {
    at.entries()?
        .iter()
        .map(|(key, at)| Ok(((*key).to_owned(), value(at)?)))
        .collect()
}

/// An overlay option: the one place where a plain scalar has the type YAML gives it.
fn value(at: &At) -> Result<Value> {
    match &at.node.kind {
        Kind::Sequence(_) => Ok(Value::Array(
            at.items()?.iter().map(value).collect::<Result<_>>()?,
        )),
        Kind::Mapping(_) => mapping(at).map(Value::Object),
        Kind::Scalar { .. } if at.node.is_null() => Ok(Value::Null),
        Kind::Scalar { text, plain: false } => Ok(Value::String(text.clone())),
        Kind::Scalar { text, plain: true } => Ok(match text.as_str() {
            "true" | "True" | "TRUE" => Value::Bool(true),
            "false" | "False" | "FALSE" => Value::Bool(false),
            _ => number(text).map_or_else(|| Value::String(text.clone()), Value::Number),
        }),
    }
}

fn number(text: &str) -> Option<Number> {
    if let Some(whole) = integer(text) {
        return i64::try_from(whole)
            .map(Number::from)
            .or_else(|_| u64::try_from(whole).map(Number::from))
            .ok();
    }
    if !super::quote::is_float(text) {
        return None;
    }
    text.replace('_', "")
        .parse::<f64>()
        .ok()
        .and_then(Number::from_f64)
}

/// A whole number in Go's notation: decimal, `0x`, `0o`, `0b`, or octal with a leading zero.
fn integer(text: &str) -> Option<i128> {
    let plain = text.replace('_', "");
    let (sign, digits) = match plain.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, plain.strip_prefix('+').unwrap_or(&plain)),
    };
    let lower = digits.to_ascii_lowercase();
    let (radix, digits) = if let Some(hex) = lower.strip_prefix("0x") {
        (16, hex)
    } else if let Some(octal) = lower.strip_prefix("0o") {
        (8, octal)
    } else if let Some(binary) = lower.strip_prefix("0b") {
        (2, binary)
    } else if lower.len() > 1 && lower.starts_with('0') {
        (8, &lower[1..])
    } else {
        (10, lower.as_str())
    };
    // `from_str_radix` takes a sign of its own, which would be a second one here.
    if !digits.starts_with(|c: char| c.is_ascii_hexdigit()) {
        return None;
    }
    let number = i128::from_str_radix(digits, radix).ok()? * sign;
    (number >= i128::from(i64::MIN) && number <= i128::from(u64::MAX)).then_some(number)
}
