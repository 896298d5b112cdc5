//! DNS messages, between the library's and ours.

use super::zone::Known;
use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, PTR, SOA};
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};
use std::net::IpAddr;

/// What is said to fit into a datagram; nothing on the way breaks it (DNS flag day 2020).
const PAYLOAD: u16 = 1232;
/// What fits for a client that says nothing about it.
const PLAIN_PAYLOAD: u16 = 512;
/// Seconds an answer about the inside may be kept. Short, because machines come and go.
const TTL: u32 = 30;

/// A question of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Question {
    id: u16,
    query: Query,
    /// The largest answer it takes in a datagram; nothing for one that did not say.
    payload: Option<u16>,
    dnssec_ok: bool,
    checking_disabled: bool,
    recursion_desired: bool,
}

/// What makes two questions the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    name: String,
    kind: u16,
    dnssec: bool,
    checking_disabled: bool,
}

/// Reads a question. An error is the answer to something that is none: `FORMERR` and the like.
/// Nothing at all is said to what is no DNS.
pub(crate) fn parse(bytes: &[u8]) -> Result<Question, Option<Vec<u8>>> {
    let Ok(message) = Message::from_vec(bytes) else {
        // Only a header that can be read has an id to answer to.
        let id = bytes.first_chunk::<12>().filter(|head| head[2] & 0x80 == 0);
        return Err(id.and_then(|head| {
            let id = u16::from_be_bytes([head[0], head[1]]);
            Message::error_msg(id, OpCode::Query, ResponseCode::FormErr)
                .to_vec()
                .ok()
        }));
    };
    let metadata = message.metadata;
    if metadata.message_type != MessageType::Query {
        return Err(None);
    }
    let refuse = |code| {
        Message::error_msg(metadata.id, metadata.op_code, code)
            .to_vec()
            .ok()
    };
    if metadata.op_code != OpCode::Query {
        return Err(refuse(ResponseCode::NotImp));
    }
    let [query] = message.queries.as_slice() else {
        return Err(refuse(ResponseCode::FormErr));
    };
    if query.query_class != DNSClass::IN {
        return Err(refuse(ResponseCode::Refused));
    }
    Ok(Question {
        id: metadata.id,
        query: query.clone(),
        payload: message.edns.as_ref().map(Edns::max_payload),
        dnssec_ok: message
            .edns
            .as_ref()
            .is_some_and(|edns| edns.flags().dnssec_ok),
        checking_disabled: metadata.checking_disabled,
        recursion_desired: metadata.recursion_desired,
    })
}

impl Question {
    pub(crate) fn key(&self) -> Key {
        Key {
            name: self.name(),
            kind: self.query.query_type.into(),
            dnssec: self.dnssec_ok,
            checking_disabled: self.checking_disabled,
        }
    }

    /// Its name, lower case, without a dot at the end.
    pub(crate) fn name(&self) -> String {
        let mut name = self.query.name.to_ascii().to_ascii_lowercase();
        if name.ends_with('.') {
            name.pop();
        }
        name
    }

    pub(crate) fn kind(&self) -> RecordType {
        self.query.query_type
    }

    /// The question as it is put to a resolver outside: nothing of the client is in it but what it
    /// wants to know.
    pub(crate) fn outward(&self, id: u16) -> Option<Vec<u8>> {
        let mut message = Message::new(id, MessageType::Query, OpCode::Query);
        message.metadata.recursion_desired = true;
        message.metadata.checking_disabled = self.checking_disabled;
        message.add_query(self.query.clone());
        let mut edns = Edns::new();
        edns.set_max_payload(PAYLOAD);
        edns.set_dnssec_ok(self.dnssec_ok);
        message.set_edns(edns);
        message.to_vec().ok()
    }

    /// Whether a message answers what was asked outside under this id.
    pub(crate) fn is_answered_by(&self, id: u16, message: &Message) -> bool {
        message.metadata.id == id
            && message.metadata.message_type == MessageType::Response
            && message.queries.as_slice() == [self.query.clone()]
    }

    /// An answer without records.
    pub(crate) fn empty(&self, code: ResponseCode) -> Message {
        let mut message = Message::response(self.id, OpCode::Query);
        message.metadata.response_code = code;
        message.add_query(self.query.clone());
        message
    }

    /// The answer of the zone; nothing when the question is not about the inside.
    pub(crate) fn answer_from_zone(&self, known: &Known) -> Option<Message> {
        let code = match known {
            Known::Elsewhere => return None,
            Known::NoSuchName => ResponseCode::NXDomain,
            _ => ResponseCode::NoError,
        };
        let mut message = self.empty(code);
        message.metadata.authoritative = true;
        let name = &self.query.name;
        let mut add = |data| {
            message.add_answer(Record::from_rdata(name.clone(), TTL, data));
        };
        match known {
            Known::Addresses(addresses) => {
                addresses.iter().for_each(|address| add(data_of(*address)))
            }
            Known::Name(own) => {
                if let Ok(own) = own.parse::<Name>() {
                    add(RData::PTR(PTR(fully_qualified(own))));
                }
            }
            _ => {
                message.add_authority(authority()?);
            }
        }
        Some(message)
    }

    /// The bytes for the client. In a datagram, what it does not take is cut, and said to be.
    pub(crate) fn reply(&self, mut message: Message, in_datagram: bool) -> Option<Vec<u8>> {
        message.metadata.id = self.id;
        message.metadata.recursion_desired = self.recursion_desired;
        message.metadata.recursion_available = true;
        message.edns = self.payload.map(|_| {
            let mut edns = Edns::new();
            edns.set_max_payload(PAYLOAD);
            edns.set_dnssec_ok(self.dnssec_ok);
            edns
        });
        let bytes = message.to_vec().ok()?;
        let longest = match self.payload {
            Some(payload) => payload.clamp(PLAIN_PAYLOAD, PAYLOAD),
            None => PLAIN_PAYLOAD,
        };
        if in_datagram && bytes.len() > usize::from(longest) {
            return message.truncate().to_vec().ok();
        }
        Some(bytes)
    }
}

