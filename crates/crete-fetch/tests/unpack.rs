//! Unpacking: the same bytes, holes for zeros, and nothing at all from a damaged source.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crete_fetch::{Container, FetchError, NotPlain, Unpacked, open_plain, take_over, unpack};
use tokio_util::sync::CancellationToken;

async fn run(source: &Path, container: Container, target: &Path) -> Result<Unpacked, FetchError> {
    unpack(
        open_plain(source)?,
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

fn digest(bytes: &[u8]) -> String {
    let mut digest = crete_fetch::Digest::default();
    digest.update(bytes);
    digest.finish()
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
        assert_eq!(unpacked.sha256, digest(&disk()));
        assert_eq!(
            unpacked.source_sha256,
            digest(&std::fs::read(&source).unwrap())
        );
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
    let plain = open_plain(&source).unwrap();
    let result = unpack(plain, Container::Zstd, &target, &|_| {}, &cancel).await;
    assert!(matches!(result, Err(FetchError::Cancelled)));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_plain_file_is_copied_with_holes_and_its_source_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (source, target) = (folder.path().join("s"), folder.path().join("t"));
    std::fs::write(&source, disk()).unwrap();
    let copied = run(&source, Container::Raw, &target).await.unwrap();
    assert_eq!(copied.sha256, digest(&disk()));
    assert_eq!(copied.sha256, copied.source_sha256);
    assert_eq!(std::fs::read(&target).unwrap(), disk());
    assert!(std::fs::metadata(&target).unwrap().blocks() * 512 < 1_000_000);
    assert_eq!(std::fs::read(&source).unwrap(), disk());
}

#[tokio::test]
async fn a_file_of_ours_is_moved() {
    let folder = tempfile::tempdir().unwrap();
    let (source, target) = (folder.path().join("s"), folder.path().join("t"));
    std::fs::write(&source, disk()).unwrap();
    let inode = std::fs::metadata(&source).unwrap().ino();
    let plain = open_plain(&source).unwrap();
    let cancel = CancellationToken::new();
    let moved = take_over(plain, &target, &|_| {}, &cancel).await.unwrap();
    assert_eq!(moved.sha256, digest(&disk()));
    let meta = std::fs::metadata(&target).unwrap();
    assert_eq!((meta.ino(), meta.mode() & 0o777), (inode, 0o444));
    assert!(!source.exists());
}

#[tokio::test]
async fn a_source_that_is_written_to_meanwhile_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (source, target) = (folder.path().join("s"), folder.path().join("t"));
    std::fs::write(&source, disk()).unwrap();
    let plain = open_plain(&source).unwrap();
    let mut writer = std::fs::File::options().append(true).open(&source).unwrap();
    std::io::Write::write_all(&mut writer, b"more").unwrap();
    let cancel = CancellationToken::new();
    let result = unpack(plain, Container::Raw, &target, &|_| {}, &cancel).await;
    assert!(
        matches!(result, Err(FetchError::Changed { .. })),
        "{result:?}"
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn only_plain_files_are_opened_and_the_others_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("file"), "x").unwrap();
    std::fs::write(path("empty"), "").unwrap();
    std::os::unix::fs::symlink(path("file"), path("link")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(path("socket")).unwrap();
    let what = |path: &Path| match open_plain(path) {
        Err(FetchError::NotPlain { what, .. }) => what,
        other => panic!("{other:?}"),
    };
    assert!(open_plain(&path("file")).is_ok());
    assert_eq!(what(&path("none")), NotPlain::Missing);
    assert_eq!(what(&path("empty")), NotPlain::Empty);
    assert_eq!(what(&path("link")), NotPlain::Link(path("file")));
    assert_eq!(what(folder.path()), NotPlain::Folder);
    assert_eq!(what(&path("socket")), NotPlain::Special);
    assert_eq!(what(Path::new("/dev/zero")), NotPlain::Special);
}
