//! Which quotes a text gets. The first rule that matches decides; see each function.

use std::fmt::Write as _;

/// How a text stands in the canonical YAML.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Quoted {
    /// On one line, with its quotes.
    Line(String),
    /// A literal block: its header and its lines.
    Block { header: String, lines: Vec<String> },
}

/// Chooses the form of a text.
pub(super) fn quote(text: &str) -> Quoted {
    if text.contains('\n') {
        return multi_line(text);
    }
    Quoted::Line(single_line(text))
}

fn single_line(text: &str) -> String {
    if is_old_word(text) || is_base_60(text) {
        return single(text);
    }
    if is_other_type(text) {
        return double(text);
    }
    if is_plain(text) {
        return text.to_owned();
    }
    if text.chars().all(is_printable) {
        single(text)
    } else {
        double(text)
    }
}

fn multi_line(text: &str) -> Quoted {
    let blank_before_break = text.contains(" \n");
    let block = text.len() >= 2
        && text.chars().any(|c| !c.is_whitespace())
        && text
            .chars()
            .all(|c| c == '\n' || c == '\t' || is_printable(c))
        && !blank_before_break
        && !text.ends_with(' ');
    if !block {
        return Quoted::Line(double(text));
    }
    let mut header = "|".to_owned();
    if text.starts_with(' ') {
        header.push('4');
    }
    let content = if text.ends_with("\n\n") {
        header.push('+');
        &text[..text.len() - 1]
    } else if let Some(content) = text.strip_suffix('\n') {
        content
    } else {
        header.push('-');
        text
    };
    Quoted::Block {
        header,
        lines: content.split('\n').map(str::to_owned).collect(),
    }
}

/// Words that were booleans in YAML 1.1 only, and the merge key.
fn is_old_word(text: &str) -> bool {
    matches!(
        text,
        "y" | "Y"
            | "yes"
            | "Yes"
            | "YES"
            | "on"
            | "On"
            | "ON"
            | "n"
            | "N"
            | "no"
            | "No"
            | "NO"
            | "off"
            | "Off"
            | "OFF"
            | "<<"
    )
}

/// `^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?$`
fn is_base_60(text: &str) -> bool {
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let mut parts = whole.split(':');
    let first = parts.next().unwrap_or_default();
    let rest: Vec<&str> = parts.collect();
    let sixty = |part: &&str| match part.as_bytes() {
        [one] => one.is_ascii_digit(),
        [ten, one] => (b'0'..=b'5').contains(ten) && one.is_ascii_digit(),
        _ => false,
    };
    first.starts_with(|c: char| c.is_ascii_digit())
        && digits(first)
        && !rest.is_empty()
        && rest.iter().all(sixty)
        && digits(fraction)
}

/// A text that plain YAML would read as something else than a string.
fn is_other_type(text: &str) -> bool {
    if matches!(
        text,
        "" | "~"
            | "null"
            | "Null"
            | "NULL"
            | "true"
            | "True"
            | "TRUE"
            | "false"
            | "False"
            | "FALSE"
            | ".nan"
            | ".NaN"
            | ".NAN"
            | "-0"
            | "-0.0"
    ) {
        return true;
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return true;
    }
    match text.chars().next() {
        Some('.') => is_float(text),
        Some(c) if c.is_ascii_digit() || c == '-' || c == '+' => {
            let plain = text.replace('_', "");
            is_integer(&plain) || is_float(&plain) || is_date(text)
        }
        _ => false,
    }
}

fn is_integer(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let all = |digits: &str, known: fn(&u8) -> bool| {
        !digits.is_empty() && digits.bytes().all(|b| known(&b))
    };
    if let Some(hex) = unsigned
        .strip_prefix("0x")
        .or_else(|| unsigned.strip_prefix("0X"))
    {
        return all(hex, u8::is_ascii_hexdigit) && hex.trim_start_matches('0').len() <= 16;
    }
    let octal = |b: &u8| (b'0'..=b'7').contains(b);
    if let Some(digits) = unsigned
        .strip_prefix("0o")
        .or_else(|| unsigned.strip_prefix("0O"))
    {
        return all(digits, octal);
    }
    if let Some(digits) = unsigned
        .strip_prefix("0b")
        .or_else(|| unsigned.strip_prefix("0B"))
    {
        return all(digits, |b| matches!(b, b'0' | b'1'));
    }
    // Larger decimals count as floats, with the same consequence.
    all(unsigned, u8::is_ascii_digit)
}

