//! QEMU's programs: found, new enough, and asked themselves what they can do.

use crate::check::{Finding, evidence, fine};
use crate::distribution::{Distribution, Need, Part};
use crate::surroundings::{Sandbox, Surroundings};
use crate::world::{Ran, World};
use crete_model::{
    Accelerator, Arch, CauseCode, CheckCode, CheckState, Evidence, QemuFeature, QemuInfo, Remedy,
    params,
};
use semver::Version;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The first QEMU with `-netdev stream`.
const NEEDED: Version = Version::new(7, 2, 0);
/// Programs of one name that are tried; more of them are a mistake of their own.
const MOST_TRIED: usize = 3;

/// Devices every machine has.
const DEVICES: [&str; 7] = [
    "virtio-blk-pci",
    "virtio-net-pci",
    "virtio-rng-pci",
    "virtio-balloon-pci",
    "virtio-serial-pci",
    "virtserialport",
    "virtio-scsi-pci",
];

/// How asking a program for its version ended badly.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Failure {
    path: PathBuf,
    cause: CauseCode,
    /// The version, the library or the seconds, by the cause.
    value: Option<String>,
}

/// A QEMU that says a version that is new enough.
struct Answering {
    info: QemuInfo,
    /// What it lacks, in the words of its own options.
    lacking: Vec<String>,
}

impl Answering {
    fn is_complete(&self, own: bool) -> bool {
        let speaks_kvm = self.info.accelerators.contains(&Accelerator::Kvm);
        self.lacking.is_empty() && (speaks_kvm || !own)
    }
}

/// Looks for QEMU of one architecture.
///
/// A wrapper or an own build in the person's folders must not hide a good program behind it, so
/// the first complete one counts, else the first that answers at all.
pub(crate) async fn check(
    world: &dyn World,
    arch: Arch,
    limit: Duration,
) -> (Finding, Option<QemuInfo>) {
    let name = format!("qemu-system-{}", arch.qemu_suffix());
    let own = arch == world.arch();
    let (mut seen, mut failure, mut best) = (Vec::new(), None, None);
    for path in candidates(world, &name, own) {
        match version(world, &path, limit, &mut seen).await {
            Err(why) => failure = failure.or(Some(why)),
            Ok(version) => {
                let found = ask(world, arch, &path, &version, limit, &mut seen).await;
                let complete = found.is_complete(own);
                if complete || best.is_none() {
                    best = Some(found);
                }
                if complete {
                    break;
                }
            }
        }
    }
    match best {
        Some(found) => (judge_parts(&found, own).because(seen), Some(found.info)),
        None => {
            let finding = failed(world, CheckCode::Qemu, Part::Qemu, &name, failure, seen);
            (finding, None)
        }
    }
}

/// Looks for `qemu-img`.
pub(crate) async fn check_img(world: &dyn World, limit: Duration) -> (Finding, Option<String>) {
    let (code, name) = (CheckCode::QemuImg, "qemu-img");
    let (mut seen, mut failure) = (Vec::new(), None);
    for path in world.find(name).into_iter().take(MOST_TRIED) {
        match version(world, &path, limit, &mut seen).await {
            Err(why) => failure = failure.or(Some(why)),
            Ok(version) => {
                let path = path.display().to_string();
                let params = params! { "path" => path, "version" => version };
                return (fine(code, params, seen), Some(path));
            }
        }
    }
    let finding = failed(world, code, Part::QemuImg, name, failure, seen);
    (finding, None)
}

/// RHEL and its descendants have only this computer's own QEMU, under another name.
fn candidates(world: &dyn World, name: &str, own: bool) -> Vec<PathBuf> {
    let mut found = world.find(name);
    if found.is_empty() && own {
        found = world.find("qemu-kvm");
    }
    found.truncate(MOST_TRIED);
    found
}

