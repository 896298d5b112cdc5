//! Memory for connections: a cap for all of them together that holds whatever guests do.
//!
//! The buffers of a connection are promised when it is established and touched only as far as bytes
//! wait in them. Promises are large while little is promised, and shrink as the cap comes near, so
//! that a few connections are fast and thousands still get through.

/// Both buffers of all connections of a network, bytes.
const CAP: usize = 256 << 20;
/// What one machine may have of it: however many connections it begins, others still get theirs.
const SHARE: usize = CAP / 2;
/// The largest and the smallest buffer of one direction. The large one covers the way between a
/// machine and the gateway at more than line rate; the way beyond is the host kernel's.
const LARGEST: usize = 256 << 10;
const SMALLEST: usize = 8 << 10;
/// How many further connections of the same size there must be room for.
const FURTHER: usize = 256;

/// What was promised so far.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    promised: usize,
}

impl Budget {
    /// Promises the buffers of one connection: the size of each direction. Nothing when the cap is
    /// reached, or the share of its machine, to which `own` bytes are promised already.
    pub(crate) fn promise(&mut self, own: usize) -> Option<usize> {
        let left = (CAP - self.promised).min(SHARE.saturating_sub(own));
        let mut size = LARGEST;
        while size > SMALLEST && size * 2 * FURTHER > left {
            size /= 2;
        }
        if size * 2 > left {
            return None;
        }
        self.promised += size * 2;
        Some(size)
    }

    /// Takes promises of this many bytes back.
    pub(crate) fn release(&mut self, bytes: usize) {
        self.promised = self.promised.saturating_sub(bytes);
    }

    /// Bytes promised now.
    pub(crate) fn promised(&self) -> usize {
        self.promised
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_are_large_the_last_small_and_the_cap_holds() {
        let mut budget = Budget::default();
        // Many machines, of which none reaches its share.
        let sizes: Vec<usize> = std::iter::from_fn(|| budget.promise(0)).collect();
        assert_eq!(sizes[0], LARGEST);
        assert_eq!(*sizes.last().unwrap(), SMALLEST);
        assert!(sizes.is_sorted_by(|a, b| a >= b));
        assert!(sizes.len() > 1200, "{}", sizes.len());
        assert!(budget.promised() <= CAP);
        sizes.into_iter().for_each(|size| budget.release(size * 2));
        assert_eq!((budget.promised(), budget.promise(0)), (0, Some(LARGEST)));
    }

    #[test]
    fn one_machine_leaves_as_much_to_the_others() {
        let mut budget = Budget::default();
        let mut own = 0;
        while let Some(size) = budget.promise(own) {
            own += size * 2;
        }
        assert_eq!(own, SHARE);
        assert_eq!(budget.promise(0), Some(LARGEST));
        assert_eq!(budget.promise(own), None);
    }
}
