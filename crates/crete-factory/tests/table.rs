//! The studio beside a table: every target with the oldest, a middle and the newest version.
//!
//! The table is text that a person can read, written of what is known of the Image Factory. What
//! the studio offers is told in the table's own words and compared line by line.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use crete_factory::catalogue::{Gates, targets};
use crete_factory::studio::{Known, compose};
use crete_factory::{parse_base, schematic};
use crete_model::{
    Arch, Composition, Output, OutputForm, OutputKind, StepState, StudioDraft, StudioStep,
    TalosVersion, TargetKind,
};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Lines for each of the three versions.
type ByVersion = BTreeMap<String, Vec<String>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    factory: String,
    pxe: String,
    docs: String,
    versions: BTreeMap<String, String>,
    commands: ByVersion,
    pages: Pages,
    talosctl: ByVersion,
    gates: BTreeMap<String, [String; 2]>,
    target: Vec<Target>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pages {
    before: ByVersion,
    after: ByVersion,
    own: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
struct Target {
    kind: TargetKind,
    id: String,
    label: String,
    asks: String,
    arches: Vec<Arch>,
    guide: Option<String>,
    overlay: Option<String>,
    image: Option<String>,
    schematic: Option<String>,
    #[serde(flatten)]
    lines: ByVersion,
}

fn table() -> Table {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/fixtures/factory/studio-table.toml"
    );
    toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// One page of the table: a target with a version, an architecture, with SecureBoot or without.
struct Page<'a> {
    table: &'a Table,
    target: &'a Target,
    when: &'a str,
    arch: Arch,
    secure: bool,
}

impl Page<'_> {
    fn name(&self) -> String {
        let secure = if self.secure { " with SecureBoot" } else { "" };
        format!(
            "{} {} {}{secure}",
            self.target.id,
            self.version(),
            self.arch
        )
    }

    fn version(&self) -> &str {
        &self.table.versions[self.when]
    }

    fn draft(&self) -> StudioDraft {
        let id = Some(self.target.id.clone());
        let given = self.asks(StudioStep::Machine);
        StudioDraft {
            target: Some(self.target.kind),
            version: Some(self.version().parse().unwrap()),
            platform: id.clone().filter(|_| self.target.kind == TargetKind::Cloud),
            board: id.filter(|_| self.target.kind == TargetKind::Sbc),
            arch: given.then_some(self.arch),
            secure_boot: self.secure,
            ..StudioDraft::default()
        }
    }

    fn asks(&self, step: StudioStep) -> bool {
        let word = serde_json::to_value(step).unwrap();
        let mut asked = self.target.asks.split(' ');
        asked.any(|asked| Some(asked) == word.as_str())
    }

    /// What the table says of the page; nothing where the target is not offered.
    fn lines(&self) -> Option<Vec<String>> {
        let secure = if self.secure { "_secure" } else { "" };
        let own = self.target.lines.get(&format!("{}{secure}", self.when))?;
        let own = own
            .iter()
            .map(|line| line.replace("{arch}", self.arch.as_str()));
        let mut lines: Vec<String> = own.collect();
        if self.target.kind == TargetKind::Metal {
            lines.extend(self.table.talosctl[self.when].iter().cloned());
        }
        Some(lines)
    }

    fn pages(&self) -> Vec<String> {
        let pages = &self.table.pages;
        let mut all = pages.before[self.when].clone();
        if self.target.kind == TargetKind::Metal {
            all.extend(pages.own["metal"].iter().cloned());
        }
        all.extend(self.target.guide.clone());
        if self.secure {
            all.extend(pages.own["secure"].iter().cloned());
        }
        all.extend(pages.after[self.when].iter().cloned());
        let version: TalosVersion = self.version().parse().unwrap();
        let (major, minor) = version.minor();
        let docs = self
            .table
            .docs
            .replace("{minor}", &format!("{major}.{minor}"));
        all.iter().map(|path| format!("{docs}{path}")).collect()
    }

    /// An output in the table's words, its address checked.
    fn line(&self, id: &str, output: &Output) -> String {
        let Table { factory, pxe, .. } = self.table;
        let version = format!("v{}", self.version());
        let host = factory.strip_prefix("https://").unwrap();
        let (word, before, after) = match (output.kind, output.form) {
            (OutputKind::Talosctl, _) => {
                ("", format!("{factory}/talosctl/{version}/"), String::new())
            }
            (_, OutputForm::File) => (
                "",
                format!("{factory}/image/{id}/{version}/"),
                String::new(),
            ),
            (_, OutputForm::Address) => {
                ("pxe: ", format!("{pxe}/pxe/{id}/{version}/"), String::new())
            }
            _ => (
                "installer: ",
                format!("{host}/"),
                format!("/{id}:{version}"),
            ),
        };
        let name = output.text.strip_prefix(&before);
        let name = name.and_then(|rest| rest.strip_suffix(&after));
        let name = name.unwrap_or_else(|| panic!("{}: {}", self.name(), output.text));
        if output.form == OutputForm::File {
            assert_eq!(output.name, name, "{}", self.name());
        }
        format!("{word}{name}")
    }

    fn check(&self) {
        let name = self.name();
        let base = parse_base(&self.table.factory).unwrap();
        let made = compose(&self.draft(), &Known::default(), &base);
        self.check_steps(&made);
        let Some(expected) = self.lines() else {
            assert!(made.outputs.is_empty(), "{name} is not offered");
            return;
        };
        let of = |forms: &[OutputForm]| -> Vec<&Output> {
            let outputs = made.outputs.iter();
            outputs
                .filter(|output| forms.contains(&output.form))
                .collect()
        };
        let files = of(&[OutputForm::File, OutputForm::Address, OutputForm::Reference]);
        let files: Vec<String> = files
            .iter()
            .map(|output| self.line(&made.schematic_id, output))
            .collect();
        assert_eq!(files, expected, "{name}");
        let texts = |form| -> Vec<String> { of(&[form]).iter().map(|o| o.text.clone()).collect() };
        let commands = self.table.commands[self.when].iter();
        let commands: Vec<String> = commands
            .map(|text| text.replace("{id}", &made.schematic_id))
            .collect();
        assert_eq!(texts(OutputForm::Command), commands, "{name}");
        assert_eq!(texts(OutputForm::Page), self.pages(), "{name}");
        if let Some(schematic) = &self.target.schematic {
            assert_eq!(made.schematic_id, *schematic, "{name}");
        }
    }

    fn check_steps(&self, made: &Composition) {
        for (step, state) in &made.steps {
            let expected = if self.asks(*step) {
                StepState::Answered
            } else {
                StepState::NotNeeded
            };
            assert_eq!(*state, expected, "{} {step:?}", self.name());
        }
        assert_eq!(made.steps.len(), 6, "{}", self.name());
        assert_eq!(made.arch, Some(self.arch), "{}", self.name());
    }
}

