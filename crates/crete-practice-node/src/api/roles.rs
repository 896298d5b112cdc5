//! Who may call what, by the organizations in a client's certificate.

/// What a caller may do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Roles {
    pub admin: bool,
    pub operator: bool,
    pub reader: bool,
    pub etcd_backup: bool,
}

impl Roles {
    /// Whoever comes without a certificate in maintenance.
    pub const READER: Self = Self {
        admin: false,
        operator: false,
        reader: true,
        etcd_backup: false,
    };

    /// The roles of a certificate.
    pub fn of(der: &[u8]) -> Self {
        let Ok((_, certificate)) = x509_parser::parse_x509_certificate(der) else {
            return Self::default();
        };
        let subject = certificate.subject();
        let names = subject
            .iter_organization()
            .filter_map(|name| name.as_str().ok());
        names.fold(Self::default(), |mut roles, name| {
            match name {
                "os:admin" => roles.admin = true,
                "os:operator" => roles.operator = true,
                "os:reader" => roles.reader = true,
                "os:etcd:backup" => roles.etcd_backup = true,
                _ => {}
            }
            roles
        })
    }

    /// True when one of these roles may make a call.
    pub fn may(self, method: &str) -> bool {
        let allowed = allowed(method).as_bytes();
        let has = |role: u8, held: bool| held && allowed.contains(&role);
        has(b'A', self.admin)
            || has(b'O', self.operator)
            || has(b'R', self.reader)
            || has(b'B', self.etcd_backup)
    }
}

/// The services that a node has.
pub(crate) const SERVICES: &[&str] = &[
    "cluster.ClusterService",
    "cosi.resource.State",
    "inspect.InspectService",
    "machine.ImageService",
    "machine.LifecycleService",
    "machine.MachineService",
    "storage.StorageService",
    "time.TimeService",
];

/// Who may make a call: A administrators, O operators, R readers, B those who back etcd up. What is
/// not listed is for administrators.
fn allowed(path: &str) -> &'static str {
    let (service, method) = path.rsplit_once('/').unwrap_or_default();
    match service {
        "cluster.ClusterService"
        | "cosi.resource.State"
        | "inspect.InspectService"
        | "time.TimeService" => "AOR",
        "machine.ImageService" => match method {
            "List" | "Verify" => "AOR",
            "Pull" => "AO",
            _ => "A",
        },
        // In maintenance disks are wiped by anybody.
        "storage.StorageService" if method == "Disks" => "AOR",
        "machine.MachineService" => match method {
            "Containers" | "CPUFreqStats" | "CPUInfo" | "DiskStats" | "Dmesg" | "Events"
            | "Hostname" | "List" | "DiskUsage" | "LoadAvg" | "Logs" | "LogsContainers"
            | "Memory" | "Mounts" | "NetworkDeviceStats" | "Processes" | "ServiceList"
            | "Stats" | "SystemStat" | "Version" | "Netstat" | "ImageList" => "AOR",
            "EtcdMemberList" | "EtcdAlarmList" | "EtcdStatus" => "AORB",
            "EtcdSnapshot" => "AOB",
            "EtcdAlarmDisarm" | "EtcdDefragment" | "Reboot" | "Restart" | "ServiceRestart"
            | "ServiceStart" | "ServiceStop" | "Shutdown" | "PacketCapture" | "ImagePull" => "AO",
            _ => "A",
        },
        _ => "A",
    }
}
