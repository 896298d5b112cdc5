//! Whom the client believes, what it says when it does not, and what a probe finds.
#![cfg(feature = "api")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use crete_talos::api::wire::{common, machine as wire};
use crete_talos::api::{
    ApiError, ApplyMode, Cause, ClusterTrust, Flaw, Node, Pin, Presence, Target, Tcp, Trust,
    UnixSocket, probe,
};
use crete_talos::pki::{Role, Validity};
use jiff::{SignedDuration, Timestamp};
use prost::Message as _;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;
use support::player::{Identity, Player, Reply, authority, lifetime, target, trust};
use tokio::net::{TcpListener, UnixListener};

const SOON: Duration = Duration::from_secs(5);

/// An answer that says nothing, which every call takes.
fn empty(_: &str, _: &[u8]) -> Reply {
    Reply::one(Vec::new())
}

fn admin(authority: &crete_talos::pki::Authority) -> Trust {
    trust(authority, Role::Admin, Validity::CLIENT, Timestamp::now())
}

fn of_cluster(trust: &Trust) -> &ClusterTrust {
    match trust {
        Trust::Cluster(cluster) => cluster,
        Trust::Maintenance(_) => panic!("a cluster's trust"),
    }
}

async fn version(player: &Player, trust: &Trust) -> Result<(), ApiError> {
    let node = Node::new(&target(player.address), trust).unwrap();
    node.version().await.map(drop)
}

async fn cause(player: &Player, trust: &Trust) -> Cause {
    let error = version(player, trust).await.unwrap_err();
    assert!(
        error.to_string().starts_with("Version on 127.0.0.1: "),
        "{error}"
    );
    error.cause
}

#[tokio::test]
async fn a_pinned_node_is_believed_and_another_is_not() {
    let identity = Identity::maintenance();
    let player = Player::start(&identity, empty).await;
    let pinned = Trust::Maintenance(Pin::Fingerprint(identity.fingerprint()));
    version(&player, &pinned).await.unwrap();
    let other = Trust::Maintenance(Pin::Fingerprint(
        "F8ztKkwu0XpgrEMwfz1Vku2HTCPMbg5qei0mukBMg14=".to_owned(),
    ));
    assert_eq!(cause(&player, &other).await, Cause::PinChanged);
    player.stop().await;
}

#[tokio::test]
async fn the_first_certificate_pins_those_after_it() {
    let first = Identity::maintenance();
    let player = Player::start(&first, empty).await;
    let pin = Pin::first_use();
    let trust = Trust::Maintenance(pin.clone());
    version(&player, &trust).await.unwrap();
    assert_eq!(pin.fingerprint(), Some(first.fingerprint().as_str()));
    player.stop().await;
    let other = Player::start(&Identity::maintenance(), empty).await;
    assert_eq!(cause(&other, &trust).await, Cause::PinChanged);
    other.stop().await;
}

#[tokio::test]
async fn a_configured_node_and_its_client_believe_each_other() {
    let cluster = authority("talos");
    let identity = Identity::configured(&cluster, &["127.0.0.1"], lifetime(-1, 24));
    let player = Player::start(&identity, empty).await;
    version(&player, &admin(&cluster)).await.unwrap();
    player.stop().await;
}

#[tokio::test]
async fn what_keeps_them_apart_is_named() {
    let cluster = authority("talos");
    let other = authority("talos");
    let now = Timestamp::now();
    let identity = Identity::configured(&cluster, &["127.0.0.1"], lifetime(-1, 24));
    let player = Player::start(&identity, empty).await;

    // All of another cluster's talosconfig.
    assert_eq!(
        cause(&player, &admin(&other)).await,
        Cause::AnotherAuthority
    );
    // The right authority, a certificate of another one.
    let mut mixed = of_cluster(&admin(&other)).clone();
    mixed.authority = cluster.certificate_pem().to_owned();
    assert_eq!(
        cause(&player, &Trust::Cluster(mixed)).await,
        Cause::ClientUnknown
    );
    // A certificate that has run out.
    let old = now.checked_sub(SignedDuration::from_hours(48)).unwrap();
    let short = Validity {
        backdate: SignedDuration::ZERO,
        life: SignedDuration::from_hours(1),
    };
    let expired = trust(&cluster, Role::Admin, short, old);
    assert_eq!(cause(&player, &expired).await, Cause::ClientExpired);
    // As if it were in maintenance.
    let nobody = Trust::Maintenance(Pin::first_use());
    assert_eq!(cause(&player, &nobody).await, Cause::ClientRequired);
    player.stop().await;

    // A node whose clock is two days behind.
    let late = Identity::configured(&cluster, &["127.0.0.1"], lifetime(-48, 24));
    let player = Player::start(&late, empty).await;
    assert_eq!(cause(&player, &admin(&cluster)).await, Cause::ClockDiffers);
    player.stop().await;

    // An address that the certificate does not name.
    let elsewhere = Identity::configured(&cluster, &["10.0.2.15"], lifetime(-1, 24));
    let player = Player::start(&elsewhere, empty).await;
    assert_eq!(
        cause(&player, &admin(&cluster)).await,
        Cause::AddressNotCovered
    );
    player.stop().await;
}

