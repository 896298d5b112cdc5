//! The node on this machine, from its first line to the end of the kernel.

use crate::console::Log;
use crate::dashboard;
use crate::disk::{self, Disks};
use crate::error::{GuestError, Result};
use crate::machine::{self, Facts};
use crate::net::{self, Link, Shared};
use crate::power::Buttons;
use crate::service::Http;
use crete_practice_node::{
    Attachment, Button, Clock, ClusterRegistry, Console, Disk, Fault, Faults, Machine, Power,
    PracticeNode,
};
use jiff::Timestamp;
use rustix::system::RebootCommand;
use std::convert::Infallible;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

/// How long a machine that ends tries to tell the others.
const GOODBYE: Duration = Duration::from_secs(2);

/// Lives until the machine is off or boots again.
///
/// # Errors
/// When something fails that the node cannot be without.
pub async fn run(console: &Arc<Log>, facts: &Facts) -> Result<Infallible> {
    let link = net::prepare()?;
    let disks = disk::disks();
    let network = machine::nothing_yet();
    let clock = Clock::starting_at(Timestamp::now());
    let faults = facts.faults();
    let (registry, remote) = ClusterRegistry::through_service(
        facts.uuid(),
        machine::number()?,
        Arc::new(Http::new(&network)),
        faults.clone(),
    );
    let meeting = Meeting {
        registry: registry.clone(),
        clock,
        faults,
    };
    let node = start(console, facts, link.as_ref(), &disks, &network, meeting)?;
    let mut touch = pin!(remote.run(clock));
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
        never = &mut touch => match never {},
    };
    // The node has said what it had to say; the others are to know before its network is gone.
    node.cut_power().await;
    tokio::select! {
        () = registry.settled() => {}
        () = tokio::time::sleep(GOODBYE) => {}
        never = &mut touch => match never {},
    }
    end(power)
}

fn press(node: &PracticeNode, button: Button) {
    node.press(button);
}

/// What a node shares with what is outside of it.
struct Meeting {
    registry: ClusterRegistry,
    clock: Clock,
    faults: Faults,
}

fn start(
    console: &Arc<Log>,
    facts: &Facts,
    link: Option<&Link>,
    disks: &[Disk],
    network: &Attachment,
    meeting: Meeting,
) -> Result<PracticeNode> {
    let hard = disks.iter().filter(|disk| !disk.cdrom);
    let names = hard.map(|disk| disk.name.clone()).collect();
    let cd = disks.iter().find(|disk| disk.cdrom);
    let cd = cd.map(|disk| disk.name.as_str());
    Ok(PracticeNode::start_once(Machine {
        identity: facts.identity(link, disks, network)?,
        clock: meeting.clock,
        pace: facts.pace(),
        random: machine::random()?,
        storage: Arc::new(Disks::new(Path::new("/dev"), names, cd)),
        network: Arc::new(Shared::new(link)),
        registry: meeting.registry,
        console: Arc::clone(console) as Arc<dyn Console>,
        faults: meeting.faults,
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
async fn quietly(console: &Log, part: impl Future<Output = Result<Infallible>>) -> Infallible {
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
