//! The practice Image Factory as a program. It ends when its standard input is closed, so that
//! it never outlives the program that started it.
#![allow(
    clippy::unwrap_used,
    reason = "a fake that cannot go on should end loudly"
)]

use crete_testkit::factory::{Options, PracticeFactory};
use std::time::Duration;

const HELP: &str = "crete-practice-factory --images DIR [--port N] [--build-seconds S] \
    [--bytes-per-second N]";

fn options() -> Result<Options, String> {
    // A short build, so that people see what a real factory's silence looks like.
    let mut options = Options {
        build_time: Duration::from_secs(2),
        ..Options::default()
    };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let value = args
            .next()
            .ok_or_else(|| format!("{arg} needs a value\n{HELP}"))?;
        let number = || {
            value
                .parse()
                .map_err(|_| format!("{arg}: {value:?} is no number"))
        };
        match arg.as_str() {
            "--images" => options.images = Some(value.into()),
            "--port" => options.port = value.parse().map_err(|_| format!("--port: {value:?}"))?,
            "--build-seconds" => options.build_time = Duration::from_secs(number()?),
            "--bytes-per-second" => options.bytes_per_second = number()?,
            other => return Err(format!("unknown option {other}\n{HELP}")),
        }
    }
    Ok(options)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let factory = PracticeFactory::start(options()?).await?;
    println!("practice factory listening on {}", factory.url);
    // Reading standard input blocks, so it gets a thread of its own.
    let closed = || std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
    tokio::task::spawn_blocking(closed).await??;
    Ok(())
}
