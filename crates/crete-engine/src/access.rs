//! The files by which people reach a cluster: made at hand from its secrets, saved as files of
//! their own or merged into the person's when they ask for it, shown with their time, renewed, and
//! taken back.
//!
//! ```text
//! secrets + endpoints ─▶ issue ─▶ text ─┬─▶ to copy
//!                                       ├─▶ save    a file of its own, 0600
//!                                       └─▶ merge   into $TALOSCONFIG, $KUBECONFIG or the usual
//!                                             └─▶ undo: exactly what was there
//! ```
//!
//! Nothing here knows clusters: it is given secrets, endpoints, names, and the folder in which to
//! remember what was written.

mod clusters;
mod engine;
mod issue;
mod look;
mod own;
mod personal;
mod records;
mod secrets;

pub use clusters::look_into_secrets;
pub(crate) use clusters::read_file;
pub use engine::save_text;
pub use issue::AccessTo;
pub(crate) use issue::issue;
pub(crate) use own::{KUBECONFIG, OwnFiles, TALOSCONFIG, write_own};
pub(crate) use personal::neighbour_of;
pub use secrets::{SecretsRead, read_secrets};

use crate::error::{EngineError, Result};
use crete_model::{AccessHow, AccessKind, AccessRole, ErrorCode, Params, Problem, Remedy, params};
use crete_talos::pki::Entropy;
use issue::Issued;
use jiff::Timestamp;
use personal::{Look, PersonalFault};
use records::{Before, Record, Records};
use std::path::{Path, PathBuf};

/// The files that tools read by themselves. None where nothing of the person's may be touched.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PersonalFiles {
    /// `talosctl`'s.
    pub talosconfig: Option<PathBuf>,
    /// `kubectl`'s.
    pub kubeconfig: Option<PathBuf>,
}

impl PersonalFiles {
    /// Finds them as the tools themselves do.
    pub fn from_environment(read: impl Fn(&str) -> Option<String>, home: &Path) -> Self {
        let set = |name: &str| read(name).filter(|value| !value.is_empty());
        let absolute = |text: String| Some(PathBuf::from(text)).filter(|path| path.is_absolute());
        // Of several, kubectl writes into the first that is there, or else into the last.
        let list: Vec<PathBuf> = set("KUBECONFIG")
            .map(|text| text.split(':').map(PathBuf::from).collect())
            .unwrap_or_default();
        let named: Vec<PathBuf> = list.into_iter().filter(|path| path.is_absolute()).collect();
        let there = named.iter().find(|path| path.exists());
        let kubeconfig = there.or(named.last()).cloned();
        Self {
            talosconfig: set("TALOSCONFIG")
                .and_then(absolute)
                .or_else(|| Some(home.join(".talos/config"))),
            kubeconfig: kubeconfig.or_else(|| Some(home.join(".kube/config"))),
        }
    }

    fn of(&self, kind: AccessKind) -> Option<&Path> {
        match kind {
            AccessKind::Talosconfig => self.talosconfig.as_deref(),
            AccessKind::Kubeconfig => self.kubeconfig.as_deref(),
        }
    }
}

/// The access to one cluster.
pub struct Access<'a> {
    /// The cluster.
    pub to: &'a AccessTo,
    /// Where is remembered what was written.
    pub folder: &'a Path,
    /// The person's files.
    pub files: &'a PersonalFiles,
    /// The moment.
    pub now: Timestamp,
    /// Randomness for keys.
    pub entropy: &'a mut dyn Entropy,
}

