//! The record told differently: another order, other names, other ids, other versions.
//!
//! Requests and answers are changed alike. Ids of schematics are worked out anew of the recorded
//! text with the new names in it.

use super::recorded::Line;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// Names that mean nothing to a factory.
const NAMES: &[&str] = &[
    "nope",
    "something",
    "foo",
    "bar",
    "baz",
    "not-there",
    "alice",
    "my-own-id-1",
    "riscv64",
    "ssd",
    "vmdk",
];
/// Lines that a catalogue is needed for, which few versions have.
const CATALOGUE: &[&str] = &[
    "extensions-missing-catalogue",
    "image-unknown-overlay",
    "image-unknown-extension",
    "image-unknown-extension-head",
    "image-qga-initramfs",
];
const NOBODY: &str = "0000000000000000000000000000000000000000000000000000000000000000";

pub struct Variation {
    /// What is replaced by what.
    words: Vec<(String, String)>,
    versions: HashMap<String, String>,
    seed: u64,
}

impl Variation {
    pub fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let mut words: Vec<(String, String)> = NAMES
            .iter()
            .map(|name| ((*name).to_owned(), random.word()))
            .collect();
        words.push((NOBODY.to_owned(), random.hex()));
        let file = random.word();
        words.push(("my%20name.txt".to_owned(), format!("{file}%20two.img")));
        words.push(("my name.txt".to_owned(), format!("{file} two.img")));
        Self {
            words,
            versions: random.versions(),
            seed,
        }
    }

    pub fn of(&self, mut lines: Vec<Line>) -> Vec<Line> {
        for line in &mut lines {
            self.change(line);
        }
        let ids = renumber(&mut lines);
        for line in &mut lines {
            for (old, new) in &ids {
                replace(line, &|text| text.replace(old, new));
            }
        }
        shuffle(lines, &mut Random(self.seed.wrapping_mul(77)))
    }

    fn change(&self, line: &mut Line) {
        let is_list = line.path.to_ascii_lowercase().starts_with("/version") && line.status == 200;
        for (old, new) in self.words.iter().filter(|_| !is_list) {
            replace(line, &|text| text.replace(old, new));
        }
        let listed = is_list || CATALOGUE.contains(&line.name.as_str());
        if !listed && !line.creates() {
            replace(line, &|text| self.other_versions(text));
        }
    }

    /// Replaces versions, whole ones only: `1.13` is not a part of `1.13.9`.
    fn other_versions(&self, text: &str) -> String {
        let mut all = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
            all += &rest[..at];
            rest = &rest[at..];
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.');
            let numbers = rest[..end.unwrap_or(rest.len())].trim_end_matches('.');
            let pre = rest[numbers.len()..]
                .strip_prefix("-alpha.")
                .map_or(0, |_| "-alpha.0".len());
            let word = &rest[..numbers.len() + pre];
            all += self.versions.get(word).map_or(word, String::as_str);
            rest = &rest[word.len()..];
        }
        all + rest
    }
}

/// Changes everything that a line says, in the request and in the answer.
fn replace(line: &mut Line, change: &dyn Fn(&str) -> String) {
    line.path = change(&line.path);
    line.body = change(&line.body);
    line.text = change(&line.text);
    let server = |name: &str| name.eq_ignore_ascii_case("server");
    let answers = line.answer_headers.iter_mut();
    for (_, value) in answers.filter(|(name, _)| !server(name)) {
        *value = change(value);
    }
    for (_, value) in &mut line.headers {
        *value = change(value);
    }
}

/// Works the ids of stored schematics out again; old and new ones.
fn renumber(lines: &mut [Line]) -> Vec<(String, String)> {
    let mut ids = Vec::new();
    for line in lines
        .iter_mut()
        .filter(|line| line.creates() && line.is_whole)
    {
        let answer: Value = serde_json::from_str(&line.text).unwrap();
        let schematic = answer["schematic"].as_str().unwrap();
        let digest = Sha256::digest(schematic);
        let id: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        ids.push((answer["id"].as_str().unwrap().to_owned(), id));
    }
    ids
}

/// Another order. The list of versions is turned round by the request for the newest installer,
/// so these two stay together, at the end.
fn shuffle(lines: Vec<Line>, random: &mut Random) -> Vec<Line> {
    let last = ["r-latest", "r-versions-after-latest"];
    let (last, mut lines): (Vec<_>, Vec<_>) = lines
        .into_iter()
        .partition(|line| last.contains(&line.name.as_str()));
    for index in (1..lines.len()).rev() {
        lines.swap(index, random.below(index + 1));
    }
    lines.extend(last);
    lines
}

/// Numbers of no meaning, the same for the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    /// A word that begins with a letter which no name of a factory begins with.
    fn word(&mut self) -> String {
        let length = 3 + self.below(8);
        let letter = |random: &mut Self| char::from(b'a' + u8::try_from(random.below(26)).unwrap());
        let rest: String = (0..length).map(|_| letter(self)).collect();
        format!("q{rest}")
    }

    fn hex(&mut self) -> String {
        let digits = (0..64).map(|_| char::from_digit(u32::try_from(self.below(16)).unwrap(), 16));
        digits.map(Option::unwrap).collect()
    }

    /// For every version of the record one that is treated alike.
    fn versions(&mut self) -> HashMap<String, String> {
        let mut map = HashMap::new();
        let mut to = |old: &str, new: String| map.insert(old.to_owned(), new);
        to("1.13.9", format!("1.13.{}", self.below(10)));
        to("1.13", format!("1.{}", 11 + self.below(3)));
        to("1.11.2", format!("1.11.{}", self.below(7)));
        to("1.10.9", format!("1.10.{}", self.below(10)));
        to("1.9.6", format!("1.9.{}", self.below(7)));
        to("1.7.6", format!("1.7.{}", self.below(8)));
        to("1.6.0", format!("1.6.{}", self.below(9)));
        to(
            "1.99.0",
            format!("1.{}.{}", 30 + self.below(60), self.below(9)),
        );
        to("1.12.99", format!("1.12.{}", 40 + self.below(60)));
        let old = format!("1.{}.0-alpha.0", 3 + self.below(10));
        to("1.13.0-alpha.0", old);
        map
    }
}
