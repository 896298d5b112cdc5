//! Files of the factory that a person wants in a folder of their own, outside the library.
//!
//! ```text
//! order ─▶ Running ─▶ Done           what it takes to go on is the job's own record:
//!            │ ▲ └──▶ Failed ──┐     there is no object beside it
//!            ▼ │ ──▶ Cut off ──┤
//!          Paused              ▼
//!                         another job of the same order
//! ```
//!
//! A file that is there stays, unless the person gave exactly this one away.

mod transfer;

use crate::Engine;
use crate::error::{EngineError, Result};
use crate::jobs::JobHandle;
use crate::paths::Roots;
use crete_factory::{Savable, schematic};
use crete_fetch::Existing;
use crete_model::{
    Composition, ErrorCode, FieldCode, FieldProblem, Job, JobId, JobRequest, JobState, Output,
    Problem, Remedy, SaveOrder, SaveSet, SetId, StageCode, StudioDraft, params,
};
use std::path::{Path, PathBuf};
use std::sync::MutexGuard;
use uuid::Uuid;

/// Where an order's file goes.
fn target(order: &SaveOrder) -> PathBuf {
    Path::new(&order.folder).join(&order.file_name)
}

/// What may become of a file that is there.
fn existing(order: &SaveOrder) -> Existing {
    order.replaces.map_or(Existing::Keep, Existing::Replace)
}

/// The order of a job that saves a file.
fn order_of(job: &Job) -> Option<&SaveOrder> {
    match &job.request {
        JobRequest::Save { order } => Some(order),
        _ => None,
    }
}

impl Engine {
    /// Puts files of a studio draft into a folder; several are a set. What is asked for a second
    /// time while it is under way is one piece of work.
    ///
    /// # Errors
    /// When the draft does not offer a file, the folder cannot be used, it has no room, files are
    /// there already that may not be replaced, or a job cannot be recorded. Nothing was begun then.
    pub fn save_outputs(
        &self,
        draft: &StudioDraft,
        outputs: &[String],
        folder: &Path,
        replace: bool,
    ) -> Result<Vec<JobId>> {
        let made = self.compose(draft)?;
        let wanted = offered(&made, outputs)?;
        usable(folder)?;
        let estimated = wanted.iter().map(|(output, _)| output.estimated_size).sum();
        has_room(folder, estimated)?;
        let set = (wanted.len() > 1).then(|| SaveSet {
            id: SetId(Uuid::now_v7()),
            count: u32::try_from(wanted.len()).unwrap_or(u32::MAX),
        });
        let mut orders = Vec::new();
        for (output, file) in wanted {
            orders.push(SaveOrder {
                folder: folder.display().to_string(),
                file_name: file.file_name,
                output: output.kind,
                asset: file.asset,
                version: draft.version.clone().ok_or_else(|| unknown(&output.text))?,
                recipe: file
                    .needs_schematic
                    .then(|| schematic::canonical(&made.schematic)),
                schematic_id: made.schematic_id.clone(),
                replaces: None,
                set,
            });
        }
        let gate = self.gate();
        let mut new = self.without_those_under_way(orders);
        permit(&mut new.1, replace)?;
        let mut jobs = new.0;
        for order in new.1 {
            jobs.push(self.begin_save(order, &gate)?);
        }
        Ok(jobs)
    }

    /// Parts orders from those whose very file is being saved, or waits for the person to go on.
    fn without_those_under_way(&self, orders: Vec<SaveOrder>) -> (Vec<JobId>, Vec<SaveOrder>) {
        let jobs = self.job_book.live.all();
        let (mut known, mut new) = (Vec::new(), Vec::new());
        for order in orders {
            let same = jobs.iter().find(|job| {
                !job.state.is_final()
                    && order_of(job).is_some_and(|other| target(other) == target(&order))
            });
            match same {
                Some(job) => known.push(job.id),
                None => new.push(order),
            }
        }
        (known, new)
    }

    fn begin_save(&self, order: SaveOrder, _gate: &MutexGuard<'_, ()>) -> Result<JobId> {
        let mut plan = vec![(StageCode::Transfer, 90), (StageCode::Verify, 10)];
        if order.recipe.is_some() {
            plan.insert(0, (StageCode::Schematic, 1));
        }
        let request = JobRequest::Save {
            order: Box::new(order.clone()),
        };
        let job = self
            .job_book
            .begin(request, &order.file_name, &plan, true)?;
        Ok(self.spawn_save(order, job))
    }

    fn spawn_save(&self, order: SaveOrder, job: JobHandle) -> JobId {
        let id = job.id();
        let engine = self.clone();
        self.tasks
            .spawn(async move { engine.run_save(order, job).await });
        id
    }

