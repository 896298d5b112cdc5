//! Our `.proto` files against the tables of the interface, and messages against bytes made by hand.
#![cfg(feature = "api")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use crete_talos::api::wire::cosi::resource as cosi;
use crete_talos::api::wire::machine as wire;
use crete_talos::api::wire::talos::resource::definitions as specs;
use prost::Message as _;
use prost_reflect::{Cardinality, EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};
use support::recording::pool;

/// A row of the tables: section, message, label, name, number, type.
type Row<'a> = [&'a str; 6];

fn rows(text: &str) -> Vec<Row<'_>> {
    text.lines()
        .map(|line| {
            let mut row = [""; 6];
            for (cell, part) in row.iter_mut().zip(line.split(" | ")) {
                *cell = part;
            }
            row
        })
        .collect()
}

/// The section in which a package's messages stand.
fn section(package: &str, section: &str) -> bool {
    match package {
        "machine" => {
            !section.contains("proto (") && !section.contains("1.6") && !section.contains("1.8")
        }
        "cosi.resource" => section.contains("1.6"),
        "common" => section.contains("common.proto"),
        "storage" => section.contains("storage.proto"),
        "cluster" => section.contains("cluster.proto"),
        "time" => section.contains("time.proto"),
        _ => section.contains("1.8"),
    }
}

fn name_in_table(package: &str, full: &str) -> String {
    match package.strip_prefix("talos.resource.") {
        Some(group) => format!(
            "{}.{}",
            group.trim_start_matches("definitions."),
            full.rsplit('.').next().unwrap()
        ),
        None => full
            .strip_prefix(&format!("{package}."))
            .unwrap()
            .to_owned(),
    }
}

fn type_fits(field: &FieldDescriptor, table: &str) -> bool {
    if table.starts_with("map<") {
        return field.is_map();
    }
    let last = |text: &str| text.rsplit('.').next().unwrap().to_owned();
    match field.kind() {
        Kind::Message(message) => last(message.full_name()) == last(table),
        Kind::Enum(kind) => last(kind.full_name()) == last(table),
        // Enumerations whose values are not shown travel as numbers.
        Kind::Int32 => table == "int32" || table.starts_with("enums."),
        Kind::Bool => table == "bool",
        Kind::String => table == "string",
        Kind::Bytes => table == "bytes",
        Kind::Int64 => table == "int64",
        Kind::Uint32 => table == "uint32",
        Kind::Uint64 => table == "uint64",
        Kind::Double => table == "double",
        other => panic!("{other:?}"),
    }
}

fn ours(package: &str) -> bool {
    !package.starts_with("google.") && package != "resource.config" && !package.ends_with("enums")
}

#[test]
fn every_field_has_the_number_and_type_of_the_interface() {
    let text = std::fs::read_to_string(support::golden("../fields.txt")).unwrap();
    let rows = rows(&text);
    let mut checked = 0;
    for message in pool()
        .all_messages()
        .filter(|m| ours(m.package_name()) && !m.is_map_entry())
    {
        checked += check(&message, &rows);
    }
    for kind in pool().all_enums().filter(|kind| ours(kind.package_name())) {
        checked += check_enum(&kind, &rows);
    }
    assert!(checked > 780, "{checked}");
}

