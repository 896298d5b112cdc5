//! A node and the channel to it.

use super::cause::Cause;
use super::dial::Dial;
use super::error::{ApiError, by_code};
use super::trust::Trust;
use super::wire::common::Metadata;
use super::wire::cosi::resource::state_client::StateClient;
use super::wire::machine::image_service_client::ImageServiceClient;
use super::wire::machine::lifecycle_service_client::LifecycleServiceClient;
use super::wire::machine::machine_service_client::MachineServiceClient;
use crate::pki::PkiError;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::fmt;
use std::future::Future;
use std::io::Cursor;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, join, split};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Response, Status};
use tower::service_fn;

/// The largest message that Talos sends or takes.
const LARGEST_MESSAGE: usize = 32 << 20;
/// The windows that Talos' own client uses.
const STREAM_WINDOW: u32 = 65_535 * 32;
const CONNECTION_WINDOW: u32 = 65_535 * 16;
/// How long a node may take for TCP and TLS. Under emulation a handshake takes seconds.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long an ordinary call may take.
const ORDINARY: Duration = Duration::from_secs(10);

/// Where a node is and under which name its certificate is checked.
#[derive(Debug, Clone)]
pub struct Target {
    /// The way there.
    pub dial: Arc<dyn Dial>,
    /// Its address or host name, without a port.
    pub name: String,
}

/// A node, reached through one channel that is opened when it is first used.
#[derive(Clone)]
pub struct Node {
    channel: Channel,
    name: String,
    deadline: Duration,
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Node({})", self.name)
    }
}

impl Node {
    /// A node at a place, believed as said.
    ///
    /// # Errors
    /// When a certificate or key of the trust cannot be used.
    pub fn new(target: &Target, trust: &Trust) -> Result<Self, PkiError> {
        let config = Arc::new(trust.client_config()?);
        let server = server_name(&target.name)?;
        let dial = Arc::clone(&target.dial);
        let connector = service_fn(move |_| {
            let (dial, config, server) = (Arc::clone(&dial), Arc::clone(&config), server.clone());
            async move { open(dial, config, server).await.map(TokioIo::new) }
        });
        // The name in the address is for logs of the node only; TLS is done below.
        let channel = Endpoint::from_static("http://talos")
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .connect_with_connector_lazy(connector);
        Ok(Self {
            channel,
            name: target.name.clone(),
            deadline: ORDINARY,
        })
    }

    /// The same node with another deadline for ordinary calls.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// The name under which it is reached.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn deadline(&self) -> Duration {
        self.deadline
    }

    pub(super) fn channel(&self) -> Channel {
        self.channel.clone()
    }

    pub(super) fn machine(&self) -> MachineServiceClient<Channel> {
        MachineServiceClient::new(self.channel())
            .max_decoding_message_size(LARGEST_MESSAGE)
            .max_encoding_message_size(LARGEST_MESSAGE)
    }

    pub(super) fn state(&self) -> StateClient<Channel> {
        StateClient::new(self.channel()).max_decoding_message_size(LARGEST_MESSAGE)
    }

    pub(super) fn images(&self) -> ImageServiceClient<Channel> {
        ImageServiceClient::new(self.channel()).max_decoding_message_size(LARGEST_MESSAGE)
    }

    pub(super) fn lifecycle(&self) -> LifecycleServiceClient<Channel> {
        LifecycleServiceClient::new(self.channel()).max_decoding_message_size(LARGEST_MESSAGE)
    }

    /// Waits for the answer of a call, but not for ever.
    pub(super) async fn answer<T>(
        &self,
        call: &'static str,
        deadline: Duration,
        future: impl Future<Output = Result<Response<T>, Status>>,
    ) -> Result<T, ApiError> {
        match timeout(deadline, future).await {
            Ok(Ok(response)) => Ok(response.into_inner()),
            Ok(Err(status)) => Err(ApiError::of(&status, call, &self.name)),
            Err(_) => {
                let text = format!("no answer within {} s", deadline.as_secs_f32());
                Err(ApiError::new(Cause::Silent, call, &self.name, text))
            }
        }
    }

    /// The one element of an answer, unless the node says in it that it failed.
    pub(super) fn one<T: Answer>(
        &self,
        call: &'static str,
        messages: Vec<T>,
    ) -> Result<T, ApiError> {
        let Some(message) = messages.into_iter().next() else {
            return Ok(T::default());
        };
        let Some(metadata) = message
            .metadata()
            .filter(|metadata| !metadata.error.is_empty())
        else {
            return Ok(message);
        };
        let cause = metadata.status.as_ref().map_or(Cause::Other, |status| {
            by_code(Code::from(status.code), &status.message)
        });
        Err(ApiError::new(
            cause,
            call,
            &self.name,
            metadata.error.clone(),
        ))
    }
}

