//! Configurations as a person writes them: judged before a node sees them.
//!
//! Nothing here keeps a text or writes it to a log: it may hold a cluster's secrets.

use crete_model::{
    ConfigFinding, ConfigFindingCode, ConfigForm, ConfigKeys, ConfigMode, ConfigSeverity,
    ConfigText, ConfigVerdict, TalosVersion,
};
use crete_talos::Contract;
use crete_talos::config::{Configuration, Fault, Faults, Mode, Patch, What};

/// The kinds and keys of a version; none for a version whose configurations Crete does not know.
#[must_use]
pub fn config_keys(version: &TalosVersion) -> ConfigKeys {
    Contract::of(version).map_or_else(|_| ConfigKeys::default(), crete_talos::config::keys)
}

/// Where a kind is explained below the reference of the version's documentation.
#[must_use]
pub fn config_reference(version: &TalosVersion, kind: &str) -> Option<String> {
    let contract = Contract::of(version).ok()?;
    crete_talos::config::reference(contract, kind)
}

/// What a node of the version would say, and what it would regret later.
#[must_use]
pub fn check_config(asked: &ConfigText) -> ConfigVerdict {
    let Ok(contract) = Contract::of(&asked.version) else {
        return ConfigVerdict::default();
    };
    let findings = match asked.form {
        _ if is_blank(&asked.text) && asked.form != ConfigForm::Whole => Vec::new(),
        ConfigForm::Patch => match Patch::read(&asked.text, contract) {
            Ok(_) => Vec::new(),
            Err(faults) => refused(&faults),
        },
        ConfigForm::Whole | ConfigForm::Part => match Configuration::read(&asked.text, contract) {
            Ok(read) => judged(&read, contract, asked.mode),
            Err(faults) => refused(&faults),
        },
    };
    let mut verdict = ConfigVerdict {
        minor: Some(contract.minor()),
        findings,
    };
    verdict.findings.sort_by_key(|finding| finding.line);
    verdict
}

/// True for a text of comments alone: nothing was written yet.
fn is_blank(text: &str) -> bool {
    crete_talos::yaml::read(text).is_ok_and(|documents| documents.is_empty())
}

fn judged(read: &Configuration, contract: Contract, mode: ConfigMode) -> Vec<ConfigFinding> {
    let mode = match mode {
        ConfigMode::Metal => Mode::Metal,
        ConfigMode::Cloud => Mode::Cloud,
        ConfigMode::Container => Mode::Container,
    };
    let verdict = read.validate(contract, mode);
    let errors = verdict
        .errors
        .iter()
        .map(|fault| (fault, ConfigSeverity::Error));
    let warnings = verdict.warnings.iter();
    let warnings = warnings.map(|fault| (fault, ConfigSeverity::Warning));
    let ours = read.concerns(contract, &crete_talos::config::Surroundings::default());
    let ours = ours.iter().map(|fault| (fault, ConfigSeverity::Warning));
    errors
        .chain(warnings)
        .chain(ours)
        .map(|(fault, severity)| finding(fault, severity))
        .collect()
}

fn refused(faults: &Faults) -> Vec<ConfigFinding> {
    let faults = faults.0.iter();
    faults
        .map(|fault| finding(fault, ConfigSeverity::Error))
        .collect()
}

