//! The node on this machine, from its first line to the end of the kernel.

use crate::console::Log;
use crate::dashboard;
use crate::disk::{self, Disks};
use crate::error::{GuestError, Result};
use crate::machine::{self, Facts};
use crate::net::{self, Link};
use crate::power::Buttons;
use crete_practice_node::{
    Attachment, Button, Clock, ClusterRegistry, Console, Disk, Fault, HostNetwork, Machine, Power,
    PracticeNode,
};
use jiff::Timestamp;
use rustix::system::RebootCommand;
use std::convert::Infallible;
use std::net::Ipv6Addr;
use std::path::Path;
use std::sync::Arc;

/// Lives until the machine is off or boots again.
///
/// # Errors
/// When something fails that the node cannot be without.
pub async fn run(console: &Arc<Log>, facts: &Facts) -> Result<Infallible> {
    let link = net::prepare()?;
    let disks = disk::disks();
    let network = machine::nothing_yet();
    let node = start(console, facts, link.as_ref(), &disks, &network)?;
    let drawing = async {
        match facts.dashboard_console() {
            Some(terminal) => {
                let uuid = facts.uuid().to_owned();
                dashboard::run(terminal, &uuid, console, node.summary()).await
            }
            None => Ok(std::future::pending().await),
        }
    };
    let power = tokio::select! {
        power = node.wait_until_down() => power,
        ended = Buttons::open()?.follow(|button| press(&node, button)) => match ended? {},
        ended = connected(&node, link.as_ref(), &network) => match ended? {},
        ended = quietly(console.as_ref(), drawing) => match ended {},
    };
    // What was not on the disk is lost with the power; the node has said what it had to say.
    node.cut_power().await;
    end(power)
}

fn press(node: &PracticeNode, button: Button) {
    node.press(button);
}

fn start(
    console: &Arc<Log>,
    facts: &Facts,
    link: Option<&Link>,
    disks: &[Disk],
    network: &Attachment,
) -> Result<PracticeNode> {
    let hard = disks.iter().filter(|disk| !disk.cdrom);
    let names = hard.map(|disk| disk.name.clone()).collect();
    let cd = disks.iter().find(|disk| disk.cdrom);
    let cd = cd.map(|disk| disk.name.as_str());
    Ok(PracticeNode::start_once(Machine {
        identity: facts.identity(link, disks, network)?,
        clock: Clock::starting_at(Timestamp::now()),
        pace: facts.pace(),
        random: machine::random()?,
        storage: Arc::new(Disks::new(Path::new("/dev"), names, cd)),
        network: Arc::new(HostNetwork(Ipv6Addr::UNSPECIFIED.into())),
        registry: ClusterRegistry::default(),
        console: Arc::clone(console) as Arc<dyn Console>,
        faults: facts.faults(),
    }))
}

/// The network, where there is a card. Without an address, as a fault has it, nobody asks for one.
async fn connected(
    node: &PracticeNode,
    link: Option<&Link>,
    network: &Attachment,
) -> Result<Infallible> {
    let Some(link) = link else {
        return Ok(std::future::pending().await);
    };
    node.faults().gone(Fault::NoAddress).await;
    net::run(link, network).await
}

/// A part the node can be without: its failure is a line.
async fn quietly(
    console: &Log,
    part: impl Future<Output = Result<Infallible>>,
) -> Infallible {
    match part.await {
        Ok(never) => match never {},
        Err(error) => {
            console.print(&format!("[talos] service[dashboard](Failed): {error}"));
            std::future::pending().await
        }
    }
}

/// Ends the kernel.
fn end(power: Power) -> Result<Infallible> {
    rustix::fs::sync();
    let command = match power {
        Power::Restart => RebootCommand::Restart,
        _ => RebootCommand::PowerOff,
    };
    let failed = GuestError::system("power off");
    match rustix::system::reboot(command) {
        Err(error) => Err(failed(error.into())),
        Ok(()) => Err(failed(std::io::ErrorKind::Other.into())),
    }
}
