//! The process of one network.
//!
//! It holds no state worth keeping: whoever drives it may end it at any time and start another,
//! which dials the machines again.

use crete_net::{Config, Host, Instant, NetError, Network, Surroundings};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

const HELP: &str = "crete-net --config FILE [--socket PATH]";

/// What the command line asks for.
struct Options {
    config: PathBuf,
    socket: Option<PathBuf>,
}

/// How the C library is to deal with memory: what is as long as a connection's buffer is the kernel's
/// again when it is freed, and nothing is taken from it in advance. By itself the library learns to
/// keep what was freed once: after a rush of connections that is all they had, and buffers made of
/// it are filled with zeros whether they are used or not.
const GIVES_BACK: [(&str, &str); 2] =
    [("MALLOC_MMAP_THRESHOLD_", "8192"), ("MALLOC_TOP_PAD_", "0")];

/// Has the C library give memory back, which it takes note of only at the beginning: the program
/// begins again, as the same process.
fn begin_again() {
    let is_said = |(name, _): &(&str, &str)| std::env::var_os(name).is_some();
    if GIVES_BACK.iter().all(is_said) {
        return;
    }
    if let Ok(program) = std::env::current_exe() {
        let mut again = Command::new(program);
        let mut words = std::env::args_os();
        if let Some(own) = words.next() {
            // It stays known under the name it was started by.
            again.arg0(own);
        }
        again.args(words).envs(GIVES_BACK);
        // It returns only when it failed, and then things go on as they are.
        let _ = again.exec();
    }
}

fn main() -> ExitCode {
    begin_again();
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
