//! What a scalar without quotes means where no field gives it a type.

/// The meaning of a plain scalar to Talos' YAML reader.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Plain {
    Null,
    Bool,
    Integer(i128),
    Float,
    Timestamp,
    Text,
}

impl Plain {
    /// The name of the type in Go, as Talos' messages give it.
    pub fn go_name(self) -> &'static str {
        match self {
            Self::Null => "nil",
            Self::Bool => "bool",
            Self::Integer(_) => "int",
            Self::Float => "float64",
            Self::Timestamp => "time.Time",
            Self::Text => "string",
        }
    }
}

/// Gives a plain scalar its meaning: YAML 1.2's core types and the octal numbers of 1.1.
pub(crate) fn resolve(text: &str) -> Plain {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Plain::Null,
        "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => return Plain::Bool,
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" | "-.inf" | "-.Inf" | "-.INF"
        | ".nan" | ".NaN" | ".NAN" => return Plain::Float,
        _ => {}
    }
    let first = text.as_bytes()[0];
    if !(first.is_ascii_digit() || matches!(first, b'+' | b'-' | b'.')) {
        return Plain::Text;
    }
    if is_timestamp(text) {
        return Plain::Timestamp;
    }
    if let Some(number) = integer(text) {
        return Plain::Integer(number);
    }
    if is_float(text) {
        return Plain::Float;
    }
    Plain::Text
}

fn integer(text: &str) -> Option<i128> {
    let joined = text.replace('_', "");
    let (negative, digits) = match joined.as_bytes().first()? {
        b'-' => (true, &joined[1..]),
        b'+' => (false, &joined[1..]),
        _ => (false, joined.as_str()),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let number = i128::from_str_radix(digits, radix).ok()?;
    let number = if negative { -number } else { number };
    (number >= i128::from(i64::MIN) && number <= i128::from(u64::MAX)).then_some(number)
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_float(text: &str) -> bool {
    let joined = text.replace('_', "");
    let text = joined.strip_prefix(['+', '-']).unwrap_or(&joined);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let mantissa_fits = match mantissa.split_once('.') {
        Some(("", fraction)) => !fraction.is_empty() && digits(fraction),
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => !mantissa.is_empty() && digits(mantissa),
    };
    let exponent_fits = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !exponent.is_empty() && digits(exponent)
    });
    mantissa_fits && exponent_fits
}

/// A date, alone or with a time: `2001-1-1`, `2001-01-01T10:00:00Z`.
fn is_timestamp(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes.len() < 8 || bytes[4] != b'-' || !bytes[..4].iter().all(u8::is_ascii_digit) {
        return false;
    }
    let mut parts = text[5..].splitn(2, '-');
    let (Some(month), Some(rest)) = (parts.next(), parts.next()) else {
        return false;
    };
    let day: String = rest.chars().take_while(char::is_ascii_digit).collect();
    let number =
        |text: &str| matches!(text.len(), 1..=2) && text.bytes().all(|b| b.is_ascii_digit());
    if !number(month) || !number(&day) {
        return false;
    }
    let time = rest[day.len()..].trim_start_matches(['T', 't', ' ']);
    time.is_empty()
        || (time.contains(':') && time.bytes().all(|b| b"0123456789:.+-Zz ".contains(&b)))
}

/// Words that an older YAML took for truth values; they are quoted so that no reader does.
pub(super) fn is_old_bool(text: &str) -> bool {
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
    )
}

/// Numbers with colons, which an older YAML took for base 60: `1:20`, `10:15:30.5`.
pub(super) fn is_base60(text: &str) -> bool {
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    let mut parts = text.split(':');
    let whole = parts.next().unwrap_or_default();
    let rest: Vec<&str> = parts.collect();
    let Some((last, middle)) = rest.split_last() else {
        return false;
    };
    let last = last.split_once('.').map_or(*last, |(whole, fraction)| {
        if fraction.bytes().all(|b| b.is_ascii_digit() || b == b'_') {
            whole
        } else {
            "x"
        }
    });
    let sixty = |text: &str| matches!(text.as_bytes(), [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9']);
    whole.starts_with(|c: char| c.is_ascii_digit())
        && whole.bytes().all(|b| b.is_ascii_digit() || b == b'_')
        && middle.iter().all(|part| sixty(part))
        && sixty(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_scalar_means_what_talos_takes_it_for() {
        for (text, meaning) in [
            ("", Plain::Null),
            ("null", Plain::Null),
            ("true", Plain::Bool),
            ("yes", Plain::Text),
            ("60", Plain::Integer(60)),
            ("0o644", Plain::Integer(0o644)),
            ("0644", Plain::Integer(0o644)),
            ("0x1F", Plain::Integer(31)),
            ("-1_000", Plain::Integer(-1000)),
            ("0890", Plain::Float),
            ("1.10", Plain::Float),
            ("1e5", Plain::Float),
            ("1.33.0", Plain::Text),
            ("-", Plain::Text),
            (".", Plain::Text),
            ("2001-01-01", Plain::Timestamp),
            ("10.0.0.1", Plain::Text),
            ("fd00::1", Plain::Text),
            ("52:54:00:12:34:56", Plain::Text),
        ] {
            assert_eq!(resolve(text), meaning, "{text}");
        }
    }

    #[test]
    fn base_60_is_seen() {
        assert!(is_base60("1:20"));
        assert!(is_base60("190:20:30.15"));
        assert!(!is_base60("1:99"));
        assert!(!is_base60("fd00::1"));
        assert!(!is_base60("12"));
    }
}
