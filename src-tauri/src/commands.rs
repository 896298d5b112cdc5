//! All that the page can reach: one command, one event channel, raw byte channels,
//! and another try to open what these need.

use crate::window::Window;
use crete_api::{EventFrame, Router, StreamRequest, dispatch};
use crete_engine::Engine;
use crete_model::{ErrorCode, Params, Problem, Remedy};
use serde_json::Value;
use std::sync::Arc;
use tauri::State;
use tauri::ipc::{Channel, InvokeResponseBody};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// The router, once the engine is open; or why it could not be opened.
type Outcome = Option<Result<Arc<Router<Window>>, Problem>>;

/// Where whoever asks waits for the router.
pub struct Opened {
    host: Arc<Window>,
    practice: bool,
    outcome: watch::Sender<Outcome>,
}

impl Opened {
    /// Nothing is opened yet.
    pub fn new(host: Arc<Window>, practice: bool) -> Self {
        let outcome = watch::Sender::new(None);
        Self {
            host,
            practice,
            outcome,
        }
    }

    /// Opens the engine.
    pub async fn open(&self) {
        let router = Router::open(self.host.clone(), self.practice).await;
        if let Err(problem) = &router {
            tracing::error!(code = ?problem.code, detail = ?problem.detail, "no engine");
        }
        self.outcome.send_replace(Some(router.map(Arc::new)));
    }

    /// True for the one who shall open it once more: it could not be opened, and nobody is at it.
    fn begin_again(&self) -> bool {
        self.outcome.send_if_modified(|outcome| {
            let failed = matches!(outcome, Some(Err(_)));
            if failed {
                *outcome = None;
            }
            failed
        })
    }

    /// The engine, when it is open.
    pub fn engine(&self) -> Option<Arc<Engine>> {
        let outcome = self.outcome.borrow();
        let router = outcome.as_ref()?.as_ref().ok()?;
        Some(router.engine())
    }

    async fn router(&self) -> Result<Arc<Router<Window>>, Problem> {
        let mut opened = self.outcome.subscribe();
        let outcome = opened
            .wait_for(Option::is_some)
            .await
            .map(|value| value.clone());
        outcome.ok().flatten().unwrap_or_else(|| Err(gone()))
    }
}

fn gone() -> Problem {
    Problem::new(ErrorCode::Internal, Params::new()).with_remedy(Remedy::Report)
}

/// Carries out one command.
#[tauri::command]
pub async fn rpc(
    opened: State<'_, Opened>,
    name: String,
    request: Value,
) -> Result<Value, Problem> {
    let router = opened.router().await?;
    dispatch(router.as_ref(), &name, request).await
}

/// Opens the engine once more where it could not be opened. The page loads itself anew then.
#[tauri::command]
pub async fn open_again(opened: State<'_, Opened>) -> Result<(), Problem> {
    if opened.begin_again() {
        opened.open().await;
    }
    opened.router().await.map(drop)
}

/// Sends the frames of all topics until the page is gone.
#[tauri::command]
pub async fn events(
    opened: State<'_, Opened>,
    channel: Channel<Vec<EventFrame>>,
) -> Result<(), Problem> {
    let router = opened.router().await?;
    let end = CancellationToken::new();
    let mut frames = router.events(&end);
    router.engine().tasks.spawn(async move {
        let _end = end.drop_guard();
        while let Some(batch) = frames.recv().await {
            if channel.send(batch).is_err() {
                return;
            }
        }
    });
    Ok(())
}

/// Sends a byte stream; an empty message is its end.
#[tauri::command]
pub async fn open_stream(
    opened: State<'_, Opened>,
    stream: u32,
    request: StreamRequest,
    channel: Channel<InvokeResponseBody>,
) -> Result<(), Problem> {
    let router = opened.router().await?;
    let end = CancellationToken::new();
    let mut chunks = router.open_stream(stream, request, end.clone()).await?;
    router.engine().tasks.spawn(async move {
        let _end = end.drop_guard();
        while let Some(chunk) = chunks.recv().await {
            if channel
                .send(InvokeResponseBody::Raw(chunk.encode()))
                .is_err()
            {
                return;
            }
        }
        // The page may be gone; then nobody needs the end.
        let _ = channel.send(InvokeResponseBody::Raw(Vec::new()));
    });
    Ok(())
}
