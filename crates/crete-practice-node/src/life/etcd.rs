//! etcd on a control plane: it waits to be told to begin, or joins those who have begun.

use super::image;
use crate::Fault;
use crate::boot::Boot;
use crate::cluster::{Etcd, Member};
use crate::error::NodeError;
use crate::services::State as Service;
use crate::storage::{Ephemeral, EtcdData};
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

const WAITS: &str = "Waiting for volumes /var/lib, ETCD to be mounted, service \"cri\" to be \"up\", time sync, network, etcd spec";
/// How often what a member knows is written down, while it changes.
const EVERY: Duration = Duration::from_secs(2);
/// How often a node says that it waits, milliseconds.
const REMINDER: u64 = 34_000;

/// Runs etcd until the services of the cluster are stopped; ends at once on a worker.
pub(super) async fn run(boot: Arc<Boot>) -> Result<(), NodeError> {
    boot.wait(|state| state.starting.then_some(())).await;
    if !boot
        .settings()
        .is_some_and(|settings| settings.is_control_plane())
    {
        return Ok(());
    }
    tokio::select! {
        never = work(&boot) => match never {},
        () = boot.wait(|state| state.cluster_stopped.then_some(())) => {}
    }
    stop(&boot);
    Ok(())
}

/// The member runs no longer.
fn stop(boot: &Boot) {
    let Some(data) = boot.state().etcd else {
        return;
    };
    boot.machine.registry.change(move |meeting| {
        if let Some(etcd) = meeting.etcds.get_mut(&data.cluster) {
            etcd.run(data.member, false);
        }
    });
    keep(boot, data);
}

async fn work(boot: &Boot) -> Infallible {
    boot.service("etcd", Service::Starting, "Starting service");
    boot.service("etcd", Service::Waiting, WAITS);
    boot.change(|state| state.bootstrappable = true);
    prepare(boot).await;
    let data = match boot.disk().ephemeral.and_then(|ephemeral| ephemeral.etcd) {
        Some(data) => resume(boot, data),
        None => begin(boot).await,
    };
    boot.service("etcd", Service::Preparing, "Creating service runner");
    boot.rest(1800).await;
    boot.write_disk(|content| {
        content.ephemeral.get_or_insert_default().etcd = Some(data);
    });
    boot.service(
        "etcd",
        Service::Running,
        "Started task etcd (PID 437) for container etcd",
    );
    boot.change(|state| state.etcd = Some(data));
    start_member(boot, data);
    boot.rest(3700).await;
    tokio::join!(promote(boot, data), watch(boot, data)).1
}

/// The member of this node runs.
pub(super) fn start_member(boot: &Boot, data: EtcdData) {
    boot.machine.registry.change(move |meeting| {
        if let Some(etcd) = meeting.etcds.get_mut(&data.cluster) {
            etcd.run(data.member, true);
        }
    });
}

/// Writes down what the member knows.
fn keep(boot: &Boot, data: EtcdData) {
    let registry = &boot.machine.registry;
    let Some(kept) = registry.look(|meeting| meeting.etcds.get(&data.cluster).cloned()) else {
        return;
    };
    boot.write_disk(|content| {
        if let Some(ephemeral) = &mut content.ephemeral {
            ephemeral.kept = Some(kept);
        }
    });
}

/// Up to where it needs to know whether it is the first.
async fn prepare(boot: &Boot) {
    boot.wait(|state| (state.has_time() && state.is_up("cri")).then_some(()))
        .await;
    boot.service("etcd", Service::Preparing, "Running pre state");
    let image = format!("registry.k8s.io/etcd:{}", boot.etcd_version());
    // It goes on trying for ever.
    while image::pull(boot, &image, Fault::EtcdImageMissing)
        .await
        .is_err()
    {}
    image::stall(boot, &image, Fault::EtcdImageStalls).await;
    boot.rest(900).await;
}

/// A member that was there before: it brings what it knows.
fn resume(boot: &Boot, data: EtcdData) -> EtcdData {
    let kept = boot.disk().ephemeral.and_then(|ephemeral| ephemeral.kept);
    let now = boot.machine.clock.now();
    let alone = member(boot, data.member, false);
    let cluster = cluster(boot);
    boot.machine.registry.change(move |meeting| {
        if let Some(kept) = &kept {
            meeting.restore(data.cluster, kept, now);
        }
        // What nobody remembers any more begins again with it alone.
        let new = || Etcd::new(&cluster, alone.clone());
        meeting.etcds.entry(data.cluster).or_insert_with(new);
    });
    data
}

fn cluster(boot: &Boot) -> String {
    boot.settings()
        .map(|settings| settings.cluster_id.clone())
        .unwrap_or_default()
}

fn member(boot: &Boot, id: u64, learner: bool) -> Member {
    let address = boot.machine.identity.ips().first().copied();
    Member {
        id,
        hostname: boot.state().hostname.clone().unwrap_or_default(),
        address: address.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        learner,
    }
}

