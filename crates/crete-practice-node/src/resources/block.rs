//! Disks, partitions and volumes.

use super::{Fields, list, spec};
use crate::identity::Disk;
use crate::store::Spec;
use crete_talos::api::wire::talos::resource::definitions::block as wire;
use crete_talos::api::wire::talos::resource::definitions::enums::{
    BlockFilesystemType, BlockVolumePhase, BlockVolumeType,
};
use crete_talos::yaml::Node;
use sha2::{Digest, Sha256};

/// Bytes of the partitions that an installation makes.
pub(crate) const EFI: u64 = 2_203_058_176;
pub(crate) const META: u64 = 1 << 20;
pub(crate) const STATE: u64 = 100 << 20;
const SYSTEM: &str = "/sys/class/block";

/// A partition of the system disk.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Partition {
    pub number: u64,
    pub label: &'static str,
    pub offset: u64,
    pub size: u64,
    /// What discovery finds in it.
    pub content: &'static str,
}

/// A UUID that a machine's partition keeps: made of the machine's own.
fn own_uuid(seed: &str, what: &str) -> String {
    let hex = crate::random::hex(&Sha256::digest(format!("{seed} {what}")));
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32];
    parts.map(|range| hex[range].to_owned()).join("-")
}

/// Bytes as people read them: `13 GB`, `2.2 GB`, `1.0 MB`.
pub(crate) fn pretty(size: u64) -> String {
    const UNITS: [&str; 6] = ["B", "kB", "MB", "GB", "TB", "PB"];
    let mut unit = 0;
    let mut base: u128 = 1;
    while u128::from(size) >= base * 1000 && unit + 1 < UNITS.len() {
        base *= 1000;
        unit += 1;
    }
    // Rounded to tenths first, and those to the even neighbour, as Go's library does it.
    let tenths = (u128::from(size) * 20 + base) / (base * 2);
    let (whole, tenth) = (tenths / 10, tenths % 10);
    match (unit, tenths < 100) {
        (0, _) => format!("{size} B"),
        (_, true) => format!("{whole}.{tenth} {}", UNITS[unit]),
        (_, false) => {
            let up = tenth > 5 || (tenth == 5 && whole % 2 == 1);
            format!("{} {}", whole + u128::from(up), UNITS[unit])
        }
    }
}

fn bus_path(place: usize) -> String {
    format!(
        "/pci0000:00/0000:00:{:02x}.0/virtio{}",
        place + 4,
        place + 2
    )
}

pub(crate) fn disk(disk: &Disk, place: usize) -> Spec {
    let sector: u64 = if disk.cdrom { 2048 } else { 512 };
    let mut symlinks = vec![format!("/dev/disk/by-diskseq/{}", place + 9)];
    if !disk.serial.is_empty() {
        symlinks.push(format!("/dev/disk/by-id/virtio-{}", disk.serial));
    }
    if !disk.cdrom {
        let slot = format!("0000:00:{:02x}.0", place + 4);
        symlinks.push(format!("/dev/disk/by-path/pci-{slot}"));
        symlinks.push(format!("/dev/disk/by-path/virtio-pci-{slot}"));
    }
    let message = wire::DiskSpec {
        size: disk.size,
        io_size: sector,
        sector_size: sector,
        readonly: disk.cdrom,
        model: if disk.cdrom { "QEMU CD-ROM" } else { "" }.to_owned(),
        serial: disk.serial.clone(),
        modalias: if disk.cdrom {
            "scsi:t-0x05"
        } else {
            "virtio:d00000002v00001AF4"
        }
        .to_owned(),
        bus_path: bus_path(place),
        sub_system: SYSTEM.to_owned(),
        transport: if disk.cdrom { "" } else { "virtio" }.to_owned(),
        rotational: !disk.cdrom,
        cdrom: disk.cdrom,
        dev_path: disk.path(),
        pretty_size: pretty(disk.size),
        symlinks,
        ..wire::DiskSpec::default()
    };
    disk_spec(&message)
}

