//! What the API of a configured node does with clients, configurations and watchers.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use crete_talos::api::{ApplyMode, Cause, Change, ClusterTrust, Dial as _, Node, Trust, kinds};
use crete_talos::config::MachineRole::{ControlPlane, Worker};
use crete_talos::pki::{Authority, ClientCertificate, PrivateKey, Role, SystemEntropy, Validity};
use jiff::SignedDuration;
use std::collections::BTreeSet;
use std::time::Duration;
use support::{API, Lab, Member, bootstrap, status, until, until_ready};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::sleep;

async fn ready(lab: &Lab) -> (Member, Node) {
    let member = lab.switch_on(lab.identity(2), &[]);
    let node = lab.configure(&member, ControlPlane).await;
    bootstrap(&node).await;
    until_ready(&node).await;
    (member, node)
}

/// Why a client with such a certificate is not let in.
async fn refusal(lab: &Lab, member: &Member, client: ClientCertificate) -> Cause {
    let trust = ClusterTrust {
        client,
        ..lab.trust(Role::Admin)
    };
    let node = Node::new(&lab.target(member), &Trust::Cluster(trust)).unwrap();
    node.version().await.unwrap_err().cause
}

#[tokio::test(start_paused = true)]
async fn clients_that_are_not_let_in_are_told_why() {
    let lab = Lab::new("1.13.9");
    let (member, _) = ready(&lab).await;
    let entropy = &mut SystemEntropy;
    let roles = BTreeSet::from([Role::Admin]);
    let key = PrivateKey::ed25519(entropy).unwrap();
    let stranger = Authority::generate("talos", key, lab.start, entropy).unwrap();
    let own = lab.bundle.talos_authority().unwrap();
    let day = Validity {
        backdate: SignedDuration::ZERO,
        life: SignedDuration::from_hours(24),
    };
    let week = SignedDuration::from_hours(7 * 24);
    let (past, future) = (lab.start - week, lab.start + week);
    for (authority, now, cause) in [
        (&stranger, lab.start, Cause::ClientUnknown),
        (&own, past, Cause::ClientExpired),
        (&own, future, Cause::ClientExpired),
    ] {
        let client = ClientCertificate::talos(authority, &roles, day, now, entropy).unwrap();
        assert_eq!(refusal(&lab, &member, client).await, cause);
    }
    // A server's certificate of the very cluster is no client's.
    let lifetime = crete_talos::pki::Lifetime {
        not_before: lab.start,
        not_after: lab.start + week,
    };
    let (certificate, key) = own
        .serve("node", &["node".to_owned()], lifetime, entropy)
        .unwrap();
    let server = ClientCertificate {
        certificate,
        key: key.pem().clone(),
    };
    let cause = refusal(&lab, &member, server).await;
    assert!(
        matches!(cause, Cause::ClientUnknown | Cause::NotTalos),
        "{cause:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_not_tls_is_closed_without_a_byte() {
    let lab = Lab::new("1.13.9");
    let (member, _) = ready(&lab).await;
    let mut stream = lab.way(&member, API).dial().await.unwrap();
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: node\r\n\r\n")
        .await
        .unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert!(answer.is_empty());
}

fn named(lab: &Lab, name: &str) -> String {
    let text = lab.configuration(ControlPlane);
    let auto = "kind: HostnameConfig\nauto: stable\n";
    assert!(text.contains(auto));
    text.replace(
        auto,
        &format!("kind: HostnameConfig\nauto: \"off\"\nhostname: {name}\n"),
    )
}

async fn hostname(node: &Node) -> Option<String> {
    let found = node.get(kinds::HOSTNAME, "hostname").await.ok()??;
    Some(found.spec.hostname)
}

#[tokio::test(start_paused = true)]
async fn a_running_node_takes_configurations_in_every_mode() {
    let lab = Lab::new("1.13.9");
    let (_member, node) = ready(&lab).await;
    let stable = hostname(&node).await.unwrap();
    let live = named(&lab, "named-live");
    let dry = node.apply(&live, ApplyMode::Auto, true).await.unwrap();
    assert!(
        dry.details
            .expose()
            .contains("-auto: stable\n+auto: \"off\"\n+hostname: named-live\n"),
        "{}",
        dry.details.expose()
    );
    assert_eq!(hostname(&node).await.unwrap(), stable);

    let tried = node
        .apply(&live, ApplyMode::Try(Duration::from_secs(25)), false)
        .await
        .unwrap();
    assert!(
        tried
            .details
            .expose()
            .ends_with("will be automatically reverted back in 25s")
    );
    until("the tried name", || async {
        (hostname(&node).await? == "named-live").then_some(())
    })
    .await;
    until("the old name", || async {
        (hostname(&node).await? == stable).then_some(())
    })
    .await;

    let staged = node.apply(&live, ApplyMode::Staged, false).await.unwrap();
    assert_eq!(
        staged.details.expose(),
        "Staged configuration to be applied after the next reboot"
    );
    let text = async |id: &str| {
        let found = node.get(kinds::MACHINE_CONFIG, id).await.unwrap().unwrap();
        String::from_utf8(found.spec.yaml_marshalled).unwrap()
    };
    assert!(text("persistent").await.contains("named-live"));
    assert!(!text("v1alpha1").await.contains("named-live"));

    let kept = node.apply(&live, ApplyMode::NoReboot, false).await.unwrap();
    assert_eq!(
        kept.details.expose(),
        "Applied configuration without a reboot"
    );
    until("the new name", || async {
        (hostname(&node).await? == "named-live").then_some(())
    })
    .await;

    let worker = node
        .apply(&lab.configuration(Worker), ApplyMode::NoReboot, false)
        .await;
    assert_eq!(worker.unwrap_err().cause, Cause::NeedsReboot);
    assert_eq!(
        node.apply("machine:\n  xx: 1\n", ApplyMode::Auto, false)
            .await
            .unwrap_err()
            .cause,
        Cause::ConfigurationUnreadable
    );
}

#[tokio::test(start_paused = true)]
async fn services_are_watched_while_one_is_restarted() {
    let lab = Lab::new("1.13.9");
    let (_member, node) = ready(&lab).await;
    let mut watch = node.watch(kinds::SERVICES, Duration::from_secs(5));
    let mut known = BTreeSet::new();
    assert_eq!(watch.next().await.unwrap(), Change::Begin);
    loop {
        match watch.next().await.unwrap() {
            Change::Set(service) => known.insert(service.metadata.id),
            Change::Complete => break,
            other => panic!("{other:?}"),
        };
    }
    let all = [
        "apid",
        "auditd",
        "containerd",
        "cri",
        "dashboard",
        "etcd",
        "kubelet",
        "machined",
        "syslogd",
        "trustd",
        "udevd",
    ];
    assert_eq!(known.iter().map(String::as_str).collect::<Vec<_>>(), all);
    assert_eq!(
        node.restart_service("kubelet").await.unwrap(),
        "Service \"kubelet\" restarted"
    );
    assert!(matches!(watch.next().await.unwrap(), Change::Gone(gone) if gone.id == "kubelet"));
    let back = watch.next().await.unwrap();
    assert!(
        matches!(&back, Change::Set(set) if set.metadata.id == "kubelet" && set.spec.unknown),
        "{back:?}"
    );
    until_ready(&node).await;
}

#[tokio::test(start_paused = true)]
async fn logs_are_followed() {
    let lab = Lab::new("1.13.9");
    let (_member, node) = ready(&lab).await;
    let unknown = node
        .service_log("nosuch", false, None)
        .bytes()
        .await
        .unwrap_err();
    assert_eq!(unknown.talos_text(), "log \"nosuch\" was not registered");
    let mut last = node.service_log("machined", true, Some(1));
    assert!(last.bytes().await.unwrap().is_some());
    let mut kernel = node.kernel_log(true, true);
    let restart = async {
        sleep(Duration::from_secs(1)).await;
        node.restart_service("kubelet").await.unwrap();
    };
    let (line, ()) = tokio::join!(kernel.bytes(), restart);
    let line = String::from_utf8(line.unwrap().unwrap()).unwrap();
    assert!(line.starts_with("user: warning: ["), "{line}");
    assert!(line.ends_with("]: [talos] service[kubelet](Stopping): Sending SIGTERM to task kubelet (PID 422, container kubelet)\n"), "{line}");
}

#[tokio::test(start_paused = true)]
async fn every_version_becomes_ready() {
    for version in ["1.10.6", "1.11.6", "1.12.11", "1.13.9", "1.14.1"] {
        let lab = Lab::new(version);
        let (_member, node) = ready(&lab).await;
        assert_eq!(
            node.version().await.unwrap().version.unwrap().tag,
            format!("v{version}")
        );
        let (stage, is_ready, _) = status(&node).await.unwrap();
        assert_eq!(
            (stage, is_ready),
            (support::Stage::Running, true),
            "{version}"
        );
    }
}
