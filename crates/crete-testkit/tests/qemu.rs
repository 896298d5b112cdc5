//! The fake QEMU beside a real one: the same arguments and the same words on QMP, and whatever
//! Crete relies on must come out the same.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use crete_testkit::qemu::FakeQemu;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(30);
/// Pause between two looks at a condition that nothing announces.
const LOOK_AGAIN: Duration = Duration::from_millis(5);
const UUID: &str = "00000000-0000-0000-0000-000000000007";
/// What an earlier run printed.
const EARLIER: &str = "earlier\r\n";

/// The real one, or a visible skip.
fn real(test: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .map(|folder| folder.join("qemu-system-x86_64"))
        .find(|path| path.is_file());
    if found.is_none() {
        crete_testkit::skip(test, "there is no qemu-system-x86_64");
    }
    found
}

/// One run of either in a folder of its own.
struct Run {
    folder: tempfile::TempDir,
    child: Child,
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Run {
    fn start(program: &Path, extra: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        std::fs::write(folder.path().join("log"), EARLIER).unwrap();
        let child = Command::new(program)
            .args(["-nodefaults", "-no-user-config", "-display", "none"])
            .args(["-machine", "q35", "-accel", "tcg", "-S", "-uuid", UUID])
            .arg("-chardev")
            .arg(format!("socket,id=q,path={},server=on,wait=off", at("qmp")))
            .args(["-mon", "chardev=q,mode=control"])
            .arg("-chardev")
            .arg(format!("file,id=l,path={},append=on", at("log")))
            .args(["-serial", "chardev:l"])
            .arg("-chardev")
            .arg(format!("socket,id=t,path={},server=on,wait=off", at("tty")))
            .args(["-serial", "chardev:t"])
            .args(extra)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self { folder, child }
    }

    /// Connects as soon as it listens.
    fn connect(&self, socket: &str) -> UnixStream {
        let path = self.folder.path().join(socket);
        let begun = Instant::now();
        loop {
            match UnixStream::connect(&path) {
                Ok(stream) => {
                    stream.set_read_timeout(Some(PATIENCE)).unwrap();
                    return stream;
                }
                Err(error) => assert!(begun.elapsed() < PATIENCE, "{}: {error}", path.display()),
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }

    /// Its exit status and words, and the names left in its folder.
    fn end(mut self) -> (Option<i32>, String, Vec<String>) {
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status.code();
            }
            assert!(begun.elapsed() < PATIENCE, "it goes on");
            std::thread::sleep(LOOK_AGAIN);
        };
        let mut words = String::new();
        let mut stderr = self.child.stderr.take().unwrap();
        stderr.read_to_string(&mut words).unwrap();
        let mut left: Vec<String> = std::fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap();
        assert!(log.starts_with(EARLIER), "an earlier log is continued");
        (status, words, left)
    }
}

/// A conversation over QMP. What differs between any two runs is taken out.
struct Talk {
    lines: BufReader<UnixStream>,
    heard: Vec<String>,
}

impl Talk {
    fn new(stream: UnixStream) -> Self {
        let mut talk = Self {
            lines: BufReader::new(stream),
            heard: Vec::new(),
        };
        talk.hear();
        talk
    }

    /// Takes in one line.
    fn hear(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        assert!(line.ends_with("\r\n"), "{line:?}");
        let mut value: Value = serde_json::from_str(&line).unwrap();
        if let Some(object) = value.as_object_mut() {
            object.remove("timestamp");
        }
        if value.get("QMP").is_some() {
            value["QMP"]["version"] = Value::Null;
        }
        self.heard.push(value.to_string());
        value
    }

