//! What a link has sent: bytes in, whole frames out, in place.
//!
//! On the socket each frame follows its length (four bytes, big endian). The frames of one read
//! are handed on from where they lie; nothing is allocated and nothing copied, save the begun
//! frame at the end, which moves to the front before the next read.

use crate::frame::{MAX_FRAME, MIN_FRAME};
use std::io::{self, Read};
use std::ops::Range;

/// Bytes of the length before each frame.
pub(crate) const PREFIX: usize = 4;

/// A length that no peer in its senses sends. What follows cannot be told apart into frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a frame of {0} bytes was announced")]
pub struct BadLength(pub u32);

/// What reading brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Filled {
    /// As much as there was room for; there may be more.
    Some,
    /// Everything there was.
    All,
    /// The peer has hung up.
    Closed,
    /// There is no room before the frames here are taken.
    Full,
}

/// The receiving side of a link.
#[derive(Debug)]
pub(crate) struct Inbox {
    bytes: Box<[u8]>,
    start: usize,
    end: usize,
}

impl Inbox {
    /// An inbox of this many bytes, or of as many as the longest frame needs.
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            bytes: vec![0; capacity.max(PREFIX + MAX_FRAME)].into_boxed_slice(),
            start: 0,
            end: 0,
        }
    }

    /// Forgets everything, for a new connection.
    pub(crate) fn clear(&mut self) {
        self.start = 0;
        self.end = 0;
    }

    /// Reads once, as much as there is room for.
    pub(crate) fn fill(&mut self, from: &mut impl Read) -> io::Result<Filled> {
        if self.start == self.end {
            self.clear();
        } else if self.bytes.len() - self.start < PREFIX + MAX_FRAME {
            self.bytes.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        let room = &mut self.bytes[self.end..];
        if room.is_empty() {
            return Ok(Filled::Full);
        }
        match from.read(room) {
            Ok(0) => Ok(Filled::Closed),
            Ok(read) => {
                // A stream that fills less than the room had no more.
                let filled = if read < room.len() {
                    Filled::All
                } else {
                    Filled::Some
                };
                self.end += read;
                Ok(filled)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Filled::All),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(Filled::Some),
            Err(error) => Err(error),
        }
    }

    /// Where the next whole frame lies, without taking it.
    pub(crate) fn peek(&self) -> Result<Option<Range<usize>>, BadLength> {
        let waiting = &self.bytes[self.start..self.end];
        let Some(prefix) = waiting.first_chunk::<PREFIX>() else {
            return Ok(None);
        };
        let announced = u32::from_be_bytes(*prefix);
        let length = usize::try_from(announced).unwrap_or(usize::MAX);
        if !(MIN_FRAME..=MAX_FRAME).contains(&length) {
            return Err(BadLength(announced));
        }
        let from = self.start + PREFIX;
        Ok((waiting.len() >= PREFIX + length).then_some(from..from + length))
    }

    /// The bytes of a frame [`Inbox::peek`] has found.
    pub(crate) fn frame(&self, at: Range<usize>) -> &[u8] {
        &self.bytes[at]
    }

    /// Takes the frame [`Inbox::peek`] has found.
    pub(crate) fn take(&mut self, at: &Range<usize>) {
        self.start = at.end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn record(frame: &[u8]) -> Vec<u8> {
        let mut bytes = u32::try_from(frame.len()).unwrap().to_be_bytes().to_vec();
        bytes.extend(frame);
        bytes
    }

    /// Hands out its bytes in the given portions, then has no more for now.
    struct Portions<'a>(&'a [u8], std::slice::Iter<'a, usize>);

    impl Read for Portions<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let want = self.1.next().copied().unwrap_or(usize::MAX);
            let n = want.min(into.len()).min(self.0.len());
            if n == 0 {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            into[..n].copy_from_slice(&self.0[..n]);
            self.0 = &self.0[n..];
            Ok(n)
        }
    }

    proptest! {
        /// However the bytes are cut, the same frames come out, in order.
        #[test]
        fn frames_survive_any_cut(
            lengths in prop::collection::vec(prop_oneof![MIN_FRAME..200, Just(MAX_FRAME)], 1..12),
            portions in prop::collection::vec(1usize..70_000, 0..60),
        ) {
            let frames: Vec<Vec<u8>> = lengths
                .iter()
                .enumerate()
                .map(|(n, length)| vec![u8::try_from(n).unwrap(); *length])
                .collect();
            let wire: Vec<u8> = frames.iter().flat_map(|frame| record(frame)).collect();
            let mut source = Portions(&wire, portions.iter());
            let mut inbox = Inbox::new(0);
            let mut seen = Vec::new();
            while seen.len() < frames.len() {
                let filled = inbox.fill(&mut source).unwrap();
                prop_assert!(matches!(filled, Filled::Some | Filled::All), "{:?}", filled);
                while let Some(at) = inbox.peek().unwrap() {
                    seen.push(inbox.frame(at.clone()).to_vec());
                    inbox.take(&at);
                }
            }
            prop_assert_eq!(seen, frames);
        }

        /// Whatever arrives, only lengths within the bounds are believed.
        #[test]
        fn no_bytes_panic(wire in prop::collection::vec(any::<u8>(), 0..400)) {
            let mut inbox = Inbox::new(0);
            let _ = inbox.fill(&mut wire.as_slice());
            while let Ok(Some(at)) = inbox.peek() {
                prop_assert!((MIN_FRAME..=MAX_FRAME).contains(&at.len()));
                inbox.take(&at);
            }
        }
    }

    #[test]
    fn the_bounds_are_exact() {
        for (length, good) in [
            (13, false),
            (14, true),
            (65_550, true),
            (65_551, false),
            (u32::MAX, false),
        ] {
            let mut inbox = Inbox::new(0);
            inbox.fill(&mut length.to_be_bytes().as_slice()).unwrap();
            assert_eq!(inbox.peek().is_ok(), good, "{length}");
        }
    }

    #[test]
    fn a_full_inbox_says_so_and_goes_on_after_a_frame_is_taken() {
        let wire = record(&[7; MAX_FRAME]).repeat(2);
        let mut inbox = Inbox::new(0);
        let mut source = wire.as_slice();
        assert_eq!(inbox.fill(&mut source).unwrap(), Filled::Some);
        assert_eq!(inbox.fill(&mut source).unwrap(), Filled::Full);
        let at = inbox.peek().unwrap().unwrap();
        inbox.take(&at);
        assert_eq!(inbox.fill(&mut source).unwrap(), Filled::Some);
    }
}
