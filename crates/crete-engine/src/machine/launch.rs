//! From a spec to a running QEMU, in stages; each unwinds what it made when a later one fails.
//!
//! ```text
//! plan (what) ─▶ prepared (disk, firmware store, folder for sockets) ─▶ spawned ─▶ running
//! ```

use crate::Engine;
use crate::error::EngineError;
use crate::jobs::JobHandle;
use crete_model::{
    Arch, BlockerCode, BootMedium, ErrorCode, HostReport, ImageSpec, MachineId, MachineSpec,
    Params, Problem, Remedy, StageCode, params,
};
use crete_qemu::args::{FirmwarePlan, NicPlan, Plan, Sockets};
use crete_qemu::{disk, process, qmp};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long QEMU may take to greet. Emulation on a busy computer is slow to come up.
const GREETS_WITHIN: Duration = Duration::from_secs(30);

/// The console's kept text in a machine's folder.
pub(crate) fn console_log(folder: &Path) -> PathBuf {
    folder.join("console.log")
}

/// Files and sockets of one machine.
#[derive(Debug, Clone)]
pub(super) struct Places {
    pub disk: PathBuf,
    pub vars: PathBuf,
    pub log: PathBuf,
    /// What QEMU itself says.
    pub words: PathBuf,
    pub runtime: PathBuf,
    pub record: PathBuf,
    pub sockets: Sockets,
}

impl Engine {
    pub(super) fn places(&self, id: MachineId) -> Places {
        let folder = self.roots.machine(id);
        let runtime = self.roots.machine_runtime(id);
        Places {
            disk: folder.join("disk.qcow2"),
            vars: folder.join("firmware-vars.qcow2"),
            log: console_log(&folder),
            words: folder.join("qemu.log"),
            record: runtime.join("process.json"),
            sockets: Sockets {
                qmp: runtime.join("qmp.sock"),
                tty_s0: runtime.join("tty0.sock"),
                tty_s1: Some(runtime.join("tty1.sock")),
                agent: runtime.join("agent.sock"),
            },
            runtime,
        }
    }

    /// Resolves a spec against this computer. Does nothing yet.
    pub(super) fn launch_plan(
        &self,
        spec: &MachineSpec,
        report: &HostReport,
    ) -> Result<Plan, Problem> {
        let qemu = report
            .qemu
            .iter()
            .find(|qemu| qemu.arch == spec.arch)
            .ok_or_else(|| {
                Problem::new(ErrorCode::QemuMissing, params! { "arch" => spec.arch })
                    .with_remedy(Remedy::OpenHostCheck)
            })?;
        let firmware = report
            .firmware
            .iter()
            .find(|f| f.arch == spec.arch)
            .ok_or_else(|| {
                Problem::new(ErrorCode::FirmwareMissing, params! { "arch" => spec.arch })
                    .with_remedy(Remedy::OpenHostCheck)
            })?;
        let image = self.image(spec.image).map_err(EngineError::problem)?.spec;
        let places = self.places(spec.id);
        let iso = match (&image.file, image.choice.medium) {
            (Some(file), BootMedium::Iso) => Some(self.roots.image(image.id).join(&file.name)),
            _ => None,
        };
        Ok(Plan {
            qemu: PathBuf::from(&qemu.path),
            arch: spec.arch,
            accelerator: report.accelerator,
            name: spec.name.clone(),
            uuid: spec.id.0,
            vcpus: spec.vcpus,
            memory_mib: spec.memory_mib,
            firmware: FirmwarePlan {
                code: PathBuf::from(&firmware.code),
                code_format: firmware.format.clone(),
                vars: places.vars,
            },
            disk: places.disk,
            iso,
            nic: NicPlan::User {
                mac: spec.mac.clone(),
                forwards: Vec::new(),
            },
            sockets: places.sockets,
            tty_s0_log: places.log,
            kernel_args: spec.kernel_args.clone(),
        })
    }