/// Asks a program for its version.
async fn version(
    world: &dyn World,
    path: &Path,
    limit: Duration,
    seen: &mut Vec<Evidence>,
) -> Result<Version, Failure> {
    let ran = world.run(path, &["--version"], limit).await;
    seen.push(evidence(
        format!("{} --version", path.display()),
        &first_line(&ran),
    ));
    if world.begins_with(path, b"#!") {
        seen.push(evidence(path.display(), "a script around the program"));
    }
    judge_version(&ran).map_err(|(cause, value)| Failure {
        path: path.to_owned(),
        cause,
        value,
    })
}

fn first_line(ran: &Ran) -> String {
    match ran {
        Ran::Said(text) | Ran::Failed(text) => {
            text.lines().next().unwrap_or_default().trim().to_owned()
        }
        Ran::Hangs { seconds } => format!("no answer within {seconds} s"),
    }
}

fn judge_version(ran: &Ran) -> Result<Version, (CauseCode, Option<String>)> {
    match ran {
        Ran::Said(text) => match parse_version(text) {
            None => Err((CauseCode::StrangeAnswer, None)),
            Some(version) if version < NEEDED => {
                Err((CauseCode::TooOld, Some(version.to_string())))
            }
            Some(version) => Ok(version),
        },
        Ran::Failed(text) => match missing_library(text) {
            Some(library) => Err((CauseCode::LibraryMissing, Some(library.to_owned()))),
            None => Err((CauseCode::DoesNotStart, None)),
        },
        Ran::Hangs { seconds } => Err((CauseCode::NoAnswer, Some(seconds.to_string()))),
    }
}

/// The loader's words are `error while loading shared libraries: NAME: cannot open …`.
fn missing_library(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("error while loading shared libraries: ")?;
    rest.split(':').next()
}

fn failed(
    world: &dyn World,
    code: CheckCode,
    part: Part,
    name: &str,
    failure: Option<Failure>,
    seen: Vec<Evidence>,
) -> Finding {
    let Some(Failure { path, cause, value }) = failure else {
        return not_installed(world, code, part, name);
    };
    let mut params = params! { "program" => name, "needed" => "7.2" };
    let value_name = match cause {
        CauseCode::LibraryMissing => "library",
        CauseCode::NoAnswer => "seconds",
        _ => "version",
    };
    params.extend(value.map(|value| (value_name.to_owned(), value)));
    let finding = Finding::new(code, CheckState::Failed, cause, params).because(seen);
    let newer = Distribution::read(world).newer_release();
    match (cause, newer) {
        (CauseCode::TooOld, Some(release)) => finding.mended_by(vec![Remedy::UpgradeSystem {
            release: release.to_owned(),
        }]),
        (CauseCode::NoAnswer | CauseCode::StrangeAnswer, _) if is_packaged(&path) => {
            finding.mended_by(vec![Remedy::Retry, Remedy::Report])
        }
        _ => {
            let need = match cause {
                _ if !is_packaged(&path) => Need::Install,
                CauseCode::TooOld => Need::Upgrade,
                _ => Need::Repair,
            };
            finding.needing(part, need).mended_by(vec![Remedy::Retry])
        }
    }
}

/// True where distributions put programs; elsewhere somebody built or wrote it.
fn is_packaged(path: &Path) -> bool {
    path.starts_with("/usr/bin") || path.starts_with("/usr/libexec")
}

/// A check of something that is not installed, or not to be seen from in here.
pub(crate) fn not_installed(world: &dyn World, code: CheckCode, part: Part, name: &str) -> Finding {
    let failed = |cause, params| Finding::new(code, CheckState::Failed, cause, params);
    let seen = vec![evidence(name, "not found")];
    match Surroundings::look(world).sandbox {
        Some(sandbox @ (Sandbox::Flatpak { .. } | Sandbox::Snap { .. })) => {
            let params = params! { "program" => name, "sandbox" => sandbox.name() };
            failed(CauseCode::HiddenBySandbox, params)
                .because(seen)
                .mended_by(vec![Remedy::LeaveSandbox])
        }
        _ => failed(CauseCode::NotInstalled, params! { "program" => name })
            .because(seen)
            .needing(part, Need::Install)
            .mended_by(vec![Remedy::Retry]),
    }
}

