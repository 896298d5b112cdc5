//! What a node tells of itself: version, services, numbers, logs.

use super::error::ApiError;
use super::frames::Frames;
use super::node::Node;
use super::wire::common::{ContainerDriver, Data};
use super::wire::machine as wire;

macro_rules! asked {
    ($(#[doc = $doc:literal] $name:ident = $call:literal . $method:ident -> $field:ident : $answer:ty;)+) => {
        impl Node {
            $(
                #[doc = $doc]
                ///
                /// # Errors
                /// What a call can fail with.
                pub async fn $name(&self) -> Result<$answer, ApiError> {
                    let mut machine = self.machine();
                    let answer = self.answer($call, self.deadline(), machine.$method(())).await?;
                    self.one($call, answer.messages).map(|message| message.$field)
                }
            )+
        }
    };
}

asked! {
    #[doc = "The services with their states and last events."]
    services = "ServiceList".service_list -> services: Vec<wire::ServiceInfo>;
    #[doc = "Memory, in KiB."]
    memory = "Memory".memory -> meminfo: Option<wire::MemInfo>;
    #[doc = "The processors."]
    processors = "CPUInfo".cpu_info -> cpu_info: Vec<wire::CpuInfo>;
    #[doc = "What is mounted, with sizes in bytes."]
    mounts = "Mounts".mounts -> stats: Vec<wire::MountStat>;
    #[doc = "The processes."]
    processes = "Processes".processes -> processes: Vec<wire::ProcessInfo>;
    #[doc = "The names under which there are logs."]
    log_names = "LogsContainers".logs_containers -> ids: Vec<String>;
    #[doc = "Counters of each network device since the start."]
    network_counters = "NetworkDeviceStats".network_device_stats -> devices: Vec<wire::NetDev>;
    #[doc = "Counters of each disk since the start; a sector has 512 bytes."]
    disk_counters = "DiskStats".disk_stats -> devices: Vec<wire::DiskStat>;
}

impl Node {
    /// Its version, and where it runs. Before 1.13 not told in maintenance mode.
    ///
    /// # Errors
    /// What a call can fail with.
    pub async fn version(&self) -> Result<wire::Version, ApiError> {
        let call = "Version";
        let mut machine = self.machine();
        let answer = self
            .answer(call, self.deadline(), machine.version(()))
            .await?;
        self.one(call, answer.messages)
    }

    /// How busy it is: the averages of 1, 5 and 15 minutes.
    ///
    /// # Errors
    /// What a call can fail with.
    pub async fn load(&self) -> Result<(f64, f64, f64), ApiError> {
        let call = "LoadAvg";
        let mut machine = self.machine();
        let answer = self
            .answer(call, self.deadline(), machine.load_avg(()))
            .await?;
        let load = self.one(call, answer.messages)?;
        Ok((load.load1, load.load5, load.load15))
    }

    /// Seconds of each processor in each state since the start, and more counters.
    ///
    /// # Errors
    /// What a call can fail with.
    pub async fn processor_counters(&self) -> Result<wire::SystemStat, ApiError> {
        let call = "SystemStat";
        let mut machine = self.machine();
        let answer = self
            .answer(call, self.deadline(), machine.system_stat(()))
            .await?;
        self.one(call, answer.messages)
    }

    /// The containers of Kubernetes.
    ///
    /// # Errors
    /// What a call can fail with.
    pub async fn containers(&self) -> Result<Vec<wire::ContainerInfo>, ApiError> {
        let call = "Containers";
        let request = wire::ContainersRequest {
            namespace: "k8s.io".to_owned(),
            driver: ContainerDriver::Cri.into(),
        };
        let mut machine = self.machine();
        let answer = self
            .answer(call, self.deadline(), machine.containers(request))
            .await?;
        self.one(call, answer.messages)
            .map(|message| message.containers)
    }

    /// How its clock differs from a time server's; from the configured one without a name.
    ///
    /// # Errors
    /// What a call can fail with.
    pub async fn time(&self, server: Option<&str>) -> Result<super::wire::time::Time, ApiError> {
        use super::wire::time as wire;
        let mut time = wire::time_service_client::TimeServiceClient::new(self.channel());
        let answer = match server {
            None => self.answer("Time", self.deadline(), time.time(())).await?,
            Some(server) => {
                let request = wire::TimeRequest {
                    server: server.to_owned(),
                };
                self.answer("TimeCheck", self.deadline(), time.time_check(request))
                    .await?
            }
        };
        self.one("Time", answer.messages)
    }

    /// The kernel's log; each piece is one message.
    #[must_use]
    pub fn kernel_log(&self, follow: bool, from_end: bool) -> Frames<Data> {
        let mut machine = self.machine();
        let request = wire::DmesgRequest {
            follow,
            tail: from_end,
        };
        Frames::new(
            "Dmesg",
            self.name(),
            async move { machine.dmesg(request).await },
        )
    }

    /// The log of one of Talos' services, everything or the last lines.
    #[must_use]
    pub fn service_log(&self, id: &str, follow: bool, last_lines: Option<u32>) -> Frames<Data> {
        self.log(
            "system",
            ContainerDriver::Containerd,
            id,
            follow,
            last_lines,
        )
    }

    /// The log of a container of Kubernetes, by the id that [`Node::containers`] gives.
    #[must_use]
    pub fn container_log(&self, id: &str, follow: bool, last_lines: Option<u32>) -> Frames<Data> {
        self.log("k8s.io", ContainerDriver::Cri, id, follow, last_lines)
    }

    fn log(
        &self,
        namespace: &str,
        driver: ContainerDriver,
        id: &str,
        follow: bool,
        last_lines: Option<u32>,
    ) -> Frames<Data> {
        let request = wire::LogsRequest {
            namespace: namespace.to_owned(),
            id: id.to_owned(),
            driver: driver.into(),
            follow,
            // Zero would mean none at all.
            tail_lines: last_lines.map_or(-1, |lines| i32::try_from(lines).unwrap_or(i32::MAX)),
        };
        let mut machine = self.machine();
        Frames::new(
            "Logs",
            self.name(),
            async move { machine.logs(request).await },
        )
    }

    /// A file of the node, piece by piece.
    #[must_use]
    pub fn read_file(&self, path: &str) -> Frames<Data> {
        let request = wire::ReadRequest {
            path: path.to_owned(),
        };
        let mut machine = self.machine();
        Frames::new(
            "Read",
            self.name(),
            async move { machine.read(request).await },
        )
    }

    /// The health checks that a control plane runs over the whole cluster; each message is what is
    /// waited for.
    #[must_use]
    pub fn health_check(
        &self,
        within: std::time::Duration,
        control_planes: Vec<String>,
        workers: Vec<String>,
    ) -> Frames<super::wire::cluster::HealthCheckProgress> {
        use super::wire::cluster as wire;
        let request = wire::HealthCheckRequest {
            // Without one the node gives up at once.
            wait_timeout: prost_types::Duration::try_from(within).ok(),
            cluster_info: Some(wire::ClusterInfo {
                control_plane_nodes: control_planes,
                worker_nodes: workers,
                force_endpoint: String::new(),
            }),
        };
        let channel = self.channel();
        Frames::new("HealthCheck", self.name(), async move {
            let mut cluster = wire::cluster_service_client::ClusterServiceClient::new(channel);
            cluster.health_check(request).await
        })
    }
}
