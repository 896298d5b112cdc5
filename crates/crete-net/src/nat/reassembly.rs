//! Packets in pieces, put together. Bounded in number, size and time; pieces that overlap are no
//! honest packet (RFC 5722) and are thrown away with all that belongs to them.

use crate::packet::Packet;
use smoltcp::time::{Duration, Instant};
use std::collections::HashMap;
use std::net::IpAddr;

/// Packets put together at once.
const AT_ONCE: usize = 64;
/// Pieces of one packet: the largest packet in the smallest honest pieces, and some more.
const PIECES: usize = 64;
const LONGEST: usize = 65_535;
const PATIENCE: Duration = Duration::from_secs(15);

type Key = (IpAddr, IpAddr, u8, u32);

#[derive(Debug)]
struct Partial {
    /// Where each piece begins, and what it is.
    pieces: Vec<(usize, Vec<u8>)>,
    /// The whole length, once the last piece has come.
    length: Option<usize>,
    until: Instant,
}

/// Packets of which some pieces have come.
#[derive(Debug, Default)]
pub(crate) struct Reassembly {
    partial: HashMap<Key, Partial>,
}

impl Reassembly {
    /// Takes a piece; the whole payload when it was the last that was missing.
    pub(crate) fn add(&mut self, packet: &Packet<'_>, now: Instant) -> Option<Vec<u8>> {
        let fragment = packet.fragment?;
        let key = (
            packet.source,
            packet.destination,
            packet.protocol,
            fragment.id,
        );
        let end = fragment.offset + packet.payload.len();
        // All but the last are whole multiples of eight bytes.
        let is_ragged = fragment.more && (packet.payload.is_empty() || !end.is_multiple_of(8));
        if end > LONGEST || is_ragged {
            self.partial.remove(&key);
            return None;
        }
        self.make_room(&key, now);
        let partial = self.partial.entry(key).or_insert_with(|| Partial {
            pieces: Vec::new(),
            length: None,
            until: now + PATIENCE,
        });
        if !partial.take(fragment.offset, packet.payload, fragment.more) {
            self.partial.remove(&key);
            return None;
        }
        let whole = partial.whole()?;
        self.partial.remove(&key);
        Some(whole)
    }

    fn make_room(&mut self, key: &Key, now: Instant) {
        if self.partial.len() < AT_ONCE || self.partial.contains_key(key) {
            return;
        }
        self.expire(now);
        if self.partial.len() >= AT_ONCE {
            let oldest = self.partial.iter().min_by_key(|(_, partial)| partial.until);
            if let Some(oldest) = oldest.map(|(key, _)| *key) {
                self.partial.remove(&oldest);
            }
        }
    }

    /// Gives up packets whose other pieces never came.
    pub(crate) fn expire(&mut self, now: Instant) {
        self.partial.retain(|_, partial| now < partial.until);
    }
}

impl Partial {
    /// Takes a piece; false when it contradicts the others.
    fn take(&mut self, offset: usize, bytes: &[u8], more: bool) -> bool {
        let end = offset + bytes.len();
        if self
            .pieces
            .iter()
            .any(|(at, known)| *at == offset && known == bytes)
        {
            // The same again is only a copy.
            return true;
        }
        let overlaps = |(at, known): &(usize, Vec<u8>)| offset < at + known.len() && *at < end;
        if self.pieces.len() >= PIECES || self.pieces.iter().any(overlaps) {
            return false;
        }
        if !more {
            if self.length.is_some_and(|length| length != end) {
                return false;
            }
            self.length = Some(end);
        }
        if self.length.is_some_and(|length| end > length) {
            return false;
        }
        self.pieces.push((offset, bytes.to_vec()));
        true
    }

    fn whole(&mut self) -> Option<Vec<u8>> {
        let length = self.length?;
        if self
            .pieces
            .iter()
            .map(|(_, bytes)| bytes.len())
            .sum::<usize>()
            != length
        {
            return None;
        }
        self.pieces.sort_by_key(|(at, _)| *at);
        Some(
            self.pieces
                .iter()
                .flat_map(|(_, bytes)| bytes.iter().copied())
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::{Fragment, UDP};
    use proptest::prelude::*;

    fn piece<'a>(id: u32, offset: usize, payload: &'a [u8], more: bool) -> Packet<'a> {
        Packet {
            source: [10, 0, 0, 1].into(),
            destination: [10, 0, 0, 2].into(),
            protocol: UDP,
            hop_limit: 64,
            fragment: Some(Fragment { id, offset, more }),
            payload,
            whole: payload,
        }
    }

    proptest! {
        /// In any order, with copies among them, the pieces make the packet that was cut.
        #[test]
        fn any_order_makes_the_packet(
            length in 1usize..9000,
            step in 1usize..180,
            order in any::<u64>(),
            copies in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
        ) {
            let bytes: Vec<u8> = (0..length).map(|n| u8::try_from(n % 251).unwrap()).collect();
            let step = step.max(length / 400 + 1) * 8;
            let mut pieces: Vec<(usize, &[u8])> =
                bytes.chunks(step).enumerate().map(|(n, chunk)| (n * step, chunk)).collect();
            prop_assume!(pieces.len() <= PIECES);
            for copy in copies {
                let piece = pieces[copy.index(pieces.len())];
                pieces.push(piece);
            }
            let rotate = usize::try_from(order % pieces.len() as u64).unwrap();
            pieces.rotate_left(rotate);
            if order & 1 == 0 { pieces.reverse(); }
            let mut reassembly = Reassembly::default();
            let whole: Vec<Vec<u8>> = pieces
                .iter()
                .filter_map(|(at, chunk)| {
                    let more = at + chunk.len() < length;
                    reassembly.add(&piece(7, *at, chunk, more), Instant::ZERO)
                })
                .collect();
            prop_assert!(!whole.is_empty());
            prop_assert!(whole.iter().all(|whole| *whole == bytes));
        }

        #[test]
        fn no_pieces_panic_or_pile_up(
            pieces in prop::collection::vec((0u32..200, 0usize..9000, 0usize..64, any::<bool>()), 0..400),
        ) {
            let mut reassembly = Reassembly::default();
            for (id, offset, length, more) in pieces {
                if let Some(whole) = reassembly.add(&piece(id, offset * 8, &vec![1; length], more), Instant::ZERO) {
                    prop_assert!(whole.len() <= LONGEST);
                }
                prop_assert!(reassembly.partial.len() <= AT_ONCE);
            }
            reassembly.expire(Instant::from_secs(15));
            prop_assert!(reassembly.partial.is_empty());
        }
    }

    #[test]
    fn pieces_that_overlap_are_thrown_away() {
        let mut reassembly = Reassembly::default();
        assert_eq!(
            reassembly.add(&piece(1, 0, &[1; 16], true), Instant::ZERO),
            None
        );
        assert_eq!(
            reassembly.add(&piece(1, 8, &[2; 16], false), Instant::ZERO),
            None
        );
        assert!(reassembly.partial.is_empty());
    }
}
