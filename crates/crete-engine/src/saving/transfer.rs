//! From the factory into the folder, through the same downloads as the library's.

use super::{existing, target};
use crate::Engine;
use crate::error::EngineError;
use crate::images::{factory_problem, is_about_content};
use crate::jobs::JobHandle;
use crete_factory::schematic;
use crete_fetch::{Container, Event, FetchError};
use crete_model::{ErrorCode, ImageFormat, OutputKind, Params, Problem, SaveOrder, StageCode};
use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tokio_util::sync::CancellationToken;

impl Engine {
    pub(super) async fn run_save(&self, order: SaveOrder, job: JobHandle) {
        let Some(outcome) = self.unless_closing(&job, self.try_save(&order, &job)).await else {
            return;
        };
        match outcome {
            Err(problem) if problem.code == ErrorCode::Cancelled && job.is_held() => job.rest(),
            outcome => {
                // A person's folder is no place for halves that nobody wants any more. After a
                // failure they are wanted: the next try goes on with them.
                if matches!(&outcome, Err(problem) if problem.code == ErrorCode::Cancelled) {
                    clear(&target(&order));
                }
                job.end(outcome);
            }
        }
    }

    async fn try_save(&self, order: &SaveOrder, job: &JobHandle) -> Result<(), Problem> {
        let Err(problem) = self.save(order, job).await else {
            return Ok(());
        };
        let recipe = order.recipe.as_deref().unwrap_or_default();
        let recipe = schematic::parse(recipe).unwrap_or_default();
        Err(self.explain(problem, &recipe, &order.version).await)
    }

    async fn save(&self, order: &SaveOrder, job: &JobHandle) -> Result<(), Problem> {
        let path = target(order);
        let mut id = order.schematic_id.clone();
        let first = match order.recipe {
            Some(_) => StageCode::Schematic,
            None => StageCode::Transfer,
        };
        job.enter_pausable(first);
        let _turn = self.turn(job).await?;
        if let Some(recipe) = &order.recipe {
            id = self.send_recipe(recipe, &order.asset, job).await?;
            if id != order.schematic_id {
                job.log(format!(
                    "the factory's id {id} differs from {}",
                    order.schematic_id
                ));
            }
            job.enter_pausable(StageCode::Transfer);
        }
        let base = self.factory_url().map_err(EngineError::problem)?;
        let url = crete_factory::output_url(&base, &id, &order.version, order.output, &order.asset);
        let request = crete_fetch::Request {
            patience: self.patience.downloads,
            existing: existing(order),
            lock: Some(self.roots.save_lock(job.id())),
            check,
            ..crete_fetch::Request::new(url, path.clone(), container(&order.file_name))
        };
        job.log(format!("GET {} to {}", request.url, path.display()));
        let http = self.http().map_err(EngineError::problem)?;
        let on_event = |event: Event| match event {
            Event::Checking => job.enter(StageCode::Verify),
            event => self.follow(job, event),
        };
        let done = crete_fetch::download(&http, &request, &on_event, &job.hold).await;
        if let Some(lock) = &request.lock {
            let _ = crete_fetch::remove(lock);
        }
        let done = done.map_err(|error| {
            let problem = factory_problem(&error);
            if is_about_content(&problem) {
                job.log("removed what arrived: it is of no use".to_owned());
                clear(&path);
            }
            problem
        })?;
        job.log(format!("{} bytes, sha256 {}", done.bytes, done.sha256));
        if order.output == OutputKind::Talosctl {
            make_executable(&path).map_err(|error| crate::error::file_problem(&path, &error))?;
        }
        Ok(())
    }

    /// Sends a recipe, so that the factory knows the id; its own id counts.
    async fn send_recipe(
        &self,
        recipe: &str,
        name: &str,
        job: &JobHandle,
    ) -> Result<String, Problem> {
        let recipe = schematic::parse(recipe).map_err(|error| {
            Problem::new(ErrorCode::Internal, Params::new()).with_detail(error.to_string())
        })?;
        let created = tokio::select! {
            created = self.send_schematic(&recipe, name, job) => created?,
            () = job.hold.cancelled() => return Err(crate::images::cancelled()),
        };
        Ok(created.id)
    }
}

/// What a file must be, by its name. What has no marks of its own is only told from a web page.
fn container(name: &str) -> Container {
    let endings = [
        (".iso", Container::Iso),
        (".zst", Container::Zstd),
        (".xz", Container::Xz),
        (".qcow2", Container::Qcow2),
    ];
    endings
        .into_iter()
        .find_map(|(ending, container)| name.ends_with(ending).then_some(container))
        .unwrap_or(Container::Raw)
}

/// Everything that can be told of a file without a sum to compare with: its beginning and end,
/// the check sums inside a packed one, the tables of a CD or a disk.
fn check(path: &Path, container: Container, stop: &CancellationToken) -> Result<(), FetchError> {
    crete_fetch::check_file(path, container)?;
    crete_fetch::check_packed(path, container, stop)?;
    let format = match container {
        Container::Iso => ImageFormat::Iso,
        Container::Qcow2 => ImageFormat::Qcow2,
        Container::Zstd | Container::Xz | Container::Raw => return Ok(()),
    };
    let failed = |source| FetchError::File {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(failed)?;
    crete_image::check(&file, format).map_err(|error| match error {
        crete_image::ImageError::Read(source) => failed(source),
        crete_image::ImageError::Bad {
            fault,
            params,
            words,
        } => FetchError::Corrupt {
            path: path.to_owned(),
            fault,
            params,
            words,
        },
    })
}

fn make_executable(path: &Path) -> std::io::Result<()> {
    let mode = std::fs::metadata(path)?.permissions().mode();
    // Whoever may read it may run it.
    std::fs::set_permissions(path, Permissions::from_mode(mode | ((mode & 0o444) >> 2)))
}

/// Removes an unfinished download and what is known of it.
pub(super) fn clear(path: &Path) {
    let cleared = crete_fetch::forget_side(path)
        .and_then(|()| crete_fetch::remove(&crete_fetch::part_path(path)));
    if let Err(error) = cleared {
        tracing::warn!(%error, "what arrived of a cancelled file could not be removed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_files_must_be() {
        assert_eq!(container("metal-amd64.iso"), Container::Iso);
        assert_eq!(container("initramfs-arm64.xz"), Container::Xz);
        assert_eq!(container("metal-amd64.raw.zst"), Container::Zstd);
        assert_eq!(container("metal-amd64.qcow2"), Container::Qcow2);
        for plain in [
            "kernel-amd64",
            "metal-amd64-uki.efi",
            "gcp-amd64.raw.tar.gz",
        ] {
            assert_eq!(container(plain), Container::Raw, "{plain}");
        }
    }

    #[test]
    fn whoever_may_read_a_tool_may_run_it() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for (before, after) in [(0o644, 0o755), (0o600, 0o700), (0o640, 0o750)] {
            std::fs::set_permissions(file.path(), Permissions::from_mode(before)).unwrap();
            make_executable(file.path()).unwrap();
            let mode = std::fs::metadata(file.path()).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, after);
        }
    }
}
