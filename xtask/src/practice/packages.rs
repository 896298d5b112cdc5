//! Debian's packages that the images are made from: downloaded and unpacked, never installed.

use crate::setup::privileged;
use crate::shell::{has, output, run};
use anyhow::{Context, Result, bail};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Meta packages that depend on the newest kernel, best first: the smallest that has what virtual
/// machines need.
const KERNELS: [&str; 3] = [
    "linux-image-cloud-amd64",
    "linux-image-amd64",
    "linux-image-virtual",
];
/// The boot stub for UEFI, and the loader for BIOS with its library.
const LOADERS: [&str; 3] = ["systemd-boot-efi", "isolinux", "syslinux-common"];

/// A package as the lists of this computer have it.
#[derive(Debug, PartialEq, Eq)]
pub struct Package {
    /// The file it is downloaded to.
    pub file: String,
    /// Its length, bytes.
    size: u64,
    /// Its digest, with the kind.
    pub digest: String,
}

/// Finds out which packages the images are made from today.
pub fn resolve() -> Result<Vec<Package>> {
    if std::env::consts::ARCH != "x86_64" {
        bail!("practice images are for x86-64 and can only be built there");
    }
    if !has("apt-get") || !has("dpkg") {
        bail!("practice images are made from Debian's packages, which takes apt-get and dpkg");
    }
    match resolve_from_lists() {
        // A new machine has no lists yet.
        Err(_) => resolve_anew(),
        resolved => resolved,
    }
}

fn resolve_anew() -> Result<Vec<Package>> {
    println!("bringing the package lists up to date");
    run(privileged("apt-get").args(["update", "-qq"]))?;
    resolve_from_lists()
}

fn resolve_from_lists() -> Result<Vec<Package>> {
    let kernel = KERNELS
        .iter()
        .find_map(|meta| kernel_packages(meta).ok())
        .context("no kernel package was found")?;
    let text = output(
        Command::new("apt-get")
            .args(["download", "--print-uris", "-qq"])
            .args(kernel)
            .args(LOADERS),
    )?;
    let packages: Vec<Package> = text.lines().filter_map(parse_uri).collect();
    if packages.len() <= LOADERS.len() {
        bail!("apt-get does not say where the packages are:\n{text}");
    }
    Ok(packages)
}

/// The packages with a kernel and its modules that a meta package leads to.
fn kernel_packages(meta: &str) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    let mut open = vec![meta.to_owned()];
    while let Some(name) = open.pop() {
        let text = output(Command::new("apt-cache").args(["depends", "--important", &name]))?;
        for dependency in parse_dependencies(&text) {
            if found.insert(dependency.clone()) {
                open.push(dependency);
            }
        }
    }
    if found.is_empty() {
        bail!("{meta} leads to no kernel");
    }
    Ok(found)
}

/// The dependencies that are parts of a kernel, of those that `apt-cache depends` lists.
fn parse_dependencies(text: &str) -> impl Iterator<Item = String> {
    text.lines()
        .filter_map(|line| line.trim().strip_prefix("Depends: "))
        .filter(|name| {
            ["linux-image-", "linux-modules-"]
                .iter()
                .any(|kind| name.starts_with(kind))
        })
        .map(str::to_owned)
}

/// A line of `apt-get download --print-uris`: address, file, length, digest.
fn parse_uri(line: &str) -> Option<Package> {
    let mut words = line.strip_prefix('\'')?.split_whitespace().skip(1);
    Some(Package {
        file: words.next()?.to_owned(),
        size: words.next()?.parse().ok()?,
        digest: words.next()?.to_owned(),
    })
}

impl Package {
    /// The package's name.
    fn name(&self) -> &str {
        self.file.split('_').next().unwrap_or(&self.file)
    }
}

/// Downloads what is not in the folder yet, and gives what is there then: where the lists were too
/// old, newer packages than were asked for.
pub fn fetch(packages: Vec<Package>, folder: &Path) -> Result<Vec<Package>> {
    match download(&packages, folder) {
        Ok(()) => Ok(packages),
        Err(_) => {
            let newer = resolve_anew()?;
            download(&newer, folder)?;
            Ok(newer)
        }
    }
}

/// Downloads what is not in the folder yet, and drops what is no longer needed.
fn download(packages: &[Package], folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let there = |package: &&Package| {
        std::fs::metadata(folder.join(&package.file)).is_ok_and(|meta| meta.len() == package.size)
    };
    for entry in std::fs::read_dir(folder)?.flatten() {
        let name = entry.file_name();
        if !packages.iter().any(|package| *name == *package.file) {
            std::fs::remove_file(entry.path())?;
        }
    }
    let missing: Vec<&str> = packages
        .iter()
        .filter(|package| !there(package))
        .map(Package::name)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let mut apt = Command::new("apt-get");
    // The user that apt downloads as may not write here.
    apt.args(["download", "-qq", "-o", "APT::Sandbox::User=root"])
        .args(missing)
        .current_dir(folder);
    run(&mut apt)
}

/// Unpacks all packages into one folder.
pub fn unpack(packages: &[Package], from: &Path, into: &Path) -> Result<()> {
    for package in packages {
        let file = from.join(&package.file);
        run(Command::new("dpkg").arg("-x").arg(file).arg(into))?;
    }
    Ok(())
}

/// The one entry of a folder whose name begins so.
pub fn only(folder: &Path, prefix: &str) -> Result<PathBuf> {
    let entries = std::fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    entries
        .flatten()
        .find(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .map(|entry| entry.path())
        .with_context(|| format!("there is no {prefix}* in {}", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_parts_of_a_kernel_are_followed() {
        let text = "linux-image-6.8.0-40-generic\n  Depends: kmod\n |Depends: linux-base\n  \
                    Depends: linux-modules-6.8.0-40-generic\n  Depends: <virtual>\n";
        let found: Vec<String> = parse_dependencies(text).collect();
        assert_eq!(found, ["linux-modules-6.8.0-40-generic"]);
    }

    #[test]
    fn a_line_of_apt_names_file_length_and_digest() {
        let line = "'http://a.test/pool/isolinux_6.04-1_all.deb' isolinux_3%3a6.04-1_all.deb 108396 SHA256:cafe";
        let package = parse_uri(line).unwrap();
        assert_eq!(package.name(), "isolinux");
        assert_eq!(
            package,
            Package {
                file: "isolinux_3%3a6.04-1_all.deb".into(),
                size: 108_396,
                digest: "SHA256:cafe".into(),
            }
        );
        assert_eq!(parse_uri("W: something"), None);
    }
}
