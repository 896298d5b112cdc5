//! A small memory of what resolvers outside have answered. Pure; the time is given.

use super::query::{Key, lifetime};
use hickory_proto::op::Message;
use smoltcp::time::{Duration, Instant};
use std::collections::HashMap;

/// Answers kept.
const ENTRIES: usize = 512;
/// The longest an answer is kept, whatever it says: the host's network may change under it.
const LONGEST: u32 = 3600;
/// The longest "there is none" is kept.
const LONGEST_NEGATIVE: u32 = 60;

#[derive(Debug)]
struct Kept {
    message: Message,
    since: Instant,
    until: Instant,
}

/// The memory.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    kept: HashMap<Key, Kept>,
}

impl Cache {
    /// Keeps an answer, if it may be kept.
    pub(crate) fn keep(&mut self, key: Key, message: &Message, now: Instant) {
        let longest = if message.answers.is_empty() {
            LONGEST_NEGATIVE
        } else {
            LONGEST
        };
        let Some(seconds) = lifetime(message)
            .map(|seconds| seconds.min(longest))
            .filter(|s| *s > 0)
        else {
            return;
        };
        if self.kept.len() >= ENTRIES {
            self.kept.retain(|_, kept| now < kept.until);
        }
        if self.kept.len() >= ENTRIES {
            let soonest = self.kept.iter().min_by_key(|(_, kept)| kept.until);
            if let Some(key) = soonest.map(|(key, _)| key.clone()) {
                self.kept.remove(&key);
            }
        }
        let kept = Kept {
            message: message.clone(),
            since: now,
            until: now + Duration::from_secs(seconds.into()),
        };
        self.kept.insert(key, kept);
    }

    /// An answer that is still good, its lifetimes shortened by the time it lay here.
    pub(crate) fn find(&self, key: &Key, now: Instant) -> Option<Message> {
        let kept = self.kept.get(key).filter(|kept| now < kept.until)?;
        let mut message = kept.message.clone();
        let age = u32::try_from((now - kept.since).secs()).unwrap_or(u32::MAX);
        let sections = [
            &mut message.answers,
            &mut message.authorities,
            &mut message.additionals,
        ];
        for record in sections.into_iter().flatten() {
            record.ttl = record.ttl.saturating_sub(age);
        }
        Some(message)
    }

    /// Forgets everything: another resolver may say something else.
    pub(crate) fn clear(&mut self) {
        self.kept.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::super::query::parse;
    use super::*;
    use hickory_proto::op::Query;
    use hickory_proto::rr::rdata::A;
    use hickory_proto::rr::{RData, Record, RecordType};

    fn answer(name: &str, ttl: u32) -> (Key, Message) {
        let mut asked = Message::query();
        let name = name.parse::<hickory_proto::rr::Name>().unwrap();
        asked.add_query(Query::query(name.clone(), RecordType::A));
        let key = parse(&asked.to_vec().unwrap()).unwrap().key();
        let mut answer = asked.into_response();
        answer.add_answer(Record::from_rdata(name, ttl, RData::A(A::new(10, 9, 8, 7))));
        (key, answer)
    }

    #[test]
    fn an_answer_grows_old_and_is_forgotten() {
        let mut cache = Cache::default();
        let (key, message) = answer("a.example.", 100);
        cache.keep(key.clone(), &message, Instant::from_secs(0));
        let found = cache.find(&key, Instant::from_secs(40)).unwrap();
        assert_eq!(found.answers[0].ttl, 60);
        assert!(cache.find(&key, Instant::from_secs(100)).is_none());
        // Names differ by nothing in their letters' size.
        let (upper, _) = answer("A.EXAMPLE.", 1);
        assert!(cache.find(&upper, Instant::from_secs(1)).is_some());
    }

    #[test]
    fn it_stays_small_and_loses_what_would_go_first() {
        let mut cache = Cache::default();
        for n in 0..2000u32 {
            let (key, message) = answer(&format!("n{n}.example."), 10 + n);
            cache.keep(key, &message, Instant::ZERO);
        }
        assert_eq!(cache.kept.len(), ENTRIES);
        let (last, _) = answer("n1999.example.", 1);
        assert!(cache.find(&last, Instant::ZERO).is_some());
    }

    #[test]
    fn what_must_not_be_kept_is_not() {
        let mut cache = Cache::default();
        let (key, message) = answer("a.example.", 0);
        cache.keep(key.clone(), &message, Instant::ZERO);
        let (_, mut cut) = answer("a.example.", 100);
        cut.metadata.truncation = true;
        cache.keep(key, &cut, Instant::ZERO);
        assert!(cache.kept.is_empty());
    }
}
