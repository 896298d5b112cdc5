//! Durations and sizes.

use super::quote;

/// A length of time in Go's notation, in nanoseconds: `1h30m`, `0`, `-1.5s`.
pub(in crate::config) fn duration(text: &str) -> Result<i64, String> {
    let fault = || format!("time: invalid duration {}", quote(text));
    let (negative, mut rest) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(fault());
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'));
        let (digits, after) = rest.split_at(end.unwrap_or(rest.len()));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
            return Err(fault());
        }
        let end = after.find(|c: char| c.is_ascii_digit() || c == '.');
        let (name, after) = after.split_at(end.unwrap_or(after.len()));
        if name.is_empty() {
            let text = quote(text);
            return Err(format!("time: missing unit in duration {text}"));
        }
        let Some(unit) = unit(name) else {
            let (name, text) = (quote(name), quote(text));
            return Err(format!("time: unknown unit {name} in duration {text}"));
        };
        let whole: i128 = match whole {
            "" => 0,
            whole => whole.parse().map_err(|_| fault())?,
        };
        // More digits than these change nothing that is counted.
        let fraction = &fraction[..fraction.len().min(15)];
        let scale = 10_i128.pow(u32::try_from(fraction.len()).unwrap_or_default());
        let part: i128 = match fraction {
            "" => 0,
            fraction => fraction.parse().map_err(|_| fault())?,
        };
        total += whole.saturating_mul(unit) + part * unit / scale;
        if total > 1 << 63 {
            return Err(fault());
        }
        rest = after;
    }
    let total = if negative { -total } else { total };
    i64::try_from(total).map_err(|_| fault())
}

fn unit(name: &str) -> Option<i128> {
    Some(match name {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    })
}

/// A length of time as Go writes it.
pub(in crate::config) fn duration_text(nanoseconds: i64) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let all = nanoseconds.unsigned_abs();
    let part = |whole: u64, fraction: u64, digits: usize| {
        let fraction = format!("{fraction:0digits$}");
        match fraction.trim_end_matches('0') {
            "" => whole.to_string(),
            fraction => format!("{whole}.{fraction}"),
        }
    };
    let text = match all {
        0 => return "0s".to_owned(),
        1..1_000 => format!("{all}ns"),
        1_000..1_000_000 => format!("{}µs", part(all / 1_000, all % 1_000, 3)),
        1_000_000..1_000_000_000 => {
            format!("{}ms", part(all / 1_000_000, all % 1_000_000, 6))
        }
        _ => {
            let (seconds, rest) = (all / 1_000_000_000, all % 1_000_000_000);
            let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
            let seconds = format!("{}s", part(seconds % 60, rest, 9));
            match (hours, minutes) {
                (0, 0) => seconds,
                (0, minutes) => format!("{minutes}m{seconds}"),
                (hours, minutes) => format!("{hours}h{minutes}m{seconds}"),
            }
        }
    };
    format!("{sign}{text}")
}

/// A size that may be negative, or a share of what is there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::config) struct Size {
    /// Nothing for a share.
    pub bytes: Option<u64>,
    /// Counted from the other end.
    pub negative: bool,
}

/// A number of bytes such as `10GiB`, or a share such as `80%`; `signed` where one may be negative.
pub(in crate::config) fn size(text: &str) -> Result<Size, String> {
    let bare = text.strip_prefix('-').unwrap_or(text);
    let negative = bare.len() < text.len();
    if !text.contains('%') {
        let bytes = Some(bytes(bare)?);
        return Ok(Size { bytes, negative });
    }
    let Some(share) = bare.strip_suffix('%') else {
        return Err("percentage must end with '%'".to_owned());
    };
    let value = float(share).map_err(|reason| format!("invalid percentage value: {reason}"))?;
    if !(0.0..=100.0).contains(&value) {
        return Err(format!("percentage must be between 0 and 100, got {value}"));
    }
    Ok(Size {
        bytes: None,
        negative,
    })
}

fn float(text: &str) -> Result<f64, String> {
    let fault = || {
        format!(
            "strconv.ParseFloat: parsing {}: invalid syntax",
            quote(text)
        )
    };
    text.parse().map_err(|_| fault())
}

/// A number with one of the usual names of sizes.
pub(in crate::config) fn bytes(text: &str) -> Result<u64, String> {
    let split = text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == ','));
    let (number, name) = text.split_at(split.unwrap_or(text.len()));
    let value = float(&number.replace(',', ""))?;
    let name = name.trim().to_lowercase();
    let letter = name.trim_end_matches('b');
    let (letter, base) = match letter.strip_suffix('i') {
        Some(letter) if !letter.is_empty() => (letter, 1024_u64),
        _ => (letter, 1000),
    };
    let known = name.len() - letter.len() <= 2 && !name.ends_with("bb");
    let power = ["", "k", "m", "g", "t", "p", "e"]
        .iter()
        .position(|one| *one == letter)
        .filter(|power| known && (*power > 0 || matches!(name.as_str(), "" | "b")));
    let Some(power) = power else {
        return Err(format!("unhandled size name: {name}"));
    };
    let factor = base.pow(u32::try_from(power).unwrap_or_default());
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "Go does the same arithmetic, and what does not fit is refused before"
    )]
    match value * factor as f64 {
        all if all >= u64::MAX as f64 => Err(format!("too large: {text}")),
        all => Ok(all as u64),
    }
}

/// A comparison and a size: `>= 8GB`. Gives the operator and the bytes.
pub(in crate::config) fn size_match(text: &str) -> Result<(&'static str, u64), String> {
    let text = text.trim();
    let operators = [">=", "<=", "==", ">", "<"];
    let found = operators
        .iter()
        .find_map(|operator| Some((*operator, text.strip_prefix(operator)?)));
    let (operator, rest) = found.unwrap_or(("", text));
    bytes(rest.trim())
        .map(|bytes| (operator, bytes))
        .map_err(|reason| format!("failed to parse disk size {rest}: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_go_writes_them() {
        for (text, written) in [
            ("90m", "1h30m0s"),
            ("-1s", "-1s"),
            ("1.5s", "1.5s"),
            ("1500us", "1.5ms"),
            ("3h", "3h0m0s"),
        ] {
            assert_eq!(duration_text(duration(text).unwrap()), written);
        }
        assert_eq!(
            duration("5x").unwrap_err(),
            "time: unknown unit \"x\" in duration \"5x\""
        );
    }
}
