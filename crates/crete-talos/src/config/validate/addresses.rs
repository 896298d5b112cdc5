//! Documents about addresses: shared ones, those of hosts, and DHCP.

use super::documents::Check;
use crate::config::formats;

/// DHCP of either family.
pub(super) fn dhcp(check: &mut Check<'_>) {
    check.need_name();
    let raw = formats::hardware(check.text(&["duidRaw"])).unwrap_or_default();
    let by_duid = check
        .text(&["clientIdentifier"])
        .eq_ignore_ascii_case("duid");
    match (by_duid, raw.is_empty()) {
        (false, false) => check.fault(
            &["duidRaw"],
            "duidRaw can only be set if clientIdentifier is 'duid'",
        ),
        (true, true) => check.fault(
            &["duidRaw"],
            "duidRaw must be set if clientIdentifier is 'duid'",
        ),
        _ => {}
    }
}

/// An address that control planes share; `hcloud` is the one that a cloud moves.
pub(super) fn shared(check: &mut Check<'_>, hcloud: bool) {
    if check.need(&["name"], "name must be specified")
        && let Err(reason) = formats::address(check.text(&["name"]))
    {
        let text = format!("name must be a valid IP address: {reason}");
        check.fault(&["name"], text);
    }
    check.need(&["link"], "link must be specified");
    if hcloud {
        check.need(&["apiToken"], "apiToken must be specified");
    }
}

pub(super) fn static_host(check: &mut Check<'_>) {
    check.need(&["name"], "name is required");
    if formats::address(check.text(&["name"])).is_err() {
        check.fault(&["name"], "name must be a valid IP address");
    }
    if check.items(&["hostnames"]).is_empty() {
        check.fault(&["hostnames"], "at least one hostname is required");
    }
}
