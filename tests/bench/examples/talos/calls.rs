//! What a call adds to the round trip of its bytes.

use crate::nodes::{admin, target};
use crate::raw::Raw;
use crete_talos::api::wire::cosi::resource::ListRequest;
use crete_talos::api::{Node, Trust, kinds};
use prost::Message as _;
use serde_json::{Value, json};
use std::future::Future;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Rounds of one call, each beside its rival.
const ROUNDS: usize = 500;
/// Rounds before, which open connections and warm caches.
const BEFORE: usize = 50;

/// What both sides of a call took, in milliseconds.
struct Beside {
    ours: f64,
    raw: f64,
}

async fn timed<T>(work: impl Future<Output = T>) -> Duration {
    let begun = Instant::now();
    work.await;
    begun.elapsed()
}

fn median(times: &mut [Duration]) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1e3
}

/// Measures a call beside its bytes, turn by turn, so that both have the same luck.
async fn beside<T, Fut>(
    raw: &mut Raw,
    method: &str,
    message: &[u8],
    mut call: impl FnMut() -> Fut,
) -> Beside
where
    Fut: Future<Output = T>,
{
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..BEFORE + ROUNDS {
        let one = timed(call()).await;
        let other = timed(raw.call(method, message)).await;
        if round >= BEFORE {
            ours.push(one);
            theirs.push(other);
        }
    }
    Beside {
        ours: median(&mut ours),
        raw: median(&mut theirs),
    }
}

/// The figures of calls to a node.
pub async fn measure(address: IpAddr) -> Vec<Value> {
    let trust = admin();
    let node = Node::new(&target(address), &Trust::Cluster(trust.clone())).unwrap();
    let mut raw = Raw::connect(address, &trust).await;
    let listing = ListRequest {
        namespace: kinds::ADDRESSES.namespace.to_owned(),
        r#type: kinds::ADDRESSES.name.to_owned(),
        options: None,
    };
    let listing = listing.encode_to_vec();
    let of = "/machine.MachineService";
    let named = [
        (
            "Version",
            beside(&mut raw, &format!("{of}/Version"), &[], || async {
                node.version().await.unwrap()
            })
            .await,
        ),
        (
            "ServiceList",
            beside(&mut raw, &format!("{of}/ServiceList"), &[], || async {
                node.services().await.unwrap()
            })
            .await,
        ),
        (
            "Processes",
            beside(&mut raw, &format!("{of}/Processes"), &[], || async {
                node.processes().await.unwrap()
            })
            .await,
        ),
        (
            "List of addresses",
            beside(&mut raw, "/cosi.resource.State/List", &listing, || async {
                node.list(kinds::ADDRESSES).all().await.unwrap()
            })
            .await,
        ),
    ];
    let most = named
        .iter()
        .map(|(_, one)| one.ours - one.raw)
        .fold(f64::MIN, f64::max);
    let calls = named.iter().map(|(name, one)| {
        json!({
            "name": format!("a node's {name}"),
            "unit": "ms",
            "value": one.ours,
            "rival": { "name": "HTTP/2 by hand", "value": one.raw },
        })
    });
    let added = json!({
        "name": "what a call to a node adds to the raw round trip, at most",
        "unit": "ms",
        "value": most.max(0.0),
        "goal": { "most": 1.0 },
    });
    std::iter::once(added).chain(calls).collect()
}
