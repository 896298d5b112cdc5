//! Versions, catalogues and schematics.

use super::answer::{error, handled, not_allowed, routed, text};
use super::{Shared, extras, images};
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{Method, Response};
use crete_factory::schematic::{self, SchematicError};
use serde_json::{Value, json};
use std::sync::LazyLock;

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

pub async fn answer(shared: &Shared, request: Request) -> Response<Body> {
    let path = request.uri().path().to_owned();
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let method = request.method().clone();
    let get = method == Method::GET;
    match parts.as_slice() {
        ["healthz" | "readyz"] if get || method == Method::HEAD => {
            handled(Response::new(Body::empty()), &request)
        }
        ["versions"] if get => handled(versions(shared), &request),
        ["versions"] => not_allowed("GET, OPTIONS"),
        ["versions", ""] if get => moved("/versions"),
        ["version", version, "extensions", "official"] if get => {
            handled(catalogue(version, &CATALOGUE.1), &request)
        }
        ["version", version, "overlays", "official"] if get => handled(overlays(version), &request),
        ["version", _, "extensions" | "overlays", "official"] => not_allowed("GET, OPTIONS"),
        ["schematics"] if method == Method::POST => create(shared, request).await,
        ["schematics"] => not_allowed("OPTIONS, POST"),
        ["schematics", id] if get => handled(stored(shared, id), &request),
        ["schematics", _] => not_allowed("GET, OPTIONS"),
        ["image", id, version, asset] if get || method == Method::HEAD => {
            let response = images::answer(shared, &method, id, version, asset).await;
            handled(response, &request)
        }
        ["pxe", id, version, name] if get => handled(
            extras::script(shared, &request, [id, version, name]),
            &request,
        ),
        ["pxe", _, _, _] => not_allowed("GET, OPTIONS"),
        ["talosctl", version, name] => extras::talosctl(&request, version, name),
        ["image", _, _, _] => not_allowed("GET, HEAD, OPTIONS"),
        _ => routed(error(404, "404 page not found")),
    }
}

fn moved(to: &str) -> Response<Body> {
    let body = format!("<a href=\"{to}\">Moved Permanently</a>.\n\n");
    let mut response = text(301, "text/html; charset=utf-8", body);
    response
        .headers_mut()
        .insert("location", to.parse().unwrap());
    routed(response)
}

/// JSON as Go writes it, with the type Go guesses.
fn sniffed(value: &Value) -> Response<Body> {
    text(200, "text/plain; charset=utf-8", format!("{value}\n"))
}

fn versions(shared: &Shared) -> Response<Body> {
    let mut list = CATALOGUE.0.clone();
    if shared.faults.lock().unwrap().descending {
        list.reverse();
    }
    sniffed(&json!(list))
}

fn catalogue(word: &str, lists: &Value) -> Response<Body> {
    let Some(version) = full_version(word) else {
        return error(500, "internal server error");
    };
    if !is_offered(&version) {
        return error(404, &format!("version {} is not available", &version[1..]));
    }
    match lists.get(&version) {
        Some(list) => sniffed(&complete(list)),
        None => error(500, "internal server error"),
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

fn overlays(word: &str) -> Response<Body> {
    let Some(version) = full_version(word) else {
        return error(500, "internal server error");
    };
    let minor: u32 = version
        .split('.')
        .nth(1)
        .and_then(|part| part.parse().ok())
        .unwrap_or(0);
    if version.starts_with("v1.") && minor < 7 {
        return sniffed(&json!([]));
    }
    if !is_offered(&version) {
        return error(404, &format!("version {} is not available", &version[1..]));
    }
    match CATALOGUE.2.get(&version) {
        Some(list) => sniffed(list),
        None => error(500, "internal server error"),
    }
}

async fn create(shared: &Shared, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let head = Request::from_parts(parts, Body::empty());
    let Ok(body) = to_bytes(body, LONGEST).await else {
        return handled(error(400, "unexpected EOF"), &head);
    };
    let response = match schematic::parse(&String::from_utf8_lossy(&body)) {
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
            text(
                201,
                "application/json",
                format!("{}\n", json!({ "id": id, "schematic": yaml })),
            )
        }
        Err(refusal) => error(400, &wording(&refusal)),
    };
    handled(response, &head)
}

/// The real factory's words for the commonest refusals.
fn wording(refusal: &SchematicError) -> String {
    match refusal {
        SchematicError::Empty => "EOF".to_owned(),
        SchematicError::Yaml(words) => format!("go-yaml load error in parser: {words}"),
        SchematicError::Field {
            field,
            line,
            reason,
        } => {
            let (parent, key) = field.rsplit_once('.').unwrap_or(("", field));
            if reason.starts_with("there is no such field") {
                let kind = if parent.is_empty() {
                    "Schematic"
                } else {
                    "Customization"
                };
                return format!(
                    "yaml: construct errors: line {line}: field {key} not found in type schematic.{kind}"
                );
            }
            if reason.starts_with("auto is refused") {
                return format!(
                    "yaml: construct errors: line {line}: auto does not belong to BootloaderKind values"
                );
            }
            format!("yaml: construct errors: line {line}: {field}: {reason}")
        }
    }
}

fn stored(shared: &Shared, id: &str) -> Response<Body> {
    match shared.schematics.lock().unwrap().get(id) {
        Some(yaml) => text(200, "application/yaml", yaml.clone()),
        None => error(404, "schematic not found"),
    }
}
