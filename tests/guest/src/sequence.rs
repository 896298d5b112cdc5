//! Sequences of phases of tasks, and what they print. The numbers are those of real nodes, whose
//! sequences skip phases that have nothing to do.

use crate::console::{Console, go_duration};
use std::time::Instant;

/// A sequence that has begun.
pub struct Sequence {
    console: Console,
    name: &'static str,
    phases: usize,
    begun: Instant,
}

impl Sequence {
    /// Begins a sequence.
    #[must_use]
    pub fn begin(console: &Console, name: &'static str, phases: usize) -> Self {
        console.say(&format!("{name} sequence: {phases} phase(s)"));
        Self {
            console: console.clone(),
            name,
            phases,
            begun: Instant::now(),
        }
    }

    /// Begins a phase.
    #[must_use]
    pub fn phase(&self, number: usize, name: &'static str, tasks: usize) -> Phase {
        let title = format!("phase {name} ({number}/{})", self.phases);
        self.console.say(&format!("{title}: {tasks} tasks(s)"));
        Phase {
            console: self.console.clone(),
            title,
            tasks,
            begun: Instant::now(),
        }
    }

    /// A phase of one task that does its work at once.
    pub fn single<T>(
        &self,
        number: usize,
        name: &'static str,
        task: &'static str,
        work: impl FnOnce(&Task) -> T,
    ) -> T {
        let phase = self.phase(number, name, 1);
        let task = phase.task(1, task);
        let result = work(&task);
        task.done();
        phase.done();
        result
    }

    /// Ends it well.
    pub fn done(self) {
        let time = go_duration(self.begun.elapsed());
        self.console
            .say(&format!("{} sequence: done: {time}", self.name));
    }

    /// Ends it before it was done.
    pub fn failed(self) {
        self.console.say(&format!("{} sequence: failed", self.name));
    }
}

/// A phase that has begun.
pub struct Phase {
    console: Console,
    title: String,
    tasks: usize,
    begun: Instant,
}

impl Phase {
    /// Begins a task.
    #[must_use]
    pub fn task(&self, number: usize, name: &'static str) -> Task {
        let title = format!("task {name} ({number}/{})", self.tasks);
        self.console.say(&format!("{title}: starting"));
        Task {
            console: self.console.clone(),
            title,
            begun: Instant::now(),
        }
    }

    /// Ends it well.
    pub fn done(self) {
        let time = go_duration(self.begun.elapsed());
        self.console.say(&format!("{}: done, {time}", self.title));
    }

    /// Ends it before it was done.
    pub fn failed(self) {
        self.console.say(&format!("{}: failed", self.title));
    }
}

/// A task that has begun.
pub struct Task {
    console: Console,
    title: String,
    begun: Instant,
}

impl Task {
    /// Prints a line of the task.
    pub fn say(&self, text: &str) {
        self.console.say(&format!("{}: {text}", self.title));
    }

    /// Ends it well.
    pub fn done(self) {
        self.say(&format!("done, {}", go_duration(self.begun.elapsed())));
    }

    /// Ends it with its reason.
    pub fn failed(self, reason: &str) {
        self.say(&format!("failed: {reason}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::tests::Paper;

    #[test]
    fn the_lines_are_those_of_real_nodes() {
        let paper = Paper::default();
        let console = Console::to(paper.clone());
        let sequence = Sequence::begin(&console, "initialize", 9);
        sequence.single(3, "usb", "waitForUSB", |_| ());
        let phase = sequence.phase(9, "config", 1);
        phase.task(1, "loadConfig").failed("context canceled");
        phase.failed();
        sequence.failed();
        let text = paper.text();
        let lines: Vec<&str> = text
            .lines()
            .map(|line| line.strip_prefix("<12>[talos] ").unwrap())
            .map(|line| line.split_once(", ").map_or(line, |(head, _)| head))
            .collect();
        assert_eq!(
            lines,
            [
                "initialize sequence: 9 phase(s)",
                "phase usb (3/9): 1 tasks(s)",
                "task waitForUSB (1/1): starting",
                "task waitForUSB (1/1): done",
                "phase usb (3/9): done",
                "phase config (9/9): 1 tasks(s)",
                "task loadConfig (1/1): starting",
                "task loadConfig (1/1): failed: context canceled",
                "phase config (9/9): failed",
                "initialize sequence: failed",
            ]
        );
    }
}
