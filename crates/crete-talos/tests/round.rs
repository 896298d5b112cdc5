//! Generate, parse, generate: whatever a person chooses comes out of its own text as it went in, is
//! accepted by the version it was made for, and gives its secrets back.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use crete_talos::Contract;
use crete_talos::config::{
    Additions, Cni, Configuration, DiskKey, InstallSelector, Link, MachineRole, Mirror, Mode,
    Options, RegistryTrust, Time, TrustedRoot, UserVolume, VirtualIp, generate,
};
use crete_talos::pki::{Bundle, extract};
use proptest::prelude::*;
use std::sync::OnceLock;
use support::text;

const ROLES: [MachineRole; 2] = [MachineRole::ControlPlane, MachineRole::Worker];

fn bundle(contract: Contract) -> &'static Bundle {
    static ALL: OnceLock<[Bundle; 2]> = OnceLock::new();
    let read = |name: &str| Bundle::parse(&text(&format!("secrets/{name}.yaml"))).unwrap();
    let [lab, next] = ALL.get_or_init(|| [read("lab"), read("next")]);
    match contract {
        Contract::V1_14 => next,
        _ => lab,
    }
}

/// A Kubernetes that every one of these versions runs.
const KUBERNETES: &str = "1.33.1";

fn contracts() -> impl Strategy<Value = Contract> {
    prop::sample::select(Contract::ALL.to_vec())
}

