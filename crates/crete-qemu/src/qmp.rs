//! QMP: JSON lines over a Unix socket.
//!
//! Events may come before the greeting. Replies are matched by id. Of an error only `desc` is of
//! use to anybody. Events Crete does not know are kept as they are, so that a newer QEMU never
//! breaks an older Crete.

use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{broadcast, oneshot, watch};
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

/// How long a command may take. Commands Crete sends are answered in milliseconds.
const ANSWERS_WITHIN: Duration = Duration::from_secs(10);
/// The longest line taken. QEMU's longest known answers are a few hundred KiB.
const LONGEST_LINE: u64 = 16 << 20;
/// Pause between two tries to connect while QEMU makes its socket.
const TRY_EVERY: Duration = Duration::from_millis(20);

/// Why QMP failed.
#[derive(Debug, thiserror::Error)]
pub enum QmpError {
    /// Nobody listened in time.
    #[error("{path}: no answer within {seconds} s", path = path.display())]
    Silent {
        /// The socket.
        path: PathBuf,
        /// How long was waited.
        seconds: u64,
    },
    /// The connection broke.
    #[error("the QMP connection broke: {0}")]
    Broken(String),
    /// A line that is no QMP.
    #[error("not QMP: {0}")]
    Malformed(String),
    /// QEMU refused a command.
    #[error("{command}: {desc}")]
    Refused {
        /// The command.
        command: String,
        /// QEMU's reason.
        desc: String,
    },
}

/// Something QEMU tells.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its name, for example `SHUTDOWN`.
    pub name: String,
    /// Its data, as it came.
    pub data: Map<String, Value>,
}

/// Why the machine went off, in QEMU's own terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shutdown {
    /// True when the guest itself did it.
    pub guest: bool,
    /// For example `guest-shutdown` or `host-signal`.
    pub reason: String,
}

impl Shutdown {
    fn read(event: &Event) -> Option<Self> {
        (event.name == "SHUTDOWN").then(|| Self {
            guest: event.data.get("guest").and_then(Value::as_bool) == Some(true),
            reason: event
                .data
                .get("reason")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
        })
    }
}

type Replies = HashMap<u64, oneshot::Sender<Result<Value, String>>>;

/// A connection. Dropping it ends its reader.
#[derive(Debug)]
pub struct Client {
    shared: Arc<Shared>,
    writer: tokio::sync::Mutex<OwnedWriteHalf>,
    next_id: AtomicU64,
    /// QEMU's version: major, minor, micro.
    pub version: (u64, u64, u64),
    _reader: DropGuard,
}

#[derive(Debug)]
struct Shared {
    replies: Mutex<Replies>,
    events: broadcast::Sender<Event>,
    shutdown: OnceLock<Shutdown>,
    /// True while the processors stand still, as far as QEMU has told.
    halted: watch::Sender<bool>,
    /// Cancelled when the connection is gone.
    closed: CancellationToken,
}

impl Shared {
    fn replies(&self) -> MutexGuard<'_, Replies> {
        self.replies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One message from QEMU.
#[derive(Debug, PartialEq)]
enum Message {
    Greeting { version: (u64, u64, u64) },
    Event(Event),
    Return { id: u64, value: Value },
    Error { id: Option<u64>, desc: String },
}

/// Reads one line.
fn parse(line: &str) -> Result<Message, QmpError> {
    let malformed = || QmpError::Malformed(line.trim_end().chars().take(120).collect());
    let value: Value = serde_json::from_str(line).map_err(|_| malformed())?;
    let Value::Object(mut object) = value else {
        return Err(malformed());
    };
    if let Some(greeting) = object.get("QMP") {
        let part = |name: &str| greeting["version"]["qemu"][name].as_u64().unwrap_or(0);
        return Ok(Message::Greeting {
            version: (part("major"), part("minor"), part("micro")),
        });
    }
    if let Some(name) = object.get("event").and_then(Value::as_str) {
        let name = name.to_owned();
        let data = match object.remove("data") {
            Some(Value::Object(data)) => data,
            _ => Map::new(),
        };
        return Ok(Message::Event(Event { name, data }));
    }
    let id = object.get("id").and_then(Value::as_u64);
    if let Some(error) = object.get("error") {
        let desc = error["desc"]
            .as_str()
            .unwrap_or("no reason given")
            .to_owned();
        return Ok(Message::Error { id, desc });
    }
    match (object.remove("return"), id) {
        (Some(value), Some(id)) => Ok(Message::Return { id, value }),
        _ => Err(malformed()),
    }
}

impl Client {
    /// Connects, waits for the greeting and leaves capability negotiation.
    ///
    /// # Errors
    /// When nobody greets within the deadline, or what answers is no QMP.
    pub async fn connect(path: &Path, within: Duration) -> Result<Self, QmpError> {
        tokio::time::timeout(within, Self::greet(path))
            .await
            .unwrap_or_else(|_| {
                Err(QmpError::Silent {
                    path: path.to_owned(),
                    seconds: within.as_secs(),
                })
            })
    }

