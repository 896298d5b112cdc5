//! What a refusal is about, by the factory's own words; and where it has none, what could be
//! the cause. Pure: whoever explains asks the factory for its lists.

use crete_model::{Schematic, TalosVersion};

/// The answer that a refusal is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Blamed {
    /// The version does not have this extension.
    Extension(String),
    /// The version does not have the overlay; the factory does not tell its name.
    Overlay,
    /// The factory does not have the version.
    Version,
    /// A field of the draft has a value that cannot be used.
    Field(&'static str),
}

/// Reads the text of a 400 or 404.
#[must_use]
pub fn blamed(text: &str) -> Option<Blamed> {
    if let Some(rest) = after(text, "official extension \"") {
        return Some(Blamed::Extension(rest.split('"').next()?.to_owned()));
    }
    if after(text, "official overlay").is_some() {
        return Some(Blamed::Overlay);
    }
    if after(text, "version ").is_some() && text.trim_end().ends_with("is not available") {
        return Some(Blamed::Version);
    }
    let fields = [
        ("embedding configuration", "embedded_config"),
        ("enrollKeys", "enroll_keys"),
        ("secure boot", "secure_boot"),
        ("secureboot", "secure_boot"),
        ("BootloaderKind", "bootloader"),
        ("owner field", "owner"),
        ("invalid architecture", "arch"),
        ("sectorSize", "sector_size"),
    ];
    fields
        .into_iter()
        .find_map(|(words, field)| text.contains(words).then_some(Blamed::Field(field)))
}

fn after<'a>(text: &'a str, words: &str) -> Option<&'a str> {
    text.split_once(words).map(|(_, rest)| rest)
}

/// What a version has, as far as the factory could be asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Offered {
    /// All versions.
    pub versions: Option<Vec<TalosVersion>>,
    /// Names of the version's extensions.
    pub extensions: Option<Vec<String>>,
    /// Names of the version's overlays.
    pub overlays: Option<Vec<String>>,
}

/// What could be behind an error without words; `None` when nothing of it is.
#[must_use]
pub fn suspect(recipe: &Schematic, version: &TalosVersion, offered: &Offered) -> Option<Blamed> {
    if let Some(versions) = &offered.versions
        && !versions.contains(version)
    {
        return Some(Blamed::Version);
    }
    let wanted = &recipe.customization.system_extensions.official_extensions;
    if let Some(known) = &offered.extensions
        && let Some(missing) = wanted.iter().find(|name| !known.contains(name))
    {
        return Some(Blamed::Extension(missing.clone()));
    }
    let overlay = recipe.overlay.as_ref()?;
    let known = offered.overlays.as_ref()?;
    (!known.contains(&overlay.name)).then_some(Blamed::Overlay)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schematic;

    #[test]
    fn the_factorys_words_name_the_answer() {
        let enhancing = "error enhancing profile from schematic: ";
        let cases = [
            (
                "official extension \"siderolabs/x\" is not available for Talos version v1.13.9",
                Blamed::Extension("siderolabs/x".into()),
            ),
            (
                "official overlay {\"\" \"\" \"\"} is not available for Talos version v1.13.9",
                Blamed::Overlay,
            ),
            (
                "embedding configuration is not supported for Talos version v1.11.2",
                Blamed::Field("embedded_config"),
            ),
            (
                "invalid secureboot enrollKeys value \"x\"",
                Blamed::Field("enroll_keys"),
            ),
        ];
        for (words, expected) in cases {
            assert_eq!(blamed(&format!("{enhancing}{words}")), Some(expected));
        }
        let gone = "failed to get kernel: version 1.99.0 is not available";
        assert_eq!(blamed(gone), Some(Blamed::Version));
        for nothing in ["internal server error", "", "schematic not found"] {
            assert_eq!(blamed(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn an_error_without_words_is_explained_by_what_is_not_offered() {
        let recipe = schematic::parse(
            "overlay: {name: rpi_generic, image: a}\n\
             customization: {systemExtensions: {officialExtensions: [siderolabs/zfs]}}",
        )
        .unwrap();
        let version: TalosVersion = "1.13.9".parse().unwrap();
        let mut offered = Offered::default();
        let found = |offered: &Offered| suspect(&recipe, &version, offered);
        assert_eq!(found(&offered), None, "what is not known is not blamed");
        offered.versions = Some(vec![version.clone()]);
        offered.extensions = Some(vec!["siderolabs/zfs".into()]);
        offered.overlays = Some(vec!["rpi_generic".into()]);
        assert_eq!(found(&offered), None);
        offered.overlays = Some(Vec::new());
        assert_eq!(found(&offered), Some(Blamed::Overlay));
        offered.extensions = Some(Vec::new());
        let extension = Blamed::Extension("siderolabs/zfs".into());
        assert_eq!(found(&offered), Some(extension));
        offered.versions = Some(Vec::new());
        assert_eq!(found(&offered), Some(Blamed::Version));
    }
}
