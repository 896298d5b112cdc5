//! Opening anything a person may have at hand: an id, YAML, a wizard's link, an address of an
//! image, the reference of an installer.

use super::link;
use crate::catalogue::targets;
use crate::schematic::{self, SchematicError};
use crete_model::{Schematic, StudioDraft, TalosVersion, TargetKind};
use url::Url;

/// What a text turned out to be.
#[derive(Debug, Clone, PartialEq)]
pub enum Opened {
    /// Choices, complete in themselves.
    Draft(Box<StudioDraft>),
    /// A whole schematic, to be taken over key by key.
    Schematic(Box<Schematic>),
    /// The id of a schematic that the factory must be asked for, and what stood beside it.
    Id {
        /// 64 hexadecimal digits.
        id: String,
        /// Version, architecture and whatever else the text told.
        beside: Box<StudioDraft>,
    },
}

/// Why a text cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenFault {
    /// Nothing was given.
    #[error("nothing was given")]
    Empty,
    /// It is an address, but none of an Image Factory.
    #[error("{0} is no address of an Image Factory")]
    ForeignAddress(String),
    /// It is taken for YAML and is no schematic.
    #[error(transparent)]
    Schematic(#[from] SchematicError),
}

/// Recognises a text.
///
/// # Errors
/// When it is nothing that an Image Factory knows.
pub fn open(text: &str) -> Result<Opened, OpenFault> {
    let text = text.trim();
    if text.is_empty() {
        return Err(OpenFault::Empty);
    }
    if link::is_id(&text.to_ascii_lowercase()) {
        let id = text.to_ascii_lowercase();
        return Ok(Opened::Id {
            id,
            beside: Box::default(),
        });
    }
    let one_line = !text.contains(char::is_whitespace);
    if one_line
        && let Ok(url) = Url::parse(text)
        && matches!(url.scheme(), "http" | "https")
    {
        return address(&url).ok_or_else(|| OpenFault::ForeignAddress(text.to_owned()));
    }
    if one_line && let Some(opened) = reference(text) {
        return Ok(opened);
    }
    Ok(Opened::Schematic(Box::new(schematic::parse(text)?)))
}

fn address(url: &Url) -> Option<Opened> {
    let parts: Vec<&str> = url
        .path_segments()?
        .filter(|part| !part.is_empty())
        .collect();
    // A factory may live below a path of its own.
    let at = parts
        .iter()
        .position(|part| matches!(*part, "image" | "pxe" | "schematics"));
    if let Some(at) = at {
        let id = parts.get(at + 1).filter(|id| link::is_id(id))?.to_string();
        let mut beside = StudioDraft::default();
        if let (Some(version), Some(name)) = (parts.get(at + 2), parts.get(at + 3)) {
            beside.version = version.parse().ok();
            file_name(name, &mut beside);
        }
        return Some(Opened::Id {
            id,
            beside: Box::new(beside),
        });
    }
    let mut draft = StudioDraft::default();
    let known = url.query_pairs().any(|(name, _)| {
        matches!(
            name.as_ref(),
            "target" | "version" | "platform" | "schematic-id" | "extensions" | "cmdline"
        )
    });
    // A link to a schematic that cannot be one leads nowhere.
    let nowhere = url.query_pairs().any(|(name, value)| {
        name == "schematic-id"
            && !matches!(value.as_ref(), "" | "undefined")
            && !link::is_id(&value)
    });
    if !known || nowhere {
        return None;
    }
    Some(match link::read(url, &mut draft) {
        Some(id) => Opened::Id {
            id,
            beside: Box::new(draft),
        },
        None => Opened::Draft(Box::new(draft)),
    })
}

/// `host/metal-installer-secureboot/ID:v1.13.9`
fn reference(text: &str) -> Option<Opened> {
    let (path, tag) = text.rsplit_once(':')?;
    let mut parts = path.rsplit('/');
    let (id, image) = (parts.next()?, parts.next()?);
    if !link::is_id(id) {
        return None;
    }
    let mut beside = StudioDraft {
        version: tag.parse::<TalosVersion>().ok(),
        ..StudioDraft::default()
    };
    let image = match image.strip_suffix("-secureboot") {
        Some(image) => {
            beside.secure_boot = true;
            image
        }
        None => image,
    };
    let platform = image.strip_suffix("installer")?.trim_end_matches('-');
    place(platform, &mut beside);
    Some(Opened::Id {
        id: id.to_owned(),
        beside: Box::new(beside),
    })
}

/// `metal-amd64-secureboot.iso`, `kernel-arm64`, `cmdline-aws-amd64`
fn file_name(name: &str, draft: &mut StudioDraft) {
    let stem = name.split('.').next().unwrap_or(name);
    let stem = stem.strip_prefix("cmdline-").unwrap_or(stem);
    let stem = stem.strip_suffix("-uki").unwrap_or(stem);
    let stem = match stem.strip_suffix("-secureboot") {
        Some(stem) => {
            draft.secure_boot = true;
            stem
        }
        None => stem,
    };
    let Some((platform, arch)) = stem.rsplit_once('-') else {
        return;
    };
    draft.arch = link::arch(arch);
    place(platform.trim_end_matches("-installer"), draft);
}

fn place(platform: &str, draft: &mut StudioDraft) {
    if platform == "metal" || platform.is_empty() {
        draft.target = Some(TargetKind::Metal);
    } else if targets().clouds.iter().any(|cloud| cloud.id == platform) {
        draft.target = Some(TargetKind::Cloud);
        draft.platform = Some(platform.to_owned());
    }
}
