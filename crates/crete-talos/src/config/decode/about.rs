//! Refusals of one document, in Talos' words.

use super::check::Problem;
use super::join;
use crate::Contract;
use crate::config::Document;
use crate::config::fault::{Fault, Faults, What};
use crate::yaml::{self, Entry, Kind, Node};

/// The document that a refusal is about.
pub(super) struct About {
    pub contract: Contract,
    pub identity: String,
    pub label: String,
    pub line: usize,
}

impl About {
    fn worded(&self, text: &str) -> String {
        match self.contract >= Contract::V1_12 {
            true => format!(
                "error decoding document {} (line {}): {text}",
                self.identity, self.line
            ),
            false => text.to_owned(),
        }
    }

    pub fn fault(&self, path: &str, line: usize, text: &str) -> Faults {
        let fault = Fault::new(path, line, text).worded(self.worded(text));
        Faults::one(self.labelled(fault))
    }

    fn labelled(&self, mut fault: Fault) -> Fault {
        fault.document.clone_from(&self.label);
        fault
    }

    /// Values of wrong types, as the YAML reader of each version says it.
    pub fn mistyped(&self, kind: &str, type_name: &str, problems: Vec<Problem>) -> Faults {
        let own = problems.iter().find(|problem| problem.own);
        let said = match own.filter(|_| self.contract <= Contract::V1_11) {
            // A type that reads itself ends the reading.
            Some(own) => own.text.clone(),
            None => self.listed(&problems),
        };
        let text = self.worded(&format!("error decoding {kind} to *{type_name}: {said}"));
        let faults = problems.into_iter().map(|problem| {
            let fault = Fault::new(problem.path, problem.line, problem.reason);
            self.labelled(fault.of(What::WrongValue).worded(text.clone()))
        });
        Faults(faults.collect())
    }

    /// What the YAML reader makes of several problems.
    fn listed(&self, problems: &[Problem]) -> String {
        let (heading, between) = match self.contract {
            Contract::V1_10 | Contract::V1_11 | Contract::V1_12 => {
                ("yaml: unmarshal errors:\n  ", "\n  ")
            }
            Contract::V1_13 => ("yaml: construct errors:\n  ", "\n  "),
            Contract::V1_14 => ("yaml: construct errors: ", "; "),
        };
        let lines = problems
            .iter()
            .map(|problem| format!("line {}: {}", problem.line, problem.text));
        format!("{heading}{}", lines.collect::<Vec<_>>().join(between))
    }

    /// A kind or a version that is no text.
    pub fn no_text(&self, what: &str, problem: Problem) -> Faults {
        let text = format!(
            "{what} decode: {}",
            self.listed(std::slice::from_ref(&problem))
        );
        let fault = Fault::new(problem.path, problem.line, problem.reason);
        let fault = fault.of(What::WrongValue).worded(self.worded(&text));
        Faults::one(self.labelled(fault))
    }

    /// Values that are not there, in places where Talos expects one.
    pub fn nulls(&self, places: Vec<(String, usize)>) -> Faults {
        let reason = |(path, line): &(String, usize)| {
            format!("null value is not allowed at {path:?} (line {line})")
        };
        let all: Vec<String> = places.iter().map(reason).collect();
        let text = self.worded(&all.join("\n"));
        let faults = places.into_iter().map(|(path, line)| {
            let reason = format!("null value is not allowed at {path:?}");
            let fault = Fault::new(path, line, reason);
            self.labelled(fault.of(What::WrongValue).worded(text.clone()))
        });
        Faults(faults.collect())
    }

    pub fn unknown_keys(&self, unknown: &Node, document: &Document) -> Faults {
        let text = format!(
            "unknown keys found during decoding:\n{}",
            yaml::emit(unknown)
        );
        let text = self.worded(&text);
        let mut places = Vec::new();
        leaves(unknown, &document.node, "", &mut places);
        let reason = format!("there is no such key in Talos {}", self.contract);
        let faults = places.into_iter().map(|(path, line)| {
            let fault = Fault::new(path, line, reason.clone());
            self.labelled(fault.of(What::UnknownKey).worded(text.clone()))
        });
        Faults(faults.collect())
    }
}

/// The places of unknown keys: where the tree of them leaves the document's known part.
fn leaves(unknown: &Node, whole: &Node, path: &str, places: &mut Vec<(String, usize)>) {
    match &unknown.kind {
        Kind::Mapping(entries) if unknown.line == 0 => {
            for Entry { key, value, .. } in entries {
                let path = join(path, key);
                let inner = whole.get(key).unwrap_or(value);
                leaves(value, inner, &path, places);
            }
        }
        Kind::Sequence(items) if unknown.line == 0 => {
            for item in items {
                leaves(item, whole, &format!("{path}[]"), places);
            }
        }
        _ => places.push((path.to_owned(), unknown.line)),
    }
}
