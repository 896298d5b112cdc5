//! A systemd scope of its own for a process.
//!
//! A desktop may put a program and everything it starts into one control group, and end the group
//! as a whole: by a session of its own alone a machine would not survive that. Where a systemd of
//! this person is on the bus it is asked for a transient scope; where there is none, the session
//! has to do.

use futures_util::StreamExt;
use std::io;
use std::time::Duration;
use zbus::Proxy;
use zbus::proxy::{Builder as ProxyBuilder, CacheProperties, MethodFlags};
use zbus::zvariant::{OwnedObjectPath, Value};

const SERVICE: &str = "org.freedesktop.systemd1";
const PATH: &str = "/org/freedesktop/systemd1";
const MANAGER: &str = "org.freedesktop.systemd1.Manager";
/// A systemd that answers does so in milliseconds; the machine waits for it.
const WITHIN: Duration = Duration::from_secs(3);

/// Why a process has no scope of its own.
#[derive(Debug, thiserror::Error)]
pub enum ScopeError {
    /// The bus or systemd refused, or is not there.
    #[error("{unit}: {source}")]
    Bus {
        /// The scope wanted.
        unit: String,
        /// Why.
        source: zbus::Error,
    },
    /// systemd did not answer in time.
    #[error("{unit}: no answer within {seconds} s")]
    Silent {
        /// The scope wanted.
        unit: String,
        /// How long was waited.
        seconds: u64,
    },
    /// systemd could not carry it out.
    #[error("{unit}: {result}")]
    Failed {
        /// The scope wanted.
        unit: String,
        /// systemd's word for it.
        result: String,
    },
}

/// Moves a process into a scope of its own, called `unit` (which ends in `.scope`).
///
/// # Errors
/// When there is no systemd on the bus at `address`, or it does not do it. The process stays where
/// it was then.
pub async fn enter(
    address: &str,
    unit: &str,
    description: &str,
    pid: u32,
) -> Result<(), ScopeError> {
    let entering = async {
        let result = ask(address, unit, description, pid).await;
        result.map_err(|source| ScopeError::Bus {
            unit: unit.to_owned(),
            source,
        })
    };
    match tokio::time::timeout(WITHIN, entering).await {
        Ok(Ok(result)) if result == "done" => Ok(()),
        Ok(Ok(result)) => Err(ScopeError::Failed {
            unit: unit.to_owned(),
            result,
        }),
        Ok(Err(error)) => Err(error),
        Err(_) => Err(ScopeError::Silent {
            unit: unit.to_owned(),
            seconds: WITHIN.as_secs(),
        }),
    }
}

/// Asks, and waits for what came of it.
async fn ask(address: &str, unit: &str, description: &str, pid: u32) -> zbus::Result<String> {
    let bus = zbus::connection::Builder::address(address)?.build().await?;
    let manager: Proxy<'_> = ProxyBuilder::new(&bus)
        .destination(SERVICE)?
        .path(PATH)?
        .interface(MANAGER)?
        .cache_properties(CacheProperties::No)
        .build()
        .await?;
    // Listened for before the question, so that the answer cannot come too early.
    let mut removed = manager.receive_signal("JobRemoved").await?;
    // Without a subscriber systemd sends no signals. Nobody is started to answer: a bus without a
    // systemd is an ordinary case, and is to be told at once.
    let flags = MethodFlags::NoAutoStart.into();
    let _: Option<()> = manager.call_with_flags("Subscribe", flags, &()).await?;
    let properties: [(&str, Value<'_>); 4] = [
        ("Description", description.into()),
        ("Slice", "app.slice".into()),
        // Nothing of it is left once the machine has ended, whatever the end was.
        ("CollectMode", "inactive-or-failed".into()),
        ("PIDs", vec![pid].into()),
    ];
    let auxiliary: [(&str, Vec<(&str, Value<'_>)>); 0] = [];
    let question = (unit, "fail", &properties[..], &auxiliary[..]);
    let job: Option<OwnedObjectPath> = manager
        .call_with_flags("StartTransientUnit", flags, &question)
        .await?;
    while let Some(message) = removed.next().await {
        let body = message.body();
        let told: (u32, OwnedObjectPath, String, String) = body.deserialize()?;
        let (_, done, _, result) = told;
        if Some(done) == job {
            return Ok(result);
        }
    }
    let gone = io::Error::from(io::ErrorKind::ConnectionReset);
    Err(zbus::Error::InputOutput(gone.into()))
}
