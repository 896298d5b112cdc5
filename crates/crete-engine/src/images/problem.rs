//! What went wrong with a file, as a person gets it.

use super::cancelled;
use crate::error::file_problem;
use crete_fetch::{ClientPart, FetchError, NotPlain};
use crete_image::ImageError;
use crete_model::{ErrorCode, FileFault, ImportFault, Params, Problem, Remedy, params};
use std::path::Path;

/// What a damaged file was for: it decides what can be done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// A factory sent it.
    Factory,
    /// A person gave it.
    Person,
}

/// A transfer's or a copy's error as a person gets it.
pub(super) fn of_fetch(error: &FetchError, source: Source) -> Problem {
    if let Some(problem) = crete_factory::way_problem(error) {
        return problem;
    }
    match error {
        FetchError::Corrupt {
            path,
            fault,
            params,
            words,
        } => damaged(path, *fault, params, words, source),
        FetchError::Changed { path } => import_refused(path, ImportFault::Changed, None),
        FetchError::NotPlain { path, what } => match what {
            NotPlain::Missing => import_refused(path, ImportFault::Missing, None),
            NotPlain::Link(target) => import_refused(path, ImportFault::Link, Some(target)),
            NotPlain::Folder => import_refused(path, ImportFault::Folder, None),
            NotPlain::Special => import_refused(path, ImportFault::Special, None),
            NotPlain::Empty => import_refused(path, ImportFault::Empty, None),
        },
        FetchError::DiskFull { path, needed, free } => Problem::new(
            ErrorCode::DiskFull,
            params! {
                "path" => path.parent().unwrap_or(path).display(), "needed" => needed, "free" => free,
            },
        )
        .with_remedy(Remedy::FreeSpace {
            path: path.parent().unwrap_or(path).display().to_string(),
        })
        .with_remedy(Remedy::Retry),
        FetchError::Exists { path } => Problem::new(
            ErrorCode::FileExists,
            params! { "path" => path.display(), "count" => 1 },
        ),
        FetchError::File { path, source } => file_problem(path, source),
        FetchError::Cancelled => cancelled(),
        FetchError::Client {
            part: ClientPart::Proxy,
            reason,
        } => bad_setting("proxy", reason),
        FetchError::Client {
            part: ClientPart::Certificates,
            reason,
        } => bad_setting("extra_ca", reason),
        _ => Problem::new(ErrorCode::Internal, Params::new())
            .with_detail(error.to_string())
            .with_remedy(Remedy::Report),
    }
}

fn bad_setting(setting: &str, reason: &str) -> Problem {
    Problem::new(ErrorCode::Setting, params! { "setting" => setting })
        .with_detail(reason)
        .with_remedy(Remedy::OpenSettings)
}

/// What is wrong with the structure of an image.
pub(super) fn of_image(path: &Path, error: &ImageError, source: Source) -> Problem {
    match error {
        ImageError::Read(error) => file_problem(path, error),
        ImageError::Bad {
            fault,
            params,
            words,
        } => damaged(path, *fault, params, words, source),
    }
}

fn damaged(path: &Path, fault: FileFault, more: &Params, words: &str, source: Source) -> Problem {
    let mut params = more.clone();
    params.insert("path".to_owned(), path.display().to_string());
    params.insert("fault".to_owned(), crate::error::wire_name(fault));
    match source {
        Source::Factory => Problem::new(ErrorCode::DownloadCorrupt, params)
            .with_detail(words)
            .with_remedy(Remedy::DownloadAgain),
        Source::Person => Problem::new(ErrorCode::ImportDamaged, params)
            .with_detail(words)
            .with_remedy(Remedy::ChooseAnother),
    }
}

/// A file that is none of those that can be imported.
pub(super) fn import_refused(path: &Path, fault: ImportFault, target: Option<&Path>) -> Problem {
    let mut params = params! {
        "path" => path.display(),
        "fault" => crate::error::wire_name(fault),
    };
    if let Some(target) = target {
        params.insert("target".to_owned(), target.display().to_string());
    }
    let problem = Problem::new(ErrorCode::ImportRefused, params);
    match fault {
        ImportFault::Changed => problem.with_remedy(Remedy::Retry),
        _ => problem.with_remedy(Remedy::ChooseAnother),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_setting_that_cannot_be_used_is_blamed() {
        let told = |part| {
            let reason = "relative URL without a base".to_owned();
            let problem = of_fetch(&FetchError::Client { part, reason }, Source::Factory);
            (problem.code, problem.params.get("setting").cloned())
        };
        let setting = |name: &str| (ErrorCode::Setting, Some(name.to_owned()));
        assert_eq!(told(ClientPart::Proxy), setting("proxy"));
        assert_eq!(told(ClientPart::Certificates), setting("extra_ca"));
        assert_eq!(told(ClientPart::Other), (ErrorCode::Internal, None));
    }
}
