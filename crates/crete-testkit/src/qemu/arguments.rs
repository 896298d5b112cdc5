//! QEMU's command line, as far as Crete uses it. What Crete does not use is refused, in QEMU's
//! own words.

use std::collections::HashMap;
use std::path::PathBuf;
use uuid::Uuid;

/// What was asked on the command line.
pub(super) enum Request {
    Version,
    /// `OPTION help`.
    Help(&'static str),
    Run(Box<Arguments>),
}

/// What a machine is told.
#[derive(Debug, Default)]
pub(super) struct Arguments {
    pub uuid: Uuid,
    /// Wait for `cont` before the processors run.
    pub paused: bool,
    /// Files that are opened, with the option they came from and whether they are written.
    pub disks: Vec<Disk>,
    pub monitor: Option<PathBuf>,
    pub serial: Vec<Chardev>,
    /// Other sockets to listen on: guest agent, network.
    pub others: Vec<PathBuf>,
}

#[derive(Debug)]
pub(super) struct Disk {
    pub option: String,
    pub path: PathBuf,
    pub writable: bool,
}

#[derive(Debug, Clone)]
pub(super) enum Chardev {
    /// Listens there.
    Socket(PathBuf),
    /// Is appended to.
    File(PathBuf),
}

const FLAGS: &[&str] = &["-nodefaults", "-no-user-config", "-S"];
/// Options that list what they know.
const HELPFUL: &[&str] = &["-accel", "-machine", "-netdev", "-device"];
const OPTIONS: &[&str] = &[
    "-name",
    "-uuid",
    "-display",
    "-sandbox",
    "-smbios",
    "-machine",
    "-accel",
    "-cpu",
    "-smp",
    "-m",
    "-rtc",
    "-device",
    "-drive",
    "-blockdev",
    "-netdev",
    "-chardev",
    "-mon",
    "-serial",
];

pub(super) fn parse(args: &[String]) -> Result<Request, String> {
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words.as_slice() {
        [.., "--version" | "-version"] => return Ok(Request::Version),
        [option, "help"] => {
            if let Some(known) = HELPFUL.iter().find(|known| *known == option) {
                return Ok(Request::Help(known));
            }
        }
        _ => {}
    }
    let mut reading = Reading::default();
    let mut rest = words.iter();
    while let Some(option) = rest.next() {
        if FLAGS.contains(option) {
            reading.machine.paused |= *option == "-S";
        } else if OPTIONS.contains(option) {
            let value = rest
                .next()
                .ok_or_else(|| format!("{option}: requires an argument"))?;
            reading.take(option, value)?;
        } else {
            return Err(format!("{option}: invalid option"));
        }
    }
    Ok(Request::Run(Box::new(reading.machine)))
}

#[derive(Default)]
struct Reading {
    machine: Arguments,
    chardevs: HashMap<String, Chardev>,
}

impl Reading {
    fn take(&mut self, option: &str, value: &str) -> Result<(), String> {
        let fields = fields(value);
        let field = |name: &str| fields.get(name).cloned();
        let whole = format!("{option} {value}");
        match option {
            "-uuid" => {
                self.machine.uuid = Uuid::parse_str(value)
                    .map_err(|_| format!("{whole}: failed to parse UUID string: wrong format"))?;
            }
            "-blockdev" => {
                if let Some(path) = field("file.filename") {
                    self.machine.disks.push(Disk {
                        option: whole,
                        path: path.into(),
                        writable: field("read-only").as_deref() != Some("on"),
                    });
                }
            }
            "-drive" => {
                if let Some(path) = field("file") {
                    self.machine.disks.push(Disk {
                        option: whole,
                        path: path.into(),
                        writable: field("readonly").as_deref() != Some("on"),
                    });
                }
            }
            "-chardev" => self.chardev(&fields)?,
            "-mon" => {
                let id = field("chardev").unwrap_or_default();
                self.machine.monitor = Some(self.claim_socket(&id, &whole)?);
            }
            "-serial" => {
                let id = value.strip_prefix("chardev:").unwrap_or_default();
                let port = self.claim(id, &whole)?;
                self.machine.serial.push(port);
            }
            "-device" => {
                if let Some(id) = field("chardev") {
                    let socket = self.claim_socket(&id, &whole)?;
                    self.machine.others.push(socket);
                }
            }
            "-netdev" if field("server").as_deref() == Some("on") => {
                self.machine
                    .others
                    .extend(field("addr.path").map(PathBuf::from));
            }
            _ => {}
        }
        Ok(())
    }

    fn chardev(&mut self, fields: &HashMap<String, String>) -> Result<(), String> {
        let field = |name: &str| fields.get(name).cloned();
        let (Some(id), Some(path)) = (field("id"), field("path")) else {
            return Err("-chardev: only those with id and path are known".to_owned());
        };
        let on = |name: &str| field(name).as_deref() == Some("on");
        let port = if fields.contains_key("socket") {
            if !on("server") || field("wait").as_deref() != Some("off") {
                return Err(format!(
                    "-chardev {id}: a server that does not wait is expected"
                ));
            }
            if fields.contains_key("logfile") {
                return Err(format!("-chardev {id}: a socket's log holds bytes twice"));
            }
            Chardev::Socket(path.into())
        } else if fields.contains_key("file") {
            if !on("append") {
                return Err(format!("-chardev {id}: an earlier log would be lost"));
            }
            Chardev::File(path.into())
        } else {
            return Err(format!("-chardev {id}: neither a socket nor a file"));
        };
        self.chardevs.insert(id, port);
        Ok(())
    }

    /// A chardev has one user.
    fn claim(&mut self, id: &str, whole: &str) -> Result<Chardev, String> {
        self.chardevs
            .remove(id)
            .ok_or_else(|| format!("{whole}: chardev \"{id}\" not found"))
    }

    /// Where there is somebody to talk to.
    fn claim_socket(&mut self, id: &str, whole: &str) -> Result<PathBuf, String> {
        match self.claim(id, whole)? {
            Chardev::Socket(path) => Ok(path),
            Chardev::File(_) => Err(format!("{whole}: chardev \"{id}\" is a file")),
        }
    }
}

/// `a,b=c,,d` is `a` and `b` with the value `c,d`.
fn fields(text: &str) -> HashMap<String, String> {
    let mut fields = HashMap::new();
    for part in text.replace(",,", "\0").split(',') {
        let part = part.replace('\0', ",");
        let (name, value) = part.split_once('=').unwrap_or((&part, ""));
        fields.insert(name.to_owned(), value.to_owned());
    }
    fields
}
