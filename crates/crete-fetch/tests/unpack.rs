//! Unpacking: the same bytes, holes for zeros, and nothing at all from a damaged source.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crete_fetch::{Container, FetchError, Unpacked, unpack};
use tokio_util::sync::CancellationToken;

async fn run(source: &Path, container: Container, target: &Path) -> Result<Unpacked, FetchError> {
    unpack(
        source,
        container,
        target,
        &|_| {},
        &CancellationToken::new(),
    )
    .await
}

/// Data, a long run of zeros, data, and zeros to the end.
fn disk() -> Vec<u8> {
    let mut disk = vec![7; 100_000];
    disk.resize(20_000_000, 0);
    disk.extend_from_slice(&[9; 1000]);
    disk.resize(24_000_123, 0);
    disk
}

#[tokio::test]
async fn zstd_and_xz_come_out_whole_sparse_and_read_only() {
    let folder = tempfile::tempdir().unwrap();
    let mut xz = Vec::new();
    std::io::copy(
        &mut liblzma::read::XzEncoder::new(disk().as_slice(), 1),
        &mut xz,
    )
    .unwrap();
    let packed = [
        (
            Container::Zstd,
            zstd::encode_all(disk().as_slice(), 1).unwrap(),
        ),
        (Container::Xz, xz),
    ];
    for (number, (container, bytes)) in packed.into_iter().enumerate() {
        let source = folder.path().join(format!("source{number}"));
        let target = folder.path().join(format!("target{number}"));
        std::fs::write(&source, bytes).unwrap();
        let unpacked = run(&source, container, &target).await.unwrap();
        assert_eq!(unpacked.bytes, 24_000_123);
        assert_eq!(std::fs::read(&target).unwrap(), disk());
        let meta = std::fs::metadata(&target).unwrap();
        assert!(meta.blocks() * 512 < 1_000_000, "{} blocks", meta.blocks());
        assert_eq!(meta.mode() & 0o777, 0o444);
    }
}

#[tokio::test]
async fn a_cut_source_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let (source, target) = (folder.path().join("s"), folder.path().join("t"));
    let bytes = zstd::encode_all(disk().as_slice(), 1).unwrap();
    std::fs::write(&source, &bytes[..bytes.len() - 20]).unwrap();
    let result = run(&source, Container::Zstd, &target).await;
    assert!(
        matches!(result, Err(FetchError::Corrupt { .. })),
        "{result:?}"
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_cancelled_unpacking_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let (source, target) = (folder.path().join("s"), folder.path().join("t"));
    std::fs::write(&source, zstd::encode_all(disk().as_slice(), 1).unwrap()).unwrap();
    let cancel = CancellationToken::new();
    cancel.cancel();
    let result = unpack(&source, Container::Zstd, &target, &|_| {}, &cancel).await;
    assert!(matches!(result, Err(FetchError::Cancelled)));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}
