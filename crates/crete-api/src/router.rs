//! The router of one program: its engine, its host, and the streams that are open. No logic of the
//! domain. The commands stand in a file for each part, one method a command.

mod access;
mod clusters;
mod images;
mod looks;
mod machines;
mod networks;
mod nodes;
mod outside;
mod program;
mod recipes;
mod studio;
mod told;

use crate::host::Host;
use crate::streams::Flow;
use crate::types::FileRef;
use crate::{ByteChunk, ByteStream, StreamRequest};
use bytes::Bytes;
use crete_engine::{Engine, EngineError};
use crete_model::{ErrorCode, Params, Problem, Remedy};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// The router of one program.
#[derive(Debug)]
pub struct Router<H> {
    host: Arc<H>,
    /// Replaced as a whole when practice mode is entered or left.
    engine: RwLock<Arc<Engine>>,
    settings_restored: bool,
    flows: Mutex<HashMap<u32, Flow>>,
    looks: looks::Looks,
}

impl<H: Host> Router<H> {
    /// Opens the engine and makes a router for it.
    ///
    /// # Errors
    /// When the engine cannot be opened.
    pub async fn open(host: Arc<H>, practice: bool) -> Result<Self, Problem> {
        let (_, settings_restored) = host.load_settings();
        let engine = host.open_engine(practice).await?;
        Ok(Self {
            host,
            engine: RwLock::new(engine),
            settings_restored,
            flows: Mutex::new(HashMap::new()),
            looks: looks::Looks::default(),
        })
    }

    /// The engine in use.
    pub fn engine(&self) -> Arc<Engine> {
        self.engine
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The host.
    pub fn host(&self) -> &Arc<H> {
        &self.host
    }

    fn flows(&self) -> MutexGuard<'_, HashMap<u32, Flow>> {
        self.flows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a byte stream under the page's number for it.
    ///
    /// The stream waits when [`crate::WINDOW_BYTES`] are under way without an acknowledgement.
    ///
    /// # Errors
    /// When there is no such machine or port.
    pub async fn open_stream(
        &self,
        stream: u32,
        request: StreamRequest,
        cancel: CancellationToken,
    ) -> Result<ByteStream, Problem> {
        let engine = self.engine();
        let mut source = source(&engine, request)
            .await
            .map_err(EngineError::problem)?;
        let flow = Flow::new(cancel.child_token());
        // A page that was reloaded numbers from one again: the old stream ends.
        if let Some(old) = self.flows().insert(stream, flow.clone()) {
            old.close();
        }
        let (sender, receiver) = mpsc::channel(16);
        let closing = engine.closing.clone();
        engine.tasks.spawn(async move {
            let pump = async {
                while let Some((offset, bytes)) = source.recv().await {
                    flow.take(bytes.len()).await;
                    if sender.send(ByteChunk { offset, bytes }).await.is_err() {
                        break;
                    }
                }
            };
            tokio::select! {
                () = flow.closed() => {}
                () = closing.cancelled() => {}
                () = sender.closed() => {}
                () = pump => {}
            }
        });
        Ok(receiver)
    }
}

/// Where the bytes of a stream come from.
async fn source(
    engine: &Engine,
    request: StreamRequest,
) -> Result<mpsc::Receiver<(u64, Bytes)>, EngineError> {
    match request {
        StreamRequest::Console { machine, port } => engine.console(machine, port).await,
        StreamRequest::Node { machine, source } => {
            let records = engine.tell_of_node(machine, source)?;
            let (sender, receiver) = mpsc::channel(1);
            // It ends with its reader, or with the engine, which ends the records.
            engine.tasks.spawn(told::chunks(records, sender));
            Ok(receiver)
        }
    }
}

/// Turns an engine's answer into the page's.
fn page<T>(result: Result<T, EngineError>) -> Result<T, Problem> {
    result.map_err(|error| {
        let mut problem = error.problem();
        if problem.id.is_empty() {
            problem.id = crete_engine::error_id();
        }
        tracing::warn!(id = %problem.id, code = ?problem.code, detail = ?problem.detail, "a command failed");
        problem
    })
}

/// A file's path. What it is relative to is nobody's business but the shell's.
fn file_path(request: &FileRef) -> Result<PathBuf, Problem> {
    let path = PathBuf::from(&request.path);
    if path.is_absolute() {
        return Ok(path);
    }
    Err(Problem::new(ErrorCode::BadRequest, Params::new())
        .with_detail("an absolute path is needed")
        .with_remedy(Remedy::ChooseAnother))
}
