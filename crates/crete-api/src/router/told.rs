//! What a node tells, as bytes for the page: one record a line, in JSON.

use crate::ByteChunk;
use bytes::Bytes;
use crete_model::NodeRecord;
use tokio::sync::mpsc;

/// The most bytes of a chunk.
const CHUNK: usize = 64 << 10;

/// Cuts records into chunks, with their places in the whole.
pub(super) async fn chunks(
    mut records: mpsc::Receiver<NodeRecord>,
    out: mpsc::Sender<(u64, Bytes)>,
) {
    let mut offset = 0;
    while let Some(record) = records.recv().await {
        for chunk in cut(&record, &mut offset) {
            if out.send((chunk.offset, chunk.bytes)).await.is_err() {
                return;
            }
        }
    }
}

fn cut(record: &NodeRecord, offset: &mut u64) -> Vec<ByteChunk> {
    // Records are plain data and always render.
    let mut line = serde_json::to_vec(record).unwrap_or_default();
    line.push(b'\n');
    let mut line = Bytes::from(line);
    let mut chunks = Vec::new();
    while !line.is_empty() {
        let bytes = line.split_to(line.len().min(CHUNK));
        let at = *offset;
        *offset += bytes.len() as u64;
        chunks.push(ByteChunk { offset: at, bytes });
    }
    chunks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_record_comes_in_pieces_that_fit_together() {
        let record = NodeRecord::Lines {
            lines: vec!["x".repeat(CHUNK); 2],
        };
        let mut offset = 0;
        let first = cut(&NodeRecord::Gap, &mut offset);
        assert_eq!(&first[0].bytes[..], b"{\"kind\":\"gap\"}\n");
        let chunks = cut(&record, &mut offset);
        assert!(chunks.len() > 1 && chunks.iter().all(|chunk| chunk.bytes.len() <= CHUNK));
        let mut expected = first[0].bytes.len() as u64;
        let mut whole = Vec::new();
        for chunk in chunks {
            assert_eq!(chunk.offset, expected);
            expected += chunk.bytes.len() as u64;
            whole.extend_from_slice(&chunk.bytes);
        }
        let read: NodeRecord = serde_json::from_slice(&whole).unwrap();
        assert_eq!(read, record);
    }
}
