//! The file systems nothing works without.

use crate::error::{GuestError, Result};
use rustix::mount::{MountFlags, mount};

/// What is mounted, by type and place.
const EARLY: [(&str, &str); 4] = [
    ("devtmpfs", "/dev"),
    ("proc", "/proc"),
    ("sysfs", "/sys"),
    ("tmpfs", "/run"),
];

/// Mounts them, making the folders where they are missing.
///
/// # Errors
/// When one cannot be mounted.
pub fn mount_early() -> Result<()> {
    for (kind, target) in EARLY {
        let failed = |source| GuestError::Mount { target, source };
        std::fs::create_dir_all(target).map_err(failed)?;
        let flags = MountFlags::NOSUID;
        match mount(kind, target, kind, flags, None) {
            // The kernel may have mounted /dev by itself.
            Ok(()) | Err(rustix::io::Errno::BUSY) => {}
            Err(error) => return Err(failed(error.into())),
        }
    }
    Ok(())
}
