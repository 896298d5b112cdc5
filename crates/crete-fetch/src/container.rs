//! Knows what a file of each kind begins and ends with, so that a login page or a cut file
//! is refused before anybody boots it. The sniffing is pure; only `check_file` reads.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crete_model::{FileFault, params};

use crate::FetchError;

/// What kind of file is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Container {
    /// ISO 9660 image.
    Iso,
    /// Zstandard frames.
    Zstd,
    /// An xz stream.
    Xz,
    /// A qcow2 disk.
    Qcow2,
    /// Anything; only pages for a browser are refused.
    Raw,
}

/// What the beginning of a file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is what it should be.
    Fits,
    /// More bytes are needed to say.
    TooEarly,
    /// It is something else: what, and how it begins.
    Wrong(FileFault, String),
}

/// Where an ISO 9660 volume descriptor names itself.
const ISO_MAGIC_AT: usize = 32_769;
/// No kind needs more bytes than this from the beginning.
pub(crate) const HEAD: usize = ISO_MAGIC_AT + 5;
/// Bytes needed to recognise a page for a browser.
const TEXT_HEAD: usize = 16;

impl Container {
    fn magic(self) -> (usize, &'static [u8]) {
        match self {
            Self::Iso => (ISO_MAGIC_AT, b"CD001"),
            Self::Zstd => (0, &[0x28, 0xB5, 0x2F, 0xFD]),
            Self::Xz => (0, &[0xFD, b'7', b'z', b'X', b'Z', 0]),
            Self::Qcow2 => (0, b"QFI\xfb"),
            Self::Raw => (0, b""),
        }
    }

    /// Judges the first bytes of a file; `complete` when there will be no more.
    #[must_use]
    pub fn sniff(self, head: &[u8], complete: bool) -> Verdict {
        if head.len() >= TEXT_HEAD && is_page(head) {
            return Verdict::Wrong(FileFault::WebPage, described("a web page", head));
        }
        let (at, magic) = self.magic();
        match head.get(at..at + magic.len()) {
            Some(found) if found == magic && (head.len() >= TEXT_HEAD || complete) => Verdict::Fits,
            Some(found) if found != magic => {
                let what = format!("not {}", self.name());
                Verdict::Wrong(FileFault::OtherKind, described(&what, head))
            }
            _ if complete => {
                let what = format!("too short for {} ({} bytes)", self.name(), head.len());
                Verdict::Wrong(FileFault::OtherKind, described(&what, head))
            }
            _ => Verdict::TooEarly,
        }
    }

    /// Judges the last bytes and the length, where the format lets us: whether the end is there.
    fn has_end(self, tail: &[u8], length: u64) -> bool {
        self != Self::Xz || (tail.ends_with(b"YZ") && length.is_multiple_of(4))
    }

    /// True when what it holds is something else.
    #[must_use]
    pub fn is_packed(self) -> bool {
        matches!(self, Self::Zstd | Self::Xz)
    }

    /// What a sentence calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Iso => "an ISO image",
            Self::Zstd => "a zstd file",
            Self::Xz => "an xz file",
            Self::Qcow2 => "a qcow2 disk",
            Self::Raw => "a disk image",
        }
    }
}

/// Checks beginning and end of a file on disk, which is all that can be told without reading it.
///
/// # Errors
/// `Corrupt` with the reason when it is not of this kind, `File` when it cannot be read.
pub fn check_file(path: &Path, container: Container) -> Result<(), FetchError> {
    let length = std::fs::metadata(path)
        .map_err(FetchError::file(path))?
        .len();
    let corrupt = |fault, words| FetchError::Corrupt {
        path: path.to_owned(),
        fault,
        params: params! { "expected" => container.name(), "length" => length },
        words,
    };
    let ends = || -> io::Result<(Vec<u8>, [u8; 2])> {
        let file = File::open(path)?;
        let mut head = vec![0; usize::try_from(length).unwrap_or(HEAD).min(HEAD)];
        file.read_exact_at(&mut head, 0)?;
        let mut tail = [0; 2];
        if length >= 2 {
            file.read_exact_at(&mut tail, length - 2)?;
        }
        Ok((head, tail))
    };
    let (head, tail) = ends().map_err(FetchError::file(path))?;
    if let Verdict::Wrong(fault, words) = container.sniff(&head, true) {
        return Err(corrupt(fault, words));
    }
    if container.has_end(&tail, length) {
        return Ok(());
    }
    let words = "the end of the xz stream is missing".to_owned();
    Err(corrupt(FileFault::CutOff, words))
}