fn check(message: &MessageDescriptor, rows: &[Row<'_>]) -> usize {
    // One message stands in the text of the tables, not in a row.
    if message.name() == "ContainerdInstance" {
        return 0;
    }
    let package = message.package_name();
    let name = name_in_table(package, message.full_name());
    let fields = message.fields();
    fields
        .map(|field| {
            let what = format!("{name}.{}", field.name());
            let row = rows
                .iter()
                .find(|row| section(package, row[0]) && row[1] == name && row[3] == field.name());
            let row = row.unwrap_or_else(|| panic!("{what} is not in the tables"));
            assert_eq!(row[4], field.number().to_string(), "{what}");
            assert!(
                type_fits(&field, row[5]),
                "{what}: {:?} / {}",
                field.kind(),
                row[5]
            );
            if !field.is_map() {
                let repeated = field.cardinality() == Cardinality::Repeated;
                assert_eq!(row[2] == "repeated", repeated, "{what}");
            }
        })
        .count()
}

fn check_enum(kind: &EnumDescriptor, rows: &[Row<'_>]) -> usize {
    let package = kind.package_name();
    let name = name_in_table(package, kind.full_name());
    let values = kind.values();
    values
        .map(|value| {
            let row = rows
                .iter()
                .find(|row| section(package, row[0]) && row[1] == name && row[3] == value.name());
            let row = row.unwrap_or_else(|| panic!("{name} {}", value.name()));
            assert_eq!(
                row[4],
                value.number().to_string(),
                "{name} {}",
                value.name()
            );
        })
        .count()
}

/// Bytes by hand: a key is the field's number times eight plus the wire type.
#[test]
fn messages_are_the_bytes_that_the_interface_says() {
    let apply = wire::ApplyConfigurationRequest {
        data: b"a".to_vec(),
        mode: wire::apply_configuration_request::Mode::Try.into(),
        dry_run: true,
        try_mode_timeout: Some(prost_types::Duration {
            seconds: 60,
            nanos: 0,
        }),
    };
    assert_eq!(
        apply.encode_to_vec(),
        [0x0a, 1, b'a', 0x20, 4, 0x28, 1, 0x32, 2, 0x08, 60]
    );

    let reset = wire::ResetRequest {
        graceful: true,
        system_partitions_to_wipe: vec![wire::ResetPartitionSpec {
            label: "STATE".to_owned(),
            wipe: true,
        }],
        ..wire::ResetRequest::default()
    };
    assert_eq!(
        reset.encode_to_vec(),
        [
            0x08, 1, 0x1a, 9, 0x0a, 5, b'S', b'T', b'A', b'T', b'E', 0x10, 1
        ]
    );

    let watch = cosi::WatchRequest {
        namespace: "n".to_owned(),
        r#type: "t".to_owned(),
        id: None,
        options: Some(cosi::WatchOptions {
            bootstrap_contents: true,
            aggregated: true,
            start_from_bookmark: Some(vec![7]),
            ..cosi::WatchOptions::default()
        }),
        api_version: 1,
    };
    assert_eq!(
        watch.encode_to_vec(),
        [
            0x0a, 1, b'n', 0x12, 1, b't', 0x22, 7, 0x08, 1, 0x28, 1, 0x32, 1, 7, 0x28, 1
        ]
    );

    // Minus one takes all ten bytes.
    let logs = wire::LogsRequest {
        id: "apid".to_owned(),
        tail_lines: -1,
        ..wire::LogsRequest::default()
    };
    let mut bytes = vec![0x12, 4, b'a', b'p', b'i', b'd', 0x28];
    bytes.extend([0xff; 9]);
    bytes.push(1);
    assert_eq!(logs.encode_to_vec(), bytes);
}

#[test]
fn bytes_are_the_messages_that_the_interface_says() {
    // stage 3, ready, one condition: name "a", reason "b".
    let status = [
        0x08, 3, 0x12, 10, 0x08, 1, 0x12, 6, 0x0a, 1, b'a', 0x12, 1, b'b',
    ];
    let status = specs::runtime::MachineStatusSpec::decode(status.as_slice()).unwrap();
    assert_eq!(
        status.stage(),
        specs::enums::RuntimeMachineStage::Maintenance
    );
    let inner = status.status.unwrap();
    assert!(inner.ready);
    assert_eq!(inner.unmet_conditions[0].reason, "b");

    // size 300, dev_path and a field that nobody knows.
    let disk = [0x08, 0xac, 2, 0x72, 3, b'v', b'd', b'a', 0xfa, 0x3e, 0];
    let disk = specs::block::DiskSpec::decode(disk.as_slice()).unwrap();
    assert_eq!((disk.size, disk.dev_path.as_str()), (300, "vda"));

    let progress = [0x0a, 2, 0x10, 1];
    let progress = wire::LifecycleServiceUpgradeResponse::decode(progress.as_slice()).unwrap();
    let response = progress.progress.unwrap().response.unwrap();
    assert_eq!(
        response,
        wire::lifecycle_service_install_progress::Response::ExitCode(1)
    );
}
