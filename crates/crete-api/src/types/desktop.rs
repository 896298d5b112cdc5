//! What the page asks of the desktop around it.

use crete_model::{ForwardId, ImageId, JobId, MachineId, NetworkId};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What a host may open outside the page. An allow-list, not an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum OpenTarget {
    /// A folder below Crete's data.
    DataFolder,
    /// The folder of the logs.
    LogFolder,
    /// The folder of all images: a file put there is imported.
    ImagesFolder,
    /// The folder of a machine.
    Machine {
        /// The machine.
        machine: MachineId,
    },
    /// The folder of a network.
    Network {
        /// The network.
        network: NetworkId,
    },
    /// The folder of an image.
    Image {
        /// The image.
        image: ImageId,
    },
    /// What listens at a port of this computer that leads to a machine.
    Forward {
        /// The port.
        forward: ForwardId,
    },
    /// The folder a job saves a file into.
    Saved {
        /// The job.
        job: JobId,
    },
    /// The folder of something whose record does not parse.
    Broken {
        /// Its key in the `broken` topic; nothing else is opened.
        path: String,
    },
    /// A page of Talos' documentation.
    TalosDocs {
        /// `major.minor`.
        minor: String,
        /// Which page.
        page: DocsPage,
    },
    /// The reference's page of a kind of configuration document.
    TalosKind {
        /// The version.
        version: crete_model::TalosVersion,
        /// The kind; empty for the main document.
        document: String,
    },
    /// The documentation's page of a platform or a board.
    TalosGuide {
        /// `major.minor`.
        minor: String,
        /// The platform's or the board's id.
        place: String,
    },
    /// Where extensions are made.
    ExtensionsSource,
    /// Where a board's overlay is made, and its options are explained.
    OverlaySource {
        /// The board's id.
        board: String,
    },
}

/// Pages of Talos' documentation that Crete links to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum DocsPage {
    /// What is new in the release.
    WhatsNew,
    /// The support matrix.
    SupportMatrix,
    /// The kernel's arguments.
    KernelArguments,
    /// Where Talos finds its configuration.
    ConfigurationSources,
}

/// What the page asks of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum WindowAction {
    /// The pointer was pressed on a drag area.
    Drag,
    /// The pointer was pressed on an edge.
    Resize {
        /// Which one.
        edge: ResizeEdge,
    },
    /// Minimize.
    Minimize,
    /// Maximize, or back.
    ToggleMaximize,
    /// Close the window. Machines go on.
    Close,
}

/// An edge or a corner of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum ResizeEdge {
    North,
    NorthEast,
    East,
    SouthEast,
    South,
    SouthWest,
    West,
    NorthWest,
}
