//! Lines of a log, and the place in it to go on from after an interruption. Pure.
//!
//! Talos numbers no lines. After an interruption a log is read from its beginning, and what was told
//! before is found again by its last lines. Where they are not there any more, something is missing.

use std::collections::VecDeque;

/// A longer line is cut.
const LONGEST: usize = 16 << 10;
/// How many of the last lines are kept to be found again.
const KEPT: usize = 64;
/// So many of them have to follow one another to be the same place: a single line may repeat.
const ENOUGH: usize = 8;

/// Cuts bytes into lines.
#[derive(Debug, Default)]
pub(super) struct Cutter {
    rest: Vec<u8>,
}

impl Cutter {
    /// The lines that are complete with these bytes.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        let mut parts = bytes.split(|byte| *byte == b'\n').peekable();
        while let Some(part) = parts.next() {
            let room = LONGEST.saturating_sub(self.rest.len());
            self.rest.extend_from_slice(&part[..part.len().min(room)]);
            if parts.peek().is_some() {
                lines.push(self.end());
            }
        }
        lines
    }

    /// The line that has no end yet; nothing when there is none.
    pub fn flush(&mut self) -> Option<String> {
        (!self.rest.is_empty()).then(|| self.end())
    }

    fn end(&mut self) -> String {
        let line = std::mem::take(&mut self.rest);
        let text = String::from_utf8_lossy(&line);
        text.trim_end_matches('\r').to_owned()
    }
}

/// The last lines that were told.
#[derive(Debug, Default)]
pub(super) struct Told(VecDeque<String>);

/// Where what is told anew goes on from what was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Behind so many lines of it.
    Behind(usize),
    /// It is not in it: something is missing.
    Missing,
}

impl Told {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn saw(&mut self, lines: &[String]) {
        let last = lines.len().saturating_sub(KEPT);
        self.0.extend(lines[last..].iter().cloned());
        while self.0.len() > KEPT {
            self.0.pop_front();
        }
    }

    /// Finds what was told in what is told from the beginning: its last place, for what repeats.
    pub fn place(&self, fresh: &[String]) -> Place {
        let wanted = self.0.len().min(ENOUGH);
        if wanted == 0 {
            return Place::Behind(0);
        }
        let last: Vec<&String> = self.0.iter().skip(self.0.len() - wanted).collect();
        let found = (wanted..=fresh.len())
            .rev()
            .find(|end| fresh[end - wanted..*end].iter().eq(last.iter().copied()));
        found.map_or(Place::Missing, Place::Behind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lines(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn a_line_that_is_cut_in_pieces_is_one_line() {
        let mut cutter = Cutter::default();
        assert!(cutter.feed(b"ab").is_empty());
        assert_eq!(cutter.feed(b"c\r\nde\n"), lines(&["abc", "de"]));
        assert_eq!(cutter.flush(), None);
        assert!(cutter.feed("ü".as_bytes().split_at(1).0).is_empty());
        assert_eq!(
            cutter.feed(&["ü".as_bytes().split_at(1).1, b"\n"].concat()),
            lines(&["ü"])
        );
    }

    #[test]
    fn a_line_without_end_does_not_grow_without_end() {
        let mut cutter = Cutter::default();
        for _ in 0..10 {
            cutter.feed(&[b'x'; 4096]);
        }
        assert_eq!(cutter.feed(b"\n")[0].len(), LONGEST);
    }

    #[test]
    fn what_was_told_is_found_again() {
        let mut told = Told::default();
        assert_eq!(told.place(&lines(&["a"])), Place::Behind(0));
        told.saw(&lines(&["a", "b", "c"]));
        assert_eq!(told.place(&lines(&["a", "b", "c", "d"])), Place::Behind(3));
        assert_eq!(told.place(&lines(&["x", "a", "b", "c"])), Place::Behind(4));
        assert_eq!(told.place(&lines(&["a", "b"])), Place::Missing);
        assert_eq!(told.place(&[]), Place::Missing);
    }

    proptest! {
        /// However a log with distinct lines is interrupted, nothing is told twice and nothing left out.
        #[test]
        fn nothing_twice_and_nothing_left_out(all in 1usize..200, seen in 1usize..200, forgotten in 0usize..200) {
            let log: Vec<String> = (0..all).map(|number| number.to_string()).collect();
            let seen = seen.min(all);
            let forgotten = forgotten.min(all);
            let mut told = Told::default();
            told.saw(&log[..seen]);
            let fresh = &log[forgotten..];
            match told.place(fresh) {
                Place::Behind(count) => prop_assert_eq!(&fresh[count..], &log[seen..]),
                Place::Missing => prop_assert!(forgotten + ENOUGH.min(seen) > seen),
            }
        }

        #[test]
        fn cuts_do_not_matter(text in "[a-c\n]{0,60}", cuts in proptest::collection::vec(1usize..9, 0..30)) {
            let mut whole = Cutter::default();
            let expected = (whole.feed(text.as_bytes()), whole.flush());
            let mut cutter = Cutter::default();
            let mut found = Vec::new();
            let mut rest = text.as_bytes();
            for at in cuts {
                let (head, tail) = rest.split_at(at.min(rest.len()));
                found.extend(cutter.feed(head));
                rest = tail;
            }
            found.extend(cutter.feed(rest));
            prop_assert_eq!((found, cutter.flush()), expected);
        }
    }
}