    async fn greet(path: &Path) -> Result<Self, QmpError> {
        let stream = loop {
            match UnixStream::connect(path).await {
                Ok(stream) => break stream,
                // QEMU has not made or not yet listened on its socket. The deadline is the caller's.
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
                    ) =>
                {
                    tokio::time::sleep(TRY_EVERY).await;
                }
                Err(error) => return Err(QmpError::Broken(error.to_string())),
            }
        };
        let (read, write) = stream.into_split();
        let mut reader = BufReader::new(read);
        let (events, _) = broadcast::channel(64);
        let version = loop {
            match parse(&next_line(&mut reader).await?)? {
                Message::Greeting { version } => break version,
                Message::Event(event) => drop(events.send(event)),
                other => {
                    return Err(QmpError::Malformed(format!(
                        "{other:?} before the greeting"
                    )));
                }
            }
        };
        let shared = Arc::new(Shared {
            replies: Mutex::new(HashMap::new()),
            events,
            shutdown: OnceLock::new(),
            halted: watch::Sender::new(false),
            closed: CancellationToken::new(),
        });
        let stop = CancellationToken::new();
        // Owned by the drop guard: it ends with the client, or with QEMU.
        tokio::spawn(read_all(reader, shared.clone(), stop.clone()));
        let client = Self {
            shared,
            writer: tokio::sync::Mutex::new(write),
            next_id: AtomicU64::new(1),
            version,
            _reader: stop.drop_guard(),
        };
        client.execute("qmp_capabilities", Value::Null).await?;
        Ok(client)
    }