#[tokio::test]
async fn a_node_that_is_configured_is_met_with_a_new_client() {
    let cluster = authority("talos");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    drop(listener);
    let before = Player::start(&Identity::maintenance(), empty).await;
    version(&before, &Trust::Maintenance(Pin::first_use()))
        .await
        .unwrap();
    before.stop().await;
    let identity = Identity::configured(&cluster, &["127.0.0.1"], lifetime(-1, 24));
    let after = Player::start(&identity, empty).await;
    version(&after, &admin(&cluster)).await.unwrap();
    after.stop().await;
}

#[tokio::test]
async fn states_without_an_answer_are_told_apart() {
    let nobody = Trust::Maintenance(Pin::first_use());
    // A port on which nothing listens any more.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let node = Node::new(&target(address), &nobody).unwrap();
    assert_eq!(node.version().await.unwrap_err().cause, Cause::Refused);

    // A forwarded port with nothing behind it: taken, then ended.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let closing = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            drop(stream);
        }
    });
    let node = Node::new(&target(address), &nobody).unwrap();
    assert_eq!(node.version().await.unwrap_err().cause, Cause::Interrupted);
    assert_eq!(
        probe(&target(address), None, SOON).await,
        Ok(Presence::Interrupted)
    );
    closing.abort();
}

#[tokio::test]
async fn a_node_behind_a_socket_is_reached_by_its_name() {
    let cluster = authority("talos");
    let identity = Identity::configured(&cluster, &["10.5.0.2"], lifetime(-1, 24));
    let player = Player::start(&identity, empty).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node");
    let listener = UnixListener::bind(&path).unwrap();
    let address = player.address;
    let forwarding = tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let mut far = tokio::net::TcpStream::connect(address).await.unwrap();
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut near, &mut far).await });
        }
    });
    let target = Target {
        dial: Arc::new(UnixSocket { path }),
        name: "10.5.0.2".to_owned(),
    };
    let node = Node::new(&target, &admin(&cluster)).unwrap();
    node.version().await.unwrap();
    forwarding.abort();
    player.stop().await;
}

#[tokio::test]
async fn a_probe_tells_what_is_there() {
    let cluster = authority("talos");
    let ours = admin(&cluster);
    let ours = of_cluster(&ours);

    let identity = Identity::maintenance();
    let player = Player::start(&identity, empty).await;
    let fingerprint = identity.fingerprint();
    let seen = probe(&target(player.address), Some(ours), SOON).await;
    assert_eq!(seen, Ok(Presence::Maintenance { fingerprint }));
    player.stop().await;

    for (names, life, flaw) in [
        ("127.0.0.1", lifetime(-1, 24), None),
        ("10.0.2.15", lifetime(-1, 24), Some(Flaw::AddressNotCovered)),
    ] {
        let identity = Identity::configured(&cluster, &[names], life);
        let player = Player::start(&identity, empty).await;
        let seen = probe(&target(player.address), Some(ours), SOON).await;
        assert_eq!(seen, Ok(Presence::Ours { flaw }));
        player.stop().await;
    }

    // Its clock is two days behind, or two ahead.
    for begins in [-48, 48] {
        let identity = Identity::configured(&cluster, &["127.0.0.1"], lifetime(begins, 24));
        let player = Player::start(&identity, empty).await;
        let seen = probe(&target(player.address), Some(ours), SOON).await;
        let Ok(Presence::Ours {
            flaw: Some(Flaw::ClockDiffers { seconds }),
        }) = seen
        else {
            panic!("{seen:?}");
        };
        assert!(seconds.abs_diff(48 * 3600) < 600, "{begins}: {seconds}");
        player.stop().await;
    }

    let foreign = Identity::configured(&authority("talos"), &["127.0.0.1"], lifetime(-1, 24));
    let player = Player::start(&foreign, empty).await;
    let seen = probe(&target(player.address), Some(ours), SOON).await;
    assert_eq!(seen, Ok(Presence::AnotherCluster));
    let seen = probe(&target(player.address), None, SOON).await;
    assert_eq!(seen, Ok(Presence::AnotherCluster));
    player.stop().await;
}