fn options() -> impl Strategy<Value = Options> {
    let words = || "[a-z][a-z0-9-]{0,12}[a-z0-9]";
    let names = (
        contracts(),
        words(),
        words(),
        prop::option::of("/dev/(vda|nvme0n1|disk/by-id/a b)"),
    );
    // None, one family, or both: what 1.14 takes.
    let four = || "(10|172)\\.[0-9]\\.0\\.0/16".prop_map(Some);
    let six = |length: u8| (0..10_u8).prop_map(move |net| Some(format!("fd0{net}::/{length}")));
    let of = |networks: [Option<String>; 2]| networks.into_iter().flatten().collect::<Vec<_>>();
    let subnets = prop_oneof![
        Just((Vec::new(), Vec::new())),
        (four(), four()).prop_map(move |(pods, services)| (of([pods, None]), of([services, None]))),
        (four(), six(56), four(), six(108)).prop_map(move |(pods, more_pods, services, more)| {
            (of([pods, more_pods]), of([services, more]))
        }),
    ];
    let networks = (
        subnets,
        prop::sample::select(vec![
            Cni::Flannel,
            Cni::None,
            Cni::Custom(vec!["https://example.org/cni.yaml".to_owned()]),
        ]),
    );
    let flags = (
        any::<[bool; 4]>(),
        prop::option::of(1_u16..),
        prop::option::of(1_u16..),
    );
    let lists = (
        prop::collection::vec("[a-z]{1,8}\\.example|127\\.0\\.0\\.1", 0..3),
        prop::collection::vec(("[a-z]{2,5}\\.[a-z_]{2,9}", "[ -~]{1,12}"), 0..3),
        prop::collection::btree_map("[a-z]{2,6}\\.io", "[a-z]{2,6}", 0..3),
    );
    (names, networks, flags, lists).prop_map(|(names, networks, flags, lists)| {
        let (contract, name, host, disk) = names;
        let image = "ghcr.io/siderolabs/installer:v1.13.9";
        let endpoint = format!("https://{host}:6443");
        let mut options = Options::new(contract, name, endpoint, KUBERNETES, image);
        // What is installed already needs no disk, and up to 1.13 Talos asks for one.
        options.install_disk = disk.or(Some("/dev/sda".to_owned()));
        ((options.pod_subnets, options.service_subnets), options.cni) = networks;
        let ([discovery, span, schedule, debug], prism, port) = flags;
        options.discovery = discovery || span;
        options.kube_span = span;
        options.allow_scheduling_on_control_planes = schedule;
        options.debug = debug;
        options.kube_prism_port = prism;
        options.local_api_server_port = port;
        let (sans, sysctls, registries) = lists;
        options.additional_sans = sans;
        options.sysctls = sysctls;
        let registries = registries.into_iter();
        for (registry, host) in registries {
            options.registry_mirrors.push(Mirror {
                registry: registry.clone(),
                endpoints: vec![format!("http://{host}:5000")],
            });
            options.registry_trust.push(RegistryTrust {
                registry,
                ca: String::new(),
                insecure: true,
            });
        }
        options
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_made_is_read_as_it_was_made(options in options()) {
        let contract = options.contract;
        let bundle = bundle(contract);
        for role in ROLES {
            let made = generate(&options, bundle, role);
            let written = made.to_yaml();
            let read = Configuration::read(&written, contract);
            let read = read.map_err(|faults| TestCaseError::fail(faults.to_string()))?;
            prop_assert_eq!(read.to_yaml(), written.clone());
            let verdict = read.validate(contract, Mode::Metal);
            prop_assert!(verdict.is_accepted(), "{:?}", verdict.errors);
            if role == MachineRole::ControlPlane {
                let secrets = extract(&written).unwrap().check();
                let secrets = secrets.map_err(|error| TestCaseError::fail(error.to_string()))?;
                let again = generate(&options, &secrets, role);
                prop_assert_eq!(again.to_yaml(), written);
            }
        }
    }
}

/// Every addition there is.
fn everything() -> Additions {
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    Additions {
        hostname: Some("knossos".to_owned()),
        labels: vec![pair("zone", "cellar")],
        annotations: vec![pair("note", "by hand")],
        taints: vec![pair("disk", "slow:NoSchedule")],
        nameservers: vec!["10.0.0.53".to_owned()],
        time: Time::Servers(vec!["time.example".to_owned()]),
        links: vec![
            Link {
                name: "enp0s2".to_owned(),
                addresses: vec!["10.0.0.7/24".to_owned()],
                gateway: Some("10.0.0.1".to_owned()),
            },
            Link {
                name: "enp0s3".to_owned(),
                addresses: Vec::new(),
                gateway: None,
            },
        ],
        link_aliases: vec![pair("net0", "link.driver == \"virtio_net\"")],
        virtual_ip: Some(VirtualIp {
            address: "10.0.0.5".to_owned(),
            link: "enp0s2".to_owned(),
        }),
        environment: vec![pair("https_proxy", "http://proxy.example:3128")],
        trusted_roots: vec![TrustedRoot {
            name: "company".to_owned(),
            certificates: bundle(Contract::V1_13).parts().os.clone().unwrap().crt,
        }],
        mirrors: vec![Mirror {
            registry: "docker.io".to_owned(),
            endpoints: vec!["http://10.0.0.1:5000".to_owned()],
        }],
        without_kube_proxy: true,
        node_subnets: vec!["10.0.0.0/24".to_owned()],
        etcd_subnets: vec!["10.0.0.0/24".to_owned()],
        install_selector: Some(InstallSelector {
            size: ">= 8GB".to_owned(),
            expression: "disk.size >= 8u * GB".to_owned(),
        }),
        volumes: vec![UserVolume {
            name: "data".to_owned(),
            disk: "!system_disk".to_owned(),
            min_size: "1GiB".to_owned(),
            encryption: Some(DiskKey::NodeId),
        }],
        encryption: Some(DiskKey::Tpm),
        kernel_log: Some("tcp://10.0.0.1:3514".to_owned()),
        watchdog: Some(pair("/dev/watchdog0", "5m0s")),
    }
}

fn base(contract: Contract, role: MachineRole) -> Configuration {
    let endpoint = "https://10.0.0.5:6443";
    let image = "ghcr.io/siderolabs/installer:v1.13.9";
    let options = Options::new(contract, "lab", endpoint, KUBERNETES, image);
    generate(&options, bundle(contract), role)
}

fn with(additions: &Additions, contract: Contract, role: MachineRole) -> Configuration {
    let mut made = base(contract, role);
    additions.apply(&mut made, contract, role, 1).unwrap();
    made
}

#[test]
fn every_addition_is_accepted_by_every_version_for_every_role() {
    for contract in Contract::ALL {
        for role in ROLES {
            let made = with(&everything(), contract, role);
            let verdict = made.validate(contract, Mode::Metal);
            assert!(
                verdict.is_accepted(),
                "{contract} {role:?}: {:?}",
                verdict.errors
            );
            let read = Configuration::read(&made.to_yaml(), contract).unwrap();
            assert_eq!(read.to_yaml(), made.to_yaml(), "{contract} {role:?}");
            let (text, origins) = made.annotated();
            let line = text
                .lines()
                .position(|line| line.contains("knossos"))
                .unwrap();
            assert_eq!(origins[line], 1);
        }
    }
}

/// Where each addition is found in the oldest and in the newest form.
#[test]
fn every_addition_stands_where_its_version_looks_for_it() {
    const TABLE: &[(&str, &[&str])] = &[
        (
            "v1.10",
            &[
                "hostname: knossos",
                "nameservers:",
                "servers:",
                "env:",
                "systemDiskEncryption:",
                "nodeLabels:",
                "nodeAnnotations:",
                "nodeTaints:",
                "validSubnets:",
                "advertisedSubnets:",
                "diskSelector:",
                "kind: TrustedRootsConfig",
                "kind: UserVolumeConfig",
                "kind: KmsgLogConfig",
                "kind: WatchdogTimerConfig",
                "ip: 10.0.0.5",
                "disabled: true",
                "interface: enp0s3",
                "registries:",
            ],
        ),
        (
            "v1.11",
            &[
                "kind: VolumeConfig",
                "name: STATE",
                "name: EPHEMERAL",
                "tpm: {}",
                "env:",
            ],
        ),
        (
            "v1.12",
            &[
                "kind: HostnameConfig",
                "auto: \"off\"",
                "kind: ResolverConfig",
                "kind: TimeSyncConfig",
                "kind: LinkConfig",
                "kind: DHCPv4Config",
                "kind: Layer2VIPConfig",
                "kind: LinkAliasConfig",
                "env:",
            ],
        ),
        (
            "v1.13",
            &["kind: EnvironmentConfig", "variables:", "nodeLabels:"],
        ),
        (
            "v1.14",
            &[
                "kind: KubeNodeConfig",
                "zone: cellar",
                "disk: slow:NoSchedule",
                "enabled: false",
                "match: disk.size >= 8u * GB",
                "kind: EnvironmentConfig",
            ],
        ),
    ];
    for (version, wanted) in TABLE {
        let contract: Contract = version.parse().unwrap();
        let text = with(&everything(), contract, MachineRole::ControlPlane).to_yaml();
        for one in *wanted {
            assert!(text.contains(one), "{version} lacks {one}:\n{text}");
        }
        assert!(
            !text.contains("disk: /dev/sda") && !text.contains("/dev/sda\\\""),
            "{version}"
        );
    }
}

#[test]
fn workers_get_nothing_that_is_the_control_planes() {
    for contract in Contract::ALL {
        let text = with(&everything(), contract, MachineRole::Worker).to_yaml();
        assert!(!text.contains("10.0.0.5\n") || text.contains("endpoint: https://10.0.0.5"));
        for not in [
            "Layer2VIPConfig",
            "vip:",
            "advertisedSubnets",
            "KubeProxyConfig",
        ] {
            assert!(!text.contains(not), "{contract}: {not}");
        }
    }
}

#[test]
fn nothing_added_changes_nothing_and_a_lab_without_time_is_told_so() {
    for contract in Contract::ALL {
        for role in ROLES {
            assert_eq!(Additions::default().patch(contract, role), None);
            assert_eq!(
                with(&Additions::default(), contract, role),
                base(contract, role)
            );
            let off = Additions {
                time: Time::Off,
                ..Additions::default()
            };
            let made = with(&off, contract, role);
            let told = match contract >= Contract::V1_12 {
                true => made
                    .the("TimeSyncConfig")
                    .unwrap()
                    .node
                    .bool_at(&["enabled"]),
                false => {
                    let main = made.main().unwrap();
                    main.node
                        .bool_at(&["machine", "time", "disabled"])
                        .map(|off| !off)
                }
            };
            assert_eq!(told, Some(false), "{contract}");
        }
    }
}

#[test]
fn what_a_version_does_not_take_is_refused_and_changes_nothing() {
    let bad = Additions {
        time: Time::Servers(vec!["time.example".to_owned()]),
        nameservers: vec!["no address".to_owned()],
        ..Additions::default()
    };
    let mut made = base(Contract::V1_13, MachineRole::Worker);
    let before = made.clone();
    let refused = bad.apply(&mut made, Contract::V1_13, MachineRole::Worker, 1);
    assert!(refused.unwrap_err().to_string().contains("nameservers"));
    assert_eq!(made, before);
}
