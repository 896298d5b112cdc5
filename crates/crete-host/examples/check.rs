//! Prints what Crete finds out about this computer.

use crete_host::{ThisComputer, check};
use std::path::Path;

#[tokio::main]
async fn main() -> Result<(), serde_json::Error> {
    let path = std::env::var("PATH").unwrap_or_default();
    let user = std::env::var("USER").unwrap_or_default();
    let report = check(&ThisComputer::new(&path, user), Path::new("/"), "now").await;
    println!("{}", serde_json::to_string_pretty(&report)?);
    Ok(())
}
