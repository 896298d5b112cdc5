//! A node's configuration: read, compared with an edited one, tried and applied.
//!
//! ```text
//! text ─▶ compared with what the node lives by ─▶ what differs, what Talos would say, what it takes
//!    └──▶ dry run by the node ──▶ applied in the way that was chosen
//! ```
//!
//! Its text holds secrets: it goes to who asked for it and nowhere else.

use crate::Engine;
use crate::config::finding;
use crate::error::Result;
use crete_model::{
    ApplyAnswer, ApplyTakes, ApplyWay, ChangeWay, ConfigChange, ConfigComparison, ConfigFinding,
    ConfigSeverity, DiffRow, ErrorCode, MachineId, ModeDenial, ModeOffer, NodeConfig, Problem,
    Remedy, RowWay, TalosVersion, params,
};
use crete_talos::Contract;
use crete_talos::api::wire::machine::apply_configuration_request::Mode;
use crete_talos::api::{ApplyMode, Cause, Node, kinds};
use crete_talos::config::{
    Configuration, Fault, Machine, Mode as Place, Way, changes, secret_lines,
};
use similar::{ChangeTag, TextDiff};
use std::time::Duration;

/// How long a configuration is tried.
const TRIED: Duration = Duration::from_secs(60);

/// What a node lives by, as far as comparing needs it.
struct Present {
    text: String,
    version: TalosVersion,
    contract: Contract,
    maintenance: bool,
    machine: Machine,
}

impl Engine {
    /// The configuration that a node lives by.
    ///
    /// # Errors
    /// What the node refuses, and that it is not reached.
    pub async fn node_config(&self, machine: MachineId) -> Result<NodeConfig> {
        let node = self.node(machine).await?;
        let version = self.version_of(machine, &node).await?;
        let text = self.effective(machine, &node).await?;
        let kept = match text {
            Some(_) => self.text_of(&node, "persistent").await.ok().flatten(),
            None => None,
        };
        let staged = matches!((&text, &kept), (Some(text), Some(kept)) if text != kept);
        let maintenance = text.is_none();
        let text = text.unwrap_or_default();
        let origins = self.origins_of(machine, &text).await;
        Ok(NodeConfig {
            secrets: numbers(&secret_lines(&text)),
            // A configuration can be read without knowing who wrote it.
            origins: origins.unwrap_or_else(|error| {
                tracing::warn!(%machine, %error, "where a configuration comes from is not known");
                Vec::new()
            }),
            version: version.to_string(),
            maintenance,
            staged,
            text,
        })
    }

    /// Compares an edited configuration with what the node lives by. Changes nothing.
    ///
    /// # Errors
    /// What the node refuses, and that it is not reached. A text that Talos would refuse is no error:
    /// its faults are findings.
    pub async fn compare_config(&self, machine: MachineId, text: &str) -> Result<ConfigComparison> {
        let node = self.node(machine).await?;
        let present = self.present(machine, &node).await?;
        Ok(compare(&present, text))
    }

    /// Asks the node what it would do with a configuration.
    ///
    /// # Errors
    /// What the node refuses, and that it is not reached.
    pub async fn try_config(
        &self,
        machine: MachineId,
        text: &str,
        mode: ApplyWay,
    ) -> Result<ApplyAnswer> {
        self.send_config(machine, text, mode, true).await
    }

    /// Gives a node a configuration.
    ///
    /// # Errors
    /// What the node refuses, and that it is not reached.
    pub async fn apply_config(
        &self,
        machine: MachineId,
        text: &str,
        mode: ApplyWay,
    ) -> Result<ApplyAnswer> {
        self.send_config(machine, text, mode, false).await
    }

    async fn send_config(
        &self,
        machine: MachineId,
        text: &str,
        mode: ApplyWay,
        dry_run: bool,
    ) -> Result<ApplyAnswer> {
        let node = self.node(machine).await?;
        let mode = match mode {
            ApplyWay::Auto => ApplyMode::Auto,
            ApplyWay::NoReboot => ApplyMode::NoReboot,
            ApplyWay::Try => ApplyMode::Try(TRIED),
            ApplyWay::Staged => ApplyMode::Staged,
            ApplyWay::Reboot => ApplyMode::Reboot,
        };
        let sent = node.apply(text, mode, dry_run).await;
        let applied = match sent {
            Ok(applied) => applied,
            Err(error) => {
                let quoted = matches!(
                    error.cause,
                    Cause::ConfigurationRefused | Cause::ConfigurationUnreadable
                );
                // Talos' words may quote secrets; ours, of the same rules, do not.
                let reasons = match quoted {
                    true => self.reasons(machine, &node, text).await,
                    false => None,
                };
                let mut problem = super::problem::named(&error, &self.name_of(machine));
                problem.detail = problem.detail.or(reasons);
                return Err(problem.into());
            }
        };
        let words = applied.details.expose().to_owned();
        Ok(ApplyAnswer {
            // Before 1.13 maintenance mode says nothing at all.
            mode: (!words.is_empty()).then_some(mode_of(applied.mode)),
            words,
            warnings: applied.warnings,
        })
    }

