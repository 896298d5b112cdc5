//! The record of an image, and older forms of it.

use serde_json::{Map, Value, json};

/// The present form.
pub(super) const VERSION: u32 = 2;

/// Brings a record of an older form into the present one.
pub(crate) fn upgrade(record: Value) -> Value {
    match record["schema_version"].as_u64() {
        Some(1) => from_first(record),
        _ => record,
    }
}

/// From the form that knew only the factory: choice and recipe stood beside one another.
fn from_first(mut old: Value) -> Value {
    let choice = old["choice"].take();
    let mut origin = Map::new();
    origin.insert("kind".to_owned(), json!("factory"));
    for field in ["schematic", "schematic_id", "factory", "asset"] {
        origin.insert(field.to_owned(), old[field].take());
    }
    json!({
        "schema_version": VERSION,
        "id": old["id"],
        "origin": origin,
        "version": choice["version"],
        "arch": choice["arch"],
        "medium": choice["medium"],
        "created_at": old["created_at"],
        "file": old["file"],
        "digest": null,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crete_model::{Arch, BootMedium, ImageOrigin, ImageSpec};

    #[test]
    fn a_record_of_the_first_form_is_still_read() {
        let old = json!({
            "schema_version": 1,
            "id": "0199f0a0-0000-7000-8000-000000000001",
            "choice": { "version": "v1.13.9", "arch": "amd64", "medium": "disk_image" },
            "schematic": { "customization": { "extraKernelArgs": ["console=ttyS0"] } },
            "schematic_id": "ab",
            "factory": "https://factory.example",
            "asset": "metal-amd64.raw.zst",
            "created_at": "2026-11-24T10:00:00.000Z",
            "file": {
                "name": "base", "format": "raw", "downloaded": 5, "sha256": "cd", "virtual_size": 9
            },
        });
        let spec: ImageSpec = serde_json::from_value(upgrade(old)).unwrap();
        assert_eq!(spec.version, "v1.13.9".parse().ok());
        assert_eq!(
            (spec.arch, spec.medium),
            (Some(Arch::Amd64), BootMedium::DiskImage)
        );
        let ImageOrigin::Factory(origin) = &spec.origin else {
            panic!("{spec:?}");
        };
        assert_eq!(origin.asset, "metal-amd64.raw.zst");
        let file = spec.file.as_ref().unwrap();
        assert_eq!((file.stamp, spec.digest.as_ref()), (None, None));
        // What is written now is read again as it is.
        let now = serde_json::to_value(&spec).unwrap();
        assert_eq!(upgrade(now.clone()), now);
    }
}