#[test]
fn every_target_offers_the_steps_names_and_links_of_the_table() {
    let table = table();
    let mut seen = 0;
    for target in &table.target {
        for when in table.versions.keys() {
            for arch in &target.arches {
                let secure = target.lines.contains_key(&format!("{when}_secure"));
                for secure in [false, true].into_iter().filter(|wanted| !wanted || secure) {
                    let page = Page {
                        table: &table,
                        target,
                        when,
                        arch: *arch,
                        secure,
                    };
                    page.check();
                    seen += 1;
                }
            }
        }
    }
    assert!(seen > 48 * 3, "{seen}");
}

/// SecureBoot that a target does not have changes nothing on its page.
#[test]
fn secure_boot_is_not_offered_where_the_table_has_none() {
    let table = table();
    let base = parse_base(&table.factory).unwrap();
    for target in &table.target {
        for when in table.versions.keys() {
            let page = Page {
                table: &table,
                target,
                when,
                arch: target.arches[0],
                secure: false,
            };
            let offered = target.lines.contains_key(&format!("{when}_secure"));
            let mut draft = page.draft();
            let without = compose(&draft, &Known::default(), &base).outputs;
            draft.secure_boot = true;
            let with = compose(&draft, &Known::default(), &base).outputs;
            assert_eq!(with != without, offered, "{}", page.name());
        }
    }
}

#[test]
fn targets_stand_in_the_tables_order_with_its_labels() {
    let table = table();
    let known = targets();
    let platforms = std::iter::once((TargetKind::Metal, &known.metal))
        .chain(known.clouds.iter().map(|cloud| (TargetKind::Cloud, cloud)));
    let platforms = platforms.map(|(kind, platform)| (kind, &platform.id, &platform.label));
    let boards = known
        .boards
        .iter()
        .map(|board| (TargetKind::Sbc, &board.id, &board.label));
    let offered: Vec<_> = platforms.chain(boards).collect();
    let expected = table.target.iter();
    let expected: Vec<_> = expected.map(|t| (t.kind, &t.id, &t.label)).collect();
    assert_eq!(offered, expected);
    assert_eq!(offered.len(), 48);
    let boards = table.target.iter().filter(|t| t.kind == TargetKind::Sbc);
    for (target, board) in boards.zip(&known.boards) {
        assert_eq!(Some(&board.overlay_name), target.overlay.as_ref());
        assert_eq!(Some(&board.overlay_image), target.image.as_ref());
        let plain = format!(
            "overlay: {{name: {}, image: {}}}",
            board.overlay_name, board.overlay_image
        );
        let plain = schematic::parse(&plain).unwrap();
        assert_eq!(Some(schematic::id(&plain)), target.schematic);
    }
}

#[test]
fn every_choice_begins_with_the_version_of_the_table() {
    let table = table();
    let gate = |name: &str, version: &str| {
        let gates = Gates::of(&version.parse().unwrap());
        match name {
            "secure_boot" => gates.secure_boot,
            "production_guide" => gates.production_guide,
            "troubleshooting_guide" => gates.troubleshooting_guide,
            "boards" => gates.boards,
            "silent_serial" => gates.silent_serial,
            "platform_installers" => gates.platform_installers,
            "talosctl" => gates.talosctl,
            "embedded_config" => gates.embedded_config,
            "bootloader" => gates.bootloader,
            other => panic!("the table knows a limit {other}"),
        }
    };
    for (name, [without, with]) in &table.gates {
        assert!(!gate(name, without), "{name} before {with}");
        assert!(gate(name, with), "{name} from {with} on");
    }
    assert_eq!(table.gates.len(), 9);
}
