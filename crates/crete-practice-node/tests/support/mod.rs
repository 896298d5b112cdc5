//! A laboratory in memory whose time stands still: nodes, and a client that knows their cluster.
#![allow(dead_code, reason = "each test uses a part of it")]

use async_trait::async_trait;
use crete_practice_node::{
    Clock, ClusterRegistry, Fault, Faults, FileStorage, Identity, Machine, MemoryNetwork,
    MemoryStorage, Pace, PracticeNode, Random, Storage, Transcript,
};
use crete_talos::Contract;
use crete_talos::api::{
    ApplyMode, Cause, ClusterTrust, Dial, Node, Pin, Target, Transport, Trust, kinds, wire,
};
use crete_talos::config::{MachineRole, Options, generate};
use crete_talos::pki::{Bundle, ClientCertificate, Role, SystemEntropy, Validity};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

pub const API: u16 = 50_000;
pub use wire::machine::machine_status_event::MachineStage as Stage;

pub fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/fixtures/talos")
        .join(path)
}

/// The way to a port of a node in memory.
#[derive(Debug, Clone)]
pub struct Way {
    pub network: MemoryNetwork,
    pub address: IpAddr,
    pub port: u16,
}

#[async_trait]
impl Dial for Way {
    async fn dial(&self) -> io::Result<Box<dyn Transport>> {
        let stream = self.network.connect(self.address, self.port)?;
        Ok(Box::new(stream))
    }
}

/// What the nodes of a test share.
pub struct Lab {
    pub network: MemoryNetwork,
    pub registry: ClusterRegistry,
    pub start: Timestamp,
    pub clock: Clock,
    pub bundle: Bundle,
    pub version: &'static str,
    pub contract: Contract,
}

/// A node of the laboratory.
pub struct Member {
    pub node: PracticeNode,
    pub address: IpAddr,
    pub console: Arc<Transcript>,
    pub storage: Arc<dyn Storage>,
}

pub fn address(number: u8) -> IpAddr {
    IpAddr::from([10, 5, 0, number])
}

impl Lab {
    /// The clock begins an hour ago: what the nodes date stays behind this computer's clock.
    pub fn new(version: &'static str) -> Self {
        let start = Timestamp::now()
            .checked_sub(SignedDuration::from_hours(1))
            .unwrap();
        let contract: Contract = version.parse().unwrap();
        let secrets = if contract >= Contract::V1_14 {
            "next"
        } else {
            "lab"
        };
        let secrets = fixture(&format!("golden/secrets/{secrets}.yaml"));
        let secrets = std::fs::read_to_string(secrets).unwrap();
        Self {
            network: MemoryNetwork::default(),
            registry: ClusterRegistry::default(),
            start,
            clock: Clock::starting_at(start),
            bundle: Bundle::parse(&secrets).unwrap(),
            version,
            contract,
        }
    }

    pub fn identity(&self, number: u8) -> Identity {
        Identity::virtual_machine(self.version.parse().unwrap(), number, address(number))
    }

    pub fn switch_on(&self, identity: Identity, faults: &[Fault]) -> Member {
        self.switch_on_with(identity, faults, Arc::new(MemoryStorage::default()))
    }

    pub fn in_file(&self, identity: Identity, path: &Path) -> Member {
        self.switch_on_with(identity, &[], Arc::new(FileStorage(path.to_owned())))
    }

    pub fn switch_on_with(
        &self,
        identity: Identity,
        faults: &[Fault],
        storage: Arc<dyn Storage>,
    ) -> Member {
        self.switch_on_at(identity, Faults::of(faults), storage, self.registry.clone())
    }

    /// Switches a machine on that meets the others somewhere else.
    pub fn switch_on_at(
        &self,
        identity: Identity,
        faults: Faults,
        storage: Arc<dyn Storage>,
        registry: ClusterRegistry,
    ) -> Member {
        let console = Arc::new(Transcript::default());
        let number = identity.mac[5];
        let address = address(number);
        let node = PracticeNode::start(Machine {
            identity,
            clock: self.clock,
            pace: Pace::REAL,
            random: Random::numbered(number.into()),
            storage: Arc::clone(&storage),
            network: self.network.at(address),
            registry,
            console: console.clone(),
            faults,
        });
        Member {
            node,
            address,
            console,
            storage,
        }
    }

