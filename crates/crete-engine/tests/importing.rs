//! A person's own file becomes an image, however it is packed, and stays theirs.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/mod.rs"]
mod support;

use crete_engine::Engine;
use crete_model::{
    BootMedium, ErrorCode, ImageFormat, ImageOrigin, ImageState, ImageView, JobState, Layer,
    LayerOutcome, Packing,
};
use crete_testkit::disks;
use std::fs;
use std::path::Path;
use support::{World, ended, eventually, names, until};

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

/// What is known of an own file: it came over no wire.
const LAYERS: [(Layer, LayerOutcome); 3] = [
    (Layer::Length, LayerOutcome::Good),
    (Layer::Structure, LayerOutcome::Good),
    (Layer::Digest, LayerOutcome::Good),
];

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
        let told = file.layers.iter().map(|check| (check.layer, check.outcome));
        assert_eq!(told.collect::<Vec<_>>(), LAYERS, "{name}");
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

/// The image that a file put into the images folder has become.
async fn taken_in(engine: &Engine, name: &str) -> ImageView {
    let named = |view: &ImageView| {
        matches!(&view.spec.origin, ImageOrigin::Imported(origin)
            if origin.taken && origin.file_name == name)
    };
    let find = || engine.images.all().into_iter().find(named);
    eventually(name, || find().is_some()).await;
    let id = find().unwrap().spec.id.to_string();
    until(&engine.images, &id, |view| {
        !matches!(view.state, ImageState::Working { .. }) && view.spec.file.is_some()
    })
    .await
}

/// The content of an image's file as a program reads it that unpacks what was packed.
fn content(wanted: &Own) -> Vec<u8> {
    match wanted.packing {
        Packing::None => wanted.bytes.clone(),
        Packing::Zstd => zstd::decode_all(&*wanted.bytes).unwrap(),
        Packing::Xz => {
            let mut all = Vec::new();
            let mut reader = liblzma::read::XzDecoder::new(&*wanted.bytes);
            std::io::copy(&mut reader, &mut all).unwrap();
            all
        }
    }
}

#[tokio::test]
async fn every_kind_of_file_in_the_folder_is_taken_in_and_only_its_image_is_left() {
    let world = World::new();
    let engine = world.open().await;
    for wanted in every_kind() {
        let name = wanted.name;
        let path = engine.images_folder().join(name);
        fs::write(&path, &wanted.bytes).unwrap();
        let view = taken_in(&engine, name).await;
        assert_eq!(view.state, ImageState::Ready, "{name}");
        let file = view.spec.file.clone().unwrap();
        assert_eq!(file.format, wanted.format, "{name}");
        let folder = engine.image_folder(view.spec.id).unwrap();
        assert!(!path.exists(), "{name}");
        assert_eq!(names(&folder), ["base", "spec.json"], "{name}");
        assert!(
            fs::read(folder.join("base")).unwrap() == content(&wanted),
            "{name}"
        );
    }
    engine.close().await;
}

async fn listed(engine: &Engine, path: &Path) -> ErrorCode {
    let key = path.display().to_string();
    let view = until(&engine.broken, &key, |view| view.problem.is_some()).await;
    assert_eq!(
        (view.kind.as_str(), view.path.as_str()),
        ("images", key.as_str())
    );
    let problem = view.problem.unwrap();
    assert!(!problem.params["fault"].is_empty());
    problem.code
}

#[tokio::test]
async fn a_file_in_the_folder_that_is_no_image_is_listed_with_its_reason_until_it_goes() {
    let world = World::new();
    let engine = world.open().await;
    let path = engine.images_folder().join("notes.iso");
    fs::write(&path, "no image at all\n").unwrap();
    assert_eq!(listed(&engine, &path).await, ErrorCode::ImportRefused);
    assert_eq!(fs::read_to_string(&path).unwrap(), "no image at all\n");
    fs::remove_file(&path).unwrap();
    let key = path.display().to_string();
    eventually("it is listed no more", || engine.broken.get(&key).is_none()).await;

    // Another file under the same name is another matter.
    fs::write(&path, "still none\n").unwrap();
    assert_eq!(listed(&engine, &path).await, ErrorCode::ImportRefused);
    fs::write(&path, disks::talos_iso()).unwrap();
    let view = taken_in(&engine, "notes.iso").await;
    assert_eq!(view.state, ImageState::Ready);
    eventually("it is listed no more", || engine.broken.get(&key).is_none()).await;
    engine.close().await;
}

#[tokio::test]
async fn a_second_name_of_a_file_is_taken_in_and_the_first_stays_its_owner_s() {
    let world = World::new();
    let engine = world.open().await;
    let own = world.at("own.raw");
    fs::write(&own, disks::talos_disk()).unwrap();
    fs::hard_link(&own, engine.images_folder().join("linked.raw")).unwrap();
    let view = taken_in(&engine, "linked.raw").await;
    assert_eq!(view.state, ImageState::Ready);
    let base = engine.image_folder(view.spec.id).unwrap().join("base");
    // Who owns the first name may go on writing, and no machine sees it.
    fs::write(&own, "something else").unwrap();
    assert!(fs::read(base).unwrap() == disks::talos_disk());
    engine.close().await;
}
