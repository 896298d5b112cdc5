//! The only entry point for people and CI: `cargo xtask run | test | demo | bench | soak`.

mod bench;
mod bench_net;
mod demo;
mod driven;
mod fuzz;
mod page;
mod practice;
mod programs;
mod qemus;
mod run;
mod setup;
mod shell;
mod soak;
mod suites;
mod window;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask run [--practice]   set up what is missing, build, and open the window
                               (without a display: the same page on a printed address)
cargo xtask test [SUITE ...]   everything CI checks, or only the named suites:
                               fmt clippy rust types page e2e vm window
cargo xtask demo               the main job by itself, in the real window, with pictures
cargo xtask bench [PART ...]   measure everything beside its rival, or only the named parts, and
                               write the figures as JSON and as a table:
                               parts start memory idle download serial console clusters typing run talos
                               sizes
cargo xtask bench net [--seconds N] [--qemu PROGRAM]
                               measure the network, without machines and with, beside others
cargo xtask soak [--seed N] [--points N] [--cycles N] [--round N]
                               kill the program at its own steps and look whether anything is
                               lost: 200 points and 100 start/stop cycles, of a new seed;
                               the seed and the round of a failure give it again
cargo xtask fuzz [TARGET] [SECONDS]
                               say to the networks' readers what nobody would, guided by what
                               that leads to: every target, a minute each, or only the named one
cargo xtask practice           build what practice mode needs
cargo xtask types              write the page's types from the Rust ones
cargo xtask help               this text
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let rest = args.get(1..).unwrap_or_default();
    let done = match args.first().map(String::as_str) {
        Some("run") => run::run(rest),
        Some("test") => suites::test(rest),
        Some("demo") => demo::demo(),
        Some("bench") if rest.first().is_some_and(|part| part == "net") => {
            bench_net::bench(&rest[1..])
        }
        Some("bench") => bench::bench(rest),
        Some("soak") => soak::soak(rest),
        Some("fuzz") => fuzz::fuzz(rest),
        Some("types") => suites::write_types(),
        Some("practice") => programs::build().and_then(|()| practice::build()),
        Some("help" | "--help" | "-h") | None => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Some(other) => {
            eprintln!("there is no command {other}\n\n{HELP}");
            return ExitCode::FAILURE;
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
