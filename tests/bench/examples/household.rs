//! Fills a data folder with what a person has after some weeks: images, machines that are off, and
//! the record of many jobs. Prints the id of the first machine.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a benchmark that cannot go on should end loudly"
)]

use crete_model::{
    Arch, BootMedium, FactoryOrigin, ImageFile, ImageFormat, ImageId, ImageOrigin, ImageSpec, Job,
    JobId, JobRequest, JobState, MachineId, MachineSpec, Schematic, Stage, StageCode, TalosVersion,
};
use serde::Serialize;
use std::path::{Path, PathBuf};
use uuid::Uuid;

const IMAGES: u16 = 4;
const MACHINES: u16 = 6;
const JOBS: u16 = 40;
const AT: &str = "2026-11-20T09:30:00Z";

/// Ids of things made one after another, the same in every run.
fn id(kind: u64, number: u16) -> Uuid {
    let random = (kind << 32 | u64::from(number)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let [a, b, c, d, e, f, g, h] = random.to_be_bytes();
    let bytes = [a, b, c, d, e, f, g, h, 0, number.to_be_bytes()[1]];
    uuid::Builder::from_unix_timestamp_millis(1_795_000_000_000 + u64::from(number), &bytes)
        .into_uuid()
}

fn keep<T: Serialize>(file: &Path, record: &T) {
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, serde_json::to_vec_pretty(record).unwrap()).unwrap();
}

fn image(number: u16) -> ImageSpec {
    ImageSpec {
        schema_version: 1,
        id: ImageId(id(1, number)),
        origin: ImageOrigin::Factory(Box::new(FactoryOrigin {
            schematic: Schematic::default(),
            schematic_id: format!("{number:064x}"),
            factory: "https://factory.example".to_owned(),
            asset: "metal-amd64.raw.zst".to_owned(),
        })),
        version: Some(TalosVersion::new(1, 13, u64::from(number))),
        arch: Some(Arch::Amd64),
        medium: BootMedium::DiskImage,
        created_at: AT.to_owned(),
        file: Some(ImageFile {
            name: "metal-amd64.raw".to_owned(),
            format: ImageFormat::Raw,
            downloaded: 120 << 20,
            sha256: "ab".repeat(32),
            virtual_size: 4247 << 20,
            layers: Vec::new(),
            stamp: None,
        }),
        digest: Some("ab".repeat(32)),
    }
}

fn machine(number: u16) -> MachineSpec {
    MachineSpec {
        schema_version: 1,
        id: MachineId(id(2, number)),
        name: format!("node-{number}"),
        image: ImageId(id(1, number % IMAGES)),
        arch: Arch::Amd64,
        vcpus: 2,
        memory_mib: 2048,
        disk_gib: 10,
        mac: format!("52:54:00:00:00:{number:02x}"),
        network: None,
        kernel_args: Vec::new(),
        created_at: AT.to_owned(),
    }
}

fn job(number: u16) -> Job {
    let machine = MachineId(id(2, number % MACHINES));
    let stage = |code| Stage {
        code,
        weight: 1,
        state: JobState::Done,
        progress: None,
        blocker: None,
        started_at: Some(AT.to_owned()),
        ended_at: Some(AT.to_owned()),
    };
    Job {
        schema_version: 1,
        id: JobId(id(3, number)),
        request: JobRequest::Start { machine },
        subject: format!("node-{}", number % MACHINES),
        state: JobState::Done,
        stages: [StageCode::Prepare, StageCode::Spawn, StageCode::Run]
            .map(stage)
            .to_vec(),
        created_at: AT.to_owned(),
        ended_at: Some(AT.to_owned()),
        problem: None,
        cancellable: false,
        pausable: false,
        paused_at: None,
    }
}

fn main() {
    let data = PathBuf::from(std::env::args().nth(1).expect("a data folder"));
    for number in 0..IMAGES {
        let image = image(number);
        let folder = data.join("images").join(image.id.to_string());
        keep(&folder.join("spec.json"), &image);
        std::fs::write(folder.join("metal-amd64.raw"), [0; 4096]).unwrap();
    }
    for number in 0..MACHINES {
        let machine = machine(number);
        let folder = data.join("machines").join(machine.id.to_string());
        keep(&folder.join("spec.json"), &machine);
    }
    for number in 0..JOBS {
        let job = job(number);
        keep(&data.join("jobs").join(format!("{}.json", job.id)), &job);
    }
    println!("{}", machine(0).id);
}