fn is_page(head: &[u8]) -> bool {
    let start = head.trim_ascii_start();
    ["<!doctype", "<html", "<head", "<body", "<?xml"]
        .iter()
        .any(|tag| {
            start
                .get(..tag.len())
                .is_some_and(|found| found.eq_ignore_ascii_case(tag.as_bytes()))
        })
}

fn described(what: &str, head: &[u8]) -> String {
    match first_line(head) {
        Some(line) => format!("{what}; it begins with \"{line}\""),
        None => what.to_owned(),
    }
}

/// The first line that is not empty, if the bytes are text a person can read.
pub(crate) fn first_line(bytes: &[u8]) -> Option<String> {
    let text = bytes.utf8_chunks().next()?.valid();
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    let readable = line.chars().all(|c| !c.is_control() || c == '\t');
    readable.then(|| line.chars().take(200).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALL: [Container; 5] = [
        Container::Iso,
        Container::Zstd,
        Container::Xz,
        Container::Qcow2,
        Container::Raw,
    ];

    #[test]
    fn a_login_page_is_refused_by_every_kind_long_before_the_iso_magic() {
        for container in ALL {
            let verdict = container.sniff(b"\n<!DOCTYPE HTML><title>Sign in</title>", false);
            assert!(
                matches!(verdict, Verdict::Wrong(FileFault::WebPage, ref why) if why.contains("Sign in")),
                "{verdict:?}"
            );
        }
    }

    #[test]
    fn plain_text_is_refused_with_its_first_line() {
        let verdict = Container::Zstd.sniff(b"internal server error\nmore", true);
        assert_eq!(
            verdict,
            Verdict::Wrong(
                FileFault::OtherKind,
                "not a zstd file; it begins with \"internal server error\"".into()
            )
        );
    }

    #[test]
    fn an_iso_is_known_by_its_volume_descriptor() {
        let mut image = vec![0; HEAD];
        image[ISO_MAGIC_AT..].copy_from_slice(b"CD001");
        assert_eq!(
            Container::Iso.sniff(&image[..HEAD - 1], false),
            Verdict::TooEarly
        );
        assert_eq!(Container::Iso.sniff(&image, false), Verdict::Fits);
        assert!(matches!(
            Container::Iso.sniff(&image[..2000], true),
            Verdict::Wrong(..)
        ));
    }

    #[test]
    fn an_xz_file_without_its_end_is_known() {
        assert!(Container::Xz.has_end(b"YZ", 64));
        assert!(!Container::Xz.has_end(b"YZ", 63));
        assert!(!Container::Xz.has_end(b"ab", 64));
    }

    proptest! {
        #[test]
        fn sniffing_never_stays_undecided_at_the_end(head in proptest::collection::vec(any::<u8>(), 0..100)) {
            for container in ALL {
                prop_assert_ne!(container.sniff(&head, true), Verdict::TooEarly);
            }
        }

        #[test]
        fn a_verdict_never_changes_when_more_arrives(head in proptest::collection::vec(any::<u8>(), 0..100), cut in 0usize..100) {
            for container in ALL {
                let early = container.sniff(&head[..cut.min(head.len())], false);
                if early == Verdict::Fits {
                    prop_assert_eq!(container.sniff(&head, false), Verdict::Fits);
                }
            }
        }
    }
}
