//! From a spec to a running QEMU, in stages; each unwinds what it made when a later one fails.
//!
//! ```text
//! plan (what) ─▶ prepared (lock, disk, firmware store) ─▶ spawned (recorded first) ─▶ greeted
//! ```

use super::files::Files;
use super::offer::least_disk_gib;
use crate::Engine;
use crate::error::EngineError;
use crate::jobs::JobHandle;
use crete_failpoint::step;
use crete_model::{
    Arch, BlockerCode, BootMedium, ErrorCode, FirmwareInfo, HostReport, ImageSpec, MachineId,
    MachineSpec, Params, Problem, Remedy, Sizes, StageCode, params,
};
use crete_qemu::args::{FirmwarePlan, NicPlan, Plan};
use crete_qemu::disk::{self, QemuImg};
use crete_qemu::lock::{RunLock, holders};
use crete_qemu::{process, qmp, scope};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A QEMU whose connection broke while it came up is ending: this is how long it may take.
const ENDING: Duration = Duration::from_secs(2);

/// What stands before a machine can be spawned. The lock is held from here on.
#[derive(Debug)]
pub(super) struct Prepared {
    plan: Plan,
    lock: RunLock,
}

impl Engine {
    /// Files of a machine, with this engine's own runtime folder.
    pub(super) fn files(&self, id: MachineId) -> Files {
        Files::new(&self.roots.machine(id), self.roots.machine_runtime(id))
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
        let files = self.files(spec.id);
        let iso = match (&image.file, image.medium) {
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
                vars: files.vars,
            },
            disk: files.disk,
            iso,
            nic: NicPlan {
                mac: spec.mac.clone(),
                mtu: self.network_of(spec).map_err(EngineError::problem)?.mtu,
            },
            sockets: files.sockets,
            tty_s0_log: files.log,
            kernel_args: spec.kernel_args.clone(),
        })
    }

    /// Makes what the plan needs and is not there yet. Each file appears whole or not at all.
    pub(super) async fn prepare(
        &self,
        spec: &MachineSpec,
        report: &HostReport,
        job: &JobHandle,
    ) -> Result<Prepared, Problem> {
        job.enter(StageCode::Prepare);
        let plan = self.launch_plan(spec, report)?;
        self.check_budget(Sizes {
            vcpus: spec.vcpus,
            memory_mib: spec.memory_mib,
            disk_gib: spec.disk_gib,
        })?;
        let files = self.files(spec.id);
        let runtime = || crate::paths::private_folder(&files.runtime);
        step!("machine.runtime", runtime()).map_err(EngineError::problem)?;
        let qemu_img = report.qemu_img.as_ref().map(PathBuf::from).ok_or_else(|| {
            Problem::new(ErrorCode::QemuMissing, params! { "arch" => spec.arch })
                .with_detail("qemu-img")
                .with_remedy(Remedy::OpenHostCheck)
        })?;
        let lock = self.lock_disk(&files).await?;
        disk::remove_half_made(&files.folder);
        let img = QemuImg {
            program: &qemu_img,
            lock: &lock,
        };
        let firmware = report.firmware.iter().find(|found| found.arch == spec.arch);
        let making = async {
            self.make_files(spec, firmware, &files, img, job).await?;
            let network = self.network_of(spec).map_err(EngineError::problem)?.name;
            job.wait_for(Some((
                BlockerCode::NetworkUp,
                params! { "name" => network },
            )));
            let attached = self.attach(spec).await;
            job.wait_for(None);
            attached.map_err(EngineError::problem)
        };
        tokio::select! {
            made = making => made?,
            () = job.cancel.cancelled() => {
                return Err(Problem::new(ErrorCode::Cancelled, Params::new()));
            }
        }
        Ok(Prepared { plan, lock })
    }

    /// Nobody else uses the disk from here on.
    pub(super) async fn lock_disk(&self, files: &Files) -> Result<RunLock, Problem> {
        let taken = RunLock::take_within(&files.lock, self.patience.lock).await;
        taken
            .map_err(|error| file_problem(&files.lock, &error))?
            .ok_or_else(|| in_use(&files.lock))
    }

    async fn make_files(
        &self,
        spec: &MachineSpec,
        firmware: Option<&FirmwareInfo>,
        files: &Files,
        img: QemuImg<'_>,
        job: &JobHandle,
    ) -> Result<(), Problem> {
        let image = self.image(spec.image).map_err(EngineError::problem)?.spec;
        // Before every start: what somebody touched since is read again first.
        let (base, format) = self.trusted_file(image.id, job).await?;
        if !files.disk.exists() {
            // When the machine was made its image may not have been there to be measured.
            let least = least_disk_gib(&image);
            let gib = spec.disk_gib.max(least);
            if gib > spec.disk_gib {
                job.log(format!("{} GiB of disk are too few: {gib}", spec.disk_gib));
            }
            let size = u64::from(gib) << 30;
            let made = match image.medium {
                BootMedium::Iso => disk::create_blank(img, &files.disk, size).await,
                BootMedium::DiskImage => {
                    disk::create_overlay(img, &base, format.qemu(), &files.disk, size).await
                }
            };
            made.map_err(|error| file_problem(&files.disk, &error))?;
            job.log(format!("made {}", files.disk.display()));
        }
        if let (Some(firmware), false) = (firmware, files.vars.exists()) {
            let template = Path::new(&firmware.vars_template);
            disk::create_vars(img, template, &firmware.format, &files.vars)
                .await
                .map_err(|error| file_problem(&files.vars, &error))?;
            job.log(format!("made {}", files.vars.display()));
        }
        Ok(())
    }

    /// Starts QEMU. It is recorded before it runs, so that there is never one nobody can find.
    pub(super) async fn spawn(
        &self,
        spec: &MachineSpec,
        prepared: Prepared,
        job: &JobHandle,
    ) -> Result<Up, Problem> {
        job.enter(StageCode::Spawn);
        let Prepared { plan, lock } = prepared;
        let files = self.files(spec.id);
        // The lock is ours: whatever listened on these has ended.
        files.remove_sockets();
        let log_start = std::fs::metadata(&files.log).map_or(0, |meta| meta.len());
        let arguments = crete_qemu::args::arguments(&plan);
        job.log(crete_qemu::args::shell_display(&plan));
        let launch = process::Launch {
            program: &plan.qemu,
            args: &arguments,
            words: &files.words,
            lock: &lock,
        };
        let held = process::hold(launch).await.map_err(|e| spawn_problem(&e))?;
        let record = process::Record {
            schema_version: 1,
            owner: spec.id.0,
            pid: held.pid(),
            start_ticks: held.identity().start_ticks,
            boot_id: held.identity().boot_id.clone(),
            executable: held.identity().executable.clone(),
            started_at: self.clock.text(),
            run: process::MachineRun {
                accelerator: plan.accelerator,
                log_start,
            },
        };
        record
            .write(&files.record)
            .map_err(|error| file_problem(&files.record, &error))?;
        if let Some(bus) = &self.systemd_bus {
            self.enter_scope(bus, spec, held.pid(), job).await;
        }
        let running = match held.release().await {
            Ok(running) => running,
            Err(error) => {
                files.remove_record();
                return Err(spawn_problem(&error));
            }
        };
        if let Err(error) = lock.note(Some(&files.runtime)) {
            // Only a hint for a day on which the record is lost.
            tracing::warn!(%error, machine = %spec.id, "where it runs is not noted");
        }
        Ok(Up {
            running,
            record,
            qmp: None,
            files,
        })
    }

    /// Asks for a scope of its own, so that the machine outlives whatever group of processes this
    /// program belongs to. Its own session serves where there is none.
    async fn enter_scope(&self, bus: &str, spec: &MachineSpec, pid: i32, job: &JobHandle) {
        let unit = format!("crete-machine-{}-{pid}.scope", spec.id);
        let description = format!("Crete machine {}", spec.name);
        let entered = scope::enter(bus, &unit, &description, pid.unsigned_abs()).await;
        job.log(match entered {
            Ok(()) => unit,
            Err(error) => format!("no scope of its own: {error}"),
        });
    }

    /// Waits until QEMU answers as this machine.
    pub(super) async fn greet(
        &self,
        spec: &MachineSpec,
        up: &mut Up,
        job: &JobHandle,
    ) -> Result<(), Problem> {
        let within = self.patience.greeting;
        let silent = |error: qmp::QmpError| silent(&error, within);
        job.enter(StageCode::Run);
        job.wait_for(Some((BlockerCode::QemuGreeting, Params::new())));
        let connected = tokio::select! {
            connected = qmp::Client::connect(&up.files.sockets.qmp, within) => connected,
            exit = up.running.wait() => return Err(died(&exit, &up.files.words)),
            () = job.cancel.cancelled() => {
                return Err(Problem::new(ErrorCode::Cancelled, Params::new()));
            }
        };
        let client = match connected {
            Ok(client) => client,
            // QEMU listens before it knows whether it can go on. Its own words say more than that
            // the connection broke.
            Err(error) => {
                let ended = tokio::time::timeout(ENDING, up.running.wait()).await;
                return Err(match (ended, error) {
                    (Ok(exit), qmp::QmpError::Broken(_)) => died(&exit, &up.files.words),
                    (_, error) => silent(error),
                });
            }
        };
        let uuid = client.query_uuid().await.map_err(silent)?;
        if uuid != spec.id.0 {
            return Err(Problem::new(ErrorCode::Internal, Params::new())
                .with_detail(format!("QMP answers as {uuid}, not as {}", spec.id))
                .with_remedy(Remedy::Report));
        }
        if !client.is_running().await.map_err(silent)? {
            job.log("QEMU answers, but its processors stand still");
        }
        up.qmp = Some(client);
        up.refresh_record();
        job.wait_for(None);
        Ok(())
    }
}

