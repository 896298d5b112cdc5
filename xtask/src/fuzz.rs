//! `cargo xtask fuzz`: LLVM's fuzzer on everything in the networks that reads the words of others.
//!
//! It begins with what real nodes said, and what it finds worth keeping stays beside cargo's other
//! products for the next run. The marks that guide it are the compiler's own, so no other compiler
//! is needed than the project's.

use crate::setup::{self, Purpose};
use crate::shell::{cargo, root, run, step, target};
use anyhow::{Context, Result, bail};
use std::path::Path;
use std::process::Command;

/// What `crete_net::fuzz` has, and which part of a recorded frame each begins with.
const TARGETS: &[(&str, Seed)] = &[
    ("link", Seed::Announced(4)),
    ("segment", Seed::Announced(2)),
    ("flow", Seed::Packet),
    ("packet", Seed::Packet),
    ("reassembly", Seed::Packet),
    ("nd", Seed::Icmpv6),
    ("dhcp", Seed::Datagram(67)),
    ("dns", Seed::Datagram(53)),
    ("dns-answer", Seed::Answer(53)),
    ("ntp", Seed::Datagram(123)),
    (
        "resolv-conf",
        Seed::Text("nameserver 127.0.0.53\nnameserver fe80::1%eth0\n"),
    ),
    ("netlink", Seed::Nothing),
    ("control", Seed::Spoken),
];

/// Seconds a target runs when nothing is said.
const SECONDS: u64 = 60;
/// The longest input: some frames, or one of the largest.
const LONGEST: usize = 70_000;

/// Where a target's first inputs come from.
#[derive(Debug, Clone, Copy)]
enum Seed {
    /// A frame after its length, of this many bytes.
    Announced(usize),
    /// The packet in a frame.
    Packet,
    /// The body of an ICMPv6 message.
    Icmpv6,
    /// What is in a datagram to this port.
    Datagram(u16),
    /// What is in a datagram from this port.
    Answer(u16),
    Text(&'static str),
    /// What was said on the control socket.
    Spoken,
    Nothing,
}

impl Seed {
    /// Its part of a recorded frame.
    fn of(self, frame: &[u8]) -> Option<Vec<u8>> {
        let is_v4 = frame.get(12..15) == Some(&[8, 0, 0x45]);
        let datagram = is_v4 && frame.get(23) == Some(&17);
        let port = |at: usize| Some(u16::from_be_bytes([*frame.get(at)?, *frame.get(at + 1)?]));
        match self {
            Self::Announced(bytes) => {
                let length = u32::try_from(frame.len()).ok()?.to_be_bytes();
                Some([&length[4 - bytes..], frame].concat())
            }
            Self::Packet => frame.get(14..).map(<[u8]>::to_vec),
            Self::Icmpv6 => {
                let is_it = frame.get(12..14) == Some(&[0x86, 0xdd]) && frame.get(20) == Some(&58);
                is_it.then(|| frame.get(54..).map(<[u8]>::to_vec))?
            }
            Self::Datagram(to) => {
                (datagram && port(36) == Some(to)).then(|| frame.get(42..).map(<[u8]>::to_vec))?
            }
            Self::Answer(from) => {
                (datagram && port(34) == Some(from)).then(|| frame.get(42..).map(<[u8]>::to_vec))?
            }
            Self::Text(_) | Self::Spoken | Self::Nothing => None,
        }
    }
}

/// The frames of a recording: classic pcap, little-endian.
fn frames(recording: &[u8]) -> Vec<&[u8]> {
    let mut frames = Vec::new();
    let mut rest = recording.get(24..).unwrap_or_default();
    while let Some(length) = rest.get(8..12).and_then(|bytes| bytes.try_into().ok()) {
        let end = 16 + usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX - 16);
        let Some(frame) = rest.get(16..end) else {
            break;
        };
        frames.push(frame);
        rest = &rest[end..];
    }
    frames
}

