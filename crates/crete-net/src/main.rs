//! The process of one network.
//!
//! It holds no state worth keeping: whoever drives it may end it at any time and start another,
//! which dials the machines again.

use crete_net::{Config, Host, Instant, NetError, Network, Surroundings};
use std::path::PathBuf;
use std::process::ExitCode;

const HELP: &str = "crete-net --config FILE [--socket PATH]";

/// What the command line asks for.
struct Options {
    config: PathBuf,
    socket: Option<PathBuf>,
}

fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_env_filter(tracing_subscriber::EnvFilter::from_env("CRETE_LOG"))
        .init();
    let Some(options) = options(std::env::args().skip(1)) else {
        eprintln!("{HELP}");
        return ExitCode::FAILURE;
    };
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn options(mut args: impl Iterator<Item = String>) -> Option<Options> {
    let (mut config, mut socket) = (None, None);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--config" => config = Some(args.next()?.into()),
            "--socket" => socket = Some(args.next()?.into()),
            _ => return None,
        }
    }
    Some(Options {
        config: config?,
        socket,
    })
}

/// Every connection is a descriptor, and the usual limit is for programs that have few.
fn raise_descriptor_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    // Without it there are fewer connections, which is no reason not to begin.
    let _ = setrlimit(Resource::Nofile, raised);
}

fn run(options: &Options) -> Result<(), NetError> {
    raise_descriptor_limit();
    let config = Config::read(&options.config)?;
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
    if let Some(socket) = &options.socket {
        network.listen(socket, std::process::id())?;
    }
    while !network.ends() {
        network.turn(None, clock)?;
    }
    Ok(())
}
