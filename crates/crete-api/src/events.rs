//! What a page is told without asking: topics of keyed items.
//!
//! ```text
//! Init ▶ Item* ▶ InitDone ▶ (Upsert | Remove)*      each with a growing generation
//! ```
//!
//! A page can rebuild its whole view at any time by opening the channel again.

use crete_engine::{Changes, Engine, Live, LiveChange, Subscription};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::future::Future;
use std::pin::Pin;
use tokio::sync::broadcast::error::TryRecvError;
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
/// The first batch is everything there is, so that a page can be drawn once and whole. A topic
/// whose reader fell behind is sent again from `Init`.
#[must_use]
pub fn event_frames(
    engine: &Engine,
    cancel: &CancellationToken,
) -> mpsc::Receiver<Vec<EventFrame>> {
    let (sender, receiver) = mpsc::channel(BATCHES);
    let mut topics = Topics {
        everything: Vec::new(),
        followers: Vec::new(),
        sender,
        // The engine waits for its tasks, so they end with it as well as with their reader.
        ends: [cancel.clone(), engine.closing.clone()],
    };
    topics.add(Topic::Machines, &engine.machines);
    topics.add(Topic::Networks, &engine.networks);
    topics.add(Topic::Clusters, &engine.clusters);
    topics.add(Topic::Traffic, &engine.traffic);
    topics.add(Topic::Nodes, &engine.nodes);
    topics.add(Topic::Facts, &engine.facts);
    topics.add(Topic::Figures, &engine.figures);
    topics.add(Topic::Images, &engine.images);
    topics.add(Topic::Jobs, &engine.jobs);
    topics.add(Topic::Trash, &engine.trash);
    topics.add(Topic::Drafts, &engine.drafts);
    topics.add(Topic::Broken, &engine.broken);
    topics.add(Topic::Drops, &engine.drops);
    topics.add(Topic::Host, &engine.host);
    topics.add(Topic::Usage, &engine.usage);
    // There is room for it: nobody has sent anything yet.
    let _ = topics.sender.try_send(topics.everything);
    for follower in topics.followers {
        engine.tasks.spawn(follower);
    }
    receiver
}

/// Batches that may wait for a slow page.
const BATCHES: usize = 32;

/// Topics whose readers have not begun yet.
struct Topics {
    everything: Vec<EventFrame>,
    followers: Vec<Pin<Box<dyn Future<Output = ()> + Send>>>,
    sender: mpsc::Sender<Vec<EventFrame>>,
    ends: [CancellationToken; 2],
}

impl Topics {
    fn add<T>(&mut self, topic: Topic, live: &Live<T>)
    where
        T: Clone + PartialEq + Serialize + Send + Sync + 'static,
    {
        let (items, changes) = everything(topic, live);
        self.everything.extend(items);
        let (live, sender, [reader, engine]) =
            (live.clone(), self.sender.clone(), self.ends.clone());
        self.followers.push(Box::pin(async move {
            tokio::select! {
                () = reader.cancelled() => {}
                () = engine.cancelled() => {}
                () = sender.closed() => {}
                () = follow(topic, live, changes, &sender) => {}
            }
        }));
    }
}

/// All that a topic has, and what comes after it.
fn everything<T>(topic: Topic, live: &Live<T>) -> (Vec<EventFrame>, Changes<T>)
where
    T: Clone + PartialEq + Serialize,
{
    let Subscription {
        generation,
        items,
        changes,
    } = live.subscribe();
    let frame = |change| EventFrame {
        topic,
        generation,
        change,
    };
    let mut batch = vec![frame(Change::Init)];
    batch.extend(items.into_iter().map(|(key, value)| {
        let value = to_value(&value);
        frame(Change::Item { key, value })
    }));
    batch.push(frame(Change::InitDone));
    (batch, changes)
}

async fn follow<T>(
    topic: Topic,
    live: Live<T>,
    mut changes: Changes<T>,
    sender: &mpsc::Sender<Vec<EventFrame>>,
) where
    T: Clone + PartialEq + Serialize,
{
    loop {
        let mut batch = Vec::new();
        let mut next = match changes.recv().await {
            Ok(change) => Ok(change),
            Err(broadcast::error::RecvError::Lagged(missed)) => Err(TryRecvError::Lagged(missed)),
            Err(broadcast::error::RecvError::Closed) => return,
        };
        // Whatever else is there already goes in the same message.
        loop {
            match next {
                Ok(change) => batch.push(render(topic, &change)),
                Err(TryRecvError::Lagged(_)) => (batch, changes) = everything(topic, &live),
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
            next = changes.try_recv();
        }
        if sender.send(batch).await.is_err() {
            return;
        }
    }
}

fn render<T: Serialize>(topic: Topic, change: &LiveChange<T>) -> EventFrame {
    let key = change.key.clone();
    let generation = change.generation;
    let change = match &change.value {
        Some(value) => Change::Upsert {
            key,
            value: to_value(value),
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