#[tokio::test]
async fn a_probe_is_not_fooled_by_others() {
    // A web server without TLS answers the handshake with text.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let serving = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .unwrap();
        let _ = std::io::Read::read_to_end(&mut stream, &mut Vec::new());
    });
    assert_eq!(
        probe(&target(address), None, SOON).await,
        Ok(Presence::NotTalos)
    );
    serving.join().unwrap();

    // Something that takes connections and says nothing.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let deadline = Duration::from_millis(200);
    assert_eq!(
        probe(&target(address), None, deadline).await,
        Ok(Presence::Silent)
    );

    let closed = listener.local_addr().unwrap();
    drop(listener);
    assert_eq!(
        probe(&target(closed), None, SOON).await,
        Ok(Presence::Refused)
    );
}

#[tokio::test]
async fn a_name_without_an_address_is_told() {
    let target = Target {
        dial: Arc::new(Tcp {
            host: "127.0.0.1".to_owned(),
            port: 1,
        }),
        name: "not a name".to_owned(),
    };
    let trust = Trust::Maintenance(Pin::first_use());
    let refused = Node::new(&target, &trust).unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("neither a host name nor an address")
    );
}

/// The rows of refusals by code and text.
const UNKNOWN: i32 = 2;
const INVALID: i32 = 3;
const NOT_FOUND: i32 = 5;
const EXISTS: i32 = 6;
const DENIED: i32 = 7;
const DEADLINE: i32 = 4;
const INTERNAL: i32 = 13;
const EXHAUSTED: i32 = 8;
const PRECONDITION: i32 = 9;
const UNIMPLEMENTED: i32 = 12;
const UNAVAILABLE: i32 = 14;
const REFUSALS: &[(i32, &str, Cause)] = &[
    (
        UNAVAILABLE,
        "connection error: desc = \"transport: Error while dialing: dial tcp 10.9.9.9:50000: connect: connection refused\"",
        Cause::Refused,
    ),
    (
        UNAVAILABLE,
        "authentication handshake failed: tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2026 is after 2025",
        Cause::ClockDiffers,
    ),
    (
        UNAVAILABLE,
        "error reading server preface: remote error: tls: unknown certificate authority",
        Cause::ClientUnknown,
    ),
    (
        UNAVAILABLE,
        "error reading server preface: remote error: tls: expired certificate",
        Cause::ClientExpired,
    ),
    (
        UNAVAILABLE,
        "x509: certificate signed by unknown authority (possibly because of \"x509: Ed25519 verification failure\")",
        Cause::AnotherAuthority,
    ),
    (
        UNAVAILABLE,
        "error reading server preface: remote error: tls: certificate required",
        Cause::ClientRequired,
    ),
    (
        UNAVAILABLE,
        "x509: certificate is valid for 10.0.2.15, not 127.0.0.1",
        Cause::AddressNotCovered,
    ),
    (
        UNAVAILABLE,
        "closing transport due to: GOAWAY ENHANCE_YOUR_CALM, debug data: \"too_many_pings\"",
        Cause::TooManyPings,
    ),
    (
        UNIMPLEMENTED,
        "API is not implemented in maintenance mode",
        Cause::OnlyAfterConfiguration,
    ),
    (
        UNIMPLEMENTED,
        "unknown service cosi.resource.State",
        Cause::NotOffered,
    ),
    (
        UNIMPLEMENTED,
        "member list is only available on control plane nodes",
        Cause::ControlPlaneOnly,
    ),
    (DENIED, "not authorized", Cause::NotAuthorized),
    (DENIED, "no request forwarding", Cause::NoForwarding),
    (
        DENIED,
        "resource type \"x\" is not supported",
        Cause::UnknownResource,
    ),
    (
        INVALID,
        "this config change can't be applied in immediate mode",
        Cause::NeedsReboot,
    ),
    (
        PRECONDITION,
        "bootstrap is not available yet",
        Cause::NotYet,
    ),
    (
        PRECONDITION,
        "time is not in sync yet",
        Cause::TimeNotSynchronized,
    ),
    (
        EXISTS,
        "etcd data directory is not empty",
        Cause::AlreadyBootstrapped,
    ),
    (UNKNOWN, "log \"x\" was not registered", Cause::UnknownName),
    (UNKNOWN, "service \"x\" not defined", Cause::UnknownName),
    (
        UNKNOWN,
        "failed to parse config: yaml: line 1",
        Cause::ConfigurationUnreadable,
    ),
    (INVALID, "namespace can't be empty", Cause::BadRequest),
    (
        NOT_FOUND,
        "resource T(ns/id@undefined) doesn't exist",
        Cause::NotFound,
    ),
    (
        PRECONDITION,
        "another apply configuration is already in progress",
        Cause::Busy,
    ),
    (
        PRECONDITION,
        "method is not supported in container mode",
        Cause::ContainerMode,
    ),
    (
        EXHAUSTED,
        "grpc: received message larger than max",
        Cause::Exhausted,
    ),
    // Behind a forwarded port, "off" looks so.
    (
        UNAVAILABLE,
        "error reading server preface: read tcp 127.0.0.1:50000: connection reset by peer",
        Cause::Interrupted,
    ),
    (
        UNAVAILABLE,
        "error reading from server: EOF",
        Cause::Interrupted,
    ),
    (
        UNAVAILABLE,
        "error reading server preface: remote error: tls: bad certificate",
        Cause::ClientUnknown,
    ),
    (
        UNIMPLEMENTED,
        "unknown method MetaWrite for service machine.MachineService",
        Cause::NotOffered,
    ),
    (
        UNKNOWN,
        "service \"etcd\" doesn't support restart operation via API",
        Cause::UnknownName,
    ),
    (
        UNKNOWN,
        "service \"machined\" doesn't support stop operation via API",
        Cause::UnknownName,
    ),
    (
        INVALID,
        "invalid containerd namespace NS_UNKNOWN",
        Cause::BadRequest,
    ),
    (INTERNAL, "invalid target \"a:50000\"", Cause::BadRequest),
    (
        PRECONDITION,
        "the node is rebooting, can't apply configuration",
        Cause::Busy,
    ),
    (DEADLINE, "context deadline exceeded", Cause::Silent),
];

