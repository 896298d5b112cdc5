//! The numbers of a node: plausible, and growing with the time it runs.

use crate::boot::Boot;
use crete_talos::api::wire::common::ContainerDriver;
use crete_talos::api::wire::machine as wire;
use tonic::Status;

/// A request without a namespace, in the words of the version.
pub(super) fn no_namespace(boot: &Boot) -> Status {
    match boot.since_1_13() {
        true => Status::invalid_argument("namespace can't be empty"),
        false => Status::unknown("namespace is required: failed precondition"),
    }
}

pub(super) fn load(boot: &Boot) -> wire::LoadAvgResponse {
    // A node is busy while it boots, and calms down.
    let minutes = boot.uptime().as_secs_f64() / 60.0;
    let calm = 1.0 / (1.0 + minutes);
    wire::LoadAvgResponse {
        messages: vec![wire::LoadAvg {
            metadata: None,
            load1: 0.2 + 2.0 * calm,
            load5: 0.2 + 1.5 * calm,
            load15: 0.2 + calm,
        }],
    }
}

pub(super) fn memory(boot: &Boot) -> wire::MemoryResponse {
    let total = boot.usable_memory() >> 10;
    let used = used(boot);
    let cached = total / 8;
    let free = total.saturating_sub(used + cached);
    let meminfo = wire::MemInfo {
        memtotal: total,
        memfree: free,
        memavailable: free + cached,
        buffers: 1648,
        cached,
        active: used,
        inactive: cached,
        activeanon: used,
        inactivefile: cached,
        anonpages: used * 2 / 3,
        mapped: 123_580,
        shmem: 106_556,
        slab: 31_372,
        sreclaimable: 5820,
        sunreclaim: 25_552,
        kernelstack: 2912,
        pagetables: 2744,
        commitlimit: total / 2,
        committedas: used * 2,
        vmalloctotal: 13_743_895_347_199,
        vmallocused: 21_168,
        hugepagesize: 2048,
        ..wire::MemInfo::default()
    };
    wire::MemoryResponse {
        messages: vec![wire::Memory {
            metadata: None,
            meminfo: Some(meminfo),
        }],
    }
}

/// Kibibytes in use: the system, and what Kubernetes takes.
fn used(boot: &Boot) -> u64 {
    let pods = u64::try_from(boot.own_pods().len()).unwrap_or_default();
    236_380 + pods * 170_000
}

pub(super) fn processors(boot: &Boot) -> wire::CpuInfoResponse {
    let count = boot.machine.identity.processor.threads;
    let one = |processor: u32| wire::CpuInfo {
        processor,
        vendor_id: "AuthenticAMD".to_owned(),
        cpu_family: "6".to_owned(),
        model: "6".to_owned(),
        model_name: "QEMU TCG CPU version 2.5+".to_owned(),
        stepping: "3".to_owned(),
        microcode: "0x1000065".to_owned(),
        cpu_mhz: 2596.109,
        cache_size: "512 KB".to_owned(),
        physical_id: "0".to_owned(),
        siblings: count,
        core_id: processor.to_string(),
        cpu_cores: count,
        apic_id: processor.to_string(),
        initial_apic_id: processor.to_string(),
        fpu: "yes".to_owned(),
        fpu_exception: "yes".to_owned(),
        cpu_id_level: 13,
        wp: "yes".to_owned(),
        bogo_mips: 5192.21,
        cl_flush_size: 64,
        cache_alignment: 64,
        address_sizes: "40 bits physical, 57 bits virtual".to_owned(),
        ..wire::CpuInfo::default()
    };
    wire::CpuInfoResponse {
        messages: vec![wire::CpUsInfo {
            metadata: None,
            cpu_info: (0..count).map(one).collect(),
        }],
    }
}

/// A virtual processor tells no frequency.
pub(super) fn frequencies(boot: &Boot) -> wire::CpuFreqStatsResponse {
    let count = boot.machine.identity.processor.threads;
    wire::CpuFreqStatsResponse {
        messages: vec![wire::CpUsFreqStats {
            metadata: None,
            cpu_freq_stats: (0..count).map(|_| wire::CpuFreqStats::default()).collect(),
        }],
    }
}

pub(super) fn processor_counters(boot: &Boot) -> wire::SystemStatResponse {
    let count = boot.machine.identity.processor.threads;
    let seconds = boot.uptime().as_secs_f64();
    let of = |processors: f64| wire::CpuStat {
        user: seconds * 0.08 * processors,
        system: seconds * 0.05 * processors,
        idle: seconds * 0.86 * processors,
        iowait: seconds * 0.005 * processors,
        soft_irq: seconds * 0.005 * processors,
        ..wire::CpuStat::default()
    };
    let ticks = boot.uptime().as_secs();
    wire::SystemStatResponse {
        messages: vec![wire::SystemStat {
            metadata: None,
            boot_time: u64::try_from(boot.began_at().as_second()).unwrap_or_default(),
            cpu_total: Some(of(f64::from(count))),
            cpu: (0..count).map(|_| of(1.0)).collect(),
            irq_total: ticks * 900,
            context_switches: ticks * 2400,
            process_created: 250 + ticks / 2,
            process_running: 1,
            soft_irq_total: ticks * 500,
            soft_irq: Some(wire::SoftIrqStat::default()),
            ..wire::SystemStat::default()
        }],
    }
}

