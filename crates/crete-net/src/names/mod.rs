//! Names: those inside, from the zone; all others from the host's resolvers as they are now.

mod cache;
pub(crate) mod conversation;
pub(crate) mod query;
pub(crate) mod resolvers;
pub(crate) mod upstream;
pub(crate) mod zone;

use crate::outside::Surroundings;
use crate::poller::{Poller, Ready};
use cache::Cache;
use hickory_proto::op::ResponseCode;
use query::Question;
use smoltcp::time::Instant;
use std::net::{IpAddr, SocketAddr};
use upstream::{Asker, Ended, ReplyTo, Upstream};
use zone::{Known, Zone};

pub(crate) const PORT: u16 = 53;

/// An answer and where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) to: ReplyTo,
    pub(crate) bytes: Vec<u8>,
}

/// The resolver of one network.
#[derive(Debug)]
pub(crate) struct Names {
    zone: Zone,
    cache: Cache,
    upstream: Upstream,
    servers: Vec<SocketAddr>,
    /// Whether machines may ask for names outside.
    leads_out: bool,
}

impl Names {
    pub(crate) fn new(zone: Zone, leads_out: bool) -> Self {
        Self {
            zone,
            cache: Cache::default(),
            upstream: Upstream::default(),
            servers: Vec::new(),
            leads_out,
        }
    }

    /// Takes over changed names.
    pub(crate) fn configure(&mut self, zone: Zone, leads_out: bool) {
        self.zone = zone;
        self.leads_out = leads_out;
    }

    /// Takes a question. `is_heard` tells whether an IPv6 address of the zone is really in use.
    pub(crate) fn ask(
        &mut self,
        bytes: &[u8],
        asker: Asker,
        is_heard: impl Fn(IpAddr) -> bool,
        poller: &Poller,
        surroundings: &mut Surroundings,
        now: Instant,
    ) -> Option<Reply> {
        let question = match query::parse(bytes) {
            Ok(question) => question,
            Err(refusal) => {
                return refusal.map(|bytes| Reply {
                    to: asker.to,
                    bytes,
                });
            }
        };
        let mut known = self.zone.look_up(&question.name(), question.kind());
        if let Known::Addresses(addresses) = &mut known {
            addresses.retain(|address| address.is_ipv4() || is_heard(*address));
            if addresses.is_empty() {
                known = Known::Nothing;
            }
        }
        if let Some(message) = question.answer_from_zone(&known) {
            return reply(&question, message, asker.to);
        }
        if !self.leads_out {
            return reply(&question, question.empty(ResponseCode::Refused), asker.to);
        }
        self.refresh(surroundings);
        if let Some(message) = self.cache.find(&question.key(), now) {
            return reply(&question, message, asker.to);
        }
        #[allow(clippy::cast_possible_truncation, reason = "any 16 bits will do")]
        let id = (surroundings.random)() as u16;
        let servers = self.servers.clone();
        let ended = self
            .upstream
            .ask(asker, question, servers, id, poller, now)?;
        self.finish(ended, now)
    }

    /// Looks at the host's resolvers anew. What others have said is forgotten with them: behind a
    /// VPN the same name may be another thing.
    fn refresh(&mut self, surroundings: &mut Surroundings) {
        let servers = surroundings.outside.resolvers();
        if servers != self.servers {
            self.servers = servers;
            self.cache.clear();
        }
    }

    fn finish(&mut self, ended: Ended, now: Instant) -> Option<Reply> {
        let question = ended.question;
        let message = match ended.message {
            Some(message) => {
                self.cache.keep(question.key(), &message, now);
                message
            }
            None => question.empty(ResponseCode::ServFail),
        };
        reply(&question, message, ended.asker.to)
    }

    /// Something has become possible for a question under way.
    pub(crate) fn ready(
        &mut self,
        at: usize,
        ready: Ready,
        poller: &Poller,
        now: Instant,
    ) -> Option<Reply> {
        let ended = self.upstream.ready(at, ready, poller, now)?;
        self.finish(ended, now)
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.upstream.deadline()
    }

    /// Goes on with questions nobody has answered in time.
    pub(crate) fn tick(&mut self, poller: &Poller, now: Instant) -> Vec<Reply> {
        if self.deadline().is_none_or(|at| now < at) {
            return Vec::new();
        }
        let ended = self.upstream.tick(poller, now);
        ended
            .into_iter()
            .filter_map(|ended| self.finish(ended, now))
            .collect()
    }
}

fn reply(question: &Question, message: hickory_proto::op::Message, to: ReplyTo) -> Option<Reply> {
    let bytes = question.reply(message, to.is_datagram())?;
    Some(Reply { to, bytes })
}
