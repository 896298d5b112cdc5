//! Safe mode: the window drawn by the processor alone, for computers whose graphics leave it blank.
//!
//! WebKit reads its variables when it is loaded, so safe mode needs a process of its own from the
//! start. Asked for by hand, the program becomes that process at once. Entered later, a second
//! process is started that waits for the end of the first: two of them never hold the same lock.

use crate::renderer;
use std::ffi::OsString;
use std::io::{self, IsTerminal, PipeWriter};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// The argument that asks for safe mode. With a value (`--safe-mode=crashed`) it says why, and that
/// the program was started by its predecessor, whose end is the end of the standard input.
const FLAG: &str = "--safe-mode";
const PRACTICE: &str = "--practice";

/// A predecessor that has not ended by then hangs in its graphics, and is no longer waited for.
const PREDECESSOR_ENDS_WITHIN: Duration = Duration::from_secs(10);

/// What keeps WebKit and GTK away from the graphics card.
const VARIABLES: [(&str, &str); 4] = [
    ("WEBKIT_DISABLE_DMABUF_RENDERER", "1"),
    renderer::WITHOUT_CARD,
    ("WEBKIT_SKIA_ENABLE_CPU_RENDERING", "1"),
    ("LIBGL_ALWAYS_SOFTWARE", "1"),
];

/// Why the program runs in safe mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// A person asked for it.
    Asked,
    /// The page drew no second frame in time.
    Unpainted,
    /// The page's process ended by itself.
    Crashed,
}

impl Reason {
    /// The reason as arguments and the page know it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Unpainted => "unpainted",
            Self::Crashed => "crashed",
        }
    }
}

/// Why safe mode was asked for, if it was. A reason nobody knows is a person's.
pub fn requested(args: &[String]) -> Option<Reason> {
    args.iter().find_map(|arg| match value(arg)? {
        "=unpainted" => Some(Reason::Unpainted),
        "=crashed" => Some(Reason::Crashed),
        _ => Some(Reason::Asked),
    })
}

/// What follows the flag; `None` for every other argument, also for one that only begins alike.
fn value(arg: &str) -> Option<&str> {
    arg.strip_prefix(FLAG)
        .filter(|rest| rest.is_empty() || rest.starts_with('='))
}

/// True when all that safe mode needs is set.
pub fn prepared(environment: impl Fn(&str) -> Option<OsString>) -> bool {
    VARIABLES
        .iter()
        .all(|(name, value)| environment(name).is_some_and(|found| found == *value))
}

/// The arguments of the successor: those of this program, in practice if the page is there now.
pub fn successor(args: &[String], practice: bool, reason: Reason) -> Vec<String> {
    let kept = args
        .iter()
        .filter(|arg| value(arg).is_none() && *arg != PRACTICE);
    let mut next: Vec<String> = kept.cloned().collect();
    next.extend(practice.then(|| PRACTICE.to_owned()));
    next.push(format!("{FLAG}={}", reason.name()));
    next
}

/// Becomes the program in safe mode. Returns only when that failed.
pub fn become_safe(program: &Path, args: &[String]) -> io::Error {
    use std::os::unix::process::CommandExt;
    Command::new(program).args(args).envs(VARIABLES).exec()
}

/// Starts the successor, which waits as long as what is returned exists.
///
/// # Errors
/// When no process can be made.
pub fn start_successor(program: &Path, args: &[String]) -> io::Result<PipeWriter> {
    let (theirs, ours) = io::pipe()?;
    Command::new(program)
        .args(args)
        .envs(VARIABLES)
        .stdin(theirs)
        .spawn()?;
    Ok(ours)
}

/// Waits until the predecessor has ended, if this program has one.
pub fn wait_for_predecessor(args: &[String]) {
    let succeeds = args
        .iter()
        .any(|arg| value(arg).is_some_and(|value| !value.is_empty()));
    // A person who typed the value has no predecessor.
    if !succeeds || io::stdin().is_terminal() {
        return;
    }
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        // Nothing is ever written: reading ends with the predecessor. An input that cannot be
        // read has no predecessor behind it, and nobody may be listening any more.
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        let _ = tell.send(());
    });
    // Late or ended: the window is opened either way.
    let _ = told.recv_timeout(PREDECESSOR_ENDS_WITHIN);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn the_flag_says_why() {
        let table: [(&[&str], Option<Reason>); 7] = [
            (&[], None),
            (&["--practice"], None),
            (&["--safe-modest"], None),
            (&["--safe-mode"], Some(Reason::Asked)),
            (&["--safe-mode=whatever"], Some(Reason::Asked)),
            (
                &["--practice", "--safe-mode=crashed"],
                Some(Reason::Crashed),
            ),
            (&["--safe-mode=unpainted"], Some(Reason::Unpainted)),
        ];
        for (words, wanted) in table {
            assert_eq!(requested(&args(words)), wanted, "{words:?}");
        }
    }

    #[test]
    fn the_successor_keeps_the_arguments_and_says_the_newest_reason_once() {
        for reason in [Reason::Asked, Reason::Unpainted, Reason::Crashed] {
            let first = successor(&args(&["--other"]), false, Reason::Unpainted);
            let next = successor(&first, false, reason);
            assert_eq!(requested(&next), Some(reason));
            assert_eq!(
                next,
                args(&["--other", &format!("--safe-mode={}", reason.name())])
            );
        }
    }

    #[test]
    fn the_successor_is_in_practice_when_the_page_was_at_last() {
        for started in [args(&[]), args(&["--practice"])] {
            for practice in [true, false] {
                let next = successor(&started, practice, Reason::Crashed);
                assert_eq!(next.iter().any(|arg| arg == "--practice"), practice);
                assert_eq!(next.len(), 1 + usize::from(practice));
            }
        }
    }

    #[test]
    fn safe_mode_is_prepared_when_every_variable_is_as_it_needs_it() {
        let all = |name: &str| VARIABLES.iter().find(|(known, _)| *known == name);
        assert!(prepared(|name| all(name).map(|(_, value)| value.into())));
        assert!(!prepared(|_| None));
        for (missing, _) in VARIABLES {
            let other = |name: &str| (name != missing).then(|| "1".into());
            assert!(!prepared(other), "{missing}");
            let off = |name: &str| Some(if name == missing { "0" } else { "1" }.into());
            assert!(!prepared(off), "{missing}");
        }
    }
}
