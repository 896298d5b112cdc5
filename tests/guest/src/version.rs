//! What the guest says it is.

/// The behaviour played, with the suffix by which every reader can tell that it is played.
pub const TAG: &str = "v1.13.9-practice";
/// Said once, early, on the console.
pub const BANNER: &str =
    "this is the practice guest of Crete: it prints and answers as a Talos node does, and is none";
