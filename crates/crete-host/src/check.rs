//! All checks, each with a deadline of its own, and the verdict over them.
//!
//! ```text
//! look (one thread a check) ──▶ findings ──▶ install remedy over all of them ──▶ report
//!        └─(deadline)─▶ cut off: says so, the others go on
//! ```

use crate::distribution::{Distribution, Need, Part};
use crate::world::World;
use crate::{cpu, firmware, fixes, kvm, qemu, room, surroundings};
use crete_model::{
    Accelerator, Arch, CauseCode, Check, CheckCode, CheckState, Evidence, FirmwareInfo, HostReport,
    Params, QemuInfo, Remedy, Verdict, params,
};
use std::collections::HashMap;
use std::future::Future;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// How long things may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// A program that takes longer to answer is ended.
    pub program: Duration,
    /// A check that takes longer is cut off.
    pub check: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            program: Duration::from_secs(5),
            // Two programs of the same name that both hang, and their burial.
            check: Duration::from_secs(15),
        }
    }
}

/// One check with what the remedies over all checks need to know.
#[derive(Debug)]
pub(crate) struct Finding {
    pub check: Check,
    /// Packages that would mend it.
    pub needs: Vec<(Part, Need)>,
}

impl Finding {
    /// A check that is not good.
    pub fn new(code: CheckCode, state: CheckState, cause: CauseCode, params: Params) -> Self {
        Self {
            check: Check {
                code,
                state,
                cause,
                params,
                evidence: Vec::new(),
                remedies: Vec::new(),
            },
            needs: Vec::new(),
        }
    }

    pub fn because(mut self, evidence: Vec<Evidence>) -> Self {
        self.check.evidence = evidence;
        self
    }

    pub fn mended_by(mut self, remedies: Vec<Remedy>) -> Self {
        self.check.remedies = remedies;
        self
    }

    pub fn needing(mut self, part: Part, need: Need) -> Self {
        self.needs.push((part, need));
        self
    }
}

impl Finding {
    /// Puts the installation, the same one for all that need it, before other remedies.
    fn offer_install(&mut self, install: &[Remedy]) {
        let Some((part, _)) = self.needs.first() else {
            return;
        };
        let by_hand = [Remedy::InstallYourself {
            name: part.plain_name().to_owned(),
        }];
        let install = if install.is_empty() {
            &by_hand
        } else {
            install
        };
        self.check.remedies.splice(0..0, install.iter().cloned());
    }
}

/// A check that is good.
pub(crate) fn fine(code: CheckCode, params: Params, evidence: Vec<Evidence>) -> Finding {
    Finding::new(code, CheckState::Ok, CauseCode::Fine, params).because(evidence)
}

pub(crate) fn evidence(what: impl ToString, found: &str) -> Evidence {
    Evidence {
        what: what.to_string(),
        found: found.to_owned(),
    }
}

/// The checks of one computer. They remember which of them hang.
#[derive(Debug)]
pub struct Checks {
    world: Arc<dyn World>,
    limits: Limits,
    /// By name: true while a look is under way, cut off or not.
    under_way: Mutex<HashMap<&'static str, Arc<AtomicBool>>>,
}

impl Checks {
    /// Checks of `world`.
    #[must_use]
    pub fn new(world: Arc<dyn World>, limits: Limits) -> Self {
        Self {
            world,
            limits,
            under_way: Mutex::default(),
        }
    }

    /// Finds out what this computer can do. `now` is RFC 3339.
    ///
    /// Never fails and always ends: what cannot be found out is a check that says so.
    pub async fn run(&self, data_dir: &Path, now: &str) -> HostReport {
        let arch = self.world.arch();
        let other = match arch {
            Arch::Amd64 => Arch::Arm64,
            Arch::Arm64 => Arch::Amd64,
        };
        let limit = self.limits.program;
        let data_dir = data_dir.to_owned();
        let (cpu, kvm, qemu, foreign, img, firmwares, memory, disk, place) = tokio::join!(
            self.apart("cpu", |world| async move { cpu::check(&*world) }),
            self.apart("kvm", move |world| async move {
                kvm::check(&*world, limit).await
            }),
            self.apart("qemu", move |world| async move {
                qemu::check(&*world, arch, limit).await
            }),
            self.apart("foreign", move |world| async move {
                qemu::check(&*world, other, limit).await.1
            }),
            self.apart("img", move |world| async move {
                qemu::check_img(&*world, limit).await
            }),
            self.apart("firmware", move |world| async move {
                (firmware::check(&*world), firmware::find(&*world, other))
            }),
            self.apart("memory", |world| async move { room::memory(&*world) }),
            self.apart("disk", move |world| async move {
                room::disk(&*world, &data_dir)
            }),
            self.apart("place", |world| async move { surroundings::check(&*world) }),
        );
        let (qemu, own) = qemu.unwrap_or_else(|| (self.cut_off(CheckCode::Qemu), None));
        let (img, qemu_img) = img.unwrap_or_else(|| (self.cut_off(CheckCode::QemuImg), None));
        let ((firmware, own_firmware), other_firmware) =
            firmwares.unwrap_or_else(|| ((self.cut_off(CheckCode::Firmware), None), None));
        let cut = |code| move || self.cut_off(code);
        let findings = vec![
            cpu.unwrap_or_else(cut(CheckCode::CpuLevel)),
            kvm.unwrap_or_else(cut(CheckCode::Kvm)),
            qemu,
            img,
            firmware,
            memory.unwrap_or_else(cut(CheckCode::Memory)),
            disk.unwrap_or_else(cut(CheckCode::Disk)),
            place.unwrap_or_else(cut(CheckCode::Environment)),
        ];
        let found = (own, foreign.flatten(), qemu_img);
        let firmwares = own_firmware.into_iter().chain(other_firmware).collect();
        self.report(findings, found, firmwares, now).await
    }

