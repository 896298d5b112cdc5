//! What is not an image: kernel, initramfs, command line, UKI, the network boot script and
//! `talosctl`. They are stand-ins that say so: nothing here boots or does anything.

use super::Shared;
use super::answer::{error, handled, not_allowed, text};
use super::api::{full_version, is_offered};
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{Method, Response};

/// One line of text, well packed.
const INITRAMFS: &[u8] = b"\
    \xfd\x37\x7a\x58\x5a\x00\x00\x04\xe6\xd6\xb4\x46\x02\x00\x21\x01\x16\x00\x00\x00\
    \x74\x2f\xe5\xa3\x01\x00\x2c\x41\x20\x70\x72\x61\x63\x74\x69\x63\x65\x20\x69\x6e\
    \x69\x74\x72\x61\x6d\x66\x73\x3a\x20\x6e\x6f\x74\x68\x69\x6e\x67\x20\x62\x6f\x6f\
    \x74\x73\x20\x66\x72\x6f\x6d\x20\x69\x74\x2e\x0a\x00\x00\x00\x00\x86\xb4\x17\xe7\
    \x6a\xeb\x77\xa6\x00\x01\x45\x2d\x1e\x52\x57\xe8\x1f\xb6\xf3\x7d\x01\x00\x00\x00\
    \x00\x04\x59\x5a";
/// The built-in command line of a version, without what a schematic adds.
const CMDLINE: &str = "talos.platform=metal console=tty0 init_on_alloc=1 slab_nomerge pti=on";
/// Versions before have no `talosctl` at the factory.
const FIRST_TALOSCTL: u32 = 11;

/// The bytes of a stand-in.
pub fn content(asset: &str) -> Option<Bytes> {
    if asset.starts_with("initramfs-") {
        return Some(Bytes::from_static(INITRAMFS));
    }
    if asset.starts_with("cmdline-") {
        return Some(Bytes::from_static(CMDLINE.as_bytes()));
    }
    let plain = asset.starts_with("kernel-") || asset.ends_with("-uki.efi");
    plain.then(|| format!("MZ: a practice {asset}, which does not boot\n").into())
}

/// `GET /pxe/ID/VERSION/PLATFORM-ARCH`.
pub fn script(
    shared: &Shared,
    request: &Request,
    [id, version, name]: [&str; 3],
) -> Response<Body> {
    if !shared.schematics.lock().unwrap().contains_key(id) {
        return error(404, &format!("schematic ID \"{id}\" not found"));
    }
    let Some(version) = full_version(version).filter(|version| is_offered(version)) else {
        return error(500, "internal server error");
    };
    let host = request.headers().get("host");
    let host = host.and_then(|host| host.to_str().ok()).unwrap_or_default();
    let base = format!("http://{host}/image/{id}/{version}");
    let arch = name.split('-').nth(1).unwrap_or("amd64");
    let boots = if name.ends_with("-secureboot") {
        format!("kernel {base}/{name}-uki.efi")
    } else {
        format!("kernel {base}/kernel-{arch} {CMDLINE}\ninitrd {base}/initramfs-{arch}.xz")
    };
    let script = format!("#!ipxe\n\nimgfree\n{boots}\nboot\n");
    text(200, "text/plain; charset=utf-8", script)
}

/// `/talosctl/VERSION/NAME`: neither redirected nor resumable.
pub fn talosctl(request: &Request, version: &str, name: &str) -> Response<Body> {
    let method = request.method();
    if method != Method::GET && method != Method::HEAD {
        return not_allowed("GET, HEAD, OPTIONS");
    }
    let word = version.strip_prefix('v').unwrap_or(version);
    let minor = word.split('.').nth(1).and_then(|part| part.parse().ok());
    let known = full_version(version).is_some_and(|version| is_offered(&version));
    let response = if !known || minor.is_none_or(|minor: u32| minor < FIRST_TALOSCTL) {
        error(404, &format!("version {word} is not available"))
    } else if !name.starts_with("talosctl-") {
        error(500, "internal server error")
    } else {
        let bytes = format!("#!/bin/sh\necho 'a practice {name}'\n");
        let length = bytes.len();
        let body = if method == Method::HEAD {
            Body::empty()
        } else {
            bytes.into()
        };
        let mut response = text(200, "application/octet-stream", body);
        let headers = response.headers_mut();
        headers.insert("content-length", length.into());
        let disposition = format!("attachment; filename=\"{name}\"");
        headers.insert("content-disposition", disposition.parse().unwrap());
        response
    };
    handled(response, request)
}