impl Access<'_> {
    /// A new file as text, to be copied. Holds a secret.
    ///
    /// # Errors
    /// As issuing does.
    pub fn text(&mut self, kind: AccessKind, role: AccessRole) -> Result<String> {
        Ok(self.issue(kind, role)?.text())
    }

    /// Saves a new file for the person alone, and remembers it. Gives its id.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&mut self, kind: AccessKind, role: AccessRole, path: &Path) -> Result<String> {
        let issued = self.issue(kind, role)?;
        self.put(path, role, &issued, None)
    }

    /// Merges into the person's own file. A file that this cluster is in already is renewed. Gives
    /// the id.
    ///
    /// # Errors
    /// When there is no such file to merge into, or it cannot be read or written: it is then as it
    /// was.
    pub fn merge(&mut self, kind: AccessKind, role: AccessRole) -> Result<String> {
        let path = self.files.of(kind).ok_or_else(not_for_practice)?.to_owned();
        let records = Records::open(self.folder)?;
        let mine = |one: &&Record| {
            one.how == AccessHow::Merged && one.kind == kind && one.role == role && one.path == path
        };
        match records.files.iter().find(mine).map(|one| one.id.clone()) {
            Some(id) => self.renew(&id).map(|()| id),
            None => {
                let issued = self.issue(kind, role)?;
                self.mix(&path, role, &issued, None)
            }
        }
    }

    /// Makes a new certificate and puts it where the old one is.
    ///
    /// # Errors
    /// When there is no such file, or it cannot be written.
    pub fn renew(&mut self, id: &str) -> Result<()> {
        let record = self.record(id)?;
        let issued = self.issue(record.kind, record.role)?;
        match record.how {
            AccessHow::Saved => {
                let path = record.path.clone();
                self.put(&path, record.role, &issued, Some(record))?;
            }
            AccessHow::Merged => {
                let path = record.path.clone();
                self.mix(&path, record.role, &issued, Some(record))?;
            }
        }
        Ok(())
    }

    /// Gives a file back exactly as it was before, unless it was changed since.
    ///
    /// # Errors
    /// When it was changed since, or cannot be written.
    pub fn undo(&mut self, id: &str) -> Result<()> {
        let record = self.record(id)?;
        let Some(before) = &record.before else {
            return Err(changed(&record.path));
        };
        let look = Look::at(&record.path).map_err(problem)?;
        personal::give_back(
            &look.path,
            &before.backup,
            &record.written,
            before.digest.as_deref(),
            &before.folders,
        )
        .map_err(problem)?;
        self.forget(id)
    }

    /// Forgets that a file was written. The file stays as it is.
    ///
    /// # Errors
    /// When the records cannot be written.
    pub fn forget(&mut self, id: &str) -> Result<()> {
        let mut records = Records::open(self.folder)?;
        records.files.retain(|one| one.id != id);
        records.keep(self.folder)
    }

    fn issue(&mut self, kind: AccessKind, role: AccessRole) -> Result<Issued> {
        issue::issue(self.to, kind, role, self.now, self.entropy)
    }

    fn record(&self, id: &str) -> Result<Record> {
        let records = Records::open(self.folder)?;
        let found = records.files.into_iter().find(|one| one.id == id);
        found.ok_or_else(|| EngineError::NotFound {
            kind: "access",
            id: id.to_owned(),
        })
    }

    /// Writes a file of its own.
    fn put(
        &mut self,
        path: &Path,
        role: AccessRole,
        issued: &Issued,
        old: Option<Record>,
    ) -> Result<String> {
        let text = issued.text();
        let id = old.map_or_else(fresh_id, |old| old.id);
        let look = Look::at(path).map_err(problem)?;
        // What was there is the person's choice to replace; it was asked for by name.
        let look = Look {
            mode: 0o600,
            ..look
        };
        let record = Record {
            id: id.clone(),
            kind: issued.kind(),
            role,
            how: AccessHow::Saved,
            path: path.to_owned(),
            context: issued.context(),
            written: personal::digest(text.as_bytes()),
            before: None,
        };
        self.write(record, &look, &text)?;
        Ok(id)
    }

    /// Writes into a file of the person's.
    fn mix(
        &mut self,
        path: &Path,
        role: AccessRole,
        issued: &Issued,
        old: Option<Record>,
    ) -> Result<String> {
        let look = Look::at(path).map_err(problem)?;
        let existing = look.text().map_err(problem)?;
        let context = old.as_ref().map(|old| old.context.as_str());
        let (text, context) = issued.merged(existing, context).map_err(|error| {
            problem(PersonalFault::Unreadable {
                path: look.path.clone(),
                reason: error.to_string(),
            })
        })?;
        let now = look.digest();
        // As long as nobody else wrote, undoing leads back to before the first of our writes.
        let kept = old
            .as_ref()
            .filter(|old| now.as_deref() == Some(&old.written))
            .and_then(|old| old.before.clone());
        let id = old.map_or_else(fresh_id, |old| old.id);
        let before = kept.unwrap_or_else(|| Before {
            backup: format!("{}-{}", self.now.strftime("%Y%m%dT%H%M%SZ"), fresh_id()),
            digest: now,
            folders: personal::missing_folders(&look.path),
        });
        let record = Record {
            id: id.clone(),
            kind: issued.kind(),
            role,
            how: AccessHow::Merged,
            path: path.to_owned(),
            context,
            written: personal::digest(text.as_bytes()),
            before: Some(before),
        };
        self.write(record, &look, &text)?;
        Ok(id)
    }

    /// Notes what is intended, writes, and notes that it was done.
    fn write(&self, record: Record, look: &Look, text: &str) -> Result<()> {
        let mut records = Records::open(self.folder)?;
        let known = records.files.iter().any(|one| one.name() == record.name());
        let (name, with_backup) = (record.name().to_owned(), record.before.is_some() && !known);
        records.intend(record.clone(), self.folder)?;
        let replaced = personal::replace(look, text, &name, with_backup);
        if replaced.is_err() && with_backup {
            // The file is as it was; what cannot be removed beside it does no harm.
            let _ = record.tidy(&look.path);
        }
        records.end(replaced.is_ok(), self.folder)?;
        replaced.map_err(problem)
    }
}

fn fresh_id() -> String {
    uuid::Uuid::new_v4().simple().to_string()[..12].to_owned()
}

fn not_for_practice() -> EngineError {
    Problem::new(ErrorCode::AccessNotHere, Params::new())
        .with_remedy(Remedy::SaveInstead)
        .into()
}

fn changed(path: &Path) -> EngineError {
    problem(PersonalFault::Changed(path.to_owned()))
}

/// A fault as the page gets it.
pub(crate) fn problem(fault: PersonalFault) -> EngineError {
    let words = fault.to_string();
    let (code, path) = match fault {
        PersonalFault::File { path, source } => return EngineError::File { path, source },
        PersonalFault::ReadOnly(path) => (ErrorCode::AccessReadOnly, path),
        PersonalFault::NoFile(path) => (ErrorCode::AccessUnreadable, path),
        PersonalFault::Unreadable { path, .. } => (ErrorCode::AccessUnreadable, path),
        PersonalFault::Changed(path) => (ErrorCode::AccessChanged, path),
    };
    Problem::new(code, params! { "path" => path.display() })
        .with_detail(words)
        .with_remedy(Remedy::SaveInstead)
        .into()
}

#[cfg(test)]
mod tests;
