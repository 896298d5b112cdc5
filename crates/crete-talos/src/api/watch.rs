//! Watching a kind of resource, across interruptions.
//!
//! ```text
//!            ┌───────── bookmark lost: begin anew ──────────┐
//!            ▼                                              │
//! begin ─▶ Begin ─▶ Set… ─▶ Complete ─▶ Set, Gone… ─▶ (interrupted) ─▶ from the bookmark
//! ```
//!
//! A reader can rebuild its whole view at every `Begin`.

use super::cause::Cause;
use super::error::ApiError;
use super::frames::Frames;
use super::node::Node;
use super::resource::{Kind, Metadata, Resource, metadata};
use super::wire::cosi::resource as wire;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// A place in a watch, to go on from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bookmark(Vec<u8>);

/// A change of a kind's resources.
#[derive(Debug, Clone, PartialEq)]
pub enum Change<T> {
    /// What follows is everything there is: forget what was known.
    Begin,
    /// A resource is there, or says something else now.
    Set(Resource<T>),
    /// A resource is gone.
    Gone(Metadata),
    /// Everything has been told; changes follow.
    Complete,
}

/// The pauses between attempts to go on.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Changes of a kind's resources, one after another.
#[derive(Debug)]
pub struct Watch<T> {
    node: Node,
    kind: Kind<T>,
    frames: Option<Frames<wire::WatchResponse>>,
    ready: VecDeque<Change<T>>,
    bookmark: Option<Bookmark>,
    /// True until a node has answered that tells everything from the beginning.
    begins: bool,
    /// How long to try before an interruption is an error.
    patience: Duration,
    interrupted: Option<Instant>,
    pause: Duration,
}

impl Node {
    /// Watches a kind. A watch that is interrupted goes on where it was; only when that takes
    /// longer than `patience` it fails.
    #[must_use]
    pub fn watch<T: prost::Message + Default>(
        &self,
        kind: Kind<T>,
        patience: Duration,
    ) -> Watch<T> {
        Watch {
            node: self.clone(),
            kind,
            frames: None,
            ready: VecDeque::new(),
            bookmark: None,
            begins: true,
            patience,
            interrupted: None,
            pause: FIRST_PAUSE,
        }
    }
}

impl<T: prost::Message + Default> Watch<T> {
    /// The next change. Can be dropped and called again without losing one.
    ///
    /// # Errors
    /// What a stream can fail with. What cannot pass by itself fails at once, interruptions when
    /// they last too long; after an error the next call tries again.
    pub async fn next(&mut self) -> Result<Change<T>, ApiError> {
        loop {
            if let Some(change) = self.ready.pop_front() {
                return Ok(change);
            }
            let frames = match &mut self.frames {
                Some(frames) => frames,
                None => {
                    let frames = self.open();
                    self.frames.insert(frames)
                }
            };
            match frames.next().await {
                Ok(Some(answer)) => {
                    self.interrupted = None;
                    self.pause = FIRST_PAUSE;
                    if std::mem::take(&mut self.begins) {
                        self.ready.push_back(Change::Begin);
                    }
                    for event in answer.event {
                        self.take(event)?;
                    }
                }
                Ok(None) => self.interrupt(None).await?,
                Err(error) => self.interrupt(Some(error)).await?,
            }
        }
    }

    fn open(&mut self) -> Frames<wire::WatchResponse> {
        let fresh = self.bookmark.is_none();
        self.begins = fresh;
        let request = wire::WatchRequest {
            namespace: self.kind.namespace.to_owned(),
            r#type: self.kind.name.to_owned(),
            id: None,
            options: Some(wire::WatchOptions {
                bootstrap_contents: fresh,
                aggregated: true,
                start_from_bookmark: self.bookmark.as_ref().map(|mark| mark.0.clone()),
                ..wire::WatchOptions::default()
            }),
            api_version: 1,
        };
        let mut state = self.node.state();
        Frames::new("Watch", self.node.name(), async move {
            state.watch(request).await
        })
    }

    fn take(&mut self, event: wire::Event) -> Result<(), ApiError> {
        use wire::EventType;
        let kind = event.event_type();
        if let Some(mark) = event.bookmark.filter(|mark| !mark.is_empty()) {
            self.bookmark = Some(Bookmark(mark));
        }
        let resource = event.resource.unwrap_or_default();
        match kind {
            EventType::Created | EventType::Updated => {
                self.ready.push_back(Change::Set(self.kind.read(resource)));
            }
            EventType::Destroyed => {
                let gone = metadata(resource.metadata.unwrap_or_default());
                self.ready.push_back(Change::Gone(gone));
            }
            EventType::Bootstrapped => self.ready.push_back(Change::Complete),
            EventType::Noop => {}
            EventType::Errored => {
                self.frames = None;
                let text = event.error.unwrap_or_default();
                return Err(ApiError::new(Cause::Other, "Watch", self.node.name(), text));
            }
        }
        Ok(())
    }

    /// Decides whether to go on, and waits before it.
    async fn interrupt(&mut self, error: Option<ApiError>) -> Result<(), ApiError> {
        self.frames = None;
        if let Some(error) = error {
            if error.cause == Cause::BookmarkLost {
                self.bookmark = None;
                return Ok(());
            }
            let since = *self.interrupted.get_or_insert_with(Instant::now);
            if !error.cause.passes() || since.elapsed() > self.patience {
                self.interrupted = None;
                return Err(error);
            }
        }
        sleep(self.pause).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        Ok(())
    }
}
