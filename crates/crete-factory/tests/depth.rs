//! Input that is deeper than any schematic ends in a refusal, never in the program's end.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use crete_factory::schematic::{check_yaml, parse, parse_options};

#[test]
fn deep_input_is_refused() {
    let deep = 60_000;
    let flow = format!(
        "overlay: {{options: {{a: {}{}}}}}",
        "[".repeat(deep),
        "]".repeat(deep)
    );
    assert!(parse(&flow).is_err());
    assert!(parse_options(&format!("a: {}{}", "[".repeat(deep), "]".repeat(deep))).is_err());
    let block = format!("overlay:\n options:\n  {}x", "- ".repeat(deep));
    assert!(parse(&block).is_err());
    // Only looked at, not built: whatever it says, it comes back.
    let _ = check_yaml(&block);
}
