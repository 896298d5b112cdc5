//! The record, and what in it differs from installation to installation.

use crete_testkit::factory::PracticeFactory;
use serde_json::Value;

/// Placeholders for what is different at every request.
const ANYTHING: &[&str] = &[
    "{UUID}",
    "{DATE}",
    "{LEN}",
    "{AMZDATE}",
    "{AMZDAY}",
    "{SIG}",
    "{HEX}",
];

/// One request and its answer.
#[derive(Debug, Clone)]
pub struct Line {
    pub name: String,
    pub instance: String,
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub host: Option<String>,
    pub body: String,
    /// A schematic that the note says was there.
    pub schematic: Option<String>,
    pub status: u16,
    pub answer_headers: Vec<(String, String)>,
    pub text: String,
    /// The whole text was recorded, and not only its beginning.
    pub is_whole: bool,
}

impl Line {
    fn header(&self, wanted: &str) -> Option<&str> {
        let mut headers = self.answer_headers.iter();
        let found = headers.find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map(|(_, value)| value.as_str())
    }

    pub fn is_chunked(&self) -> bool {
        self.header("transfer-encoding").is_some()
    }

    pub fn has_length(&self) -> bool {
        self.header("content-length").is_some()
    }

    /// It stores a schematic.
    pub fn creates(&self) -> bool {
        self.status == 201
    }
}

/// All of them, in the order sent.
pub fn lines() -> Vec<Line> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/fixtures/factory/factory-transcript.jsonl"
    );
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| read(&serde_json::from_str(line).unwrap()))
        .collect()
}

fn read(line: &Value) -> Line {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let request = &line["request"];
    let name = text(&line["name"]);
    let pairs = |value: &Value| -> Vec<(String, String)> {
        match value {
            Value::Object(map) => map.iter().map(|(k, v)| (k.clone(), text(v))).collect(),
            Value::Array(list) => list.iter().map(|p| (text(&p[0]), text(&p[1]))).collect(),
            _ => Vec::new(),
        }
    };
    let is_whole = line["body_head"].is_null() && line["body_binary"].is_null();
    let head = &line[if is_whole { "body" } else { "body_head" }];
    Line {
        instance: text(&line["instance"]),
        method: text(&request["method"]),
        path: text(&request["path"]),
        headers: pairs(&request["headers"]),
        host: request["host"].as_str().map(str::to_owned),
        body: match request["body"].as_str() {
            Some(body) => body.to_owned(),
            None if name == "create-big" => four_thousand_arguments(),
            None => String::new(),
        },
        schematic: schematic(&text(&line["note"])),
        status: u16::try_from(line["status"].as_u64().unwrap()).unwrap(),
        answer_headers: pairs(&line["headers"]),
        text: text(head),
        name,
        is_whole,
    }
}

/// The record describes this body in words only; its id is recorded.
fn four_thousand_arguments() -> String {
    let filling = "x".repeat(200);
    let items = (0..4000).map(|index| format!("        - a{index:07}={filling}\n"));
    let items: String = items.collect();
    format!("customization:\n    extraKernelArgs:\n{items}")
}

/// `schematic extraKernelArgs: [console=ttyS0]`, `schematic meta: 10 = foo`
fn schematic(note: &str) -> Option<String> {
    let keys = note.strip_prefix("schematic ")?;
    Some(match keys.strip_prefix("meta: ") {
        Some(meta) => {
            let (key, value) = meta.split_once(" = ").unwrap();
            format!("customization: {{meta: [{{key: {key}, value: {value}}}]}}")
        }
        None => format!("customization: {{{keys}}}"),
    })
}

/// A recorded text with this installation's addresses in it.
pub fn filled(text: &str, factory: &PracticeFactory) -> String {
    let host = |url: &str| url.split("://").nth(1).unwrap().to_owned();
    let mut text = text.to_owned();
    for (placeholder, value) in [
        ("{BASE}", factory.url.clone()),
        ("{HOST}", host(&factory.url)),
        ("{PXEBASE}", factory.pxe_url.clone()),
        ("{PXEHOST}", host(&factory.pxe_url)),
        ("{REGISTRYBASE}", factory.store_url.clone()),
        ("{REGISTRY}", "ghcr.io".to_owned()),
        ("{NAMESPACE}", "practice".to_owned()),
        ("{STORE}", factory.store_url.clone()),
    ] {
        text = text.replace(placeholder, &value);
    }
    // Digests of what is built, and names of what is kept.
    for before in ["/manifests/sha256:", "/assets/"] {
        if let Some((front, rest)) = text.split_once(before)
            && rest.len() >= 64
        {
            text = format!("{front}{before}{{HEX}}{}", &rest[64..]);
        }
    }
    text
}

/// Whether a text is the expected one, with anything in the place of what differs.
pub fn fits(expected: &str, given: &str) -> bool {
    let mut expected = expected.to_owned();
    for placeholder in ANYTHING {
        expected = expected.replace(placeholder, "\0");
    }
    let mut pieces = expected.split('\0');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = given.strip_prefix(first) else {
        return false;
    };
    let pieces: Vec<&str> = pieces.collect();
    for (index, piece) in pieces.iter().enumerate() {
        let last = index + 1 == pieces.len();
        let at = match (piece.is_empty(), last) {
            (true, true) => return !rest.is_empty(),
            (_, true) => rest
                .len()
                .checked_sub(piece.len())
                .filter(|_| rest.ends_with(piece)),
            _ => rest.find(piece),
        };
        match at {
            Some(at) if at > 0 => rest = &rest[at + piece.len()..],
            _ => return false,
        }
    }
    rest.is_empty()
}

/// A recorded beginning and as much of the answer; without digests, which the recorded
/// installation had made up for most versions.
pub fn beginnings(expected: &str, given: &str) -> (String, String) {
    let plain = |text: &str| -> String {
        let mut pieces = text.split("\"digest\":\"sha256:");
        let first = pieces.next().unwrap_or_default().to_owned();
        pieces.fold(first, |all, piece| {
            all + "\"digest\":\"" + piece.get(64..).unwrap_or_default()
        })
    };
    let (expected, given) = (plain(expected), plain(given));
    let length = expected.len().min(given.len());
    let cut = given.get(..length).unwrap_or_default().to_owned();
    (expected, cut)
}
