//! The QEMUs that links are tested with: the one that is installed, and on Debian the one of the
//! distribution's other suite beside it, unpacked and never installed. People have either.

use crate::setup::codename;
use crate::shell::{cache, has, output, run};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

const PROGRAM: &str = "qemu-system-x86_64";
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
const PACKAGES: [&str; 3] = ["qemu-system-x86", "qemu-system-common", "qemu-system-data"];

/// All of them, as a search path is written. Where the other cannot be had, why is said.
pub fn list() -> String {
    match other() {
        Ok(path) => format!("{PROGRAM}:{}", path.display()),
        Err(error) => {
            eprintln!("links are tested with one QEMU only: {error:#}");
            PROGRAM.to_owned()
        }
    }
}

/// The suite that the installed QEMU is not of.
fn other_suite(codename: &str, installed: &str) -> String {
    if installed.contains("~bpo") {
        codename.to_owned()
    } else {
        format!("{codename}-backports")
    }
}

/// The site of a line of `apt-get indextargets`, when that is of this release.
fn site<'a>(line: &'a str, codename: &str) -> Option<&'a str> {
    let (site, release) = line.split_once(' ')?;
    (release == codename).then_some(site)
}

fn other() -> Result<PathBuf> {
    if std::env::consts::ARCH != "x86_64" || !has("apt-get") || !has("dpkg") {
        bail!("another comes from Debian's packages for x86-64 alone");
    }
    let codename = codename().context("the release has no code name")?;
    let mut version = Command::new("dpkg-query");
    version.args(["--show", "--showformat", "${Version}", PACKAGES[0]]);
    let suite = other_suite(&codename, &output(&mut version)?);
    let folder = cache().join("qemu").join(&suite);
    let program = folder.join("root/usr/bin").join(PROGRAM);
    if !program.is_file() {
        unpack(&codename, &suite, &folder)?;
    }
    output(Command::new(&program).arg("--version"))?;
    Ok(program)
}

/// Downloads and unpacks, with package lists of its own, so that this computer's stay as they are.
fn unpack(codename: &str, suite: &str, folder: &Path) -> Result<()> {
    let targets = output(Command::new("apt-get").args([
        "indextargets",
        "--format",
        "$(SITE) $(RELEASE)",
        "Created-By: Packages",
    ]))?;
    let site = targets
        .lines()
        .find_map(|line| site(line, codename))
        .with_context(|| format!("apt knows no source of {codename}"))?;
    let made = |name: &str| -> Result<PathBuf> {
        let path = folder.join(name);
        std::fs::create_dir_all(&path).with_context(|| path.display().to_string())?;
        Ok(path)
    };
    let (parts, lists) = (made("parts")?, made("lists/partial")?);
    let (packages, root) = (made("packages")?, made("root")?);
    let line = format!("deb [signed-by={KEYRING}] {site} {suite} main\n");
    std::fs::write(parts.join("suite.list"), line)?;
    let apt = |args: &[&str]| {
        let mut command = Command::new("apt-get");
        command
            .args(["-qq", "-o", "APT::Sandbox::User=root"])
            .args(["-o", "Dir::Etc::sourcelist=/dev/null", "-o"])
            .arg(format!("Dir::Etc::sourceparts={}", parts.display()))
            .arg("-o")
            .arg(format!(
                "Dir::State::lists={}",
                lists.parent().unwrap_or(&lists).display()
            ))
            .args(args)
            .current_dir(&packages);
        command
    };
    run(&mut apt(&["update"]))?;
    let wanted = PACKAGES.map(|name| format!("{name}/{suite}"));
    run(&mut apt(&["download", &wanted[0], &wanted[1], &wanted[2]]))?;
    for entry in std::fs::read_dir(&packages)? {
        run(Command::new("dpkg").arg("-x").arg(entry?.path()).arg(&root))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_other_suite_is_the_one_that_is_not_installed() {
        assert_eq!(
            other_suite("bookworm", "1:7.2+dfsg-7"),
            "bookworm-backports"
        );
        assert_eq!(other_suite("bookworm", "1:10.0.2~bpo12+1"), "bookworm");
    }

    #[test]
    fn only_the_releases_own_source_is_taken() {
        assert_eq!(
            site("http://a.test/debian bookworm", "bookworm"),
            Some("http://a.test/debian")
        );
        for other in [
            "http://a.test/debian bookworm-updates",
            "http://b.test stable",
        ] {
            assert_eq!(site(other, "bookworm"), None);
        }
    }
}
