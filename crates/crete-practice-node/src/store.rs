//! The state of a node as resources: kept, listed and watched by kind.
//!
//! ```text
//! put, remove ─▶ entries (newest of each)  ─▶ get, list
//!          └───▶ history (bounded)         ─▶ watch, from the beginning or from a bookmark
//! ```

use crate::time::Clock;
use jiff::Timestamp;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// Changes that can be told again to who comes with a bookmark.
const HISTORY: usize = 4096;

/// A kind of resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind {
    /// Its full type.
    pub name: &'static str,
    pub namespace: &'static str,
    /// The controller that real nodes name as its owner.
    pub owner: &'static str,
    /// True when only administrators may read it.
    pub sensitive: bool,
}

/// What a resource says, in both forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spec {
    pub proto: Vec<u8>,
    pub yaml: String,
}

/// A resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Resource {
    pub kind: Kind,
    pub id: String,
    pub version: u64,
    pub created: Timestamp,
    pub updated: Timestamp,
    pub labels: BTreeMap<String, String>,
    pub spec: Spec,
}

/// What became of a resource.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    Created(Arc<Resource>),
    Updated(Arc<Resource>, Arc<Resource>),
    Destroyed(Arc<Resource>),
}

impl Change {
    pub fn resource(&self) -> &Resource {
        match self {
            Self::Created(new) | Self::Updated(new, _) | Self::Destroyed(new) => new,
        }
    }
}

#[derive(Debug, Default)]
struct Inner {
    entries: BTreeMap<(&'static str, String), Arc<Resource>>,
    history: VecDeque<Change>,
    /// Changes that fell out of the history.
    dropped: u64,
}

/// The resources of one boot.
#[derive(Debug)]
pub(crate) struct Store {
    clock: Clock,
    inner: Mutex<Inner>,
    count: watch::Sender<u64>,
}

impl Store {
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            inner: Mutex::default(),
            count: watch::Sender::new(0),
        }
    }

    fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets what a resource says; nothing happens when it says so already.
    pub fn put(&self, kind: Kind, id: &str, spec: Spec) {
        self.put_labelled(kind, id, spec, BTreeMap::new());
    }

    pub fn put_labelled(&self, kind: Kind, id: &str, spec: Spec, labels: BTreeMap<String, String>) {
        let now = self.clock.now();
        let mut inner = self.inner();
        let key = (kind.name, id.to_owned());
        let old = inner.entries.get(&key).cloned();
        if old
            .as_ref()
            .is_some_and(|old| old.spec == spec && old.labels == labels)
        {
            return;
        }
        let new = Arc::new(Resource {
            kind,
            id: id.to_owned(),
            version: old.as_ref().map_or(1, |old| old.version + 1),
            created: old.as_ref().map_or(now, |old| old.created),
            updated: now,
            labels,
            spec,
        });
        inner.entries.insert(key, Arc::clone(&new));
        let change = match old {
            None => Change::Created(new),
            Some(old) => Change::Updated(new, old),
        };
        self.record(inner, change);
    }

    /// Takes a resource away.
    pub fn remove(&self, kind: Kind, id: &str) {
        let mut inner = self.inner();
        if let Some(old) = inner.entries.remove(&(kind.name, id.to_owned())) {
            self.record(inner, Change::Destroyed(old));
        }
    }

    /// Takes away every resource of a kind but these.
    pub fn keep_only(&self, kind: Kind, ids: &[String]) {
        for resource in self.list(kind) {
            if !ids.contains(&resource.id) {
                self.remove(kind, &resource.id);
            }
        }
    }

    fn record(&self, mut inner: std::sync::MutexGuard<'_, Inner>, change: Change) {
        inner.history.push_back(change);
        if inner.history.len() > HISTORY {
            inner.history.pop_front();
            inner.dropped += 1;
        }
        drop(inner);
        self.count.send_modify(|count| *count += 1);
    }

    pub fn get(&self, kind: Kind, id: &str) -> Option<Arc<Resource>> {
        let inner = self.inner();
        inner.entries.get(&(kind.name, id.to_owned())).cloned()
    }

    /// The resources of a kind, by id.
    pub fn list(&self, kind: Kind) -> Vec<Arc<Resource>> {
        let inner = self.inner();
        let from = (kind.name, String::new());
        inner
            .entries
            .range(from..)
            .take_while(|((name, _), _)| *name == kind.name)
            .map(|(_, resource)| Arc::clone(resource))
            .collect()
    }

    /// The place behind every change so far, and the resources of a kind at that place.
    pub fn now(&self, kind: Kind) -> (u64, Vec<Arc<Resource>>) {
        let inner = self.inner();
        let place = inner.dropped + inner.history.len() as u64;
        let all = inner.entries.iter();
        let mine = all.filter(|((name, _), _)| *name == kind.name);
        (place, mine.map(|(_, one)| Arc::clone(one)).collect())
    }

    /// True when every change from a place on is still known.
    pub fn knows(&self, place: u64) -> bool {
        let inner = self.inner();
        place >= inner.dropped && place <= inner.dropped + inner.history.len() as u64
    }

    /// Waits for changes of a kind from a place on; each comes with the place behind it.
    pub async fn after(&self, kind: Kind, place: u64) -> (Vec<(u64, Change)>, u64) {
        let mut count = self.count.subscribe();
        loop {
            count.borrow_and_update();
            let (changes, next) = self.there(kind, place);
            if !changes.is_empty() {
                return (changes, next);
            }
            // The sender is in `self`.
            let _ = count.changed().await;
        }
    }

    fn there(&self, kind: Kind, place: u64) -> (Vec<(u64, Change)>, u64) {
        let inner = self.inner();
        let end = inner.dropped + inner.history.len() as u64;
        let skip = usize::try_from(place.saturating_sub(inner.dropped)).unwrap_or(usize::MAX);
        let changes = (inner.dropped + 1..).zip(inner.history.iter()).skip(skip);
        let mine = changes.filter(|(_, change)| change.resource().kind == kind);
        (mine.map(|(at, change)| (at, change.clone())).collect(), end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: Kind = Kind {
        name: "Things.test",
        namespace: "test",
        owner: "",
        sensitive: false,
    };

    fn spec(text: &str) -> Spec {
        Spec {
            proto: text.as_bytes().to_vec(),
            yaml: text.to_owned(),
        }
    }

    #[tokio::test]
    async fn changes_are_told_in_order_and_sameness_is_none() {
        let store = Store::new(Clock::starting_at(Timestamp::UNIX_EPOCH));
        store.put(KIND, "a", spec("1"));
        store.put(KIND, "a", spec("1"));
        let (place, there) = store.now(KIND);
        assert_eq!((place, there.len(), there[0].version), (1, 1, 1));
        store.put(KIND, "a", spec("2"));
        store.remove(KIND, "a");
        store.remove(KIND, "a");
        let (changes, next) = store.after(KIND, place).await;
        assert_eq!(next, 3);
        assert!(matches!(&changes[0], (2, Change::Updated(new, _)) if new.version == 2));
        assert!(matches!(&changes[1], (3, Change::Destroyed(_))));
        assert!(store.knows(0) && store.knows(3) && !store.knows(4));
    }

    #[test]
    fn a_place_is_forgotten_when_too_much_happened() {
        let store = Store::new(Clock::starting_at(Timestamp::UNIX_EPOCH));
        for number in 0..HISTORY + 1 {
            store.put(KIND, "a", spec(&number.to_string()));
        }
        assert!(!store.knows(0) && store.knows(1));
    }
}
