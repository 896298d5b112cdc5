//! The certificates that the node shows, and whom it lets in.

use super::presence;
use crate::Fault;
use crate::api::Serving;
use crate::boot::Boot;
use crate::certificates::{Authority, Issued, SERVER_LIFE, Validity};
use crate::cluster::Trustd;
use crate::error::NodeError;
use crate::services::State as Service;
use crate::settings::Settings;
use jiff::{SignedDuration, Timestamp};
use std::net::IpAddr;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Whom the certificate of maintenance names.
const MAINTENANCE: &str = "maintenance-service.talos.dev";

/// Serves the API of maintenance until a configuration comes.
pub(super) async fn serve_maintenance(
    boot: &Arc<Boot>,
    configuration: &mut mpsc::UnboundedReceiver<Arc<Settings>>,
) -> Arc<Settings> {
    let serve = async {
        // Without an address there is no certificate, and nothing is said.
        boot.until_address().await;
        boot.publish_network();
        if let Err(error) = open_maintenance(boot).await {
            boot.say(&error.to_string());
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = serve => std::future::pending().await,
        Some(settings) = configuration.recv() => settings,
    }
}

/// Serves, with a new certificate for every change of the addresses; ends only with an error.
async fn open_maintenance(boot: &Arc<Boot>) -> Result<(), NodeError> {
    let controller = match boot.since_1_13() {
        true => "runtime.MaintenanceServiceInformController",
        false => "runtime.MaintenanceServiceController",
    };
    let authority = Authority::of_a_boot(&boot.machine.random)?;
    let mut changes = boot.machine.identity.network.watch();
    changes.mark_unchanged();
    let all = boot.machine.identity.ips();
    // From 1.13 on the addresses that come one after another are told one after another.
    let first = if boot.since_1_13() { 1 } else { all.len() };
    let mut issued = announce(boot, controller, &authority, &all[..first])?;
    how_to_configure(boot, controller, all[0], &issued.fingerprint);
    for known in first + 1..=all.len() {
        boot.rest(450).await;
        issued = announce(boot, controller, &authority, &all[..known])?;
    }
    if boot.since_1_13() {
        boot.service("apid", Service::Waiting, "Waiting for api certificates");
        boot.service("apid", Service::Preparing, "Running pre state");
        boot.service("apid", Service::Preparing, "Creating service runner");
        boot.rest(7800).await;
    }
    let serve = |issued: &Issued| -> Result<(), NodeError> {
        let serving = Serving::maintenance(boot, issued)?;
        boot.serving.send_replace(Some(serving));
        Ok(())
    };
    serve(&issued)?;
    if boot.since_1_13() {
        let started = "Started task apid (PID 235) for container apid";
        boot.service("apid", Service::Running, started);
        boot.rest(5100).await;
        boot.look("apid", None);
    }
    let mut told = all;
    // The sender lives as long as the machine.
    while changes.changed().await.is_ok() {
        let addresses = boot.machine.identity.ips();
        if !addresses.is_empty() && addresses != told {
            serve(&announce(boot, controller, &authority, &addresses)?)?;
            told = addresses;
        }
    }
    Ok(())
}

/// Tells the addresses and makes a certificate for them; the last one printed is the one in use.
fn announce(
    boot: &Boot,
    controller: &str,
    authority: &Authority,
    addresses: &[IpAddr],
) -> Result<Issued, NodeError> {
    presence::tell_addresses(boot);
    boot.report(controller, "this machine is reachable at:", &[]);
    for address in addresses {
        boot.report(controller, &format!(" {address}"), &[]);
    }
    let mut names: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
    names.extend(["127.0.0.1".to_owned(), "::1".to_owned()]);
    names.extend(boot.state().hostname.clone());
    let validity = Validity {
        from: boot.now(),
        life: SERVER_LIFE,
    };
    let issued = authority.serve(MAINTENANCE, &names, validity, &boot.machine.random)?;
    let fields = [("fingerprint", issued.fingerprint.clone().into())];
    boot.report(controller, "server certificate issued", &fields);
    Ok(issued)
}

/// The commands a person would type.
fn how_to_configure(boot: &Boot, controller: &str, address: IpAddr, fingerprint: &str) {
    let say = |text: &str| boot.report(controller, text, &[]);
    let command = format!(" talosctl apply-config --insecure --nodes {address}");
    say("upload configuration using talosctl:");
    say(&format!("{command} --file <config.yaml>"));
    say("optionally with node fingerprint check:");
    say(&format!(
        "{command} --cert-fingerprint '{fingerprint}' --file <config.yaml>"
    ));
}

/// Finds who signs the node's certificate: a control plane does itself, a worker asks one, and
/// waits for as long as none answers.
pub(super) async fn serve_cluster(boot: &Boot, settings: &Settings) -> Result<(), NodeError> {
    let authority = match settings.is_control_plane() {
        true => Arc::new(Authority::parse("machine.ca", &settings.talos_ca)?),
        false => {
            let wanted = |((cluster, _), trustd): (&(String, String), &Trustd)| {
                let fits = *cluster == settings.cluster_id && trustd.token == settings.token;
                fits.then(|| trustd.authority.clone())
            };
            let registry = &boot.machine.registry;
            let parts = registry
                .wait(|meeting| meeting.trustd.iter().find_map(wanted))
                .await;
            Arc::new(Authority::parse("machine.ca", &parts)?)
        }
    };
    boot.change(|state| state.authority = Some(authority));
    Ok(())
}

/// A control plane signs for the workers of its cluster.
pub(super) fn sign_for_workers(boot: &Boot) {
    let Some(settings) = boot.settings() else {
        return;
    };
    let trustd = Trustd {
        token: settings.token.clone(),
        authority: settings.talos_ca.clone(),
    };
    let node_id = boot.disk().state.unwrap_or_default().node_id;
    let key = (settings.cluster_id.clone(), node_id);
    boot.machine.registry.change(move |meeting| {
        meeting.trustd.insert(key.clone(), trustd.clone());
    });
}

/// Opens the API of the cluster.
pub(super) fn present(boot: &Boot) {
    boot.change(|state| state.presents = true);
}

/// What a certificate of the cluster is made of.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shown {
    names: Vec<String>,
    hostname: String,
    synchronized: bool,
    expired: bool,
    clients: String,
}

