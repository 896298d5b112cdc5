//! Network namespaces of a test's own: real Linux stacks on every side of a network, and nothing of
//! this computer's.
//!
//! A test runs itself again as a user of its own, who may do there what only the administrator may
//! do here. Everything is gone with the test's processes.

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::fs::File;
use std::io::Write;
use std::os::fd::AsFd;
use std::process::{Child, Command, Stdio};

/// Set in the test that runs alone, to its name.
const ALONE: &str = "CRETE_TEST_ALONE";

fn own_namespace() -> Command {
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--net"]);
    command
}

/// Why there can be no namespaces here; nothing when there can.
fn obstacle() -> Option<String> {
    let mut trial = own_namespace();
    trial.args(["ip", "tuntap", "add", "dev", "trial", "mode", "tap"]);
    match trial.output() {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        Err(error) => Some(format!("unshare: {error}")),
    }
}

/// Runs the body of the test of this name in namespaces of its own. Where the kernel gives none, it
/// says so; on a computer where everything must be tested, it fails.
pub fn alone(test: &str, body: impl FnOnce()) {
    if std::env::var(ALONE).is_ok_and(|inner| inner == test) {
        return body();
    }
    if let Some(why) = obstacle() {
        // Past what the test runner catches of a test that went well.
        let _ = writeln!(
            std::io::stderr(),
            "NOT RUN: {test}: there are no network namespaces here: {why}"
        );
        assert!(std::env::var_os("CI").is_none(), "CI leaves nothing out");
        return;
    }
    let status = own_namespace()
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(ALONE, test)
        .status()
        .unwrap();
    assert!(status.success(), "{test}: {status}");
}

/// A process of the test, ended with it.
pub struct Owned(pub Child);

impl Drop for Owned {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
}

/// Calls `ip` in the test's own namespace.
pub fn ip(words: &str) {
    run(Command::new("ip").args(words.split_whitespace()));
}

/// Another namespace than the test's own.
pub struct Space {
    keeper: Owned,
}

impl Space {
    pub fn new() -> Self {
        // It waits for an input that never comes, and ends with the test.
        let keeper = Command::new("unshare")
            .args(["--net", "cat"])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let space = Self {
            keeper: Owned(keeper),
        };
        let own = std::fs::read_link("/proc/self/ns/net").unwrap();
        super::wait_until("there was no other namespace", || {
            let other = std::fs::read_link(space.path()).ok()?;
            (other != own).then_some(())
        });
        space.ip("link set lo up");
        space
    }

    pub fn pid(&self) -> u32 {
        self.keeper.0.id()
    }

    fn path(&self) -> String {
        format!("/proc/{}/ns/net", self.pid())
    }

    /// A command in this namespace.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.arg(format!("--net={}", self.path())).arg(program);
        command
    }

    pub fn ip(&self, words: &str) {
        run(self.command("ip").args(words.split_whitespace()));
    }

    /// Does something in this namespace. Sockets made in it stay there, wherever they are used.
    pub fn enter<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        let namespace = File::open(self.path()).unwrap();
        let enter = || {
            let kind = Some(LinkNameSpaceType::Network);
            move_into_link_name_space(namespace.as_fd(), kind).unwrap();
            work()
        };
        std::thread::scope(|scope| scope.spawn(enter).join().unwrap())
    }
}
