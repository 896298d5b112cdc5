//! What waits to be sent on a link: a bounded queue of frames, kept as they go over the socket.
//!
//! A frame is written once, with its length before it, at the place it is sent from, so that one
//! system call sends everything that waits. The queue is a ring whose records never wrap: one that
//! does not fit behind the last goes to the front, and `end` remembers where the rest stops.

use super::inbox::PREFIX;

/// The sending side of a link.
#[derive(Debug)]
pub(crate) struct Outbox {
    bytes: Box<[u8]>,
    /// First byte not yet sent.
    head: usize,
    /// Where the next record goes.
    tail: usize,
    /// End of the older part, while the newer one has begun at the front.
    end: Option<usize>,
}

impl Outbox {
    /// An empty queue of this many bytes. Memory is touched only as far as frames wait.
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            bytes: vec![0; capacity].into_boxed_slice(),
            head: 0,
            tail: 0,
            end: None,
        }
    }

    /// Forgets everything: a frame half sent is worth nothing to the next connection.
    pub(crate) fn clear(&mut self) {
        self.head = 0;
        self.tail = 0;
        self.end = None;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.head == self.tail && self.end.is_none()
    }

    /// Bytes that wait, lengths included.
    pub(crate) fn waiting(&self) -> usize {
        match self.end {
            Some(end) => end - self.head + self.tail,
            None => self.tail - self.head,
        }
    }

    /// True when less than half of the queue waits: enough room to wake who was held back.
    pub(crate) fn has_eased(&self) -> bool {
        self.waiting() < self.bytes.len() / 2
    }

    /// Where a record of this many bytes can go, and whether the ring turns for it.
    fn place(&self, needed: usize) -> Option<(usize, bool)> {
        match self.end {
            // The newer part grows towards what is not yet sent, and must not touch it: equal
            // marks would read as empty.
            Some(_) => (self.tail + needed < self.head).then_some((self.tail, false)),
            None if self.tail + needed <= self.bytes.len() => Some((self.tail, false)),
            None => (needed < self.head).then_some((0, true)),
        }
    }

    /// True when a frame of this length would be taken.
    pub(crate) fn fits(&self, length: usize) -> bool {
        self.place(PREFIX + length).is_some()
    }

    /// Queues a frame of this length and hands out the room to write it in; nothing when there is
    /// none. The room holds what was there before, and must be written whole.
    pub(crate) fn reserve(&mut self, length: usize) -> Option<&mut [u8]> {
        let needed = PREFIX + length;
        let (at, turns) = self.place(needed)?;
        let announced = u32::try_from(length).ok()?;
        if turns {
            self.end = Some(self.tail);
        }
        self.tail = at + needed;
        let record = &mut self.bytes[at..at + needed];
        record[..PREFIX].copy_from_slice(&announced.to_be_bytes());
        Some(&mut record[PREFIX..])
    }

    /// Queues a copy of a frame; false when there is no room.
    pub(crate) fn push(&mut self, frame: &[u8]) -> bool {
        self.reserve(frame.len())
            .map(|room| room.copy_from_slice(frame))
            .is_some()
    }

    /// Everything that waits, older part first.
    pub(crate) fn pending(&self) -> [&[u8]; 2] {
        match self.end {
            Some(end) => [&self.bytes[self.head..end], &self.bytes[..self.tail]],
            None => [&self.bytes[self.head..self.tail], &[]],
        }
    }

    /// Notes that this many bytes of [`Outbox::pending`] have been sent.
    pub(crate) fn sent(&mut self, mut count: usize) {
        if let Some(end) = self.end {
            let older = end - self.head;
            if count < older {
                self.head += count;
                return;
            }
            count -= older;
            self.head = 0;
            self.end = None;
        }
        self.head += count.min(self.tail - self.head);
        if self.head == self.tail {
            self.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::VecDeque;

    #[derive(Debug, Clone)]
    enum Step {
        Push(usize),
        Send(usize),
    }

    proptest! {
        /// Against a plain list: what is taken comes out whole and in order, the room is bounded,
        /// and no frame is refused while less than half of the queue waits (if no record takes
        /// more than a quarter of it).
        #[test]
        fn it_is_a_queue(
            capacity in 64usize..600,
            steps in prop::collection::vec(
                prop_oneof![(1usize..120).prop_map(Step::Push), (0usize..300).prop_map(Step::Send)],
                1..300,
            ),
        ) {
            let mut outbox = Outbox::new(capacity);
            let mut model: VecDeque<u8> = VecDeque::new();
            for (n, step) in steps.into_iter().enumerate() {
                match step {
                    Step::Push(length) => {
                        let length = length.min(capacity / 4 - PREFIX);
                        let frame = vec![u8::try_from(n % 251).unwrap(); length];
                        let half_empty = outbox.has_eased();
                        prop_assert_eq!(outbox.fits(length), outbox.push(&frame) );
                        let [a, b] = outbox.pending();
                        if a.len() + b.len() > model.len() {
                            model.extend(u32::try_from(length).unwrap().to_be_bytes());
                            model.extend(&frame);
                        } else {
                            prop_assert!(!half_empty, "refused with room");
                        }
                    }
                    Step::Send(count) => {
                        let count = count.min(model.len());
                        outbox.sent(count);
                        model.drain(..count);
                    }
                }
                let [a, b] = outbox.pending();
                prop_assert!(model.iter().eq(a.iter().chain(b)));
                prop_assert_eq!(outbox.waiting(), model.len());
                prop_assert_eq!(outbox.is_empty(), model.is_empty());
                prop_assert!(outbox.waiting() <= capacity);
            }
        }
    }
}
