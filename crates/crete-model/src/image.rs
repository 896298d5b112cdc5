//! Images: a recipe, and the file it became.

use crate::{
    Arch, ImageFile, ImageId, ImportOrigin, JobId, MachineId, Problem, Schematic, SetAsideFile,
    TalosVersion,
};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// How machines boot from an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum BootMedium {
    /// A disk with Talos on it: fast.
    DiskImage,
    /// A CD, like real hardware; Talos is installed to the disk later.
    Iso,
}

/// What a person chooses in the first step of the studio.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ImageChoice {
    /// Talos version.
    pub version: TalosVersion,
    /// Processor architecture.
    pub arch: Arch,
    /// Disk image or ISO.
    pub medium: BootMedium,
}

/// What will be asked of the factory for a choice, before anything is sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ImagePlan {
    /// The schematic.
    pub schematic: Schematic,
    /// Its canonical YAML.
    pub yaml: String,
    /// Its id, computed here.
    pub schematic_id: String,
    /// File name at the factory, for example `metal-amd64.raw.zst`.
    pub asset: String,
    /// The whole address.
    pub url: String,
    /// Estimated bytes of the download; 0 when unknown.
    #[ts(type = "number")]
    pub estimated_size: u64,
    /// The image that already exists for exactly this choice.
    pub existing: Option<ImageId>,
}

/// An image as wanted, on disk as `images/<id>/spec.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ImageSpec {
    /// Version of this record's form.
    pub schema_version: u32,
    /// The image's id.
    pub id: ImageId,
    /// Where it comes from.
    pub origin: ImageOrigin,
    /// Its Talos version; unknown for a file that does not tell.
    pub version: Option<TalosVersion>,
    /// Its processor architecture; unknown for a file that does not tell.
    pub arch: Option<Arch>,
    /// How machines boot from it.
    pub medium: BootMedium,
    /// RFC 3339.
    pub created_at: String,
    /// Set once, when the file is complete and ready; taken back when it is set aside.
    pub file: Option<ImageFile>,
    /// SHA-256 of the file machines boot from, recorded at first use. It stays when the file is
    /// set aside: a machine made from it must not find another one in its place.
    pub digest: Option<String>,
}

impl ImageSpec {
    /// What was chosen, for an image of the factory.
    #[must_use]
    pub fn choice(&self) -> Option<ImageChoice> {
        match &self.origin {
            ImageOrigin::Imported(_) => None,
            ImageOrigin::Factory(_) => Some(ImageChoice {
                version: self.version.clone()?,
                arch: self.arch?,
                medium: self.medium,
            }),
        }
    }
}

/// Where an image comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ImageOrigin {
    /// An Image Factory made it.
    Factory(Box<FactoryOrigin>),
    /// A person gave the file.
    Imported(ImportOrigin),
}

/// A recipe, and the factory that makes a file of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct FactoryOrigin {
    /// The recipe.
    pub schematic: Schematic,
    /// The id the factory confirmed; the predicted one until then.
    pub schematic_id: String,
    /// The factory's base address at creation.
    pub factory: String,
    /// File name at the factory.
    pub asset: String,
}

/// How an image stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ImageState {
    /// A job is making it; its stages tell how far.
    Working {
        /// The job.
        job: JobId,
    },
    /// Complete.
    Ready,
    /// A person stopped its job for a while. What arrived is kept.
    Paused {
        /// The job, which goes on when the person says so.
        job: JobId,
        /// Bytes that are there.
        #[ts(type = "number")]
        received: u64,
        /// Bytes of the whole file, where the server said so.
        #[ts(type = "number | null")]
        total: Option<u64>,
    },
    /// Not complete, and nobody is working on it. What arrived is kept.
    Incomplete {
        /// Bytes that are there.
        #[ts(type = "number")]
        received: u64,
        /// Why it stopped, unless the program was simply closed.
        problem: Option<Problem>,
    },
}

/// An image as observed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ImageView {
    /// As wanted.
    pub spec: ImageSpec,
    /// How it stands.
    #[serde(flatten)]
    pub state: ImageState,
    /// Files that failed a check, oldest first. They are kept and never used.
    pub set_aside: Vec<SetAsideFile>,
    /// Machines that boot from it.
    pub used_by: Vec<MachineId>,
    /// Why a machine of it cannot start here, where that is so.
    pub not_runnable: Option<Problem>,
}

/// An object of whatever kind whose folder does not parse. Listed, never hidden or deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BrokenView {
    /// `images`, `machines` or `jobs`.
    pub kind: String,
    /// Absolute path of its folder.
    pub path: String,
    /// What is wrong with it, in the parser's words.
    pub error: String,
    /// What is wrong with it and what to do, where that is known.
    pub problem: Option<Problem>,
}