/// Waits for a cluster to join, or for the word to begin one.
async fn begin(boot: &Boot) -> EtcdData {
    let cluster = cluster(boot);
    let id = boot.machine.random.number();
    let registry = &boot.machine.registry;
    let reminding = async {
        loop {
            remind(boot);
            boot.rest(REMINDER).await;
        }
    };
    tokio::select! {
        () = reminding => std::future::pending().await,
        etcd = registry.wait(|meeting| meeting.healthy_etcd(&cluster)) => {
            let learner = member(boot, id, true);
            registry.change(move |meeting| {
                if let Some(etcd) = meeting.etcds.get_mut(&etcd) {
                    etcd.add(learner.clone());
                }
            });
            EtcdData { cluster: etcd, member: id }
        }
        () = boot.wait(|state| state.bootstrap_asked.then_some(())) => {
            boot.service("etcd", Service::Finished, "Service finished successfully");
            boot.service("etcd", Service::Finished, "Bootstrap requested");
            boot.service("etcd", Service::Starting, "Starting service");
            boot.service("etcd", Service::Waiting, WAITS);
            boot.rest(900).await;
            boot.service("etcd", Service::Preparing, "Running pre state");
            boot.rest(300).await;
            let etcd = boot.machine.random.number();
            let first = member(boot, id, false);
            registry.change(move |meeting| {
                let new = || Etcd::new(&cluster, first.clone());
                meeting.etcds.entry(etcd).or_insert_with(new);
            });
            EtcdData { cluster: etcd, member: id }
        }
    }
}

fn remind(boot: &Boot) {
    boot.say("etcd is waiting to join the cluster, if this node is the first node in the cluster, please run `talosctl bootstrap` against one of the following IPs:");
    let addresses = boot.machine.identity.ips();
    let texts: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
    boot.say(&format!("[{}]", texts.join(" ")));
}

/// A learner that has caught up gets its vote.
async fn promote(boot: &Boot, data: EtcdData) {
    boot.rest(4000).await;
    boot.machine.faults.gone(Fault::EtcdNotPromoted).await;
    let registry = &boot.machine.registry;
    let is_learner = registry.look(|meeting| {
        let etcd = meeting.etcds.get(&data.cluster)?;
        Some(etcd.member(data.member)?.learner)
    });
    if is_learner == Some(true) {
        registry.change(move |meeting| {
            if let Some(etcd) = meeting.etcds.get_mut(&data.cluster) {
                etcd.promote(data.member);
            }
        });
    }
}

/// Looks after the health, whatever changes.
async fn watch(boot: &Boot, data: EtcdData) -> Infallible {
    let mut cluster = boot.machine.registry.watch();
    let mut faults = boot.machine.faults.watch();
    let (mut stale, mut write_at) = (true, Instant::now());
    loop {
        alarm(boot, data);
        let problem = (!boot.etcd_answers()).then_some("context deadline exceeded");
        boot.look("etcd", problem);
        tokio::select! {
            // Neither ends before this boot does.
            _ = cluster.changed() => stale = true,
            _ = faults.changed() => {}
            () = sleep_until(write_at), if stale => {
                keep(boot, data);
                stale = false;
                write_at = Instant::now() + EVERY;
            }
        }
    }
}

/// Raises or keeps the alarm of a member without room.
fn alarm(boot: &Boot, data: EtcdData) {
    let wanted = boot.machine.faults.has(Fault::EtcdNoSpace);
    let registry = &boot.machine.registry;
    let is_raised = registry.look(|meeting| {
        let etcd = meeting.etcds.get(&data.cluster);
        etcd.is_some_and(|etcd| etcd.no_space.contains(&data.member))
    });
    if wanted && !is_raised {
        registry.change(move |meeting| {
            if let Some(etcd) = meeting.etcds.get_mut(&data.cluster) {
                etcd.no_space.insert(data.member);
            }
        });
    }
}

/// Leaves the cluster, in peace.
///
/// # Errors
/// What etcd says when it cannot do without this member.
pub(crate) async fn leave(boot: &Boot) -> Result<(), &'static str> {
    let Some(data) = boot.state().etcd else {
        return Ok(());
    };
    boot.rest(1500).await;
    let leaving = boot.machine.registry.agree(move |meeting| {
        let etcd = meeting.etcds.get_mut(&data.cluster);
        etcd.map_or(Ok(()), |etcd| etcd.remove(data.member))
    });
    let left = leaving.await;
    left.map_err(|refusal| refusal.text())?;
    boot.change(|state| state.etcd = None);
    boot.write_disk(|content| {
        *content.ephemeral.get_or_insert_default() = Ephemeral::default();
    });
    Ok(())
}

/// The data of the member is wiped. An etcd without any data is no more.
pub(super) fn forget(boot: &Boot) {
    let data = boot.disk().ephemeral.and_then(|ephemeral| ephemeral.etcd);
    let Some(data) = data else {
        return;
    };
    boot.machine.registry.change(move |meeting| {
        let Some(etcd) = meeting.etcds.get_mut(&data.cluster) else {
            return;
        };
        etcd.run(data.member, false);
        etcd.wiped.insert(data.member);
        let all = etcd
            .members
            .iter()
            .all(|member| etcd.wiped.contains(&member.id));
        if all {
            meeting.etcds.remove(&data.cluster);
        }
    });
}
