//! The registry of installer images: where a reference leads to.

use super::answer::{error, internal};
use super::api::{full_version, is_offered, newest_stable};
use super::images::hex;
use super::{Shared, asset};
use axum::body::Body;
use axum::http::Response;
use sha2::{Digest, Sha256};
use std::sync::atomic::Ordering;

pub fn answer(shared: &Shared, path: &str) -> Response<Body> {
    if path.is_empty() {
        return Response::new(Body::empty());
    }
    let parts: Vec<&str> = path.split('/').collect();
    let [
        image,
        id,
        kind @ ("manifests" | "blobs" | "referrers"),
        wanted,
    ] = *parts.as_slice()
    else {
        return error(404, &format!("unknown registry path: {path:?}"));
    };
    let name = image.strip_suffix("-secureboot").unwrap_or(image);
    let platform = match name.strip_suffix("-installer") {
        Some(platform) => platform,
        None if name == "installer" => "metal",
        None => return error(400, &format!("invalid image: {image}")),
    };
    if !shared.schematics.lock().unwrap().contains_key(id) {
        return error(404, &format!("schematic ID \"{id}\" not found"));
    }
    if !asset::is_platform(platform) {
        return internal();
    }
    if kind != "manifests" || wanted.starts_with("sha256:") {
        return moved(shared, &format!("{image}/{id}/{kind}/{wanted}"));
    }
    let version = if wanted == "latest" {
        // The real one looks for the newest in its list by turning the list itself round.
        shared.turned.fetch_xor(true, Ordering::Relaxed);
        Some(newest_stable())
    } else {
        full_version(wanted).filter(|_| wanted.starts_with('v'))
    };
    let Some(version) = version else {
        return moved(shared, &format!("{image}/{id}/{kind}/{wanted}"));
    };
    if !is_offered(&version) {
        let plain = &version[1..];
        return error(404, &format!("version {plain} is not available"));
    }
    let digest = hex(&Sha256::digest(format!("{image}/{id}/{version}")));
    moved(shared, &format!("{image}/{id}/manifests/sha256:{digest}"))
}

fn moved(shared: &Shared, to: &str) -> Response<Body> {
    Response::builder()
        .status(307)
        .header("location", format!("{}/v2/practice/{to}", shared.store))
        .body(Body::empty())
        .unwrap()
}
