//! Streams of a node.

use super::cause::Cause;
use super::error::ApiError;
use super::wire::common::Data;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tonic::{Response, Status, Streaming};

type Opening<T> = BoxFuture<'static, Result<Response<Streaming<T>>, Status>>;

enum State<T> {
    /// A node answers a stream with its first message: a log that says nothing would never open.
    Opening(Opening<T>),
    Open(Box<Streaming<T>>),
    Ended,
}

/// Messages of a stream, one after another. Dropping it ends the call on the node.
pub struct Frames<T> {
    state: State<T>,
    call: &'static str,
    node: String,
}

impl<T> std::fmt::Debug for Frames<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Frames({} on {})", self.call, self.node)
    }
}

impl<T: Send + 'static> Frames<T> {
    pub(super) fn new(
        call: &'static str,
        node: &str,
        opening: impl Future<Output = Result<Response<Streaming<T>>, Status>> + Send + 'static,
    ) -> Self {
        Self {
            state: State::Opening(opening.boxed()),
            call,
            node: node.to_owned(),
        }
    }

    /// The next message; nothing when the node has ended the stream. Can be dropped and called
    /// again without losing a message.
    ///
    /// # Errors
    /// When the stream fails; it has then ended.
    pub async fn next(&mut self) -> Result<Option<T>, ApiError> {
        // The state changes before the next wait, so that a drop while waiting loses nothing.
        if let State::Opening(opening) = &mut self.state {
            self.state = match opening.await {
                Ok(response) => State::Open(Box::new(response.into_inner())),
                Err(status) => return Err(self.failed(&status)),
            };
        }
        let State::Open(stream) = &mut self.state else {
            return Ok(None);
        };
        let next = stream.message().await;
        match next {
            Ok(Some(message)) => Ok(Some(message)),
            Ok(None) => {
                self.state = State::Ended;
                Ok(None)
            }
            Err(status) => Err(self.failed(&status)),
        }
    }

    fn failed(&mut self, status: &Status) -> ApiError {
        self.state = State::Ended;
        ApiError::of(status, self.call, &self.node)
    }
}

impl Frames<Data> {
    /// The next piece of a log, a file or an archive.
    ///
    /// # Errors
    /// When the stream fails, or the node says in a piece that reading failed.
    pub async fn bytes(&mut self) -> Result<Option<Vec<u8>>, ApiError> {
        let Some(data) = self.next().await? else {
            return Ok(None);
        };
        match data.metadata.map(|metadata| metadata.error) {
            Some(error) if !error.is_empty() => {
                Err(ApiError::new(Cause::Other, self.call, &self.node, error))
            }
            _ => Ok(Some(data.bytes)),
        }
    }

    /// Everything that is left, when it is not more than `most` bytes.
    ///
    /// # Errors
    /// As [`Frames::bytes`], and when it is more.
    pub async fn collect(&mut self, most: usize) -> Result<Vec<u8>, ApiError> {
        let mut all = Vec::new();
        while let Some(bytes) = self.bytes().await? {
            all.extend_from_slice(&bytes);
            if all.len() > most {
                let text = format!("more than {most} bytes");
                return Err(ApiError::new(Cause::Exhausted, self.call, &self.node, text));
            }
        }
        Ok(all)
    }
}
