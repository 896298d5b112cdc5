//! A person's own file becomes an image, however it is packed, and stays theirs.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/mod.rs"]
mod support;

use crete_model::{
    BootMedium, ErrorCode, ImageFormat, ImageOrigin, ImageState, JobState, LayerOutcome, Packing,
};
use crete_testkit::disks;
use std::fs;
use support::{World, ended, names};

fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    std::io::copy(&mut liblzma::read::XzEncoder::new(bytes, 1), &mut packed).unwrap();
    packed
}

struct Own {
    name: &'static str,
    bytes: Vec<u8>,
    packing: Packing,
    format: ImageFormat,
    medium: BootMedium,
}

fn own(name: &'static str, bytes: Vec<u8>, packing: Packing, format: ImageFormat) -> Own {
    let medium = match format {
        ImageFormat::Iso => BootMedium::Iso,
        ImageFormat::Raw | ImageFormat::Qcow2 => BootMedium::DiskImage,
    };
    Own {
        name,
        bytes,
        packing,
        format,
        medium,
    }
}

fn every_kind() -> Vec<Own> {
    use ImageFormat::{Iso, Qcow2, Raw};
    use Packing::{None, Xz, Zstd};
    let [iso, raw, qcow2] = [
        disks::talos_iso(),
        disks::talos_disk(),
        disks::talos_qcow2(),
    ];
    vec![
        own("iso.zst", disks::zst(&iso), Zstd, Iso),
        own("iso.xz", xz(&iso), Xz, Iso),
        own("raw.zst", disks::zst(&raw), Zstd, Raw),
        own("raw.xz", xz(&raw), Xz, Raw),
        own("qcow2.zst", disks::zst(&qcow2), Zstd, Qcow2),
        own("qcow2.xz", xz(&qcow2), Xz, Qcow2),
        own("talos.iso", iso, None, Iso),
        own("talos.raw", raw, None, Raw),
        own("talos.qcow2", qcow2, None, Qcow2),
        // What a file is its bytes say, and not its name.
        own("a disk.iso", disks::talos_disk(), None, Raw),
    ]
}

#[tokio::test]
async fn every_kind_of_own_file_becomes_an_image_and_stays_where_it_is() {
    let world = World::new();
    let engine = world.open().await;
    let folder = world.at("own");
    fs::create_dir(&folder).unwrap();
    for wanted in every_kind() {
        let name = wanted.name;
        let path = folder.join(name);
        fs::write(&path, &wanted.bytes).unwrap();
        let plan = engine.examine(path.clone()).await;
        assert_eq!(plan.problem, None, "{name}");
        let (image, job) = engine.import(path.clone()).await.unwrap();
        let job = ended(&engine, job.unwrap()).await;
        assert_eq!(job.state, JobState::Done, "{name}: {:?}", job.problem);

        let view = engine.images.get(&image.to_string()).unwrap();
        assert_eq!(view.state, ImageState::Ready, "{name}");
        assert_eq!(view.spec.medium, wanted.medium, "{name}");
        let ImageOrigin::Imported(origin) = &view.spec.origin else {
            unreachable!("{name}: {:?}", view.spec.origin);
        };
        let told = (origin.file_name.as_str(), origin.packing, origin.format);
        assert_eq!(told, (name, wanted.packing, wanted.format));
        let file = view.spec.file.unwrap();
        assert_eq!(file.format, wanted.format, "{name}");
        let bad = |layer: &&crete_model::LayerCheck| layer.outcome == LayerOutcome::Bad;
        assert_eq!(file.layers.iter().find(bad), None, "{name}");
        assert_eq!(fs::read(&path).unwrap(), wanted.bytes, "{name}");
    }
    engine.close().await;
}

#[tokio::test]
async fn what_is_no_image_says_why_and_leaves_nothing() {
    use ErrorCode::{ImportDamaged, ImportRefused};
    let world = World::new();
    let engine = world.open().await;
    let before = names(&engine.images_folder());
    let zst = disks::zst(&disks::talos_disk());
    let files = [
        ("notes.txt", b"no image at all\n".to_vec(), ImportRefused),
        ("empty.raw", Vec::new(), ImportRefused),
        ("overlay.qcow2", disks::overlay_qcow2(), ImportDamaged),
        (
            "words.zst",
            disks::zst(b"packed, and no image\n"),
            ImportRefused,
        ),
    ];
    for (name, bytes, code) in files {
        let path = world.at(name);
        fs::write(&path, bytes).unwrap();
        let refused = engine.import(path).await.unwrap_err().problem();
        assert_eq!(refused.code, code, "{name}");
        assert!(!refused.params["fault"].is_empty(), "{name}");
        assert_eq!(names(&engine.images_folder()), before, "{name}");
    }

    // Its first bytes are right: that it ends too early shows only when it is unpacked.
    let cut = world.at("cut.raw.zst");
    fs::write(&cut, &zst[..zst.len() - 9]).unwrap();
    let (image, job) = engine.import(cut).await.unwrap();
    let job = ended(&engine, job.unwrap()).await;
    assert_eq!(job.state, JobState::Failed);
    let view = engine.images.get(&image.to_string());
    assert!(!matches!(view, Some(view) if view.state == ImageState::Ready));
    engine.close().await;
}
