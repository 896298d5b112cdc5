//! Questions over TCP: each behind its length (RFC 7766). The machine's connection ends in one half
//! of a socket pair, and here is the other.

use crate::frame::Mac;
use crate::poller::{Poller, Ready};
use crate::slab::Slab;
use crate::token::Source;
use smoltcp::time::{Duration, Instant};
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;

const AT_ONCE: usize = 128;
const AT_ONCE_EACH: usize = 16;
/// Silence after which a connection is closed.
const IDLE: Duration = Duration::from_secs(30);
/// Questions of one connection that wait for an answer; further ones wait on the wire.
const UNANSWERED: usize = 32;
const LONGEST_QUESTION: usize = 4096;

#[derive(Debug)]
struct Conversation {
    machine: Mac,
    stream: UnixStream,
    received: Vec<u8>,
    unsent: Vec<u8>,
    unanswered: usize,
    heard: Instant,
    is_done: bool,
}

/// All connections to the resolver.
#[derive(Debug, Default)]
pub(crate) struct Conversations {
    all: Slab<Conversation>,
}

impl Conversations {
    /// Begins a conversation: the other half is for the machine's connection.
    pub(crate) fn open(
        &mut self,
        machine: Mac,
        poller: &Poller,
        now: Instant,
    ) -> io::Result<UnixStream> {
        let of_it = |(_, known): &(usize, &Conversation)| known.machine == machine;
        if self.all.len() >= AT_ONCE || self.all.iter().filter(of_it).count() >= AT_ONCE_EACH {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        let (own, other) = UnixStream::pair()?;
        own.set_nonblocking(true)?;
        other.set_nonblocking(true)?;
        let at = self.all.insert(Conversation {
            machine,
            stream: own,
            received: Vec::new(),
            unsent: Vec::new(),
            unanswered: 0,
            heard: now,
            is_done: false,
        });
        if let Some(conversation) = self.all.get(at) {
            poller.add(&conversation.stream, Source::Conversation(at).token())?;
        }
        Ok(other)
    }

    /// Reads what has come: the machine, and whole questions of it.
    pub(crate) fn ready(
        &mut self,
        at: usize,
        ready: Ready,
        now: Instant,
    ) -> Option<(Mac, Vec<Vec<u8>>)> {
        let conversation = self.all.get_mut(at)?;
        if ready.readable && conversation.read().is_err() {
            self.all.remove(at);
            return None;
        }
        conversation.heard = now;
        let questions = conversation.questions();
        let machine = conversation.machine;
        self.send(at);
        Some((machine, questions))
    }

    /// Sends an answer; it is lost when the machine has hung up.
    pub(crate) fn answer(&mut self, at: usize, bytes: &[u8]) {
        let Some(conversation) = self.all.get_mut(at) else {
            return;
        };
        conversation.unanswered = conversation.unanswered.saturating_sub(1);
        if let Ok(length) = u16::try_from(bytes.len()) {
            conversation.unsent.extend(length.to_be_bytes());
            conversation.unsent.extend(bytes);
        }
        self.send(at);
    }

    fn send(&mut self, at: usize) {
        let Some(conversation) = self.all.get_mut(at) else {
            return;
        };
        while !conversation.unsent.is_empty() {
            match conversation.stream.write(&conversation.unsent) {
                Ok(count) => drop(conversation.unsent.drain(..count)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => {
                    self.all.remove(at);
                    return;
                }
            }
        }
        if conversation.is_done && conversation.unanswered == 0 {
            self.all.remove(at);
        }
    }

    /// Closes conversations in which nothing was said for a while.
    pub(crate) fn expire(&mut self, now: Instant) {
        let idle = |(at, known): (usize, &Conversation)| (now >= known.heard + IDLE).then_some(at);
        let idle: Vec<usize> = self.all.iter().filter_map(idle).collect();
        idle.into_iter().for_each(|at| drop(self.all.remove(at)));
    }
}

impl Conversation {
    fn read(&mut self) -> io::Result<()> {
        let mut bytes = [0; 4096];
        loop {
            match self.stream.read(&mut bytes) {
                Ok(0) => {
                    self.is_done = true;
                    return Ok(());
                }
                Ok(count)
                    if self.received.len() + count <= 2 * UNANSWERED * 512 + LONGEST_QUESTION =>
                {
                    self.received.extend_from_slice(&bytes[..count]);
                }
                Ok(_) => return Err(io::ErrorKind::QuotaExceeded.into()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes whole questions off what was received.
    fn questions(&mut self) -> Vec<Vec<u8>> {
        let mut questions = Vec::new();
        while self.unanswered < UNANSWERED {
            let Some(length) = self
                .received
                .first_chunk()
                .map(|length| u16::from_be_bytes(*length))
            else {
                break;
            };
            let end = 2 + usize::from(length);
            if self.received.len() < end {
                break;
            }
            questions.push(self.received[2..end].to_vec());
            self.received.drain(..end);
            self.unanswered += 1;
        }
        questions
    }
}
