//! The images of practice mode, of a guest that plays a Talos node: Debian's kernel, a small
//! initramfs, and our own packing around them, so that no tool but apt's own is needed and nothing
//! is installed.
//!
//! ```text
//! packages ─▶ kernel, modules ─┐
//! tests/guest ─▶ init ─────────┴▶ initramfs ─▶ uki ─┬▶ disk (gpt, fat, frame)  metal-amd64.raw.zst
//!                                                   └▶ iso  (fat)              metal-amd64.iso
//! ```

mod disk;
mod fat;
mod frame;
#[path = "../../../tests/guest/src/disk/gpt.rs"]
mod gpt; // the guest writes the same when it installs
pub(crate) mod initramfs;
mod iso;
pub(crate) mod modules;
pub(crate) mod packages;
mod stamp;
mod uki;

use crate::setup::{self, Purpose};
use crate::shell::{cache, cargo, root, run, step, target};
use anyhow::{Context, Result, bail};
use stamp::Stamp;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

/// Where firmware looks for what it boots.
const BOOT_PATH: [&str; 3] = ["EFI", "BOOT", "BOOTX64.EFI"];
/// The images, by the names that the factory serves.
const IMAGES: [&str; 2] = ["metal-amd64.iso", "metal-amd64.raw.zst"];
const LABEL: &str = "CRETE_PRACTICE";
const TARGET: &str = "x86_64-unknown-linux-gnu";
const GUEST: &str = "crete-practice-guest";
/// How it is built: small.
const PROFILE: &str = "guest";

/// The kernel's command line: what a real node has and the guest needs.
const COMMAND_LINE: &str =
    "talos.platform=metal console=tty0 console=ttyS0 consoleblank=0 printk.devkmsg=on";
/// What the boot program says of itself. It is no Talos and does not call itself so.
const DESCRIPTION: &str = "NAME=\"Crete practice guest\"\nID=crete-practice\n\
                           PRETTY_NAME=\"Crete practice guest (not Talos)\"\n";
const ISOLINUX: &str =
    "DEFAULT practice\nPROMPT 0\nLABEL practice\n  KERNEL VMLINUZ\n  INITRD INITRD\n  APPEND ";

/// Builds the practice images when anything they are made from changed. The factory that hands them
/// out is one of the programs.
pub fn build() -> Result<()> {
    setup::ensure(&[Purpose::Compiler])?;
    let folder = cache().join("practice");
    std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let lock = folder.join("lock");
    let lock = File::create(&lock).with_context(|| lock.display().to_string())?;
    if lock.try_lock().is_err() {
        println!("waiting for another build of the practice images");
        lock.lock()?;
    }
    build_images(&folder)
}

fn build_images(folder: &Path) -> Result<()> {
    let images = folder.join("images");
    let stamp_file = images.join("stamp");
    let complete = IMAGES.iter().all(|name| images.join(name).is_file());
    let old = Stamp::read(&stamp_file).filter(|_| complete);
    let sources = [
        root().join("tests/guest"),
        root().join("xtask/src/practice"),
        root().join("crates/crete-practice-node/src"),
        root().join("crates/crete-practice-node/Cargo.toml"),
        root().join("crates/crete-talos/src"),
        root().join("crates/crete-talos/proto"),
        root().join("crates/crete-talos/Cargo.toml"),
        root().join("crates/crete-model/src"),
    ];
    let packages = match packages::resolve() {
        Ok(packages) => packages,
        Err(error) => {
            // Without package lists images made from the same sources are still good.
            let without = Stamp::of(&sources, &[])?;
            if old.is_some_and(|old| old.same_sources(&without)) {
                println!("the practice images stay as they are: {error:#}");
                return Ok(());
            }
            return Err(error);
        }
    };
    if old == Some(Stamp::of(&sources, &packages)?) {
        println!("the practice images in {} are up to date", images.display());
        return Ok(());
    }

    let downloads = folder.join("packages");
    let packages = step("Downloading kernel and boot loaders", || {
        packages::fetch(packages, &downloads)
    })?;
    let unpacked = folder.join("unpacked");
    clear(&unpacked)?;
    step("Unpacking kernel and boot loaders", || {
        packages::unpack(&packages, &downloads, &unpacked)
    })?;
    let init = step("Building the practice guest", build_guest)?;
    // Before the first image is replaced: what is half old and half new has no stamp.
    if stamp_file.exists() {
        std::fs::remove_file(&stamp_file).with_context(|| stamp_file.display().to_string())?;
    }
    step("Packing the practice images", || {
        pack(&unpacked, &init, &images)
    })?;
    Stamp::of(&sources, &packages)?.write(&stamp_file)?;
    clear(&unpacked)?;
    for name in IMAGES {
        let path = images.join(name);
        let size = std::fs::metadata(&path)?.len();
        println!("{} ({:.1} MB)", path.display(), size as f64 / 1e6);
    }
    Ok(())
}

