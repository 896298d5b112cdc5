//! What the answers decide together: platform, board, architecture, SecureBoot.

use crate::catalogue::{Gates, targets};
use crete_model::{Arch, Board, Extension, Platform, StudioDraft, TalosVersion, TargetKind};

/// What is known of the factory. `None` where it was not asked or did not answer.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known<'a> {
    /// The versions it offers.
    pub versions: Option<&'a [TalosVersion]>,
    /// The extensions of the chosen version.
    pub extensions: Option<&'a [Extension]>,
}

/// A draft's answers, looked up.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The platform; a board's is bare metal.
    pub platform: Option<&'static Platform>,
    /// The board.
    pub board: Option<&'static Board>,
    /// The image is a board's, known or not.
    pub is_board: bool,
    /// The architecture in force.
    pub arch: Option<Arch>,
    /// The platform or board leaves no choice of architecture.
    pub arch_is_given: bool,
    /// The version.
    pub version: Option<TalosVersion>,
    /// What the version offers; everything while it is open.
    pub gates: Gates,
    /// SecureBoot is asked for and can be had.
    pub secure_boot: bool,
}

/// Looks the answers up. Answers that do not fit stay out of the result.
#[must_use]
pub fn resolve(draft: &StudioDraft) -> Resolved {
    let targets = targets();
    let gates = draft.version.as_ref().map_or(Gates::ALL, Gates::of);
    let (platform, board) = match draft.target {
        None => (None, None),
        Some(TargetKind::Metal) => (Some(&targets.metal), None),
        Some(TargetKind::Cloud) => {
            let wanted = draft.platform.as_deref();
            (
                targets
                    .clouds
                    .iter()
                    .find(|cloud| wanted == Some(&cloud.id)),
                None,
            )
        }
        Some(TargetKind::Sbc) => {
            let wanted = draft.board.as_deref();
            let board = targets
                .boards
                .iter()
                .find(|board| wanted == Some(&board.id));
            (Some(&targets.metal), board)
        }
    };
    let (arch, arch_is_given) = if draft.target == Some(TargetKind::Sbc) {
        (Some(Arch::Arm64), true)
    } else {
        match platform.map(|platform| platform.arches.as_slice()) {
            Some([only]) => (Some(*only), true),
            Some(offered) => (draft.arch.filter(|arch| offered.contains(arch)), false),
            None => (draft.arch, false),
        }
    };
    let secure_boot = draft.secure_boot
        && gates.secure_boot
        && draft.target != Some(TargetKind::Sbc)
        && platform.is_some_and(|platform| platform.secure_boot);
    Resolved {
        platform,
        board,
        is_board: draft.target == Some(TargetKind::Sbc),
        arch,
        arch_is_given,
        version: draft.version.clone(),
        gates,
        secure_boot,
    }
}
