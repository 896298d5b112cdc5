//! Rules that choose a routing table.

use super::documents::Check;
use crate::config::formats;

/// Priorities of the kernel and of KubeSpan.
const RESERVED: [u32; 4] = [0, 32500, 32766, 32767];

pub(super) fn rule(check: &mut Check<'_>) {
    check.need_name();
    let name = check.text(&["name"]);
    let digits = !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit());
    // A number that is too large counts as the largest.
    let priority = match name.parse::<u32>() {
        Ok(priority) if digits => priority,
        _ => {
            let (reason, counts) = match digits {
                true => ("value out of range", u32::MAX),
                false => ("invalid syntax", 0),
            };
            let text = format!(
                "invalid name: must be priority parsable unsigned integer: strconv.ParseUint: parsing {}: {reason}",
                formats::quote(name)
            );
            check.fault(&["name"], text);
            counts
        }
    };
    if RESERVED.contains(&priority) {
        check.fault(
            &["name"],
            "priority must be between 1 and 32765 (excluding reserved priorities [0 32500 32766 32767])",
        );
    }
    let table = check.text(&["table"]).to_lowercase();
    let action = check.text(&["action"]).to_lowercase();
    if matches!(table.as_str(), "" | "unspec")
        && matches!(action.as_str(), "" | "unspec" | "unicast")
    {
        let text = "either table or a non-unicast action must be specified";
        check.fault(&["table"], text);
    }
    let number = |key| check.number(&[key]).unwrap_or_default();
    if number("fwMask") != 0 && number("fwMark") == 0 {
        check.fault(&["fwMask"], "fwMask requires fwMark to be set");
    }
}

/// A route that leads nowhere; its name is where it would lead.
pub(super) fn blackhole(check: &mut Check<'_>) {
    check.need_name();
    if let Err(reason) = formats::prefix(check.text(&["name"])) {
        let text = format!("name must be a valid address prefix: {reason}");
        check.fault(&["name"], text);
    }
}
