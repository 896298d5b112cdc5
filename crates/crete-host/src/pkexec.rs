//! Running one command with the administrator's permission, through the desktop's own question.
//!
//! `pkexec` shows the question, checks the answer and starts the program; Crete sees neither the
//! password nor more rights than before. Source of the exit codes: pkexec(1).

use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// What is kept of the program's last words, bytes.
const LAST_WORDS: usize = 4096;
/// A line longer than this is told in pieces.
const LONGEST_LINE: usize = 1024;

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The command ran and ended well.
    Done,
    /// The person closed the question.
    Dismissed,
    /// The permission was not given: a wrong password, or an account that may not.
    NotAuthorised,
    /// Nothing on this desktop asks for passwords, or the service behind it is not there.
    NoAgent,
    /// The command ran and ended badly.
    Failed {
        /// `exit status: 100` and the like.
        status: String,
        /// Its last words.
        said: String,
    },
    /// The person cancelled while the question was open. Nothing was run.
    Cancelled,
}

/// Asks for permission and runs `command`, which is a program's absolute path and its arguments.
///
/// Each line that is printed goes to `tell` as it comes. `cancel` closes the question; once the
/// command runs it belongs to the administrator and cannot be stopped from here any more, so its
/// end is waited for.
///
/// # Errors
/// When `pkexec` itself cannot be started.
pub async fn run(
    pkexec: &Path,
    command: &[String],
    mut tell: impl FnMut(&str),
    cancel: &CancellationToken,
) -> io::Result<Outcome> {
    let mut child = Command::new(pkexec)
        // Without it a question without an agent would go to a terminal nobody looks at.
        .arg("--disable-internal-agent")
        .args(command)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let (lines, mut printed) = mpsc::channel(64);
    let readers = (
        read(child.stdout.take(), lines.clone()),
        read(child.stderr.take(), lines),
    );
    let mut said = String::new();
    let listen = async {
        while let Some(line) = printed.recv().await {
            tell(&line);
            said.push_str(&line);
            said.push('\n');
            let surplus = said.len().saturating_sub(LAST_WORDS);
            said.drain(..said.ceil_char_boundary(surplus));
        }
    };
    let (status, (), (), ()) = tokio::join!(end(&mut child, cancel), readers.0, readers.1, listen);
    Ok(match status? {
        None => Outcome::Cancelled,
        Some(status) => outcome(status, said.trim_end()),
    })
}

/// Waits for the end; `None` when it was cancelled in time.
async fn end(child: &mut Child, cancel: &CancellationToken) -> io::Result<Option<ExitStatus>> {
    tokio::select! {
        status = child.wait() => return status.map(Some),
        () = cancel.cancelled() => {}
    }
    // Refused once the command runs as the administrator.
    let ended = child.start_kill().is_ok();
    let status = child.wait().await?;
    Ok((!ended || status.success()).then_some(status))
}

/// Tells lines, a longer one in pieces, whatever ends them.
async fn read(pipe: Option<impl AsyncRead + Unpin>, lines: mpsc::Sender<String>) {
    let Some(mut pipe) = pipe else { return };
    let (mut chunk, mut line) = ([0; 4096], Vec::new());
    loop {
        let count = match pipe.read(&mut chunk).await {
            Ok(0) | Err(_) => break,
            Ok(count) => count,
        };
        for byte in &chunk[..count] {
            let ends = matches!(byte, b'\n' | b'\r');
            if !ends {
                line.push(*byte);
            }
            if (ends && !line.is_empty()) || line.len() >= LONGEST_LINE {
                send(&lines, &mut line).await;
            }
        }
    }
    if !line.is_empty() {
        send(&lines, &mut line).await;
    }
}

async fn send(lines: &mpsc::Sender<String>, line: &mut Vec<u8>) {
    let text = String::from_utf8_lossy(line).into_owned();
    line.clear();
    // The receiver lives as long as the program runs.
    let _ = lines.send(text).await;
}

