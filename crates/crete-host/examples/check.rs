//! Prints what Crete finds out about this computer.

use crete_host::{Checks, Limits, ThisComputer};
use std::path::Path;
use std::sync::Arc;

#[tokio::main]
async fn main() -> Result<(), serde_json::Error> {
    let read = |name: &str| std::env::var(name).ok();
    let computer = ThisComputer::new(
        &read("PATH").unwrap_or_default(),
        read("USER").unwrap_or_default(),
    )
    .with_variables(read);
    let checks = Checks::new(Arc::new(computer), Limits::default());
    let report = checks.run(Path::new("/"), "now").await;
    println!("{}", serde_json::to_string_pretty(&report)?);
    Ok(())
}
