//! Why the factory did not give a file: its refusal in terms of a person's answers.
//!
//! A 400 or 404 says it in words. A 500 never does: then the lists of the version are asked for,
//! and only when nothing there explains it, the factory itself is to blame.

use crate::Engine;
use crete_factory::{Blamed, Offered, blamed, suspect};
use crete_model::{ErrorCode, Problem, Remedy, Schematic, TalosVersion, params};

impl Engine {
    /// The same problem, or one that names the answer it is about.
    pub(crate) async fn explain(
        &self,
        problem: Problem,
        recipe: &Schematic,
        version: &TalosVersion,
    ) -> Problem {
        let param = |name: &str| problem.params.get(name).cloned().unwrap_or_default();
        let (status, text) = (param("status"), param("text"));
        let found = match (problem.code, status.as_str()) {
            (ErrorCode::FactoryRefused, "400" | "404") => blamed(&text),
            (ErrorCode::FactoryRefused, "500") => {
                let offered = self.offered(version).await;
                match suspect(recipe, version, &offered) {
                    None => return internal(problem, self.factory_url().ok()),
                    found => found,
                }
            }
            _ => None,
        };
        match found {
            Some(found) => named(problem, found, recipe, version),
            None => problem,
        }
    }

    /// What the factory has of a version now. What it does not tell is not known.
    async fn offered(&self, version: &TalosVersion) -> Offered {
        let Ok(client) = self.factory() else {
            return Offered::default();
        };
        let (versions, extensions, overlays) = tokio::join!(
            client.versions(),
            client.extensions(version),
            client.overlays(version)
        );
        let names = |list: Vec<crete_model::Extension>| list.into_iter().map(|one| one.name);
        Offered {
            versions: versions.ok(),
            extensions: extensions.ok().map(|list| names(list).collect()),
            overlays: overlays.ok(),
        }
    }
}

fn named(was: Problem, found: Blamed, recipe: &Schematic, version: &TalosVersion) -> Problem {
    let text = was.params.get("text").cloned().unwrap_or_default();
    let overlay = recipe.overlay.as_ref().map(|overlay| overlay.name.clone());
    let (code, params) = match found {
        Blamed::Extension(name) => (
            ErrorCode::ExtensionNotThere,
            params! { "name" => name, "version" => version },
        ),
        Blamed::Overlay => (
            ErrorCode::OverlayNotThere,
            params! { "name" => overlay.unwrap_or_default(), "version" => version },
        ),
        Blamed::Version => (ErrorCode::VersionNotThere, params! { "version" => version }),
        Blamed::Field(field) => (
            ErrorCode::AnswerRefused,
            params! { "field" => field, "text" => text },
        ),
    };
    let problem = Problem::new(code, params).with_remedy(Remedy::Retry);
    match was.detail {
        Some(words) => problem.with_detail(words),
        None => problem,
    }
}

/// Everything that was asked for is there, and still it fails.
fn internal(was: Problem, factory: Option<url::Url>) -> Problem {
    let host = factory.and_then(|url| url.host_str().map(str::to_owned));
    let params = params! { "host" => host.unwrap_or_default() };
    let problem = Problem::new(ErrorCode::FactoryInternal, params).with_remedy(Remedy::Retry);
    match was.detail {
        Some(words) => problem.with_detail(words),
        None => problem,
    }
}
