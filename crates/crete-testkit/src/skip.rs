//! Tests that need what a computer may lack.

/// Says that a test is skipped and why; where everything must be there (`CI`), that is a failure.
///
/// # Panics
/// When `CI` is set.
pub fn skip(test: &str, reason: &str) {
    let line = format!("SKIPPED {test}: {reason}");
    assert!(std::env::var_os("CI").is_none(), "{line}");
    // Around the capture of the test harness, so that it is seen.
    use std::io::Write;
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
