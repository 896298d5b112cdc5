//! What can be made to go wrong: each is something that happens to people with real nodes.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use tokio::sync::watch;

macro_rules! faults {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal;)+) => {
        /// Something that goes wrong for as long as it is set.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Fault {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Fault {
            /// Every fault.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// Its name, for tables and command lines.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}

faults! {
    /// No DHCP server answers: the node has no address, says nothing of being reachable and
    /// serves nothing. Looked at when the node boots.
    NoAddress = "no-address";
    /// Connections are accepted and never answered.
    ApiSilent = "api-silent";
    /// Connections are accepted and ended at once, as behind a forwarded port.
    ApiInterrupted = "api-interrupted";
    /// Calls hang instead of failing.
    CallsHang = "calls-hang";
    /// A configuration is refused because another one is being applied.
    ApplyBusy = "apply-busy";
    /// A configuration is refused, whatever it says.
    ApplyRefused = "apply-refused";
    /// Whoever signs in is denied every call, as somebody without the role.
    CallsDenied = "calls-denied";
    /// The processor is older than Talos wants: its first program ends, and Linux with it. Looked at
    /// when the node boots.
    CpuTooOld = "cpu-too-old";
    /// Linux stops. Looked at when the node boots.
    KernelPanic = "kernel-panic";
    /// A reset is refused: the node cannot be drained.
    ResetRefused = "reset-refused";
    /// The installer image cannot be pulled: refused, and tried again with growing gaps.
    InstallerUnreachable = "installer-unreachable";
    /// The pull of the installer image does not get on.
    InstallerStalls = "installer-stalls";
    /// The installer ends with an error; the configuration is forgotten.
    InstallerFails = "installer-fails";
    /// The machine boots from its CD again although Talos is installed: it halts, without an API.
    BootsFromCd = "boots-from-cd";
    /// The clock is two days behind and no time server answers.
    ClockBehind = "clock-behind";
    /// The clock is right, but no time server answers.
    TimeNotSynchronized = "time-not-synchronized";
    /// The node's server certificate has run out.
    CertificateExpired = "certificate-expired";
    /// Bootstrapping is not available yet, and stays so.
    BootstrapNotYet = "bootstrap-not-yet";
    /// The etcd image does not exist: etcd stays in preparation, and only a log says why.
    EtcdImageMissing = "etcd-image-missing";
    /// The pull of the etcd image does not get on.
    EtcdImageStalls = "etcd-image-stalls";
    /// etcd runs but its health check fails: the members do not form a quorum.
    EtcdUnhealthy = "etcd-unhealthy";
    /// A joining etcd member stays a learner.
    EtcdNotPromoted = "etcd-not-promoted";
    /// etcd has no room left.
    EtcdNoSpace = "etcd-no-space";
    /// The kubelet's image does not exist.
    KubeletImageMissing = "kubelet-image-missing";
    /// The pull of the kubelet's image does not get on.
    KubeletImageStalls = "kubelet-image-stalls";
    /// The kubelet ends again and again.
    KubeletCrashes = "kubelet-crashes";
    /// Nobody approves the kubelet's request for a certificate: it never becomes a node.
    KubeletNotAdmitted = "kubelet-not-admitted";
    /// The pod of the API server ends again and again.
    ApiServerCrashes = "api-server-crashes";
    /// The network plugin's image does not exist: the node stays not ready.
    CniMissing = "cni-missing";
    /// kube-proxy does not become ready.
    KubeProxyFails = "kube-proxy-fails";
    /// The cluster's DNS does not become ready.
    CoreDnsFails = "core-dns-fails";
    /// Talos' own diagnostics report something.
    Diagnosed = "diagnosed";
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The faults of one node. Clones are the same; a running node notices a change at once.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<watch::Sender<BTreeSet<Fault>>>);

impl Faults {
    /// Faults from the beginning on.
    #[must_use]
    pub fn of(faults: &[Fault]) -> Self {
        Self(Arc::new(watch::Sender::new(
            faults.iter().copied().collect(),
        )))
    }

    /// Lets it go wrong from now on.
    pub fn set(&self, fault: Fault) {
        self.0.send_if_modified(|set| set.insert(fault));
    }

    /// Lets it go well again.
    pub fn clear(&self, fault: Fault) {
        self.0.send_if_modified(|set| set.remove(&fault));
    }

    /// True while it goes wrong.
    #[must_use]
    pub fn has(&self, fault: Fault) -> bool {
        self.0.borrow().contains(&fault)
    }

    /// Waits until it goes well.
    pub async fn gone(&self, fault: Fault) {
        let mut changes = self.0.subscribe();
        // The sender is in `self`, so waiting ends only with the fault.
        let _ = changes.wait_for(|set| !set.contains(&fault)).await;
    }

    pub(crate) fn watch(&self) -> watch::Receiver<BTreeSet<Fault>> {
        self.0.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_faults_come_and_go() {
        let names: BTreeSet<_> = Fault::ALL.iter().map(|fault| fault.name()).collect();
        assert_eq!(names.len(), Fault::ALL.len());
        let faults = Faults::of(&[Fault::CniMissing]);
        let same = faults.clone();
        same.set(Fault::CallsHang);
        assert!(faults.has(Fault::CallsHang));
        faults.clear(Fault::CniMissing);
        assert!(!same.has(Fault::CniMissing));
    }
}
