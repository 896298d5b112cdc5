//! What may become of a file that is already where a finished download is to go.

use std::path::Path;

use crete_model::FileStamp;

use crate::FetchError;
use crate::durable;

/// Whose a file at the target is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// Ours: an earlier call completed it, and nothing is left to do.
    Complete,
    /// Somebody else's: it stays, and nothing is downloaded.
    Keep,
    /// Somebody else's, who lets go of exactly this one.
    Replace(FileStamp),
}

impl Existing {
    /// Whether a download may begin, or end, with what is at the target now.
    ///
    /// # Errors
    /// `Exists` when a file is there that must stay.
    pub(crate) fn allows(self, target: &Path) -> Result<(), FetchError> {
        let there = std::fs::symlink_metadata(target).is_ok();
        let replaceable = match self {
            Self::Complete => true,
            Self::Keep => false,
            // A link is not followed, so it never looks like the file that was meant.
            Self::Replace(meant) => {
                crate::open_plain(target).is_ok_and(|plain| plain.stamp == meant)
            }
        };
        if there && !replaceable {
            return Err(FetchError::Exists {
                path: target.to_owned(),
            });
        }
        Ok(())
    }

    /// Moves a finished file to the target.
    ///
    /// # Errors
    /// `Exists` when a file is there that must stay, `File` when it cannot be moved.
    pub(crate) fn put(self, from: &Path, target: &Path) -> Result<(), FetchError> {
        self.allows(target)?;
        match self {
            Self::Complete => durable::rename(from, target),
            Self::Replace(_) if std::fs::symlink_metadata(target).is_ok() => {
                durable::rename(from, target)
            }
            Self::Keep | Self::Replace(_) => durable::rename_to_free(from, target),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_somebody_else_stays_and_only_the_one_that_was_meant_goes() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("new"), folder.path().join("old"));
        let write = |path: &Path, text: &str| std::fs::write(path, text).unwrap();
        write(&from, "new");
        write(&to, "old");
        let meant = Existing::Replace(crate::stamp(&to).unwrap());
        let refused = |existing: Existing| matches!(existing.put(&from, &to), Err(FetchError::Exists { path }) if path == to);
        assert!(refused(Existing::Keep));

        std::fs::remove_file(&to).unwrap();
        write(&to, "another");
        assert!(refused(meant), "another file came into its place");
        let meant = Existing::Replace(crate::stamp(&to).unwrap());
        meant.put(&from, &to).unwrap();
        assert_eq!(std::fs::read_to_string(&to).unwrap(), "new");
    }

    #[test]
    fn a_link_is_neither_followed_nor_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (own, link) = (folder.path().join("own"), folder.path().join("link"));
        std::fs::write(&own, "own").unwrap();
        std::os::unix::fs::symlink(&own, &link).unwrap();
        let meant = Existing::Replace(crate::stamp(&link).unwrap());
        assert!(meant.allows(&link).is_err());
        assert!(Existing::Keep.allows(&link).is_err());
    }

    #[test]
    fn a_free_place_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("new"), folder.path().join("old"));
        std::fs::write(&from, "new").unwrap();
        Existing::Keep.put(&from, &to).unwrap();
        assert!(to.exists() && !from.exists());
    }
}
