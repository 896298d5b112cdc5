//! The engine's parts: how long they take, how much they carry. Prints one JSON object.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a benchmark that cannot go on should end loudly"
)]

use bytes::Bytes;
use crete_api::ByteChunk;
use crete_bench::{Figure, throughput, time};
use crete_fetch::{Container, Digest, open_plain, unpack};
use crete_model::{Accelerator, Arch};
use crete_qemu::args::{FirmwarePlan, NicPlan, Plan, Sockets, arguments};
use crete_qemu::serial::Reader;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

const MIB: usize = 1 << 20;

const SCHEMATIC: &str = "\
customization:
  extraKernelArgs: [console=tty0, console=ttyS0, net.ifnames=0]
  systemExtensions:
    officialExtensions: [siderolabs/qemu-guest-agent, siderolabs/iscsi-tools]
";

fn plan() -> Plan {
    let folder =
        |name: &str| PathBuf::from("/home/ariadne/.local/share/crete/machines/one").join(name);
    Plan {
        qemu: "/usr/bin/qemu-system-x86_64".into(),
        arch: Arch::Amd64,
        accelerator: Accelerator::Tcg,
        name: "one".to_owned(),
        uuid: uuid::Uuid::from_u128(0x0193_5b7e_8c1a_7000_8000_0000_0000_0001),
        vcpus: 2,
        memory_mib: 2048,
        firmware: FirmwarePlan {
            code: "/usr/share/OVMF/OVMF_CODE_4M.fd".into(),
            code_format: "raw".to_owned(),
            vars: folder("firmware-vars.qcow2"),
        },
        disk: folder("disk.qcow2"),
        iso: None,
        nic: NicPlan {
            mac: "52:54:00:12:34:56".to_owned(),
            mtu: 1500,
        },
        sockets: Sockets {
            qmp: folder("qmp.sock"),
            tty_s1: Some(folder("tty-s1.sock")),
            agent: folder("agent.sock"),
            net: folder("net.sock"),
        },
        tty_s0_log: folder("console.log"),
        kernel_args: Vec::new(),
    }
}

/// Half noise, half holes: a disk image is neither one nor the other.
fn disk(bytes: usize) -> Vec<u8> {
    let mut word = 1_u64;
    let mut noise = || {
        word = word
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (word >> 33).to_le_bytes()
    };
    (0..bytes / MIB)
        .flat_map(|block| match block % 2 {
            0 => (0..MIB / 8).flat_map(|_| noise()).collect(),
            _ => vec![0; MIB],
        })
        .collect()
}

fn hashing() -> Figure {
    let bytes = disk(16 * MIB);
    throughput("SHA-256", bytes.len() as u64, || {
        let mut digest = Digest::default();
        for piece in bytes.chunks(64 * 1024) {
            digest.update(piece);
        }
        black_box(digest.finish());
    })
}

fn unpacking(runtime: &Runtime, folder: &Path) -> Figure {
    let bytes = disk(32 * MIB);
    let (packed, target) = (folder.join("disk.raw.zst"), folder.join("disk.raw"));
    std::fs::write(&packed, zstd::encode_all(bytes.as_slice(), 3).unwrap()).unwrap();
    let cancel = CancellationToken::new();
    throughput("unpack zstd to a sparse file", bytes.len() as u64, || {
        let work = unpack(
            open_plain(&packed).unwrap(),
            Container::Zstd,
            &target,
            &|_| {},
            &cancel,
        );
        runtime.block_on(work).unwrap();
        std::fs::remove_file(&target).unwrap();
    })
}

/// From the kept log to the encoded chunks that a page's channel takes.
fn console(runtime: &Runtime, folder: &Path) -> Figure {
    let log = folder.join("console.log");
    let line = b"[    1.726000] [talos] service[machined](Running): Health check successful\r\n";
    std::fs::write(&log, line.repeat(8 * MIB / line.len())).unwrap();
    let length = std::fs::metadata(&log).unwrap().len();
    throughput("console bytes through a channel", length, || {
        let carried = runtime.block_on(async {
            let (sender, mut chunks) = tokio::sync::mpsc::channel::<Bytes>(16);
            let mut reader = Reader::new(log.clone(), 0);
            let pump = tokio::task::spawn_blocking(move || {
                while let Some((offset, bytes)) = reader.next_chunk().unwrap() {
                    let wire = ByteChunk { offset, bytes }.encode();
                    sender.blocking_send(wire.into()).unwrap();
                }
            });
            let mut carried = 0;
            while let Some(wire) = chunks.recv().await {
                carried += wire.len() as u64 - 8;
            }
            pump.await.unwrap();
            carried
        });
        assert_eq!(carried, length, "every byte arrives once");
    })
}

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = Runtime::new().unwrap();
    let schematic = crete_factory::schematic::parse(SCHEMATIC).unwrap();
    let plan = plan();
    let figures = [
        time("schematic id from a value", || {
            black_box(crete_factory::schematic::id(black_box(&schematic)));
        }),
        time("schematic id from YAML", || {
            let schematic = crete_factory::schematic::parse(black_box(SCHEMATIC)).unwrap();
            black_box(crete_factory::schematic::id(&schematic));
        }),
        time("QEMU arguments", || {
            black_box(arguments(black_box(&plan)));
        }),
        hashing(),
        unpacking(&runtime, folder.path()),
        console(&runtime, folder.path()),
    ];
    let figures: Vec<_> = figures
        .iter()
        .map(|figure| {
            serde_json::json!({
                "name": figure.name,
                "unit": figure.unit,
                "value": figure.median,
                "best": figure.best,
            })
        })
        .collect();
    println!("{}", serde_json::Value::Array(figures));
}
