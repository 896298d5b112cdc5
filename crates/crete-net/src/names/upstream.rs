//! Questions under way to the host's resolvers.
//!
//! Each has a socket and a port of its own, and an id nobody can guess, so that nobody else can
//! answer it. A resolver that stays silent is left for the next; when none answers in time, the
//! client is told that it failed.

use super::query::Question;
use crate::frame::Mac;
use crate::poller::{Poller, Ready};
use crate::slab::Slab;
use crate::token::Source;
use hickory_proto::op::Message;
use smoltcp::time::{Duration, Instant};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};

/// Questions under way at once, for the whole network and for one asker.
const AT_ONCE: usize = 512;
const AT_ONCE_EACH: usize = 64;
/// How long one resolver may take.
const PATIENCE: Duration = Duration::from_millis(1500);
/// How often resolvers are tried, over all.
const ATTEMPTS: usize = 4;

/// Who asked, in the words of whoever takes the answer there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Asker {
    /// Whose share of questions this takes.
    pub(crate) share: u64,
    /// Where the answer goes.
    pub(crate) to: ReplyTo,
}

/// Where an answer goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReplyTo {
    /// Back as a datagram.
    Datagram {
        /// The client's card.
        mac: Mac,
        /// The client.
        client: SocketAddr,
        /// The address it asked.
        server: SocketAddr,
    },
    /// Back over the connection of this number.
    Conversation(usize),
}

impl ReplyTo {
    pub(crate) fn is_datagram(self) -> bool {
        matches!(self, Self::Datagram { .. })
    }
}

/// A question that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) asker: Asker,
    pub(crate) question: Question,
    /// The answer; nothing when nobody gave one.
    pub(crate) message: Option<Message>,
}

#[derive(Debug)]
enum Exchange {
    Datagram(UdpSocket),
    /// Whole answers, however long, for a client that has a connection itself.
    Stream {
        socket: TcpStream,
        unsent: Vec<u8>,
        received: Vec<u8>,
    },
}

#[derive(Debug)]
struct Pending {
    asker: Asker,
    question: Question,
    id: u16,
    servers: Vec<SocketAddr>,
    attempt: usize,
    until: Instant,
    exchange: Option<Exchange>,
}

/// All questions under way.
#[derive(Debug, Default)]
pub(crate) struct Upstream {
    pending: Slab<Pending>,
}

impl Upstream {
    /// Puts a question to the first of the resolvers. What cannot be asked has ended at once.
    pub(crate) fn ask(
        &mut self,
        asker: Asker,
        question: Question,
        servers: Vec<SocketAddr>,
        id: u16,
        poller: &Poller,
        now: Instant,
    ) -> Option<Ended> {
        let of_one = |pending: &&Pending| pending.asker.share == asker.share;
        let busy = self.pending.len() >= AT_ONCE
            || self
                .pending
                .iter()
                .map(|(_, pending)| pending)
                .filter(of_one)
                .count()
                >= AT_ONCE_EACH;
        if busy || servers.is_empty() {
            return Some(Ended {
                asker,
                question,
                message: None,
            });
        }
        let at = self.pending.insert(Pending {
            asker,
            question,
            id,
            servers,
            attempt: 0,
            until: now,
            exchange: None,
        });
        self.attempt(at, poller, now)
    }

    /// Tries the next resolver, until one can be asked or none is left.
    fn attempt(&mut self, at: usize, poller: &Poller, now: Instant) -> Option<Ended> {
        loop {
            let pending = self.pending.get_mut(at)?;
            if pending.attempt >= ATTEMPTS {
                return self.end(at, None);
            }
            let server = pending.servers[pending.attempt % pending.servers.len()];
            pending.attempt += 1;
            match pending.open(server, at, poller) {
                Ok(exchange) => {
                    pending.exchange = Some(exchange);
                    pending.until = now + PATIENCE;
                    return None;
                }
                Err(error) => tracing::debug!(%server, %error, "a resolver cannot be asked"),
            }
        }
    }

    fn end(&mut self, at: usize, message: Option<Message>) -> Option<Ended> {
        let pending = self.pending.remove(at)?;
        Some(Ended {
            asker: pending.asker,
            question: pending.question,
            message,
        })
    }

