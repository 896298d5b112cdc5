//! Why a text is no schematic, in the real factory's words.
//!
//! The real one decodes with Go's YAML library and tells all that is wrong at once; the reader
//! here stops at the first fault, so what it named is taken out and the rest is read again.

use crete_factory::schematic::{self, SchematicError};

/// More unknown fields than a text that somebody wrote has.
const MOST: usize = 64;

pub fn wording(text: &str, reason: &SchematicError) -> String {
    match reason {
        SchematicError::Empty => "EOF".to_owned(),
        SchematicError::Yaml(words) => malformed(text, words),
        SchematicError::Field { .. } => {
            let mut faults = fields(text, reason);
            faults.sort();
            let faults: Vec<String> = faults
                .into_iter()
                .map(|(line, words)| format!("line {line}: {words}"))
                .collect();
            format!("yaml: construct errors: {}", faults.join("; "))
        }
    }
}

/// Every field that is wrong, with its line.
fn fields(text: &str, first: &SchematicError) -> Vec<(usize, String)> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut found = Vec::new();
    let mut reason = first.clone();
    while let SchematicError::Field {
        field,
        line,
        reason: words,
    } = &reason
    {
        found.push((*line, field_words(field, words)));
        if found.len() == MOST || !without(&mut lines, *line) {
            break;
        }
        match schematic::parse(&lines.join("\n")) {
            Err(next) => reason = next,
            Ok(_) => break,
        }
    }
    found
}

/// Takes a line and what is indented below it out of a text; false where that is not possible.
fn without(lines: &mut [String], line: usize) -> bool {
    let depth = |line: &str| line.len() - line.trim_start().len();
    let Some(index) = line.checked_sub(1).filter(|index| *index < lines.len()) else {
        return false;
    };
    let own = depth(&lines[index]);
    if lines[index].is_empty() {
        return false;
    }
    let below = lines[index + 1..]
        .iter()
        .take_while(|line| !line.is_empty() && depth(line) > own)
        .count();
    for line in &mut lines[index..=index + below] {
        line.clear();
    }
    true
}

fn field_words(field: &str, reason: &str) -> String {
    let (parent, key) = field.rsplit_once('.').unwrap_or(("", field));
    if reason.starts_with("there is no such field") {
        let kind = match parent {
            "" => "Schematic",
            "overlay" => "Overlay",
            "customization" => "Customization",
            "customization.systemExtensions" => "SystemExtensions",
            "customization.secureboot" => "SecureBootCustomization",
            "customization.diskImage" => "DiskImage",
            _ => "MetaValue",
        };
        return format!("field {key} not found in type schematic.{kind}");
    }
    if reason.starts_with("auto is refused") {
        return "auto does not belong to BootloaderKind values".to_owned();
    }
    format!("{field}: {reason}")
}

/// A text that is not YAML at all: the two commonest ways, and anything else in our own words.
fn malformed(text: &str, words: &str) -> String {
    for (index, line) in text.lines().enumerate() {
        let blank = line.len() - line.trim_start_matches(' ').len();
        if line[blank..].starts_with('\t') {
            return format!(
                "go-yaml load error in scanner (while scanning for the next token) at L{}.C{}: \
                 found character that cannot start any token",
                index + 1,
                blank + 1
            );
        }
    }
    let open = |open: char, close: char| text.matches(open).count() > text.matches(close).count();
    if open('[', ']') || open('{', '}') {
        // It is missed where the text ends.
        let (line, column) = match text.rsplit_once('\n') {
            Some((before, last)) => (before.matches('\n').count() + 2, last.len() + 1),
            None => (1, text.len() + 1),
        };
        return format!(
            "go-yaml load error in parser (while parsing a flow node) at L{line}.C{column}: did \
             not find expected node content"
        );
    }
    format!("go-yaml load error in parser: {words}")
}
