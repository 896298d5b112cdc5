//! QMP on the wire: however bytes are cut and whatever comes in between, answers find their
//! question; and what is no QMP ends in an error, never in silence.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use crete_qemu::qmp::{Client, QmpError};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::OwnedWriteHalf;
use tokio::net::{UnixListener, UnixStream};

/// Nothing here waits for a time; this only ends a test that would hang.
const PATIENCE: Duration = Duration::from_secs(20);
const GREETING: &str =
    r#"{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}}, "capabilities": []}}"#;

/// What QEMU's side sends before an answer.
#[derive(Debug, Clone)]
enum Before {
    Event(String),
    /// An answer to nobody's question.
    Stray(u64),
    /// An error that belongs to no question.
    Unasked,
    LongEvent(usize),
}

fn befores() -> impl Strategy<Value = Vec<Before>> {
    let one = prop_oneof![
        "[A-Z_]{1,12}".prop_map(Before::Event),
        (10_000u64..20_000).prop_map(Before::Stray),
        Just(Before::Unasked),
        (1usize..80_000).prop_map(Before::LongEvent),
    ];
    proptest::collection::vec(one, 0..4)
}

fn line(before: &Before) -> String {
    let value = match before {
        Before::Event(name) => json!({ "event": name, "data": { "n": 1 }, "timestamp": {} }),
        Before::Stray(id) => json!({ "return": {}, "id": id }),
        Before::Unasked => json!({ "error": { "class": "GenericError", "desc": "x" } }),
        Before::LongEvent(length) => {
            json!({ "event": "LONG", "data": { "x": "y".repeat(*length) }})
        }
    };
    value.to_string()
}

/// Writes bytes in pieces of the given sizes, over and over.
async fn write(out: &mut OwnedWriteHalf, mut bytes: &[u8], cuts: &[usize]) {
    for cut in cuts.iter().cycle() {
        let (piece, rest) = bytes.split_at((*cut).min(bytes.len()));
        if out.write_all(piece).await.is_err() || rest.is_empty() {
            return;
        }
        bytes = rest;
        tokio::task::yield_now().await;
    }
}

/// A folder with a socket somebody listens on.
fn listen() -> (tempfile::TempDir, UnixListener) {
    let folder = tempfile::tempdir().unwrap();
    let listener = UnixListener::bind(folder.path().join("qmp")).unwrap();
    (folder, listener)
}

/// Greets, then answers each question with its own id, after what is to come before.
async fn answer(stream: UnixStream, befores: Vec<Vec<Before>>, cuts: Vec<usize>, ending: &str) {
    let (read, mut out) = stream.into_split();
    write(&mut out, format!("{GREETING}{ending}").as_bytes(), &cuts).await;
    let mut questions = BufReader::new(read).lines();
    let mut befores = befores.into_iter().cycle();
    while let Ok(Some(question)) = questions.next_line().await {
        let question: Value = serde_json::from_str(&question).unwrap();
        let mut text = String::new();
        for before in befores.next().unwrap_or_default() {
            text.push_str(&line(&before));
            text.push_str(ending);
        }
        let id = &question["id"];
        let reply = json!({ "return": { "echo": question["execute"] }, "id": id });
        text.push_str(&format!("{reply}{ending}"));
        write(&mut out, text.as_bytes(), &cuts).await;
    }
}

fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let test = async { tokio::time::timeout(PATIENCE, test).await.expect("no hang") };
    runtime.block_on(test)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn answers_find_their_questions(
        befores in proptest::collection::vec(befores(), 1..4),
        cuts in proptest::collection::vec(1usize..700, 1..6),
        crlf: bool,
    ) {
        let ending = if crlf { "\r\n" } else { "\n" };
        let heard = run(async {
            let (folder, listener) = listen();
            let server = tokio::spawn(async move {
                let (stream, _) = listener.accept().await.unwrap();
                answer(stream, befores, cuts, ending).await;
            });
            let socket = folder.path().join("qmp");
            let client = Client::connect(&socket, PATIENCE).await.unwrap();
            // Three at once: answers may not be taken for one another.
            let heard = tokio::join!(
                client.execute("a", Value::Null),
                client.execute("b", Value::Null),
                client.execute("c", Value::Null),
            );
            drop(client);
            server.await.unwrap();
            [heard.0, heard.1, heard.2].map(|answer| answer.unwrap()["echo"].clone())
        });
        prop_assert_eq!(heard, [json!("a"), json!("b"), json!("c")]);
    }

    /// Anything that is no QMP line ends the conversation with an error at once.
    #[test]
    fn garbage_is_an_error_and_no_hang(bytes in proptest::collection::vec(any::<u8>(), 1..300)) {
        let mut bytes = bytes;
        bytes.push(b'\n');
        let is_qmp = bytes.split(|byte| *byte == b'\n').all(|line| {
            line.is_empty() || serde_json::from_slice::<Value>(line).is_ok_and(|v| v.is_object())
        });
        prop_assume!(!is_qmp);
        let outcome = run(talk_then(bytes));
        prop_assert!(
            matches!(outcome, Err(QmpError::Broken(_))),
            "{:?}", outcome
        );
    }
}

/// A client whose question is answered with these bytes.
async fn talk_then(bytes: Vec<u8>) -> Result<Value, QmpError> {
    let (folder, listener) = listen();
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let (read, mut out) = stream.into_split();
        let mut questions = BufReader::new(read).lines();
        out.write_all(format!("{GREETING}\r\n").as_bytes())
            .await
            .unwrap();
        questions.next_line().await.unwrap();
        out.write_all(b"{\"return\": {}, \"id\": 1}\r\n")
            .await
            .unwrap();
        questions.next_line().await.unwrap();
        let _ = out.write_all(&bytes).await;
        // Kept open: it must be the bytes that end it, not the end of the stream.
        std::future::pending::<()>().await;
        drop(questions);
    });
    let client = Client::connect(&folder.path().join("qmp"), PATIENCE)
        .await
        .unwrap();
    let outcome = client.execute("query-status", Value::Null).await;
    server.abort();
    outcome
}

#[test]
fn a_line_without_end_is_given_up_before_memory_is() {
    let outcome = run(talk_then(vec![b' '; 17 << 20]));
    assert!(matches!(outcome, Err(QmpError::Broken(_))), "{outcome:?}");
}

#[test]
fn garbage_instead_of_a_greeting_is_said_so() {
    run(async {
        let (folder, listener) = listen();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(b"SSH-2.0-OpenSSH\r\n").await.unwrap();
            stream
        });
        let error = Client::connect(&folder.path().join("qmp"), PATIENCE)
            .await
            .unwrap_err();
        assert_eq!(error.to_string(), "not QMP: SSH-2.0-OpenSSH");
        drop(server.await.unwrap());
    });
}

#[test]
fn a_peer_that_goes_away_is_told_to_all_who_wait() {
    run(async {
        let (folder, listener) = listen();
        let server = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let (read, mut out) = stream.into_split();
            let mut questions = BufReader::new(read).lines();
            out.write_all(format!("{GREETING}\r\n").as_bytes())
                .await
                .unwrap();
            questions.next_line().await.unwrap();
            out.write_all(b"{\"return\": {}, \"id\": 1}\r\n")
                .await
                .unwrap();
            questions.next_line().await.unwrap();
            questions.next_line().await.unwrap();
        });
        let client = Client::connect(&folder.path().join("qmp"), PATIENCE)
            .await
            .unwrap();
        let both = tokio::join!(
            client.execute("a", Value::Null),
            client.execute("b", Value::Null)
        );
        assert!(matches!(
            both,
            (Err(QmpError::Broken(_)), Err(QmpError::Broken(_)))
        ));
        client.closed().await;
        server.await.unwrap();
    });
}
