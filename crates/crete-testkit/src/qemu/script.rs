//! What a fake QEMU plays, as a file beside it.

use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// How a fake QEMU behaves. The default is a well-behaved one with a silent guest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Script {
    /// What `--version` and the greeting say.
    pub version: (u64, u64, u64),
    /// What `-accel help` says.
    pub accelerators: Vec<String>,
    /// `--version` and the like never end.
    pub help_hangs: bool,
    /// Refuse the first argument that contains this text, with these words.
    pub refuses: Option<(String, String)>,
    /// What happens after the sockets are made and before QMP greets.
    pub before_greeting: Option<Fault>,
    /// Send an event before the greeting.
    pub early_event: bool,
    /// Send QMP in pieces of this many bytes; 0 sends whole lines.
    pub qmp_pieces: usize,
    /// Send events nobody has heard of, and long ones, before each answer.
    pub qmp_noise: bool,
    /// Answer this line instead of the first reply after capability negotiation.
    pub qmp_garbage: Option<String>,
    /// Answer `query-uuid` with this instead of the own one.
    pub uuid: Option<Uuid>,
    /// What has no effect.
    pub ignores: Vec<Ignored>,
    /// What the first serial port prints as soon as the processors run.
    pub console: Console,
    /// What the second serial port prints.
    pub dashboard: Console,
    /// What happens after the console was printed.
    pub after_console: Option<Fault>,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            version: (7, 2, 22),
            accelerators: vec!["tcg".to_owned(), "kvm".to_owned()],
            help_hangs: false,
            refuses: None,
            before_greeting: None,
            early_event: false,
            qmp_pieces: 0,
            qmp_noise: false,
            qmp_garbage: None,
            uuid: None,
            ignores: Vec::new(),
            console: Console::default(),
            dashboard: Console::default(),
            after_console: None,
        }
    }
}

/// What a serial port prints.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Console {
    /// A recorded log, printed first. Each of its lines begins with its time, which is left out.
    pub recorded: Option<PathBuf>,
    /// Printed after it.
    pub text: String,
    /// How often both are printed; 0 is once.
    pub times: u32,
    /// Print it all over and over, as a dashboard that redraws itself.
    pub endless: bool,
}

impl Console {
    /// Prints this text, once.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            ..Self::default()
        }
    }

    /// Every byte it prints.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        if let Some(path) = &self.recorded {
            let log = String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
            for line in log.lines() {
                let (_, text) = line.trim_start().split_once(' ').unwrap_or_default();
                bytes.extend_from_slice(text.as_bytes());
                bytes.extend_from_slice(b"\r\n");
            }
        }
        bytes.extend_from_slice(self.text.as_bytes());
        bytes.repeat(self.times.max(1) as usize)
    }
}

/// How things go wrong, or simply end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Nothing more happens.
    Hang,
    /// It ends with a status, after these words on standard error.
    Exit {
        /// Exit status.
        status: u8,
        /// Its last words.
        words: String,
    },
    /// It is killed by a signal.
    Signal {
        /// The signal's number. Not one that Rust handles itself, as 11.
        signal: i32,
    },
    /// The guest switches itself off.
    PowerOff,
}

/// What a fake QEMU can be deaf to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ignored {
    /// The power button: answered, but the guest does nothing.
    Acpi,
    /// QMP `quit`: answered, but nothing follows.
    Quit,
    /// SIGTERM.
    Terminate,
    /// Every QMP command after the negotiation: no answer at all.
    Commands,
}

/// Name of the script beside the program.
pub(super) const FILE: &str = "script.json";

impl Script {
    /// The script beside the program; the default where there is none.
    pub(super) fn read(folder: &Path) -> Self {
        match std::fs::read(folder.join(FILE)) {
            Ok(text) => serde_json::from_slice(&text).unwrap(),
            Err(_) => Self::default(),
        }
    }

    pub(super) fn ignores(&self, what: Ignored) -> bool {
        self.ignores.contains(&what)
    }
}