/// The rows about configurations: what else is an invalid argument.
const REFUSED_CONFIGURATIONS: &[(i32, &str, Cause)] = &[
    (
        INVALID,
        "1 error occurred:\n\t* install instructions are required\n\n",
        Cause::ConfigurationRefused,
    ),
    (
        INVALID,
        "configuration validation failed: 1 error occurred:\n\t* a\n\n",
        Cause::ConfigurationRefused,
    ),
    (
        INVALID,
        "runtime configuration validation failed: 1 error occurred:\n\t* kubelet image is not valid\n\n",
        Cause::ConfigurationRefused,
    ),
    (
        UNKNOWN,
        "failed to parse config: unknown keys found during decoding:\nmachine:\n    token: s3cr3t\n",
        Cause::ConfigurationUnreadable,
    ),
    (
        INVALID,
        "this config change can't be applied in immediate mode\ndiff: s3cr3t",
        Cause::NeedsReboot,
    ),
    (
        PRECONDITION,
        "another apply configuration is already in progress",
        Cause::Busy,
    ),
];

#[tokio::test]
async fn each_refusal_has_its_cause() {
    for (code, text, cause) in REFUSALS {
        let (player, node) = Player::in_maintenance(move |_, _| Reply::refuse(*code, text)).await;
        let error = node.version().await.unwrap_err();
        assert_eq!(error.cause, *cause, "{text}");
        assert_eq!(error.talos_text(), *text);
        assert!(!error.advice().is_empty() && !error.cause.code().is_empty());
        player.stop().await;
    }
}

#[tokio::test]
async fn each_refusal_of_a_configuration_has_its_cause_and_is_not_quoted() {
    for (code, text, cause) in REFUSED_CONFIGURATIONS {
        let (player, node) = Player::in_maintenance(move |_, _| Reply::refuse(*code, text)).await;
        let error = node.apply("a", ApplyMode::Auto, false).await.unwrap_err();
        assert_eq!(error.cause, *cause, "{text}");
        assert_eq!(error.talos_text(), *text, "whoever asked can read it");
        assert!(!format!("{error} {error:?}").contains("s3cr3t"), "{text}");
        player.stop().await;
    }
}

/// A node that was reached in another's place says so inside of an answer that is well.
#[tokio::test]
async fn a_failure_inside_of_an_answer_is_one() {
    let (player, node) = Player::in_maintenance(|_, _| {
        let failed = wire::Version {
            metadata: Some(common::Metadata {
                hostname: "10.0.0.9".to_owned(),
                error: "connection refused".to_owned(),
                status: None,
            }),
            ..wire::Version::default()
        };
        let answer = wire::VersionResponse {
            messages: vec![failed],
        };
        Reply::one(answer.encode_to_vec())
    })
    .await;
    let error = node.version().await.unwrap_err();
    assert_eq!(error.talos_text(), "connection refused");
    player.stop().await;
}
