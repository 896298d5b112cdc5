//! What images were made from, in a file beside them: the same parts make the same images, so
//! nothing is done again.

use super::packages::Package;
use crate::shell::output;
use anyhow::{Context, Result};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Everything that goes into the images.
#[derive(Debug, PartialEq, Eq)]
pub struct Stamp {
    sources: String,
    packages: Vec<String>,
}

impl Stamp {
    /// The stamp of sources (files and folders) and packages; the compiler counts as a source.
    pub fn of(sources: &[PathBuf], packages: &[Package]) -> Result<Self> {
        Ok(Self {
            sources: digest(sources)?,
            packages: packages
                .iter()
                .map(|package| format!("{} {}", package.file, package.digest))
                .collect(),
        })
    }

    /// The stamp in a file, if there is one.
    pub fn read(path: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(path).ok()?;
        let mut lines = text.lines().map(str::to_owned);
        Some(Self {
            sources: lines.next()?,
            packages: lines.collect(),
        })
    }

    /// Writes the stamp, whole or not at all.
    pub fn write(&self, path: &Path) -> Result<()> {
        let text = format!("{}\n{}\n", self.sources, self.packages.join("\n"));
        let half = path.with_extension("writing");
        std::fs::write(&half, text).with_context(|| half.display().to_string())?;
        std::fs::rename(&half, path).with_context(|| path.display().to_string())
    }

    /// True when the sources are the same, whatever the packages are.
    pub fn same_sources(&self, other: &Self) -> bool {
        self.sources == other.sources
    }
}

/// Names and contents of all sources. Only ever compared with what this function said before: a
/// standard library that hashes in another way costs one build.
fn digest(sources: &[PathBuf]) -> Result<String> {
    let mut files = Vec::new();
    for source in sources {
        collect(source, source, &mut files)?;
    }
    files.sort();
    let mut hasher = DefaultHasher::new();
    output(Command::new("rustc").arg("-vV"))?.hash(&mut hasher);
    files.hash(&mut hasher);
    Ok(format!("{:016x}", hasher.finish()))
}

/// Files with their paths from where the collecting began; build products are none.
fn collect(from: &Path, path: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) -> Result<()> {
    let context = || path.display().to_string();
    if path.is_dir() {
        for entry in std::fs::read_dir(path).with_context(context)? {
            let entry = entry?;
            if entry.file_name() != "target" {
                collect(from, &entry.path(), files)?;
            }
        }
        return Ok(());
    }
    let name = path.strip_prefix(from).unwrap_or(path).to_owned();
    files.push((name, std::fs::read(path).with_context(context)?));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_change_of_a_source_changes_the_stamp_and_products_do_not() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("guest");
        std::fs::create_dir_all(root.join("src")).unwrap();
        std::fs::create_dir_all(root.join("target")).unwrap();
        let stamp = || Stamp::of(std::slice::from_ref(&root), &[]).unwrap();
        std::fs::write(root.join("src/a.rs"), "one").unwrap();
        let first = stamp();
        std::fs::write(root.join("target/product"), "x").unwrap();
        assert_eq!(stamp(), first);
        std::fs::write(root.join("src/a.rs"), "two").unwrap();
        assert!(!stamp().same_sources(&first));
        std::fs::write(root.join("src/a.rs"), "one").unwrap();
        std::fs::rename(root.join("src/a.rs"), root.join("src/b.rs")).unwrap();
        assert_ne!(stamp(), first);
    }

    #[test]
    fn a_stamp_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stamp");
        assert_eq!(Stamp::read(&path), None);
        let stamp = Stamp {
            sources: "00ff".into(),
            packages: vec!["a 1".into(), "b 2".into()],
        };
        stamp.write(&path).unwrap();
        assert_eq!(Stamp::read(&path), Some(stamp));
    }
}