    /// Goes on with a file that is paused, failed, was cut off or cancelled. `replace` gives away
    /// the file that is in its place now. Other work is gone on with where it belongs.
    ///
    /// # Errors
    /// When there is no such job, it saves no file, another file is in its place, or no job can
    /// be recorded.
    pub fn resume_save(&self, id: JobId, replace: bool) -> Result<Option<JobId>> {
        let gate = self.gate();
        let job = self.job_book.get(id)?;
        let Some(order) = order_of(&job) else {
            return Err(not_a_save(&job));
        };
        match job.state {
            JobState::Queued | JobState::Running => return Ok(Some(id)),
            JobState::Done => return Ok(None),
            JobState::Paused => {
                let handle = self.job_book.go_on(id)?;
                return Ok(Some(self.spawn_save(order.clone(), handle)));
            }
            JobState::Failed | JobState::Cancelled | JobState::Interrupted => {}
        }
        usable(Path::new(&order.folder))?;
        let (mut known, mut new) = self.without_those_under_way(vec![order.clone()]);
        permit(&mut new, replace)?;
        for order in new {
            known.push(self.begin_save(order, &gate)?);
        }
        Ok(known.pop())
    }

    /// Stops a job for a while. What arrived is kept.
    ///
    /// # Errors
    /// When there is no such job, or it cannot be paused now.
    pub fn pause_job(&self, id: JobId) -> Result<()> {
        self.job_book.pause(id)
    }

    /// The folder that a job saves into. Only one that a person chose is ever opened.
    ///
    /// # Errors
    /// When there is no such job, or it saves no file.
    pub fn save_folder(&self, id: JobId) -> Result<PathBuf> {
        let job = self.job_book.get(id)?;
        order_of(&job)
            .map(|order| PathBuf::from(&order.folder))
            .ok_or_else(|| not_a_save(&job))
    }

    /// Removes what a cancelled job leaves in the person's folder, when nobody writes there.
    pub(crate) fn forget_partial(&self, job: &Job) {
        if let Some(order) = order_of(job) {
            transfer::clear(&target(order));
        }
    }
}

/// The lines of the result that are asked for, and what can be put on a disk of each.
fn offered(made: &Composition, texts: &[String]) -> Result<Vec<(Output, Savable)>> {
    let find = |text: &String| {
        let output = made.outputs.iter().find(|output| output.text == *text)?;
        Some((output.clone(), crete_factory::savable(output)?))
    };
    texts
        .iter()
        .map(|text| find(text).ok_or_else(|| unknown(text)))
        .collect()
}

fn unknown(text: &str) -> EngineError {
    EngineError::Invalid(vec![FieldProblem {
        field: "outputs".to_owned(),
        code: FieldCode::Unknown,
        params: params! { "name" => text },
    }])
}

fn not_a_save(job: &Job) -> EngineError {
    Problem::new(ErrorCode::Denied, params! { "reason" => "not_a_save" })
        .with_detail(job.id.to_string())
        .into()
}

/// Takes away the locks that a killed program left: nobody else uses these folders now.
pub(crate) fn sweep(roots: &Roots) {
    for lock in roots.save_locks() {
        if let Err(error) = crete_fetch::remove(&lock) {
            tracing::warn!(%error, "the lock of a save that was cut off stays");
        }
    }
}

/// A folder that is there and can be written to.
fn usable(folder: &Path) -> Result<()> {
    let writable = || {
        rustix::fs::access(
            folder,
            rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK,
        )
        .is_ok()
    };
    if folder.is_absolute() && folder.is_dir() && writable() {
        return Ok(());
    }
    let params = params! { "path" => folder.display() };
    Err(Problem::new(ErrorCode::FolderUnusable, params)
        .with_remedy(Remedy::ChooseAnother)
        .into())
}

/// Before anything is asked for: the sizes are estimates, and the transfer looks again.
fn has_room(folder: &Path, estimated: u64) -> Result<()> {
    let beside = folder.join("file");
    let free = crete_fetch::available(&beside).map_err(|source| EngineError::File {
        path: folder.to_owned(),
        source,
    })?;
    let needed = estimated.saturating_add(crete_fetch::RESERVE);
    if needed <= free {
        return Ok(());
    }
    let full = crete_fetch::FetchError::DiskFull {
        path: beside,
        needed,
        free,
    };
    Err(crate::images::factory_problem(&full).into())
}

/// Refuses all when files are there already; with `replace`, gives away these and no others.
fn permit(orders: &mut [SaveOrder], replace: bool) -> Result<()> {
    let mut there = Vec::new();
    for order in orders {
        let path = target(order);
        order.replaces = None;
        if std::fs::symlink_metadata(&path).is_err() {
            continue;
        }
        match crete_fetch::open_plain(&path) {
            // Only a plain file can be replaced: a link or a folder is somebody's arrangement.
            Ok(plain) if replace => order.replaces = Some(plain.stamp),
            _ => there.push(path.display().to_string()),
        }
    }
    if there.is_empty() {
        return Ok(());
    }
    let params = params! { "path" => there.join(", "), "count" => there.len() };
    Err(Problem::new(ErrorCode::FileExists, params)
        .with_remedy(Remedy::ChooseAnother)
        .into())
}
