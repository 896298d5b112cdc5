//! Single values: numbers that fit, and texts that their types read.

use crate::Contract;
use crate::config::formats;
use crate::config::schema::{Format, Width, Words};
use crate::pki::base64_problem;
use crate::yaml::{Kind, Node, Plain, resolve};

/// Why a value is not read.
pub(super) enum Wrong {
    /// It is of another type.
    Type,
    /// The type says it in its own words.
    Own(String),
}

/// True for a number that the type holds. Numbers with fractions lost them before 1.13.
pub(super) fn is_integer(node: &Node, width: Width, contract: Contract) -> bool {
    let Kind::Scalar { text, plain: true } = &node.kind else {
        return false;
    };
    match resolve(text) {
        Plain::Integer(number) => width.holds(number),
        Plain::Float => {
            let number = text.replace('_', "").parse::<f64>().ok();
            number.is_some_and(|number| {
                let lossless = contract < Contract::V1_13 || number.trunc() == number;
                lossless && number.is_finite() && width.holds(whole(number))
            })
        }
        _ => false,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "`as` saturates, and what is outside does not fit"
)]
pub(in crate::config) fn whole(number: f64) -> i128 {
    number as i128
}

/// What is wrong with a text of a type.
pub(super) fn problem(
    text: &str,
    plain: bool,
    format: &Format,
    contract: Contract,
) -> Option<Wrong> {
    let found = if plain { resolve(text) } else { Plain::Text };
    let said = match format {
        Format::Any | Format::Usual(_) | Format::Expression => None,
        Format::Duration => return duration(text, found, contract),
        Format::Ports => return ports(text, plain, contract),
        Format::OneOf(words) => word(text, words),
        Format::Base64 => base64_problem(text),
        Format::DiskSize => formats::bytes(text).err(),
        Format::SizeMatch => formats::size_match(text).err(),
        Format::Url => formats::url_of(text, contract).err(),
        _ if text.is_empty() => None,
        Format::Prefix => formats::prefix(text).err(),
        Format::Address => formats::address(text).err(),
        Format::AddressPort => formats::address_port(text).err(),
        Format::Hardware => formats::hardware(text).err(),
        Format::Bytes => match contract >= Contract::V1_13 {
            true => formats::bytes(text.strip_prefix('-').unwrap_or(text)).err(),
            false => formats::bytes(text).err(),
        },
        Format::Size => match contract < Contract::V1_13 && text.starts_with('-') {
            true if !text.contains('%') => formats::bytes(text).err(),
            // A share below nothing.
            true => formats::size(&text[1..]).err().or_else(|| {
                let share = text.trim_end_matches('%');
                Some(format!("percentage must be between 0 and 100, got {share}"))
            }),
            false => formats::size(text).err(),
        },
    };
    said.map(Wrong::Own)
}

fn duration(text: &str, found: Plain, contract: Contract) -> Option<Wrong> {
    let zero = found == Plain::Integer(0) && contract >= Contract::V1_13;
    let count = text.parse::<f64>().ok().filter(|_| found == Plain::Float);
    let count = count.is_some_and(|count| count.trunc() == count) && contract >= Contract::V1_14;
    let fits = zero || count || found == Plain::Text && formats::duration(text).is_ok();
    (!fits).then_some(Wrong::Type)
}

fn ports(text: &str, plain: bool, contract: Contract) -> Option<Wrong> {
    let width = Width {
        signed: false,
        bits: 16,
    };
    let one = Kind::Scalar {
        text: text.to_owned(),
        plain,
    };
    match is_integer(&one.into(), width, contract) {
        true => None,
        false => formats::ports(text).err().map(Wrong::Own),
    }
}

fn word(text: &str, words: &Words) -> Option<String> {
    let lower = text.to_lowercase();
    let known = |known: &String| *known == text || known.to_lowercase() == lower;
    if words.of == "FailOverMAC" {
        let fits = matches!(text, "" | "none" | "active" | "follow" | "0" | "1" | "2");
        return (!fits).then(|| format!("invalid fail_over_mac value {text}"));
    }
    let fits = words.known.iter().any(known);
    (!fits).then(|| format!("{text} does not belong to {} values", words.of))
}