    /// Why a configuration is refused, in words that quote no secret.
    async fn reasons(&self, machine: MachineId, node: &Node, text: &str) -> Option<String> {
        let present = self.present(machine, node).await.ok()?;
        let findings = compare(&present, text).findings.into_iter();
        let errors: Vec<String> = findings
            .filter(|finding| finding.severity == ConfigSeverity::Error)
            .map(|finding| match finding.line {
                0 => finding.words,
                line => format!("line {line}: {}", finding.words),
            })
            .collect();
        (!errors.is_empty()).then(|| errors.join("\n"))
    }

    async fn version_of(&self, machine: MachineId, node: &Node) -> Result<TalosVersion> {
        let told = self.told(machine, node.get(kinds::VERSION, "version").await)?;
        let text = told.map(|told| told.spec.version).unwrap_or_default();
        text.parse().map_err(|_| unknown_version(&text).into())
    }

    /// Nothing while the node waits for its first configuration.
    async fn effective(&self, machine: MachineId, node: &Node) -> Result<Option<String>> {
        let view = self.told(machine, node.get(kinds::MACHINE_STATUS, "machine").await)?;
        const MAINTENANCE: i32 = 3;
        if view.is_some_and(|view| view.spec.stage == MAINTENANCE) {
            return Ok(None);
        }
        self.told(machine, self.text_of(node, "v1alpha1").await)
    }

    async fn text_of(
        &self,
        node: &Node,
        id: &str,
    ) -> std::result::Result<Option<String>, crete_talos::api::ApiError> {
        let found = node.get(kinds::MACHINE_CONFIG, id).await?;
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ok(found.map(|found| text(found.spec.yaml_marshalled)))
    }

    async fn present(&self, machine: MachineId, node: &Node) -> Result<Present> {
        let version = self.version_of(machine, node).await?;
        let contract = Contract::of(&version).map_err(|_| unknown_version(&version.to_string()))?;
        let text = self.effective(machine, node).await?;
        let disks = self.told(machine, node.list(kinds::DISKS).all().await)?;
        let system = self.told(machine, node.get(kinds::SYSTEM_DISK, "system-disk").await)?;
        Ok(Present {
            machine: Machine {
                talos_version: version.plain(),
                disks: disks.iter().map(|disk| (&disk.spec).into()).collect(),
                installed: system.is_some(),
            },
            maintenance: text.is_none(),
            text: text.unwrap_or_default(),
            version,
            contract,
        })
    }
}

/// Compares two configurations of a machine that Talos is installed on, without asking it. Both are
/// written alike first, so that only what they mean differs.
///
/// # Errors
/// For versions whose configurations Crete does not know.
pub(crate) fn compare_texts(
    version: &TalosVersion,
    before: &str,
    after: &str,
) -> Result<ConfigComparison> {
    let unknown = |_| unknown_version(&version.to_string());
    let contract = Contract::of(version).map_err(unknown)?;
    let alike = |text: &str| match Configuration::read(text, contract) {
        Ok(read) => read.to_yaml(),
        Err(_) => text.to_owned(),
    };
    let present = Present {
        text: alike(before),
        version: version.clone(),
        contract,
        maintenance: false,
        machine: Machine {
            talos_version: version.plain(),
            disks: Vec::new(),
            installed: true,
        },
    };
    Ok(compare(&present, &alike(after)))
}

fn unknown_version(version: &str) -> Problem {
    let values = params! { "name" => version, "call" => "MachineConfig" };
    Problem::new(ErrorCode::TalosNotOffered, values).with_remedy(Remedy::UpgradeTalos)
}

fn mode_of(mode: Mode) -> ApplyWay {
    match mode {
        Mode::Reboot => ApplyWay::Reboot,
        Mode::Auto => ApplyWay::Auto,
        Mode::NoReboot => ApplyWay::NoReboot,
        Mode::Staged => ApplyWay::Staged,
        Mode::Try => ApplyWay::Try,
    }
}