    /// Sends a command and waits for its answer.
    ///
    /// # Errors
    /// When QEMU refuses it, does not answer, or is gone.
    pub async fn execute(&self, command: &str, arguments: Value) -> Result<Value, QmpError> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let mut message = json!({ "execute": command, "id": id });
        if !arguments.is_null() {
            message["arguments"] = arguments;
        }
        let (sender, receiver) = oneshot::channel();
        self.shared.replies().insert(id, sender);
        let exchange = async {
            let mut writer = self.writer.lock().await;
            let line = format!("{message}\n");
            writer
                .write_all(line.as_bytes())
                .await
                .map_err(|e| QmpError::Broken(e.to_string()))?;
            drop(writer);
            tokio::select! {
                // The last answer may be there together with the end: it counts.
                biased;
                reply = receiver => reply.map_err(|_| QmpError::Broken(command.to_owned())),
                () = self.shared.closed.cancelled() => Err(QmpError::Broken(command.to_owned())),
            }
        };
        let answer = tokio::time::timeout(ANSWERS_WITHIN, exchange).await;
        self.shared.replies().remove(&id);
        match answer {
            Ok(Ok(Ok(value))) => Ok(value),
            Ok(Ok(Err(desc))) => Err(QmpError::Refused {
                command: command.to_owned(),
                desc,
            }),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(QmpError::Broken(format!(
                "no answer to {command} within {} s",
                ANSWERS_WITHIN.as_secs()
            ))),
        }
    }

    /// The machine's UUID.
    ///
    /// # Errors
    /// As [`Client::execute`]; also when the answer is no UUID.
    pub async fn query_uuid(&self) -> Result<Uuid, QmpError> {
        let answer = self.execute("query-uuid", Value::Null).await?;
        let text = answer["UUID"].as_str().unwrap_or_default();
        Uuid::parse_str(text).map_err(|_| QmpError::Malformed(answer.to_string()))
    }

    /// True when the processors run.
    ///
    /// # Errors
    /// As [`Client::execute`].
    pub async fn is_running(&self) -> Result<bool, QmpError> {
        let answer = self.execute("query-status", Value::Null).await?;
        Ok(answer["running"] == Value::Bool(true))
    }

    /// Why the processors stand still, in QEMU's own word: `paused`, `io-error`, `suspended`;
    /// nothing while they run.
    ///
    /// # Errors
    /// As [`Client::execute`].
    pub async fn halt(&self) -> Result<Option<String>, QmpError> {
        let answer = self.execute("query-status", Value::Null).await?;
        let status = answer["status"].as_str().unwrap_or_default();
        Ok((answer["running"] == Value::Bool(false)).then(|| status.to_owned()))
    }

    /// Lets the processors go on.
    ///
    /// # Errors
    /// As [`Client::execute`].
    pub async fn go_on(&self) -> Result<(), QmpError> {
        self.execute("cont", Value::Null).await.map(drop)
    }

    /// Tells whenever the processors stop or go on.
    #[must_use]
    pub fn halts(&self) -> watch::Receiver<bool> {
        self.shared.halted.subscribe()
    }

    /// Presses the power button. The guest decides what follows.
    ///
    /// # Errors
    /// As [`Client::execute`].
    pub async fn power_button(&self) -> Result<(), QmpError> {
        self.execute("system_powerdown", Value::Null)
            .await
            .map(drop)
    }

    /// Ends QEMU.
    ///
    /// # Errors
    /// As [`Client::execute`].
    pub async fn quit(&self) -> Result<(), QmpError> {
        self.execute("quit", Value::Null).await.map(drop)
    }

    /// What QEMU tells from now on.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.shared.events.subscribe()
    }

    /// Why the machine went off, once QEMU has said so. Complete when the connection is gone.
    #[must_use]
    pub fn shutdown(&self) -> Option<Shutdown> {
        self.shared.shutdown.get().cloned()
    }

    /// True when the connection is gone.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.closed.is_cancelled()
    }

    /// Waits until the connection is gone.
    pub async fn closed(&self) {
        self.shared.closed.cancelled().await;
    }
}

async fn next_line(reader: &mut BufReader<OwnedReadHalf>) -> Result<String, QmpError> {
    use tokio::io::AsyncReadExt;
    let mut line = String::new();
    let read = (&mut *reader)
        .take(LONGEST_LINE)
        .read_line(&mut line)
        .await
        .map_err(|error| QmpError::Broken(error.to_string()))?;
    if read == 0 {
        return Err(QmpError::Broken("QEMU closed it".to_owned()));
    }
    if !line.ends_with('\n') {
        return Err(QmpError::Malformed("a line without an end".to_owned()));
    }
    Ok(line)
}

