//! Building: what stands against it, how long it is silent, and the one text that is really made.

use super::Shared;
use super::answer::{error, internal};
use super::api::{extension_names, overlay_names};
use super::asset::{Asset, Kind};
use axum::body::Body;
use axum::http::Response;
use crete_factory::catalogue::renamed;
use crete_factory::parse_base;
use crete_factory::studio::{Known, adopt, compose};
use crete_model::{Schematic, StudioDraft, TalosVersion, TargetKind};
use std::sync::Arc;
use tokio::sync::OnceCell;

/// What SecureBoot knows to do with its keys.
const ENROLMENTS: &[&str] = &["", "off", "manual", "if-safe", "force"];

/// A version that is not offered, as a build finds out.
pub fn absent(version: &str) -> Response<Body> {
    let plain = version.trim_start_matches('v');
    let text = format!("failed to get kernel: version {plain} is not available");
    error(404, &text)
}

fn enhancing(text: &str) -> Option<Response<Body>> {
    let text = format!("error enhancing profile from schematic: {text}");
    Some(error(400, &text))
}

/// Why an asset cannot be built of a schematic; the kernel is the same for all.
pub fn refusal(
    shared: &Shared,
    recipe: &Schematic,
    version: &str,
    asset: &Asset,
) -> Option<Response<Body>> {
    let parsed: TalosVersion = version.parse().ok()?;
    if (asset.secure_boot || asset.kind == Kind::Uki) && !parsed.at_least(1, 5) {
        return Some(internal());
    }
    if asset.kind == Kind::Kernel {
        return None;
    }
    if asset.secure_boot && shared.options.without_keys {
        return enhancing("secure boot is disabled");
    }
    let custom = &recipe.customization;
    let enrolment = custom.secure_boot.enroll_keys.as_str();
    if asset.secure_boot && !ENROLMENTS.contains(&enrolment) {
        return enhancing(&format!(
            "invalid secureboot enrollKeys value {enrolment:?}"
        ));
    }
    let wanted = &custom.system_extensions.official_extensions;
    if !wanted.is_empty() {
        let Some(offered) = extension_names(version) else {
            return Some(internal());
        };
        let has = |name: &str| offered.iter().any(|offered| offered == name);
        let known = |name: &str| has(name) || renamed(name).is_some_and(has);
        if let Some(name) = wanted.iter().find(|name| !known(name)) {
            return enhancing(&format!(
                "official extension {name:?} is not available for Talos version {version}"
            ));
        }
    }
    if let Some(overlay) = &recipe.overlay {
        let offered = overlay_names(version).filter(|_| parsed.at_least(1, 7));
        if !offered.is_some_and(|names| names.contains(&overlay.name)) {
            // The real one does not tell the name either.
            return enhancing(&format!(
                "official overlay {{\"\" \"\" \"\"}} is not available for Talos version {version}"
            ));
        }
    }
    if !custom.embedded_machine_configuration.is_empty() && !parsed.at_least(1, 12) {
        return enhancing(&format!(
            "embedding configuration is not supported for Talos version {version}"
        ));
    }
    None
}

/// The command line of an asset's machine; nothing for platforms whose own part is not known.
pub fn cmdline(recipe: &Schematic, version: &str, asset: &Asset) -> Option<String> {
    let cloud = asset.platform != "metal";
    let mut draft = StudioDraft {
        target: Some(if cloud {
            TargetKind::Cloud
        } else {
            TargetKind::Metal
        }),
        platform: cloud.then(|| asset.platform.clone()),
        version: version.parse().ok(),
        arch: Some(asset.arch),
        secure_boot: asset.secure_boot,
        ..StudioDraft::default()
    };
    // An overlay's own arguments are not known here.
    let recipe = Schematic {
        overlay: None,
        ..recipe.clone()
    };
    adopt(&mut draft, &recipe);
    let base = parse_base("http://localhost").ok()?;
    let line = compose(&draft, &Known::default(), &base).cmdline;
    (!line.is_empty()).then_some(line)
}

/// Waits until an asset is built. Equal requests share one build, and it is remembered.
pub async fn wait(shared: &Shared, key: &str) {
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
