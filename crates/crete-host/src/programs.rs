//! QEMU's programs: found, new enough, and asked what they can do.

use crate::kvm::distribution;
use crate::remedies::Part;
use crate::world::{Ran, World};
use crete_model::{
    Accelerator, Arch, CauseCode, Check, CheckCode, CheckState, Evidence, QemuInfo, Remedy, params,
};

/// The first QEMU with `-netdev stream`.
const NEEDED: semver::Version = semver::Version::new(7, 2, 0);

/// Looks for QEMU of one architecture.
pub(crate) async fn qemu(world: &dyn World, arch: Arch) -> (Check, Option<QemuInfo>) {
    let program = format!("qemu-system-{}", arch.qemu_suffix());
    let Some(path) = world.find(&program) else {
        return (
            missing(world, CheckCode::Qemu, Part::Qemu, arch, &program),
            None,
        );
    };
    // Both at once: each start of QEMU takes some tens of milliseconds.
    let (version, accelerators) = futures_util::future::join(
        world.run(&path, &["--version"]),
        world.run(&path, &["-accel", "help"]),
    )
    .await;
    let evidence = |found: &str| Evidence {
        what: format!("{} --version", path.display()),
        found: found.lines().next().unwrap_or_default().to_owned(),
    };
    let check = |state, cause, params, found: &str, remedies| Check {
        code: CheckCode::Qemu,
        state,
        cause,
        params,
        evidence: vec![evidence(found)],
        remedies,
    };
    let no_answer = |seconds: u64, found: &str, remedies| {
        let params = params! { "program" => program, "seconds" => seconds };
        check(
            CheckState::Failed,
            CauseCode::NoAnswer,
            params,
            found,
            remedies,
        )
    };
    let text = match version {
        Ran::Said(text) => text,
        Ran::Failed(text) => {
            let remedies = distribution(world).install(Part::Qemu, arch);
            return (no_answer(0, &text, remedies), None);
        }
        Ran::Hangs { seconds } => return (no_answer(seconds, "", vec![Remedy::Retry]), None),
    };
    let version = parse_version(&text);
    if version.as_ref().is_none_or(|version| *version < NEEDED) {
        let found = version.map_or_else(|| "?".to_owned(), |version| version.to_string());
        let params = params! { "version" => found, "needed" => "7.2", "path" => path.display() };
        let remedies = distribution(world).install(Part::Qemu, arch);
        return (
            check(
                CheckState::Failed,
                CauseCode::TooOld,
                params,
                &text,
                remedies,
            ),
            None,
        );
    }
    let version = version
        .map(|version| version.to_string())
        .unwrap_or_default();
    let info = QemuInfo {
        path: path.display().to_string(),
        version: version.clone(),
        arch,
        accelerators: parse_accelerators(&accelerators),
    };
    let params = params! { "version" => version, "path" => path.display() };
    (
        check(CheckState::Ok, CauseCode::Fine, params, &text, Vec::new()),
        Some(info),
    )
}

/// Looks for `qemu-img`.
pub(crate) fn qemu_img(world: &dyn World) -> (Check, Option<String>) {
    match world.find("qemu-img") {
        None => (
            missing(
                world,
                CheckCode::QemuImg,
                Part::QemuImg,
                world.arch(),
                "qemu-img",
            ),
            None,
        ),
        Some(path) => {
            let path = path.display().to_string();
            let check = Check {
                code: CheckCode::QemuImg,
                state: CheckState::Ok,
                cause: CauseCode::Fine,
                params: params! { "path" => path },
                evidence: vec![Evidence {
                    what: "qemu-img".to_owned(),
                    found: path.clone(),
                }],
                remedies: Vec::new(),
            };
            (check, Some(path))
        }
    }
}

/// A check of something that is not installed.
pub(crate) fn missing(
    world: &dyn World,
    code: CheckCode,
    part: Part,
    arch: Arch,
    what: &str,
) -> Check {
    let mut remedies = distribution(world).install(part, arch);
    remedies.push(Remedy::Retry);
    Check {
        code,
        state: CheckState::Failed,
        cause: CauseCode::NotInstalled,
        params: params! { "program" => what },
        evidence: vec![Evidence {
            what: what.to_owned(),
            found: "not found".to_owned(),
        }],
        remedies,
    }
}

/// `QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7)` and the like.
fn parse_version(text: &str) -> Option<semver::Version> {
    let rest = text.split_once("version ")?.1;
    let number = rest
        .split(|c: char| !(c.is_ascii_digit() || c == '.'))
        .next()?;
    let mut parts = number.split('.').map(str::parse);
    let mut part = || parts.next().and_then(Result::ok);
    Some(semver::Version::new(part()?, part()?, part().unwrap_or(0)))
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

    #[test]
    fn versions_of_all_packagings_are_read() {
        let read = |text: &str| parse_version(text).map(|version| version.to_string());
        assert_eq!(
            read("QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)"),
            Some("7.2.22".into())
        );
        assert_eq!(
            read("QEMU emulator version 10.1.50 (v10.1.0-1-gabc)"),
            Some("10.1.50".into())
        );
        assert_eq!(read("QEMU emulator version 6.2"), Some("6.2.0".into()));
        assert_eq!(read("hello"), None);
    }
}
