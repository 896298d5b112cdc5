//! One run: sockets and files, console, orders, signals, the end.

use super::arguments::{Arguments, Chardev, Disk};
use super::complain;
use super::monitor;
use super::port::{Port, listen};
use super::script::{Fault, Ignored, Script};
use serde_json::{Value, json};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{broadcast, mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Time between two drawings of an endless console.
const REDRAW: Duration = Duration::from_millis(20);

/// What the processors do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Prelaunch,
    Running,
    Paused,
}

/// How a run ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// The guest switched itself off.
    GuestShutdown,
    /// It was told to, and has said so.
    Told,
    /// By a signal.
    Terminated,
    /// Badly.
    Fault(Fault),
}

/// What all parts of a run share.
pub(super) struct Machine {
    pub script: Script,
    uuid: Mutex<Uuid>,
    /// From now on no command is answered.
    deaf: AtomicBool,
    pub events: broadcast::Sender<Value>,
    /// Cancelled at the end: what was told is still sent.
    pub closing: CancellationToken,
    status: watch::Sender<Status>,
    ends: mpsc::UnboundedSender<End>,
    /// What was received on the power button, for tests that ask.
    presses: Mutex<u32>,
}

impl Machine {
    pub fn uuid(&self) -> Uuid {
        *self.uuid.lock().unwrap()
    }

    pub fn is_deaf(&self) -> bool {
        self.script.ignores(Ignored::Commands) || self.deaf.load(Ordering::SeqCst)
    }

    pub fn status(&self) -> Status {
        *self.status.borrow()
    }

    pub fn set_status(&self, new: Status) {
        if self.status.send_replace(new) != new {
            let name = if new == Status::Running {
                "RESUME"
            } else {
                "STOP"
            };
            self.tell(name, Value::Null);
        }
    }

    pub fn tell(&self, name: &str, data: Value) {
        if name == "POWERDOWN" {
            *self.presses.lock().unwrap() += 1;
        }
        // Nobody connected is no error.
        let _ = self.events.send(monitor::event(name, data));
    }

    pub fn end(&self, end: End) {
        let _ = self.ends.send(end);
    }
}

/// Opens a file as QEMU does; the lock is held as long as the process lives.
fn open(disk: &Disk) -> Result<File, String> {
    let named = |words: &str| format!("{}: {words}", disk.option);
    let file = File::options()
        .read(true)
        .write(disk.writable)
        .open(&disk.path)
        .map_err(|_| {
            named(&format!(
                "Could not open '{}': No such file or directory",
                disk.path.display()
            ))
        })?;
    if disk.writable && file.try_lock().is_err() {
        return Err(named(&format!(
            "Failed to get \"write\" lock\nIs another process using the image [{}]?",
            disk.path.display()
        )));
    }
    Ok(file)
}

pub(super) async fn run(args: Arguments, script: Script, folder: &Path) -> u8 {
    if let Some((text, words)) = &script.refuses
        && std::env::args().any(|arg| arg.contains(text))
    {
        return complain(words);
    }
    let (ends, mut ended) = mpsc::unbounded_channel();
    let start = if args.paused {
        Status::Prelaunch
    } else {
        Status::Running
    };
    let machine = Arc::new(Machine {
        uuid: Mutex::new(script.uuid.unwrap_or(args.uuid)),
        script,
        deaf: AtomicBool::new(false),
        events: broadcast::channel(64).0,
        closing: CancellationToken::new(),
        status: watch::Sender::new(start),
        ends,
        presses: Mutex::new(0),
    });
    let control = folder.join(format!("{}.control", args.uuid.simple()));
    let held = match bring_up(&args, &machine, &control) {
        Ok(held) => held,
        Err(words) => return complain(&words),
    };
    let mut term = signal(SignalKind::terminate()).unwrap();
    let end = loop {
        tokio::select! {
            Some(end) = ended.recv() => break end,
            _ = term.recv() => if !machine.script.ignores(Ignored::Terminate) {
                break End::Terminated;
            },
        }
    };
    leave(&machine, end, held).await
}

/// What a run holds until its end.
struct Held {
    /// Removed at an orderly end.
    sockets: Vec<PathBuf>,
    monitor: Option<JoinHandle<()>>,
    _disks: Vec<File>,
}