/// Makes the certificate of the cluster anew when something it says is no longer so.
pub(super) fn renew(boot: &Arc<Boot>, shown: &mut Option<Shown>) -> Result<(), NodeError> {
    let (settings, authority, hostname, synchronized) = {
        let state = boot.state();
        let (Some(settings), Some(authority), true) = (
            state.settings.clone(),
            state.authority.clone(),
            state.presents,
        ) else {
            return Ok(());
        };
        let hostname = state.hostname.clone().unwrap_or_default();
        (settings, authority, hostname, state.synchronized)
    };
    let mut names = settings.cert_sans.clone();
    names.extend(boot.machine.identity.ips().iter().map(IpAddr::to_string));
    names.extend((!hostname.is_empty()).then(|| hostname.clone()));
    names.sort();
    names.dedup();
    let wanted = Shown {
        names,
        hostname,
        synchronized,
        expired: boot.machine.faults.has(Fault::CertificateExpired),
        clients: settings.talos_ca.certificate.clone(),
    };
    if shown.as_ref() == Some(&wanted) {
        return Ok(());
    }
    let validity = Validity {
        from: dated(boot.now(), wanted.expired),
        life: SERVER_LIFE,
    };
    let random = &boot.machine.random;
    let issued = authority.serve(&wanted.hostname, &wanted.names, validity, random)?;
    let serving = Serving::cluster(boot, &issued, &wanted.clients)?;
    boot.serving.send_replace(Some(serving));
    *shown = Some(wanted);
    Ok(())
}

/// When a certificate begins; one that has run out began two days ago.
fn dated(now: Timestamp, expired: bool) -> Timestamp {
    match expired {
        true => now
            .checked_sub(SignedDuration::from_hours(48))
            .unwrap_or(now),
        false => now,
    }
}