fn clear(folder: &Path) -> Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    Ok(())
}

/// Builds the guest for its own target, with its own flags.
fn build_guest() -> Result<Vec<u8>> {
    let products = target().join("guest");
    let mut build = cargo(&[
        "build",
        "--profile",
        PROFILE,
        "--locked",
        "--target",
        TARGET,
    ]);
    build.args(["--package", GUEST]);
    // Flags of the environment would replace those that make the program static.
    build
        .current_dir(root().join("tests/guest"))
        .env("CARGO_TARGET_DIR", &products)
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    run(&mut build)?;
    let program = products.join(TARGET).join(PROFILE).join(GUEST);
    let bytes = read(&program)?;
    let loader = b"/lib64/ld-linux-x86-64.so.2";
    if bytes.windows(loader.len()).any(|window| window == loader) {
        bail!("{} is not static", program.display());
    }
    Ok(bytes)
}

/// Makes both images and puts each in its place when it is whole.
fn pack(unpacked: &Path, init: &[u8], images: &Path) -> Result<()> {
    let kernel = read(&packages::only(&unpacked.join("boot"), "vmlinuz-")?)?;
    let modules = packages::only(&unpacked.join("lib/modules"), "")?;
    let initramfs = initramfs(init, modules::collect(&modules)?)?;
    let release = modules.file_name().unwrap_or_default().to_string_lossy();
    let systemd = unpacked.join("usr/lib/systemd/boot/efi/linuxx64.efi.stub");
    let program = uki::unite(
        &read(&systemd)?,
        &[
            (".osrel", DESCRIPTION.as_bytes()),
            (".cmdline", COMMAND_LINE.as_bytes()),
            (".uname", release.as_bytes()),
            (".linux", &kernel),
            (".initrd", &initramfs),
        ],
    )?;
    let config = format!("{ISOLINUX}{COMMAND_LINE}\n");
    let loader = read(&unpacked.join("usr/lib/ISOLINUX/isolinux.bin"))?;
    let library = read(&unpacked.join("usr/lib/syslinux/modules/bios/ldlinux.c32"))?;
    let bios = iso::Bios {
        loader: &loader,
        library: &library,
        config: config.as_bytes(),
    };
    std::fs::create_dir_all(images).with_context(|| images.display().to_string())?;
    let [cd, disk] = IMAGES.map(|name| images.join(name));
    whole(&cd, |out| iso::write(&program, &bios, LABEL, out))?;
    whole(&disk, |out| disk::write(&program.bytes, out))
}

/// Packs another program that firmware starts as the factory's disk image. The CD stays as it is.
pub fn pack_disk(program: &[u8], images: &Path) -> Result<()> {
    std::fs::create_dir_all(images).with_context(|| images.display().to_string())?;
    let [cd, disk] = IMAGES;
    let usual = cache().join("practice/images").join(cd);
    std::fs::copy(&usual, images.join(cd)).with_context(|| usual.display().to_string())?;
    whole(&images.join(disk), |out| disk::write(program, out))
}

fn initramfs(init: &[u8], modules: Vec<modules::Module>) -> Result<Vec<u8>> {
    let mut archive = initramfs::Archive::default();
    for folder in ["dev", "proc", "sys", "run", "lib", "lib/modules"] {
        archive.folder(folder)?;
    }
    // The kernel opens it for PID 1 before anything is mounted.
    archive.device("dev/console", 5, 1)?;
    archive.file("init", 0o755, init)?;
    let mut list = String::new();
    for module in modules {
        archive.file(
            &format!("lib/modules/{}", module.file),
            0o644,
            &module.content,
        )?;
        list.push_str(&module.file);
        list.push('\n');
    }
    archive.file("lib/modules/load", 0o644, list.as_bytes())?;
    archive.end()
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| path.display().to_string())
}

/// Writes a file that appears whole or not at all.
fn whole(path: &PathBuf, write: impl FnOnce(&mut BufWriter<File>) -> Result<()>) -> Result<()> {
    let half = path.with_extension("writing");
    let context = || half.display().to_string();
    let mut out = BufWriter::new(File::create(&half).with_context(context)?);
    write(&mut out)?;
    out.into_inner()
        .map_err(std::io::IntoInnerError::into_error)
        .and_then(|file| file.sync_all())
        .with_context(context)?;
    std::fs::rename(&half, path).with_context(|| path.display().to_string())
}
