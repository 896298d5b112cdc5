//! The addresses that the desktop may be asked to open. The page names a place; the address is
//! made here, from what the catalogue knows and what was checked.

use crate::types::DocsPage;
use crete_model::{ErrorCode, Params, Problem, Remedy, TalosVersion, Targets};

/// Where extensions are made.
pub(crate) const EXTENSIONS: &str = "https://github.com/siderolabs/extensions";

/// The address of a page of Talos' documentation. The minor version is checked, because it
/// becomes part of an address that the desktop opens.
pub(crate) fn docs(minor: &str, page: DocsPage) -> Result<String, Problem> {
    let path = match page {
        DocsPage::WhatsNew => "/getting-started/what's-new-in-talos/",
        DocsPage::SupportMatrix => "/getting-started/support-matrix/",
        DocsPage::KernelArguments => "/reference/kernel",
        DocsPage::ConfigurationSources => {
            "/configure-your-talos-cluster/system-configuration/acquire"
        }
    };
    docs_path(minor, path)
}

/// Where a board's overlay is made: its image has the name of its sources.
pub(crate) fn overlay(targets: &Targets, board: &str) -> Result<String, Problem> {
    let known = targets.boards.iter().find(|known| known.id == board);
    let known = known.ok_or_else(|| refused("there is no such board"))?;
    Ok(format!("https://github.com/{}", known.overlay_image))
}

/// The address of the page of a platform or a board. The path is the catalogue's own.
pub(crate) fn guide(targets: &Targets, minor: &str, place: &str) -> Result<String, Problem> {
    let platforms = std::iter::once(&targets.metal).chain(&targets.clouds);
    let boards = targets.boards.iter();
    let path = platforms
        .map(|platform| (&platform.id, &platform.documentation_path))
        .chain(boards.map(|board| (&board.id, &board.documentation_path)))
        .find_map(|(id, path)| (id == place).then_some(path.as_deref()).flatten());
    match path {
        Some(path) => docs_path(minor, path),
        None => Err(refused("there is no page of this platform or board")),
    }
}

/// The address of the page of a kind of configuration document. The path is made from the
/// version's own kinds.
pub(crate) fn kind(version: &TalosVersion, kind: &str) -> Result<String, Problem> {
    let Some(path) = crete_engine::config_reference(version, kind) else {
        return Err(refused("there is no page of this kind of document"));
    };
    let (major, minor) = version.minor();
    docs_path(
        &format!("{major}.{minor}"),
        &format!("/reference/configuration/{path}"),
    )
}

fn docs_path(minor: &str, path: &str) -> Result<String, Problem> {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let known = minor
        .split_once('.')
        .is_some_and(|(major, minor)| digits(major) && digits(minor));
    if !known {
        return Err(refused("a minor version such as 1.13 is needed"));
    }
    Ok(format!("https://docs.siderolabs.com/talos/v{minor}{path}"))
}

fn refused(words: &str) -> Problem {
    Problem::new(ErrorCode::BadRequest, Params::new())
        .with_detail(words)
        .with_remedy(Remedy::Report)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_minor_versions_become_addresses() {
        assert!(docs("1.13", DocsPage::WhatsNew).is_ok());
        for bad in ["", "1", "1.13/../..", "1.x", "@evil.example/"] {
            assert!(docs(bad, DocsPage::SupportMatrix).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_kinds_of_the_version_become_addresses() {
        let version = |text: &str| text.parse::<TalosVersion>().unwrap();
        assert_eq!(
            kind(&version("v1.12.11"), "HostnameConfig").unwrap(),
            "https://docs.siderolabs.com/talos/v1.12/reference/configuration/network/hostnameconfig"
        );
        assert_eq!(
            kind(&version("v1.13.0"), "").unwrap(),
            "https://docs.siderolabs.com/talos/v1.13/reference/configuration/v1alpha1/config"
        );
        for (at, bad) in [
            ("v1.11.0", "HostnameConfig"),
            ("v1.12.0", "../x"),
            ("v1.9.0", ""),
        ] {
            assert!(kind(&version(at), bad).is_err(), "{at} {bad}");
        }
    }

    #[test]
    fn only_pages_of_the_catalogue_become_addresses() {
        let targets = crete_factory::catalogue::targets();
        let of = |place: &str| guide(targets, "1.13", place);
        assert!(
            of("aws")
                .unwrap()
                .starts_with("https://docs.siderolabs.com/talos/v1.13/")
        );
        let board = targets
            .boards
            .iter()
            .find(|board| board.documentation_path.is_some());
        assert!(of(&board.unwrap().id).is_ok());
        let made = overlay(targets, "rpi_5").unwrap();
        assert_eq!(made, "https://github.com/siderolabs/sbc-raspberrypi");
        for bad in ["", "@evil.example", "../aws"] {
            assert!(of(bad).is_err(), "{bad}");
            assert!(overlay(targets, bad).is_err(), "{bad}");
        }
    }
}
