//! A cluster opened in a person's own programs: Headlamp, Freelens, or a terminal with `kubectl`.
//!
//! What is started is a program of its own that outlives this one. No shell is asked, and nothing of
//! the page becomes an argument: it names a tool by its code.

use crate::Engine;
use crate::access::{KUBECONFIG, TALOSCONFIG};
use crate::error::{Result, internal, wire_name};
use crete_host::tools::{self, Keys, Start};
use crete_model::{ClusterDenied, ClusterId, ErrorCode, Problem, Remedy, Tool, ToolView, params};
use std::os::unix::process::CommandExt;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};

/// One that ends badly before this is told; whoever runs longer was started.
const STARTS: Duration = Duration::from_secs(2);

impl Engine {
    /// The programs that a cluster can be opened in, and what is missing of each.
    ///
    /// # Errors
    /// Never but for a defect.
    pub async fn cluster_tools(&self) -> Result<Vec<ToolView>> {
        let world = self.world.clone();
        let looking = tokio::task::spawn_blocking(move || {
            let seen = Tool::ALL.iter();
            seen.map(|tool| tools::view(world.as_ref(), *tool))
                .collect()
        });
        looking.await.map_err(internal)
    }

    /// Opens a cluster in one of them, with its own key files.
    ///
    /// # Errors
    /// When it has no key files yet, the program is not installed, or it ends badly at once.
    pub async fn open_in_tool(&self, id: ClusterId, tool: Tool) -> Result<()> {
        let folder = self.cluster_folder(id)?;
        let world = self.world.clone();
        let finding = tokio::task::spawn_blocking(move || {
            let (kubeconfig, talosconfig) = (folder.join(KUBECONFIG), folder.join(TALOSCONFIG));
            if !kubeconfig.exists() {
                let reason = wire_name(ClusterDenied::NotFormed);
                let problem =
                    Problem::new(ErrorCode::ClusterDenied, params! { "reason" => reason });
                return Err(problem.with_remedy(Remedy::Retry));
            }
            let keys = Keys {
                kubeconfig: &kubeconfig,
                talosconfig: Some(talosconfig.as_path()).filter(|path| path.exists()),
            };
            tools::start(world.as_ref(), tool, keys).ok_or_else(|| {
                let named = params! { "tool" => wire_name(tool) };
                Problem::new(ErrorCode::ToolMissing, named).with_remedy(Remedy::Retry)
            })
        });
        let start = finding.await.map_err(internal)??;
        let child = spawn(&start)?;
        self.watch_tool(start, child).await
    }

    /// Sees whether it ends badly at once; whoever goes on is left alone, and taken note of when it
    /// ends, so that nothing of it stays in this program's books.
    async fn watch_tool(&self, start: Start, mut child: Child) -> Result<()> {
        let ended = tokio::time::timeout(STARTS, child.wait()).await;
        match ended {
            Ok(Ok(status)) if !status.success() => Err(failed(&start, &status.to_string()).into()),
            Ok(Err(error)) => Err(failed(&start, &error.to_string()).into()),
            Ok(Ok(_)) => Ok(()),
            Err(_) => {
                let closing = self.closing.clone();
                self.tasks.spawn(async move {
                    tokio::select! {
                        () = closing.cancelled() => {}
                        _ = child.wait() => {}
                    }
                });
                Ok(())
            }
        }
    }
}

fn failed(start: &Start, words: &str) -> Problem {
    let program = params! { "program" => start.program.display() };
    Problem::new(ErrorCode::ToolFailed, program)
        .with_detail(words)
        .with_remedy(Remedy::Retry)
}

fn spawn(start: &Start) -> Result<Child> {
    let mut command = std::process::Command::new(&start.program);
    command
        .args(&start.args)
        .envs(start.variables.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // What ends this program from a terminal does not end that one.
        .process_group(0);
    let spawned = Command::from(command).kill_on_drop(false).spawn();
    spawned.map_err(|error| failed(start, &error.to_string()).into())
}
