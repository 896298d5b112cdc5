//! Virtual addresses of control planes: one of those whose etcd runs holds each, and another one
//! takes it over when that one no longer does.

use crate::boot::Boot;
use crate::error::NodeError;
use crate::settings::Settings;
use crate::storage::EtcdData;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

const ADDRESSES: &str = "network.AddressSpecController";
const OPERATORS: &str = "network.OperatorSpecController";

/// What is held ends with the boot, however that ends.
struct Held<'a> {
    boot: &'a Boot,
    addresses: BTreeSet<IpAddr>,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        for address in &self.addresses {
            self.boot.machine.network.hold(*address, false);
        }
    }
}

/// Holds what is this node's to hold, for as long as the boot lasts.
pub(super) async fn run(boot: Arc<Boot>) -> Result<(), NodeError> {
    let mut cluster = boot.machine.registry.watch();
    let mut own = boot.subscribe();
    let mut held = Held {
        boot: &boot,
        addresses: BTreeSet::new(),
    };
    loop {
        // Only what everybody agreed on is taken: two of one address would disturb each other.
        claim(&boot).await;
        held.settle();
        tokio::select! {
            // Neither ends before this boot does.
            _ = cluster.changed() => {}
            _ = own.changed() => {}
        }
    }
}

impl Held<'_> {
    /// Holds what is this node's own, and nothing else.
    fn settle(&mut self) {
        let boot = self.boot;
        let wanted = match member(boot) {
            Some((data, settings)) => {
                let all = settings.virtual_addresses.iter().copied();
                all.filter(|address| holder(boot, data, address) == Some(data.member))
                    .collect()
            }
            None => BTreeSet::new(),
        };
        if wanted == self.addresses {
            return;
        }
        for address in wanted.difference(&self.addresses) {
            take(boot, *address);
        }
        for address in self.addresses.difference(&wanted) {
            release(boot, *address);
        }
        self.addresses.clone_from(&wanted);
        boot.state().virtual_addresses = wanted;
        boot.publish_network();
    }
}

/// The member of this node while its etcd answers, and what is configured.
fn member(boot: &Boot) -> Option<(EtcdData, Arc<Settings>)> {
    let data = boot.state().etcd?;
    let settings = boot.settings()?;
    boot.etcd_answers().then_some((data, settings))
}

fn holder(boot: &Boot, data: EtcdData, address: &IpAddr) -> Option<u64> {
    boot.machine.registry.look(|meeting| {
        let etcd = meeting.etcds.get(&data.cluster)?;
        etcd.holder(address)
    })
}

/// Claims what nobody holds.
async fn claim(boot: &Boot) {
    let Some((data, settings)) = member(boot) else {
        return;
    };
    for address in settings.virtual_addresses.iter().copied() {
        if holder(boot, data, &address).is_none() {
            let claiming = boot.machine.registry.agree(move |meeting| {
                if let Some(etcd) = meeting.etcds.get_mut(&data.cluster) {
                    etcd.claim(address, data.member);
                }
            });
            claiming.await;
        }
    }
}

fn take(boot: &Boot, address: IpAddr) {
    let link = boot.machine.identity.link.as_str();
    let ip = address.to_string();
    let fields = [
        ("operator", "vip".into()),
        ("link", link.into()),
        ("ip", ip.clone().into()),
    ];
    boot.report(OPERATORS, "enabled shared IP", &fields);
    boot.machine.network.hold(address, true);
    let whole = [("address", whole(address).into()), ("link", link.into())];
    boot.report(ADDRESSES, "assigned address", &whole);
    let told = [("address", ip.into()), ("link", link.into())];
    boot.report(ADDRESSES, "sent gratuitous ARP", &told);
}

fn release(boot: &Boot, address: IpAddr) {
    boot.machine.network.hold(address, false);
    let link = boot.machine.identity.link.as_str();
    let fields = [("address", whole(address).into()), ("link", link.into())];
    boot.report(ADDRESSES, "removed address", &fields);
}

/// An address that is a network of its own.
fn whole(address: IpAddr) -> String {
    let length = if address.is_ipv4() { 32 } else { 128 };
    format!("{address}/{length}")
}
