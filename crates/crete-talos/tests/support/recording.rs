//! Recordings of a real node's API, and their messages as bytes.

use super::player::{End, Reply};
use prost::Message as _;
use prost_reflect::{DescriptorPool, DeserializeOptions, DynamicMessage, MessageDescriptor};
use serde_json::Value;
use std::path::Path;
use std::sync::OnceLock;

/// One recorded call.
#[derive(Debug, Clone)]
pub struct Recorded {
    pub file: String,
    pub method: String,
    pub code: String,
    pub message: String,
    /// JSON of the messages that were kept; a cut one ends with an ellipsis.
    pub responses: Vec<String>,
}

pub fn pool() -> &'static DescriptorPool {
    static POOL: OnceLock<DescriptorPool> = OnceLock::new();
    POOL.get_or_init(|| {
        let bytes = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
        DescriptorPool::decode(bytes.as_slice()).unwrap()
    })
}

pub fn all() -> Vec<Recorded> {
    let folder = super::golden("../api");
    let mut found = Vec::new();
    let mut folders: Vec<_> = std::fs::read_dir(&folder)
        .expect("the recordings are there")
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    for folder in folders {
        let mut files: Vec<_> = std::fs::read_dir(&folder)
            .unwrap()
            .map(|e| e.unwrap().path())
            .collect();
        files.sort();
        for file in files {
            found.extend(read(&file));
        }
    }
    found
}

pub fn read(path: &Path) -> Vec<Recorded> {
    let text = std::fs::read_to_string(path).unwrap();
    let value: Value = serde_json::from_str(&text).unwrap();
    let calls = value.as_array().unwrap();
    let name = format!(
        "{}/{}",
        path.parent()
            .unwrap()
            .file_name()
            .unwrap()
            .to_str()
            .unwrap(),
        path.file_name().unwrap().to_str().unwrap()
    );
    let recorded = calls
        .iter()
        .filter(|call| call["method"].is_string())
        .map(|call| {
            let text = |key: &str| call[key].as_str().unwrap_or_default().to_owned();
            let responses = call["response"]
                .as_array()
                .map(Vec::as_slice)
                .unwrap_or_default();
            Recorded {
                file: name.clone(),
                method: text("method"),
                code: text("code"),
                message: text("message"),
                responses: responses
                    .iter()
                    .map(|r| r.as_str().unwrap_or_default().to_owned())
                    .collect(),
            }
        });
    recorded.collect()
}

pub fn code(name: &str) -> i32 {
    let names = [
        "OK",
        "Canceled",
        "Unknown",
        "InvalidArgument",
        "DeadlineExceeded",
        "NotFound",
        "AlreadyExists",
        "PermissionDenied",
        "ResourceExhausted",
        "FailedPrecondition",
        "Aborted",
        "OutOfRange",
        "Unimplemented",
        "Internal",
        "Unavailable",
        "DataLoss",
        "Unauthenticated",
    ];
    let found = names.iter().position(|one| *one == name);
    i32::try_from(found.unwrap_or_else(|| panic!("no code {name}"))).unwrap()
}

impl Recorded {
    /// What a player has to answer; nothing when a message was cut or is of no known method.
    pub fn reply(&self) -> Option<Reply> {
        let end = match self.code.as_str() {
            "DeadlineExceeded" => End::Hang,
            name => End::Status(code(name), self.message.clone()),
        };
        let output = output(&self.method)?;
        let messages: Option<Vec<Vec<u8>>> = self
            .responses
            .iter()
            .map(|text| encode(&output, text))
            .collect();
        Some(Reply {
            messages: messages?,
            end,
        })
    }
}

fn output(path: &str) -> Option<MessageDescriptor> {
    let (service, method) = path.trim_start_matches('/').split_once('/')?;
    let service = pool().get_service_by_name(service)?;
    let method = service.methods().find(|one| one.name() == method)?;
    Some(method.output())
}

/// A message of a type, given as JSON, as bytes; nothing when the JSON was cut.
pub fn encode(kind: &MessageDescriptor, text: &str) -> Option<Vec<u8>> {
    let mut value: Value = serde_json::from_str(text).ok()?;
    // Events hold a message under a name that is no type of the JSON form.
    if kind.full_name() == "machine.Event" {
        let data = value.as_object_mut()?.remove("data");
        let mut bytes = plain(kind, value);
        let any = event_data(data?)?;
        // Field 2, a message.
        bytes.push(0x12);
        prost::encoding::encode_varint(u64::try_from(any.len()).ok()?, &mut bytes);
        bytes.extend(any);
        return Some(bytes);
    }
    Some(plain(kind, value))
}

fn plain(kind: &MessageDescriptor, value: Value) -> Vec<u8> {
    let options = DeserializeOptions::new().deny_unknown_fields(false);
    DynamicMessage::deserialize_with_options(kind.clone(), value, &options)
        .unwrap_or_else(|error| panic!("{}: {error}", kind.full_name()))
        .encode_to_vec()
}

fn event_data(mut data: Value) -> Option<Vec<u8>> {
    let object = data.as_object_mut()?;
    let Some(Value::String(url)) = object.remove("@type") else {
        return Some(Vec::new());
    };
    let kind = pool().get_message_by_name(url.rsplit('/').next()?)?;
    let value = encode(&kind, &data.to_string())?;
    let any = prost_types::Any {
        type_url: url,
        value,
    };
    Some(any.encode_to_vec())
}
