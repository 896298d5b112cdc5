//! What a page is told without asking: topics of keyed items.
//!
//! ```text
//! Init ▶ Item* ▶ InitDone ▶ (Upsert | Remove)*      each with a growing generation
//! ```
//!
//! A page can rebuild its whole view at any time by opening the channel again.

use crete_engine::{Engine, Live, LiveChange};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::future::Future;
use tokio::sync::{broadcast, mpsc};
use tokio_util::sync::CancellationToken;
use ts_rs::TS;

/// A set of items that is kept live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// `ImageView` by image id.
    Images,
    /// `MachineView` by machine id.
    Machines,
    /// `NetworkView` by network id.
    Networks,
    /// `ClusterView` by cluster id.
    Clusters,
    /// `NetworkTraffic` by network id; only while the page is visible.
    Traffic,
    /// `NodeView` by machine id, of nodes that were looked at.
    Nodes,
    /// `NodeFacts` by machine id and kind; only of nodes whose page is open.
    Facts,
    /// `NodeFiguresView` by machine id; only of nodes whose page is open and seen.
    Figures,
    /// `TrashView` by its place in the trash.
    Trash,
    /// `SavedDraft` by draft id.
    Drafts,
    /// `Job` by job id.
    Jobs,
    /// `BrokenView` by path.
    Broken,
    /// One `DropView`, key `drop`: files that are held over the window.
    Drops,
    /// One `HostReport`, key `host`.
    Host,
    /// One `HostUsage`, key `usage`; only while the page is visible.
    Usage,
}

/// One change of a topic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Change {
    /// Forget everything known of this topic.
    Init,
    /// An item that is there.
    Item {
        /// Its key.
        key: String,
        /// Its value.
        #[ts(type = "unknown")]
        value: Value,
    },
    /// All items that are there have been sent.
    InitDone,
    /// An item is new or different.
    Upsert {
        /// Its key.
        key: String,
        /// Its value.
        #[ts(type = "unknown")]
        value: Value,
    },
    /// An item is gone.
    Remove {
        /// Its key.
        key: String,
    },
}

/// A change with its topic and generation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct EventFrame {
    /// The topic.
    pub topic: Topic,
    /// Grows with each frame of this topic; a smaller one is old news.
    #[ts(type = "number")]
    pub generation: u64,
    /// What changed.
    pub change: Change,
}

/// Frames of all topics, in batches, until the receiver is dropped.
///
/// A topic whose reader fell behind is sent again from `Init`.
#[must_use]
pub fn event_frames(
    engine: &Engine,
    cancel: &CancellationToken,
) -> mpsc::Receiver<Vec<EventFrame>> {
    let (sender, receiver) = mpsc::channel(BATCHES);
    let tasks = &engine.tasks;
    // The engine waits for its tasks, so they end with it as well as with their reader.
    let ends = &[cancel.clone(), engine.closing.clone()];
    tasks.spawn(topic(
        Topic::Machines,
        engine.machines.clone(),
        &sender,
        ends,
    ));
    tasks.spawn(topic(
        Topic::Networks,
        engine.networks.clone(),
        &sender,
        ends,
    ));
    tasks.spawn(topic(
        Topic::Clusters,
        engine.clusters.clone(),
        &sender,
        ends,
    ));
    tasks.spawn(topic(Topic::Traffic, engine.traffic.clone(), &sender, ends));
    tasks.spawn(topic(Topic::Nodes, engine.nodes.clone(), &sender, ends));
    tasks.spawn(topic(Topic::Facts, engine.facts.clone(), &sender, ends));
    tasks.spawn(topic(Topic::Figures, engine.figures.clone(), &sender, ends));
    tasks.spawn(topic(Topic::Images, engine.images.clone(), &sender, ends));
    tasks.spawn(topic(Topic::Jobs, engine.jobs.clone(), &sender, ends));
    tasks.spawn(topic(Topic::Trash, engine.trash.clone(), &sender, ends));
    tasks.spawn(topic(Topic::Drafts, engine.drafts.clone(), &sender, ends));
    tasks.spawn(topic(Topic::Broken, engine.broken.clone(), &sender, ends));
    tasks.spawn(topic(Topic::Drops, engine.drops.clone(), &sender, ends));
    tasks.spawn(topic(Topic::Host, engine.host.clone(), &sender, ends));
    tasks.spawn(topic(Topic::Usage, engine.usage.clone(), &sender, ends));
    receiver
}

/// Batches that may wait for a slow page.
const BATCHES: usize = 32;

fn topic<T>(
    topic: Topic,
    live: Live<T>,
    sender: &mpsc::Sender<Vec<EventFrame>>,
    [reader, engine]: &[CancellationToken; 2],
) -> impl Future<Output = ()> + Send + use<T>
where
    T: Clone + PartialEq + Serialize + Send + 'static,
{
    let (sender, reader, engine) = (sender.clone(), reader.clone(), engine.clone());
    async move {
        tokio::select! {
            () = reader.cancelled() => {}
            () = engine.cancelled() => {}
            () = sender.closed() => {}
            () = follow(topic, live, &sender) => {}
        }
    }
}

async fn follow<T>(topic: Topic, live: Live<T>, sender: &mpsc::Sender<Vec<EventFrame>>)
where
    T: Clone + PartialEq + Serialize,
{
    loop {
        let mut subscription = live.subscribe();
        let generation = subscription.generation;
        let frame = |generation, change| EventFrame {
            topic,
            generation,
            change,
        };
        let mut batch = vec![frame(generation, Change::Init)];
        for (key, value) in subscription.items {
            batch.push(frame(
                generation,
                Change::Item {
                    key,
                    value: to_value(&value),
                },
            ));
        }
        batch.push(frame(generation, Change::InitDone));
        if sender.send(batch).await.is_err() {
            return;
        }
        loop {
            let first = match subscription.changes.recv().await {
                Ok(change) => change,
                Err(broadcast::error::RecvError::Lagged(_)) => break,
                Err(broadcast::error::RecvError::Closed) => return,
            };
            let mut batch = vec![render(topic, first)];
            // Whatever else is there already goes in the same message.
            while let Ok(change) = subscription.changes.try_recv() {
                batch.push(render(topic, change));
            }
            if sender.send(batch).await.is_err() {
                return;
            }
        }
    }
}

fn render<T: Serialize>(topic: Topic, change: LiveChange<T>) -> EventFrame {
    let LiveChange {
        generation,
        key,
        value,
    } = change;
    let change = match value {
        Some(value) => Change::Upsert {
            key,
            value: to_value(&value),
        },
        None => Change::Remove { key },
    };
    EventFrame {
        topic,
        generation,
        change,
    }
}

/// Model types are plain data: they always render.
fn to_value<T: Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}
