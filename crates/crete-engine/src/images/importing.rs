//! A person's own file: looked at, copied or taken in, checked, recognised.

use super::checks::{good_layers, is_about_content, layer, look};
use super::fetching::{remove_quietly, show_unpacking};
use super::problem::{self, Source, import_refused, of_fetch};
use super::{BASE, cancelled, container, record};
use crate::Engine;
use crate::error::{EngineError, Result};
use crate::jobs::JobHandle;
use crete_failpoint::step;
use crete_fetch::{Container, Plain, UnpackEvent, Unpacked};
use crete_image::{HEAD, Kind};
use crete_model::{
    BootMedium, ImageFile, ImageFormat, ImageId, ImageOrigin, ImageSpec, ImportFault, ImportFound,
    ImportOrigin, ImportPlan, JobId, Layer, LayerOutcome, Packing, Problem, StageCode, params,
};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use uuid::Uuid;

type Done<T> = std::result::Result<T, Problem>;

/// Where a file that was taken in lies until it is an image.
const INCOMING: &str = "incoming";

/// Looks at a file without changing anything: what it is, and whether it can be used.
fn examine(path: &Path) -> Done<(Plain, ImportFound)> {
    let of_person = |error| of_fetch(&error, Source::Person);
    let plain = crete_fetch::open_plain(path).map_err(of_person)?;
    let read = |error: std::io::Error| crate::error::file_problem(path, &error);
    let length = usize::try_from(plain.stamp.bytes).unwrap_or(HEAD).min(HEAD);
    let mut head = vec![0; length];
    plain.file.read_exact_at(&mut head, 0).map_err(read)?;
    let unknown = || import_refused(path, ImportFault::Unknown, None);
    let outer = crete_image::kind(&head);
    let (packing, kind) = match outer {
        Kind::Zstd => (Packing::Zstd, inner_kind(&plain, Container::Zstd)),
        Kind::Xz => (Packing::Xz, inner_kind(&plain, Container::Xz)),
        kind => (Packing::None, kind),
    };
    let format = match kind {
        Kind::Iso => ImageFormat::Iso,
        Kind::Qcow2 => ImageFormat::Qcow2,
        Kind::Disk => ImageFormat::Raw,
        Kind::Zstd | Kind::Xz | Kind::Unknown => return Err(unknown()),
    };
    let mut found = ImportFound {
        packing,
        format,
        medium: match format {
            ImageFormat::Iso => BootMedium::Iso,
            ImageFormat::Raw | ImageFormat::Qcow2 => BootMedium::DiskImage,
        },
        arch: None,
        version: None,
    };
    if packing == Packing::None {
        let bad = |error| problem::of_image(path, &error, Source::Person);
        crete_image::check(&plain.file, format).map_err(bad)?;
        let recognised = crete_image::recognise(&plain.file, format);
        (found.arch, found.version) = (recognised.arch, recognised.version);
    }
    Ok((plain, found))
}

/// What a packed file holds, by unpacking only its beginning. The whole is judged later.
fn inner_kind(plain: &Plain, packed: Container) -> Kind {
    crete_image::kind(&crete_fetch::peek(plain, packed, HEAD))
}

impl Engine {
    /// What would become of a file. Nothing is changed.
    pub async fn examine(&self, path: PathBuf) -> ImportPlan {
        let (file_name, shown) = (
            super::fetching::file_name(&path),
            path.display().to_string(),
        );
        let bytes = std::fs::symlink_metadata(&path).map_or(0, |meta| meta.len());
        let looked = tokio::task::spawn_blocking(move || examine(&path).map(|(_, found)| found));
        let looked = looked.await.unwrap_or_else(|_| Err(cancelled()));
        let (found, problem) = match looked {
            Ok(found) => (Some(found), None),
            Err(problem) => (None, Some(problem)),
        };
        ImportPlan {
            path: shown,
            file_name,
            bytes,
            found,
            problem,
        }
    }

    /// Makes an image of a copy of a file. The file itself is only read.
    ///
    /// # Errors
    /// When the file cannot be used: what is wrong with it, and what to do.
    pub async fn import(&self, path: PathBuf) -> Result<(ImageId, Option<JobId>)> {
        let plan = self.examine(path).await;
        let found = match (plan.found, plan.problem) {
            (Some(found), _) => found,
            (None, problem) => return Err(problem.unwrap_or_else(cancelled).into()),
        };
        let gate = self.gate();
        // Dropping the same file twice is one wish.
        let same = self.images.all().into_iter().find(|view| {
            let here = matches!(&view.spec.origin, ImageOrigin::Imported(o) if o.path == plan.path);
            here && view.spec.file.is_none()
        });
        let id = match same {
            Some(view) => view.spec.id,
            None => {
                let id = ImageId(Uuid::now_v7());
                self.add_image(self.imported(id, plan.path, plan.file_name, false, found))?;
                id
            }
        };
        Ok((id, self.work_on(id, &gate)?))
    }

