//! Verification: layer by layer when a file arrives, again when somebody touched it, and on demand.
//!
//! A file that fails is set aside, and the image is incomplete again.

use super::problem::{self, Source};
use super::{aside, cancelled};
use crate::Engine;
use crate::error::{EngineError, Result};
use crate::jobs::JobHandle;
use crate::store;
use crete_image::Recognised;
use crete_model::{
    BlockerCode, ErrorCode, FileFault, ImageFile, ImageFormat, ImageId, ImageOrigin, ImageSpec,
    ImageState, JobId, JobRequest, Layer, LayerCheck, LayerOutcome, Params, Problem, Progress,
    Remedy, StageCode, params,
};
use std::path::{Path, PathBuf};

/// The result of a layer, now.
pub(super) fn layer(layer: Layer, outcome: LayerOutcome, at: &str, params: Params) -> LayerCheck {
    LayerCheck {
        layer,
        outcome,
        at: at.to_owned(),
        params,
    }
}

/// Puts results in the place of older ones of the same layers.
fn renew(layers: &mut Vec<LayerCheck>, new: impl IntoIterator<Item = LayerCheck>) {
    for check in new {
        layers.retain(|old| old.layer != check.layer);
        layers.push(check);
    }
    layers.sort_by_key(|check| check.layer);
}

/// Structure and digest, both found right.
pub(super) fn good_layers(format: ImageFormat, sha256: &str, at: &str) -> [LayerCheck; 2] {
    let format = crate::error::wire_name(format);
    [
        layer(
            Layer::Structure,
            LayerOutcome::Good,
            at,
            params! { "format" => format },
        ),
        layer(
            Layer::Digest,
            LayerOutcome::Good,
            at,
            params! { "sha256" => sha256 },
        ),
    ]
}

/// What a look at the structure finds.
#[derive(Debug)]
pub(super) struct Looked {
    /// Bytes a machine sees.
    pub virtual_size: u64,
    /// Which Talos it is.
    pub recognised: Recognised,
}

/// Checks a file's structure, off the runtime's threads: reading tables blocks.
pub(super) async fn look(
    path: &Path,
    format: ImageFormat,
    source: Source,
) -> std::result::Result<Looked, Problem> {
    let path = path.to_owned();
    let looking = tokio::task::spawn_blocking(move || {
        let file = std::fs::File::open(&path)
            .map_err(|error| crate::error::file_problem(&path, &error))?;
        let bad = |error| problem::of_image(&path, &error, source);
        crete_image::check(&file, format).map_err(bad)?;
        Ok(Looked {
            virtual_size: crete_image::virtual_size(&file, format).map_err(bad)?,
            recognised: crete_image::recognise(&file, format),
        })
    });
    // It does not panic; it is lost only when the runtime ends.
    looking.await.unwrap_or_else(|_| Err(cancelled()))
}

impl Engine {
    /// Checks an image's file on demand: its structure and its SHA-256. Nothing to do without one.
    ///
    /// # Errors
    /// When there is no such image, or its job cannot be recorded.
    pub fn verify_image(&self, id: ImageId) -> Result<Option<JobId>> {
        let view = self.image(id)?;
        if view.state != ImageState::Ready {
            return Ok(None);
        }
        let plan = [(StageCode::Verify, 1)];
        let job = self.job_book.begin(
            JobRequest::Verify { image: id },
            &super::title(&view.spec),
            &plan,
            true,
        )?;
        let job_id = job.id();
        let engine = self.clone();
        self.tasks.spawn(async move {
            job.enter(StageCode::Verify);
            let work = engine.recheck(id, &job, true);
            let outcome = tokio::select! {
                outcome = work => outcome.map(drop),
                () = engine.closing.cancelled() => return,
            };
            job.end(outcome);
        });
        Ok(Some(job_id))
    }

    /// The file a machine is about to use. When it was touched since it was last found right, it
    /// is read again first; when it is not what it was, it is set aside.
    ///
    /// # Errors
    /// When the image has no file, or none that can be used.
    pub(crate) async fn trusted_file(
        &self,
        id: ImageId,
        job: &JobHandle,
    ) -> std::result::Result<(PathBuf, ImageFormat), Problem> {
        let (path, format) = self.recheck(id, job, false).await?;
        Ok((path, format))
    }

