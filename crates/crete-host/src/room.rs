//! Memory and disk space: what is free against what a first machine wants.

use crate::check::{Finding, evidence};
use crate::world::World;
use crete_model::{CauseCode, CheckCode, CheckState, Evidence, Params, Remedy, params};
use std::path::Path;

/// A machine of 2 GiB and the desktop beside it.
const MEMORY_WANTED: u64 = 3 << 30;
/// Below this not even one small machine runs.
const MEMORY_NEEDED: u64 = 1 << 30;
/// An image, its unpacked form and one machine's disk.
const DISK_WANTED: u64 = 12 << 30;
/// Below this not even an image fits.
const DISK_NEEDED: u64 = 3 << 30;

/// Memory, as much of it as this login may use.
pub(crate) fn memory(world: &dyn World) -> Finding {
    let code = CheckCode::Memory;
    let text = world.read(Path::new("/proc/meminfo")).unwrap_or_default();
    let (Some(total), Some(free)) = (field(&text, "MemTotal:"), field(&text, "MemAvailable:"))
    else {
        return cannot_tell(
            code,
            evidence("/proc/meminfo", "no MemTotal or MemAvailable"),
        );
    };
    let mut seen = vec![evidence(
        "/proc/meminfo",
        &format!("MemTotal {total}, MemAvailable {free}"),
    )];
    let (mut total, mut free) = (total, free);
    if let Some(group) = cgroup_limit(world).filter(|group| group.limit < total) {
        let Limit { limit, left, path } = group;
        seen.push(evidence(path, &format!("limit {limit}, {left} left")));
        (total, free) = (limit, free.min(left));
    }
    let mut finding = amount(
        code,
        free,
        MEMORY_WANTED,
        MEMORY_NEEDED,
        Remedy::UseLessMemory,
    );
    finding
        .check
        .params
        .insert("total".to_owned(), total.to_string());
    finding.because(seen)
}

/// `MemTotal:       32767 kB`, in bytes.
fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    kib.checked_mul(1024)
}

/// What a control group may hold of this computer's memory.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Limit {
    /// Bytes.
    pub limit: u64,
    /// Bytes of it that nobody holds.
    pub left: u64,
    /// The file that says so.
    pub path: String,
}

/// The narrowest limit on the way from this process' control group to the root.
pub(crate) fn cgroup_limit(world: &dyn World) -> Option<Limit> {
    let own = world.read(Path::new("/proc/self/cgroup"))?;
    let path = own.lines().find_map(|line| line.strip_prefix("0::"))?;
    let number = |file: &Path| world.read(file)?.trim().parse::<u64>().ok();
    let groups = Path::new("/sys/fs/cgroup");
    groups
        .join(path.trim_start_matches('/'))
        .ancestors()
        .take_while(|folder| folder.starts_with(groups))
        .filter_map(|folder| {
            let limit = number(&folder.join("memory.max"))?;
            let held = number(&folder.join("memory.current")).unwrap_or(0);
            // Cached files are given back on demand, so they are not in the way.
            let stat = world.read(&folder.join("memory.stat")).unwrap_or_default();
            let cached = stat.lines().find_map(|line| line.strip_prefix("file "));
            let cached = cached.and_then(|bytes| bytes.parse().ok()).unwrap_or(0);
            let left = limit.saturating_sub(held.saturating_sub(cached));
            let path = folder.join("memory.max").display().to_string();
            Some(Limit { limit, left, path })
        })
        .min()
}

/// Space where images and machines are kept.
pub(crate) fn disk(world: &dyn World, data_dir: &Path) -> Finding {
    let path = data_dir.display().to_string();
    let Some(free) = world.disk_free(data_dir) else {
        return cannot_tell(CheckCode::Disk, evidence(path, "no answer"));
    };
    let remedy = Remedy::FreeSpace { path: path.clone() };
    let mut finding = amount(CheckCode::Disk, free, DISK_WANTED, DISK_NEEDED, remedy);
    finding.check.params.insert("path".to_owned(), path.clone());
    finding.because(vec![evidence(path, &format!("{free} bytes free"))])
}

fn cannot_tell(code: CheckCode, seen: Evidence) -> Finding {
    Finding::new(
        code,
        CheckState::Limited,
        CauseCode::CannotTell,
        Params::new(),
    )
    .because(vec![seen])
    .mended_by(vec![Remedy::Retry, Remedy::Report])
}

fn amount(code: CheckCode, free: u64, wanted: u64, needed: u64, remedy: Remedy) -> Finding {
    let params = params! { "free" => free, "needed" => wanted };
    if free >= wanted {
        return Finding::new(code, CheckState::Ok, CauseCode::Fine, params);
    }
    let state = if free >= needed {
        CheckState::Limited
    } else {
        CheckState::Failed
    };
    Finding::new(code, state, CauseCode::Short, params).mended_by(vec![remedy])
}
