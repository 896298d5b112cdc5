//! `cargo xtask bench net`: how fast a network is, without guests and with real QEMU machines, beside
//! the other ways to connect them. Everything in one run, on one computer, in network namespaces of
//! the bench's own.

mod figures;
mod guest;
mod ways;

use crate::qemus;
use crate::setup::{self, Purpose};
use crate::shell::{cargo, output, run, step, target};
use anyhow::{Context, Result, bail};
use figures::{Figures, table};
use guest::{Image, Machine, Owned};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use ways::{FORWARD, HOST_PORT, MACHINE_PORT, Rig, Way};

/// Said by the bench to itself: everything is built, and this is the namespace.
const INSIDE: &str = "--inside";

/// What is asked for.
struct Options {
    /// How long each measurement runs.
    seconds: u64,
    /// The QEMUs to measure with.
    qemus: Vec<String>,
}

fn options(args: &[String]) -> Result<Options> {
    let mut options = Options {
        seconds: 5,
        qemus: Vec::new(),
    };
    for pair in args.chunks(2) {
        let value = pair
            .get(1)
            .with_context(|| format!("{} needs a value", pair[0]))?;
        match pair[0].as_str() {
            "--seconds" => options.seconds = value.parse()?,
            "--qemu" => options.qemus.push(value.clone()),
            other => bail!("bench net has no option {other}"),
        }
    }
    Ok(options)
}

/// Measures and prints the table.
pub fn bench(args: &[String]) -> Result<()> {
    if let Some((INSIDE, rest)) = args
        .split_first()
        .map(|(first, rest)| (first.as_str(), rest))
    {
        return inside(&options(rest)?);
    }
    let mut options = options(args)?;
    setup::ensure(&[Purpose::Compiler, Purpose::Machines, Purpose::Tests])?;
    step("Building the network", || {
        run(&mut cargo(&[
            "build",
            "--release",
            "--package",
            "crete-net",
            "--bins",
            "--example",
            "bench_net",
        ]))
    })?;
    step("Making the machines", Image::make)?;
    if options.qemus.is_empty() {
        options.qemus = qemus::list().split(':').map(str::to_owned).collect();
    }
    let mut alone = Command::new("unshare");
    alone
        .args(["--user", "--map-root-user", "--net"])
        .arg(std::env::current_exe()?)
        .args([
            "bench",
            "net",
            INSIDE,
            "--seconds",
            &options.seconds.to_string(),
        ]);
    for qemu in &options.qemus {
        alone.args(["--qemu", qemu]);
    }
    run(&mut alone)
}

/// The namespace's own loopback, and a wire that looks like a way out.
fn prepare() -> Result<()> {
    for words in [
        "link set lo up",
        "link set lo multicast on",
        "link add wire type veth peer name nowhere",
        "addr add 198.51.100.1/24 dev wire",
        "link set wire up",
        "link set nowhere up",
        "route add default via 198.51.100.2",
        "route add 230.0.0.0/8 dev lo",
    ] {
        run(Command::new("ip").args(words.split_whitespace()))?;
    }
    Ok(())
}

fn inside(options: &Options) -> Result<()> {
    prepare()?;
    let image = Image::make()?;
    let seconds = options.seconds.to_string();
    let program = target().join("release/examples/bench_net");
    let text = output(Command::new(&program).args(["--seconds", &seconds]))?;
    println!("\nWithout guests, everything on one core\n{text}");
    let mut server = image.tool("iperf3");
    server.args(["-s", "-B", "127.0.0.1", "-p", &HOST_PORT.to_string()]);
    let _server = Owned::spawn(&mut server)?;
    for qemu in &options.qemus {
        let version = output(Command::new(qemu).arg("--version"))?;
        let mut columns = Vec::new();
        for way in Way::ALL {
            let figures = match measure(way, &image, qemu, options.seconds) {
                Ok(figures) => figures,
                Err(error) => {
                    println!("{}: {error:#}", way.name());
                    Figures::default()
                }
            };
            columns.push((way.name(), figures));
        }
        let first = version.lines().next().unwrap_or_default();
        println!(
            "\n{first}, emulated, one processor each\n{}",
            table(&columns)
        );
    }
    Ok(())
}

/// Everything that can be measured of one way.
fn measure(way: Way, image: &Image, qemu: &str, seconds: u64) -> Result<Figures> {
    let crete_net = target().join("release/crete-net");
    let mut rig = step(&format!("Starting machines on {}", way.name()), || {
        way.set_up(image, qemu, &crete_net)
    })?;
    let mut figures = Figures::default();
    for machine in &mut rig.machines {
        machine.run(&format!("iperf3 -s -D -p {MACHINE_PORT}"))?;
    }
    if way.is_segment() {
        let to = way.neighbour();
        let flow = format!("iperf3 -c {to} -p {MACHINE_PORT} -f m -t {seconds}");
        flow_of(
            &mut rig,
            &mut figures,
            "machine to machine",
            seconds,
            |rig| rig.machines[0].run(&flow),
        )?;
        let small = format!("{flow} -u -b 0 -l 64");
        figures.packets("machine to machine", &rig.machines[0].run(&small)?, seconds)?;
        figures.ping("machine", &ping(&mut rig.machines[0], to)?)?;
    }
    if let Some(host) = rig.host {
        let flow = format!("iperf3 -c {host} -p {HOST_PORT} -f m -t {seconds}");
        flow_of(&mut rig, &mut figures, "machine to host", seconds, |rig| {
            rig.machines[0].run(&flow)
        })?;
        if way.has_forward() {
            flow_of(&mut rig, &mut figures, "host to machine", seconds, |_| {
                into_machine(image, seconds)
            })?;
        }
        let small = format!("{flow} -u -b 0 -l 64");
        figures.packets("machine to host", &rig.machines[0].run(&small)?, seconds)?;
        figures.ping("gateway", &ping(&mut rig.machines[0], host)?)?;
    }
    figures.memory(&rig)?;
    Ok(figures)
}

fn ping(machine: &mut Machine, to: &str) -> Result<String> {
    machine.run(&format!("ping -c 30 -i 0.1 {to}"))
}

/// A flow through the port of this computer that leads to the first machine. A forward refuses
/// until it has seen that somebody listens there.
fn into_machine(image: &Image, seconds: u64) -> Result<String> {
    let begun = Instant::now();
    loop {
        let mut client = image.tool("iperf3");
        client.args(["-c", "127.0.0.1", "-f", "m", "-p", &FORWARD.to_string()]);
        client
            .args(["-t", &seconds.to_string()])
            .stdin(Stdio::null());
        match output(&mut client) {
            Err(_) if begun.elapsed() < Duration::from_secs(20) => std::thread::yield_now(),
            done => return done,
        }
    }
}

/// Runs a flow: how fast it was, and what it cost.
fn flow_of(
    rig: &mut Rig,
    figures: &mut Figures,
    name: &'static str,
    seconds: u64,
    flow: impl FnOnce(&mut Rig) -> Result<String>,
) -> Result<()> {
    let before = figures::Cost::of(rig)?;
    let text = flow(rig)?;
    let cost = figures::Cost::of(rig)?.since(before);
    figures.flow(name, &text, cost, seconds)
}
