//! How members of a cluster find each other.

use super::documents::Check;
use crate::config::formats;
use crate::pki::bytes_of;

pub(super) fn identity(check: &mut Check<'_>) {
    let needed = check.need(&["clusterID"], "clusterID is required")
        && check.need(&["clusterSecret"], "clusterSecret is required");
    if !needed {
        return;
    }
    let text = check.text(&["clusterSecret"]);
    let problem = match bytes_of(text).map(|bytes| bytes.len()) {
        Ok(32) => return,
        Ok(length) => format!("expected 32 bytes, got {length}: {text}"),
        Err(reason) => format!("failed to decode from base64: {text}; {reason}"),
    };
    // The secret itself is for Talos' own words alone.
    check.fault(&["clusterSecret"], "invalid clusterSecret");
    if let Some(fault) = check.faults.pop() {
        let said = format!("invalid clusterSecret: {problem}");
        check.faults.push(fault.worded(said));
    }
}

pub(super) fn service(check: &mut Check<'_>) {
    if !check.need(&["name"], "name is required") {
        return;
    }
    let text = check.text(&["endpoint"]);
    if !check.need(&["endpoint"], "endpoint is required") {
        return;
    }
    let Ok(url) = formats::url(text) else {
        return;
    };
    let problem = match url.scheme.as_str() {
        "" => "endpoint scheme is required",
        "http" | "https" | "grpc" if url.hostname().is_empty() => "endpoint host is required",
        "http" | "https" | "grpc" => return,
        _ => "endpoint scheme must be http://, https:// or grpc://",
    };
    check.fault(&["endpoint"], problem);
}
