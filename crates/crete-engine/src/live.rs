//! Live sets: items by key, watched by any number of readers.
//!
//! A reader first gets everything there is and then every change, in order, with a growing
//! generation. A reader that falls behind is told so and begins again with a fresh snapshot, so
//! a slow page can never hold the engine up nor miss a change for good.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::broadcast;

/// Changes a reader may be behind before it has to begin again.
const BACKLOG: usize = 256;

/// A change of one item.
#[derive(Debug, Clone)]
pub struct LiveChange<T> {
    /// Grows by one with each change of the set.
    pub generation: u64,
    /// The item's key.
    pub key: String,
    /// The new value; absent when the item is gone.
    pub value: Option<T>,
}

#[derive(Debug)]
struct State<T> {
    generation: u64,
    items: BTreeMap<String, T>,
}

#[derive(Debug)]
struct Shared<T> {
    state: Mutex<State<T>>,
    changes: broadcast::Sender<Arc<LiveChange<T>>>,
}

/// A live set. Clones share it.
#[derive(Debug)]
pub struct Live<T>(Arc<Shared<T>>);

impl<T> Clone for Live<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Clone + PartialEq> Default for Live<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// Everything there is at one moment, and the changes after it.
#[derive(Debug)]
pub struct Subscription<T> {
    /// Generation of the snapshot.
    pub generation: u64,
    /// The items.
    pub items: Vec<(String, T)>,
    /// What comes after.
    pub changes: Changes<T>,
}

/// The changes of a set, in order. Shared: a place for each of the backlog is made with the set, and
/// is as large as what stands in it.
pub type Changes<T> = broadcast::Receiver<Arc<LiveChange<T>>>;

impl<T: Clone + PartialEq> Live<T> {
    /// An empty set.
    #[must_use]
    pub fn new() -> Self {
        let (changes, _) = broadcast::channel(BACKLOG);
        let state = State {
            generation: 0,
            items: BTreeMap::new(),
        };
        Self(Arc::new(Shared {
            state: Mutex::new(state),
            changes,
        }))
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        // A panic while the lock was held cannot leave the map half changed.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets an item. Nobody is told when nothing changed.
    pub fn set(&self, key: impl Into<String>, value: T) {
        self.put(&mut self.state(), key.into(), value);
    }

    /// Changes a part of an item, if it is there. What others set meanwhile of the rest is kept.
    pub fn update(&self, key: &str, change: impl FnOnce(&mut T)) {
        let mut state = self.state();
        if let Some(mut value) = state.items.get(key).cloned() {
            change(&mut value);
            self.put(&mut state, key.to_owned(), value);
        }
    }

    fn put(&self, state: &mut State<T>, key: String, value: T) {
        if state.items.get(&key) == Some(&value) {
            return;
        }
        state.items.insert(key.clone(), value.clone());
        state.generation += 1;
        let change = LiveChange {
            generation: state.generation,
            key,
            value: Some(value),
        };
        // Sent under the lock, so that order and generation agree. Nobody listening is no error.
        let _ = self.0.changes.send(Arc::new(change));
    }

    /// Removes an item.
    pub fn remove(&self, key: &str) {
        let mut state = self.state();
        if state.items.remove(key).is_some() {
            state.generation += 1;
            let change = LiveChange {
                generation: state.generation,
                key: key.to_owned(),
                value: None,
            };
            let _ = self.0.changes.send(Arc::new(change));
        }
    }

    /// One item.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<T> {
        self.state().items.get(key).cloned()
    }

    /// All items, by key.
    #[must_use]
    pub fn all(&self) -> Vec<T> {
        self.state().items.values().cloned().collect()
    }

    /// Everything there is, and the changes after it.
    #[must_use]
    pub fn subscribe(&self) -> Subscription<T> {
        let state = self.state();
        Subscription {
            generation: state.generation,
            items: state
                .items
                .iter()
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
            changes: self.0.changes.subscribe(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_part_is_changed_of_what_is_there_only() {
        let live = Live::new();
        live.update("a", |pair: &mut (u8, u8)| pair.1 = 9);
        assert_eq!(live.get("a"), None, "nothing is brought back");
        live.set("a", (1, 2));
        live.update("a", |pair| pair.1 = 9);
        assert_eq!(live.get("a"), Some((1, 9)));
        assert_eq!(live.subscribe().generation, 2);
    }

    proptest! {
        /// Snapshot plus changes is the set, wherever the snapshot was taken.
        #[test]
        fn a_reader_rebuilds_the_set(
            steps in proptest::collection::vec((0u8..4, proptest::option::of(0u8..3)), 0..40),
            split in 0usize..40,
        ) {
            let live = Live::new();
            let apply = |live: &Live<u8>, (key, value): &(u8, Option<u8>)| match value {
                Some(value) => live.set(key.to_string(), *value),
                None => live.remove(&key.to_string()),
            };
            let split = split.min(steps.len());
            for step in &steps[..split] { apply(&live, step); }
            let mut reader = live.subscribe();
            for step in &steps[split..] { apply(&live, step); }
            let mut seen: BTreeMap<String, u8> = reader.items.into_iter().collect();
            let mut last = reader.generation;
            while let Ok(change) = reader.changes.try_recv() {
                prop_assert_eq!(change.generation, last + 1);
                last = change.generation;
                match change.value {
                    Some(value) => { seen.insert(change.key.clone(), value); }
                    None => { seen.remove(&change.key); }
                }
            }
            prop_assert_eq!(seen, live.state().items.clone());
        }
    }
}
