//! The factory's versions, remembered: the list is shown with its age when the factory is away.

use crate::clock::Clock;
use crate::error::Result;
use crate::paths::Roots;
use crate::store;
use crete_factory::Client;
use crete_model::{Problem, TalosVersion, VersionGroups};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// Age up to which a list is fresh. The factory itself reads its versions every 15 minutes.
const FRESH: Duration = Duration::from_secs(15 * 60);

/// Versions as the page gets them.
#[derive(Debug, Clone)]
pub struct VersionList {
    /// Grouped.
    pub groups: VersionGroups,
    /// RFC 3339: when the factory gave this list.
    pub fetched_at: String,
    /// Why a newer list could not be had.
    pub stale: Option<Problem>,
    /// The factory's host.
    pub host: String,
}

/// The list as it is kept, with the factory it came from.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    schema_version: u32,
    factory: String,
    fetched_at: jiff::Timestamp,
    versions: Vec<TalosVersion>,
}

/// Gives the versions: the kept list when it is fresh, a new one otherwise, and the old one with
/// the reason when no new one can be had.
pub(crate) async fn versions(
    roots: &Roots,
    clock: &Arc<dyn Clock>,
    client: &Client,
    factory: &str,
    refresh: bool,
) -> Result<VersionList> {
    // A kept list that does not parse is only a cache: it is fetched anew.
    let kept: Option<Kept> = store::read_if_there(&roots.versions()).ok().flatten();
    let kept = kept.filter(|kept| kept.factory == factory);
    let now = clock.now();
    let answer = |kept: Kept, stale| VersionList {
        groups: crete_factory::group_versions(kept.versions),
        fetched_at: format!("{:.3}", kept.fetched_at),
        stale,
        host: client.host(),
    };
    if let Some(kept) = kept.clone() {
        let age = Duration::try_from(now.duration_since(kept.fetched_at)).unwrap_or(FRESH);
        if !refresh && age < FRESH {
            return Ok(answer(kept, None));
        }
    }
    match client.versions().await {
        Ok(versions) => {
            let new = Kept {
                schema_version: 1,
                factory: factory.to_owned(),
                fetched_at: now,
                versions,
            };
            store::write(&roots.versions(), &new)?;
            Ok(answer(new, None))
        }
        Err(error) => match kept {
            Some(kept) => Ok(answer(kept, Some(error.problem()))),
            None => Err(error.problem().into()),
        },
    }
}
