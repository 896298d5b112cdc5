//! What clusters stand on: machines that can be made, switched and dialled. The engine's own
//! machines are one ground; tests stand clusters on practice nodes in this process.
//!
//! Everything here may be asked again at any time: what is so already is no error.

use crate::error::EngineError;
use async_trait::async_trait;
use crete_model::{
    BlockerCode, ClusterEndpoint, ClusterNode, ClusterSpec, ForwardId, ImageId, MachineId,
    NetworkId, Params, Problem,
};
use crete_talos::api::Dial;
use std::fmt;
use std::sync::Arc;

/// How the image of a cluster's machines stands.
#[derive(Debug, Clone, PartialEq)]
pub enum ImageSight {
    /// There, and this one.
    Ready(ImageId),
    /// On its way; what it waits for.
    OnItsWay(Option<(BlockerCode, Params)>),
    /// Nobody works on it; why, where that is known.
    Missing(Option<Box<Problem>>),
}

/// What a machine's process does.
#[derive(Debug, Clone, PartialEq)]
pub enum Power {
    /// Off.
    Off {
        /// True when it was never on.
        fresh: bool,
        /// What went wrong, when it did not go off as it was told: the words of the system.
        failure: Option<String>,
    },
    /// On its way to be on.
    Starting,
    /// On.
    On,
    /// Its processors stand still.
    Paused {
        /// Why, as pages know it.
        words: String,
    },
    /// On its way down.
    Stopping,
}

/// What is seen of a machine from outside.
#[derive(Debug, Clone, PartialEq)]
pub struct MachineSight {
    /// What its process does.
    pub power: Power,
    /// The address that its network has for it.
    pub address: Option<String>,
    /// True while its link is cut.
    pub cut: bool,
    /// Its card's hardware address.
    pub mac: String,
}

/// Where a cluster's network is, and how its API is reached through it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The network.
    pub network: NetworkId,
    /// The endpoint.
    pub api: ClusterEndpoint,
}

/// Why something of a ground did not work.
pub type GroundResult<T> = Result<T, EngineError>;

/// What a cluster stands on.
#[async_trait]
pub trait Ground: fmt::Debug + Send + Sync {
    /// How the image stands.
    fn image(&self, spec: &ClusterSpec) -> ImageSight;

    /// Sees to it that somebody works on the image.
    async fn order_image(&self, spec: &ClusterSpec) -> GroundResult<()>;

    /// Sees to it that there is a network with the cluster's endpoint in it, for the control planes
    /// that the spec has now.
    async fn settle(&self, spec: &ClusterSpec) -> GroundResult<Place>;

    /// Makes a machine that is not there.
    async fn make(&self, spec: &ClusterSpec, node: &ClusterNode) -> GroundResult<()>;

    /// What is seen of a machine; nothing when there is none.
    fn look(&self, machine: MachineId) -> Option<MachineSight>;

    /// The last of what a machine printed on its first console.
    async fn console(&self, machine: MachineId) -> String;

    /// The way to a port of a machine.
    fn dial(&self, machine: MachineId, port: u16) -> Arc<dyn Dial>;

    /// Switches a machine on.
    async fn switch_on(&self, machine: MachineId) -> GroundResult<()>;

    /// Presses a machine's power button, and goes on to harder means when that is not heard.
    async fn switch_off(&self, machine: MachineId) -> GroundResult<()>;

    /// Switches a machine off at once, whatever it does. One that is off is off.
    async fn force_off(&self, machine: MachineId) -> GroundResult<()>;

    /// Takes a machine away for good, with its disk, whatever it does. One that is gone is gone.
    async fn take_away(&self, machine: MachineId) -> GroundResult<()>;

    /// Moves a machine that is off to the trash. One that is gone is gone.
    async fn discard(&self, machine: MachineId) -> GroundResult<()>;

    /// Moves the network to the trash, when it was the cluster's own; takes the endpoint out of one
    /// that was there before.
    async fn discard_network(&self, spec: &ClusterSpec) -> GroundResult<()>;

    /// Opens a port of this computer that leads to a port of a machine, under a name. One of that
    /// name that is open already is taken.
    async fn open_door(&self, machine: MachineId, port: u16, name: &str)
    -> GroundResult<ForwardId>;

    /// Where a browser finds what such a port leads to; nothing when it is closed.
    fn door(&self, forward: ForwardId) -> Option<String>;

    /// Closes such a port. One that is closed is closed.
    async fn close_door(&self, forward: ForwardId) -> GroundResult<()>;

    /// Takes the endpoint out of its network, and the network away when it was the cluster's own.
    async fn leave(&self, spec: &ClusterSpec) -> GroundResult<()>;
}
