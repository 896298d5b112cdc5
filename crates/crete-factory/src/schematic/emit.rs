//! The canonical text: fixed order, four blanks a level, no folding.

use super::quote::{Quoted, quote};
use crete_model::{Bootloader, Customization, Schematic};
use serde_json::Value;
use std::cmp::Ordering;

/// What is written, already in order.
enum Item {
    Text(String),
    /// A scalar that needs no quotes.
    Bare(String),
    List(Vec<Item>),
    Map(Vec<(String, Item)>),
}

/// The canonical text of a schematic. Ends with a line feed.
#[must_use]
pub fn canonical(schematic: &Schematic) -> String {
    let mut top = Vec::new();
    if !schematic.owner.is_empty() {
        top.push(entry("owner", Item::Text(schematic.owner.clone())));
    }
    if let Some(overlay) = &schematic.overlay {
        let mut fields = vec![
            entry("image", Item::Text(overlay.image.clone())),
            entry("name", Item::Text(overlay.name.clone())),
        ];
        if !overlay.options.is_empty() {
            fields.push(entry(
                "options",
                option(&Value::Object(overlay.options.clone())),
            ));
        }
        top.push(entry("overlay", Item::Map(fields)));
    }
    top.push(entry(
        "customization",
        Item::Map(customization(&schematic.customization)),
    ));
    let mut out = String::new();
    write_map(&mut out, &top, 0, false);
    out
}

/// The options of an overlay alone; empty when there are none.
pub(super) fn options(options: &serde_json::Map<String, Value>) -> String {
    let mut out = String::new();
    if let Item::Map(fields) = option(&Value::Object(options.clone())) {
        write_map(&mut out, &fields, 0, false);
    }
    out
}

fn entry(key: &str, item: Item) -> (String, Item) {
    (key.to_owned(), item)
}

fn customization(custom: &Customization) -> Vec<(String, Item)> {
    let mut fields = Vec::new();
    let texts =
        |texts: &[String]| Item::List(texts.iter().map(|text| Item::Text(text.clone())).collect());
    if !custom.embedded_machine_configuration.is_empty() {
        let text = custom.embedded_machine_configuration.clone();
        fields.push(entry("embeddedMachineConfiguration", Item::Text(text)));
    }
    if !custom.extra_kernel_args.is_empty() {
        fields.push(entry("extraKernelArgs", texts(&custom.extra_kernel_args)));
    }
    if !custom.meta.is_empty() {
        let values = custom.meta.iter().map(|meta| {
            Item::Map(vec![
                entry("key", Item::Bare(meta.key.to_string())),
                entry("value", Item::Text(meta.value.clone())),
            ])
        });
        fields.push(entry("meta", Item::List(values.collect())));
    }
    let extensions = &custom.system_extensions.official_extensions;
    if !extensions.is_empty() {
        let inner = vec![entry("officialExtensions", texts(extensions))];
        fields.push(entry("systemExtensions", Item::Map(inner)));
    }
    if let Some(bootloader) = custom.bootloader {
        let name = match bootloader {
            Bootloader::DualBoot => "dual-boot",
            Bootloader::SdBoot => "sd-boot",
            Bootloader::Grub => "grub",
        };
        fields.push(entry("bootloader", Item::Bare(name.to_owned())));
    }
    let mut secure_boot = Vec::new();
    if !custom.secure_boot.enroll_keys.is_empty() {
        let keys = custom.secure_boot.enroll_keys.clone();
        secure_boot.push(entry("enrollKeys", Item::Text(keys)));
    }
    if custom.secure_boot.include_well_known_certificates {
        secure_boot.push(entry(
            "includeWellKnownCertificates",
            Item::Bare("true".to_owned()),
        ));
    }
    if !secure_boot.is_empty() {
        fields.push(entry("secureboot", Item::Map(secure_boot)));
    }
    if custom.disk_image.sector_size != 0 {
        let size = Item::Bare(custom.disk_image.sector_size.to_string());
        fields.push(entry(
            "diskImage",
            Item::Map(vec![entry("sectorSize", size)]),
        ));
    }
    fields
}

/// An overlay option's value.
fn option(value: &Value) -> Item {
    match value {
        Value::Null => Item::Bare("null".to_owned()),
        Value::Bool(value) => Item::Bare(value.to_string()),
        Value::Number(number) => Item::Bare(match number.as_f64() {
            Some(float) if number.is_f64() => go_float(float),
            _ => number.to_string(),
        }),
        Value::String(text) => Item::Text(text.clone()),
        Value::Array(items) => Item::List(items.iter().map(option).collect()),
        Value::Object(fields) => {
            let mut keys: Vec<&String> = fields.keys().collect();
            keys.sort_by(|a, b| natural(a, b));
            Item::Map(
                keys.into_iter()
                    .map(|key| entry(key, option(&fields[key])))
                    .collect(),
            )
        }
    }
}

