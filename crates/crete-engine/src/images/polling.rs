//! The images folder where the system does not tell what happens in it: looked at again and again.
//!
//! Nobody sees a file being closed here. It is taken to be complete when it looks as it did at the
//! look before.

use std::collections::HashMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Time between two looks.
pub(super) const EVERY: Duration = Duration::from_secs(3);

/// Length, time of the last change in seconds and nanoseconds, inode. A link is looked at itself.
type Look = (u64, i64, i64, u64);

/// How the files looked the last time, and whether they were offered like that.
#[derive(Debug, Default)]
pub(super) struct Looks(HashMap<PathBuf, (Look, bool)>);

/// What one look finds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// Files that have come to rest. Each is found once, until something happens to it.
    pub complete: Vec<PathBuf>,
    /// Files that are not there any more.
    pub gone: Vec<PathBuf>,
}

impl Looks {
    pub fn look(&mut self, files: impl Iterator<Item = PathBuf>) -> Found {
        let mut found = Found::default();
        let before = std::mem::take(&mut self.0);
        for path in files {
            let Some(look) = look_of(&path) else { continue };
            let (same, offered) = match before.get(&path) {
                Some((old, offered)) if *old == look => (true, *offered),
                _ => (false, false),
            };
            if same && !offered {
                found.complete.push(path.clone());
            }
            self.0.insert(path, (look, same));
        }
        let gone = before.into_keys().filter(|path| !self.0.contains_key(path));
        found.gone = gone.collect();
        found
    }
}

fn look_of(path: &Path) -> Option<Look> {
    let meta = std::fs::symlink_metadata(path).ok()?;
    Some((meta.len(), meta.ctime(), meta.ctime_nsec(), meta.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_found_once_when_it_has_come_to_rest() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.iso");
        let mut looks = Looks::default();
        let mut look = || looks.look([path.clone()].into_iter());
        let nothing = Found::default();
        let complete = Found {
            complete: vec![path.clone()],
            gone: Vec::new(),
        };
        assert_eq!(look(), nothing);
        std::fs::write(&path, "half").unwrap();
        assert_eq!(look(), nothing, "it may be being written");
        std::fs::write(&path, "the whole").unwrap();
        assert_eq!(look(), nothing, "it was written to");
        assert_eq!(look(), complete);
        assert_eq!(look(), nothing, "it was found already");
        std::fs::write(&path, "another one").unwrap();
        assert_eq!(look(), nothing);
        assert_eq!(look(), complete, "something happened to it");
        std::fs::remove_file(&path).unwrap();
        let gone = Found {
            complete: Vec::new(),
            gone: vec![path.clone()],
        };
        assert_eq!(look(), gone);
    }
}
