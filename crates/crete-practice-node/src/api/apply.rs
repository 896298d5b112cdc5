//! Applying a configuration: what is refused, in the words of the version, and what becomes of one
//! that is accepted.

use super::power::ask;
use crate::Fault;
use crate::boot::Boot;
use crate::diff::unified;
use crate::life::{Asked, Down, DownKind};
use crate::settings::Settings;
use crete_talos::Contract;
use crete_talos::api::wire::machine as wire;
use crete_talos::config::{Configuration, Disk, Machine, Mode as Place, Stage, Verdict};
use crete_talos::yaml::Node;
use std::sync::Arc;
use std::time::Duration;
use tonic::Status;
use wire::apply_configuration_request::Mode;

/// How long a tried configuration stays when nothing else is said.
const TRIED: Duration = Duration::from_secs(60);
const AT_ONCE: &str = "Applied configuration without a reboot";

/// Applies, or says what it would do.
pub(super) fn apply(
    boot: &Arc<Boot>,
    maintenance: bool,
    request: &wire::ApplyConfigurationRequest,
) -> Result<wire::ApplyConfiguration, Status> {
    if boot.machine.faults.has(Fault::ApplyBusy) {
        let text = "another apply configuration is already in progress";
        return Err(Status::failed_precondition(text));
    }
    if boot.machine.faults.has(Fault::ApplyRefused) {
        let text = "configuration validation failed: 1 error occurred: static hostname is already set in v1alpha1 config";
        return Err(Status::invalid_argument(text));
    }
    if boot.state().applied_for_reboot {
        let text = "apply configuration is not allowed, the node is rebooting";
        return Err(Status::failed_precondition(text));
    }
    let old = maintenance && !boot.since_1_13();
    let mode = request.mode();
    if old && matches!(mode, Mode::NoReboot | Mode::Staged) {
        let text = format!(
            "apply configuration --mode='{}' is not supported in maintenance mode",
            name(mode)
        );
        return Err(Status::unimplemented(text));
    }
    if boot.contract >= Contract::V1_14 && !maintenance && mode == Mode::Reboot {
        let text = "the REBOOT mode is not supported, please use AUTO or NO_REBOOT modes instead";
        return Err(Status::unimplemented(text));
    }
    let text = String::from_utf8_lossy(&request.data);
    let configuration = read(boot, &text, old)?;
    let verdict = judge(boot, &configuration);
    if !verdict.is_accepted() {
        return Err(refused(&verdict, old));
    }
    let warnings = verdict.warnings.iter();
    let mut answer = wire::ApplyConfiguration {
        warnings: warnings.map(|one| one.talos_text().to_owned()).collect(),
        ..wire::ApplyConfiguration::default()
    };
    let settings = Arc::new(Settings::of(&configuration, &text));
    match maintenance {
        true => take(boot, &settings, request.dry_run, &mut answer)?,
        false => change(boot, &configuration, settings, request, &mut answer)?,
    }
    if old {
        // The maintenance service of 1.12 says nothing.
        answer.mode = 0;
        answer.mode_details = String::new();
    }
    Ok(answer)
}

fn name(mode: Mode) -> &'static str {
    match mode {
        Mode::Reboot => "reboot",
        Mode::Auto => "auto",
        Mode::NoReboot => "no-reboot",
        Mode::Staged => "staged",
        Mode::Try => "try",
    }
}

fn read(boot: &Boot, text: &str, old: bool) -> Result<Configuration, Status> {
    let read = Configuration::read(text, boot.contract).map_err(|faults| {
        let text = faults.talos_text();
        match old {
            true => Status::unknown(format!("failed to parse config: {text}")),
            false => Status::invalid_argument(text),
        }
    })?;
    match read.main() {
        Some(_) => Ok(read),
        None => Err(Status::invalid_argument(
            "the config doesn't contain a v1alpha1 document",
        )),
    }
}

fn judge(boot: &Boot, configuration: &Configuration) -> Verdict {
    let disks = boot.machine.identity.disks.iter().map(|disk| Disk {
        dev_path: disk.path(),
        size: disk.size,
        transport: if disk.cdrom { "" } else { "virtio" }.to_owned(),
        serial: disk.serial.clone(),
        readonly: disk.cdrom,
        rotational: !disk.cdrom,
        cdrom: disk.cdrom,
        ..Disk::default()
    });
    let machine = Machine {
        talos_version: boot.version.plain(),
        disks: disks.collect(),
        installed: boot.disk().is_installed(),
    };
    configuration.judge(boot.contract, Place::Metal, &machine)
}

fn refused(verdict: &Verdict, old: bool) -> Status {
    let text = &verdict.text;
    Status::invalid_argument(match (old, verdict.refused_at) {
        (true, Some(Stage::Node)) => format!("runtime configuration validation failed: {text}"),
        (true, _) => format!("configuration validation failed: {text}"),
        (false, _) => text.clone(),
    })
}

fn dry(difference: &str) -> String {
    format!("Dry run summary:\n{AT_ONCE} (skipped in dry-run).\nConfig diff:\n\n{difference}")
}

