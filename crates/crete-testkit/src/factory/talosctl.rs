//! Talos' command line tool: a list of addresses, and stand-ins behind them.

use super::Shared;
use super::answer::{GUESSED, error, internal, text};
use super::api::{go_json, is_offered};
use axum::body::Body;
use axum::http::Response;
use crete_model::TalosVersion;
use serde_json::json;

const SYSTEMS: &[&str] = &[
    "darwin-amd64",
    "darwin-arm64",
    "freebsd-amd64",
    "freebsd-arm64",
    "linux-amd64",
    "linux-arm64",
    "linux-armv7",
    "windows-amd64.exe",
    "windows-arm64.exe",
];

/// These routes alone read `1.13` as 1.13.0.
fn lenient(word: &str) -> Option<TalosVersion> {
    let plain = word.strip_prefix('v').unwrap_or(word);
    let dots = plain.matches('.').count();
    let full = format!("{plain}{}", ".0".repeat(2_usize.saturating_sub(dots)));
    full.parse().ok()
}

fn offered(word: &str) -> Result<TalosVersion, Response<Body>> {
    let version = lenient(word).ok_or_else(internal)?;
    if !is_offered(&version.to_string()) {
        return Err(absent(&version));
    }
    Ok(version)
}

fn absent(version: &TalosVersion) -> Response<Body> {
    error(
        404,
        &format!("version {} is not available", version.plain()),
    )
}

/// Addresses of the programs, with the version as it was asked for.
pub fn list(shared: &Shared, word: &str) -> Response<Body> {
    let version = match offered(word) {
        Ok(version) => version,
        Err(refusal) => return refusal,
    };
    let addresses: Vec<String> = SYSTEMS
        .iter()
        .filter(|_| version.at_least(1, 11))
        .map(|system| format!("{}/talosctl/{word}/talosctl-{system}", shared.front))
        .collect();
    text(200, "application/json", go_json(&json!(addresses)))
}

/// A stand-in of a program.
pub fn program(word: &str, name: &str) -> Response<Body> {
    let version = match offered(word) {
        Ok(version) if version.at_least(1, 11) => version,
        Ok(version) => return absent(&version),
        Err(refusal) => return refusal,
    };
    let system = name.strip_prefix("talosctl-");
    if !system.is_some_and(|system| SYSTEMS.contains(&system)) {
        return internal();
    }
    let body = format!("practice {name} {version}\n");
    let mut response = text(200, GUESSED, body);
    let disposition = format!("attachment; filename=\"{name}\"");
    let headers = response.headers_mut();
    headers.insert("content-disposition", disposition.parse().unwrap());
    response
}
