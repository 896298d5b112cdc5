//! The studio: from a person's answers to a schematic, its files and links, and back.
//!
//! ```text
//! draft ─▶ resolve (platform, board, arch) ─▶ schematic ─▶ yaml, id
//!   ▲                 │                          └──▶ outputs, link, command line
//!   │                 └──▶ remarks (kept, left out, blocks)
//!   └── open: id, YAML, wizard link, image address, installer reference
//! ```
//!
//! Everything here is pure: what the factory offers is passed in, and may be unknown.

mod cmdline;
mod link;
mod open;
mod outputs;
mod recipe;
mod remarks;
mod resolve;

pub use link::wizard_link;
pub use open::{OpenFault, Opened, open};
pub use recipe::{adopt, schematic_of};
pub use resolve::{Known, Resolved, resolve};

use crate::schematic;
use crete_model::{
    Composition, Remark, RemarkWeight, StepState, StudioDraft, StudioStep, TargetKind,
};
use url::Url;

/// What a draft comes to, with everything that can be said without asking the factory.
#[must_use]
pub fn compose(draft: &StudioDraft, known: &Known, base: &Url) -> Composition {
    let resolved = resolve(draft);
    let remarks = remarks::remarks(draft, &resolved, known);
    let recipe = schematic_of(draft, &resolved, known);
    let id = schematic::id(&recipe);
    let steps = steps(draft, &resolved);
    let complete = steps.iter().all(|(_, state)| *state != StepState::Open) && !blocked(&remarks);
    Composition {
        cmdline: cmdline::expected(&resolved, &recipe).unwrap_or_default(),
        outputs: if complete {
            outputs::outputs(&resolved, &id, base)
        } else {
            Vec::new()
        },
        link: wizard_link(draft, &resolved, base).to_string(),
        arch: resolved.arch,
        yaml: schematic::canonical(&recipe),
        schematic_id: id,
        schematic: recipe,
        steps,
        remarks,
    }
}

fn blocked(remarks: &[Remark]) -> bool {
    remarks
        .iter()
        .any(|remark| remark.weight == RemarkWeight::Blocks)
}

/// Extensions and customization are fine without an answer; the others are not.
fn steps(draft: &StudioDraft, resolved: &Resolved) -> Vec<(StudioStep, StepState)> {
    let answered = |known: bool| {
        if known {
            StepState::Answered
        } else {
            StepState::Open
        }
    };
    let place = match draft.target {
        None => StepState::Open,
        Some(TargetKind::Metal) => StepState::NotNeeded,
        Some(TargetKind::Cloud) => answered(resolved.platform.is_some()),
        Some(TargetKind::Sbc) => {
            answered(resolved.board.is_some() || draft.foreign_overlay.is_some())
        }
    };
    let machine = if resolved.arch_is_given {
        StepState::NotNeeded
    } else {
        answered(resolved.arch.is_some())
    };
    vec![
        (StudioStep::Target, answered(draft.target.is_some())),
        (StudioStep::Version, answered(draft.version.is_some())),
        (StudioStep::Place, place),
        (StudioStep::Machine, machine),
        (StudioStep::Extensions, StepState::Answered),
        (StudioStep::Customization, StepState::Answered),
    ]
}
