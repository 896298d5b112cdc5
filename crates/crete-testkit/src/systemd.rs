//! A bus of a test's own, and somebody on it who plays this person's systemd.

use manager::Manager;
use std::collections::HashMap;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use zbus::Connection;

const PATH: &str = "/org/freedesktop/systemd1";

/// A running `dbus-daemon` that only this test knows. It ends with this value.
#[derive(Debug)]
pub struct PrivateBus {
    daemon: Child,
    /// Where it listens.
    pub address: String,
}

impl PrivateBus {
    /// Starts the daemon with its socket and its configuration in a folder; `None` where it is not
    /// installed.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn start(folder: &Path) -> io::Result<Option<Self>> {
        let socket = folder.join("bus");
        let config = folder.join("bus.conf");
        let text = format!(
            "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\" \
             \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n\
             <busconfig>\n  <type>session</type>\n  <listen>unix:path={}</listen>\n  \
             <policy context=\"default\">\n    <allow send_destination=\"*\" eavesdrop=\"true\"/>\n    \
             <allow eavesdrop=\"true\"/>\n    <allow own=\"*\"/>\n  </policy>\n</busconfig>\n",
            socket.display()
        );
        std::fs::write(&config, text)?;
        let started = Command::new("dbus-daemon")
            .arg("--nofork")
            .arg("--nopidfile")
            .arg("--print-address")
            .arg(format!("--config-file={}", config.display()))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn();
        let mut daemon = match started {
            Ok(daemon) => daemon,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut address = String::new();
        let stdout = daemon.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut address)?;
        let bus = Self {
            daemon,
            address: address.trim().to_owned(),
        };
        if bus.address.is_empty() {
            return Err(io::Error::other("dbus-daemon said no address"));
        }
        Ok(Some(bus))
    }
}

impl Drop for PrivateBus {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

/// How the systemd behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Manners {
    /// It does what it is asked.
    #[default]
    Good,
    /// It refuses to begin.
    Refuses,
    /// It begins, and it comes to nothing.
    Fails,
    /// It never says what came of it.
    Silent,
}

/// A scope that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// Its name.
    pub unit: String,
    /// The processes to move into it.
    pub pids: Vec<u32>,
    /// The program the first of them ran at that moment.
    pub executable: Option<std::path::PathBuf>,
    /// Text properties.
    pub properties: HashMap<String, String>,
}

/// Somebody who plays systemd. Gone from the bus when this is dropped.
#[derive(Debug)]
pub struct Systemd {
    scopes: Arc<Mutex<Vec<Scope>>>,
    _bus: Connection,
}

impl Systemd {
    /// Comes to the bus.
    ///
    /// # Errors
    /// When the bus does not take it.
    pub async fn come(address: &str, manners: Manners) -> zbus::Result<Self> {
        let scopes = Arc::<Mutex<Vec<Scope>>>::default();
        let manager = Manager {
            manners,
            scopes: scopes.clone(),
            subscribed: false,
        };
        let bus = zbus::connection::Builder::address(address)?
            .serve_at(PATH, manager)?
            .name("org.freedesktop.systemd1")?
            .build()
            .await?;
        Ok(Self { scopes, _bus: bus })
    }

    /// The scopes that were asked for, oldest first.
    #[must_use]
    pub fn scopes(&self) -> Vec<Scope> {
        self.scopes.lock().unwrap().clone()
    }
}

/// What the bus sees. The macro makes public items of it that nobody here sees.
#[allow(missing_docs, reason = "see above")]
mod manager {
    use super::{Manners, PATH, Scope};
    use std::collections::HashMap;
    use std::sync::{Arc, Mutex};
    use zbus::object_server::SignalEmitter;
    use zbus::zvariant::{ObjectPath, OwnedObjectPath, OwnedValue};
    use zbus::{fdo, interface};

    pub(super) struct Manager {
        pub manners: Manners,
        pub scopes: Arc<Mutex<Vec<Scope>>>,
        pub subscribed: bool,
    }

    #[interface(name = "org.freedesktop.systemd1.Manager")]
    impl Manager {
        /// Without this the real one sends no signals.
        fn subscribe(&mut self) {
            self.subscribed = true;
        }

        async fn start_transient_unit(
            &mut self,
            #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
            name: String,
            mode: String,
            properties: Vec<(String, OwnedValue)>,
            auxiliary: Vec<(String, Vec<(String, OwnedValue)>)>,
        ) -> fdo::Result<OwnedObjectPath> {
            if mode != "fail" || !auxiliary.is_empty() || !name.ends_with(".scope") {
                return Err(fdo::Error::InvalidArgs(format!("{name} {mode}")));
            }
            let mut scope = Scope {
                unit: name.clone(),
                pids: Vec::new(),
                executable: None,
                properties: HashMap::new(),
            };
            for (key, value) in properties {
                if key == "PIDs" {
                    scope.pids = Vec::try_from(value).unwrap_or_default();
                } else if let Ok(text) = String::try_from(value) {
                    scope.properties.insert(key, text);
                }
            }
            let Some(first) = scope.pids.first() else {
                return Err(fdo::Error::InvalidArgs(
                    "a scope without processes".to_owned(),
                ));
            };
            scope.executable = std::fs::read_link(format!("/proc/{first}/exe")).ok();
            self.scopes.lock().unwrap().push(scope);
            if self.manners == Manners::Refuses {
                return Err(fdo::Error::AccessDenied("not here".to_owned()));
            }
            let job = ObjectPath::try_from(format!("{PATH}/job/7")).unwrap();
            let result = match self.manners {
                Manners::Fails => Some("failed"),
                Manners::Silent => None,
                _ => Some("done"),
            };
            if let Some(result) = result.filter(|_| self.subscribed) {
                // Another job's end, told first, is not this one's.
                let other = ObjectPath::try_from(format!("{PATH}/job/6")).unwrap();
                Self::job_removed(&emitter, 6, other, "other.scope", "canceled").await?;
                Self::job_removed(&emitter, 7, job.clone(), &name, result).await?;
            }
            Ok(job.into())
        }

        /// What came of a job.
        #[zbus(signal)]
        async fn job_removed(
            emitter: &SignalEmitter<'_>,
            id: u32,
            job: ObjectPath<'_>,
            unit: &str,
            result: &str,
        ) -> zbus::Result<()>;
    }
}