/// Writes a target's first inputs.
fn plant(seed: Seed, corpus: &Path) -> Result<()> {
    let fixtures = root().join("tests/fixtures/net");
    let mut inputs: Vec<Vec<u8>> = Vec::new();
    for entry in std::fs::read_dir(&fixtures).with_context(|| fixtures.display().to_string())? {
        let path = entry?.path();
        let bytes = std::fs::read(&path)?;
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("pcap") => inputs.extend(frames(&bytes).iter().filter_map(|frame| seed.of(frame))),
            Some("json") if matches!(seed, Seed::Spoken) => {
                let spoken: serde_json::Value = serde_json::from_slice(&bytes)?;
                inputs.push(spoken["config"].to_string().into_bytes());
                let asks = spoken["asks"].as_array().into_iter().flatten();
                inputs.extend(asks.map(|ask| ask.to_string().into_bytes()));
            }
            _ => {}
        }
    }
    if let Seed::Text(text) = seed {
        inputs.push(text.as_bytes().to_vec());
    }
    inputs.sort();
    inputs.dedup();
    for (n, input) in inputs.iter().enumerate() {
        std::fs::write(corpus.join(format!("recorded-{n}")), input)?;
    }
    Ok(())
}

/// Which targets, and how long each.
fn wanted(args: &[String]) -> Result<(Vec<(&'static str, Seed)>, u64)> {
    let (mut chosen, mut seconds) = (TARGETS.to_vec(), SECONDS);
    for arg in args {
        if let Ok(number) = arg.parse() {
            seconds = number;
        } else if let Some(target) = TARGETS.iter().find(|(name, _)| name == arg) {
            chosen = vec![*target];
        } else {
            let names: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
            bail!("there is no target {arg}; known are {}", names.join(", "));
        }
    }
    Ok((chosen, seconds))
}

/// Builds the fuzzer, and runs it on the wanted targets. It ends at the first input that breaks one,
/// and keeps that.
pub fn fuzz(args: &[String]) -> Result<()> {
    let (chosen, seconds) = wanted(args)?;
    setup::ensure(&[Purpose::Compiler])?;
    let folder = target().join("fuzz");
    let manifest = root().join("tests/fuzz/Cargo.toml").display().to_string();
    step("Building the fuzzer", || {
        run(cargo(&["build", "--release", "--manifest-path", &manifest])
            .args(["--target", TRIPLE])
            .env("CARGO_TARGET_DIR", &folder)
            .env("RUSTFLAGS", MARKS))
    })?;
    let program = folder.join(TRIPLE).join("release/crete-fuzz");
    for (name, seed) in chosen {
        let corpus = folder.join("corpus").join(name);
        let found = folder.join("found").join(name);
        for path in [&corpus, &found] {
            std::fs::create_dir_all(path).with_context(|| path.display().to_string())?;
        }
        plant(seed, &corpus)?;
        step(&format!("Fuzzing {name}"), || {
            run(Command::new(&program)
                .env("CRETE_FUZZ", name)
                .arg(&corpus)
                .arg(format!("-max_total_time={seconds}"))
                .arg(format!("-max_len={LONGEST}"))
                .arg(format!("-artifact_prefix={}/", found.display()))
                .args([
                    "-timeout=10",
                    "-rss_limit_mb=1024",
                    "-verbosity=0",
                    "-print_final_stats=1",
                ]))
        })?;
    }
    Ok(())
}

/// Said explicitly, so that build scripts are built without the marks.
const TRIPLE: &str = "x86_64-unknown-linux-gnu";
/// What the compiler adds for the fuzzer: counts of every edge, and what was compared with what.
const MARKS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_begins_with_something_recorded() {
        for (name, seed) in TARGETS
            .iter()
            .filter(|(_, seed)| !matches!(seed, Seed::Nothing))
        {
            let folder = tempfile::tempdir().unwrap();
            plant(*seed, folder.path()).unwrap();
            assert!(
                std::fs::read_dir(folder.path()).unwrap().count() > 0,
                "{name}"
            );
        }
    }

    #[test]
    fn a_target_and_a_time_are_told_apart() {
        let words = |text: &str| {
            text.split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let (chosen, seconds) = wanted(&words("dns 7")).unwrap();
        assert_eq!((chosen.len(), chosen[0].0, seconds), (1, "dns", 7));
        assert_eq!(wanted(&[]).unwrap().0.len(), TARGETS.len());
        assert!(wanted(&words("smtp")).is_err());
    }

    /// The crate and this know the same targets.
    #[test]
    fn no_target_is_left_out() {
        let path = root().join("crates/crete-net/src/fuzz.rs");
        let text = std::fs::read_to_string(path).unwrap();
        let end = text.find("];").unwrap();
        for (name, _) in TARGETS {
            assert!(text[..end].contains(&format!("(\"{name}\", ")), "{name}");
        }
        assert_eq!(text[..end].matches("    (\"").count(), TARGETS.len());
    }
}
