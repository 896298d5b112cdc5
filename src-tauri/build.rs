//! Lets Tauri read its configuration at build time.

fn main() {
    // Only these commands exist for the page; everything else goes through `rpc`.
    let manifest = tauri_build::AppManifest::new().commands(&[
        "rpc",
        "open_again",
        "events",
        "open_stream",
        "painted",
    ]);
    let attributes = tauri_build::Attributes::new().app_manifest(manifest);
    if let Err(error) = tauri_build::try_build(attributes) {
        println!("cargo::error={error:#}");
    }
}
