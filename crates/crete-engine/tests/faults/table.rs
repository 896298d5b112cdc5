//! The table as it is read.

use serde::Deserialize;
use std::collections::BTreeMap;

/// A row.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    pub fault: Fault,
    /// For people.
    #[allow(dead_code, reason = "the table is read by people too")]
    server: String,
    #[serde(default)]
    pub alone: Alone,
    pub state: State,
    pub code: String,
    /// What the problem must name; `*` stands for a number.
    #[serde(default)]
    pub names: BTreeMap<String, String>,
    #[serde(default)]
    pub kept: bool,
    #[serde(default)]
    pub aside: bool,
    /// For people.
    #[serde(default)]
    #[allow(dead_code, reason = "the table is read by people too")]
    mend: Option<String>,
    #[serde(default)]
    pub resume: Resume,
}

/// How often Crete tries again by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "AloneText")]
pub enum Alone {
    Times(usize),
    GivesUp,
}

impl Default for Alone {
    fn default() -> Self {
        Self::Times(0)
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum AloneText {
    Times(usize),
    Words(String),
}

impl TryFrom<AloneText> for Alone {
    type Error = String;
    fn try_from(text: AloneText) -> Result<Self, String> {
        match text {
            AloneText::Times(times) => Ok(Self::Times(times)),
            AloneText::Words(words) if words == "gives up" => Ok(Self::GivesUp),
            AloneText::Words(words) => Err(format!("{words:?} is no number of tries")),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Ready,
    Incomplete,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum Resume {
    #[serde(rename = "goes on")]
    GoesOn,
    #[default]
    #[serde(rename = "begins")]
    Begins,
    #[serde(rename = "fetches nothing")]
    FetchesNothing,
}

macro_rules! faults {
    ($($name:ident),+ $(,)?) => {
        /// Every misbehaviour the test can set up.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Fault { $($name),+ }

        impl Fault {
            pub fn all() -> Vec<Self> {
                vec![$(Self::$name),+]
            }
        }
    };
}

faults! {
    UnknownName, ClosedPort, NoNetwork, SilentFactory, SilentImage, HangsUp, SpeaksSomethingElse,
    ClosedStore,
    UnknownIssuer, UnknownIssuerStore, Expired, NotYetValid, WrongName, NotTls, InsecureRedirect,
    ProxyClosed, ProxyUnknownName, ProxyAsksWho, ProxyAsksWhoTls, ProxyRefuses, ProxyIsNone,
    ProxyIsSsh,
    Portal, PortalInTheMiddle, PortalInDisguise,
    InternalErrorOnce, InternalError, BusySeconds, BusyDate, BusyForAnHour, NotThere, LinkOver,
    LinkOverInTheMiddle, LinkAlwaysOver,
    BreaksOnce, BreaksAlways, StandsStillOnce, StandsStill, IgnoresRanges, Changes, OtherRange,
    AnnouncesMore, AnnouncesLess, SendsMore, NoLength,
    TextInstead, DamagedPacking, NoDiskInside, CutCd,
    FullBefore, FullInTheMiddle, FullWhileUnpacking,
}

impl Fault {
    /// Whether it can only be set up in a network or a disk of its own.
    pub fn needs_namespaces(self) -> bool {
        matches!(
            self,
            Self::UnknownName
                | Self::NoNetwork
                | Self::ProxyUnknownName
                | Self::FullBefore
                | Self::FullInTheMiddle
                | Self::FullWhileUnpacking
        )
    }
}

pub fn read() -> Vec<Row> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/fixtures/download-faults.yaml"
    );
    serde_saphyr::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}
