//! Logs and events of a node for a reader, across interruptions. What is missing is said.

use super::happenings::event;
use super::lines::{Cutter, Place, Told};
use super::look::{Depth, Look};
use super::problem::problem;
use crate::Engine;
use crate::error::Result;
use crete_model::{MachineId, NodeRecord, NodeSource, Problem};
use crete_talos::api::wire::common::Data;
use crete_talos::api::{ApiError, Cause, EventCursor, Frames, Node};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};

/// Records that may wait for a slow reader.
const RECORDS: usize = 8;
/// What is there of a log comes at once; after a pause so long it is what happens now.
const HISTORY: Duration = Duration::from_millis(300);
/// Lines of a log that are looked through for the place to go on from.
const MOST_LINES: usize = 100_000;
/// Before a log that ended is asked for again.
const PAUSE: Duration = Duration::from_secs(1);

impl Engine {
    /// Tells what a node says line by line, from what it still knows on, until the receiver is
    /// dropped. The node is looked at meanwhile.
    ///
    /// # Errors
    /// When there is no such machine.
    pub fn tell_of_node(
        &self,
        machine: MachineId,
        source: NodeSource,
    ) -> Result<mpsc::Receiver<NodeRecord>> {
        let look = self.look_at_node(machine, Depth::Summary)?;
        let (sender, receiver) = mpsc::channel(RECORDS);
        let mut teller = Teller {
            current: self.node_book.current(machine),
            out: sender.clone(),
            name: self
                .machines
                .get(&machine.to_string())
                .map(|view| view.spec.name),
            told: Told::default(),
            cursor: EventCursor::default(),
            boot: None,
            missing: false,
            source,
        };
        let closing = self.closing.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = closing.cancelled() => {}
                () = sender.closed() => {}
                () = teller.run() => {}
            }
            drop::<Look>(look);
        });
        Ok(receiver)
    }
}

struct Teller {
    current: watch::Receiver<Option<Node>>,
    out: mpsc::Sender<NodeRecord>,
    name: Option<String>,
    source: NodeSource,
    told: Told,
    cursor: EventCursor,
    /// When the node started, by its own word: lines of another life may look the same.
    boot: Option<u64>,
    /// True when a gap has to be told before anything else.
    missing: bool,
}

/// Why telling stopped.
enum Stop {
    /// The reader is gone.
    Nobody,
    /// It can go on when the node is heard again.
    Later,
    /// It will not be told.
    Never(Problem),
}

impl From<mpsc::error::SendError<()>> for Stop {
    fn from(_: mpsc::error::SendError<()>) -> Self {
        Self::Nobody
    }
}

impl Teller {
    async fn run(&mut self) {
        loop {
            let Some(node) = self.heard().await else {
                return;
            };
            let mut current = self.current.clone();
            let source = self.source.clone();
            let stop = tokio::select! {
                // Hidden, off, or met as something else: it goes on with another channel. A moment
                // without one may be over before it is noticed, so any change counts. Whatever waits
                // here for a slow reader is given up, so nothing counts as told before it is.
                _ = current.changed() => continue,
                stop = self.tell(&node, &source) => stop.err().unwrap_or(Stop::Later),
            };
            match stop {
                Stop::Nobody => return,
                Stop::Later => sleep(PAUSE).await,
                Stop::Never(problem) => {
                    // A reader that is gone needs to be told nothing.
                    let _ = self.out.send(NodeRecord::Refused { problem }).await;
                    return;
                }
            }
        }
    }

    /// The channel to the node, as soon as it is heard.
    async fn heard(&mut self) -> Option<Node> {
        if self.current.borrow().is_none() {
            self.out.send(NodeRecord::Waiting).await.ok()?;
        }
        let found = self.current.wait_for(Option::is_some).await.ok()?;
        found.clone()
    }

    async fn tell(&mut self, node: &Node, source: &NodeSource) -> std::result::Result<(), Stop> {
        self.notice_restart(node).await?;
        let frames = match source {
            NodeSource::Events => return self.tell_events(node).await,
            NodeSource::Kernel => node.kernel_log(true, false),
            NodeSource::Service { id } => node.service_log(id, true, None),
            NodeSource::Container { id } => node.container_log(id, true, None),
        };
        let each_is_a_line = *source == NodeSource::Kernel;
        self.tell_log(frames, each_is_a_line).await
    }

