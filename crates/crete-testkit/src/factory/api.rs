//! Versions, catalogues and schematics.

use super::answer::{GUESSED, error, handled, internal, written};
use super::{Shared, refusal};
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{Response, StatusCode};
use crete_factory::schematic;
use crete_model::{Schematic, TalosVersion};
use serde_json::{Value, json};
use std::sync::LazyLock;
use std::sync::atomic::Ordering;

const VERSIONS: &str = include_str!("../../../../tests/fixtures/factory/versions-example.json");
const EXTENSIONS: &str =
    include_str!("../../../../tests/fixtures/factory/extensions-by-version.json");
const OVERLAYS: &str = include_str!("../../../../tests/fixtures/factory/overlays-by-version.json");
/// Configured as broken, so left out of the list.
const BROKEN: &str = "v1.4.3";
/// The longest schematic that is taken; the real factory sets no limit.
const LONGEST: usize = 64 << 20;

static CATALOGUE: LazyLock<(Vec<String>, Value, Value)> = LazyLock::new(|| {
    let mut versions: Vec<String> = serde_json::from_str(VERSIONS).unwrap();
    versions.retain(|version| version != BROKEN);
    (
        versions,
        serde_json::from_str(EXTENSIONS).unwrap(),
        serde_json::from_str(OVERLAYS).unwrap(),
    )
});

/// `1.13.9` or `v1.13.9`, as `v1.13.9`; nothing for anything else.
pub fn full_version(word: &str) -> Option<String> {
    let plain = word.strip_prefix('v').unwrap_or(word);
    let (numbers, _) = plain.split_once('-').unwrap_or((plain, ""));
    let three = numbers
        .split('.')
        .filter(|part| part.parse::<u32>().is_ok())
        .count()
        == 3;
    (three && numbers.split('.').count() == 3).then(|| format!("v{plain}"))
}

pub fn is_offered(version: &str) -> bool {
    CATALOGUE.0.iter().any(|known| known == version)
}

/// JSON as Go writes it, with the type Go guesses.
fn guessed(value: &Value) -> Response<Body> {
    written(GUESSED, go_json(value))
}

/// JSON as Go's encoder writes it: one line feed at the end, and what could hurt in a page as
/// escapes.
pub fn go_json(value: &Value) -> String {
    let text = value.to_string();
    let text = text.replace('<', "\\u003c").replace('>', "\\u003e");
    text.replace('&', "\\u0026") + "\n"
}

pub fn versions(shared: &Shared, query: &str) -> Response<Body> {
    if query.split('&').any(|pair| pair == "broken=true") {
        return guessed(&json!([BROKEN]));
    }
    let mut list = CATALOGUE.0.clone();
    let turned = shared.turned.load(Ordering::Relaxed);
    if shared.faults.lock().unwrap().descending != turned {
        list.reverse();
    }
    guessed(&json!(list))
}

/// The newest version without a pre-release part.
pub fn newest_stable() -> String {
    let versions = CATALOGUE.0.iter();
    let versions = versions.filter_map(|version| version.parse::<TalosVersion>().ok());
    let newest = versions.filter(|version| !version.is_prerelease()).max();
    newest.map_or_else(String::new, |version| version.to_string())
}

/// Names of what a catalogue has for a version; nothing where there is no catalogue.
fn names(lists: &Value, version: &str) -> Option<Vec<String>> {
    let list = lists.get(version)?.as_array()?;
    let names = list.iter().filter_map(|entry| entry["name"].as_str());
    Some(names.map(str::to_owned).collect())
}

/// Names of a version's extensions.
pub fn extension_names(version: &str) -> Option<Vec<String>> {
    names(&CATALOGUE.1, version)
}

/// Names of a version's overlays.
pub fn overlay_names(version: &str) -> Option<Vec<String>> {
    names(&CATALOGUE.2, version)
}

pub fn extensions(word: &str) -> Response<Body> {
    catalogue(word, &CATALOGUE.1)
}

fn catalogue(word: &str, lists: &Value) -> Response<Body> {
    let Some(version) = full_version(word) else {
        return internal();
    };
    if !is_offered(&version) {
        return error(404, &format!("version {} is not available", &version[1..]));
    }
    match lists.get(&version) {
        Some(list) => guessed(&complete(list)),
        None => internal(),
    }
}

/// All five fields are always there.
fn complete(list: &Value) -> Value {
    let entries = list.as_array().unwrap().iter().map(|entry| {
        let field = |name: &str| entry.get(name).cloned().unwrap_or_else(|| json!(""));
        json!({
            "name": field("name"), "ref": field("ref"), "digest": field("digest"),
            "author": field("author"), "description": field("description"),
        })
    });
    Value::Array(entries.collect())
}

pub fn overlays(word: &str) -> Response<Body> {
    let Some(version) = full_version(word) else {
        return internal();
    };
    let minor: u32 = version
        .split('.')
        .nth(1)
        .and_then(|part| part.parse().ok())
        .unwrap_or(0);
    if version.starts_with("v1.") && minor < 7 {
        return guessed(&json!([]));
    }
    if !is_offered(&version) {
        return error(404, &format!("version {} is not available", &version[1..]));
    }
    match CATALOGUE.2.get(&version) {
        Some(list) => guessed(list),
        None => internal(),
    }
}

pub async fn create(shared: &Shared, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LONGEST).await else {
        return handled(error(400, "unexpected EOF"), &parts.headers);
    };
    let body = String::from_utf8_lossy(&body);
    let response = match schematic::parse(&body) {
        Ok(schematic) if !schematic.owner.is_empty() => {
            error(400, "owner field is only supported in Enterprise edition")
        }
        Ok(schematic) => {
            let id = schematic::id(&schematic);
            let yaml = schematic::canonical(&schematic);
            shared
                .schematics
                .lock()
                .unwrap()
                .insert(id.clone(), yaml.clone());
            let answer = json!({ "id": id, "schematic": yaml });
            let mut response = written("application/json", go_json(&answer));
            *response.status_mut() = StatusCode::CREATED;
            response
        }
        Err(reason) => error(400, &refusal::wording(&body, &reason)),
    };
    handled(response, &parts.headers)
}

/// A stored schematic.
pub fn recipe(shared: &Shared, id: &str) -> Option<Schematic> {
    let yaml = shared.schematics.lock().unwrap().get(id).cloned()?;
    schematic::parse(&yaml).ok()
}

pub fn stored(shared: &Shared, id: &str) -> Response<Body> {
    match shared.schematics.lock().unwrap().get(id) {
        Some(yaml) => written("application/yaml", yaml.clone()),
        None => error(404, "schematic not found"),
    }
}