/// The image that Talos itself runs from, which shows as a disk.
pub(crate) fn squashfs() -> Spec {
    let size = 108_310_528;
    disk_spec(&wire::DiskSpec {
        size,
        io_size: 512,
        sector_size: 512,
        readonly: true,
        bus_path: "/virtual".to_owned(),
        sub_system: SYSTEM.to_owned(),
        dev_path: "/dev/loop0".to_owned(),
        pretty_size: pretty(size),
        symlinks: vec!["/dev/disk/by-diskseq/10".to_owned()],
        ..wire::DiskSpec::default()
    })
}

fn disk_spec(message: &wire::DiskSpec) -> Spec {
    let mut yaml = Fields::default()
        .text("dev_path", &message.dev_path)
        .bare("size", message.size)
        .text("pretty_size", &message.pretty_size)
        .bare("io_size", message.io_size)
        .bare("sector_size", message.sector_size)
        .bare("readonly", message.readonly)
        .bare("cdrom", message.cdrom)
        .some("model", &message.model)
        .some("serial", &message.serial)
        .some("modalias", &message.modalias)
        .some("bus_path", &message.bus_path)
        .some("sub_system", &message.sub_system)
        .some("transport", &message.transport);
    if message.rotational {
        yaml = yaml.bare("rotational", true);
    }
    let yaml = yaml.with("symlinks", list(&message.symlinks));
    spec(message, &yaml.node())
}

/// A whole disk, as discovery finds it.
pub(crate) fn discovered_disk(disk: &Disk, place: usize, content: &str) -> Spec {
    discovered(&wire::DiscoveredVolumeSpec {
        size: disk.size,
        sector_size: 512,
        io_size: 512,
        name: content.to_owned(),
        r#type: "disk".to_owned(),
        device_path: format!("/sys/devices{}/block/{}", bus_path(place), disk.name),
        dev_path: disk.path(),
        pretty_size: pretty(disk.size),
        ..wire::DiscoveredVolumeSpec::default()
    })
}

/// A partition, as discovery finds it.
pub(crate) fn discovered_partition(
    disk: &Disk,
    place: usize,
    partition: Partition,
    seed: &str,
) -> Spec {
    let name = format!("{}{}", disk.name, partition.number);
    let labelled = partition.content == "vfat" || partition.content == "xfs";
    discovered(&wire::DiscoveredVolumeSpec {
        size: partition.size,
        sector_size: 512,
        io_size: 512,
        name: partition.content.to_owned(),
        label: if labelled { partition.label } else { "" }.to_owned(),
        uuid: match partition.content {
            "xfs" => own_uuid(seed, &format!("filesystem of {}", partition.label)),
            _ => String::new(),
        },
        block_size: if labelled { 512 } else { 0 },
        filesystem_block_size: if labelled { 4096 } else { 0 },
        probed_size: partition.size,
        partition_uuid: own_uuid(seed, partition.label),
        partition_type: match partition.label {
            "EFI" => "c12a7328-f81f-11d2-ba4b-00a0c93ec93b",
            _ => "0fc63daf-8483-4772-8e79-3d69d8477de4",
        }
        .to_owned(),
        partition_label: partition.label.to_owned(),
        partition_index: partition.number,
        offset: partition.offset,
        r#type: "partition".to_owned(),
        device_path: format!("/sys/devices{}/block/{}/{name}", bus_path(place), disk.name),
        parent: disk.name.clone(),
        dev_path: format!("/dev/{name}"),
        parent_dev_path: disk.path(),
        pretty_size: pretty(partition.size),
    })
}

