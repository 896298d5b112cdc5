//! One program for all targets of `crete_net::fuzz`; `CRETE_FUZZ` names the one that runs.
#![no_main]

use crete_net::fuzz::TARGETS;
use libfuzzer_sys::fuzz_target;
use std::sync::OnceLock;

static TARGET: OnceLock<fn(&[u8])> = OnceLock::new();

fn target() -> fn(&[u8]) {
    let wanted = std::env::var("CRETE_FUZZ").unwrap_or_default();
    let known = TARGETS.iter().find(|(name, _)| *name == wanted);
    known.map_or_else(
        || panic!("CRETE_FUZZ names no target: {wanted:?}"),
        |(_, run)| *run,
    )
}

fuzz_target!(|data: &[u8]| TARGET.get_or_init(target)(data));