/// What a QEMU can do, in its own words. All questions at once: each start takes some tens of
/// milliseconds.
async fn ask(
    world: &dyn World,
    arch: Arch,
    path: &Path,
    version: &Version,
    limit: Duration,
    seen: &mut Vec<Evidence>,
) -> Answering {
    let (accelerators, boards, networks, devices, sandbox) = tokio::join!(
        world.run(path, &["-accel", "help"], limit),
        world.run(path, &["-machine", "help"], limit),
        world.run(path, &["-netdev", "help"], limit),
        world.run(path, &["-device", "help"], limit),
        world.run(path, &["-sandbox", "on", "--version"], limit),
    );
    let accelerators = parse_accelerators(&accelerators);
    let (features, lacking) = features(arch, &boards, &networks, &devices, &sandbox);
    let spoken = format!("{accelerators:?}, {features:?}").to_lowercase();
    seen.push(evidence("asked and there", &spoken.replace(['[', ']'], "")));
    if !lacking.is_empty() {
        seen.push(evidence("asked and not there", &lacking.join(", ")));
    }
    let info = QemuInfo {
        path: path.display().to_string(),
        version: version.to_string(),
        arch,
        accelerators,
        features,
    };
    Answering { info, lacking }
}

/// Whether a QEMU that answers will do.
fn judge_parts(found: &Answering, own: bool) -> Finding {
    let (code, info) = (CheckCode::Qemu, &found.info);
    let mut params = params! { "version" => info.version, "path" => info.path };
    if found.is_complete(own) {
        return fine(code, params, Vec::new());
    }
    let (finding, otherwise) = if found.lacking.is_empty() {
        let cause = CauseCode::QemuWithoutKvm;
        let finding = Finding::new(code, CheckState::Limited, cause, params);
        (finding, Remedy::GoOnEmulated)
    } else {
        params.insert("missing".to_owned(), found.lacking.join(", "));
        let cause = CauseCode::FeatureMissing;
        let finding = Finding::new(code, CheckState::Failed, cause, params);
        (finding, Remedy::Report)
    };
    let finding = finding.mended_by(vec![otherwise]);
    // The distribution's own package would be no other than this one.
    if is_packaged(Path::new(&info.path)) {
        finding
    } else {
        finding.needing(Part::Qemu, Need::Install)
    }
}

/// What this QEMU has, and what it lacks in the words of its own options. A question that was not
/// answered tells neither.
fn features(
    arch: Arch,
    boards: &Ran,
    networks: &Ran,
    devices: &Ran,
    sandbox: &Ran,
) -> (Vec<QemuFeature>, Vec<String>) {
    let board = match arch {
        Arch::Amd64 => "q35",
        Arch::Arm64 => "virt",
    };
    let first_words = |ran: &Ran| -> Option<Vec<String>> {
        let Ran::Said(text) = ran else { return None };
        let words = text
            .lines()
            .filter_map(|line| line.split_whitespace().next());
        Some(words.map(str::to_owned).collect())
    };
    let names = |ran: &Ran| -> Option<Vec<String>> {
        let Ran::Said(text) = ran else { return None };
        let names = text
            .lines()
            .filter_map(|line| line.strip_prefix("name \"")?.split('"').next());
        Some(names.map(str::to_owned).collect())
    };
    let (boards, networks, devices) = (first_words(boards), first_words(networks), names(devices));
    let questions = [
        (QemuFeature::Board, "-machine", &boards, vec![board]),
        (
            QemuFeature::StreamNetwork,
            "-netdev",
            &networks,
            vec!["stream"],
        ),
        (QemuFeature::Virtio, "-device", &devices, DEVICES.to_vec()),
    ];
    let (mut has, mut lacks) = (Vec::new(), Vec::new());
    for (feature, option, answer, wanted) in questions {
        let Some(answer) = answer else { continue };
        let absent: Vec<&str> = wanted
            .into_iter()
            .filter(|name| !answer.iter().any(|known| known == name))
            .collect();
        if absent.is_empty() {
            has.push(feature);
        }
        lacks.extend(absent.into_iter().map(|name| format!("{option} {name}")));
    }
    match sandbox {
        Ran::Said(_) => has.push(QemuFeature::Sandbox),
        Ran::Failed(_) => lacks.push("-sandbox on".to_owned()),
        Ran::Hangs { .. } => {}
    }
    (has, lacks)
}

