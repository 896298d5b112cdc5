//! The API on port 50000: TLS as the node's state wants it, HTTP/2, and a gate before every call.
//!
//! ```text
//! serving (nothing, maintenance, cluster) ─▶ listener ─▶ TLS ─▶ gate (roles) ─▶ services
//! ```
//!
//! While there is nothing to serve nobody listens: real nodes refuse then.

mod access;
mod apply;
mod conversation;
mod etcd;
mod gate;
mod images;
mod machine;
mod numbers;
mod other;
mod power;
mod roles;
mod state;
mod streams;
mod tls;

pub(crate) use conversation::Owned;
pub(crate) use tls::{Clients, Serving, Tls};

use crate::boot::Boot;
use crate::network::Listener;
use conversation::converse;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Where nodes answer.
const PORT: u16 = 50_000;
/// How long a node that stops lets calls come to their end.
const GRACE: Duration = Duration::from_secs(5);

/// Serves whatever there is to serve, for as long as the boot lasts.
pub(crate) async fn run(boot: Arc<Boot>) {
    let mut serving = boot.serving.subscribe();
    loop {
        // The sender is in the boot.
        let Ok(now) = serving
            .wait_for(Option::is_some)
            .await
            .map(|now| now.clone())
        else {
            return;
        };
        let Some(now) = now else {
            continue;
        };
        let listener = boot.listen(PORT).await;
        serve(&boot, listener, &mut serving, now.maintenance).await;
    }
}

/// Serves until there is nothing or something else to serve.
async fn serve(
    boot: &Arc<Boot>,
    mut listener: Box<dyn Listener>,
    serving: &mut watch::Receiver<Option<Arc<Serving>>>,
    maintenance: bool,
) {
    let ends = CancellationToken::new();
    let _ended = ends.clone().drop_guard();
    let mut conversations = JoinSet::new();
    loop {
        let current = serving.borrow_and_update().clone();
        let Some(current) = current.filter(|one| one.maintenance == maintenance) else {
            break;
        };
        tokio::select! {
            accepted = listener.accept() => if let Ok(connection) = accepted {
                let talk = converse(Arc::clone(boot), current, connection, ends.child_token());
                conversations.spawn(talk);
            },
            Some(_) = conversations.join_next() => {}
            // The sender is in the boot.
            _ = serving.changed() => {}
        }
    }
    drop(listener);
    ends.cancel();
    let grace = boot.machine.pace.of(GRACE);
    let ending = async { while conversations.join_next().await.is_some() {} };
    // What has not ended then is cut off.
    let _ = timeout(grace, ending).await;
    conversations.shutdown().await;
}
