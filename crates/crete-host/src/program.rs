//! Running a program to its end, or ending it.
//!
//! The checks ask programs that may hang (a wrapper on a dead network drive, a broken build), so
//! nothing here waits without a deadline and nothing stays behind.

use crate::world::Ran;
use rustix::process::{Pid, Signal, kill_process_group};
use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::sync::oneshot;
use tokio::time::timeout;

/// More than this is not read: the answers asked for are below 100 KiB.
const LONGEST_OUTPUT: u64 = 1 << 20;
/// A killed program that is not gone by then is stuck in the kernel; the runtime collects it.
const BURIAL: Duration = Duration::from_secs(1);

/// Runs `program` without input and in a process group of its own, so that at the deadline the
/// children of a wrapper script end with it. They also end when nobody waits any more, and the
/// program itself when this process is killed.
pub(crate) async fn run(program: &Path, args: &[&str], deadline: Duration) -> Ran {
    let mut command = Command::new(program);
    command
        .args(args)
        .env("LC_ALL", "C")
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    kernel::end_with_us(&mut command);
    let mut asked = match Asked::start(command).await {
        Ok(asked) => asked,
        Err(error) => return Ran::Failed(error.to_string()),
    };
    match timeout(deadline, collect(&mut asked.child)).await {
        Ok(Ok((status, stdout, _))) if status.success() => Ran::Said(stdout),
        Ok(Ok((status, stdout, stderr))) => Ran::Failed(words(status, &stdout, &stderr)),
        Ok(Err(error)) => {
            asked.end().await;
            Ran::Failed(error.to_string())
        }
        Err(_) => {
            asked.end().await;
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

/// A program that was asked something. Dropping this ends its whole group.
struct Asked {
    child: Child,
    /// The thread that started it: the kernel ends the child with that thread.
    _thread: mpsc::Sender<()>,
}

impl Asked {
    async fn start(mut command: Command) -> io::Result<Self> {
        let (tell, told) = oneshot::channel();
        let (thread, over) = mpsc::channel();
        tokio::task::spawn_blocking(move || {
            let asked = command.spawn().map(|child| Self {
                child,
                _thread: thread,
            });
            // Where nobody is there any more to take it, it is dropped here and ends its group.
            let _ = tell.send(asked);
            // An error: nobody holds the other end any more, and that is the sign.
            let _ = over.recv();
        });
        told.await
            .map_err(|_| io::Error::other("the runtime ends"))?
    }

    fn kill(&self) {
        // The group has the child's number, which nobody else can get before the child is waited
        // for; afterwards there is no number any more.
        let group = self
            .child
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .and_then(Pid::from_raw);
        if let Some(group) = group {
            // Gone already is as good as ended.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }

    async fn end(&mut self) {
        self.kill();
        let _ = timeout(BURIAL, self.child.wait()).await;
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The one place where the compiler cannot see what the kernel guarantees.
#[allow(unsafe_code, reason = "see the SAFETY note")]
mod kernel {
    use rustix::process::{Signal, getpid, getppid, set_parent_process_death_signal};
    use std::io;
    use tokio::process::Command;

    /// Makes a child end with the thread that forked it: a program that hangs would otherwise
    /// hang for ever when this process is killed before its deadline.
    pub(super) fn end_with_us(command: &mut Command) {
        let parent = getpid();
        let prepare = move || -> io::Result<()> {
            set_parent_process_death_signal(Some(Signal::KILL))?;
            if getppid() != Some(parent) {
                // We died before the line above: no signal will come any more.
                return Err(rustix::io::Errno::CANCELED.into());
            }
            Ok(())
        };
        // SAFETY: the closure runs in the forked child before exec. It makes two system calls that
        // are async-signal-safe, allocates nothing and touches no lock.
        unsafe {
            command.pre_exec(prepare);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use std::path::PathBuf;
    use std::task::Poll;

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

    /// A wrapper whose child holds the pipes open and would for ten minutes.
    fn wrapper(folder: &Path) -> PathBuf {
        let text = format!(
            "#!/bin/sh\nsleep 600 &\necho $! > {}/pid\nwait\n",
            folder.display()
        );
        script(folder, &text)
    }

    /// The wrapper's child, once it has one.
    fn child(folder: &Path) -> Option<String> {
        let pid = std::fs::read_to_string(folder.join("pid")).unwrap_or_default();
        pid.ends_with('\n').then(|| pid.trim().to_owned())
    }

    async fn ends(pid: &str) {
        let stat = format!("/proc/{pid}/stat");
        // Gone, or a zombie where process 1 does not collect orphans.
        let ended = || std::fs::read_to_string(&stat).map_or(true, |text| text.contains(") Z "));
        let mut left = 200;
        while !ended() {
            assert!(left > 0, "the child of the wrapper lives on");
            left -= 1;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    #[tokio::test]
    async fn a_program_that_hangs_is_ended_with_its_children() {
        let folder = tempfile::tempdir().unwrap();
        let program = wrapper(folder.path());
        let ran = run(&program, &[], Duration::from_secs(2)).await;
        assert_eq!(ran, Ran::Hangs { seconds: 2 });
        ends(&child(folder.path()).unwrap()).await;
    }

    #[tokio::test]
    async fn a_program_nobody_waits_for_is_ended_with_its_children() {
        let folder = tempfile::tempdir().unwrap();
        let program = wrapper(folder.path());
        let running = run(&program, &[], PATIENCE);
        let begun = async {
            while child(folder.path()).is_none() {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            ran = running => panic!("{ran:?}"),
            () = begun => {}
        }
        ends(&child(folder.path()).unwrap()).await;
    }

    #[tokio::test]
    async fn a_program_that_began_while_nobody_looked_is_ended_with_its_children() {
        let folder = tempfile::tempdir().unwrap();
        let program = wrapper(folder.path());
        let mut running = Box::pin(run(&program, &[], PATIENCE));
        // Asked once, so that it is started, and never again, so that it is not taken up.
        let first = poll_fn(|context| Poll::Ready(running.as_mut().poll(context))).await;
        assert!(first.is_pending());
        while child(folder.path()).is_none() {
            tokio::task::yield_now().await;
        }
        drop(running);
        ends(&child(folder.path()).unwrap()).await;
    }
}
