//! Work on the connections of a network: those that have something to do, and those whose timer is
//! due. How many others there are costs nothing.

use super::{Connections, Outcome, Stage};
use crate::frame::Mac;
use crate::nat::flow::Course;
use crate::wire::Sender;
use smoltcp::time::{Duration, Instant};
use std::cmp::Reverse;

const SHORTEST_SLEEP: Duration = Duration::from_millis(1);

impl Connections {
    /// Works on every connection that has something to do. True when some wait for room in a queue
    /// that may have it once it was sent from.
    pub(crate) fn work(&mut self, sender: &mut Sender<'_>) -> bool {
        self.wake(sender);
        let mut waiting = std::mem::take(&mut self.waiting);
        for at in waiting.drain(..) {
            self.mark(at);
        }
        self.waiting = waiting;
        let mut dirty = std::mem::take(&mut self.dirty);
        for at in dirty.drain(..) {
            self.work_on(at, sender);
        }
        self.dirty = dirty;
        !self.waiting.is_empty()
    }

    /// Connections that wait for room in a queue, by their machine.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = Mac> + '_ {
        let machine = |at: &usize| self.all.get(*at).map(|connection| connection.machine);
        self.waiting.iter().filter_map(machine)
    }

    fn work_on(&mut self, at: usize, sender: &mut Sender<'_>) {
        let Some(connection) = self.all.get_mut(at) else {
            return;
        };
        connection.is_dirty = false;
        let Stage::Open(flow) = &mut connection.stage else {
            return;
        };
        let course = flow.work(sender);
        if let Some((ticket, until)) = connection.ticket {
            let (is_open, is_over) = (flow.is_open(), course == Course::Over);
            if is_open || is_over {
                connection.ticket = None;
                self.outcomes.push(Outcome {
                    ticket,
                    failed: if is_open { None } else { flow.take_far() },
                    was_refused: !is_open && sender.now < until,
                });
            }
        }
        match course {
            Course::Over => drop(self.remove(at)),
            Course::Waits => self.waiting.push(at),
            Course::Goes => {
                if let Some(wake) = flow.wakes_at(sender.now) {
                    // Whatever the stack says, the loop must not spin.
                    self.schedule(at, wake.max(sender.now + SHORTEST_SLEEP));
                }
            }
        }
    }

    pub(super) fn schedule(&mut self, at: usize, wake: Instant) {
        if let Some(connection) = self.all.get_mut(at)
            && connection.timer.is_none_or(|timer| wake < timer)
        {
            connection.timer = Some(wake);
            self.timers.push(Reverse((wake, at)));
        }
    }

    /// When a timer is due.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.timers.peek().map(|Reverse((at, _))| *at)
    }

    /// Marks connections whose timer is due.
    fn wake(&mut self, sender: &Sender<'_>) {
        let now = sender.now;
        while let Some(Reverse((due, at))) = self.timers.peek().copied() {
            if due > now {
                return;
            }
            self.timers.pop();
            let Some(connection) = self
                .all
                .get_mut(at)
                .filter(|known| known.timer == Some(due))
            else {
                continue;
            };
            connection.timer = None;
            match connection.stage {
                Stage::Dialling { until, .. } if now >= until => drop(self.remove(at)),
                Stage::Dialling { until, .. } => self.schedule(at, until),
                Stage::Open(_) => self.mark(at),
            }
        }
    }

    /// What came of connections to machines since the last call.
    pub(crate) fn outcomes(&mut self) -> Vec<Outcome> {
        std::mem::take(&mut self.outcomes)
    }
}
