//! Images made by real tools: recognised, found whole, and found damaged wherever they are cut.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use crete_image::{
    HEAD, ImageError, Kind, ReadAt, Recognised, check, kind, recognise, virtual_size,
};
use crete_model::{Arch, FileFault, ImageFormat};
use proptest::prelude::*;
use std::path::Path;
use std::sync::LazyLock;

fn image(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/images");
    let packed = std::fs::read(folder.join(format!("{name}.zst"))).unwrap();
    zstd::decode_all(packed.as_slice()).unwrap()
}

static ISO: LazyLock<Vec<u8>> = LazyLock::new(|| image("talos-amd64.iso"));
static RAW: LazyLock<Vec<u8>> = LazyLock::new(|| image("talos-arm64.raw"));
static QCOW2: LazyLock<Vec<u8>> = LazyLock::new(|| image("small-clusters.qcow2"));

fn all() -> [(&'static LazyLock<Vec<u8>>, ImageFormat); 3] {
    [
        (&ISO, ImageFormat::Iso),
        (&RAW, ImageFormat::Raw),
        (&QCOW2, ImageFormat::Qcow2),
    ]
}

fn fault(result: Result<(), ImageError>) -> Option<FileFault> {
    match result {
        Ok(()) => None,
        Err(ImageError::Bad { fault, .. }) => Some(fault),
        Err(ImageError::Read(error)) => panic!("{error}"),
    }
}

fn found(arch: Arch, version: &str) -> Recognised {
    Recognised {
        arch: Some(arch),
        version: Some(version.parse().unwrap()),
    }
}

#[test]
fn every_image_is_known_for_what_it_is() {
    let amd64 = found(Arch::Amd64, "v1.13.9");
    let rows = [
        ("talos-amd64.iso", ImageFormat::Iso, amd64.clone()),
        ("talos-amd64.raw", ImageFormat::Raw, amd64.clone()),
        ("talos-amd64.qcow2", ImageFormat::Qcow2, amd64.clone()),
        ("small-clusters.qcow2", ImageFormat::Qcow2, amd64),
        (
            "talos-arm64.raw",
            ImageFormat::Raw,
            found(Arch::Arm64, "v1.12.3"),
        ),
        // Whole, but nothing in them says what they are.
        ("other.iso", ImageFormat::Iso, Recognised::default()),
        (
            "compressed.qcow2",
            ImageFormat::Qcow2,
            Recognised::default(),
        ),
    ];
    for (name, format, expected) in rows {
        let bytes = image(name);
        let expected_kind = match format {
            ImageFormat::Iso => Kind::Iso,
            ImageFormat::Raw => Kind::Disk,
            ImageFormat::Qcow2 => Kind::Qcow2,
        };
        assert_eq!(kind(&bytes[..HEAD]), expected_kind, "{name}");
        check(&bytes.as_slice(), format).unwrap();
        assert_eq!(recognise(&bytes.as_slice(), format), expected, "{name}");
    }
}

#[test]
fn a_qcow2_disk_says_how_large_it_is_for_a_machine() {
    let size = virtual_size(&QCOW2.as_slice(), ImageFormat::Qcow2).unwrap();
    assert_eq!(size, 80 << 20);
    assert_eq!(
        virtual_size(&RAW.as_slice(), ImageFormat::Raw).unwrap(),
        24 << 20
    );
}

#[test]
fn disks_that_cannot_stand_alone_are_refused() {
    let overlay = image("overlay.qcow2");
    let refused = check(&overlay.as_slice(), ImageFormat::Qcow2);
    let Err(ImageError::Bad {
        fault: named,
        params,
        ..
    }) = refused
    else {
        panic!("{refused:?}");
    };
    assert_eq!(named, FileFault::NeedsOther);
    assert_eq!(params["file"], "talos-amd64.raw");

    // Byte of the head, value there, what it means.
    let rows = [
        (35, 1, FileFault::Encrypted),
        (79, 2, FileFault::MarkedDamaged),
        (79, 4, FileFault::NeedsOther),
        (72, 1, FileFault::Newer),
        (7, 4, FileFault::Newer),
        (23, 40, FileFault::DiskTables),
        (39, 0, FileFault::DiskTables),
        (0, 0, FileFault::OtherKind),
    ];
    for (at, value, expected) in rows {
        let mut bytes = QCOW2.clone();
        bytes[at] = value;
        assert_eq!(
            fault(check(&bytes.as_slice(), ImageFormat::Qcow2)),
            Some(expected),
            "byte {at}"
        );
    }
}

#[test]
fn damaged_tables_are_found() {
    let rows: [(&[u8], ImageFormat, usize, FileFault); 5] = [
        // Header and list of the partitions, the old table's mark.
        (&RAW, ImageFormat::Raw, 512 + 40, FileFault::PartitionTable),
        (&RAW, ImageFormat::Raw, 1024 + 33, FileFault::PartitionTable),
        (&RAW, ImageFormat::Raw, 510, FileFault::NoPartitions),
        // One of the two sizes of the volume, the name of its descriptor.
        (&ISO, ImageFormat::Iso, 32_768 + 80, FileFault::VolumeTable),
        (&ISO, ImageFormat::Iso, 32_769, FileFault::VolumeTable),
    ];
    for (image, format, at, expected) in rows {
        let mut bytes = image.to_vec();
        bytes[at] ^= 0x10;
        assert_eq!(
            fault(check(&bytes.as_slice(), format)),
            Some(expected),
            "byte {at}"
        );
    }
}

#[test]
fn zeros_are_no_disk() {
    let zeros = vec![0; 1 << 20];
    let nothing = Some(FileFault::NoPartitions);
    assert_eq!(fault(check(&zeros.as_slice(), ImageFormat::Raw)), nothing);
    assert_eq!(kind(&zeros), Kind::Unknown);
}

#[test]
fn a_real_file_reads_as_memory_does() {
    let file = tempfile::tempfile().unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, &ISO, 0).unwrap();
    check(&file, ImageFormat::Iso).unwrap();
    assert_eq!(
        recognise(&file, ImageFormat::Iso),
        recognise(&ISO.as_slice(), ImageFormat::Iso)
    );
    assert!(file.bytes(file.length(), 1).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 96,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// What is missing at the end is noticed, wherever the end is.
    #[test]
    fn a_cut_image_is_never_whole(share in 0.0_f64..1.0) {
        for (image, format) in all() {
            // The last cluster of a qcow2 disk need not be whole; the rest must be there.
            let most = image.len() - if format == ImageFormat::Qcow2 { 8192 } else { 1 };
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place in a small file")]
            let length = (share * most as f64) as usize;
            let cut = check(&&image[..length], format);
            prop_assert!(cut.is_err(), "{format:?} cut to {length} of {}", image.len());
            let _ = recognise(&&image[..length], format);
        }
    }

    /// No byte of a file is believed.
    #[test]
    fn no_bytes_make_it_panic_or_hang(
        changes in proptest::collection::vec((0.0_f64..1.0, any::<u8>()), 1..40),
        early in any::<bool>(),
    ) {
        for (image, format) in all() {
            let mut bytes = image.to_vec();
            // Most of a file is zeros; its tables stand near the beginning.
            let reach = if early { bytes.len().min(80_000) } else { bytes.len() };
            for (share, value) in &changes {
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place in a small file")]
                let at = (share * reach as f64) as usize;
                bytes[at] = *value;
            }
            let _ = check(&bytes.as_slice(), format);
            let _ = recognise(&bytes.as_slice(), format);
        }
    }

    #[test]
    fn random_bytes_are_no_image(bytes in proptest::collection::vec(any::<u8>(), 0..4000)) {
        for format in [ImageFormat::Iso, ImageFormat::Qcow2] {
            prop_assert!(check(&bytes.as_slice(), format).is_err());
        }
        let _ = check(&bytes.as_slice(), ImageFormat::Raw);
        let _ = recognise(&bytes.as_slice(), ImageFormat::Raw);
    }
}
