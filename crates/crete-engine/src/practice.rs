//! The practice parts: a program that plays the Image Factory, and images to serve.
//!
//! Practice mode is the same engine with another root and this factory, so that the main job
//! works without KVM and without internet. Neither part is Talos, and the page always says so.

use crate::error::{EngineError, Result};
use crete_failpoint::step;
use crete_model::{ErrorCode, Params, Problem, Remedy, params};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use url::Url;

/// How long the practice factory may take to say where it listens.
const STARTS_WITHIN: Duration = Duration::from_secs(10);
/// What it says before its address.
const LISTENING: &str = "practice factory listening on ";

/// Where the parts of practice mode are looked for.
#[derive(Debug, Clone, Default)]
pub struct PracticeParts {
    /// The practice factory's program.
    pub factory: PathBuf,
    /// Folder with the practice images.
    pub images: PathBuf,
}

impl PracticeParts {
    /// True when there are images to serve.
    #[must_use]
    pub fn images_ready(&self) -> bool {
        ["metal-amd64.iso", "metal-amd64.raw.zst"]
            .iter()
            .all(|name| self.images.join(name).is_file())
    }

    /// True when the program is there.
    #[must_use]
    pub fn factory_found(&self) -> bool {
        self.factory.is_file()
    }

    /// The command that builds what is missing; empty when nothing is.
    #[must_use]
    pub fn build_command(&self) -> String {
        if self.images_ready() && self.factory_found() {
            String::new()
        } else {
            "cargo xtask practice".to_owned()
        }
    }
}

/// A running practice factory. Its standard input is held open: it ends with this value, and with
/// this program however that ends.
#[derive(Debug)]
pub struct PracticeFactory {
    child: Child,
    /// Where it listens.
    pub url: Url,
}

impl PracticeFactory {
    /// Starts the program and waits until it says where it listens.
    ///
    /// # Errors
    /// When a part is missing, or the program does not come up.
    pub async fn start(parts: &PracticeParts) -> Result<Self> {
        if !parts.images_ready() || !parts.factory_found() {
            return Err(missing(parts));
        }
        let mut command = Command::new(&parts.factory);
        command
            .arg("--images")
            .arg(&parts.images)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let spawned = step!("practice.spawn", command.spawn());
        let mut child = spawned.map_err(|source| EngineError::File {
            path: parts.factory.clone(),
            source,
        })?;
        let stdout = child.stdout.take();
        let first_line = async {
            let mut line = String::new();
            if let Some(stdout) = stdout {
                // An error reads as silence: the deadline or the empty line says the same.
                let _ = BufReader::new(stdout).read_line(&mut line).await;
            }
            line
        };
        let line = tokio::time::timeout(STARTS_WITHIN, first_line)
            .await
            .unwrap_or_default();
        let url = line
            .trim()
            .strip_prefix(LISTENING)
            .and_then(|address| Url::parse(address).ok())
            .ok_or_else(|| silent(parts, &line))?;
        Ok(Self { child, url })
    }

    /// Ends the program and waits for its end.
    pub async fn stop(mut self) {
        drop(self.child.stdin.take());
        if tokio::time::timeout(Duration::from_secs(3), self.child.wait())
            .await
            .is_err()
        {
            // It does not listen: it is ours by construction, so it may be ended.
            let _ = self.child.kill().await;
        }
    }
}

fn missing(parts: &PracticeParts) -> EngineError {
    Problem::new(
        ErrorCode::PracticeMissing,
        params! { "path" => parts.images.display() },
    )
    .with_remedy(Remedy::RunCommand {
        command: parts.build_command(),
        privileged: false,
    })
    .into()
}

fn silent(parts: &PracticeParts, line: &str) -> EngineError {
    Problem::new(ErrorCode::Internal, Params::new())
        .with_detail(format!("{} said: {line:?}", parts.factory.display()))
        .with_remedy(Remedy::Report)
        .into()
}
