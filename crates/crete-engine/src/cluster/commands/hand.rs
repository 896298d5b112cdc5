//! The lines of each step, for a cluster whose machines have addresses. Pure.

use super::{Bench, Source};
use crate::cluster::configure::{self, DISK, installs, omni_arguments};
use crate::cluster::plan::API_PORT as API;
use crete_model::{
    Accelerator, Arch, ClusterEndpoint, ClusterNode, ClusterSpec, CniKind, EndpointKind,
    FirmwareInfo, NodeRole, SecretsSource,
};
use crete_qemu::args::quote;
use crete_talos::Contract;
use std::net::Ipv4Addr;
use std::path::Path;

/// The bridge that the machines are plugged into.
const BRIDGE: &str = "talos";
/// The number of the first machine's address; below are those for virtual addresses.
const FIRST_HOST: u8 = 21;
/// The place of the card on its bus, and the name that Linux gives it for that.
const CARD: (&str, &str) = ("0x10", "enp0s16");

/// A cluster with the addresses that its machines get.
pub(super) struct Hand<'a> {
    pub spec: &'a ClusterSpec,
    pub bench: &'a Bench,
    pub contract: Contract,
    /// Where the Kubernetes API is reached.
    pub endpoint: Ipv4Addr,
}

/// Another address of the same subnet.
pub(super) fn host(gateway: Ipv4Addr, number: u8) -> Ipv4Addr {
    let [a, b, c, _] = gateway.octets();
    Ipv4Addr::new(a, b, c, number)
}

/// A whole file of more lines, as a shell is given it.
fn here(command: &str, text: &str) -> String {
    format!("{command} <<'EOF'\n{}\nEOF", text.trim_end())
}

fn mac(at: usize) -> String {
    format!("52:54:00:00:00:{:02x}", at + 1)
}

