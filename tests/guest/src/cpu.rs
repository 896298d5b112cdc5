//! The processor, as `/proc/cpuinfo` tells it.

use crete_practice_node::Processor;
use std::collections::BTreeSet;

/// Flags each level needs beyond the one before.
const LEVELS: [&[&str]; 3] = [
    &["cx16", "lahf_lm", "popcnt", "sse4_1", "sse4_2", "ssse3"],
    &[
        "abm", "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe", "xsave",
    ],
    &["avx512bw", "avx512cd", "avx512dq", "avx512f", "avx512vl"],
];

/// Reads the text of `/proc/cpuinfo`.
#[must_use]
pub fn parse(cpuinfo: &str) -> Processor {
    let values = |wanted: &'static str| {
        cpuinfo.lines().filter_map(move |line| {
            let (key, value) = line.split_once(':')?;
            (key.trim() == wanted).then(|| value.trim())
        })
    };
    let threads = values("processor").count();
    let cores: BTreeSet<(&str, &str)> = values("physical id").zip(values("core id")).collect();
    let flags: BTreeSet<&str> = values("flags")
        .next()
        .unwrap_or_default()
        .split(' ')
        .collect();
    let level = LEVELS
        .iter()
        .take_while(|needed| needed.iter().all(|flag| flags.contains(flag)))
        .fold(1, |level, _| level + 1);
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    Processor {
        model: values("model name").next().unwrap_or_default().to_owned(),
        cores: number(cores.len()),
        threads: number(threads),
        level,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cpuinfo(flags: &str) -> String {
        (0..4)
            .map(|n| {
                format!(
                    "processor\t: {n}\nmodel name\t: QEMU TCG CPU version 2.5+\nphysical id\t: 0\n\
                     core id\t\t: {}\nflags\t\t: {flags}\n\n",
                    n / 2
                )
            })
            .collect()
    }

    #[test]
    fn cores_threads_and_level_are_counted() {
        let v2 = "fpu cx16 lahf_lm popcnt sse4_1 sse4_2 ssse3";
        let cpu = parse(&cpuinfo(v2));
        assert_eq!(cpu.model, "QEMU TCG CPU version 2.5+");
        assert_eq!((cpu.cores, cpu.threads), (2, 4));
        assert_eq!(cpu.level, 2);
        let v3 = format!("{v2} abm avx avx2 bmi1 bmi2 f16c fma movbe xsave");
        assert_eq!(parse(&cpuinfo(&v3)).level, 3);
        // A level is not reached by what only the next one needs.
        assert_eq!(parse(&cpuinfo("avx2 bmi2")).level, 1);
    }

    #[test]
    fn an_empty_text_is_no_processor() {
        assert_eq!(parse("").threads, 0);
    }
}
