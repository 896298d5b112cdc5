//! What the victim was told is done: that must hold after the next start, whatever came then.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

const FILE: &str = "journal";

/// What the victim did, in its order.
#[derive(Debug, Default)]
pub struct Journal(Vec<(String, String, String)>);

/// Adds a line in one write.
pub fn write(root: &Path, word: &str, deed: &str, detail: &str) {
    let path = root.join(FILE);
    let file = File::options().create(true).append(true).open(path);
    let line = format!("{word} {deed} {detail}\n");
    file.unwrap().write_all(line.as_bytes()).unwrap();
}

impl Journal {
    pub fn read(root: &Path) -> Self {
        let text = fs::read_to_string(root.join(FILE)).unwrap_or_default();
        let line = |line: &str| {
            let mut words = line.splitn(3, ' ').map(str::to_owned);
            let mut word = || words.next().unwrap_or_default();
            (word(), word(), word())
        };
        Self(text.lines().map(line).collect())
    }

    /// The detail of what was done last of this.
    pub fn done(&self, deed: &str) -> Option<&str> {
        let mut lines = self.0.iter().rev();
        let found = lines.find(|(word, done, _)| word == "done" && done == deed);
        found.map(|(_, _, detail)| detail.as_str())
    }

    /// What of these was done last, and what was begun or failed after it.
    pub fn last(&self, deeds: &[&str]) -> (Option<&str>, Vec<&str>) {
        let of_them = |line: &&(String, String, String)| deeds.contains(&line.1.as_str());
        let lines: Vec<_> = self.0.iter().filter(of_them).collect();
        let done = lines.iter().rposition(|(word, ..)| word == "done");
        let after = &lines[done.map_or(0, |at| at + 1)..];
        (
            done.map(|at| lines[at].1.as_str()),
            after.iter().map(|(_, deed, _)| deed.as_str()).collect(),
        )
    }
}