fn numbers(lines: &[usize]) -> Vec<u32> {
    lines.iter().filter_map(|line| number(*line)).collect()
}

/// A line; nothing for what is no single place.
fn number(line: usize) -> Option<u32> {
    u32::try_from(line).ok().filter(|line| *line > 0)
}

fn compare(present: &Present, text: &str) -> ConfigComparison {
    let after = Configuration::read(text, present.contract);
    let before = Configuration::read(&present.text, present.contract).unwrap_or_default();
    let (changes, findings) = match &after {
        Ok(after) => (changes(&before, after), judge(present, after)),
        Err(faults) => {
            let all = faults
                .0
                .iter()
                .map(|fault| finding(fault, ConfigSeverity::Error));
            (Vec::new(), all.collect())
        }
    };
    let same = present.text == text || (after.is_ok() && changes.is_empty());
    let takes = match same {
        _ if after.is_err() => ApplyTakes::Refused,
        _ if present.maintenance => ApplyTakes::Install,
        true => ApplyTakes::Nothing,
        false if changes.iter().any(|change| change.needs_reboot) => ApplyTakes::Reboot,
        false => ApplyTakes::NoReboot,
    };
    ConfigComparison {
        changes: changes.into_iter().map(change).collect(),
        rows: rows(&present.text, text),
        findings,
        takes,
        modes: modes(takes, present),
    }
}

fn judge(present: &Present, configuration: &Configuration) -> Vec<ConfigFinding> {
    let verdict = configuration.judge(present.contract, Place::Metal, &present.machine);
    let of = |severity| move |fault: &Fault| finding(fault, severity);
    let errors = verdict.errors.iter().map(of(ConfigSeverity::Error));
    let warnings = verdict.warnings.iter().map(of(ConfigSeverity::Warning));
    // No version of Talos refuses it, and every one loses the configuration over it.
    let missing = configuration.missing_disk(&present.machine);
    let missing = missing.iter().map(of(ConfigSeverity::Error));
    errors.chain(missing).chain(warnings).collect()
}

fn change(change: crete_talos::config::Change) -> ConfigChange {
    ConfigChange {
        document: change.document,
        path: change.path,
        way: match change.way {
            Way::Added => ChangeWay::Added,
            Way::Removed => ChangeWay::Removed,
            Way::Changed => ChangeWay::Changed,
        },
        before: change.before,
        after: change.after,
        secret: change.secret,
        needs_reboot: change.needs_reboot,
    }
}

fn rows(before: &str, after: &str) -> Vec<DiffRow> {
    let (hidden_before, hidden_after) = (secret_lines(before), secret_lines(after));
    let line = |index: Option<usize>| index.map(|index| index + 1);
    let difference = TextDiff::from_lines(before, after);
    let all = difference.iter_all_changes().map(|change| {
        let (old, new) = (line(change.old_index()), line(change.new_index()));
        let hidden = |line: Option<usize>, lines: &[usize]| {
            line.is_some_and(|line| lines.binary_search(&line).is_ok())
        };
        DiffRow {
            way: match change.tag() {
                ChangeTag::Equal => RowWay::Same,
                ChangeTag::Delete => RowWay::Removed,
                ChangeTag::Insert => RowWay::Added,
            },
            secret: hidden(old, &hidden_before) || hidden(new, &hidden_after),
            before: old.and_then(number),
            after: new.and_then(number),
            text: change.value().trim_end_matches(['\n', '\r']).to_owned(),
        }
    });
    all.collect()
}

