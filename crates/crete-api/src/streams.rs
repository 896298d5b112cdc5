//! Byte streams: raw chunks with their place in the whole, sent only as fast as the page reads.

use bytes::Bytes;
use crete_model::{MachineId, NodeSource, SerialPort};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use ts_rs::TS;

/// Bytes that may be under way to the page without an acknowledgement.
pub const WINDOW_BYTES: u32 = 256 * 1024;

/// What a page asks to be streamed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum StreamRequest {
    /// A serial port of a machine, from the start of what is kept.
    Console {
        /// The machine.
        machine: MachineId,
        /// The port.
        port: SerialPort,
    },
    /// What a node tells: a `NodeRecord` a line, in JSON.
    Node {
        /// The machine.
        machine: MachineId,
        /// What is told.
        source: NodeSource,
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

/// How much of a stream may be under way: the page's acknowledgements give it back.
#[derive(Debug, Clone)]
pub(crate) struct Flow {
    window: Arc<Semaphore>,
    end: CancellationToken,
}

impl Flow {
    pub fn new(end: CancellationToken) -> Self {
        Self {
            window: Arc::new(Semaphore::new(WINDOW_BYTES as usize)),
            end,
        }
    }

    /// Waits until `bytes` may be sent.
    pub async fn take(&self, bytes: usize) {
        let bytes = u32::try_from(bytes)
            .unwrap_or(WINDOW_BYTES)
            .min(WINDOW_BYTES);
        // The semaphore is never closed, so this only ends with a permit.
        if let Ok(permit) = self.window.acquire_many(bytes).await {
            permit.forget();
        }
    }

    /// Bytes were taken in. Never lets the window grow beyond its size.
    pub fn give(&self, bytes: u32) {
        let room = (WINDOW_BYTES as usize).saturating_sub(self.window.available_permits());
        self.window.add_permits((bytes as usize).min(room));
    }

    pub fn close(&self) {
        self.end.cancel();
    }

    pub async fn closed(&self) {
        self.end.cancelled().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_page_that_does_not_read_stops_the_stream_and_cannot_overfill_it() {
        let flow = Flow::new(CancellationToken::new());
        flow.take(WINDOW_BYTES as usize).await;
        assert_eq!(flow.window.available_permits(), 0);
        flow.give(1000);
        assert_eq!(flow.window.available_permits(), 1000);
        flow.give(u32::MAX);
        assert_eq!(flow.window.available_permits(), WINDOW_BYTES as usize);
    }

    #[test]
    fn a_chunk_carries_its_place() {
        let wire = ByteChunk {
            offset: 258,
            bytes: Bytes::from_static(b"ab"),
        }
        .encode();
        assert_eq!(wire, [2, 1, 0, 0, 0, 0, 0, 0, b'a', b'b']);
    }
}
