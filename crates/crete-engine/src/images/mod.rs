//! Images: from a choice, or a person's own file, to a complete, checked file that machines can
//! boot from.
//!
//! ```text
//! choice, file ─▶ Incomplete ─▶ Working(job) ─▶ Ready
//!                    ▲  ▲          │    ▲ │        │
//!                    │  │          ▼    │ │        │ touched, and not what it was: set aside
//!                    │  │        Paused ┘ │        │
//!                    │  └── failed, cancelled, interrupted (what arrived is kept)
//!                    └─────────────────────────────┘
//! ```
//!
//! A file becomes part of an image only by one write of `spec.json` at the very end, so nothing
//! half-made is ever offered for booting. One job at a time works on an image.

mod aside;
mod checks;
mod dropping;
mod fetching;
mod importing;
mod inbox;
mod order;
mod polling;
mod problem;
mod record;
mod removal;

use crate::Engine;
use crate::error::{EngineError, Result};
pub(crate) use checks::is_about_content;
use crete_failpoint::step;
use crete_fetch::Container;
use crete_model::{
    Arch, BootMedium, ErrorCode, ImageFormat, ImageId, ImageOrigin, ImageSpec, ImageState,
    ImageView, JobRequest, JobState, MachineId, Packing, Params, Problem, Remedy, SetAsideFile,
    params,
};
pub(crate) use record::upgrade as upgrade_record;
use std::path::{Path, PathBuf};

/// Downloads at a time. A home line is full with two, and the factory builds six images at a time
/// for everybody: more would only make each of them slower.
pub(crate) const AT_ONCE: usize = 3;
/// The name of the final file of an image that is unpacked or imported; its format stands in the
/// record. A CD of the factory keeps its own name.
const BASE: &str = "base";

impl Engine {
    /// An image.
    pub(crate) fn image(&self, id: ImageId) -> Result<ImageView> {
        self.images
            .get(&id.to_string())
            .ok_or_else(|| EngineError::NotFound {
                kind: "image",
                id: id.to_string(),
            })
    }

    /// An image's folder.
    ///
    /// # Errors
    /// When there is no such image.
    pub fn image_folder(&self, id: ImageId) -> Result<PathBuf> {
        self.image(id).map(|_| self.roots.image(id))
    }

    /// The folder of all images: a file put there is imported.
    #[must_use]
    pub fn images_folder(&self) -> PathBuf {
        self.roots.images()
    }

    /// Reads an image's folder and shows it.
    pub(crate) fn load_image(&self, folder: &Path, record: Result<ImageSpec>) {
        match record {
            Ok(spec) if is_nothing(folder, &spec) => {
                tracing::info!(folder = %folder.display(), "removed the record of a move that never was");
                let _ = step!("import.forget", std::fs::remove_dir_all(folder));
            }
            Ok(spec) => self.show_loaded(folder, spec),
            Err(error) => self.show_broken("images", folder, &error),
        }
    }

    fn show_loaded(&self, folder: &Path, spec: ImageSpec) {
        sweep(folder, &spec);
        let whole = spec
            .file
            .as_ref()
            .is_some_and(|file| folder.join(&file.name).is_file());
        if whole {
            return self.show_image(spec, ImageState::Ready);
        }
        let paused = self.job_book.live.all().into_iter().find(|job| {
            job.state == JobState::Paused && job.request == JobRequest::Download { image: spec.id }
        });
        let Some(job) = paused else {
            return self.show_incomplete(spec, None);
        };
        let partial = crete_fetch::partial(&self.arriving_path(&spec));
        let state = ImageState::Paused {
            job: job.id,
            received: partial.map_or(0, |partial| partial.received),
            total: partial.and_then(|partial| partial.total),
        };
        self.show_image(spec, state);
    }

    pub(crate) fn show_image(&self, spec: ImageSpec, state: ImageState) {
        let id = spec.id;
        let now = self.surroundings(&spec);
        let view = ImageView {
            set_aside: now.set_aside,
            spec,
            state,
            used_by: now.used_by,
            not_runnable: now.not_runnable,
        };
        self.images.set(id.to_string(), view);
    }

    /// Shows all images again, after machines or the host's report changed.
    pub(crate) fn refresh_images(&self) {
        for view in self.images.all() {
            self.refresh_image(&view.spec);
        }
    }

    /// Shows again what surrounds an image. Its record and its state are its job's to change: a
    /// state that was read here a moment ago could be written over the one that came after it.
    fn refresh_image(&self, spec: &ImageSpec) {
        let now = self.surroundings(spec);
        self.images.update(&spec.id.to_string(), |view| {
            view.set_aside = now.set_aside;
            view.used_by = now.used_by;
            view.not_runnable = now.not_runnable;
        });
    }