    /// Puts the findings together. The looks it takes itself are those that all checks took too.
    async fn report(
        &self,
        mut findings: Vec<Finding>,
        (own, foreign, qemu_img): (Option<QemuInfo>, Option<QemuInfo>, Option<String>),
        firmware: Vec<FirmwareInfo>,
        now: &str,
    ) -> HostReport {
        let arch = self.world.arch();
        let needs: Vec<_> = findings
            .iter()
            .flat_map(|finding| finding.needs.clone())
            .collect();
        let (install, pkexec) = self
            .apart("remedies", move |world| async move {
                let distribution = Distribution::read(&*world);
                let install = fixes::install(&*world, &distribution, arch, &needs);
                let restart = distribution
                    .needs_restart()
                    .then_some(Remedy::RestartComputer);
                let remedies: Vec<Remedy> = install.into_iter().chain(restart).collect();
                (remedies, world.find("pkexec").into_iter().next())
            })
            .await
            .unwrap_or_default();
        for finding in &mut findings {
            finding.offer_install(&install);
        }
        let mut checks: Vec<Check> = findings.into_iter().map(|finding| finding.check).collect();
        checks.sort_by_key(|check| check.code);
        let accelerator = accelerator(&checks, own.as_ref());
        if accelerator == Accelerator::Tcg {
            no_way_out(&mut checks, own.as_ref());
        }
        HostReport {
            verdict: verdict(&checks, accelerator),
            accelerator,
            arch,
            checks,
            qemu: own.into_iter().chain(foreign).collect(),
            qemu_img,
            firmware,
            pkexec: pkexec.map(|path| path.display().to_string()),
            checked_at: now.to_owned(),
        }
    }

    /// Looks on a thread of its own, and not for longer than the limit.
    ///
    /// A look may hang in the kernel, where nothing can end it: its thread is then left behind, and
    /// this look is not begun again before the thread is done. A runtime's own blocking threads
    /// would not do, because the runtime waits for them when it ends.
    async fn apart<T, F, L>(&self, name: &'static str, look: L) -> Option<T>
    where
        T: Send + 'static,
        F: Future<Output = T>,
        L: FnOnce(Arc<dyn World>) -> F + Send + 'static,
    {
        let busy = self.mark(name)?;
        let (tell, told) = oneshot::channel();
        let (world, runtime) = (self.world.clone(), Handle::current());
        let spawned = std::thread::Builder::new()
            .name(format!("check {name}"))
            .spawn(move || {
                let found = runtime.block_on(look(world));
                drop(busy);
                // Nobody waits any more where it was cut off.
                let _ = tell.send(found);
            });
        spawned.ok()?;
        timeout(self.limits.check, told).await.ok()?.ok()
    }

    /// Marks a look as under way; nothing when it already is.
    fn mark(&self, name: &'static str) -> Option<Busy> {
        let mut all = self
            .under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let busy = all.entry(name).or_default();
        (!busy.swap(true, Ordering::AcqRel)).then(|| Busy(busy.clone()))
    }

    fn cut_off(&self, code: CheckCode) -> Finding {
        let seconds = self.limits.check.as_secs();
        let state = match code {
            CheckCode::Qemu | CheckCode::QemuImg | CheckCode::Firmware => CheckState::Failed,
            _ => CheckState::Limited,
        };
        Finding::new(
            code,
            state,
            CauseCode::CutOff,
            params! { "seconds" => seconds },
        )
        .because(vec![evidence("deadline", &format!("{seconds} s"))])
        .mended_by(vec![Remedy::Retry])
    }
}

/// A look that is under way, until this is dropped.
struct Busy(Arc<AtomicBool>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// KVM where it works, QEMU speaks it, and the processor is one that Talos accepts: a machine
/// under KVM has this computer's processor, an emulated one has QEMU's.
fn accelerator(checks: &[Check], qemu: Option<&QemuInfo>) -> Accelerator {
    let good = |code| {
        checks
            .iter()
            .any(|check| check.code == code && check.state == CheckState::Ok)
    };
    let too_old = checks
        .iter()
        .any(|check| check.cause == CauseCode::CpuTooOld);
    let speaks = qemu.is_some_and(|qemu| qemu.accelerators.contains(&Accelerator::Kvm));
    if good(CheckCode::Kvm) && speaks && !too_old {
        Accelerator::Kvm
    } else {
        Accelerator::Tcg
    }
}

/// Where QEMU cannot emulate, as RHEL's, a limit of KVM or of the processor is the end.
fn no_way_out(checks: &mut [Check], qemu: Option<&QemuInfo>) {
    let emulates = qemu.is_none_or(|qemu| {
        qemu.accelerators.is_empty() || qemu.accelerators.contains(&Accelerator::Tcg)
    });
    if emulates {
        return;
    }
    for check in checks {
        let bears = matches!(check.code, CheckCode::Kvm | CheckCode::CpuLevel);
        if bears && check.state == CheckState::Limited {
            check.state = CheckState::Failed;
            check
                .remedies
                .retain(|remedy| *remedy != Remedy::GoOnEmulated);
            check.remedies.push(Remedy::InstallYourself {
                name: "QEMU with emulation (tcg)".to_owned(),
            });
        }
    }
}

fn verdict(checks: &[Check], accelerator: Accelerator) -> Verdict {
    if checks.iter().any(|check| check.state == CheckState::Failed) {
        return Verdict::Blocked;
    }
    match accelerator {
        Accelerator::Kvm => Verdict::Ready,
        Accelerator::Tcg => Verdict::Slow,
    }
}