    /// Says a line and takes in everything up to its answer.
    fn say(&mut self, line: &str) {
        self.heard.push(format!("> {line}"));
        let stream = self.lines.get_mut();
        stream.write_all(format!("{line}\n").as_bytes()).unwrap();
        while self.hear().get("event").is_some() {}
    }
}

const CONVERSATION: &[&str] = &[
    r#"{"execute":"query-status","id":1}"#,
    "hello",
    r#"{"execute":"qmp_capabilities","id":2}"#,
    r#"{"execute":"qmp_capabilities","id":3}"#,
    r#"{"execute":"query-status","id":4}"#,
    r#"{"execute":"query-uuid","id":5}"#,
    r#"{"execute":"query-uuid","id":6,"arguments":{"x":1}}"#,
    r#"{"execute":"nonsense","id":7}"#,
    r#"{"execute":"cont","id":8}"#,
    r#"{"execute":"query-status","id":9}"#,
    r#"{"execute":"stop","id":10}"#,
    r#"{"execute":"stop","id":11}"#,
    r#"{"execute":"query-status","id":12}"#,
    // The processors stand still: the guest cannot react.
    r#"{"execute":"system_powerdown","id":13}"#,
    r#"{"execute":"quit","id":14}"#,
];

fn converse(program: &Path) -> (Vec<String>, Vec<String>) {
    let run = Run::start(program, &[]);
    drop(run.connect("tty"));
    let mut talk = Talk::new(run.connect("qmp"));
    for line in CONVERSATION {
        talk.say(line);
    }
    let (status, words, left) = run.end();
    assert_eq!((status, words.as_str()), (Some(0), ""));
    (talk.heard, left)
}

fn fake(folder: &Path) -> FakeQemu {
    FakeQemu::install(&folder.join("bin")).unwrap()
}

#[test]
fn a_conversation_is_the_same_word_for_word() {
    let Some(real) = real("conversation with a real QEMU") else {
        return;
    };
    let temp = tempfile::tempdir().unwrap();
    let fake = fake(temp.path());
    let (said, left) = converse(&real);
    assert_eq!(converse(&fake.program()), (said, left.clone()));
    assert_eq!(left, ["log"], "sockets are removed, the log is kept");
}

#[test]
fn sigterm_is_an_orderly_end() {
    let temp = tempfile::tempdir().unwrap();
    let fake = fake(temp.path());
    let programs = real("SIGTERM to a real QEMU").into_iter();
    for program in programs.chain([fake.program()]) {
        let run = Run::start(&program, &[]);
        let mut talk = Talk::new(run.connect("qmp"));
        talk.say(r#"{"execute":"qmp_capabilities","id":1}"#);
        let pid = rustix::process::Pid::from_child(&run.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let event = talk.hear();
        assert_eq!(event["event"], "SHUTDOWN", "{}", program.display());
        assert_eq!(event["data"]["guest"], false);
        assert_eq!(event["data"]["reason"], "host-signal");
        let (status, words, left) = run.end();
        assert_eq!(status, Some(0));
        assert!(
            words.starts_with("qemu-system-x86_64: terminating on signal 15"),
            "{words}"
        );
        assert_eq!(left, ["log"]);
    }
}

#[test]
fn sigkill_leaves_the_sockets() {
    let temp = tempfile::tempdir().unwrap();
    let fake = fake(temp.path());
    let programs = real("SIGKILL to a real QEMU").into_iter();
    for program in programs.chain([fake.program()]) {
        let mut run = Run::start(&program, &[]);
        drop(Talk::new(run.connect("qmp")));
        run.child.kill().unwrap();
        let (status, _, left) = run.end();
        assert_eq!((status, left.join(" ").as_str()), (None, "log qmp tty"));
    }
}

/// Words and status of a start that is refused.
fn refused(program: &Path, extra: &[&str]) -> (Option<i32>, String) {
    let (status, words, _) = Run::start(program, extra).end();
    (status, words)
}

#[test]
fn refusals_have_the_same_words() {
    let Some(real) = real("refusals of a real QEMU") else {
        return;
    };
    let temp = tempfile::tempdir().unwrap();
    let fake = fake(temp.path());
    let missing = "driver=raw,node-name=x,file.driver=file,file.filename=/no/such/disk";
    for extra in [
        &["-nosuch"][..],
        &["-blockdev", missing],
        &["-serial"],
        &["-uuid", "x"],
    ] {
        let expected = refused(&real, extra);
        assert_eq!(expected.0, Some(1), "{extra:?}");
        assert_eq!(refused(&fake.program(), extra), expected, "{extra:?}");
    }
}

#[test]
fn a_disk_in_use_is_refused_with_the_same_words() {
    let temp = tempfile::tempdir().unwrap();
    let fake = fake(temp.path());
    // QEMU locks a qcow2 file at once, a raw one when a device uses it.
    let disk = temp.path().join("disk");
    let made = Command::new("qemu-img")
        .args(["create", "-q", "-f", "qcow2"])
        .arg(&disk)
        .arg("1M")
        .status();
    if !made.is_ok_and(|made| made.success()) {
        return crete_testkit::skip("a disk in use", "there is no qemu-img");
    }
    let blockdev = format!(
        "driver=qcow2,node-name=x,file.driver=file,file.filename={}",
        disk.display()
    );
    let extra = ["-blockdev", blockdev.as_str()];
    let mut said = Vec::new();
    let programs = real("a real QEMU's lock").into_iter();
    for program in programs.chain([fake.program()]) {
        let first = Run::start(&program, &extra);
        drop(Talk::new(first.connect("qmp")));
        let (status, words) = refused(&program, &extra);
        assert_eq!(status, Some(1));
        assert!(words.contains("Failed to get \"write\" lock"), "{words}");
        said.push(words);
    }
    said.dedup();
    assert_eq!(said.len(), 1, "{said:?}");
}

fn ask(program: &Path, args: &[&str]) -> Output {
    Command::new(program).args(args).output().unwrap()
}

#[test]
fn questions_are_answered_in_the_same_form() {
    let temp = tempfile::tempdir().unwrap();
    let fake = fake(temp.path());
    let programs = real("questions to a real QEMU").into_iter();
    for program in programs.chain([fake.program()]) {
        for args in [&["--version"][..], &["-sandbox", "on", "--version"]] {
            let version = ask(&program, args);
            assert!(version.status.success());
            assert!(version.stdout.starts_with(b"QEMU emulator version "));
        }
        let helps = [
            ("-accel", "Accelerators supported in QEMU binary:", "kvm"),
            ("-machine", "Supported machines are:", "q35 "),
            ("-netdev", "Available netdev backend types:", "stream"),
            ("-device", "", "name \"virtio-blk-pci\", bus "),
        ];
        for (option, first, known) in helps {
            let text = String::from_utf8(ask(&program, &[option, "help"]).stdout).unwrap();
            assert!(text.starts_with(first), "{option}: {text}");
            assert!(
                text.lines().any(|line| line.starts_with(known)),
                "{option}: {text}"
            );
        }
    }
}