/// An element of an answer. Talos leaves the list empty where it has nothing to say.
pub(super) trait Answer: Default {
    fn metadata(&self) -> Option<&Metadata>;
}

macro_rules! answers {
    ($($name:ident),+ $(,)?) => {
        $(impl Answer for super::wire::machine::$name {
            fn metadata(&self) -> Option<&Metadata> {
                self.metadata.as_ref()
            }
        })+
    };
}

answers!(
    ApplyConfiguration,
    Bootstrap,
    Reboot,
    Shutdown,
    Reset,
    Upgrade,
    Rollback,
    Version,
    GenerateClientConfiguration,
    ServiceList,
    ServiceStart,
    ServiceStop,
    ServiceRestart,
    LogsContainer,
    Mounts,
    Container,
    Process,
    LoadAvg,
    SystemStat,
    Memory,
    CpUsInfo,
    NetworkDeviceStats,
    DiskStats,
    EtcdMembers,
    EtcdStatus,
    EtcdAlarm,
    EtcdAlarmDisarm,
    EtcdDefragment,
    EtcdLeaveCluster,
    EtcdForfeitLeadership,
    EtcdRemoveMemberById,
    EtcdRecover,
    MetaWrite,
    MetaDelete,
    ImagePull,
);

impl Answer for super::wire::time::Time {
    fn metadata(&self) -> Option<&Metadata> {
        self.metadata.as_ref()
    }
}

impl Answer for super::wire::storage::BlockDeviceWipe {
    fn metadata(&self) -> Option<&Metadata> {
        self.metadata.as_ref()
    }
}

pub(super) fn server_name(name: &str) -> Result<ServerName<'static>, PkiError> {
    ServerName::try_from(name.to_owned()).map_err(|_| PkiError::Unreadable {
        what: "the node's name".to_owned(),
        reason: format!("{name:?} is neither a host name nor an address"),
    })
}

pub(super) type Tls = tokio_rustls::client::TlsStream<Box<dyn super::dial::Transport>>;

/// Opens TCP and TLS.
pub(super) async fn connect(
    dial: Arc<dyn Dial>,
    config: Arc<ClientConfig>,
    server: ServerName<'static>,
) -> std::io::Result<Tls> {
    let opening = async {
        let transport = dial.dial().await?;
        TlsConnector::from(config).connect(server, transport).await
    };
    match timeout(HANDSHAKE, opening).await {
        Ok(opened) => opened,
        Err(_) => Err(std::io::ErrorKind::TimedOut.into()),
    }
}

type Heard = tokio::io::Join<
    tokio::io::Chain<Cursor<[u8; 1]>, tokio::io::ReadHalf<Tls>>,
    tokio::io::WriteHalf<Tls>,
>;

/// Opens a connection and waits for the node's first byte.
///
/// In TLS 1.3 a node refuses our certificate when the handshake is over for us. A refusal that came
/// before the first call was sent would end that call as cancelled, without a reason; read here it
/// is the reason. A node that lets us in greets at once, before it has heard from us.
async fn open(
    dial: Arc<dyn Dial>,
    config: Arc<ClientConfig>,
    server: ServerName<'static>,
) -> std::io::Result<Heard> {
    let mut stream = connect(dial, config, server).await?;
    let mut first = [0];
    match timeout(HANDSHAKE, stream.read_exact(&mut first)).await {
        Ok(read) => read.map(drop)?,
        Err(_) => return Err(std::io::ErrorKind::TimedOut.into()),
    }
    let (read, write) = split(stream);
    Ok(join(Cursor::new(first).chain(read), write))
}