fn data_of(address: IpAddr) -> RData {
    match address {
        IpAddr::V4(address) => RData::A(A(address)),
        IpAddr::V6(address) => RData::AAAA(AAAA(address)),
    }
}

fn fully_qualified(mut name: Name) -> Name {
    name.set_fqdn(true);
    name
}

/// Who is responsible for the inside, and how long "there is none" may be kept.
fn authority() -> Option<Record> {
    let domain = fully_qualified(crete_model::NETWORK_DOMAIN.parse().ok()?);
    let gateway = fully_qualified(
        format!("{}.{}", super::zone::GATEWAY, crete_model::NETWORK_DOMAIN)
            .parse()
            .ok()?,
    );
    let soa = SOA::new(gateway.clone(), gateway, 1, 3600, 600, 86_400, TTL);
    Some(Record::from_rdata(domain, TTL, RData::SOA(soa)))
}

/// Seconds an answer may be kept: the least of its records; for "there is none", what the authority
/// says. Nothing when it must not be kept.
pub(crate) fn lifetime(message: &Message) -> Option<u32> {
    let metadata = message.metadata;
    if metadata.truncation {
        return None;
    }
    match metadata.response_code {
        ResponseCode::NoError if !message.answers.is_empty() => {
            message.answers.iter().map(|record| record.ttl).min()
        }
        ResponseCode::NoError | ResponseCode::NXDomain => {
            message
                .authorities
                .iter()
                .find_map(|record| match &record.data {
                    RData::SOA(soa) => Some(record.ttl.min(soa.minimum)),
                    _ => None,
                })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn asked(edns: Option<u16>) -> Question {
        let mut message = Message::query();
        message.add_query(Query::query(
            "Node.Crete.TEST.".parse().unwrap(),
            RecordType::A,
        ));
        if let Some(payload) = edns {
            let mut edns = Edns::new();
            edns.set_max_payload(payload);
            message.set_edns(edns);
        }
        parse(&message.to_vec().unwrap()).unwrap()
    }

    #[test]
    fn an_answer_too_long_for_the_client_is_cut_and_says_so() {
        let many: Vec<IpAddr> = (0..100).map(|n| [10, 0, 0, n].into()).collect();
        for (edns, in_datagram, cut) in [
            (None, true, true),
            (Some(4096), true, true),
            (None, false, false),
        ] {
            let question = asked(edns);
            let answer = question
                .answer_from_zone(&Known::Addresses(many.clone()))
                .unwrap();
            let bytes = question.reply(answer, in_datagram).unwrap();
            let read = Message::from_vec(&bytes).unwrap();
            assert_eq!(read.metadata.truncation, cut);
            assert_eq!(read.answers.is_empty(), cut);
            assert_eq!(
                read.edns.is_some(),
                edns.is_some(),
                "EDNS only to whoever has it"
            );
        }
        let few = Known::Addresses(many[..40].to_vec());
        let question = asked(Some(1232));
        let bytes = question
            .reply(question.answer_from_zone(&few).unwrap(), true)
            .unwrap();
        assert!(bytes.len() > 512 && !Message::from_vec(&bytes).unwrap().metadata.truncation);
    }

    #[test]
    fn what_is_no_question_is_refused_in_kind() {
        let code = |message: &Message| {
            let refused = parse(&message.to_vec().unwrap()).unwrap_err();
            refused.map(|bytes| Message::from_vec(&bytes).unwrap().metadata.response_code)
        };
        let query = Query::query("a.".parse().unwrap(), RecordType::A);
        let mut two = Message::query();
        two.add_query(query.clone()).add_query(query.clone());
        assert_eq!(code(&two), Some(ResponseCode::FormErr));
        let mut update = Message::new(7, MessageType::Query, OpCode::Update);
        update.add_query(query.clone());
        assert_eq!(code(&update), Some(ResponseCode::NotImp));
        let mut answer = Message::response(7, OpCode::Query);
        answer.add_query(query);
        assert_eq!(code(&answer), None);
        assert_eq!(parse(&[1, 2, 3]), Err(None));
    }

    #[test]
    fn the_outside_hears_the_question_and_nothing_of_the_client() {
        let question = asked(Some(4096));
        let outward = Message::from_vec(&question.outward(99).unwrap()).unwrap();
        assert_eq!(outward.metadata.id, 99);
        assert_eq!(outward.edns.as_ref().unwrap().max_payload(), PAYLOAD);
        assert_eq!(outward.queries, std::slice::from_ref(&question.query));
        let mut answer = Message::response(99, OpCode::Query);
        answer.add_query(question.query.clone());
        assert!(question.is_answered_by(99, &answer));
        assert!(!question.is_answered_by(98, &answer));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse(&bytes);
        }

        #[test]
        fn no_change_of_a_question_panics(changes in prop::collection::vec((0usize..60, any::<u8>()), 1..20)) {
            let mut message = Message::query();
            message.add_query(Query::query("node.crete.test.".parse().unwrap(), RecordType::A));
            message.set_edns(Edns::new());
            let mut bytes = message.to_vec().unwrap();
            for (at, byte) in changes {
                if let Some(place) = bytes.get_mut(at) { *place = byte; }
            }
            if let Ok(question) = parse(&bytes) {
                let answer = question.answer_from_zone(&Known::NoSuchName).unwrap();
                prop_assert!(question.reply(answer, true).is_some());
                let _ = (question.outward(1), question.key());
            }
        }
    }
}
