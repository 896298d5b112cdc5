//! The factory's lists, remembered: shown with their age when the factory is away.

use crate::Engine;
use crate::error::Result;
use crate::store;
use crete_factory::{Client, FactoryError};
use crete_model::{Extension, Problem, TalosVersion, VersionGroups};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Age up to which the versions are fresh. The factory itself reads them every 15 minutes.
const VERSIONS_FRESH: Duration = Duration::from_secs(15 * 60);
/// The extensions of a released version hardly ever change.
const EXTENSIONS_FRESH: Duration = Duration::from_secs(24 * 60 * 60);

/// A list, and how old it is.
#[derive(Debug, Clone)]
pub struct Aged<T> {
    /// The list.
    pub list: T,
    /// RFC 3339: when the factory gave it.
    pub fetched_at: String,
    /// Why a newer one could not be had.
    pub stale: Option<Problem>,
    /// The factory's host.
    pub host: String,
}

/// A list as it is kept, with the factory it came from.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept<T> {
    schema_version: u32,
    factory: String,
    fetched_at: jiff::Timestamp,
    list: T,
}

impl Engine {
    /// The factory's Talos versions, grouped.
    ///
    /// # Errors
    /// When the factory cannot be asked and no list is remembered.
    pub async fn versions(&self, refresh: bool) -> Result<Aged<VersionGroups>> {
        let client = self.factory()?;
        let ask = async { client.versions().await };
        let path = self.roots.versions();
        let aged = self
            .remembered(&client, &path, VERSIONS_FRESH, refresh, ask)
            .await?;
        Ok(Aged {
            list: crete_factory::group_versions(aged.list),
            fetched_at: aged.fetched_at,
            stale: aged.stale,
            host: aged.host,
        })
    }

    /// The system extensions of a version.
    ///
    /// # Errors
    /// When the factory cannot be asked and no list is remembered.
    pub async fn extensions(
        &self,
        version: &TalosVersion,
        refresh: bool,
    ) -> Result<Aged<Vec<Extension>>> {
        let client = self.factory()?;
        let ask = async { client.extensions(version).await };
        let path = self.extensions_path(version);
        self.remembered(&client, &path, EXTENSIONS_FRESH, refresh, ask)
            .await
    }

    /// What is remembered of the versions, whatever its age. Sends nothing.
    pub(crate) fn known_versions(&self) -> Option<Vec<TalosVersion>> {
        self.kept(&self.roots.versions()).map(|kept| kept.list)
    }

    /// What is remembered of a version's extensions, whatever its age. Sends nothing.
    pub(crate) fn known_extensions(&self, version: &TalosVersion) -> Option<Vec<Extension>> {
        self.kept(&self.extensions_path(version))
            .map(|kept| kept.list)
    }

    fn extensions_path(&self, version: &TalosVersion) -> PathBuf {
        self.roots
            .catalogue()
            .join(format!("extensions-{version}.json"))
    }

    fn kept<T: DeserializeOwned>(&self, path: &Path) -> Option<Kept<T>> {
        // A kept list that does not parse is only a cache: it is fetched anew.
        let kept: Option<Kept<T>> = store::read_if_there(path).ok().flatten();
        kept.filter(|kept| kept.factory == self.factory_base())
    }

    /// Gives the kept list when it is fresh, a new one otherwise, and the old one with the reason
    /// when no new one can be had.
    async fn remembered<T>(
        &self,
        client: &Client,
        path: &Path,
        fresh: Duration,
        refresh: bool,
        ask: impl Future<Output = std::result::Result<T, FactoryError>>,
    ) -> Result<Aged<T>>
    where
        T: Serialize + DeserializeOwned,
    {
        let kept = self.kept(path);
        let now = self.clock.now();
        let answer = |kept: Kept<T>, stale| Aged {
            list: kept.list,
            fetched_at: format!("{:.3}", kept.fetched_at),
            stale,
            host: client.host(),
        };
        let is_fresh = |kept: &Kept<T>| {
            Duration::try_from(now.duration_since(kept.fetched_at)).is_ok_and(|age| age < fresh)
        };
        match kept {
            Some(kept) if !refresh && is_fresh(&kept) => Ok(answer(kept, None)),
            kept => match ask.await {
                Ok(list) => {
                    let new = Kept {
                        schema_version: 1,
                        factory: self.factory_base(),
                        fetched_at: now,
                        list,
                    };
                    store::write(path, &new)?;
                    Ok(answer(new, None))
                }
                Err(error) => match kept {
                    Some(kept) => Ok(answer(kept, Some(error.problem()))),
                    None => Err(error.problem().into()),
                },
            },
        }
    }
}