/// Opens sockets and files in QEMU's order: the sockets are there, and can be connected to, before
/// it is known whether the machine comes up at all.
fn bring_up(args: &Arguments, machine: &Arc<Machine>, control: &Path) -> Result<Held, String> {
    let text = |error: std::io::Error| error.to_string();
    let mut sockets = vec![control.to_owned()];
    let mut take = |path: &Path| {
        sockets.push(path.to_owned());
        listen(path).map_err(text)
    };
    let monitor = match &args.monitor {
        Some(socket) => Some(take(socket)?),
        None => None,
    };
    let mut ports = Vec::new();
    for chardev in &args.serial {
        ports.push(match chardev {
            Chardev::Socket(path) => Port::serve(take(path)?),
            Chardev::File(path) => Port::append(path).map_err(text)?,
        });
    }
    for other in &args.others {
        let listener = take(other)?;
        tokio::spawn(async move {
            // Taken and held, so that whoever dials finds somebody.
            let mut held = Vec::new();
            while let Ok((stream, _)) = listener.accept().await {
                held.push(stream);
            }
        });
    }
    let disks = args.disks.iter().map(open).collect::<Result<_, _>>()?;
    let monitor = match (machine.script.before_greeting.clone(), monitor) {
        (Some(fault), _) if fault != Fault::Hang => {
            machine.end(End::Fault(fault));
            None
        }
        (_, Some(listener)) => Some(tokio::spawn(monitor::serve(machine.clone(), listener))),
        _ => None,
    };
    let orders = listen(control).map_err(text)?;
    tokio::spawn(take_orders(machine.clone(), orders, ports.first().cloned()));
    tokio::spawn(play(machine.clone(), ports));
    Ok(Held {
        sockets,
        monitor,
        _disks: disks,
    })
}

/// Prints the consoles once the processors run.
async fn play(machine: Arc<Machine>, ports: Vec<Port>) {
    let mut status = machine.status.subscribe();
    while *status.borrow_and_update() != Status::Running {
        if status.changed().await.is_err() {
            return;
        }
    }
    let script = &machine.script;
    let playing = [(1, &script.dashboard), (0, &script.console)];
    for (port, console) in playing {
        let Some(port) = ports.get(port).cloned() else {
            continue;
        };
        let bytes = console.bytes();
        port.print(&bytes).await;
        if console.endless {
            tokio::spawn(async move {
                loop {
                    tokio::time::sleep(REDRAW).await;
                    port.print(&bytes).await;
                }
            });
        }
    }
    match &script.after_console {
        Some(Fault::PowerOff) => machine.end(End::GuestShutdown),
        Some(Fault::Hang) | None => {}
        Some(fault) => machine.end(End::Fault(fault.clone())),
    }
}

/// Orders of a test, one a line; each is answered when it has been carried out.
async fn take_orders(machine: Arc<Machine>, listener: UnixListener, console: Option<Port>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let (order, rest) = line.split_once(' ').unwrap_or((&line, ""));
            let mut answer = "done".to_owned();
            let mut end = None;
            match order {
                "print" => {
                    if let Some(console) = &console {
                        console.print(format!("{rest}\r\n").as_bytes()).await;
                    }
                }
                "presses" => answer = machine.presses.lock().unwrap().to_string(),
                "stop" => machine.set_status(Status::Paused),
                "deaf" => machine.deaf.store(true, Ordering::SeqCst),
                "answer-as" => *machine.uuid.lock().unwrap() = rest.parse().unwrap(),
                "power-off" => end = Some(End::GuestShutdown),
                "fault" => end = Some(End::Fault(serde_json::from_str(rest).unwrap())),
                other => answer = format!("unknown order {other}"),
            }
            if write
                .write_all(format!("{answer}\n").as_bytes())
                .await
                .is_err()
            {
                break;
            }
            if let Some(end) = end {
                machine.end(end);
            }
        }
    }
}

/// Says what QEMU would say, removes what QEMU would remove, and gives its exit status.
async fn leave(machine: &Machine, end: End, held: Held) -> u8 {
    let status = match end {
        End::GuestShutdown => {
            let data = json!({ "guest": true, "reason": "guest-shutdown" });
            machine.tell("SHUTDOWN", data);
            0
        }
        End::Told => 0,
        End::Terminated => {
            let data = json!({ "guest": false, "reason": "host-signal" });
            machine.tell("SHUTDOWN", data);
            complain("terminating on signal 15");
            0
        }
        End::Fault(Fault::Exit { status, words }) => {
            complain(&words);
            status
        }
        End::Fault(Fault::Signal { signal }) => {
            let signal = rustix::process::Signal::from_named_raw(signal).unwrap();
            let own = rustix::process::getpid();
            rustix::process::kill_process(own, signal).unwrap();
            std::future::pending::<()>().await;
            0
        }
        End::Fault(Fault::Hang | Fault::PowerOff) => 0,
    };
    machine.closing.cancel();
    if let Some(monitor) = held.monitor {
        // A client that does not read must not keep it from ending.
        let _ = tokio::time::timeout(Duration::from_secs(1), monitor).await;
    }
    for path in &held.sockets {
        let _ = std::fs::remove_file(path);
    }
    status
}