fn discovered(message: &wire::DiscoveredVolumeSpec) -> Spec {
    let mut yaml = Fields::default()
        .text("dev_path", &message.dev_path)
        .text("type", &message.r#type)
        .text("device_path", &message.device_path)
        .some("parent", &message.parent)
        .some("parent_dev_path", &message.parent_dev_path)
        .bare("offset", message.offset)
        .bare("size", message.size)
        .text("pretty_size", &message.pretty_size)
        .bare("sector_size", message.sector_size)
        .bare("io_size", message.io_size)
        .text("name", &message.name)
        .some("uuid", &message.uuid)
        .some("label", &message.label);
    for (key, size) in [
        ("block_size", u64::from(message.block_size)),
        (
            "filesystem_block_size",
            message.filesystem_block_size.into(),
        ),
        ("probed_size", message.probed_size),
    ] {
        if size > 0 {
            yaml = yaml.bare(key, size);
        }
    }
    if message.partition_index > 0 {
        yaml = yaml
            .text("partition_uuid", &message.partition_uuid)
            .text("partition_type", &message.partition_type)
            .text("partition_label", &message.partition_label)
            .bare("partition_index", message.partition_index);
    }
    spec(message, &yaml.node())
}

/// A volume of Talos' own that is not there. Where STATE would be mounted is known all the same.
pub(crate) fn missing_volume(state: bool) -> Spec {
    let message = wire::VolumeStatusSpec {
        phase: BlockVolumePhase::Missing.into(),
        r#type: BlockVolumeType::Partition.into(),
        ..wire::VolumeStatusSpec::default()
    };
    let yaml = Fields::default()
        .text("phase", "missing")
        .text("type", "partition");
    let yaml = match state {
        true => yaml.with("mountSpec", mount("STATE")),
        false => yaml,
    };
    spec(&message, &yaml.node())
}

/// Where a volume is mounted.
fn mount(label: &str) -> Node {
    let (target, kind, quota, mode) = match label {
        "STATE" => ("/system/state", "system_state_t", false, 448),
        _ => ("/var", "ephemeral_t", true, 493),
    };
    Fields::default()
        .text("targetPath", target)
        .text("selinuxLabel", &format!("system_u:object_r:{kind}:s0"))
        .bare("projectQuotaSupport", quota)
        .bare("fileMode", mode)
        .node()
}

/// A volume of Talos' own on its partition.
pub(crate) fn volume(disk: &Disk, partition: Partition, seed: &str) -> Spec {
    let xfs = partition.content == "xfs";
    let location = format!("/dev/{}{}", disk.name, partition.number);
    let message = wire::VolumeStatusSpec {
        phase: BlockVolumePhase::Ready.into(),
        location: location.clone(),
        mount_location: location.clone(),
        uuid: match xfs {
            true => own_uuid(seed, &format!("filesystem of {}", partition.label)),
            false => String::new(),
        },
        partition_uuid: own_uuid(seed, partition.label),
        parent_location: disk.path(),
        partition_index: i64::try_from(partition.number).unwrap_or_default(),
        size: partition.size,
        filesystem: match xfs {
            true => BlockFilesystemType::Xfs.into(),
            false => BlockFilesystemType::None.into(),
        },
        pretty_size: pretty(partition.size),
        r#type: BlockVolumeType::Partition.into(),
        ..wire::VolumeStatusSpec::default()
    };
    let yaml = Fields::default()
        .text("phase", "ready")
        .text("type", "partition")
        .text("location", &message.location)
        .text("mountLocation", &message.mount_location)
        .bare("partitionIndex", message.partition_index)
        .text("parentLocation", &message.parent_location)
        .some("uuid", &message.uuid)
        .text("partitionUUID", &message.partition_uuid)
        .bare("size", message.size)
        .text("prettySize", &message.pretty_size)
        .text("filesystem", if xfs { "xfs" } else { "none" });
    let yaml = match xfs {
        true => yaml.with("mountSpec", mount(partition.label)),
        false => yaml,
    };
    spec(&message, &yaml.node())
}

pub(crate) fn system_disk(disk: &Disk) -> Spec {
    let message = wire::SystemDiskSpec {
        disk_id: disk.name.clone(),
        dev_path: disk.path(),
    };
    let yaml = Fields::default()
        .text("diskID", &message.disk_id)
        .text("devPath", &message.dev_path);
    spec(&message, &yaml.node())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_as_on_real_nodes() {
        for (size, text) in [
            (108_310_528, "108 MB"),
            (10_737_418_240, "11 GB"),
            (12_884_901_888, "13 GB"),
            (21_474_836_480, "22 GB"),
            (999, "999 B"),
            (2_203_058_176, "2.2 GB"),
            (1_048_576, "1.0 MB"),
            (104_857_600, "105 MB"),
            (12, "12 B"),
        ] {
            assert_eq!(pretty(size), text);
        }
    }
}
