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
            _ => return None,
        })
    }
}