/// A QEMU that is up, or coming up.
#[derive(Debug)]
pub(super) struct Up {
    pub running: process::Running,
    pub record: process::Record,
    /// Absent until the greeting, and for a process that does not talk.
    pub qmp: Option<qmp::Client>,
    /// Where this run listens and is recorded.
    pub files: Files,
}

impl Up {
    /// Ends a QEMU that never became a machine.
    pub async fn end(&mut self) {
        if let Err(error) = self.running.signal(process::Signal::Kill) {
            tracing::warn!(%error, "QEMU could not be ended");
            return;
        }
        self.running.wait().await;
    }

    /// What was started may be a script that became QEMU only in the end: from now on its record
    /// names the program that runs.
    fn refresh_record(&mut self) {
        let Some(executable) = self.running.executable() else {
            return;
        };
        if executable == self.record.executable {
            return;
        }
        self.record.executable = executable;
        if let Err(error) = self.record.write(&self.files.record) {
            tracing::warn!(%error, "the process record is not brought up to date");
        }
    }
}

/// The most of QEMU's own words that is read: their end.
const WORDS: u64 = 64 << 10;

/// QEMU's last words: the end of the file it writes them to.
pub(super) fn last_words(words: &Path) -> String {
    let text = read_end(words).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text
        .lines()
        .rev()
        .filter(|line| !line.trim().is_empty())
        .take(8)
        .collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("\n")
}

