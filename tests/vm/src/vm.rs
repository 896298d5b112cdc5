//! A machine under test.

use crate::PATIENCE;
use crate::net::{Net, Seat};
use crate::plan::{self, Boot};
use crete_model::BootView;
use crete_qemu::args::Plan;
use crete_qemu::boot::BootReader;
use crete_qemu::lock::RunLock;
use crete_qemu::process::{self, Exit, Launch, Running, Signal};
use crete_qemu::qmp::Client;
use crete_qemu::serial;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::Instant;
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

/// The address the first machine is given.
pub const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 15);

/// A machine with its disk, on or off.
pub struct Place {
    plan: Plan,
    boot: Boot,
    lock: RunLock,
    seat: Seat,
    folder: tempfile::TempDir,
}

impl Place {
    /// Makes a machine, by its number among those of a test.
    pub async fn make(boot: Boot, number: u8) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let lock = RunLock::take(&folder.path().join("lock")).unwrap().unwrap();
        let plan = plan::make(boot, number, folder.path(), &lock).await;
        let [a, b, c, d] = ADDRESS.octets();
        let seat = Seat {
            mac: plan.nic.mac.clone(),
            socket: plan.sockets.net.clone(),
            address: Ipv4Addr::new(a, b, c, d + number),
        };
        Self {
            plan,
            boot,
            lock,
            seat,
            folder,
        }
    }

    /// Where it is in its network.
    #[must_use]
    pub fn seat(&self) -> Seat {
        self.seat.clone()
    }

    /// The machine's UUID.
    #[must_use]
    pub fn uuid(&self) -> String {
        self.plan.uuid.to_string()
    }

    /// Adds arguments for its kernel.
    pub fn tell(&mut self, argument: &str) {
        self.plan.kernel_args.push(argument.to_owned());
    }

    /// Switches it on, as Crete would.
    ///
    /// # Panics
    /// When QEMU does not start.
    pub async fn switch_on(&self) -> Vm {
        let plan = &self.plan;
        let launch = Launch {
            program: &plan.qemu,
            args: &plan::arguments_of(self.boot, plan),
            words: &self.folder.path().join("qemu.log"),
            lock: &self.lock,
        };
        let begun = Instant::now();
        let running = process::hold(launch)
            .await
            .unwrap()
            .release()
            .await
            .unwrap();
        let qmp = Client::connect(&plan.sockets.qmp, PATIENCE).await.unwrap();
        let (told, console) = watch::channel(0);
        let cancel = CancellationToken::new();
        tokio::spawn({
            let (log, cancel) = (plan.tty_s0_log.clone(), cancel.clone());
            async move {
                serial::follow(&log, serial::Bounds::default(), &told, &cancel)
                    .await
                    .unwrap()
            }
        });
        Vm {
            running,
            qmp,
            tty_s1: plan.sockets.tty_s1.clone().unwrap(),
            begun,
            log: plan.tty_s0_log.clone(),
            console,
            _following: cancel.drop_guard(),
        }
    }
}

/// A running machine.
pub struct Vm {
    running: Running,
    /// Its monitor.
    pub qmp: Client,
    /// Its second serial port.
    pub tty_s1: PathBuf,
    begun: Instant,
    /// What the first serial port printed, and how long that is by now.
    log: PathBuf,
    console: watch::Receiver<u64>,
    _following: DropGuard,
}

/// A machine on a network of its own.
pub struct Alone {
    /// The machine.
    pub vm: Vm,
    /// The port of this computer that leads to its API.
    pub api: u16,
    _net: Net,
    _place: Place,
}

impl Alone {
    /// Starts a machine of the practice images.
    pub async fn start(boot: Boot) -> Self {
        let place = Place::make(boot, 0).await;
        let vm = place.switch_on().await;
        let net = Net::carry(&[place.seat()], None);
        Self {
            vm,
            api: net.ways[0].api.port(),
            _net: net,
            _place: place,
        }
    }
}

impl Vm {
    /// Waits until the console holds a text, and says how long that took since the start.
    ///
    /// # Panics
    /// When it is not printed.
    pub async fn console_holds(&mut self, text: &str) {
        let log = self.log.clone();
        let holds = |_: &u64| String::from_utf8_lossy(&all(&log)).contains(text);
        let waiting = self.console.wait_for(holds);
        let found = tokio::time::timeout(PATIENCE, waiting)
            .await
            .is_ok_and(|found| found.is_ok());
        assert!(found, "{text} was not printed:\n{}", self.printed());
        println!("{text:?} after {:.1} s", self.begun.elapsed().as_secs_f64());
    }

    /// Everything printed so far.
    #[must_use]
    pub fn printed(&self) -> String {
        String::from_utf8_lossy(&all(&self.log)).into_owned()
    }

    /// What the product's own reader makes of the console.
    #[must_use]
    pub fn boot_view(&self) -> BootView {
        let mut reader = BootReader::default();
        reader.feed(&all(&self.log));
        reader.view().clone()
    }

    /// Presses the power button and waits for the end.
    ///
    /// # Panics
    /// When it does not come.
    pub async fn power_off(&mut self) -> Exit {
        self.qmp.power_button().await.unwrap();
        let begun = Instant::now();
        let exit = tokio::time::timeout(PATIENCE, self.running.wait()).await;
        let exit = exit.expect("the power button was not answered");
        println!("off after {:.1} s", begun.elapsed().as_secs_f64());
        exit
    }
}

impl Vm {
    /// Pulls the plug.
    ///
    /// # Panics
    /// When it does not end.
    pub async fn cut_power(mut self) {
        let _ = self.running.signal(Signal::Kill);
        let ended = tokio::time::timeout(PATIENCE, self.running.wait()).await;
        ended.expect("a killed machine goes on");
    }

    /// Seconds since it was switched on.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.begun.elapsed().as_secs_f64()
    }
}

impl Drop for Vm {
    fn drop(&mut self) {
        let _ = self.running.signal(Signal::Kill);
    }
}

/// Everything a console's file holds.
fn all(log: &Path) -> Vec<u8> {
    let mut reader = serial::Reader::new(log.to_owned(), 0);
    let mut bytes = Vec::new();
    while let Some((_, chunk)) = reader.next_chunk().unwrap() {
        bytes.extend_from_slice(&chunk);
    }
    bytes
}