    /// What else there is to say of an image.
    fn surroundings(&self, spec: &ImageSpec) -> Surroundings {
        let machines = self.machines.all();
        let users = machines.iter().filter(|m| m.spec.image == spec.id);
        Surroundings {
            set_aside: aside::list(&self.roots.image(spec.id)),
            used_by: users.map(|m| m.spec.id).collect(),
            not_runnable: spec.arch.and_then(|arch| self.why_not_runnable(arch)),
        }
    }

    /// Why machines of this architecture cannot run here.
    pub(crate) fn why_not_runnable(&self, arch: Arch) -> Option<Problem> {
        (arch != self.arch()).then(|| {
            Problem::new(ErrorCode::ArchNotRunnable, params! { "arch" => arch })
                .with_remedy(Remedy::OpenHostCheck)
        })
    }
}

/// What is shown of an image beside its record and its state.
struct Surroundings {
    set_aside: Vec<SetAsideFile>,
    used_by: Vec<MachineId>,
    not_runnable: Option<Problem>,
}

/// A record whose file never arrived: the program ended between writing it and moving the file.
fn is_nothing(folder: &Path, spec: &ImageSpec) -> bool {
    let ImageOrigin::Imported(origin) = &spec.origin else {
        return false;
    };
    let empty = |name: &str| !folder.join(name).exists();
    origin.taken
        && spec.file.is_none()
        && !Path::new(&origin.path).exists()
        && empty(BASE)
        && aside::list(folder).is_empty()
}

/// Removes what a program that was killed left half-made beside a file that is complete, or that
/// the next attempt would make from the start anyway.
fn sweep(folder: &Path, spec: &ImageSpec) {
    let mut leftovers = vec![folder.join(format!("{BASE}.unpacking"))];
    match (&spec.origin, &spec.file) {
        (ImageOrigin::Factory(origin), Some(file)) if file.name != origin.asset => {
            leftovers.push(folder.join(&origin.asset));
        }
        (ImageOrigin::Factory(_), None) => leftovers.push(folder.join(BASE)),
        (ImageOrigin::Imported(origin), Some(_)) if origin.taken => {
            leftovers.push(PathBuf::from(&origin.path));
        }
        _ => {}
    }
    for path in leftovers {
        fetching::remove_quietly(&path);
    }
    if let (ImageOrigin::Factory(origin), Some(_)) = (&spec.origin, &spec.file) {
        fetching::forget_arrival(&folder.join(&origin.asset));
    }
}

/// What a person calls an image, for titles of jobs and of the trash.
fn title(spec: &ImageSpec) -> String {
    if let ImageOrigin::Imported(origin) = &spec.origin {
        return origin.file_name.clone();
    }
    let medium = match spec.medium {
        BootMedium::DiskImage => "disk image",
        BootMedium::Iso => "ISO",
    };
    let version = spec.version.as_ref().map(ToString::to_string);
    let arch = spec.arch.map(|arch| arch.to_string());
    format!(
        "Talos {} {} {medium}",
        version.unwrap_or_default(),
        arch.unwrap_or_default()
    )
}

/// The kind of file an image comes as.
fn container(spec: &ImageSpec) -> Container {
    match &spec.origin {
        ImageOrigin::Factory(origin) => match spec.medium {
            BootMedium::DiskImage => packing(&origin.asset).unwrap_or(Container::Zstd),
            BootMedium::Iso => Container::Iso,
        },
        ImageOrigin::Imported(origin) => match (origin.packing, origin.format) {
            (Packing::Zstd, _) => Container::Zstd,
            (Packing::Xz, _) => Container::Xz,
            (Packing::None, ImageFormat::Iso) => Container::Iso,
            (Packing::None, ImageFormat::Qcow2) => Container::Qcow2,
            (Packing::None, ImageFormat::Raw) => Container::Raw,
        },
    }
}

/// How a disk image of the factory is packed, by its name; `None` where machines here cannot boot
/// from it.
fn packing(asset: &str) -> Option<Container> {
    let endings = [
        (".raw.zst", Container::Zstd),
        (".raw.xz", Container::Xz),
        (".qcow2", Container::Qcow2),
    ];
    endings
        .into_iter()
        .find_map(|(ending, container)| asset.ends_with(ending).then_some(container))
}

/// What went wrong with a file of the factory.
pub(crate) fn factory_problem(error: &crete_fetch::FetchError) -> Problem {
    problem::of_fetch(error, problem::Source::Factory)
}

pub(crate) fn cancelled() -> Problem {
    Problem::new(ErrorCode::Cancelled, Params::new()).with_remedy(Remedy::Retry)
}
