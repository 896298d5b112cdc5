//! Preferences, checked before they are used.

use crete_model::{FieldCode, FieldProblem, Params, Settings, params};
use std::path::Path;
use url::Url;

/// Checks preferences field by field.
#[must_use]
pub fn check_settings(settings: &Settings) -> Vec<FieldProblem> {
    let mut problems = Vec::new();
    let mut problem = |field: &str, code, params: Params| {
        problems.push(FieldProblem {
            field: field.to_owned(),
            code,
            params,
        });
    };
    if !is_web_address(&settings.factory_url) {
        problem("factory_url", FieldCode::NotAUrl, Params::new());
    }
    if !settings.proxy.is_empty() && !is_web_address(&settings.proxy) {
        problem("proxy", FieldCode::NotAUrl, Params::new());
    }
    for (field, value) in [
        ("data_dir", &settings.data_dir),
        ("extra_ca", &settings.extra_ca),
    ] {
        if !value.is_empty() && !Path::new(value).is_absolute() {
            problem(field, FieldCode::NotAPath, Params::new());
        }
    }
    let extra_ca = Path::new(&settings.extra_ca);
    if extra_ca.is_absolute()
        && let Err(error) = std::fs::File::open(extra_ca)
    {
        problem(
            "extra_ca",
            FieldCode::Unreadable,
            params! { "reason" => error },
        );
    }
    let ranges = [
        ("default_vcpus", settings.default_vcpus, 1, 256),
        (
            "default_memory_mib",
            settings.default_memory_mib,
            crete_model::MIN_MEMORY_MIB,
            1 << 22,
        ),
        ("default_disk_gib", settings.default_disk_gib, 1, 64 * 1024),
        ("console_font_px", settings.console_font_px, 8, 32),
        ("text_percent", settings.text_percent, 80, 200),
    ];
    for (field, value, min, max) in ranges {
        if value < min {
            problem(field, FieldCode::TooSmall, params! { "min" => min });
        } else if value > max {
            problem(field, FieldCode::TooLarge, params! { "max" => max });
        }
    }
    problems
}

fn is_web_address(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(change: impl FnOnce(&mut Settings)) -> Vec<(String, FieldCode)> {
        let mut settings = Settings::default();
        change(&mut settings);
        check_settings(&settings)
            .into_iter()
            .map(|p| (p.field, p.code))
            .collect()
    }

    #[test]
    fn defaults_are_acceptable() {
        assert!(faults(|_| {}).is_empty());
    }

    #[test]
    fn each_bad_value_names_its_field() {
        let one = |field: &str, code| vec![(field.to_owned(), code)];
        assert_eq!(
            faults(|s| s.factory_url = "factory".into()),
            one("factory_url", FieldCode::NotAUrl)
        );
        assert_eq!(
            faults(|s| s.factory_url = "file:///x".into()),
            one("factory_url", FieldCode::NotAUrl)
        );
        assert_eq!(
            faults(|s| s.proxy = "proxy:3128".into()),
            one("proxy", FieldCode::NotAUrl)
        );
        assert_eq!(
            faults(|s| s.data_dir = "x/y".into()),
            one("data_dir", FieldCode::NotAPath)
        );
        assert_eq!(
            faults(|s| s.extra_ca = "/no/such".into()),
            one("extra_ca", FieldCode::Unreadable)
        );
        assert_eq!(
            faults(|s| s.default_memory_mib = 1),
            one("default_memory_mib", FieldCode::TooSmall)
        );
        assert_eq!(
            faults(|s| s.text_percent = 20),
            one("text_percent", FieldCode::TooSmall)
        );
        assert_eq!(
            faults(|s| s.console_font_px = 99),
            one("console_font_px", FieldCode::TooLarge)
        );
    }
}
