//! A machine under test.

use crate::PATIENCE;
use crate::plan::{self, Boot};
use crete_model::BootView;
use crete_qemu::args::NicPlan;
use crete_qemu::boot::BootReader;
use crete_qemu::lock::DiskLock;
use crete_qemu::process::{self, Exit, Launch, Running, Signal};
use crete_qemu::qmp::Client;
use std::path::PathBuf;
use std::time::Instant;
use tokio::io::AsyncReadExt;
use tokio::net::UnixStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A running machine.
pub struct Vm {
    running: Running,
    /// Its monitor.
    pub qmp: Client,
    /// Its second serial port.
    pub tty_s1: PathBuf,
    /// The port of this computer that leads to its API.
    pub api: u16,
    begun: Instant,
    /// What the first serial port printed. From the socket: QEMU logs a byte twice that the socket
    /// had no room for at once.
    console: watch::Receiver<Vec<u8>>,
    reading: JoinHandle<()>,
    _folder: tempfile::TempDir,
}

impl Vm {
    /// Starts a machine of the practice images, as Crete would.
    pub async fn start(boot: Boot) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let lock = DiskLock::take(&folder.path().join("lock"))
            .unwrap()
            .unwrap();
        let plan = plan::make(boot, folder.path(), &lock).await;
        let launch = Launch {
            program: &plan.qemu,
            args: &plan::arguments_of(boot, &plan),
            words: &folder.path().join("qemu.log"),
            lock: &lock,
        };
        let begun = Instant::now();
        let running = process::hold(launch)
            .await
            .unwrap()
            .release()
            .await
            .unwrap();
        let qmp = Client::connect(&plan.sockets.qmp, PATIENCE).await.unwrap();
        let socket = UnixStream::connect(&plan.sockets.tty_s0).await.unwrap();
        let (printed, console) = watch::channel(Vec::new());
        let NicPlan::User { forwards, .. } = &plan.nic;
        Self {
            running,
            qmp,
            tty_s1: plan.sockets.tty_s1.clone().unwrap(),
            api: forwards[0].host,
            begun,
            console,
            reading: tokio::spawn(read(socket, printed)),
            _folder: folder,
        }
    }

    /// Waits until the console holds a text, and says how long that took since the start.
    ///
    /// # Panics
    /// When it is not printed.
    pub async fn console_holds(&mut self, text: &str) {
        let holds = |printed: &Vec<u8>| String::from_utf8_lossy(printed).contains(text);
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
        String::from_utf8_lossy(&self.console.borrow()).into_owned()
    }

    /// What the product's own reader makes of the console.
    #[must_use]
    pub fn boot_view(&self) -> BootView {
        let mut reader = BootReader::default();
        reader.feed(&self.console.borrow());
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
        (&mut self.reading).await.unwrap();
        exit
    }
}

impl Drop for Vm {
    fn drop(&mut self) {
        let _ = self.running.signal(Signal::Kill);
    }
}

/// Takes in what the port prints until QEMU closes it.
async fn read(mut socket: UnixStream, printed: watch::Sender<Vec<u8>>) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = socket.read(&mut buffer).await {
        printed.send_modify(|printed| printed.extend_from_slice(&buffer[..read]));
    }
}
