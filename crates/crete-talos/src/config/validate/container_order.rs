//! What containers wait for: all of it is there, and nothing waits for itself.

use crate::config::Configuration;
use crate::config::fault::Fault;
use crate::config::formats::quote;
use crate::yaml::Node;

/// What containers wait for must be there, and must not wait for them.
pub(super) fn dependencies(configuration: &Configuration) -> Vec<Fault> {
    let mut waits: Vec<(&str, Vec<&str>)> = Vec::new();
    let mut faults = Vec::new();
    let all: Vec<_> = configuration.of_kind("ContainerConfig").collect();
    for one in &all {
        let items = one.node.at(&["dependsOn", "containers"]);
        let items = items.map(Node::items).unwrap_or_default().iter();
        let needs: Vec<&str> = items
            .map(|item| item.as_text().unwrap_or_default())
            .collect();
        for need in &needs {
            if !all.iter().any(|other| other.name() == *need) {
                let text = format!(
                    "container {} depends on container {}, which is not configured",
                    quote(one.name()),
                    quote(need)
                );
                faults.push(Fault::new("dependsOn.containers", one.node.line, text));
            }
        }
        waits.push((one.name(), needs));
    }
    waits.sort_by_key(|(name, _)| *name);
    let mut walk = Walk {
        waits: &waits,
        stack: Vec::new(),
        done: Vec::new(),
        cycles: Vec::new(),
    };
    waits.iter().for_each(|(name, _)| walk.visit(name));
    let mut cycles = walk.cycles;
    cycles.sort();
    cycles.dedup();
    if !cycles.is_empty() {
        let text = format!("container dependsOn cycle detected: {}", cycles.join(", "));
        faults.push(Fault::new("dependsOn.containers", 0, text));
    }
    faults
}

/// Goes along what waits for what.
struct Walk<'a> {
    waits: &'a [(&'a str, Vec<&'a str>)],
    stack: Vec<&'a str>,
    done: Vec<&'a str>,
    cycles: Vec<String>,
}

impl<'a> Walk<'a> {
    fn visit(&mut self, name: &'a str) {
        if self.done.contains(&name) {
            return;
        }
        if let Some(start) = self.stack.iter().position(|one| *one == name) {
            let mut cycle = self.stack[start..].to_vec();
            cycle.push(name);
            self.cycles.push(cycle.join(" -> "));
            return;
        }
        let Some((name, needs)) = self.waits.iter().find(|(one, _)| *one == name) else {
            return;
        };
        self.stack.push(name);
        needs.iter().for_each(|need| self.visit(need));
        self.stack.pop();
        self.done.push(name);
    }
}
