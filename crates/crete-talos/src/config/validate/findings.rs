//! What was found, in the grouping in which Talos prints it.

use crate::Contract;
use crate::config::fault::Fault;

/// One line of a document's list: a fault, or several under one heading.
#[derive(Debug, Clone)]
enum Item {
    One(Fault),
    Several(String, Vec<Fault>),
}

#[derive(Debug, Clone)]
struct Group {
    /// The document; empty for what is between documents.
    label: String,
    items: Vec<Item>,
}

/// Everything that was found so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Findings {
    groups: Vec<Group>,
    pub warnings: Vec<Fault>,
    /// True when the next fault of the main document belongs to a list of its own.
    fresh: bool,
}

const MAIN: &str = "v1alpha1.Config";

impl Findings {
    /// A fault of the main document.
    pub fn main(&mut self, fault: Fault) {
        self.main_item(Item::One(fault));
    }

    /// Faults of the main document under a heading; nothing when there are none.
    pub fn main_several(&mut self, heading: &str, faults: Vec<Fault>) {
        if !faults.is_empty() {
            self.main_item(Item::Several(heading.to_owned(), faults));
        }
    }

    fn main_item(&mut self, item: Item) {
        let open = self.groups.last_mut().filter(|group| group.label == MAIN);
        match open.filter(|_| !self.fresh) {
            Some(group) => group.items.push(item),
            None => self.groups.push(Group {
                label: MAIN.to_owned(),
                items: vec![item],
            }),
        }
        self.fresh = false;
    }

    /// Faults of another document, which Talos joins to one text.
    pub fn document(&mut self, label: &str, faults: Vec<Fault>) {
        if !faults.is_empty() {
            self.groups.push(Group {
                label: label.to_owned(),
                items: faults.into_iter().map(Item::One).collect(),
            });
        }
    }

    /// A fault between documents.
    pub fn between(&mut self, fault: Fault) {
        self.groups.push(Group {
            label: String::new(),
            items: vec![Item::One(fault)],
        });
    }

    pub fn warn(&mut self, fault: Fault) {
        self.warnings.push(fault);
    }

    pub fn is_clean(&self) -> bool {
        self.groups.is_empty()
    }

    /// What follows was found by another pass.
    pub fn next_group(&mut self) {
        self.fresh = true;
    }

    /// One by one, each with Talos' prefixes in its text.
    pub fn flat(&self, contract: Contract) -> Vec<Fault> {
        let mut faults = Vec::new();
        for group in &self.groups {
            let prefix = group.prefix(contract);
            if group.is_joined() {
                faults.push(group.joined(&prefix));
                continue;
            }
            for item in &group.items {
                match item {
                    Item::One(fault) => faults.push(labelled(fault, &group.label, &prefix)),
                    Item::Several(heading, inner) => {
                        let prefix = format!("{prefix}{heading}: ");
                        let inner = inner.iter();
                        faults.extend(inner.map(|fault| labelled(fault, &group.label, &prefix)));
                    }
                }
            }
        }
        faults
    }

    /// The whole as Talos prints it.
    pub fn text(&self, contract: Contract) -> String {
        let mut entries = Vec::new();
        for group in &self.groups {
            let prefix = group.prefix(contract);
            let items = group.items.iter().map(Item::text);
            if group.is_joined() {
                entries.push(group.joined(&prefix).talos);
            } else if group.label == MAIN && contract >= Contract::V1_12 {
                let items: Vec<String> = items.collect();
                entries.push(format!("{prefix}{}", list(&items)));
            } else {
                entries.extend(items);
            }
        }
        match entries.is_empty() {
            true => String::new(),
            false => list(&entries),
        }
    }
}

impl Group {
    fn prefix(&self, contract: Contract) -> String {
        match self.label.is_empty() || contract < Contract::V1_12 {
            true => String::new(),
            false => format!("{}: ", self.label),
        }
    }

    /// Documents other than the main one have one text, whatever the number of their faults.
    fn is_joined(&self) -> bool {
        !self.label.is_empty() && self.label != MAIN
    }

    fn joined(&self, prefix: &str) -> Fault {
        let texts: Vec<String> = self.items.iter().map(Item::text).collect();
        let text = texts.join("\n");
        let first = self.items.iter().find_map(|item| match item {
            Item::One(fault) => Some(fault),
            Item::Several(_, faults) => faults.first(),
        });
        let (path, line) =
            first.map_or((String::new(), 0), |fault| (fault.path.clone(), fault.line));
        let mut fault = Fault::new(path, line, text.clone());
        fault.document.clone_from(&self.label);
        fault.worded(format!("{prefix}{text}"))
    }
}

impl Item {
    fn text(&self) -> String {
        match self {
            Self::One(fault) => fault.talos.clone(),
            Self::Several(heading, faults) => {
                let texts: Vec<String> = faults.iter().map(|fault| fault.talos.clone()).collect();
                format!("{heading}: {}", list(&texts))
            }
        }
    }
}

fn labelled(fault: &Fault, label: &str, prefix: &str) -> Fault {
    let mut fault = fault.clone();
    label.clone_into(&mut fault.document);
    let text = format!("{prefix}{}", fault.talos);
    fault.worded(text)
}

/// The list that Talos makes of several errors.
pub(super) fn list(entries: &[String]) -> String {
    let (count, plural) = match entries.len() {
        1 => (1, ""),
        count => (count, "s"),
    };
    format!(
        "{count} error{plural} occurred:\n\t* {}\n\n",
        entries.join("\n\t* ")
    )
}
