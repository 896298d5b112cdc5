//! A zstd file that packs nothing but emptiness: runs of zeros become blocks of four bytes, all
//! else is stored as it is. What practice images hold is packed already, and their disk is nearly
//! all empty, so this loses little and needs no compressor to be built before anything can be
//! said to the person. Pure but for the writer it is given.

use std::io::{self, Write};

/// The most one block may hold.
const BLOCK: usize = 128 << 10;
const RAW: u32 = 0;
const RUN: u32 = 1;

/// Writes one frame. Each block is held back until it is known whether it is the last.
pub struct Frame<W> {
    out: W,
    held: Option<(u32, Vec<u8>, usize)>,
}

impl<W: Write> Frame<W> {
    /// Begins a frame of `length` bytes.
    pub fn begin(mut out: W, length: u64) -> io::Result<Self> {
        // Length in eight bytes, a window of 1 MiB, no checksum.
        out.write_all(&[0x28, 0xB5, 0x2F, 0xFD, 0b1100_0000, 0x50])?;
        out.write_all(&length.to_le_bytes())?;
        Ok(Self { out, held: None })
    }

    /// Stores bytes.
    pub fn data(&mut self, bytes: &[u8]) -> io::Result<()> {
        for part in bytes.chunks(BLOCK) {
            self.hold(RAW, part.to_vec(), part.len())?;
        }
        Ok(())
    }

    /// Stores zeros.
    pub fn zeros(&mut self, mut count: u64) -> io::Result<()> {
        while count > 0 {
            let size = usize::try_from(count).unwrap_or(BLOCK).min(BLOCK);
            self.hold(RUN, vec![0], size)?;
            count -= size as u64;
        }
        Ok(())
    }

    /// Ends the frame.
    pub fn end(mut self) -> io::Result<W> {
        let (kind, bytes, size) = self.held.take().unwrap_or((RAW, Vec::new(), 0));
        self.write(true, kind, &bytes, size)?;
        Ok(self.out)
    }

    fn hold(&mut self, kind: u32, bytes: Vec<u8>, size: usize) -> io::Result<()> {
        if let Some((kind, bytes, size)) = self.held.replace((kind, bytes, size)) {
            self.write(false, kind, &bytes, size)?;
        }
        Ok(())
    }

    fn write(&mut self, last: bool, kind: u32, bytes: &[u8], size: usize) -> io::Result<()> {
        let size = u32::try_from(size).map_err(io::Error::other)?;
        let header = u32::from(last) | kind << 1 | size << 3;
        self.out.write_all(&header.to_le_bytes()[..3])?;
        self.out.write_all(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, Clone)]
    enum Piece {
        Data(Vec<u8>),
        Zeros(u64),
    }

    fn pieces() -> impl Strategy<Value = Vec<Piece>> {
        let piece = prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..300).prop_map(Piece::Data),
            (0_u64..400_000).prop_map(Piece::Zeros),
            (0_usize..300_000).prop_map(|size| Piece::Data(vec![7; size])),
        ];
        proptest::collection::vec(piece, 0..6)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        /// The reference decoder gives back what went in.
        #[test]
        fn the_decoder_of_others_reads_it(pieces in pieces()) {
            let mut plain = Vec::new();
            for piece in &pieces {
                match piece {
                    Piece::Data(bytes) => plain.extend_from_slice(bytes),
                    Piece::Zeros(count) => plain.resize(plain.len() + usize::try_from(*count).unwrap(), 0),
                }
            }
            let mut frame = Frame::begin(Vec::new(), plain.len() as u64).unwrap();
            for piece in &pieces {
                match piece {
                    Piece::Data(bytes) => frame.data(bytes).unwrap(),
                    Piece::Zeros(count) => frame.zeros(*count).unwrap(),
                }
            }
            let packed = frame.end().unwrap();
            prop_assert_eq!(zstd::decode_all(packed.as_slice()).unwrap(), plain);
        }
    }
}
