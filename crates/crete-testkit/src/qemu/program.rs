//! A test's side: the program in a folder of its own, its script, and orders to its machines.

use super::script::{FILE, Fault, Script};
use crate::built;
use rustix::process::{Pid, Signal, kill_process};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use uuid::Uuid;

/// The name under which cargo builds it.
const BUILT: &str = "crete-fake-qemu";
/// The name under which Crete looks for it.
const NAME: &str = "qemu-system-x86_64";

/// A fake QEMU in a folder. What still runs of it ends when this is dropped.
#[derive(Debug)]
pub struct FakeQemu {
    folder: PathBuf,
}

impl FakeQemu {
    /// Puts the program into a folder, which is made.
    ///
    /// # Errors
    /// When the folder cannot be made or written.
    pub fn install(folder: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        symlink(built(BUILT), folder.join(NAME))?;
        Ok(Self {
            folder: folder.to_owned(),
        })
    }

    /// A search path on which this QEMU is found first and everything else where it was.
    #[must_use]
    pub fn search_path(&self, rest: &str) -> String {
        format!("{}:{rest}", self.folder.display())
    }

    /// The program, as Crete finds it.
    #[must_use]
    pub fn program(&self) -> PathBuf {
        self.folder.join(NAME)
    }

    /// What machines that are started from now on play.
    ///
    /// # Panics
    /// When the script cannot be written.
    pub fn play(&self, script: &Script) {
        let half = self.folder.join("script.writing");
        std::fs::write(&half, serde_json::to_vec_pretty(script).unwrap()).unwrap();
        std::fs::rename(&half, self.folder.join(FILE)).unwrap();
    }

    /// Replaces the program, under its running machines too, as an upgrade does.
    ///
    /// # Panics
    /// When it cannot be copied.
    pub fn replace(&self) {
        let fresh = self.folder.join("fresh");
        // Another process writes it: were it this one, a fork at the wrong moment would hold the
        // file open for writing, and the kernel would refuse to run it.
        let copied = Command::new("cp").arg(built(BUILT)).arg(&fresh).status();
        assert!(copied.is_ok_and(|status| status.success()), "cp failed");
        std::fs::rename(&fresh, self.program()).unwrap();
    }

    /// The machines of this program that run now, by process id. Processes that only answer a
    /// question are no machines.
    #[must_use]
    pub fn running(&self) -> Vec<i32> {
        processes(&self.program(), |words| words.contains(&&b"-uuid"[..]))
    }

    /// Somebody to give a running machine orders.
    ///
    /// # Errors
    /// When it does not run.
    pub fn control(&self, machine: Uuid) -> io::Result<Control> {
        let path = self.folder.join(format!("{}.control", machine.simple()));
        let write = UnixStream::connect(path)?;
        let read = BufReader::new(write.try_clone()?);
        Ok(Control { read, write })
    }
}

impl FakeQemu {
    /// The processes of the program in this folder that only answer a question, by process id.
    #[must_use]
    pub fn asked(folder: &Path) -> Vec<i32> {
        processes(&folder.join(NAME), |words| !words.contains(&&b"-uuid"[..]))
    }
}

impl Drop for FakeQemu {
    fn drop(&mut self) {
        for pid in processes(&self.program(), |_| true) {
            if let Some(pid) = Pid::from_raw(pid) {
                // It may have ended by itself.
                let _ = kill_process(pid, Signal::KILL);
            }
        }
    }
}

/// Orders to one running machine.
#[derive(Debug)]
pub struct Control {
    read: BufReader<UnixStream>,
    write: UnixStream,
}

impl Control {
    /// Prints a line on the first serial port.
    pub fn print(&mut self, line: &str) {
        self.order(&format!("print {line}"));
    }

    /// The guest switches itself off.
    pub fn power_off(&mut self) {
        self.order("power-off");
    }

    /// The processors stand still, as after an error of the disk.
    pub fn stop(&mut self) {
        self.order("stop");
    }

    /// From now on it says that it is another machine.
    pub fn answer_as(&mut self, uuid: Uuid) {
        self.order(&format!("answer-as {uuid}"));
    }

    /// From now on it answers no command on QMP.
    pub fn be_deaf(&mut self) {
        self.order("deaf");
    }

    /// It ends badly.
    pub fn fault(&mut self, fault: &Fault) {
        let text = serde_json::to_string(fault).unwrap();
        self.order(&format!("fault {text}"));
    }

    /// How often the power button was pressed.
    pub fn presses(&mut self) -> u32 {
        self.order("presses").parse().unwrap()
    }

    fn order(&mut self, line: &str) -> String {
        self.write
            .write_all(format!("{line}\n").as_bytes())
            .unwrap();
        let mut answer = String::new();
        self.read.read_line(&mut answer).unwrap();
        answer.trim().to_owned()
    }
}

/// Processes that were started as `program` with such arguments and have not ended.
fn processes(program: &Path, such: impl Fn(&[&[u8]]) -> bool) -> Vec<i32> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|n| n.parse().ok()) else {
            continue;
        };
        // A zombie's command line is empty.
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let words: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
        if words[0] == program.as_os_str().as_encoded_bytes() && such(&words) {
            found.push(pid);
        }
    }
    found.sort_unstable();
    found
}
