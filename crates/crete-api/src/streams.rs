//! Byte streams: raw chunks with their place in the whole, sent only as fast as the page reads.

use bytes::Bytes;
use crete_model::{MachineId, SerialPort};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use ts_rs::TS;

/// Bytes that may be under way to the page without an acknowledgement.
pub const WINDOW_BYTES: u32 = 256 * 1024;

/// What a page asks to be streamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum StreamRequest {
    /// A serial port of a machine, from the start of what is kept.
    Console {
        /// The machine.
        machine: MachineId,
        /// The port.
        port: SerialPort,
    },
}

/// Bytes and where they stand in the whole output.
///
/// On the wire: eight bytes `offset` (little endian), then the bytes.
/// A gap between two chunks means that the middle is no longer kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByteChunk {
    /// Position of the first byte.
    pub offset: u64,
    /// The bytes; at most 64 KiB.
    pub bytes: Bytes,
}

impl ByteChunk {
    /// The chunk as it goes over the wire.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut wire = Vec::with_capacity(8 + self.bytes.len());
        wire.extend_from_slice(&self.offset.to_le_bytes());
        wire.extend_from_slice(&self.bytes);
        wire
    }
}

/// Chunks for one reader. Dropping it ends the stream.
pub type ByteStream = mpsc::Receiver<ByteChunk>;
