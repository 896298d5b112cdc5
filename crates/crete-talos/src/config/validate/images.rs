//! Images of containers: how they are named, which may run, and with what they are run.

use super::documents::Check;
use super::{labels, runtime_spec_shape};
use crate::Contract;
use crate::config::formats::quote;
use crate::yaml::Node;

/// What the main document's own part is called.
const LEGACY: &str = "customization";

/// True for a name with a digest; why the name cannot be read.
pub(super) fn reference(text: &str) -> Result<bool, String> {
    if is_tagged(text) {
        return Ok(false);
    }
    let digest = text.split_once('@').is_some_and(|(base, digest)| {
        let hex = digest.strip_prefix("sha256:").unwrap_or_default();
        let is_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        hex.len() == 64 && hex.bytes().all(is_hex) && is_tagged(base)
    });
    match digest {
        true => Ok(true),
        false => Err(format!("could not parse reference: {text}")),
    }
}

/// True for a repository, perhaps with a tag.
fn is_tagged(text: &str) -> bool {
    let (base, tag) = match text.rsplit_once(':') {
        Some((base, tag)) if !tag.contains('/') => (base, Some(tag)),
        _ => (text, None),
    };
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"_-.".contains(&b);
    let tag_fits =
        tag.is_none_or(|tag| tag.is_empty() || (tag.len() <= 128 && tag.bytes().all(fits)));
    tag_fits && is_repository(base)
}

fn is_repository(text: &str) -> bool {
    let (registry, path) = match text.split_once('/') {
        Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (first, rest),
        _ => ("", text),
    };
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-./".contains(&b);
    let host = registry
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"-.:[]_~".contains(&b));
    let port = registry.rsplit_once(':');
    let port_fits = port.is_none_or(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
    host && port_fits && (2..=255).contains(&path.len()) && path.bytes().all(fits)
}

/// Which images must be signed by whom.
pub(super) fn verification(check: &mut Check<'_>) {
    for (index, rule) in check.items(&["rules"]).iter().enumerate() {
        let pattern = rule.text_at(&["image"]);
        pattern_warnings(check, index, pattern);
        for problem in rule_problems(rule, pattern) {
            check.fault(&["rules"], format!("rule {index}: {problem}"));
        }
    }
}

fn pattern_warnings(check: &mut Check<'_>, index: usize, pattern: &str) {
    let reach =
        "but matching only applies to the image registry and repository, not the tag or digest";
    let after_registry = pattern.split_once('/').map(|(_, rest)| rest);
    let mut warnings = Vec::new();
    if pattern.contains('@') {
        warnings.push(format!("imagePattern contains '@' {reach}"));
    }
    if after_registry.is_some_and(|rest| rest.contains(':')) {
        warnings.push(format!("imagePattern contains ':' {reach}"));
    }
    if check.contract >= Contract::V1_14 {
        if !pattern.is_empty() && matches_nothing(pattern) {
            warnings.push(format!(
                "imagePattern {} cannot match any image: references are matched in their normalized '<registry domain>/<repository>' form, e.g. 'nginx' is matched as 'docker.io/library/nginx'",
                quote(pattern)
            ));
        }
    } else if !pattern.contains('/') && !matches!(pattern, "" | "*") {
        warnings.push("imagePattern does not contain a '/', image references like 'nginx' are matched as 'docker.io/nginx' (normalized)".to_owned());
    }
    for warning in warnings {
        check.warn(&["rules"], format!("rule {index}: {warning}"));
    }
}

/// True for a pattern whose start is no registry.
fn matches_nothing(pattern: &str) -> bool {
    let (start, open) = match pattern.split_once('*') {
        Some((start, _)) => (start, true),
        None => (pattern, false),
    };
    match start.split_once('/') {
        None => !open,
        Some((domain, _)) => {
            !domain.contains(['.', ':']) && !domain.eq_ignore_ascii_case("localhost")
        }
    }
}

fn rule_problems(rule: &Node, pattern: &str) -> Vec<&'static str> {
    let is_on = |key| rule.bool_at(&[key]) == Some(true);
    let (skip, deny) = (is_on("skip"), is_on("deny"));
    let (keyless, public) = (rule.get("keyless"), rule.get("publicKey"));
    let verified = keyless.is_some() || public.is_some();
    let lacks = |node: Option<&Node>, keys: &[&str]| {
        node.is_some_and(|node| keys.iter().all(|key| node.text_at(&[key]).is_empty()))
    };
    [
        (pattern.is_empty(), "imagePattern must be specified"),
        (skip && deny, "skip and deny cannot both be true"),
        (
            (skip || deny) && verified,
            "verifiers cannot be configured if skip or deny is true",
        ),
        (
            !skip && !deny && !verified,
            "at least one verifier must be configured",
        ),
        (
            keyless.is_some() && public.is_some(),
            "only one of keyless or publicKey verifier can be configured",
        ),
        (
            lacks(keyless, &["issuer"]),
            "verifier OIDC issuer must be specified",
        ),
        (
            lacks(keyless, &["subject", "subjectRegex"]),
            "verifier subject or subjectRegex must be specified",
        ),
        (
            lacks(public, &["certificate"]),
            "verifier certificates must be specified",
        ),
    ]
    .into_iter()
    .filter_map(|(wrong, text)| wrong.then_some(text))
    .collect()
}

/// What containers get from the runtime by default.
pub(super) fn runtime_spec(check: &mut Check<'_>) {
    let overrides = check.node.get("overrides");
    if let Some(problem) =
        overrides.and_then(|node| runtime_spec_shape::problem(node, check.contract))
    {
        let text = format!("failed to unmarshal base runtime spec overrides: {problem}");
        check.fault(&["overrides"], text);
    }
}

/// A part of what the runtime of containers is told.
pub(super) fn customization(check: &mut Check<'_>) {
    let name = check.text(&["name"]);
    if let Err(reason) = labels::qualified_name(name) {
        check.fault(&["name"], format!("invalid name: {reason}"));
    }
    if name == LEGACY {
        let text = format!("name {name:?} is reserved for the legacy CRI customization");
        check.fault(&["name"], text);
    }
}
