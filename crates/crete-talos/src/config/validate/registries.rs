//! Registries that images come from.

use super::documents::Check;
use super::encryption;
use crate::config::formats::{self, quote};
use crate::pki::has_certificate;

pub(super) fn auth(check: &mut Check<'_>) {
    check.need_name();
    let has = |key| !check.text(&[key]).is_empty();
    let (user, token, auth) = (has("username"), has("identityToken"), has("auth"));
    if user && token {
        let text = "only one of username/password or identityToken authentication can be specified";
        check.fault(&["identityToken"], text);
    }
    if auth && (user || token) {
        let text =
            "only one of auth, username/password or identityToken authentication can be specified";
        check.fault(&["auth"], text);
    }
}

pub(super) fn mirror(check: &mut Check<'_>) {
    check.need_name();
    for (index, endpoint) in check.items(&["endpoints"]).iter().enumerate() {
        let text = endpoint.text_at(&["url"]);
        let scheme = formats::url(text).map(|url| url.scheme).unwrap_or_default();
        let problem = match (text, scheme.as_str()) {
            ("", _) => "must be specified".to_owned(),
            (_, "http" | "https") => continue,
            (_, scheme) => format!("has unsupported scheme: {}", quote(scheme)),
        };
        check.fault(&["endpoints"], format!("endpoints[{index}].url {problem}"));
    }
}

pub(super) fn tls(check: &mut Check<'_>) {
    check.need_name();
    let ca = check.text(&["ca"]);
    if !ca.is_empty() && !has_certificate(ca) {
        check.fault(&["ca"], "ca must be a valid PEM-encoded certificate");
    }
    encryption::client_identity(check);
}
