//! The rules of the main document about disks and their encryption.

use super::findings::Findings;
use super::main_document::fault;
use crate::Contract;
use crate::config::fault::Fault;
use crate::config::formats;
use crate::yaml::Node;

pub(super) fn disks(main: &Node, contract: Contract, findings: &mut Findings) {
    let disks = main
        .at(&["machine", "disks"])
        .map(Node::items)
        .unwrap_or_default();
    for (index, disk) in disks.iter().enumerate() {
        let path = format!("machine.disks[{index}]");
        if disk.is_null() {
            if contract < Contract::V1_14 {
                let text = format!("{path} is null");
                findings.main(Fault::new(path, disk.line, text));
            }
            continue;
        }
        let partitions = disk.get("partitions").map(Node::items).unwrap_or_default();
        let last = partitions.len().saturating_sub(1);
        for partition in &partitions[..last] {
            let size = formats::bytes(partition.text_at(&["size"]));
            if size.unwrap_or_default() == 0 {
                let device = formats::quote(disk.text_at(&["device"]));
                let text = format!(
                    "partition for disk {device} is set to occupy full disk, but it's not the last partition in the list"
                );
                findings.main(Fault::new(path.clone(), partition.line, text));
            }
        }
    }
}

pub(super) fn disk_encryption(main: &Node, findings: &mut Findings) {
    for (key, label) in [("ephemeral", "EPHEMERAL"), ("state", "STATE")] {
        let path = ["machine", "systemDiskEncryption", key];
        let Some(encryption) = main.at(&path) else {
            continue;
        };
        let keys = encryption.get("keys").map(Node::items).unwrap_or_default();
        if keys.is_empty() {
            let text = format!("partition {label:?}: no encryption keys provided");
            findings.main(fault(main, &path, text));
        }
        let mut slots = Vec::new();
        for key in keys {
            let slot = key
                .get("slot")
                .and_then(Node::as_integer)
                .unwrap_or_default();
            let path = path.join(".");
            if slots.contains(&slot) {
                let text =
                    format!("partition {label:?}: encryption key slot {slot} is already in use");
                findings.main(Fault::new(path.clone(), key.line, text));
            }
            slots.push(slot);
            let ways = ["nodeID", "static", "kms", "tpm"];
            if !ways.iter().any(|way| key.get(way).is_some()) {
                let text = format!(
                    "partition {label:?}: encryption key at slot {slot} doesn't have the configuration parameters"
                );
                findings.main(Fault::new(path, key.line, text));
            }
        }
    }
}