    /// Takes in a file that lies in the images folder: it is moved into an image's own.
    pub(super) async fn take_in(&self, path: &Path) -> Result<ImageId> {
        let plan = self.examine(path.to_owned()).await;
        let found = match (plan.found, plan.problem) {
            (Some(found), _) => found,
            (None, problem) => return Err(problem.unwrap_or_else(cancelled).into()),
        };
        let id = ImageId(Uuid::now_v7());
        let incoming = self.roots.image(id).join(INCOMING);
        let place = incoming.join(&plan.file_name);
        let spec = self.imported(id, place.display().to_string(), plan.file_name, true, found);
        let gate = self.gate();
        self.add_image(spec)?;
        step!("import.folder", crate::paths::private_folder(&incoming))?;
        // A crash before this leaves a record of nothing, which is removed at the next start.
        crete_fetch::rename(path, &place)
            .map_err(|error| EngineError::from(of_fetch(&error, Source::Person)))?;
        self.work_on(id, &gate)?;
        Ok(id)
    }

    fn imported(
        &self,
        id: ImageId,
        path: String,
        file_name: String,
        taken: bool,
        found: ImportFound,
    ) -> ImageSpec {
        ImageSpec {
            schema_version: record::VERSION,
            id,
            origin: ImageOrigin::Imported(ImportOrigin {
                file_name,
                path,
                taken,
                packing: found.packing,
                format: found.format,
            }),
            version: found.version,
            arch: found.arch,
            medium: found.medium,
            created_at: self.clock.text(),
            file: None,
            digest: None,
        }
    }

    /// Copies or takes over the file of an imported image, and makes the image ready.
    pub(super) async fn import_file(
        &self,
        spec: &mut ImageSpec,
        origin: &ImportOrigin,
        job: &JobHandle,
    ) -> Done<()> {
        let source = PathBuf::from(&origin.path);
        let base = self.roots.image(spec.id).join(BASE);
        let outcome = self.bring(spec, origin, &source, &base, job).await;
        let outcome = match outcome {
            Ok(brought) => {
                job.enter(StageCode::Verify);
                self.settle_import(spec, origin, brought, &base).await
            }
            Err(problem) => Err(problem),
        };
        match outcome {
            Ok(()) => {
                if origin.taken {
                    remove_quietly(&source);
                    let incoming = self.roots.image(spec.id).join(INCOMING);
                    // It is empty now; if not, what is in it is shown by the folder itself.
                    let _ = step!("import.remove_folder", std::fs::remove_dir(incoming));
                }
                Ok(())
            }
            Err(problem) => {
                if origin.taken && is_about_content(&problem) {
                    let bad = if source.exists() { &source } else { &base };
                    self.put_aside(spec, bad, &problem, job);
                }
                // A copy of a bad file is of no use, as long as the file itself is still there.
                if !origin.taken || source.exists() {
                    remove_quietly(&base);
                }
                Err(problem)
            }
        }
    }

    async fn bring(
        &self,
        spec: &ImageSpec,
        origin: &ImportOrigin,
        source: &Path,
        base: &Path,
        job: &JobHandle,
    ) -> Done<Unpacked> {
        let of_person = |error| of_fetch(&error, Source::Person);
        let container = container(spec);
        job.enter(if container.is_packed() {
            StageCode::Unpack
        } else {
            StageCode::Copy
        });
        job.log(format!("from {}", source.display()));
        // A crash may have come after the file got its place and before that was recorded.
        let here = !source.exists() && base.exists();
        let source = if here { base } else { source };
        let plain = crete_fetch::open_plain(source).map_err(of_person)?;
        // A file with a second name elsewhere is not ours alone: who has that name must not lose
        // the right to write to it, nor be able to write to an image.
        let meta = plain.file.metadata();
        let names = meta.map_err(|error| crate::error::file_problem(source, &error))?;
        let alone = names.nlink() == 1;
        let move_it = here || (origin.taken && alone && !container.is_packed());
        let on_event = |event: UnpackEvent| show_unpacking(job, event);
        let brought = if move_it {
            crete_fetch::take_over(plain, base, &on_event, &job.cancel).await
        } else {
            crete_fetch::unpack(plain, container, base, &on_event, &job.cancel).await
        };
        brought.map_err(of_person)
    }

    async fn settle_import(
        &self,
        spec: &mut ImageSpec,
        origin: &ImportOrigin,
        brought: Unpacked,
        base: &Path,
    ) -> Done<()> {
        let looked = look(base, origin.format, Source::Person).await?;
        self.same_as_before(spec, &brought.sha256)?;
        let at = self.clock.text();
        let length = params! { "bytes" => brought.source_bytes };
        let mut layers = vec![layer(Layer::Length, LayerOutcome::Good, &at, length)];
        layers.extend(good_layers(origin.format, &brought.sha256, &at));
        spec.arch = looked.recognised.arch;
        spec.version = looked.recognised.version;
        spec.file = Some(ImageFile {
            name: BASE.to_owned(),
            format: origin.format,
            downloaded: brought.source_bytes,
            sha256: brought.source_sha256,
            virtual_size: looked.virtual_size,
            layers,
            stamp: crete_fetch::stamp(base).ok(),
        });
        spec.digest = Some(brought.sha256);
        self.keep_image(spec).map_err(EngineError::problem)
    }
}
