//! Running a program to its end, or ending it.
//!
//! The checks ask programs that may hang (a wrapper on a dead network drive, a broken build), so
//! nothing here waits without a deadline and nothing stays behind.

use crate::world::Ran;
use rustix::process::{Pid, Signal, kill_process_group};
use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// More than this is not read: the answers asked for are below 100 KiB.
const LONGEST_OUTPUT: u64 = 1 << 20;
/// A killed program that is not gone by then is stuck in the kernel; the runtime collects it.
const BURIAL: Duration = Duration::from_secs(1);

/// Runs `program` without input and in a process group of its own, so that at the deadline the
/// children of a wrapper script end with it.
pub(crate) async fn run(program: &Path, args: &[&str], deadline: Duration) -> Ran {
    let spawned = Command::new(program)
        .args(args)
        .env("LC_ALL", "C")
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn();
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) => return Ran::Failed(error.to_string()),
    };
    match timeout(deadline, collect(&mut child)).await {
        Ok(Ok((status, stdout, _))) if status.success() => Ran::Said(stdout),
        Ok(Ok((status, stdout, stderr))) => Ran::Failed(words(status, &stdout, &stderr)),
        Ok(Err(error)) => {
            end(&mut child).await;
            Ran::Failed(error.to_string())
        }
        Err(_) => {
            end(&mut child).await;
            Ran::Hangs {
                seconds: deadline.as_secs(),
            }
        }
    }
}

/// What a program that failed said; how it ended where it said nothing.
fn words(status: ExitStatus, stdout: &str, stderr: &str) -> String {
    [stderr, stdout]
        .map(str::trim)
        .into_iter()
        .find(|text| !text.is_empty())
        .map_or_else(|| status.to_string(), str::to_owned)
}

async fn collect(child: &mut Child) -> io::Result<(ExitStatus, String, String)> {
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (stdout, stderr) = tokio::try_join!(text(stdout), text(stderr))?;
    Ok((child.wait().await?, stdout, stderr))
}

async fn text(pipe: Option<impl AsyncRead + Unpin>) -> io::Result<String> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        pipe.take(LONGEST_OUTPUT).read_to_end(&mut bytes).await?;
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

async fn end(child: &mut Child) {
    // The group has the child's number, which nobody else can get before the child is waited for.
    let group = child
        .id()
        .and_then(|id| i32::try_from(id).ok())
        .and_then(Pid::from_raw);
    if let Some(group) = group {
        // Gone already is as good as ended.
        let _ = kill_process_group(group, Signal::KILL);
        let _ = timeout(BURIAL, child.wait()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    const PATIENCE: Duration = Duration::from_secs(30);

    fn script(folder: &Path, text: &str) -> PathBuf {
        let path = folder.join("program");
        crate::tests::executable(&path, text);
        path
    }

    #[tokio::test]
    async fn the_answer_is_what_was_printed() {
        let folder = tempfile::tempdir().unwrap();
        let program = script(folder.path(), "#!/bin/sh\necho \"$1\"\necho oh >&2\n");
        assert_eq!(
            run(&program, &["yes"], PATIENCE).await,
            Ran::Said("yes\n".into())
        );
    }

    #[tokio::test]
    async fn a_failure_is_told_in_the_program_s_own_words() {
        let folder = tempfile::tempdir().unwrap();
        let program = script(folder.path(), "#!/bin/sh\necho oh >&2\nexit 3\n");
        assert_eq!(run(&program, &[], PATIENCE).await, Ran::Failed("oh".into()));
        let program = script(folder.path(), "#!/bin/sh\nexit 3\n");
        assert_eq!(
            run(&program, &[], PATIENCE).await,
            Ran::Failed("exit status: 3".into())
        );
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_fails() {
        let ran = run(Path::new("/nowhere/x"), &[], PATIENCE).await;
        assert!(matches!(ran, Ran::Failed(_)), "{ran:?}");
    }

    #[tokio::test]
    async fn a_program_that_hangs_is_ended_with_its_children() {
        let folder = tempfile::tempdir().unwrap();
        // The wrapper's child holds the pipes open and would for ten minutes.
        let text = format!(
            "#!/bin/sh\nsleep 600 &\necho $! > {}/pid\nwait\n",
            folder.path().display()
        );
        let program = script(folder.path(), &text);
        let ran = run(&program, &[], Duration::from_secs(2)).await;
        assert_eq!(ran, Ran::Hangs { seconds: 2 });
        let pid = std::fs::read_to_string(folder.path().join("pid")).unwrap();
        let stat = format!("/proc/{}/stat", pid.trim());
        // Gone, or a zombie where process 1 does not collect orphans.
        let ended = || std::fs::read_to_string(&stat).map_or(true, |text| text.contains(") Z "));
        let mut left = 200;
        while !ended() {
            assert!(left > 0, "the child of the wrapper lives on");
            left -= 1;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}
