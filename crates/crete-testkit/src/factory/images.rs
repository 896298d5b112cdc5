//! Images: names, the silence of a build, and the way to the bytes.

use super::answer::{error, text};
use super::api::{full_version, is_offered};
use super::{Misdeed, Shared, misdeeds, store};
use crate::disks;
use axum::body::{Body, Bytes};
use axum::http::{Method, Response};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::sync::Arc;
use tokio::sync::OnceCell;

const PLATFORMS: &[&str] = &[
    "metal",
    "nocloud",
    "aws",
    "azure",
    "gcp",
    "vmware",
    "openstack",
];
const DISKS: &[&str] = &["raw", "qcow2", "vhd", "ova"];
const PACKINGS: &[&str] = &["", ".xz", ".gz", ".zst", ".tar.gz"];

pub async fn answer(
    shared: &Shared,
    method: &Method,
    id: &str,
    version: &str,
    asset: &str,
) -> Response<Body> {
    if [".sha256", ".sha512"]
        .iter()
        .any(|ending| asset.ends_with(ending))
    {
        return error(
            402,
            "enterprise not enabled: checksum endpoint is not available",
        );
    }
    if !shared.schematics.lock().unwrap().contains_key(id) {
        return error(404, &format!("schematic ID \"{id}\" not found"));
    }
    let Some(version) = full_version(version) else {
        return error(500, "internal server error");
    };
    if let Err(refusal) = check_name(asset) {
        return refusal;
    }
    if !is_offered(&version) {
        let plain = &version[1..];
        return error(
            404,
            &format!("failed to get kernel: version {plain} is not available"),
        );
    }
    let Some(bytes) = content(shared, asset) else {
        return error(500, "internal server error");
    };
    build(shared, &format!("{id}/{version}/{asset}")).await;
    let misdeed = shared.faults.lock().unwrap().front.pop_front();
    match misdeed {
        None | Some(Misdeed::Nothing) => {}
        Some(Misdeed::OldLink) => return redirect(shared, None, asset),
        Some(misdeed) => return misdeeds::answer(misdeed, &Bytes::new(), 0).await,
    }
    if method == Method::HEAD || shared.options.direct {
        // Never redirected, and no Range, no ETag, no conditional requests.
        return direct(method, asset, bytes, shared);
    }
    redirect(shared, Some(&format!("{id}/{version}")), asset)
}

/// Refuses what the real factory refuses, in its order.
fn check_name(asset: &str) -> Result<(), Response<Body>> {
    let plain = ["kernel-", "initramfs-", "cmdline-"];
    if plain.iter().any(|begin| asset.starts_with(begin)) || asset.ends_with("-uki.efi") {
        return Ok(());
    }
    let parse = |text: String| {
        Err(error(
            400,
            &format!("error parsing profile from path: {text}"),
        ))
    };
    let unknown = || parse(format!("invalid profile path: {asset:?}"));
    let Some((stem, ending)) = asset.split_once('.') else {
        return unknown();
    };
    let disk = DISKS.iter().any(|disk| {
        ending
            .strip_prefix(disk)
            .is_some_and(|packing| PACKINGS.contains(&packing))
    });
    if !disk && ending != "iso" {
        return unknown();
    }
    let Some((platform, arch)) = stem.split_once('-') else {
        return unknown();
    };
    let arch = arch.strip_suffix("-secureboot").unwrap_or(arch);
    if !matches!(arch, "amd64" | "arm64") {
        return parse(format!("invalid architecture: {arch:?}"));
    }
    if !PLATFORMS.contains(&platform) {
        return Err(error(500, "internal server error"));
    }
    Ok(())
}

/// The bytes of an asset, damaged or another's where a fault says so.
pub fn content(shared: &Shared, asset: &str) -> Option<Bytes> {
    let bytes = whole(shared, asset)?;
    let faults = shared.faults.lock().unwrap();
    let bytes = if faults.changed {
        misdeeds::another(asset, &bytes)
    } else {
        bytes
    };
    Some(match faults.damaged {
        Some(damage) => misdeeds::damaged(damage, bytes),
        None => bytes,
    })
}

/// The bytes of an asset; arm64 images are stand-ins that do not boot.
fn whole(shared: &Shared, asset: &str) -> Option<Bytes> {
    if let Some(bytes) = shared.options.assets.get(asset) {
        return Some(bytes.clone());
    }
    if let Some(folder) = &shared.options.images
        && let Ok(bytes) = std::fs::read(folder.join(asset))
    {
        return Some(bytes.into());
    }
    match asset {
        "metal-arm64.raw.zst" => Some(Bytes::from_static(disks::TALOS_ARM64)),
        "metal-arm64.iso" => Some(disks::empty_iso().into()),
        _ => super::extras::content(asset),
    }
}

/// Waits until the image is built. Equal requests share one build, and it is remembered.
async fn build(shared: &Shared, key: &str) {
    let cell: Arc<OnceCell<()>> = shared
        .builds
        .lock()
        .unwrap()
        .entry(key.to_owned())
        .or_default()
        .clone();
    let time = shared.options.build_time;
    // Detached, so that a client that gives up does not stop it.
    let building = tokio::spawn(async move {
        cell.get_or_init(|| tokio::time::sleep(time)).await;
    });
    let _ = building.await;
}

fn kind(asset: &str) -> &'static str {
    match asset.rsplit_once('.').map(|(_, ending)| ending) {
        Some("iso") => "application/x-iso9660-image",
        Some("xz") => "application/x-xz",
        Some("gz") => "application/gzip",
        Some("zst") => "application/zstd",
        Some("qcow2") => "application/x-qemu-disk",
        _ => "application/octet-stream",
    }
}

fn direct(method: &Method, asset: &str, bytes: Bytes, shared: &Shared) -> Response<Body> {
    let length = bytes.len();
    let body = if method == Method::HEAD {
        Body::empty()
    } else {
        store::paced(shared, bytes, 0)
    };
    let mut response = text(200, kind(asset), body);
    let headers = response.headers_mut();
    headers.insert("content-length", length.into());
    let disposition = format!("attachment; filename=\"{asset}\"");
    headers.insert("content-disposition", disposition.parse().unwrap());
    response
}

/// A presigned address of the store: no file name in its path, and a signature that is checked.
/// Without a place its time is over.
fn redirect(shared: &Shared, place: Option<&str>, asset: &str) -> Response<Body> {
    let signature = uuid::Uuid::new_v4().simple().to_string();
    if place.is_some() {
        shared.signatures.lock().unwrap().insert(signature.clone());
    }
    let place = place.unwrap_or_default();
    let hash = hex(&Sha256::digest(format!("{place}/{asset}")));
    let url = format!(
        "{}/image-factory/assets/{hash}?X-Amz-Expires=3600&response-content-disposition=attachment%3B%20filename%3D%22{asset}%22&X-Amz-Signature={signature}",
        shared.store
    );
    let body = format!("<a href=\"{}\">Found</a>.\n\n", url.replace('&', "&amp;"));
    let mut response = text(302, "text/html; charset=utf-8", body);
    response
        .headers_mut()
        .insert("location", url.parse().unwrap());
    response
}

pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        write!(text, "{byte:02x}").unwrap();
    }
    text
}
