//! Pulling images, and what the installer in one of them says.

use crate::Fault;
use crate::boot::Boot;

/// The gaps between attempts to pull, milliseconds, as measured; then it is given up.
const GAPS: [u64; 7] = [1000, 5000, 15_000, 35_000, 70_000, 140_000, 300_000];

/// Pulls an image, again and again while a fault lasts.
///
/// # Errors
/// What the console says when it is given up, after a quarter of an hour.
pub(super) async fn pull(boot: &Boot, image: &str, missing: Fault) -> Result<(), String> {
    let mut gaps = GAPS.into_iter();
    while boot.machine.faults.has(missing) {
        boot.say(&format!("pulling image {image}: starting..."));
        let error = unreachable(image);
        boot.say(&format!("retrying error: {error}"));
        let Some(gap) = gaps.next() else {
            return Err(error);
        };
        tokio::select! {
            () = boot.rest(gap) => {}
            () = boot.machine.faults.gone(missing) => {}
        }
    }
    boot.say(&format!("pulling image {image}: starting..."));
    boot.change(|state| state.images.insert(image.to_owned()));
    Ok(())
}

/// Shows how far a pull is that does not get on, every quarter of a minute, for as long as it does
/// not.
pub(super) async fn stall(boot: &Boot, image: &str, fault: Fault) {
    while boot.machine.faults.has(fault) {
        boot.say(&format!(
            "pulling image {image}: downloading 5 layers (38 MiB/93 MiB) (40.86%)..."
        ));
        tokio::select! {
            () = boot.rest(15_000) => {}
            () = boot.machine.faults.gone(fault) => {
                boot.say(&format!("pulling image {image}: extracting..."));
            }
        }
    }
}

fn unreachable(image: &str) -> String {
    let (name, tag) = image.rsplit_once(':').unwrap_or((image, "latest"));
    let (host, path) = name.split_once('/').unwrap_or(("docker.io", name));
    format!(
        "failed to pull image \"{image}\": failed to resolve reference \"{image}\": failed to do request: Head \"https://{host}/v2/{path}/manifests/{tag}\": dial tcp: connect: connection refused"
    )
}

/// Pulls the installer, with the progress that the console shows.
pub(super) async fn pull_installer(boot: &Boot, image: &str) -> Result<(), String> {
    pull(boot, image, Fault::InstallerUnreachable).await?;
    const LAYERS: [(&str, &str); 2] = [("50 MiB/142 MiB", "35.51%"), ("121 MiB/142 MiB", "85.21%")];
    for (done, share) in LAYERS {
        boot.rest(7000).await;
        boot.say(&format!(
            "pulling image {image}: downloading 2 layers ({done}) ({share})..."
        ));
        boot.machine.faults.gone(Fault::InstallerStalls).await;
    }
    boot.rest(1000).await;
    boot.say(&format!("pulling image {image}: extracting..."));
    boot.rest(8000).await;
    Ok(())
}

/// What the installer says, a line a step; an error when it fails.
pub(crate) fn installer_lines(
    boot: &Boot,
    version: &str,
    disk: &str,
    upgrade: bool,
) -> (Vec<String>, Option<String>) {
    let mut lines = vec![format!("running Talos installer {version}")];
    let running = boot.tag();
    if upgrade {
        lines.extend([
            "running pre-flight checks".to_owned(),
            format!("host Talos version: {running}"),
            "all pre-flight checks successful".to_owned(),
            format!("probing bootloader on \"{disk}\""),
            format!("sd-boot: found UKI files: [Talos-{running}.efi]"),
        ]);
    }
    let suffix = if upgrade && version == running {
        "~1"
    } else {
        ""
    };
    lines.push(format!(
        "copying /usr/install/amd64/vmlinuz.efi to /boot/EFI/EFI/Linux/Talos-{version}{suffix}.efi"
    ));
    lines.push(
        "copying /usr/install/amd64/systemd-boot.efi to /boot/EFI/EFI/boot/BOOTX64.efi".to_owned(),
    );
    if !upgrade {
        lines.extend([
            "created EFI (C12A7328-F81F-11D2-BA4B-00A0C93EC93B) size 2203058176 bytes".to_owned(),
            "created META (0FC63DAF-8483-4772-8E79-3D69D8477DE4) size 1048576 bytes".to_owned(),
            format!("formatting the partition \"{disk}1\" as \"vfat\" with label \"EFI\""),
        ]);
    }
    if boot.machine.faults.has(Fault::InstallerFails) {
        let error = "failed to format partitions: failed to format partition: exit status 1";
        return (lines, Some(error.to_owned()));
    }
    lines.extend([
        "updating EFI variables".to_owned(),
        "created Talos Linux UKI boot entry at index 4".to_owned(),
        format!("META: loading from {disk}2"),
        format!("META: saving to {disk}2"),
        format!("installation of {version} complete"),
    ]);
    (lines, None)
}