fn read_end(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(WORDS)))?;
    let mut text = Vec::new();
    file.take(WORDS).read_to_end(&mut text)?;
    Ok(text)
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

fn silent(error: &qmp::QmpError, within: Duration) -> Problem {
    Problem::new(
        ErrorCode::QemuSilent,
        params! { "seconds" => within.as_secs() },
    )
    .with_detail(error.to_string())
    .with_remedy(Remedy::Retry)
}

fn file_problem(path: &Path, error: &dyn std::error::Error) -> Problem {
    Problem::new(ErrorCode::File, params! { "path" => path.display() })
        .with_detail(error.to_string())
        .with_remedy(Remedy::Retry)
}

/// Somebody else has the disk: most likely a QEMU of an earlier run that does not talk.
fn in_use(lock: &Path) -> Problem {
    let pids: Vec<String> = holders(lock).iter().map(i32::to_string).collect();
    Problem::new(ErrorCode::Locked, params! { "path" => lock.display() })
        .with_detail(format!("held by process {}", pids.join(", ")))
        .with_remedy(Remedy::EndProgram {
            name: "QEMU".to_owned(),
        })
        .with_remedy(Remedy::Retry)
}

/// What a machine adds to the kernel command line through SMBIOS: the Talos dashboard on the
/// second serial port, from the version on that knows how to draw it there.
pub(super) fn kernel_args(image: &ImageSpec) -> Vec<String> {
    let knows = image
        .version
        .as_ref()
        .is_some_and(|version| version.at_least(1, 12));
    if image.arch == Some(Arch::Amd64) && knows {
        vec!["talos.dashboard.console=ttyS1".to_owned()]
    } else {
        Vec::new()
    }
}
