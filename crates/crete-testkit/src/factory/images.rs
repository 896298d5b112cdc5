//! Images: names, the silence of a build, and the way to the bytes.

use super::answer::{error, internal, text};
use super::api::{full_version, is_offered, recipe};
use super::asset::{self, Kind};
use super::store::Kept;
use super::{Misdeed, Shared, build, misdeeds, store};
use crate::disks;
use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::{Method, Response};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// The body of an asset: what the store keeps under its name, or a text made for a schematic.
type Made = Option<Bytes>;

pub async fn answer(
    shared: &Shared,
    asked: &Parts,
    [id, version, name]: [&str; 3],
) -> Response<Body> {
    if name.ends_with(".sha256") || name.ends_with(".sha512") {
        return error(
            402,
            "enterprise not enabled: checksum endpoint is not available",
        );
    }
    let Some(recipe) = recipe(shared, id) else {
        return error(404, &format!("schematic ID \"{id}\" not found"));
    };
    let Some(version) = full_version(version) else {
        return internal();
    };
    let asset = match asset::parse(name) {
        Ok(asset) => asset,
        Err(refusal) => return refusal,
    };
    if !is_offered(&version) {
        return build::absent(&version);
    }
    if let Some(refusal) = build::refusal(shared, &recipe, &version, &asset) {
        return refusal;
    }
    let made: Made = match asset.kind {
        Kind::Cmdline => match build::cmdline(&recipe, &version, &asset) {
            Some(line) => Some(line.into()),
            None => return internal(),
        },
        _ => None,
    };
    let Some(bytes) = made.clone().or_else(|| content(shared, name)) else {
        return internal();
    };
    build::wait(shared, &format!("{id}/{version}/{name}")).await;
    let misdeed = shared.faults.lock().unwrap().front.pop_front();
    match misdeed {
        None | Some(Misdeed::Nothing) => {}
        Some(Misdeed::OldLink) => return redirect(shared, None, name, name, made),
        Some(misdeed) => return misdeeds::answer(misdeed, &Bytes::new(), 0).await,
    }
    let suggested = suggested(asked.uri.query()).unwrap_or_else(|| name.to_owned());
    let head = asked.method == Method::HEAD;
    if head || shared.options.direct || at_network_boot(shared, asked) {
        // Never redirected, and no Range, no ETag, no conditional requests.
        return direct(head, name, &suggested, bytes, shared);
    }
    redirect(
        shared,
        Some(&format!("{id}/{version}")),
        name,
        &suggested,
        made,
    )
}

/// Programs that boot from the network follow no redirects, so their host sends none.
fn at_network_boot(shared: &Shared, asked: &Parts) -> bool {
    let host = asked.headers.get("host");
    let host = host.and_then(|host| host.to_str().ok());
    shared.pxe != shared.front
        && host.is_some_and(|host| shared.pxe.split("://").nth(1) == Some(host))
}

/// The name that a request wants the file to have.
fn suggested(query: Option<&str>) -> Option<String> {
    let value = query?
        .split('&')
        .find_map(|pair| pair.strip_prefix("filename="))?;
    let mut bytes = Vec::new();
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
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

/// The bytes of an asset; what is not there is a stand-in that does not boot.
fn whole(shared: &Shared, asset: &str) -> Option<Bytes> {
    if let Some(bytes) = shared.options.assets.get(asset) {
        return Some(bytes.clone());
    }
    if let Some(folder) = &shared.options.images
        && let Ok(bytes) = std::fs::read(folder.join(asset))
    {
        return Some(bytes.into());
    }
    // Without the practice machine there is nothing to start on this computer.
    if matches!(asset, "metal-amd64.raw.zst" | "metal-amd64.iso") {
        return None;
    }
    Some(match asset.rsplit_once('.') {
        Some((_, "zst")) => Bytes::from_static(disks::TALOS_ARM64),
        Some((_, "iso")) => disks::empty_iso().into(),
        Some((_, "xz")) if asset.starts_with("initramfs-") => {
            Bytes::from_static(disks::EMPTY_INITRAMFS)
        }
        _ if asset.starts_with("kernel-") || asset.ends_with(".efi") => {
            format!("MZ: a practice {asset}, which does not boot\n").into()
        }
        _ => format!("practice stand-in of {asset}\n").into(),
    })
}

fn kind(asset: &str) -> &'static str {
    match asset.rsplit_once('.').map(|(_, ending)| ending) {
        Some("iso") => "application/x-iso9660-image",
        Some("xz") => "application/x-xz",
        Some("gz") => "application/gzip",
        Some("zst") => "application/zstd",
        Some("efi") => "application/efi",
        Some("tar") => "application/x-tar",
        Some("qcow2") => "application/x-qemu-disk",
        _ => "application/octet-stream",
    }
}

fn direct(head: bool, asset: &str, name: &str, bytes: Bytes, shared: &Shared) -> Response<Body> {
    let length = bytes.len();
    let body = if head {
        Body::empty()
    } else {
        store::paced(shared, bytes, 0)
    };
    let mut response = text(200, kind(asset), body);
    let headers = response.headers_mut();
    headers.insert("content-length", length.into());
    let disposition = format!("attachment; filename=\"{name}\"");
    headers.insert("content-disposition", disposition.parse().unwrap());
    response
}

/// A presigned address of the store: no file name in its path, and a signature that is checked.
/// Without a place its time is over.
fn redirect(
    shared: &Shared,
    place: Option<&str>,
    asset: &str,
    name: &str,
    made: Made,
) -> Response<Body> {
    let signature = hex(&Sha256::digest(uuid::Uuid::new_v4().as_bytes()));
    if place.is_some() {
        let kept = Kept {
            asset: asset.to_owned(),
            made,
        };
        let mut signatures = shared.signatures.lock().unwrap();
        signatures.insert(signature.clone(), kept);
    }
    let place = place.unwrap_or_default();
    let hash = hex(&Sha256::digest(format!("{place}/{asset}")));
    let now = jiff::Timestamp::now();
    let (day, time) = (now.strftime("%Y%m%d"), now.strftime("%Y%m%dT%H%M%SZ"));
    let query = [
        "X-Amz-Algorithm=AWS4-HMAC-SHA256".to_owned(),
        format!("X-Amz-Credential=peer%2F{day}%2Fus-east-1%2Fs3%2Faws4_request"),
        format!("X-Amz-Date={time}"),
        "X-Amz-Expires=3600".to_owned(),
        "X-Amz-SignedHeaders=host".to_owned(),
        format!(
            "response-content-disposition=attachment%3B%20filename%3D%22{}%22",
            name.replace('%', "%25").replace(' ', "%20")
        ),
        format!("X-Amz-Signature={signature}"),
    ];
    let store = &shared.store;
    let url = format!("{store}/image-factory/assets/{hash}?{}", query.join("&"));
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
