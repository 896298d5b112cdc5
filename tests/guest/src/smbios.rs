//! The firmware's SMBIOS table: extra kernel arguments (type 11), the machine's UUID (type 1) and
//! its memory (type 17).
//!
//! A real node gets the arguments from its boot stub; the stub this guest is started by may be too
//! old to know of them, so the guest reads them itself.

use std::fmt::Write as _;

/// Where the kernel shows the table.
pub const TABLE: &str = "/sys/firmware/dmi/tables/DMI";

const SYSTEM: u8 = 1;
const OEM_STRINGS: u8 = 11;
const MEMORY_DEVICE: u8 = 17;
/// A size that stands in its own, wider field.
const EXTENDED: u16 = 0x7FFF;
const END: u8 = 127;
/// What the string that holds kernel arguments begins with.
const ARGUMENTS: &str = "io.systemd.stub.kernel-cmdline-extra=";

/// One structure of the table.
struct Structure<'a> {
    kind: u8,
    formatted: &'a [u8],
    strings: Vec<&'a [u8]>,
}

/// Takes the structure at the beginning of `table` and gives it with the rest.
fn split_first(table: &[u8]) -> Option<(Structure<'_>, &[u8])> {
    let [kind, length, ..] = *table else {
        return None;
    };
    let formatted = table.get(..usize::from(length).max(4))?;
    let mut rest = &table[formatted.len()..];
    let mut strings = Vec::new();
    // Strings end with a zero each, the set with one more; no strings are two zeros.
    loop {
        let end = rest.iter().position(|byte| *byte == 0)?;
        let (string, after) = (&rest[..end], &rest[end + 1..]);
        if string.is_empty() {
            let after = if strings.is_empty() {
                after.strip_prefix(&[0]).unwrap_or(after)
            } else {
                after
            };
            let structure = Structure {
                kind,
                formatted,
                strings,
            };
            return Some((structure, after));
        }
        strings.push(string);
        rest = after;
    }
}

fn structures(table: &[u8]) -> impl Iterator<Item = Structure<'_>> {
    let mut rest = table;
    std::iter::from_fn(move || {
        let (structure, after) = split_first(rest)?;
        rest = after;
        (structure.kind != END).then_some(structure)
    })
}

/// Kernel arguments that were handed over beside the command line, one blank between any two.
#[must_use]
pub fn kernel_arguments(table: &[u8]) -> String {
    let given: Vec<String> = structures(table)
        .filter(|structure| structure.kind == OEM_STRINGS)
        .flat_map(|structure| structure.strings)
        .filter_map(|string| String::from_utf8(string.to_vec()).ok())
        .filter_map(|string| Some(string.strip_prefix(ARGUMENTS)?.to_owned()))
        .collect();
    given.join(" ")
}

/// The machine's UUID as text; its first three fields are stored little-endian.
#[must_use]
pub fn uuid(table: &[u8]) -> Option<String> {
    let system = structures(table).find(|structure| structure.kind == SYSTEM)?;
    let bytes = system.formatted.get(8..24)?;
    let order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
    let mut text = String::new();
    for (at, from) in order.into_iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        // Writing to a string cannot fail.
        let _ = write!(text, "{:02x}", bytes[from]);
    }
    Some(text)
}

/// Bytes of all memory modules; nothing when none is told.
#[must_use]
pub fn memory(table: &[u8]) -> Option<u64> {
    let devices = structures(table).filter(|structure| structure.kind == MEMORY_DEVICE);
    let total: u64 = devices.filter_map(|device| size(device.formatted)).sum();
    (total > 0).then_some(total)
}

/// Bytes of one module.
fn size(device: &[u8]) -> Option<u64> {
    let plain = u16::from_le_bytes(*device.get(12..)?.first_chunk()?);
    match plain {
        0 | u16::MAX => None,
        EXTENDED => {
            let mebibytes = u32::from_le_bytes(*device.get(28..)?.first_chunk()?);
            Some(u64::from(mebibytes) << 20)
        }
        // The highest bit says kibibytes.
        plain if plain & 0x8000 != 0 => Some(u64::from(plain & 0x7FFF) << 10),
        plain => Some(u64::from(plain) << 20),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn structure(kind: u8, data: &[u8], strings: &[&str]) -> Vec<u8> {
        let length = u8::try_from(4 + data.len()).unwrap();
        let mut bytes = vec![kind, length, 0, 0];
        bytes.extend_from_slice(data);
        for string in strings {
            bytes.extend_from_slice(string.as_bytes());
            bytes.push(0);
        }
        bytes.extend_from_slice(if strings.is_empty() { &[0, 0] } else { &[0] });
        bytes
    }

    fn table() -> Vec<u8> {
        let uuid: Vec<u8> = (0..16).collect();
        let system = [&[1, 2, 0, 0], uuid.as_slice()].concat();
        [
            structure(0, &[0; 20], &[]),
            structure(SYSTEM, &system, &["Crete", "Machine"]),
            structure(
                OEM_STRINGS,
                &[2],
                &[
                    "io.systemd.stub.kernel-cmdline-extra=talos.dashboard.console=ttyS1 a=b",
                    "else",
                ],
            ),
            structure(END, &[], &[]),
            structure(
                OEM_STRINGS,
                &[1],
                &["io.systemd.stub.kernel-cmdline-extra=late"],
            ),
        ]
        .concat()
    }

    #[test]
    fn arguments_and_uuid_are_found() {
        let table = table();
        assert_eq!(
            kernel_arguments(&table),
            "talos.dashboard.console=ttyS1 a=b"
        );
        assert_eq!(
            uuid(&table).as_deref(),
            Some("03020100-0504-0706-0809-0a0b0c0d0e0f")
        );
    }

    #[test]
    fn memory_is_the_sum_of_its_modules() {
        let module = |size: u16, extended: u32| {
            let mut data = vec![0; 30];
            data[8..10].copy_from_slice(&size.to_le_bytes());
            data[24..28].copy_from_slice(&extended.to_le_bytes());
            structure(MEMORY_DEVICE, &data, &["DIMM 0"])
        };
        let two = [module(2048, 0), module(EXTENDED, 32 << 10), module(0, 0)].concat();
        assert_eq!(memory(&two), Some(34 << 30));
        assert_eq!(memory(&module(0x8200, 0)), Some(512 << 10));
        assert_eq!(memory(&table()), None);
    }

    proptest! {
        #[test]
        fn no_table_panics(table in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = (kernel_arguments(&table), uuid(&table), memory(&table));
        }

        #[test]
        fn a_cut_table_gives_what_is_whole(cut in 0usize..200) {
            let table = table();
            let text = kernel_arguments(&table[..cut.min(table.len())]);
            prop_assert!(text.is_empty() || text == "talos.dashboard.console=ttyS1 a=b");
        }
    }
}
