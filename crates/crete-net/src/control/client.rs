//! The driver's side of a network's control socket.

use super::{Ask, Hello, LONGEST_LINE, Reply, Request, Status, can_drive};
use crate::config::{Config, Target};
use serde::de::DeserializeOwned;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use uuid::Uuid;

/// How long an answer may take.
const ANSWERS_WITHIN: Duration = Duration::from_secs(10);

/// Why a network could not be driven.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody is there, or the connection broke.
    #[error("{path}: {source}", path = path.display())]
    Connection {
        /// The socket.
        path: PathBuf,
        /// What happened.
        source: io::Error,
    },
    /// Nothing came in time.
    #[error("{path}: no answer within {} s", ANSWERS_WITHIN.as_secs(), path = path.display())]
    Silent {
        /// The socket.
        path: PathBuf,
    },
    /// What came is nothing a network says.
    #[error("{path}: not a network: {reason}", path = path.display())]
    Malformed {
        /// The socket.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// It is a network of another program's version, or another network.
    #[error("{path}: network {network} with protocol {major}.{minor}", path = path.display())]
    Foreign {
        /// The socket.
        path: PathBuf,
        /// The network that greets.
        network: Uuid,
        /// Its protocol.
        major: u16,
        /// Its protocol.
        minor: u16,
    },
    /// The network said no.
    #[error("{0}")]
    Refused(String),
}

/// A connection to a network.
#[derive(Debug)]
pub struct Client {
    path: PathBuf,
    stream: BufReader<UnixStream>,
    hello: Hello,
    next_id: u64,
}

impl Client {
    /// Connects with a network and makes sure that it is the right one.
    ///
    /// # Errors
    /// When nobody is there, or it is another, or one that this program cannot drive.
    pub async fn connect(path: &Path, network: Uuid) -> Result<Self, ClientError> {
        let stream = UnixStream::connect(path)
            .await
            .map_err(|source| ClientError::Connection {
                path: path.to_owned(),
                source,
            })?;
        let mut client = Self {
            path: path.to_owned(),
            stream: BufReader::new(stream),
            hello: Hello {
                product: String::new(),
                protocol: (0, 0),
                version: String::new(),
                network: Uuid::nil(),
                pid: 0,
            },
            next_id: 1,
        };
        client.hello = client.line().await?;
        if client.hello.network != network || !can_drive(&client.hello) {
            let (major, minor) = client.hello.protocol;
            return Err(ClientError::Foreign {
                path: path.to_owned(),
                network: client.hello.network,
                major,
                minor,
            });
        }
        Ok(client)
    }

    /// What the network greeted with.
    #[must_use]
    pub fn hello(&self) -> &Hello {
        &self.hello
    }

    async fn line<T: DeserializeOwned>(&mut self) -> Result<T, ClientError> {
        let mut text = Vec::new();
        let limit = LONGEST_LINE as u64;
        let read = async {
            (&mut self.stream)
                .take(limit)
                .read_until(b'\n', &mut text)
                .await
        };
        let silent = || ClientError::Silent {
            path: self.path.clone(),
        };
        let read = tokio::time::timeout(ANSWERS_WITHIN, read)
            .await
            .map_err(|_| silent())?;
        read.and_then(|_| match text.last() {
            Some(b'\n') => Ok(()),
            _ => Err(io::ErrorKind::UnexpectedEof.into()),
        })
        .map_err(|source| ClientError::Connection {
            path: self.path.clone(),
            source,
        })?;
        serde_json::from_slice(&text).map_err(|error| ClientError::Malformed {
            path: self.path.clone(),
            reason: error.to_string(),
        })
    }

    async fn ask(&mut self, request: Request) -> Result<serde_json::Value, ClientError> {
        let id = self.next_id;
        self.next_id += 1;
        let text = super::line(&Ask { id, request });
        self.stream
            .get_mut()
            .write_all(&text)
            .await
            .map_err(|source| ClientError::Connection {
                path: self.path.clone(),
                source,
            })?;
        let reply: Reply = self.line().await?;
        match reply {
            Reply {
                id: of,
                failed: None,
                done,
            } if of == id => Ok(done.unwrap_or_default()),
            Reply {
                failed: Some(why), ..
            } => Err(ClientError::Refused(why)),
            other => Err(ClientError::Malformed {
                path: self.path.clone(),
                reason: format!("a reply to {} and not to {id}", other.id),
            }),
        }
    }

    /// The network as it is seen.
    ///
    /// # Errors
    /// When the network does not answer.
    pub async fn status(&mut self) -> Result<Status, ClientError> {
        let value = self.ask(Request::Status).await?;
        serde_json::from_value(value).map_err(|error| ClientError::Malformed {
            path: self.path.clone(),
            reason: error.to_string(),
        })
    }

    /// Has the network be as this says.
    ///
    /// # Errors
    /// When it refuses, with its reason.
    pub async fn apply(&mut self, config: Config) -> Result<(), ClientError> {
        let config = Box::new(config);
        self.ask(Request::Apply { config }).await.map(drop)
    }

    /// Cuts or mends a machine's link.
    ///
    /// # Errors
    /// When there is no such machine.
    pub async fn cut(&mut self, machine: &str, cut: bool) -> Result<(), ClientError> {
        let machine = machine.to_owned();
        self.ask(Request::Cut { machine, cut }).await.map(drop)
    }

    /// Turns this connection into one to a port of a machine. What the machine has said already is
    /// in the buffer, and is read first.
    ///
    /// # Errors
    /// When the machine refuses or does not answer.
    pub async fn dial(mut self, to: Target) -> Result<BufReader<UnixStream>, ClientError> {
        self.ask(Request::Connect { to }).await?;
        Ok(self.stream)
    }

    /// Ends the network's process.
    ///
    /// # Errors
    /// When the network does not answer.
    pub async fn quit(&mut self) -> Result<(), ClientError> {
        self.ask(Request::Quit).await.map(drop)
    }
}
