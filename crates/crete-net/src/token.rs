//! Which descriptor an event of the kernel is about.

/// The owner of a descriptor: its kind, and its number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// A machine's link.
    Line(usize),
    /// A question to a resolver outside.
    Question(usize),
    /// The host's side of a TCP connection.
    Flow(usize),
    /// The host's side of a UDP association.
    Association(usize),
    /// A socket for echoes.
    Echo(usize),
    /// A machine's connection to the resolver.
    Conversation(usize),
    /// A port of this computer that leads into the network.
    Listener(usize),
    /// The same, for datagrams.
    Entrance(usize),
    /// A connection of whoever drives the network.
    Control(usize),
    /// Where whoever drives the network connects.
    Door,
    /// News of the host's routes.
    Routes,
}

const KIND_SHIFT: u32 = 48;

impl Source {
    pub(crate) fn token(self) -> u64 {
        let (kind, number) = match self {
            Self::Line(number) => (0u64, number),
            Self::Question(number) => (1, number),
            Self::Flow(number) => (2, number),
            Self::Association(number) => (3, number),
            Self::Echo(number) => (4, number),
            Self::Conversation(number) => (5, number),
            Self::Listener(number) => (6, number),
            Self::Entrance(number) => (7, number),
            Self::Control(number) => (8, number),
            Self::Door => (9, 0),
            Self::Routes => (10, 0),
        };
        kind << KIND_SHIFT | number as u64
    }

    pub(crate) fn of(token: u64) -> Option<Self> {
        let number = usize::try_from(token & ((1 << KIND_SHIFT) - 1)).ok()?;
        Some(match token >> KIND_SHIFT {
            0 => Self::Line(number),
            1 => Self::Question(number),
            2 => Self::Flow(number),
            3 => Self::Association(number),
            4 => Self::Echo(number),
            5 => Self::Conversation(number),
            6 => Self::Listener(number),
            7 => Self::Entrance(number),
            8 => Self::Control(number),
            9 => Self::Door,
            10 => Self::Routes,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_as_it_was_made() {
        let all = [
            Source::Line(3),
            Source::Question(1),
            Source::Flow(1 << 40),
            Source::Association(0),
            Source::Echo(9),
            Source::Conversation(2),
            Source::Listener(4),
            Source::Entrance(5),
            Source::Control(6),
            Source::Door,
            Source::Routes,
        ];
        for source in all {
            assert_eq!(Source::of(source.token()), Some(source));
        }
        assert_eq!(Source::of(u64::MAX), None);
    }
}