    async fn recheck(
        &self,
        id: ImageId,
        job: &JobHandle,
        always: bool,
    ) -> std::result::Result<(PathBuf, ImageFormat), Problem> {
        // Two machines that start together must not set one file aside twice.
        let _one = self.rechecks.lock().await;
        let spec = self.image(id).map_err(EngineError::problem)?.spec;
        let Some(file) = spec.file.clone() else {
            return Err(Problem::new(ErrorCode::ImageNotReady, Params::new())
                .with_remedy(Remedy::DownloadAgain));
        };
        let path = self.roots.image(id).join(&file.name);
        let stamp = crete_fetch::stamp(&path).ok();
        if stamp.is_none() {
            return Err(self.file_is_gone(spec, &path));
        }
        let untouched = stamp == file.stamp && spec.digest.is_some();
        if untouched && !always {
            return Ok((path, file.format));
        }
        job.wait_for(Some((BlockerCode::ImageCheck, Params::new())));
        let checked = self.check_content(&spec, &file, &path, job).await;
        job.wait_for(None);
        let at = self.clock.text();
        match checked {
            Ok(digest) => {
                let mut spec = spec;
                let mut file = file;
                renew(&mut file.layers, good_layers(file.format, &digest, &at));
                file.stamp = crete_fetch::stamp(&path).ok();
                let format = file.format;
                spec.file = Some(file);
                spec.digest = Some(digest);
                self.keep_image(&spec).map_err(EngineError::problem)?;
                self.show_image(spec, ImageState::Ready);
                Ok((path, format))
            }
            Err(problem) if is_about_content(&problem) => {
                job.log(format!("set aside {}", path.display()));
                self.file_failed(spec, &path, &problem)?;
                Err(problem)
            }
            Err(problem) => Err(problem),
        }
    }

    /// Structure first, because it is quick; then every byte. Returns the digest.
    async fn check_content(
        &self,
        spec: &ImageSpec,
        file: &ImageFile,
        path: &Path,
        job: &JobHandle,
    ) -> std::result::Result<String, Problem> {
        let source = source_of(spec);
        look(path, file.format, source)
            .await
            .map_err(|problem| as_damage(problem, spec))?;
        let total = std::fs::metadata(path).map_or(0, |meta| meta.len());
        let progress = |done| {
            job.progress(Progress {
                done,
                total,
                ..Progress::default()
            });
        };
        let digest = crete_fetch::sha256_file(path, &progress, &job.cancel)
            .await
            .map_err(|error| problem::of_fetch(&error, source))?;
        match &spec.digest {
            Some(expected) if *expected != digest => {
                let params = params! {
                    "path" => path.display(),
                    "fault" => crate::error::wire_name(FileFault::OtherDigest),
                    "expected" => expected,
                    "found" => digest,
                };
                let problem = Problem::new(ErrorCode::ImageDamaged, params)
                    .with_detail(format!("SHA-256 {digest} instead of {expected}"));
                Err(with_remedy(problem, spec))
            }
            _ => Ok(digest),
        }
    }

    /// Sets the file of an image aside: the image is incomplete again.
    fn file_failed(
        &self,
        mut spec: ImageSpec,
        path: &Path,
        problem: &Problem,
    ) -> std::result::Result<(), Problem> {
        let folder = self.roots.image(spec.id);
        aside::put(&folder, path, problem, &self.clock.text()).map_err(EngineError::problem)?;
        spec.file = None;
        self.keep_image(&spec).map_err(EngineError::problem)?;
        let id = spec.id;
        let state = ImageState::Incomplete {
            received: 0,
            problem: Some(problem.clone()),
        };
        self.show_image(spec, state);
        self.refresh_machines_of(id);
        Ok(())
    }

    /// Somebody removed the file of an image.
    fn file_is_gone(&self, spec: ImageSpec, path: &Path) -> Problem {
        let id = spec.id;
        let source = std::io::Error::from(std::io::ErrorKind::NotFound);
        let problem = with_remedy(crate::error::file_problem(path, &source), &spec);
        let state = ImageState::Incomplete {
            received: 0,
            problem: Some(problem.clone()),
        };
        self.show_image(spec, state);
        self.refresh_machines_of(id);
        problem
    }

    pub(super) fn keep_image(&self, spec: &ImageSpec) -> Result<()> {
        store::write(&self.roots.image(spec.id).join(store::SPEC), spec)
    }
}

pub(super) fn source_of(spec: &ImageSpec) -> Source {
    match spec.origin {
        ImageOrigin::Factory(_) => Source::Factory,
        ImageOrigin::Imported(_) => Source::Person,
    }
}

fn with_remedy(problem: Problem, spec: &ImageSpec) -> Problem {
    problem.with_remedy(match source_of(spec) {
        Source::Factory => Remedy::DownloadAgain,
        Source::Person => Remedy::Retry,
    })
}

/// A file that was right once and is not any more: damaged here, not on the way.
fn as_damage(mut problem: Problem, spec: &ImageSpec) -> Problem {
    if is_about_content(&problem) {
        problem.code = ErrorCode::ImageDamaged;
        problem.remedies.clear();
        return with_remedy(problem, spec);
    }
    problem
}

/// Whether a problem says that the content is wrong, rather than that it could not be read.
pub(crate) fn is_about_content(problem: &Problem) -> bool {
    matches!(
        problem.code,
        ErrorCode::DownloadCorrupt
            | ErrorCode::ImportDamaged
            | ErrorCode::ImageDamaged
            | ErrorCode::ImageDiffers
    )
}
