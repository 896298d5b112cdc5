//! Sequences of phases of tasks: what they print, and the events that tell of them.

use crate::boot::Boot;
use crate::console::go_duration;
use crete_talos::api::wire::common;
use crete_talos::api::wire::machine::{
    PhaseEvent, SequenceEvent, TaskEvent, phase_event, sequence_event, task_event,
};
use tokio::time::Instant;

/// A sequence that has begun.
pub(super) struct Sequence<'a> {
    boot: &'a Boot,
    name: &'static str,
    phases: usize,
    actor: String,
    begun: Instant,
}

impl<'a> Sequence<'a> {
    /// Begins a sequence; `actor` is the call that asked for it, or nothing.
    pub fn begin(boot: &'a Boot, name: &'static str, phases: usize, actor: &str) -> Self {
        boot.say(&format!("{name} sequence: {phases} phase(s)"));
        let sequence = Self {
            boot,
            name,
            phases,
            actor: actor.to_owned(),
            begun: Instant::now(),
        };
        sequence.tell(sequence_event::Action::Start, None);
        sequence
    }

    fn tell(&self, action: sequence_event::Action, error: Option<String>) {
        let error = error.map(|message| common::Error {
            code: common::Code::Fatal.into(),
            message,
            details: Vec::new(),
        });
        let event = SequenceEvent {
            sequence: self.name.to_owned(),
            action: action.into(),
            error,
        };
        self.boot.events.happened(&self.actor, &event);
    }

    /// Begins a phase.
    pub fn phase(&self, number: usize, name: &'static str, tasks: usize) -> Phase<'a> {
        let title = format!("phase {name} ({number}/{})", self.phases);
        self.boot.say(&format!("{title}: {tasks} tasks(s)"));
        let phase = Phase {
            boot: self.boot,
            title,
            name,
            tasks,
            actor: self.actor.clone(),
            begun: Instant::now(),
        };
        phase.tell(phase_event::Action::Start);
        phase
    }

    /// Begins a phase of one task.
    pub fn step(&self, number: usize, phase: &'static str, task: &'static str) -> Step<'a> {
        let phase = self.phase(number, phase, 1);
        let task = phase.task(1, task);
        Step { phase, task }
    }

    /// Does a phase of one task that takes its time and is otherwise done by being told.
    pub async fn pass(
        &self,
        number: usize,
        phase: &'static str,
        task: &'static str,
        milliseconds: u64,
    ) {
        let step = self.step(number, phase, task);
        self.boot.rest(milliseconds).await;
        step.done();
    }

    /// Ends it well.
    pub fn done(self) {
        let time = go_duration(self.begun.elapsed());
        self.boot
            .say(&format!("{} sequence: done: {time}", self.name));
        self.tell(sequence_event::Action::Stop, None);
    }

    /// Ends it before it was done.
    pub fn failed(self, reason: &str) {
        self.boot.say(&format!("{} sequence: failed", self.name));
        self.tell(sequence_event::Action::Stop, None);
        let error = format!("sequence failed: {reason}");
        self.tell(sequence_event::Action::Noop, Some(error));
    }
}

/// A phase that has begun.
pub(super) struct Phase<'a> {
    boot: &'a Boot,
    title: String,
    name: &'static str,
    tasks: usize,
    actor: String,
    begun: Instant,
}

impl<'a> Phase<'a> {
    fn tell(&self, action: phase_event::Action) {
        let event = PhaseEvent {
            phase: self.name.to_owned(),
            action: action.into(),
        };
        self.boot.events.happened(&self.actor, &event);
    }

    /// Begins a task.
    pub fn task(&self, number: usize, name: &'static str) -> Task<'a> {
        let title = format!("task {name} ({number}/{})", self.tasks);
        self.boot.say(&format!("{title}: starting"));
        let task = Task {
            boot: self.boot,
            title,
            name,
            actor: self.actor.clone(),
            begun: Instant::now(),
        };
        task.tell(task_event::Action::Start);
        task
    }

    /// Ends it well.
    pub fn done(self) {
        let time = go_duration(self.begun.elapsed());
        self.boot.say(&format!("{}: done, {time}", self.title));
        self.tell(phase_event::Action::Stop);
    }

    /// Ends it before it was done.
    pub fn failed(self) {
        self.boot.say(&format!("{}: failed", self.title));
        self.tell(phase_event::Action::Stop);
    }
}

/// A task that has begun.
pub(super) struct Task<'a> {
    boot: &'a Boot,
    title: String,
    name: &'static str,
    actor: String,
    begun: Instant,
}

impl Task<'_> {
    fn tell(&self, action: task_event::Action) {
        let event = TaskEvent {
            task: self.name.to_owned(),
            action: action.into(),
        };
        self.boot.events.happened(&self.actor, &event);
    }

    /// Prints a line of the task.
    pub fn say(&self, text: &str) {
        self.boot.say(&format!("{}: {text}", self.title));
    }

    /// Ends it well.
    pub fn done(self) {
        self.say(&format!("done, {}", go_duration(self.begun.elapsed())));
        self.tell(task_event::Action::Stop);
    }

    /// Ends it with its reason.
    pub fn failed(self, reason: &str) {
        self.say(&format!("failed: {reason}"));
        self.tell(task_event::Action::Stop);
    }
}

/// A phase of one task.
pub(super) struct Step<'a> {
    pub phase: Phase<'a>,
    pub task: Task<'a>,
}

impl Step<'_> {
    pub fn done(self) {
        self.task.done();
        self.phase.done();
    }

    pub fn failed(self, reason: &str) {
        self.task.failed(reason);
        self.phase.failed();
    }
}
