//! What the node is to itself and to the others of its cluster: its name, its configuration, its
//! place among the members.

use super::{etcd, kubelet, network, trust};
use crate::boot::Boot;
use crate::cluster::{Affiliate, Will};
use crate::error::NodeError;
use crate::random::Random;
use crate::settings::Settings;
use crate::storage::EtcdData;
use crete_talos::api::wire::machine::AddressEvent;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// While it exists, the node is there for the others. Power can be lost at any moment.
pub(super) struct Presence(pub Arc<Boot>);

impl Drop for Presence {
    fn drop(&mut self) {
        leave(&self.0);
    }
}

/// The others no longer see the node run.
pub(super) fn leave(boot: &Boot) {
    let Some(settings) = boot.settings() else {
        return;
    };
    let will = will(boot, &settings);
    let now = boot.machine.clock.now();
    boot.machine
        .registry
        .change(move |meeting| meeting.leave(&will, now));
}

/// What ends with the node.
fn will(boot: &Boot, settings: &Settings) -> Will {
    let node_id = own_id(boot);
    let state = boot.state();
    Will {
        cluster: settings.cluster_id.clone(),
        node_id,
        hostname: state.hostname.clone().unwrap_or_default(),
        etcd: state.etcd,
    }
}

/// What the others do not know of the node, although it is so.
#[derive(Debug, Default, PartialEq, Eq)]
struct Unknown {
    affiliate: bool,
    trustd: bool,
    etcd: Option<EtcdData>,
    kubelet: bool,
    api_server: bool,
}

impl Unknown {
    /// Looks whether the others counted the node as away.
    fn of(boot: &Boot) -> Self {
        let Some(settings) = boot.settings() else {
            return Self::default();
        };
        let will = will(boot, &settings);
        let (etcd, trustd, kubelet, serves) = {
            let state = boot.state();
            if !state.starting || state.going_down {
                return Self::default();
            }
            let runs = |id: &str| state.services.get(id).is_some_and(|one| one.is_running());
            let mut pods = state.static_pods.iter();
            let serves = pods.any(|pod| pod.component == "kube-apiserver" && pod.ready);
            let etcd = state.etcd.filter(|_| runs("etcd"));
            let trustd = settings.is_control_plane() && state.is_up("trustd");
            (etcd, trustd, runs("kubelet"), serves)
        };
        let key = (will.cluster.clone(), will.node_id.clone());
        boot.machine.registry.look(|meeting| {
            let own = etcd.map(|data| data.cluster);
            let found = own.or_else(|| meeting.kubernetes(&will.cluster));
            let found = found.and_then(|id| meeting.etcds.get(&id));
            let node = found.and_then(|etcd| etcd.kubernetes.nodes.get(&will.hostname));
            let stands =
                |data: &EtcdData| found.is_some_and(|etcd| !etcd.running.contains(&data.member));
            Self {
                affiliate: !meeting.affiliates.contains_key(&key),
                trustd: trustd && !meeting.trustd.contains_key(&key),
                etcd: etcd.filter(stands),
                kubelet: kubelet && node.is_some_and(|node| node.silent_since.is_some()),
                api_server: kubelet
                    && serves
                    && found
                        .is_some_and(|etcd| !etcd.kubernetes.api_servers.contains(&will.hostname)),
            }
        })
    }

    /// Tells them again.
    fn tell(&self, boot: &Boot) {
        if self.affiliate {
            join_discovery(boot);
        }
        if self.trustd {
            trust::sign_for_workers(boot);
        }
        if let Some(data) = self.etcd {
            etcd::start_member(boot, data);
        }
        let (kubelet, api_server) = (self.kubelet, self.api_server);
        if kubelet || api_server {
            kubelet::change_kubernetes(boot, move |kubernetes, hostname| {
                if kubelet {
                    kubernetes.hear(hostname);
                }
                if api_server {
                    kubernetes.api_servers.insert(hostname.to_owned());
                }
            });
        }
    }
}

fn own_id(boot: &Boot) -> String {
    boot.disk().state.unwrap_or_default().node_id
}

/// A new identity for discovery: 32 bytes in the digits and letters.
pub(super) fn node_id(random: &Random) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut bytes = random.block();
    let mut text = Vec::new();
    while bytes.iter().any(|byte| *byte != 0) {
        let mut rest = 0_usize;
        for byte in &mut bytes {
            let value = rest * 256 + usize::from(*byte);
            *byte = u8::try_from(value / 62).unwrap_or_default();
            rest = value % 62;
        }
        text.push(char::from(DIGITS[rest]));
    }
    text.iter().rev().collect()
}

