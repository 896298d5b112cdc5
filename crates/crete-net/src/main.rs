//! The process of one network.
//!
//! It holds no state worth keeping: whoever drives it may end it at any time and start another,
//! which dials the machines again.

use crete_net::{Config, Host, Instant, NetError, Network, Surroundings};
use std::path::PathBuf;
use std::process::ExitCode;

const HELP: &str = "crete-net --config FILE";

fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_env_filter(tracing_subscriber::EnvFilter::from_env("CRETE_LOG"))
        .init();
    let Some(config) = config_path(std::env::args().skip(1)) else {
        eprintln!("{HELP}");
        return ExitCode::FAILURE;
    };
    match run(&config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn config_path(mut args: impl Iterator<Item = String>) -> Option<PathBuf> {
    match (args.next().as_deref(), args.next(), args.next()) {
        (Some("--config"), Some(path), None) => Some(path.into()),
        _ => None,
    }
}

fn run(config: &std::path::Path) -> Result<(), NetError> {
    let config = Config::read(config)?;
    let started = std::time::Instant::now();
    let clock = || {
        let passed = started.elapsed().as_micros();
        Instant::from_micros(i64::try_from(passed).unwrap_or(i64::MAX))
    };
    // The first number is asked for here, so that a kernel without any is an error and not a guess.
    crete_net::random()?;
    let surroundings = Surroundings {
        outside: Box::new(Host::new("/etc/resolv.conf".into())),
        random: Box::new(|| crete_net::random().unwrap_or_default()),
        wall_clock: Box::new(|| {
            std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .unwrap_or_default()
        }),
    };
    let mut network = Network::new(&config, surroundings, clock())?;
    loop {
        network.turn(None, clock)?;
    }
}