    pub fn options(&self) -> Options {
        let kubernetes = match self.contract {
            Contract::V1_10 => "1.33.6",
            Contract::V1_11 => "1.34.1",
            Contract::V1_12 => "1.35.4",
            Contract::V1_14 => "1.37.0",
            _ => "1.36.3",
        };
        let image = format!("factory.talos.dev/metal-installer/abc:v{}", self.version);
        let endpoint = format!("https://{}:6443", address(2));
        let mut options = Options::new(self.contract, "practice", endpoint, kubernetes, image);
        options.install_disk = Some("/dev/vda".to_owned());
        options
    }

    pub fn configuration(&self, role: MachineRole) -> String {
        generate(&self.options(), &self.bundle, role).to_yaml()
    }

    pub fn way(&self, member: &Member, port: u16) -> Way {
        Way {
            network: self.network.clone(),
            address: member.address,
            port,
        }
    }

    pub fn target(&self, member: &Member) -> Target {
        Target {
            dial: Arc::new(self.way(member, API)),
            name: member.address.to_string(),
        }
    }

    pub fn anonymous(&self, member: &Member) -> Node {
        Node::new(&self.target(member), &Trust::Maintenance(Pin::first_use())).unwrap()
    }

    pub fn trust(&self, role: Role) -> ClusterTrust {
        let authority = self.bundle.talos_authority().unwrap();
        let roles = BTreeSet::from([role]);
        let client = ClientCertificate::talos(
            &authority,
            &roles,
            Validity::CLIENT,
            self.start,
            &mut SystemEntropy,
        );
        ClusterTrust {
            authority: authority.certificate_pem().to_owned(),
            client: client.unwrap(),
        }
    }

    pub fn client(&self, member: &Member, role: Role) -> Node {
        Node::new(&self.target(member), &Trust::Cluster(self.trust(role))).unwrap()
    }

    pub fn admin(&self, member: &Member) -> Node {
        self.client(member, Role::Admin)
    }

    /// Brings a node from nothing to its configured API.
    pub async fn configure(&self, member: &Member, role: MachineRole) -> Node {
        self.in_maintenance(member).await;
        let text = self.configuration(role);
        let node = self.anonymous(member);
        node.apply(&text, ApplyMode::Auto, false).await.unwrap();
        let admin = self.admin(member);
        until("the configured API", || async {
            admin.version().await.ok()
        })
        .await;
        admin
    }

    pub async fn in_maintenance(&self, member: &Member) {
        until("maintenance", || async {
            let status = self
                .anonymous(member)
                .get(kinds::MACHINE_STATUS, "machine")
                .await;
            let stage = status.ok()??.spec.stage;
            (stage == i32::from(Stage::Maintenance)).then_some(())
        })
        .await;
    }
}

/// Waits for something, in a time that stands still: at most half an hour of it.
pub async fn until<T, F, Fut>(what: &str, mut look: F) -> T
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Option<T>>,
{
    let limit = Instant::now() + Duration::from_secs(1800);
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < limit, "{what} did not come");
        sleep(Duration::from_secs(1)).await;
    }
}

/// Stage, readiness and what is unmet.
pub async fn status(node: &Node) -> Option<(Stage, bool, Vec<String>)> {
    let found = node.get(kinds::MACHINE_STATUS, "machine").await.ok()??;
    let status = found.spec.status.unwrap_or_default();
    let unmet = status.unmet_conditions.iter();
    let stage = Stage::try_from(found.spec.stage).unwrap();
    let unmet = unmet.map(|one| format!("{}: {}", one.name, one.reason));
    Some((stage, status.ready, unmet.collect()))
}

/// Waits until a node runs and is ready.
pub async fn until_ready(node: &Node) {
    until("running and ready", || async {
        let (stage, ready, _) = status(node).await?;
        (stage == Stage::Running && ready).then_some(())
    })
    .await;
}

pub async fn until_unmet(node: &Node, text: &str) {
    until(text, || async {
        let (_, _, unmet) = status(node).await?;
        unmet.iter().any(|one| one.contains(text)).then_some(())
    })
    .await;
}

/// Bootstraps, as often as it is not yet possible.
pub async fn bootstrap(node: &Node) {
    until("bootstrap", || async {
        match node.bootstrap().await {
            Ok(()) => Some(()),
            Err(error) => {
                assert_eq!(error.cause, Cause::NotYet, "{error:?}");
                None
            }
        }
    })
    .await;
}

pub fn held<'a>(lines: &'a [String], text: &str) -> Option<&'a String> {
    lines.iter().find(|line| line.contains(text))
}

pub mod kubernetes;
pub mod raw;