/// The name that Talos gives a node by itself: it stays as long as the node's identity.
fn stable_name(node_id: &str) -> String {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let hash = Sha256::digest(node_id);
    let digit = |at: usize| char::from(DIGITS[usize::from(hash[at]) % 36]);
    let part = |from: usize| (from..from + 3).map(digit).collect::<String>();
    format!("talos-{}-{}", part(0), part(3))
}

/// The node has a name from now on.
pub(super) fn name(boot: &Boot, name: &str) {
    if boot.state().hostname.as_deref() == Some(name) {
        return;
    }
    let fields = [("hostname", name.into()), ("domainname", "".into())];
    boot.report(
        "network.HostnameSpecController",
        "setting hostname",
        &fields,
    );
    boot.change(|state| state.hostname = Some(name.to_owned()));
    boot.publish_network();
    tell_addresses(boot);
}

/// The event that tells of addresses and name.
pub(super) fn tell_addresses(boot: &Boot) {
    let addresses = boot
        .machine
        .identity
        .ips()
        .iter()
        .map(ToString::to_string)
        .collect();
    let hostname = boot.state().hostname.clone().unwrap_or_default();
    boot.events.happened(
        "",
        &AddressEvent {
            hostname,
            addresses,
        },
    );
}

/// The node lives by a configuration from now on.
pub(super) fn configured(boot: &Boot, settings: Arc<Settings>) {
    boot.change(|state| state.settings = Some(settings));
    boot.publish_configuration();
    boot.publish_network();
    boot.publish_time();
    rename(boot);
}

/// The name that the configuration gives; else that of the network; else a stable one.
pub(super) fn rename(boot: &Boot) {
    let configured = boot
        .settings()
        .and_then(|settings| settings.hostname.clone());
    let given = configured.or_else(|| boot.machine.identity.network.get().hostname);
    let node_id = own_id(boot);
    let stable = || (!node_id.is_empty()).then(|| stable_name(&node_id));
    if let Some(wanted) = given.or_else(stable) {
        name(boot, &wanted);
    }
    boot.publish_configuration();
}

/// The configuration of a running node is another one.
pub(super) fn reconfigured(boot: &Boot) {
    boot.publish_configuration();
    boot.publish_network();
    boot.publish_time();
    rename(boot);
    join_discovery(boot);
}

/// Takes a tried configuration back, unless another one came meanwhile.
pub(super) async fn take_back(
    boot: Arc<Boot>,
    before: Arc<Settings>,
    after: Duration,
) -> Result<(), NodeError> {
    let tried = boot.settings();
    sleep(boot.machine.pace.of(after)).await;
    let same = match (&tried, &boot.settings()) {
        (Some(tried), Some(now)) => Arc::ptr_eq(tried, now),
        _ => false,
    };
    if same {
        boot.change(|state| state.settings = Some(before));
        reconfigured(&boot);
    }
    Ok(())
}

/// What a configured node tells the others when it boots.
pub(super) fn greet_cluster(boot: &Boot) {
    rename(boot);
    join_discovery(boot);
}

pub(super) fn join_discovery(boot: &Boot) {
    let Some(settings) = boot.settings() else {
        return;
    };
    let affiliate = Affiliate {
        addresses: boot.machine.identity.ips(),
        hostname: boot.state().hostname.clone().unwrap_or_default(),
        operating_system: format!("Talos ({})", boot.tag()),
        control_plane: settings.is_control_plane(),
        api_server_port: settings.api_server_port,
        discovery: settings.discovery,
    };
    let key = (settings.cluster_id.clone(), own_id(boot));
    boot.machine.registry.change(move |meeting| {
        meeting.affiliates.insert(key.clone(), affiliate.clone());
    });
}

/// Keeps what the node shows in step with the others and with its faults.
pub(super) async fn follow(boot: Arc<Boot>) -> Result<(), NodeError> {
    let mut cluster = boot.machine.registry.watch();
    let mut faults = boot.machine.faults.watch();
    let mut own = boot.subscribe();
    let mut given = boot.machine.identity.network.watch();
    let mut shown = None;
    loop {
        boot.publish_cluster();
        boot.publish_diagnostics();
        trust::renew(&boot, &mut shown)?;
        let will = boot.settings().map(|settings| will(&boot, &settings));
        boot.machine.registry.leave_will(will);
        Unknown::of(&boot).tell(&boot);
        tokio::select! {
            // None ends before this boot does.
            _ = cluster.changed() => {}
            _ = faults.changed() => {}
            _ = own.changed() => {}
            _ = given.changed() => network::changed(&boot),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_and_names_have_their_form() {
        let id = node_id(&Random::numbered(1));
        assert!((42..=44).contains(&id.len()), "{id}");
        let name = stable_name(&id);
        assert_eq!(name.len(), "talos-abc-def".len());
        assert_eq!(name, stable_name(&id));
    }
}
