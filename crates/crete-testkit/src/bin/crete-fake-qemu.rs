//! The fake QEMU as a program. Link it under QEMU's name into a folder that comes first on the
//! search path; a `script.json` beside the link says how it behaves.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    ExitCode::from(crete_testkit::qemu::run(std::env::args().collect()).await)
}