pub(super) fn network_counters(boot: &Boot) -> wire::NetworkDeviceStatsResponse {
    let seconds = boot.uptime().as_secs();
    let device = |name: &str, received: u64, sent: u64| wire::NetDev {
        name: name.to_owned(),
        rx_bytes: received,
        rx_packets: received / 420,
        tx_bytes: sent,
        tx_packets: sent / 380,
        ..wire::NetDev::default()
    };
    let card = boot.machine.identity.link.as_str();
    let (lo, received, sent) = (
        18_544 + seconds * 900,
        400_000 + seconds * 5000,
        300_000 + seconds * 4000,
    );
    let total = device(&format!("{card}, lo"), lo + received, lo + sent);
    wire::NetworkDeviceStatsResponse {
        messages: vec![wire::NetworkDeviceStats {
            metadata: None,
            total: Some(total),
            devices: vec![device("lo", lo, lo), device(card, received, sent)],
        }],
    }
}

pub(super) fn disk_counters(boot: &Boot) -> wire::DiskStatsResponse {
    let seconds = boot.uptime().as_secs();
    let device = |name: &str, reads: u64, writes: u64| wire::DiskStat {
        name: name.to_owned(),
        read_completed: reads,
        read_sectors: reads * 78,
        read_time_ms: reads * 2,
        write_completed: writes,
        write_sectors: writes * 40,
        write_time_ms: writes * 4,
        io_time_ms: reads + writes,
        io_time_weighted_ms: (reads + writes) * 2,
        ..wire::DiskStat::default()
    };
    let mut devices = vec![device("loop0", 1408, 0)];
    for disk in &boot.machine.identity.disks {
        let writes = if boot.disk().is_installed() {
            200 + seconds * 6
        } else {
            0
        };
        devices.push(device(&disk.name, 64 + seconds, writes));
    }
    let sum = |of: fn(&wire::DiskStat) -> u64| devices.iter().map(of).sum();
    let total = wire::DiskStat {
        read_completed: sum(|one| one.read_completed),
        read_sectors: sum(|one| one.read_sectors),
        read_time_ms: sum(|one| one.read_time_ms),
        write_completed: sum(|one| one.write_completed),
        write_sectors: sum(|one| one.write_sectors),
        write_time_ms: sum(|one| one.write_time_ms),
        io_time_ms: sum(|one| one.io_time_ms),
        io_time_weighted_ms: sum(|one| one.io_time_weighted_ms),
        ..wire::DiskStat::default()
    };
    wire::DiskStatsResponse {
        messages: vec![wire::DiskStats {
            metadata: None,
            total: Some(total),
            devices,
        }],
    }
}

pub(super) fn mounts(boot: &Boot) -> wire::MountsResponse {
    let half = boot.usable_memory() / 2;
    let mount = |filesystem: &str, size: u64, available: u64, mounted_on: &str| wire::MountStat {
        filesystem: filesystem.to_owned(),
        size,
        available,
        mounted_on: mounted_on.to_owned(),
    };
    let mut stats = vec![
        mount("none", half, half, "/dev"),
        mount("none", 0, 0, "/proc"),
        mount("none", 0, 0, "/sys"),
        mount("/dev/loop0", 108_396_544, 0, "/"),
        mount("none", half, half - 274_432, "/run"),
        mount("none", half, half - 278_528, "/system"),
        mount("none", 64 << 20, 64 << 20, "/tmp"),
    ];
    if let Some((_, disk)) = boot.system_disk() {
        let partitions = boot.partitions();
        let find = |label: &str| partitions.iter().find(|one| one.label == label);
        if let Some(ephemeral) = find("EPHEMERAL") {
            let device = format!("{}4", disk.path());
            stats.push(mount(
                &device,
                ephemeral.size,
                ephemeral.size * 9 / 10,
                "/var",
            ));
        }
    }
    wire::MountsResponse {
        messages: vec![wire::Mounts {
            metadata: None,
            stats,
        }],
    }
}

