//! What a cluster's driver signs in with and hands out: its own client certificate and the key files
//! in the cluster's folder, both renewed before their time is over.

use super::driver::Driver;
use super::secrets;
use crate::access::{AccessTo, KUBECONFIG, OwnFiles, TALOSCONFIG, write_own};
use crate::error::{Result, internal};
use crete_model::{CertificateOf, CertificateView, ClusterFiles};
use crete_talos::api::ClusterTrust;
use crete_talos::pki::{Bundle, CaParts, Certificate, Lifetime, SystemEntropy};
use jiff::Timestamp;
use std::sync::Arc;

/// What the driver holds of them.
#[derive(Default)]
pub(super) struct Keys {
    /// Whom nodes are believed by, and who we are to them.
    pub trust: Option<ClusterTrust>,
    trusted: Option<Lifetime>,
    own: OwnFiles,
    /// For whom the own files were looked at last: server and endpoints.
    looked_for: Option<(String, Vec<String>)>,
}

fn lifetime_of(trust: &ClusterTrust) -> Option<Lifetime> {
    let parsed = Certificate::parse("our own certificate", &trust.client.certificate);
    parsed.ok().map(|one| one.lifetime())
}

fn view(of: CertificateOf, lifetime: Lifetime) -> CertificateView {
    CertificateView {
        of,
        not_after: format!("{:.3}", lifetime.not_after),
    }
}

/// When the authorities of a cluster end.
fn authorities(bundle: &Bundle) -> Vec<CertificateView> {
    let parts = bundle.parts();
    let authorities: [(CertificateOf, &Option<CaParts>); 4] = [
        (CertificateOf::TalosAuthority, &parts.os),
        (CertificateOf::KubernetesAuthority, &parts.k8s),
        (CertificateOf::EtcdAuthority, &parts.etcd),
        (CertificateOf::AggregatorAuthority, &parts.k8s_aggregator),
    ];
    let seen = |(of, parts): (CertificateOf, &Option<CaParts>)| {
        let certificate = Certificate::parse("an authority", &parts.as_ref()?.crt).ok()?;
        Some(view(of, certificate.lifetime()))
    };
    authorities.into_iter().filter_map(seen).collect()
}

impl Keys {
    /// Signs in with a certificate that was just made.
    pub fn sign_in_as(&mut self, trust: ClusterTrust) {
        self.trusted = lifetime_of(&trust);
        self.trust = Some(trust);
    }

    /// True when it is time for another certificate of ours.
    fn is_old(&self, now: Timestamp) -> bool {
        self.trusted.is_some_and(|one| one.needs_renewal(now))
    }
}

impl Driver {
    /// Whoever looks at a machine of the cluster signs in as the cluster does.
    pub(super) fn introduce(&self) {
        let Some(trust) = &self.keys.trust else {
            return;
        };
        let machines = self.spec.nodes.iter().map(|node| node.machine);
        for machine in machines {
            if self.engine.machines.get(&machine.to_string()).is_some() {
                self.engine.give_credentials(machine, trust.clone());
            }
        }
    }

    /// True when the key files are there, lead to this cluster, and count long enough.
    pub(super) fn has_access(&self) -> bool {
        let folder = self.engine.roots.cluster(self.spec.id);
        let there = |name: &str| folder.join(name).exists();
        self.keys.own.are_good(self.engine.clock.now()) && there(KUBECONFIG) && there(TALOSCONFIG)
    }

    fn access_to(&self) -> Option<AccessTo> {
        let bundle = self.bundle.as_deref()?.clone();
        AccessTo::of(&self.spec, bundle, self.engine.talos_ways(&self.spec))
    }

    /// Makes the key files where they are missing, lead elsewhere, or are about to end.
    ///
    /// Read (facts 3.3 to 3.5): the files are those that `talosctl` and `kubectl` take, and Talos'
    /// own libraries made the ones they are compared with.
    pub(super) async fn write_access(&mut self) -> Result<()> {
        let Some(to) = self.access_to() else {
            return Ok(());
        };
        let place = (to.kubernetes.clone(), to.talos.clone());
        let folder = self.engine.roots.cluster(self.spec.id);
        let now = self.engine.clock.now();
        let writing = tokio::task::spawn_blocking(move || {
            let found = OwnFiles::look(&folder, &to);
            match found.are_good(now) {
                true => Ok(found),
                false => write_own(&folder, &to, now, &mut SystemEntropy),
            }
        });
        self.keys.own = writing.await.map_err(internal)??;
        self.keys.looked_for = Some(place);
        Ok(())
    }

    /// Keeps certificates fresh for as long as the cluster is on.
    ///
    /// Read (facts 7.6): certificates that clients hold are renewed by nobody else. Assumed: one made
    /// anew from the same authority is let in at once.
    pub(super) async fn renew_keys(&mut self) -> Result<()> {
        let now = self.engine.clock.now();
        if let (true, Some(bundle)) = (self.keys.is_old(now), self.bundle.clone()) {
            self.keys.sign_in_as(secrets::trust(&bundle, now)?);
            // What was signed in with the old one signs in anew.
            self.clients.forget();
            self.meet_members_anew();
        }
        if self.spec.formed_at.is_none() || self.bundle.is_none() {
            return Ok(());
        }
        let place = self.spec.api.as_ref().map(|api| {
            let server = format!("https://{}:{}", api.outside, api.outside_port);
            (server, self.engine.talos_ways(&self.spec).0)
        });
        if place != self.keys.looked_for || !self.has_access() {
            self.write_access().await?;
        }
        Ok(())
    }

    /// When certificates end, as far as the secrets are open.
    pub(super) fn certificates(&self) -> Vec<CertificateView> {
        let bundle: Option<&Arc<Bundle>> = self.bundle.as_ref();
        let mut all = bundle.map(|one| authorities(one)).unwrap_or_default();
        let clients = [
            (CertificateOf::TalosClient, self.keys.trusted),
            (CertificateOf::Kubeconfig, self.keys.own.kubeconfig),
            (CertificateOf::Talosconfig, self.keys.own.talosconfig),
        ];
        let clients = clients
            .into_iter()
            .filter_map(|(of, lifetime)| Some(view(of, lifetime?)));
        all.extend(clients);
        all
    }

    /// Where the key files are.
    pub(super) fn files(&self) -> ClusterFiles {
        let folder = self.engine.roots.cluster(self.spec.id);
        let there = |name: &str| {
            let path = folder.join(name);
            path.exists().then(|| path.display().to_string())
        };
        ClusterFiles {
            kubeconfig: there(KUBECONFIG),
            talosconfig: there(TALOSCONFIG),
        }
    }
}