/// A fault as the page gets it.
pub(crate) fn finding(fault: &Fault, severity: ConfigSeverity) -> ConfigFinding {
    let code = match fault.what {
        What::Syntax => ConfigFindingCode::Syntax,
        What::UnknownKey => ConfigFindingCode::UnknownKey,
        What::UnknownKind => ConfigFindingCode::UnknownKind,
        What::WrongValue => ConfigFindingCode::WrongValue,
        What::Rule => ConfigFindingCode::Rule,
        What::SubnetsOverlap => ConfigFindingCode::SubnetsOverlap,
        What::MemoryShort => ConfigFindingCode::MemoryShort,
        What::VersionSkew => ConfigFindingCode::VersionSkew,
        What::DiskMissing => ConfigFindingCode::DiskMissing,
    };
    let document = match fault.document.as_str() {
        "v1alpha1.Config" => String::new(),
        other => other.to_owned(),
    };
    ConfigFinding {
        severity,
        code,
        document,
        path: fault.path.clone(),
        line: u32::try_from(fault.line).unwrap_or_default(),
        words: fault.reason.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(version: &str, form: ConfigForm, text: &str) -> ConfigVerdict {
        check_config(&ConfigText {
            text: text.to_owned(),
            version: version.parse().unwrap(),
            mode: ConfigMode::Metal,
            form,
        })
    }

    fn codes(verdict: &ConfigVerdict) -> Vec<(ConfigFindingCode, u32)> {
        let findings = verdict.findings.iter();
        findings.map(|one| (one.code, one.line)).collect()
    }

    #[test]
    fn a_key_that_the_version_does_not_have_is_found_at_its_line() {
        let text = "machine:\n  network:\n    hostnme: a\n  nonsense: 1\n";
        let verdict = check("v1.12.11", ConfigForm::Patch, text);
        assert_eq!(
            codes(&verdict),
            [
                (ConfigFindingCode::UnknownKey, 3),
                (ConfigFindingCode::UnknownKey, 4)
            ]
        );
        assert_eq!(verdict.findings[0].path, "machine.network.hostnme");
        assert_eq!(verdict.findings[0].severity, ConfigSeverity::Error);
        assert_eq!(verdict.minor.as_deref(), Some("1.12"));
    }

    #[test]
    fn kinds_values_and_yaml_are_told_apart() {
        let kind = "apiVersion: v1alpha1\nkind: HostnameConfig\nhostname: a\nauto: off\n";
        assert_eq!(
            codes(&check("v1.11.6", ConfigForm::Part, kind)),
            [(ConfigFindingCode::UnknownKind, 2)]
        );
        assert_eq!(check("v1.12.0", ConfigForm::Part, kind).findings, []);
        let value = "machine:\n  install:\n    wipe: perhaps\n";
        assert_eq!(
            codes(&check("v1.13.9", ConfigForm::Patch, value)),
            [(ConfigFindingCode::WrongValue, 3)]
        );
        let yaml = "machine:\n  type: [\n";
        let verdict = check("v1.13.9", ConfigForm::Patch, yaml);
        assert_eq!(verdict.findings[0].code, ConfigFindingCode::Syntax);
    }

    #[test]
    fn a_finding_names_its_document() {
        let text = "apiVersion: v1alpha1\nkind: HostnameConfig\nhostnme: a\n";
        let verdict = check("v1.13.9", ConfigForm::Part, text);
        assert_eq!(verdict.findings[0].document, "HostnameConfig");
        let main = check("v1.13.9", ConfigForm::Patch, "machine:\n  tpye: a\n");
        assert_eq!(main.findings[0].document, "");
    }

    #[test]
    fn a_rule_of_talos_is_said_in_its_words() {
        let text = "apiVersion: v1alpha1\nkind: HostnameConfig\nhostname: a\nauto: stable\n";
        let verdict = check("v1.13.9", ConfigForm::Part, text);
        assert_eq!(verdict.findings[0].code, ConfigFindingCode::Rule);
        assert!(verdict.findings[0].words.contains("auto"), "{verdict:?}");
        assert_eq!(verdict.findings[0].document, "HostnameConfig");
    }

    #[test]
    fn nothing_is_said_of_versions_that_are_not_known_and_of_comments() {
        assert_eq!(
            check("v1.9.0", ConfigForm::Whole, "nonsense: 1"),
            ConfigVerdict::default()
        );
        assert_eq!(
            config_keys(&"v1.9.0".parse().unwrap()),
            ConfigKeys::default()
        );
        assert_eq!(check("v1.12.0", ConfigForm::Part, "# later\n").findings, []);
        let whole = check("v1.12.0", ConfigForm::Whole, "# later\n");
        assert_eq!(whole.findings[0].words, "config not found");
    }

    #[test]
    fn no_secret_is_said_nor_printed() {
        let text = "machine:\n  token: [s3cr3t-value]\n";
        let verdict = check("v1.13.9", ConfigForm::Patch, text);
        assert_eq!(verdict.findings.len(), 1);
        assert!(!format!("{verdict:?}").contains("s3cr3t"));
        let asked = ConfigText {
            text: text.to_owned(),
            version: "v1.13.9".parse().unwrap(),
            mode: ConfigMode::Metal,
            form: ConfigForm::Patch,
        };
        assert!(!format!("{asked:?}").contains("s3cr3t"));
    }
}