    /// After a restart nothing goes on: what follows is told from its beginning, behind a gap.
    async fn notice_restart(&mut self, node: &Node) -> std::result::Result<(), Stop> {
        let boot = match node.processor_counters().await {
            Ok(counters) => counters.boot_time,
            Err(error) => {
                return match self.stop(&error) {
                    // Where it is not told, logs are found again by their lines alone.
                    Stop::Never(_) => Ok(()),
                    stop => Err(stop),
                };
            }
        };
        if self.boot.replace(boot).is_some_and(|before| before != boot) {
            self.told = Told::default();
            self.cursor = EventCursor::default();
            self.missing = true;
        }
        self.tell_gap().await
    }

    /// Tells of a gap, if there is one. It stays until it is told.
    async fn tell_gap(&mut self) -> std::result::Result<(), Stop> {
        if self.missing {
            self.out.reserve().await?.send(NodeRecord::Gap);
            self.missing = false;
        }
        Ok(())
    }

    async fn tell_log(
        &mut self,
        mut frames: Frames<Data>,
        each_is_a_line: bool,
    ) -> std::result::Result<(), Stop> {
        let mut cutter = Cutter::default();
        if !self.told.is_empty() {
            self.go_on(&mut frames, &mut cutter, each_is_a_line).await?;
        }
        while let Some(lines) = self.lines(&mut frames, &mut cutter, each_is_a_line).await? {
            self.send(lines).await?;
        }
        self.send(cutter.flush().into_iter().collect()).await
    }

    /// Reads what is there, and tells what of it was not told.
    async fn go_on(
        &mut self,
        frames: &mut Frames<Data>,
        cutter: &mut Cutter,
        each_is_a_line: bool,
    ) -> std::result::Result<(), Stop> {
        let mut fresh = Vec::new();
        while fresh.len() < MOST_LINES {
            let next = self.lines(frames, cutter, each_is_a_line);
            match timeout(HISTORY, next).await {
                Ok(lines) => match lines? {
                    Some(lines) => fresh.extend(lines),
                    None => break,
                },
                Err(_) if fresh.is_empty() => {
                    // It has not begun: under emulation that takes a while.
                    let first = self.lines(frames, cutter, each_is_a_line).await?;
                    fresh.extend(first.unwrap_or_default());
                }
                Err(_) => break,
            }
        }
        match self.told.place(&fresh) {
            Place::Behind(count) => drop(fresh.drain(..count)),
            Place::Missing => {
                // What was told is of no more use: whoever comes here again begins anew.
                self.told = Told::default();
                self.missing = true;
                self.tell_gap().await?;
            }
        }
        self.send(fresh).await
    }

    /// The next lines; nothing at the end. Can be dropped without losing one.
    async fn lines(
        &self,
        frames: &mut Frames<Data>,
        cutter: &mut Cutter,
        each_is_a_line: bool,
    ) -> std::result::Result<Option<Vec<String>>, Stop> {
        let piece = frames.bytes().await.map_err(|error| self.stop(&error))?;
        Ok(piece.map(|bytes| {
            let mut lines = cutter.feed(&bytes);
            if each_is_a_line {
                lines.extend(cutter.flush());
            }
            lines
        }))
    }

    async fn send(&mut self, lines: Vec<String>) -> std::result::Result<(), Stop> {
        if lines.is_empty() {
            return Ok(());
        }
        let room = self.out.reserve().await?;
        self.told.saw(&lines);
        room.send(NodeRecord::Lines { lines });
        Ok(())
    }

    async fn tell_events(&mut self, node: &Node) -> std::result::Result<(), Stop> {
        let mut events = node.events(&self.cursor);
        loop {
            match events.next().await {
                Ok(Some(next)) => {
                    let room = self.out.reserve().await?;
                    self.cursor.saw(&next);
                    room.send(NodeRecord::Event { event: event(next) });
                }
                Ok(None) => return Ok(()),
                Err(error) if error.cause == Cause::BookmarkLost => {
                    self.cursor = EventCursor::default();
                    self.missing = true;
                    self.tell_gap().await?;
                    events = node.events(&self.cursor);
                }
                Err(error) => return Err(self.stop(&error)),
            }
        }
    }

    /// What an error means: most pass, as the node's own task will find out.
    fn stop(&self, error: &ApiError) -> Stop {
        let never = matches!(
            error.cause,
            Cause::NotOffered
                | Cause::UnknownName
                | Cause::NotFound
                | Cause::NotAuthorized
                | Cause::OnlyAfterConfiguration
                | Cause::BadRequest
                | Cause::Other
        );
        if !never {
            return Stop::Later;
        }
        let mut problem = problem(error);
        if let Some(name) = &self.name {
            problem.params.insert("name".to_owned(), name.clone());
        }
        Stop::Never(problem)
    }
}