/// `QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7)`, `qemu-img version 9.0.2` and the like,
/// wherever in the text: wrappers print lines of their own first.
fn parse_version(text: &str) -> Option<Version> {
    text.lines().find_map(|line| {
        let (who, rest) = line.split_once(" version ")?;
        if !who.to_lowercase().contains("qemu") {
            return None;
        }
        let number = rest
            .split(|c: char| !(c.is_ascii_digit() || c == '.'))
            .next()?;
        let mut parts = number.split('.').map(str::parse);
        let mut part = || parts.next().and_then(Result::ok);
        Some(Version::new(part()?, part()?, part().unwrap_or(0)))
    })
}

fn parse_accelerators(answer: &Ran) -> Vec<Accelerator> {
    let Ran::Said(text) = answer else {
        return Vec::new();
    };
    text.lines()
        .filter_map(|line| match line.trim() {
            "kvm" => Some(Accelerator::Kvm),
            "tcg" => Some(Accelerator::Tcg),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn versions_of_all_packagings_are_read() {
        let read = |text: &str| parse_version(text).map(|version| version.to_string());
        for (text, version) in [
            (
                "QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)",
                "7.2.22",
            ),
            ("QEMU emulator version 10.1.50 (v10.1.0-1-gabc)", "10.1.50"),
            ("QEMU emulator version 6.2", "6.2.0"),
            (
                "qemu-img version 9.0.2 (qemu-9.0.2-1.fc41)\nCopyright",
                "9.0.2",
            ),
            (
                "my wrapper version 1.0\nQEMU emulator version 8.2.2",
                "8.2.2",
            ),
            (
                "QEMU emulator version 9.1.0 (qemu-kvm-9.1.0-15.el9)",
                "9.1.0",
            ),
        ] {
            assert_eq!(read(text).as_deref(), Some(version), "{text}");
        }
        for text in [
            "hello",
            "",
            "version",
            "QEMU emulator version x",
            "gcc version 12.2.0",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn the_loader_names_the_library() {
        let text = "/usr/bin/qemu-system-x86_64: error while loading shared libraries: \
            libcapstone.so.4: cannot open shared object file: No such file or directory";
        assert_eq!(missing_library(text), Some("libcapstone.so.4"));
        assert_eq!(missing_library("Segmentation fault"), None);
    }

    #[test]
    fn what_was_not_answered_is_neither_there_nor_lacking() {
        let hangs = Ran::Hangs { seconds: 5 };
        let nets = |text: &str| Ran::Said(format!("Available netdev backend types:\n{text}"));
        let ask = |text| features(Arch::Amd64, &hangs, &nets(text), &hangs, &hangs);
        assert_eq!(ask("socket\nstream\n").0, [QemuFeature::StreamNetwork]);
        let (has, lacks) = ask("socket\nuser\n");
        assert_eq!(has, []);
        assert_eq!(lacks, ["-netdev stream"]);
    }

    proptest! {
        #[test]
        fn a_version_is_found_in_any_company(
            (major, minor, micro) in (0u64..100, 0u64..100, 0u64..100),
            before in "[a-z \n]{0,20}",
            after in "\\PC{0,20}",
        ) {
            let text = format!("{before}\nQEMU emulator version {major}.{minor}.{micro} ({after}");
            prop_assert_eq!(parse_version(&text), Some(Version::new(major, minor, micro)));
        }

        #[test]
        fn no_text_breaks_the_reader(text in "\\PC*") {
            let _ = parse_version(&text);
            let _ = missing_library(&text);
        }
    }
}
