//! What speaking to nodes costs: a call beside the same bytes over HTTP/2 by hand, and the engine that
//! watches twenty nodes. The nodes are practice ones in a process of their own, so that only our side
//! counts. Prints its figures as JSON.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark that cannot go on should end loudly"
)]

mod calls;
mod nodes;
mod raw;
#[path = "../../../../crates/crete-engine/tests/support/mod.rs"]
mod support;
mod watching;

use serde_json::Value;

/// How many nodes are watched at once.
const NODES: u8 = 20;

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut args = std::env::args().skip(1);
    if args.next().as_deref() == Some("nodes") {
        let count = args.next().and_then(|count| count.parse().ok());
        return runtime.block_on(nodes::play(count.expect("how many nodes")));
    }
    let figures = runtime.block_on(async {
        let others = nodes::Others::start(NODES).await;
        let mut figures = calls::measure(others.addresses[0]).await;
        figures.extend(watching::measure(&others.addresses).await);
        drop(others);
        figures
    });
    println!("{}", Value::Array(figures));
}