async fn read_all(
    mut reader: BufReader<OwnedReadHalf>,
    shared: Arc<Shared>,
    stop: CancellationToken,
) {
    loop {
        let line = tokio::select! {
            line = next_line(&mut reader) => line,
            () = stop.cancelled() => break,
        };
        match line.and_then(|line| parse(&line)) {
            Ok(Message::Event(event)) => {
                if let Some(shutdown) = Shutdown::read(&event) {
                    // The first reason is the cause; what follows is its consequence.
                    let _ = shared.shutdown.set(shutdown);
                }
                if let "STOP" | "RESUME" = event.name.as_str() {
                    shared.halted.send_replace(event.name == "STOP");
                }
                // Nobody listening is no error.
                let _ = shared.events.send(event);
            }
            Ok(Message::Return { id, value }) => {
                if let Some(reply) = shared.replies().remove(&id) {
                    let _ = reply.send(Ok(value));
                }
            }
            Ok(Message::Error { id: Some(id), desc }) => {
                if let Some(reply) = shared.replies().remove(&id) {
                    let _ = reply.send(Err(desc));
                }
            }
            Ok(Message::Error { id: None, desc }) => {
                tracing::warn!(desc, "QMP error without an id")
            }
            Ok(Message::Greeting { .. }) => {}
            Err(error) => {
                tracing::debug!(%error, "the QMP reader ends");
                break;
            }
        }
    }
    shared.closed.cancel();
    shared.replies().clear();
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tokio::net::UnixListener;

    #[test]
    fn messages_are_told_apart() {
        let greeting = r#"{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}, "package": "x"}, "capabilities": ["oob"]}}"#;
        assert_eq!(
            parse(greeting).unwrap(),
            Message::Greeting {
                version: (7, 2, 22)
            }
        );
        let event = parse(r#"{"timestamp":{},"event":"SHUTDOWN","data":{"guest":true}}"#).unwrap();
        assert!(
            matches!(event, Message::Event(Event { name, data }) if name == "SHUTDOWN" && data["guest"] == true)
        );
        let error = parse(r#"{"id":3,"error":{"class":"GenericError","desc":"no"}}"#).unwrap();
        assert_eq!(
            error,
            Message::Error {
                id: Some(3),
                desc: "no".into()
            }
        );
        assert!(parse("hello").is_err());
        assert!(parse("[]").is_err());
        assert!(parse(r#"{"return":{}}"#).is_err());
    }

    proptest! {
        #[test]
        fn no_line_panics(line in ".{0,200}") {
            let _ = parse(&line);
        }
    }

    /// Whatever way the bytes are cut on the wire, the answers are the same.
    #[tokio::test]
    async fn an_event_before_the_greeting_and_bytes_one_by_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("qmp");
        let listener = UnixListener::bind(&path).unwrap();
        let server = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let (read, mut write) = stream.into_split();
            let text = "{\"event\":\"RESUME\"}\n{\"QMP\":{\"version\":{\"qemu\":{\"major\":10,\"minor\":0,\"micro\":2}}}}\n";
            for byte in text.bytes() {
                write.write_all(&[byte]).await.unwrap();
                write.flush().await.unwrap();
            }
            let mut lines = BufReader::new(read).lines();
            while let Some(line) = lines.next_line().await.unwrap() {
                let request: Value = serde_json::from_str(&line).unwrap();
                let answer = match request["execute"].as_str().unwrap() {
                    "query-uuid" => {
                        json!({"id": request["id"], "return": {"UUID": "00000000-0000-0000-0000-000000000007"}})
                    }
                    "quit" => {
                        json!({"id": request["id"], "error": {"class": "GenericError", "desc": "not now"}})
                    }
                    _ => json!({"id": request["id"], "return": {}}),
                };
                write
                    .write_all(format!("{answer}\n").as_bytes())
                    .await
                    .unwrap();
            }
        });
        let client = Client::connect(&path, Duration::from_secs(5))
            .await
            .unwrap();
        assert_eq!(client.version, (10, 0, 2));
        assert_eq!(client.query_uuid().await.unwrap(), Uuid::from_u128(7));
        let refused = client.quit().await.unwrap_err().to_string();
        assert_eq!(refused, "quit: not now");
        server.abort();
        client.closed().await;
        assert!(matches!(client.quit().await, Err(QmpError::Broken(_))));
    }

    #[tokio::test]
    async fn silence_ends_at_the_deadline() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("qmp");
        let _listener = UnixListener::bind(&path).unwrap();
        let error = Client::connect(&path, Duration::from_millis(50))
            .await
            .unwrap_err();
        assert!(matches!(error, QmpError::Silent { .. }));
    }
}