impl Hand<'_> {
    /// Every machine with its address, in order; the one that is virtual is left out.
    fn all(&self) -> impl Iterator<Item = (usize, &ClusterNode, Ipv4Addr)> {
        let gateway = self.bench.subnet.gateway();
        let hosts = (FIRST_HOST..).map(move |number| host(gateway, number));
        let free = hosts.filter(move |address| *address != self.endpoint);
        let nodes = self.spec.nodes.iter().enumerate().zip(free);
        nodes.map(|((at, node), address)| (at, node, address))
    }

    pub fn addresses(&self, role: NodeRole) -> impl Iterator<Item = (&ClusterNode, Ipv4Addr)> {
        let of_role = self.all().filter(move |(_, node, _)| node.role == role);
        of_role.map(|(_, node, address)| (node, address))
    }

    pub fn image(&self) -> Vec<String> {
        match &self.bench.source {
            Source::File { path, .. } => vec![format!("qemu-img info {}", quote(path))],
            Source::Factory {
                schematics,
                yaml,
                url,
                ..
            } => vec![
                here(
                    &format!("curl --data-binary @- {}", quote(schematics)),
                    yaml,
                ),
                format!("curl -LO {}", quote(url)),
            ],
        }
    }

    pub fn network(&self) -> Vec<String> {
        let subnet = self.bench.subnet;
        let gateway = subnet.gateway();
        let mut lines = vec![
            format!("sudo ip link add {BRIDGE} type bridge"),
            format!("sudo ip address add {gateway}/24 dev {BRIDGE}"),
            format!("sudo ip link set {BRIDGE} up"),
        ];
        for node in &self.spec.nodes {
            let tap = &node.name;
            lines.push(format!(
                "sudo ip tuntap add {tap} mode tap user \"$USER\" && sudo ip link set {tap} master {BRIDGE} up"
            ));
        }
        let range = host(gateway, 0);
        let mut dhcp = format!(
            "sudo dnsmasq --interface={BRIDGE} --except-interface=lo --bind-interfaces --dhcp-range={range},static"
        );
        for (at, _, address) in self.all() {
            dhcp.push_str(&format!(" --dhcp-host={},{address}", mac(at)));
        }
        lines.extend([
            "sudo sysctl -w net.ipv4.ip_forward=1".to_owned(),
            format!(
                "sudo iptables -t nat -A POSTROUTING -s {range}/24 ! -o {BRIDGE} -j MASQUERADE"
            ),
            format!("sudo iptables -I FORWARD -i {BRIDGE} -j ACCEPT"),
            format!("sudo iptables -I FORWARD -o {BRIDGE} -j ACCEPT"),
            dhcp,
        ]);
        if self.spec.endpoint == EndpointKind::LoadBalancer && !self.spec.leave_in_maintenance {
            lines.extend(self.balancer());
        }
        lines
    }

    /// What leads from the gateway to every control plane.
    fn balancer(&self) -> [String; 2] {
        let mut text = format!(
            "defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 1h\n  timeout server 1h\nlisten kubernetes\n  bind {}:{API}\n",
            self.endpoint
        );
        for (node, address) in self.addresses(NodeRole::ControlPlane) {
            text.push_str(&format!("  server {} {address}:{API} check\n", node.name));
        }
        [
            here("cat > haproxy.cfg", &text),
            "haproxy -D -f haproxy.cfg".to_owned(),
        ]
    }

    /// The file that disks stand on, and its form; what has to be unpacked is.
    fn base(&self) -> (Option<String>, String, &'static str) {
        let (asset, known) = match &self.bench.source {
            Source::File { path, format } => return (None, quote(path), *format),
            Source::Factory { asset, .. } => (asset, Path::new(asset)),
        };
        let unpacked = known.file_stem().unwrap_or_default().to_string_lossy();
        let with = match known.extension().and_then(|end| end.to_str()) {
            Some("zst") => "zstd -d",
            Some("xz") => "xz -dk",
            Some("gz") => "gunzip -k",
            Some("qcow2") => return (None, asset.clone(), "qcow2"),
            _ => return (None, asset.clone(), "raw"),
        };
        let format = if unpacked.ends_with("qcow2") {
            "qcow2"
        } else {
            "raw"
        };
        (
            Some(format!("{with} {asset}")),
            unpacked.into_owned(),
            format,
        )
    }

    pub fn disks(&self) -> Vec<String> {
        let (unpack, base, format) = self.base();
        let on = match installs(self.spec) {
            true => String::new(),
            false => format!(" -b {base} -F {format}"),
        };
        let vars = quote(&self.bench.firmware.vars_template);
        let mut lines: Vec<String> = unpack.into_iter().collect();
        for node in &self.spec.nodes {
            let (name, gib) = (self.spec.machine_name(node), node.sizes.disk_gib);
            lines.push(format!("qemu-img create -f qcow2{on} {name}.qcow2 {gib}G"));
            lines.push(format!("cp {vars} {name}-vars"));
        }
        lines
    }

    pub fn machines(&self) -> Vec<String> {
        let arguments = omni_arguments(&self.spec.omni)
            .unwrap_or_default()
            .join(" ");
        let machine = match self.spec.arch {
            Arch::Amd64 => "q35",
            Arch::Arm64 => "virt",
        };
        let (accelerator, cpu) = match self.bench.accelerator {
            Accelerator::Kvm => ("kvm", "host"),
            // The default model is below what Talos asks for.
            Accelerator::Tcg => ("tcg", "max"),
        };
        let FirmwareInfo { code, format, .. } = &self.bench.firmware;
        let code = quote(code);
        let (_, base, _) = self.base();
        let line = |(at, node): (usize, &ClusterNode)| {
            let name = self.spec.machine_name(node);
            let (tap, sizes, mac, place) = (&node.name, node.sizes, mac(at), CARD.0);
            let mut words = vec![
                format!("qemu-system-{} -name {name}", self.spec.arch.qemu_suffix()),
                format!("-machine {machine},accel={accelerator} -cpu {cpu}"),
                format!("-smp {} -m {}", sizes.vcpus, sizes.memory_mib),
                format!("-drive if=pflash,unit=0,format={format},readonly=on,file={code}"),
                format!("-drive if=pflash,unit=1,format={format},file={name}-vars"),
                format!("-drive if=virtio,format=qcow2,file={name}.qcow2"),
            ];
            if installs(self.spec) {
                words.push(format!(
                    "-device virtio-scsi-pci -drive if=none,id=cd0,media=cdrom,format=raw,readonly=on,file={base} -device scsi-cd,drive=cd0"
                ));
            }
            words.push(format!(
                "-netdev tap,id=net0,ifname={tap},script=no,downscript=no"
            ));
            words.push(format!(
                "-device virtio-net-pci,netdev=net0,mac={mac},addr={place} -device virtio-rng-pci"
            ));
            if !arguments.is_empty() && self.spec.arch == Arch::Amd64 {
                // QEMU reads a doubled comma as one.
                let extra = arguments.replace(',', ",,");
                let value = format!("type=11,value=io.systemd.stub.kernel-cmdline-extra={extra}");
                words.push(format!("-smbios {}", quote(&value)));
            }
            words.push(format!("-display none -serial file:{name}.log -daemonize"));
            words.join(" ")
        };
        self.spec.nodes.iter().enumerate().map(line).collect()
    }

    pub fn configurations(&self) -> Vec<String> {
        let (spec, endpoint) = (self.spec, self.endpoint);
        let mut lines = Vec::new();
        let mut line = format!(
            "talosctl gen config {} https://{endpoint}:{API} --talos-version {} --kubernetes-version {} --install-disk {DISK} --install-image {} --additional-sans {endpoint} --output {}",
            spec.name,
            spec.talos,
            spec.kubernetes,
            quote(&spec.installer),
            spec.name,
        );
        if let Some((source, path)) = &self.bench.secrets {
            let (path, own) = (quote(path), format!("{}-secrets.yaml", spec.name));
            let file = match source {
                SecretsSource::Bundle => path,
                SecretsSource::ControlPlane | SecretsSource::Worker => {
                    lines.push(format!(
                        "talosctl gen secrets --from-controlplane-config {path} --output-file {own}"
                    ));
                    own
                }
            };
            line.push_str(&format!(" --with-secrets {file}"));
        }
        for mirror in &spec.mirrors {
            for endpoint in &mirror.endpoints {
                let pair = format!("{}={endpoint}", mirror.registry);
                line.push_str(&format!(" --registry-mirror {}", quote(&pair)));
            }
        }
        let (both, control_plane) = self.shape();
        let none: Vec<String> = Vec::new();
        let patches = [
            ("--config-patch", both.iter().chain(&spec.patches.cluster)),
            (
                "--config-patch-control-plane",
                control_plane.iter().chain(&spec.patches.control_plane),
            ),
            (
                "--config-patch-worker",
                none.iter().chain(&spec.patches.worker),
            ),
        ];
        for (flag, texts) in patches {
            for text in texts {
                line.push_str(&format!(" {flag} {}", quote(text)));
            }
        }
        lines.push(line);
        lines
    }

    /// What talosctl has no flags for, as patches: for every machine, and for control planes.
    pub fn shape(&self) -> (Vec<String>, Vec<String>) {
        let spec = self.spec;
        let documents = self.contract >= Contract::V1_14;
        let subnets: String = [
            ("podSubnets", &spec.pod_subnet),
            ("serviceSubnets", &spec.service_subnet),
        ]
        .iter()
        .filter(|(_, subnet)| !subnet.is_empty())
        .map(|(key, subnet)| format!("{key}: [{subnet}]\n"))
        .collect();
        let no_cni = spec.cni == CniKind::None;
        let workers = spec.of_role(NodeRole::Worker).next().is_some();
        let schedules = spec.schedule_on_control_planes || !workers;
        let (mut both, mut control_plane) = (Vec::new(), Vec::new());
        if documents {
            let of = |kind: &str, rest: &str| format!("apiVersion: v1alpha1\nkind: {kind}\n{rest}");
            if !subnets.is_empty() {
                both.push(of("KubeNetworkConfig", &subnets));
            }
            if no_cni {
                control_plane.push(of("KubeFlannelCNIConfig", "$patch: delete\n"));
            }
            if schedules {
                control_plane.push(of(
                    "KubeNodeConfig",
                    "taints:\n  node-role.kubernetes.io/control-plane:\n    $patch: delete\n",
                ));
            }
            return (both, control_plane);
        }
        let mut network: String = subnets
            .lines()
            .map(|line| format!("    {line}\n"))
            .collect();
        if no_cni {
            network.push_str("    cni: {name: none}\n");
        }
        if !network.is_empty() {
            both.push(format!("cluster:\n  network:\n{network}"));
        }
        if schedules {
            control_plane.push("cluster:\n  allowSchedulingOnControlPlanes: true\n".to_owned());
        }
        (both, control_plane)
    }

    pub fn applies(&self) -> Vec<String> {
        // Only the virtual address asks for it.
        let mut spec = self.spec.clone();
        let address = self.endpoint.to_string();
        spec.api = Some(ClusterEndpoint {
            inside: address.clone(),
            inside_port: API,
            outside: address,
            outside_port: API,
            talos_port: 0,
        });
        let apply = |(_, node, address): (usize, &ClusterNode, Ipv4Addr)| {
            let file = match node.role {
                NodeRole::ControlPlane => "controlplane",
                NodeRole::Worker => "worker",
            };
            let folder = &spec.name;
            let mut line = format!(
                "talosctl apply-config --insecure -n {address} --file {folder}/{file}.yaml"
            );
            let own = configure::own_patches(&spec, node, self.contract, CARD.1);
            let persons = spec.patches.nodes.iter();
            let persons = persons.filter(|one| one.node == node.name);
            for text in own.iter().chain(persons.flat_map(|one| &one.patches)) {
                line.push_str(&format!(" --config-patch {}", quote(text)));
            }
            line
        };
        self.all().map(apply).collect()
    }

    /// Whom a look at the health asks.
    pub fn members(&self) -> String {
        let of = |flag: &str, role| {
            let all = self.addresses(role).map(|(_, address)| address.to_string());
            match all.collect::<Vec<_>>().join(",").as_str() {
                "" => String::new(),
                all => format!(" --{flag}-nodes {all}"),
            }
        };
        of("control-plane", NodeRole::ControlPlane) + &of("worker", NodeRole::Worker)
    }
}