/// `[-+]?(\.d+|d+(\.d*)?)([eE][-+]?d+)?`
pub(super) fn is_float(text: &str) -> bool {
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
        None => (unsigned, None),
    };
    let exponent_fits = exponent.is_none_or(|exponent| {
        let unsigned = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !unsigned.is_empty() && digits(unsigned)
    });
    let mantissa_fits = match mantissa.split_once('.') {
        Some(("", fraction)) => !fraction.is_empty() && digits(fraction),
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => !mantissa.is_empty() && digits(mantissa),
    };
    exponent_fits && mantissa_fits
}

/// A real calendar date `YYYY-M-D`, optionally with a time.
fn is_date(text: &str) -> bool {
    let (date, time) = match text.find(['T', 't', ' ']) {
        Some(at) => (&text[..at], Some((&text[at..=at], &text[at + 1..]))),
        None => (text, None),
    };
    let parts: Vec<&str> = date.split('-').collect();
    let &[year, month, day] = parts.as_slice() else {
        return false;
    };
    let number = |part: &str, least: usize, most: usize| {
        ((least..=most).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit()))
            .then(|| part.parse::<u32>().ok())
            .flatten()
    };
    let (Some(year), Some(month), Some(day)) =
        (number(year, 4, 4), number(month, 1, 2), number(day, 1, 2))
    else {
        return false;
    };
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    if day == 0 || day > days {
        return false;
    }
    match time {
        None => true,
        Some((" ", time)) => is_time(time),
        Some((_, time)) => {
            let zone = time.find(['Z', '+', '-']);
            zone.is_some_and(|at| is_time(&time[..at]) && is_zone(&time[at..]))
        }
    }
}

fn is_time(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let parts: Vec<&str> = whole.split(':').collect();
    let below = |part: &str, most: u32| {
        (1..=2).contains(&part.len()) && part.parse::<u32>().is_ok_and(|number| number < most)
    };
    let &[hour, minute, second] = parts.as_slice() else {
        return false;
    };
    below(hour, 24)
        && below(minute, 60)
        && below(second, 60)
        && !fraction.is_empty()
        && fraction.bytes().all(|b| b.is_ascii_digit())
}

fn is_zone(text: &str) -> bool {
    text == "Z"
        || text
            .strip_prefix(['+', '-'])
            .and_then(|rest| rest.split_once(':'))
            .is_some_and(|(hour, minute)| {
                [hour, minute]
                    .iter()
                    .all(|part| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit()))
            })
}

fn is_plain(text: &str) -> bool {
    let blank = |c: char| c == ' ' || c == '\t';
    if text.starts_with(' ')
        || text.ends_with(' ')
        || text.starts_with("---")
        || text.starts_with("...")
        || !text.chars().all(is_printable)
    {
        return false;
    }
    let chars: Vec<char> = text.chars().collect();
    let after = |at: usize| chars.get(at + 1).copied();
    let open = |at: usize| after(at).is_none_or(blank);
    if "#,[]{}&*!|>'\"%@`".contains(chars[0]) || ("?:-".contains(chars[0]) && open(0)) {
        return false;
    }
    chars.iter().enumerate().skip(1).all(|(at, &c)| match c {
        ':' => !open(at),
        '#' => !chars[at - 1].is_whitespace(),
        _ => true,
    })
}

/// A tab does not count: it is escaped.
fn is_printable(c: char) -> bool {
    matches!(c, '\u{a}' | '\u{20}'..='\u{7e}' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}')
        && c != '\u{feff}'
}

fn single(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn double(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        let short = match c {
            '\0' => "\\0",
            '\u{7}' => "\\a",
            '\u{8}' => "\\b",
            '\t' => "\\t",
            '\n' => "\\n",
            '\u{b}' => "\\v",
            '\u{c}' => "\\f",
            '\r' => "\\r",
            '\u{1b}' => "\\e",
            '"' => "\\\"",
            '\\' => "\\\\",
            '\u{85}' => "\\N",
            '\u{a0}' => "\\_",
            '\u{2028}' => "\\L",
            '\u{2029}' => "\\P",
            _ => "",
        };
        // Printable, yet a line break to YAML: always escaped.
        let breaks = matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}');
        if c == '"' || c == '\\' || breaks || !is_printable(c) {
            if short.is_empty() {
                let code = u32::from(c);
                // Writing to a String cannot fail.
                let _ = match code {
                    0..=0xff => write!(out, "\\x{code:02X}"),
                    0x100..=0xffff => write!(out, "\\u{code:04X}"),
                    _ => write!(out, "\\U{code:08X}"),
                };
            } else {
                out.push_str(short);
            }
        } else {
            out.push(c);
        }
    }
    out.push('"');
    out
}
