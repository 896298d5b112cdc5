//! What goes wrong on request.

use std::collections::VecDeque;

/// What goes wrong, from now on or for the next requests.
#[derive(Debug, Default)]
pub struct Faults {
    /// The next answers of the factory are 500.
    pub errors: u32,
    /// The next downloads end after this many bytes.
    pub cuts: Vec<usize>,
    /// The store ignores ranges.
    pub no_ranges: bool,
    /// The list of versions is sent newest first.
    pub descending: bool,
    /// What the factory does with the next requests for an image, one each.
    pub front: VecDeque<Misdeed>,
    /// What happens to the next downloads, one each.
    pub store: VecDeque<Misdeed>,
    /// The store has another file under every name, and says so by its entity tags.
    pub changed: bool,
    /// Every file of the store is damaged, in its content and not on the way.
    pub damaged: Option<Damage>,
}

/// How a file of the store is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    /// Only this many bytes of it are there, and all say that this is the whole.
    CutAt(usize),
    /// The byte at this place is another.
    Flipped(usize),
    /// It is well packed, and what is in it is no disk.
    NoDisk,
}

/// How one request is answered.
#[derive(Debug, Clone)]
pub enum Misdeed {
    /// With a status, a text, and maybe a `Retry-After`.
    Status {
        /// The status.
        status: u16,
        /// The text.
        text: &'static str,
        /// Seconds or a date.
        retry_after: Option<&'static str>,
    },
    /// With a page for a browser, as if it were the file.
    Page(&'static str),
    /// With a page for a browser that does not even say that it is one.
    HiddenPage(&'static str),
    /// By sending the browser to this address.
    SendsTo(String),
    /// With a link whose time is over.
    OldLink,
    /// With text where a file should be.
    Text(&'static str),
    /// Not at all.
    Silence,
    /// With so many bytes, and then nothing more, for ever.
    StandsStill(usize),
    /// With so many bytes, and then the connection breaks.
    Breaks(usize),
    /// With all there is, after more was announced.
    AnnouncesMore(usize),
    /// Without a length, and with an end after so many bytes as if that were all.
    NoLength(usize),
    /// With the whole file, whatever part was asked for.
    IgnoresRange,
    /// With a part that was not asked for.
    OtherRange,
    /// With a part that is longer than it says.
    LongRange,
    /// As if nothing was wrong.
    Nothing,
}