/// A float as Go's shortest form prints it.
fn go_float(value: f64) -> String {
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let power: i32 = exponent.parse().unwrap_or(0);
    if (-4..21).contains(&power) {
        return format!("{value}");
    }
    let sign = if power < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", power.abs())
}

/// Order of keys: by code point, but runs of digits as numbers, and what is no letter before a
/// letter unless digits stand before it.
fn natural(a: &str, b: &str) -> Ordering {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut after_digit = false;
    for at in 0..a.len().min(b.len()) {
        let (x, y) = (a[at], b[at]);
        if x == y {
            after_digit = x.is_numeric();
            continue;
        }
        return match (x.is_alphabetic(), y.is_alphabetic()) {
            (true, true) => x.cmp(&y),
            (x_letter, y_letter) if x_letter || y_letter => {
                let x_first = if after_digit { x_letter } else { y_letter };
                if x_first {
                    Ordering::Less
                } else {
                    Ordering::Greater
                }
            }
            _ => digits(&a, at, &b).cmp(&digits(&b, at, &a)).then(x.cmp(&y)),
        };
    }
    a.len().cmp(&b.len())
}

/// The number that begins at `at`, and how many digits it has. A zero behind other digits goes on
/// with the number before it.
fn digits(text: &[char], at: usize, other: &[char]) -> (u64, usize) {
    let goes_on = (text[at] == '0' || other[at] == '0')
        && text[..at]
            .iter()
            .rev()
            .take_while(|c| c.is_numeric())
            .any(|c| *c != '0');
    let run: Vec<u64> = text[at..]
        .iter()
        .map_while(|c| c.to_digit(10).map(u64::from))
        .collect();
    let start = u64::from(goes_on);
    let number = run.iter().fold(start, |sum, digit| {
        sum.wrapping_mul(10).wrapping_add(*digit)
    });
    (number, run.len())
}

/// The next level: always a multiple of four.
fn deeper(indent: usize) -> usize {
    4 * (indent / 4 + 1)
}

fn pad(out: &mut String, indent: usize) {
    out.extend(std::iter::repeat_n(' ', indent));
}

/// Writes entries at `indent`; the first one goes on the present line where `inline` says so.
fn write_map(out: &mut String, entries: &[(String, Item)], indent: usize, inline: bool) {
    for (index, (key, item)) in entries.iter().enumerate() {
        if index > 0 || !inline {
            pad(out, indent);
        }
        match quote(key) {
            Quoted::Line(key) => out.push_str(&key),
            Quoted::Block { .. } => out.push_str(&format!("{key:?}")),
        }
        out.push(':');
        match item {
            Item::Map(fields) if !fields.is_empty() => {
                out.push('\n');
                write_map(out, fields, deeper(indent), false);
            }
            Item::List(items) if !items.is_empty() => {
                out.push('\n');
                write_list(out, items, deeper(indent), false);
            }
            other => write_flat(out, other, deeper(indent)),
        }
    }
}

fn write_list(out: &mut String, items: &[Item], indent: usize, inline: bool) {
    for (index, item) in items.iter().enumerate() {
        if index > 0 || !inline {
            pad(out, indent);
        }
        out.push('-');
        match item {
            Item::Map(fields) if !fields.is_empty() => {
                out.push(' ');
                write_map(out, fields, indent + 2, true);
            }
            Item::List(items) if !items.is_empty() => {
                out.push(' ');
                write_list(out, items, indent + 2, true);
            }
            other => write_flat(out, other, indent + 2),
        }
    }
}

/// A value that begins on the present line; `indent` is where a block's lines stand.
fn write_flat(out: &mut String, item: &Item, indent: usize) {
    out.push(' ');
    match item {
        Item::Bare(text) => out.push_str(text),
        Item::Map(_) => out.push_str("{}"),
        Item::List(_) => out.push_str("[]"),
        Item::Text(text) => match quote(text) {
            Quoted::Line(text) => out.push_str(&text),
            Quoted::Block { header, lines } => {
                out.push_str(&header);
                for line in lines {
                    out.push('\n');
                    if !line.is_empty() {
                        pad(out, indent);
                        out.push_str(&line);
                    }
                }
            }
        },
    }
    out.push('\n');
}
