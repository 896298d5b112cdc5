//! Prints the page's types, or with `keys` the keys of configurations by minor version of Talos.
//! `cargo xtask types` keeps both in the page's sources.

use std::collections::BTreeMap;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    if std::env::args().nth(1).as_deref() != Some("keys") {
        print!("{}", crete_api::typescript());
        return Ok(());
    }
    let mut all = BTreeMap::new();
    for minor in ["1.10", "1.11", "1.12", "1.13", "1.14"] {
        let version = format!("{minor}.0").parse()?;
        all.insert(minor, crete_engine::config_keys(&version));
    }
    println!("{}", serde_json::to_string(&all)?);
    Ok(())
}
