//! What can go wrong in the engine, and how it looks to a person.

use crete_model::{
    DenyReason, ErrorCode, FieldProblem, MachineAction, Params, Problem, Remedy, params,
};
use std::io;
use std::path::{Path, PathBuf};

/// An engine error. Every variant a person can meet has a remedy in [`EngineError::problem`].
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// A file or folder could not be read or written.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A record could not be read.
    #[error("{path} does not parse: {reason}", path = path.display())]
    Record {
        /// Which.
        path: PathBuf,
        /// The parser's words.
        reason: String,
    },
    /// Sockets below this folder would have too long a path.
    #[error("{path} is too long a path for sockets", path = path.display())]
    RuntimePathTooLong {
        /// Which.
        path: PathBuf,
    },
    /// Another Crete uses this data.
    #[error("another Crete uses {path}", path = path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// There is no such object.
    #[error("there is no {kind} {id}")]
    NotFound {
        /// `image`, `machine`, `job` or `trash`.
        kind: &'static str,
        /// Its id.
        id: String,
    },
    /// The object's state does not allow it.
    #[error("{action:?} is not possible: {reason:?}")]
    Denied {
        /// What was asked.
        action: MachineAction,
        /// Why not.
        reason: DenyReason,
    },
    /// Fields of a form are not acceptable.
    #[error("fields are not acceptable")]
    Invalid(Vec<FieldProblem>),
    /// A problem that already has its final form.
    #[error("{0:?}")]
    Problem(Box<Problem>),
}

impl From<Problem> for EngineError {
    fn from(problem: Problem) -> Self {
        Self::Problem(Box::new(problem))
    }
}

/// Shorthand of this crate.
pub(crate) type Result<T> = std::result::Result<T, EngineError>;

impl EngineError {
    /// The error as the page and the job log get it.
    #[must_use]
    pub fn problem(self) -> Problem {
        let words = self.to_string();
        match self {
            Self::File { path, source } => file_problem(&path, &source),
            Self::Record { path, reason } => {
                Problem::new(ErrorCode::File, params! { "path" => path.display() })
                    .with_detail(reason)
                    .with_remedy(open_folder(&path))
            }
            Self::RuntimePathTooLong { path } => {
                Problem::new(ErrorCode::File, params! { "path" => path.display() })
                    .with_detail(words)
                    .with_remedy(Remedy::Report)
            }
            Self::Locked { path } => {
                Problem::new(ErrorCode::Locked, params! { "path" => path.display() }).with_remedy(
                    Remedy::EndProgram {
                        name: "Crete".to_owned(),
                    },
                )
            }
            Self::NotFound { kind, id } => {
                Problem::new(ErrorCode::NotFound, params! { "kind" => kind, "id" => id })
                    .with_remedy(Remedy::Retry)
            }
            Self::Denied { reason, .. } => {
                Problem::new(ErrorCode::Denied, params! { "reason" => wire_name(reason) })
                    .with_remedy(Remedy::Retry)
            }
            Self::Invalid(fields) => Problem::invalid(fields),
            Self::Problem(problem) => *problem,
        }
    }
}

/// The problem of a file that could not be read or written.
pub(crate) fn file_problem(path: &Path, source: &io::Error) -> Problem {
    if source.kind() == io::ErrorKind::StorageFull {
        return Problem::new(
            ErrorCode::DiskFull,
            params! {
                "path" => path.display(),
                // How much was to be written nobody says; this much is always left free.
                "needed" => crete_fetch::RESERVE,
                "free" => crete_fetch::available(path).unwrap_or(0),
            },
        )
        .with_detail(source.to_string())
        .with_remedy(Remedy::FreeSpace {
            path: path.display().to_string(),
        });
    }
    Problem::new(ErrorCode::File, params! { "path" => path.display() })
        .with_detail(source.to_string())
        .with_remedy(open_folder(path))
        .with_remedy(Remedy::Retry)
}

fn open_folder(path: &Path) -> Remedy {
    let folder = path.parent().unwrap_or(path);
    Remedy::OpenFolder {
        path: folder.display().to_string(),
    }
}

/// A value's name on the wire, for use as a parameter.
pub(crate) fn wire_name<T: serde::Serialize>(value: T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}

/// A defect, said as one.
pub(crate) fn internal(text: impl std::fmt::Display) -> EngineError {
    Problem::new(ErrorCode::Internal, Params::new())
        .with_detail(text.to_string())
        .with_remedy(Remedy::Report)
        .into()
}