/// The ways to apply it, the one that fits best first.
fn modes(takes: ApplyTakes, present: &Present) -> Vec<ModeOffer> {
    use ApplyWay::{Auto, NoReboot, Reboot, Staged, Try};
    let offer = |mode| {
        let denied = match (takes, mode) {
            (ApplyTakes::Refused, _) => Some(ModeDenial::Unreadable),
            (ApplyTakes::Install, Auto) => None,
            (ApplyTakes::Install, _) => Some(ModeDenial::Maintenance),
            (ApplyTakes::Nothing, _) => Some(ModeDenial::NoDifference),
            (ApplyTakes::Reboot, NoReboot | Try) => Some(ModeDenial::NeedsReboot),
            (_, Reboot) if present.version.at_least(1, 14) => Some(ModeDenial::NotOffered),
            _ => None,
        };
        ModeOffer { mode, denied }
    };
    let order = match takes {
        ApplyTakes::Reboot => [Reboot, Staged, Auto, NoReboot, Try],
        ApplyTakes::Install => [Auto, NoReboot, Try, Staged, Reboot],
        ApplyTakes::Refused | ApplyTakes::Nothing | ApplyTakes::NoReboot => {
            [NoReboot, Try, Staged, Auto, Reboot]
        }
    };
    order.map(offer).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "version: v1alpha1\nmachine:\n  type: worker\n  token: aaaaaa.bbbbbbbbbbbbbbbb\n  install:\n    disk: /dev/vda\n  sysctls:\n    vm.swappiness: \"1\"\n";

    fn present(version: &str, text: &str) -> Present {
        let version: TalosVersion = version.parse().unwrap();
        Present {
            text: text.to_owned(),
            contract: Contract::of(&version).unwrap(),
            maintenance: text.is_empty(),
            machine: Machine {
                talos_version: version.plain(),
                disks: Vec::new(),
                installed: !text.is_empty(),
            },
            version,
        }
    }

    fn can(comparison: &ConfigComparison) -> Vec<ApplyWay> {
        let open = comparison
            .modes
            .iter()
            .filter(|offer| offer.denied.is_none());
        open.map(|offer| offer.mode).collect()
    }

    #[test]
    fn what_can_be_changed_at_once_is_offered_so() {
        let edited = TEXT.replace("\"1\"", "\"2\"");
        let found = compare(&present("v1.13.9", TEXT), &edited);
        assert_eq!(found.takes, ApplyTakes::NoReboot);
        assert_eq!(found.modes[0].mode, ApplyWay::NoReboot);
        assert_eq!(can(&found).len(), 5);
        let ways: Vec<_> = found.rows.iter().map(|row| row.way).collect();
        assert_eq!(ways.iter().filter(|way| **way != RowWay::Same).count(), 2);
        let hidden: Vec<_> = found.rows.iter().filter(|row| row.secret).collect();
        assert_eq!(hidden.len(), 1);
        assert_eq!(hidden[0].before, Some(4));
    }

    #[test]
    fn what_needs_a_restart_is_refused_otherwise() {
        let edited = format!("{TEXT}  udev:\n    rules:\n      - a\n");
        let found = compare(&present("v1.13.9", TEXT), &edited);
        assert_eq!(found.takes, ApplyTakes::Reboot);
        assert_eq!(
            can(&found),
            [ApplyWay::Reboot, ApplyWay::Staged, ApplyWay::Auto]
        );
        let found = compare(&present("v1.14.0", TEXT), &edited);
        assert_eq!(can(&found), [ApplyWay::Staged, ApplyWay::Auto]);
        assert_eq!(found.modes[0].denied, Some(ModeDenial::NotOffered));
    }

    #[test]
    fn no_difference_is_nothing_to_apply() {
        let found = compare(&present("v1.13.9", TEXT), &format!("# mine\n{TEXT}"));
        assert_eq!(found.takes, ApplyTakes::Nothing);
        assert!(can(&found).is_empty());
    }

    #[test]
    fn a_first_configuration_is_taken_in_one_way_and_its_disk_has_to_be_there() {
        let found = compare(&present("v1.13.9", ""), TEXT);
        assert_eq!(found.takes, ApplyTakes::Install);
        assert_eq!(can(&found), [ApplyWay::Auto]);
        let disk = |one: &ConfigFinding| {
            one.severity == ConfigSeverity::Error && one.path == "machine.install.disk"
        };
        assert!(found.findings.iter().any(disk), "{:?}", found.findings);
    }

    #[test]
    fn a_text_that_talos_would_not_read_is_told_with_its_line() {
        let found = compare(
            &present("v1.13.9", TEXT),
            &TEXT.replace("sysctls", "sysctl"),
        );
        assert_eq!(found.findings[0].severity, ConfigSeverity::Error);
        assert!(found.findings[0].line > 0);
        assert!(found.changes.is_empty());
    }

    #[test]
    fn what_cannot_be_read_can_be_applied_in_no_way() {
        for before in [TEXT, ""] {
            let found = compare(&present("v1.13.9", before), "machine: [\n");
            assert_eq!(found.takes, ApplyTakes::Refused);
            assert!(can(&found).is_empty());
            assert_eq!(found.modes[0].denied, Some(ModeDenial::Unreadable));
        }
    }
}