    /// Makes what the plan needs and is not there yet. Each file appears whole or not at all.
    pub(super) async fn prepare(
        &self,
        spec: &MachineSpec,
        report: &HostReport,
        job: &JobHandle,
    ) -> Result<Plan, Problem> {
        job.enter(StageCode::Prepare);
        let plan = self.launch_plan(spec, report)?;
        self.check_memory(spec)?;
        let places = self.places(spec.id);
        crate::paths::private_folder(&places.runtime).map_err(EngineError::problem)?;
        let qemu_img = report.qemu_img.as_ref().map(PathBuf::from).ok_or_else(|| {
            Problem::new(ErrorCode::QemuMissing, params! { "arch" => spec.arch })
                .with_detail("qemu-img")
                .with_remedy(Remedy::OpenHostCheck)
        })?;
        let image = self.image(spec.image).map_err(EngineError::problem)?.spec;
        let Some(file) = &image.file else {
            return Err(Problem::new(ErrorCode::ImageNotReady, Params::new())
                .with_remedy(Remedy::DownloadAgain));
        };
        if !places.disk.exists() {
            let size = u64::from(spec.disk_gib) << 30;
            let made = match image.choice.medium {
                BootMedium::Iso => disk::create_blank(&qemu_img, &places.disk, size).await,
                BootMedium::DiskImage => {
                    let base = self.roots.image(image.id).join(&file.name);
                    disk::create_overlay(&qemu_img, &base, "raw", &places.disk, size).await
                }
            };
            made.map_err(|error| disk_problem(&places.disk, &error))?;
            job.log(format!("made {}", places.disk.display()));
        }
        if !places.vars.exists() {
            let template = report
                .firmware
                .iter()
                .find(|firmware| firmware.arch == spec.arch)
                .map(|firmware| {
                    (
                        PathBuf::from(&firmware.vars_template),
                        firmware.format.clone(),
                    )
                });
            if let Some((template, format)) = template {
                disk::create_vars(&qemu_img, &template, &format, &places.vars)
                    .await
                    .map_err(|error| disk_problem(&places.vars, &error))?;
                job.log(format!("made {}", places.vars.display()));
            }
        }
        Ok(plan)
    }

    /// Refuses a machine that would not leave the rest of this computer room to work.
    fn check_memory(&self, spec: &MachineSpec) -> Result<(), Problem> {
        let Some(usage) = self.usage.get("usage") else {
            return Ok(());
        };
        let needed = u64::from(spec.memory_mib) << 20;
        let free = usage.memory_total.saturating_sub(usage.memory_used);
        if needed <= free {
            return Ok(());
        }
        Err(Problem::new(
            ErrorCode::MemoryShort,
            params! { "needed" => needed, "free" => free },
        )
        .with_remedy(Remedy::UseLessMemory))
    }

    /// Starts QEMU and waits until it answers as this machine.
    pub(super) async fn spawn(
        &self,
        spec: &MachineSpec,
        plan: &Plan,
        job: &JobHandle,
    ) -> Result<Up, Problem> {
        job.enter(StageCode::Spawn);
        let places = self.places(spec.id);
        remove_sockets(&places);
        let log_start = std::fs::metadata(&places.log).map_or(0, |meta| meta.len());
        let arguments = crete_qemu::args::arguments(plan);
        job.log(crete_qemu::args::shell_display(plan));
        let running = process::spawn(&plan.qemu, &arguments, &places.words)
            .map_err(|error| spawn_problem(&error))?;
        let record = process::Record {
            schema_version: 1,
            machine: spec.id.0,
            pid: running.pid(),
            start_ticks: running.identity().start_ticks,
            boot_id: running.identity().boot_id.clone(),
            executable: running.identity().executable.clone(),
            accelerator: plan.accelerator,
            started_at: self.clock.text(),
            log_start,
        };
        let mut up = Up {
            running,
            record,
            qmp: None,
            words: places.words.clone(),
        };
        // From here on a failure must not leave a QEMU behind.
        match self.greet(spec, &places, job, &mut up).await {
            Ok(()) => Ok(up),
            Err(problem) => {
                up.end().await;
                remove_sockets(&places);
                // The record goes last: as long as the process may live, it can be found.
                let _ = std::fs::remove_file(&places.record);
                Err(problem)
            }
        }
    }

