//! Probes of the network.

use super::documents::Check;
use crate::config::formats;

pub(super) fn http(check: &mut Check<'_>) {
    check.need(&["name"], "probe name is required");
    let text = check.text(&["url"]);
    match formats::url(text) {
        Ok(url) if !text.is_empty() => {
            if !matches!(url.scheme.as_str(), "http" | "https") {
                let text = format!(
                    "HTTP probe URL scheme must be http or https, got {}",
                    formats::quote(&url.scheme)
                );
                check.fault(&["url"], text);
            } else if !url.opaque.is_empty() || url.hostname().is_empty() {
                let text =
                    "HTTP probe URL must be an absolute http or https URL with a non-empty host";
                check.fault(&["url"], text);
            }
        }
        _ => check.fault(&["url"], "HTTP probe URL is required"),
    }
    common(check, "HTTP");
}

pub(super) fn tcp(check: &mut Check<'_>) {
    check.need(&["name"], "probe name is required");
    check.need(&["endpoint"], "TCP probe endpoint is required");
    common(check, "TCP");
}

fn common(check: &mut Check<'_>, protocol: &str) {
    for (key, what) in [
        ("timeout", format!("{protocol} probe timeout")),
        ("interval", "probe interval".to_owned()),
    ] {
        let time = check.time(&[key]);
        if time < 0 {
            let text = format!(
                "{what} cannot be negative: {}",
                formats::duration_text(time)
            );
            check.fault(&[key], text);
        }
    }
    let threshold = check.number(&["failureThreshold"]).unwrap_or_default();
    if threshold < 0 {
        let text = format!("probe failure threshold cannot be negative: {threshold}");
        check.fault(&["failureThreshold"], text);
    }
}
