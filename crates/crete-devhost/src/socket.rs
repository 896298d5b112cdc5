//! The WebSocket: topics as text, byte streams as binary, both on one connection.
//!
//! ```text
//! to the page    text    EventFrame[]
//!                binary  stream (u32 LE) + offset (u64 LE) + bytes; the stream alone is its end
//! from the page  text    {"open": {"stream": n, "request": StreamRequest}}
//! ```

use crate::Shared;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use crete_api::StreamRequest;
use futures_util::{SinkExt, StreamExt};
use serde::Deserialize;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Messages that may wait for a slow page.
const BACKLOG: usize = 64;

#[derive(Deserialize)]
pub struct Credentials {
    token: Option<String>,
}

#[derive(Deserialize)]
struct Open {
    stream: u32,
    request: StreamRequest,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum FromPage {
    Open(Open),
}

pub async fn open(
    State(shared): State<Arc<Shared>>,
    Query(credentials): Query<Credentials>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    if !shared.admits(credentials.token.as_deref(), &headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    upgrade.on_upgrade(move |socket| serve(shared, socket))
}

async fn serve(shared: Arc<Shared>, socket: WebSocket) {
    let (mut write, mut read) = socket.split();
    let end = CancellationToken::new();
    let _end_on_return = end.clone().drop_guard();
    let (sender, mut outgoing) = mpsc::channel::<Message>(BACKLOG);
    let mut frames = shared.router.events(&end);
    let to_page = async {
        loop {
            let message = tokio::select! {
                batch = frames.recv() => match batch {
                    // Frames are plain data and always render.
                    Some(batch) => Message::text(serde_json::to_string(&batch).unwrap_or_default()),
                    None => return,
                },
                Some(message) = outgoing.recv() => message,
            };
            if write.send(message).await.is_err() {
                return;
            }
        }
    };
    let from_page = async {
        while let Some(Ok(message)) = read.next().await {
            let Message::Text(text) = message else {
                continue;
            };
            match serde_json::from_str(&text) {
                Ok(FromPage::Open(open)) => start(&shared, open, &sender, &end).await,
                Err(error) => tracing::warn!(%error, "the page sent something unknown"),
            }
        }
    };
    tokio::select! {
        () = to_page => {}
        () = from_page => {}
    }
}

async fn start(
    shared: &Shared,
    Open { stream, request }: Open,
    sender: &mpsc::Sender<Message>,
    end: &CancellationToken,
) {
    let sender = sender.clone();
    let over = Message::binary(stream.to_le_bytes().to_vec());
    let engine = shared.router.engine();
    match shared
        .router
        .open_stream(stream, request, end.clone())
        .await
    {
        Ok(mut chunks) => {
            let closing = engine.closing.clone();
            engine.tasks.spawn(async move {
                let pump = async {
                    while let Some(chunk) = chunks.recv().await {
                        let mut wire = stream.to_le_bytes().to_vec();
                        wire.extend(chunk.encode());
                        if sender.send(Message::binary(wire)).await.is_err() {
                            return;
                        }
                    }
                    let _ = sender.send(over).await;
                };
                // A page that does not read must not keep the engine from closing.
                tokio::select! {
                    () = closing.cancelled() => {}
                    () = pump => {}
                }
            });
        }
        Err(problem) => {
            tracing::warn!(code = ?problem.code, "a stream could not be opened");
            let _ = sender.send(over).await;
        }
    }
}