    async fn greet(
        &self,
        spec: &MachineSpec,
        places: &Places,
        job: &JobHandle,
        up: &mut Up,
    ) -> Result<(), Problem> {
        up.record.write(&places.record).map_err(|error| {
            Problem::new(
                ErrorCode::File,
                params! { "path" => places.record.display() },
            )
            .with_detail(error.to_string())
            .with_remedy(Remedy::Retry)
        })?;
        job.enter(StageCode::Run);
        job.wait_for(Some((BlockerCode::QemuGreeting, Params::new())));
        let client = tokio::select! {
            client = qmp::Client::connect(&places.sockets.qmp, GREETS_WITHIN) => client,
            exit = up.running.wait() => {
                return Err(died(&exit, &up.words));
            }
            () = job.cancel.cancelled() => {
                return Err(Problem::new(ErrorCode::Cancelled, Params::new()));
            }
        };
        let client = client.map_err(|error| {
            Problem::new(
                ErrorCode::QemuSilent,
                params! { "seconds" => GREETS_WITHIN.as_secs() },
            )
            .with_detail(error.to_string())
            .with_remedy(Remedy::Retry)
        })?;
        let uuid = client.query_uuid().await.map_err(|error| silent(&error))?;
        if uuid != spec.id.0 {
            return Err(Problem::new(ErrorCode::Internal, Params::new())
                .with_detail(format!("QMP answers as {uuid}, not as {}", spec.id))
                .with_remedy(Remedy::Report));
        }
        up.qmp = Some(client);
        job.wait_for(None);
        Ok(())
    }
}

/// A QEMU that is up, or coming up.
#[derive(Debug)]
pub(super) struct Up {
    pub running: process::Running,
    pub record: process::Record,
    /// Absent only until the greeting.
    pub qmp: Option<qmp::Client>,
    /// The file with QEMU's own words.
    pub words: PathBuf,
}

impl Up {
    /// Ends a QEMU that never became a machine.
    async fn end(&mut self) {
        if let Err(error) = self.running.signal(process::Signal::Kill) {
            tracing::warn!(%error, "QEMU could not be ended");
            return;
        }
        self.running.wait().await;
    }
}

/// Sockets of an earlier run; QEMU would refuse to listen on them.
pub(super) fn remove_sockets(places: &Places) {
    let sockets = &places.sockets;
    let all = [
        Some(&sockets.qmp),
        Some(&sockets.tty_s0),
        sockets.tty_s1.as_ref(),
        Some(&sockets.agent),
    ];
    for socket in all.into_iter().flatten() {
        // Mostly not there; if it cannot be removed QEMU says so in its own words.
        let _ = std::fs::remove_file(socket);
    }
}

/// QEMU's last words: the end of the file it writes them to.
pub(super) fn last_words(words: &Path) -> String {
    let text = std::fs::read(words).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text
        .lines()
        .rev()
        .filter(|line| !line.trim().is_empty())
        .take(8)
        .collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("\n")
}

fn died(exit: &process::Exit, words: &Path) -> Problem {
    let mut said = last_words(words);
    if said.is_empty() {
        said = format!("exit status {:?}, signal {:?}", exit.status, exit.signal);
    }
    Problem::new(ErrorCode::QemuFailed, Params::new())
        .with_detail(said)
        .with_remedy(Remedy::Retry)
        .with_remedy(Remedy::OpenHostCheck)
}

fn spawn_problem(error: &process::ProcessError) -> Problem {
    Problem::new(ErrorCode::QemuFailed, Params::new())
        .with_detail(error.to_string())
        .with_remedy(Remedy::OpenHostCheck)
}

fn silent(error: &qmp::QmpError) -> Problem {
    Problem::new(
        ErrorCode::QemuSilent,
        params! { "seconds" => GREETS_WITHIN.as_secs() },
    )
    .with_detail(error.to_string())
    .with_remedy(Remedy::Retry)
}

fn disk_problem(path: &Path, error: &disk::DiskError) -> Problem {
    Problem::new(ErrorCode::File, params! { "path" => path.display() })
        .with_detail(error.to_string())
        .with_remedy(Remedy::Retry)
}

/// What a machine adds to the kernel command line through SMBIOS: the Talos dashboard on the
/// second serial port, from the version on that knows how to draw it there.
pub(super) fn kernel_args(image: &ImageSpec) -> Vec<String> {
    if image.choice.arch == Arch::Amd64 && image.choice.version.at_least(1, 12) {
        vec!["talos.dashboard.console=ttyS1".to_owned()]
    } else {
        Vec::new()
    }
}