pub(super) fn processes(boot: &Boot) -> wire::ProcessesResponse {
    let seconds = boot.uptime().as_secs_f64();
    let process = |pid: i32, command: &str, args: &str, resident: u64| wire::ProcessInfo {
        pid,
        ppid: i32::from(pid != 1),
        state: "S".to_owned(),
        threads: 9,
        cpu_time: seconds * 0.01,
        virtual_memory: 1_376_174_080,
        resident_memory: resident,
        command: command.to_owned(),
        executable: format!("/usr/bin/{command}"),
        args: args.to_owned(),
        label: "unconfined".to_owned(),
    };
    let mut processes = vec![process(1, "init", "/sbin/init", 122_408_960)];
    let known = [
        (
            149,
            "containerd",
            "containerd",
            "/bin/containerd --address /system/run/containerd/containerd.sock",
            51_052_544,
        ),
        (
            153,
            "udevd",
            "systemd-udevd",
            "/sbin/systemd-udevd --resolve-names=never",
            5_541_888,
        ),
        (221, "dashboard", "dashboard", "/sbin/dashboard", 93_310_976),
        (
            247,
            "cri",
            "containerd",
            "/bin/containerd --address /run/containerd/containerd.sock --config /etc/cri/containerd.toml",
            70_213_632,
        ),
        (325, "apid", "apid", "/apid", 26_590_000),
        (329, "trustd", "trustd", "/trustd", 20_310_000),
        (
            422,
            "kubelet",
            "kubelet",
            "/usr/local/bin/kubelet",
            105_000_000,
        ),
        (437, "etcd", "etcd", "/usr/local/bin/etcd", 64_000_000),
    ];
    let running = boot.state().services.running();
    for (pid, service, command, args, resident) in known {
        if running.iter().any(|id| id == service) {
            processes.push(process(pid, command, args, resident));
        }
    }
    wire::ProcessesResponse {
        messages: vec![wire::Process {
            metadata: None,
            processes,
        }],
    }
}

/// The containers of a namespace: id, image, process and status.
fn listed(boot: &Boot, namespace: &str) -> Vec<wire::ContainerInfo> {
    let container = |id: String, image: &str, pid: u32, status: &str, pod: &str, name: &str| {
        wire::ContainerInfo {
            namespace: namespace.to_owned(),
            internal_id: id.clone(),
            id,
            image: image.to_owned(),
            pid,
            status: status.to_owned(),
            pod_id: pod.to_owned(),
            name: name.to_owned(),
            ..wire::ContainerInfo::default()
        }
    };
    if namespace == "system" {
        let running = boot.state().services.running();
        let own = ["apid", "etcd", "kubelet", "trustd"]
            .into_iter()
            .zip([325, 437, 422, 329]);
        let own = own.filter(|(id, _)| running.iter().any(|running| running == id));
        return own
            .map(|(id, pid)| container(id.to_owned(), "", pid, "RUNNING", id, id))
            .collect();
    }
    let (hostname, pods) = {
        let state = boot.state();
        (
            state.hostname.clone().unwrap_or_default(),
            state.static_pods.clone(),
        )
    };
    let mut found = Vec::new();
    for (pod, pid) in pods.iter().zip(544..) {
        let id = format!("kube-system/{}-{hostname}", pod.component);
        found.push(container(
            id.clone(),
            "registry.k8s.io/pause:3.10.1",
            pid,
            "SANDBOX_READY",
            &id,
            &id,
        ));
        if pod.ready {
            let own = format!("{id}:{}:694afb312cb7", pod.component);
            found.push(container(
                own,
                &pod.image,
                pid + 100,
                "CONTAINER_RUNNING",
                &id,
                &pod.component,
            ));
        }
    }
    found
}

pub(super) fn containers(
    boot: &Boot,
    request: &wire::ContainersRequest,
) -> Result<wire::ContainersResponse, Status> {
    if request.namespace.is_empty() {
        return Err(no_namespace(boot));
    }
    let namespace = match request.driver() {
        ContainerDriver::Cri => "k8s.io",
        ContainerDriver::Containerd => &request.namespace,
    };
    Ok(wire::ContainersResponse {
        messages: vec![wire::Container {
            metadata: None,
            containers: listed(boot, namespace),
        }],
    })
}

pub(super) fn stats(
    boot: &Boot,
    request: &wire::StatsRequest,
) -> Result<wire::StatsResponse, Status> {
    if request.namespace.is_empty() {
        return Err(no_namespace(boot));
    }
    let nanoseconds = u64::try_from(boot.uptime().as_nanos() / 50).unwrap_or_default();
    let stat = |container: wire::ContainerInfo| wire::Stat {
        namespace: container.namespace,
        id: container.id,
        memory_usage: 25_790_000,
        cpu_usage: nanoseconds,
        pod_id: container.pod_id,
        name: container.name,
    };
    let containers = listed(boot, &request.namespace);
    Ok(wire::StatsResponse {
        messages: vec![wire::Stats {
            metadata: None,
            stats: containers.into_iter().map(stat).collect(),
        }],
    })
}
