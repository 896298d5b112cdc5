//! Scripts for network boot.

use super::answer::{GUESSED, error, internal, written};
use super::api::{full_version, is_offered, recipe};
use super::asset::{self, Asset, Kind};
use super::{Shared, build};
use axum::body::Body;
use axum::http::Response;

pub async fn answer(shared: &Shared, [id, version, name]: [&str; 3]) -> Response<Body> {
    let Some(recipe) = recipe(shared, id) else {
        return error(404, &format!("schematic ID \"{id}\" not found"));
    };
    let Some(version) = full_version(version) else {
        return internal();
    };
    let asset = match asset::machine(name, Kind::Cmdline) {
        Ok(asset) => asset,
        Err(refusal) => return refusal,
    };
    if !is_offered(&version) {
        return build::absent(&version);
    }
    if let Some(refusal) = build::refusal(shared, &recipe, &version, &asset) {
        return refusal;
    }
    let Some(cmdline) = build::cmdline(&recipe, &version, &asset) else {
        return internal();
    };
    build::wait(shared, &format!("{id}/{version}/cmdline-{name}")).await;
    let files = format!("{}/image/{id}/{version}", shared.pxe);
    written(GUESSED, script(&files, &asset, &cmdline))
}

fn script(files: &str, asset: &Asset, cmdline: &str) -> String {
    let Asset { platform, arch, .. } = asset;
    if asset.secure_boot {
        let kernel = format!("{files}/{platform}-{arch}-secureboot-uki.efi");
        return format!("#!ipxe\n\nimgfree\nkernel {kernel} {cmdline}\nboot\n");
    }
    format!(
        "#!ipxe\n\nimgfree\nkernel {files}/kernel-{arch} {cmdline}\ninitrd \
         {files}/initramfs-{arch}.xz\nboot\n"
    )
}