    /// Something has become possible for a question.
    pub(crate) fn ready(
        &mut self,
        at: usize,
        ready: Ready,
        poller: &Poller,
        now: Instant,
    ) -> Option<Ended> {
        let pending = self.pending.get_mut(at)?;
        match pending.advance(ready) {
            Ok(Some(message)) => self.end(at, Some(message)),
            Ok(None) => None,
            Err(error) => {
                tracing::debug!(%error, "a resolver failed");
                self.attempt(at, poller, now)
            }
        }
    }

    /// When the next resolver has been silent too long.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.pending.iter().map(|(_, pending)| pending.until).min()
    }

    /// Leaves resolvers that have been silent too long for the next.
    pub(crate) fn tick(&mut self, poller: &Poller, now: Instant) -> Vec<Ended> {
        let late = |(at, pending): (usize, &Pending)| (now >= pending.until).then_some(at);
        let late: Vec<usize> = self.pending.iter().filter_map(late).collect();
        late.into_iter()
            .filter_map(|at| self.attempt(at, poller, now))
            .collect()
    }
}

impl Pending {
    fn open(&self, server: SocketAddr, at: usize, poller: &Poller) -> io::Result<Exchange> {
        let unasked = || io::Error::from(io::ErrorKind::InvalidData);
        let question = self.question.outward(self.id).ok_or_else(unasked)?;
        let token = Source::Question(at).token();
        if self.asker.to.is_datagram() {
            let any = crate::host::any_address(server);
            let socket = UdpSocket::bind(any)?;
            socket.set_nonblocking(true)?;
            socket.connect(server)?;
            poller.add(&socket, token)?;
            socket.send(&question)?;
            return Ok(Exchange::Datagram(socket));
        }
        let socket = crate::host::connect_tcp(server)?;
        poller.add(&socket, token)?;
        let length = u16::try_from(question.len()).map_err(|_| unasked())?;
        let mut unsent = length.to_be_bytes().to_vec();
        unsent.extend(question);
        Ok(Exchange::Stream {
            socket,
            unsent,
            received: Vec::new(),
        })
    }

    /// Reads and writes what there is. An error means that this resolver is no good.
    fn advance(&mut self, ready: Ready) -> io::Result<Option<Message>> {
        match self.exchange.as_mut() {
            Some(Exchange::Datagram(socket)) => {
                let mut bytes = [0; 4096];
                loop {
                    match socket.recv(&mut bytes) {
                        Ok(length) => {
                            // Anything else on this port is somebody's guess.
                            if let Some(message) = accept(&self.question, self.id, &bytes[..length])
                            {
                                return Ok(Some(message));
                            }
                        }
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                        Err(error) => return Err(error),
                    }
                }
            }
            Some(Exchange::Stream {
                socket,
                unsent,
                received,
            }) => {
                if !unsent.is_empty() && ready.writable {
                    match socket.write(unsent) {
                        Ok(count) => drop(unsent.drain(..count)),
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                        Err(error) => return Err(error),
                    }
                }
                read_answer(socket, received, &self.question, self.id)
            }
            None => Ok(None),
        }
    }
}

fn accept(question: &Question, id: u16, bytes: &[u8]) -> Option<Message> {
    let message = Message::from_vec(bytes).ok()?;
    question.is_answered_by(id, &message).then_some(message)
}

/// Reads until the answer is whole: its length, then itself.
fn read_answer(
    socket: &mut TcpStream,
    received: &mut Vec<u8>,
    question: &Question,
    id: u16,
) -> io::Result<Option<Message>> {
    let mut bytes = [0; 4096];
    loop {
        let whole = received
            .first_chunk()
            .map(|length| 2 + usize::from(u16::from_be_bytes(*length)));
        if let Some(answer) = whole.and_then(|whole| received.get(2..whole)) {
            return accept(question, id, answer)
                .map(Some)
                .ok_or_else(|| io::ErrorKind::InvalidData.into());
        }
        match socket.read(&mut bytes) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => received.extend_from_slice(&bytes[..count]),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::NotConnected
                ) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(error),
        }
    }
}