fn outcome(status: ExitStatus, said: &str) -> Outcome {
    const NOBODY_ASKS: [&str; 3] = [
        "No authentication agent found",
        "Error getting authority",
        "authentication agent: ",
    ];
    match status.code() {
        Some(0) => Outcome::Done,
        Some(126) => Outcome::Dismissed,
        Some(127) if NOBODY_ASKS.iter().any(|words| said.contains(words)) => Outcome::NoAgent,
        Some(127) => Outcome::NotAuthorised,
        _ => Outcome::Failed {
            status: status.to_string(),
            said: said.to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    /// A `pkexec` that notes its arguments and then does as the text says.
    fn pkexec(folder: &Path, text: &str) -> PathBuf {
        let path = folder.join("pkexec");
        let args = folder.join("args").display().to_string();
        let text = format!("#!/bin/sh\nprintf '%s\\n' \"$@\" > {args}\n{text}\n");
        crate::tests::executable(&path, &text);
        path
    }

    async fn try_it(text: &str) -> (Outcome, Vec<String>, String) {
        let folder = tempfile::tempdir().unwrap();
        let program = pkexec(folder.path(), text);
        let command = ["/usr/sbin/usermod", "-aG", "kvm", "a b;$(id)"].map(str::to_owned);
        let mut lines = Vec::new();
        let tell = |line: &str| lines.push(line.to_owned());
        let outcome = run(&program, &command, tell, &CancellationToken::new()).await;
        let args = std::fs::read_to_string(folder.path().join("args")).unwrap();
        (outcome.unwrap(), lines, args)
    }

    #[tokio::test]
    async fn every_end_has_its_own_name() {
        let cases = [
            ("exit 0", Outcome::Done),
            (
                "echo 'Error executing command as another user: Request dismissed' >&2; exit 126",
                Outcome::Dismissed,
            ),
            (
                "echo 'Error executing command as another user: Not authorized' >&2; exit 127",
                Outcome::NotAuthorised,
            ),
            (
                "echo 'Error executing command as another user: No authentication agent found.' >&2
                exit 127",
                Outcome::NoAgent,
            ),
            (
                "echo 'Error getting authority: Could not connect' >&2; exit 127",
                Outcome::NoAgent,
            ),
            (
                "echo 'usermod: group kvm does not exist' >&2; exit 6",
                Outcome::Failed {
                    status: "exit status: 6".into(),
                    said: "usermod: group kvm does not exist".into(),
                },
            ),
        ];
        for (text, expected) in cases {
            let (outcome, ..) = try_it(text).await;
            assert_eq!(outcome, expected, "{text}");
        }
    }

    #[tokio::test]
    async fn arguments_arrive_as_they_are_and_lines_as_they_come() {
        let (outcome, lines, args) = try_it("printf 'one\\rtwo\\n'; printf three").await;
        assert_eq!(outcome, Outcome::Done);
        assert_eq!(lines, ["one", "two", "three"]);
        assert_eq!(
            args,
            "--disable-internal-agent\n/usr/sbin/usermod\n-aG\nkvm\na b;$(id)\n"
        );
    }

    #[tokio::test]
    async fn a_flood_without_a_line_end_is_told_in_pieces_and_kept_short() {
        let (outcome, lines, _) = try_it("head -c 100000 /dev/zero | tr '\\0' x; exit 1").await;
        assert_eq!(lines.concat().len(), 100_000);
        assert!(lines.iter().all(|line| line.len() <= LONGEST_LINE));
        let Outcome::Failed { said, .. } = outcome else {
            panic!("{outcome:?}");
        };
        assert!(said.len() <= LAST_WORDS);
    }

    #[tokio::test]
    async fn cancelling_closes_the_question() {
        let folder = tempfile::tempdir().unwrap();
        let program = pkexec(folder.path(), "echo asking; exec sleep 600");
        let cancel = CancellationToken::new();
        let asked = cancel.clone();
        let tell = |_: &str| asked.cancel();
        let command = ["/usr/bin/true".to_owned()];
        let outcome = run(&program, &command, tell, &cancel).await;
        assert_eq!(outcome.unwrap(), Outcome::Cancelled);
    }
}