/// In maintenance every mode means: take it.
fn take(
    boot: &Boot,
    settings: &Arc<Settings>,
    dry_run: bool,
    answer: &mut wire::ApplyConfiguration,
) -> Result<(), Status> {
    answer.mode = Mode::NoReboot.into();
    if dry_run {
        answer.mode_details = dry(&unified("", &settings.text));
        return Ok(());
    }
    answer.mode_details = AT_ONCE.to_owned();
    boot.say("apply config request: mode auto(no_reboot)");
    ask(boot, Asked::Configured(Arc::clone(settings)))
}

/// A configured node compares with what it lives by.
fn change(
    boot: &Arc<Boot>,
    configuration: &Configuration,
    settings: Arc<Settings>,
    request: &wire::ApplyConfigurationRequest,
    answer: &mut wire::ApplyConfiguration,
) -> Result<(), Status> {
    let before = boot
        .settings()
        .ok_or_else(|| Status::failed_precondition("no configuration"))?;
    let difference = unified(&before.text, &settings.text);
    let hot = is_hot(boot, configuration, &before.text);
    let wanted = request.mode();
    let mode = match wanted {
        Mode::Auto if hot => Mode::NoReboot,
        Mode::Auto => Mode::Reboot,
        other => other,
    };
    if !hot && matches!(mode, Mode::NoReboot | Mode::Try) {
        let text =
            format!("this config change can't be applied in immediate mode\ndiff: {difference}");
        return Err(Status::invalid_argument(text));
    }
    let after = request
        .try_mode_timeout
        .and_then(|time| Duration::try_from(time).ok());
    let after = after.filter(|after| !after.is_zero()).unwrap_or(TRIED);
    answer.mode = mode.into();
    answer.mode_details = match mode {
        Mode::Reboot => "Applied configuration with a reboot".to_owned(),
        Mode::Staged => "Staged configuration to be applied after the next reboot".to_owned(),
        Mode::Try => format!(
            "{AT_ONCE}\nThe config is applied in 'try' mode and will be automatically reverted back in {}s",
            after.as_secs()
        ),
        _ => AT_ONCE.to_owned(),
    };
    if request.dry_run {
        answer.mode_details = match mode {
            Mode::Reboot | Mode::Staged => format!(
                "Dry run summary:\n{} (skipped in dry-run).\nConfig diff:\n\n{difference}",
                answer.mode_details
            ),
            _ => dry(&difference),
        };
        return Ok(());
    }
    let shown = match wanted {
        Mode::Auto => format!("auto({})", name(mode).replace('-', "_")),
        _ => name(mode).to_owned(),
    };
    boot.say(&format!("apply config request: mode {shown}"));
    carry_out(boot, mode, settings, before, after)
}

fn carry_out(
    boot: &Arc<Boot>,
    mode: Mode,
    settings: Arc<Settings>,
    before: Arc<Settings>,
    after: Duration,
) -> Result<(), Status> {
    if mode != Mode::Try {
        let text = settings.text.clone();
        boot.write_disk(|content| {
            content.state.get_or_insert_default().configuration = Some(text);
        });
    }
    match mode {
        Mode::Reboot => {
            boot.change(|state| state.applied_for_reboot = true);
            let kind = DownKind::Reboot {
                forced: false,
                firmware: false,
                button: false,
            };
            let actor = boot.machine.random.uuid();
            ask(boot, Asked::Down(Down { kind, actor }))
        }
        Mode::Staged => {
            boot.publish_configuration();
            Ok(())
        }
        _ => {
            boot.change(|state| state.settings = Some(settings));
            if mode == Mode::Try {
                ask(boot, Asked::TakeBack(before, after))?;
            }
            ask(boot, Asked::Reconfigured)
        }
    }
}

/// Parts of the main document that a running node takes over at once.
const HOT: &[&[&str]] = &[
    &["debug"],
    &["cluster"],
    &["machine", "ca"],
    &["machine", "acceptedCAs"],
    &["machine", "time"],
    &["machine", "certSANs"],
    &["machine", "install"],
    &["machine", "network"],
    &["machine", "sysfs"],
    &["machine", "sysctls"],
    &["machine", "logging"],
    &["machine", "controlPlane"],
    &["machine", "kubelet"],
    &["machine", "kernel"],
    &["machine", "registries"],
    &["machine", "pods"],
    &["machine", "seccompProfiles"],
    &["machine", "nodeAnnotations"],
    &["machine", "nodeLabels"],
    &["machine", "nodeTaints"],
    &["machine", "features"],
];

/// True when everything that changes is taken over at once.
fn is_hot(boot: &Boot, configuration: &Configuration, before: &str) -> bool {
    let Ok(before) = Configuration::read(before, boot.contract) else {
        return false;
    };
    let cold = |configuration: &Configuration| {
        let mut node = configuration.main().map(|main| main.node.clone())?;
        for path in HOT {
            match path {
                [key] => drop(node.remove(key)),
                [section, key] => {
                    if let Some(section) = node.get_mut(section) {
                        section.remove(key);
                    }
                }
                _ => {}
            }
        }
        Some(node)
    };
    let (before, after): (Option<Node>, Option<Node>) = (cold(&before), cold(configuration));
    before == after
}
