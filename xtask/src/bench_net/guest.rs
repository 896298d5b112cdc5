//! The machines that are measured: a kernel, a small shell and iperf3, and nothing else that could
//! take time. Their shell is the first serial port.

use crate::practice::{initramfs::Archive, modules, packages};
use crate::shell::{cache, output, run};
use anyhow::{Context, Result, bail};
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Packages of tools, unpacked and never installed.
const TOOLS: [&str; 7] = [
    "busybox-static",
    "iperf3",
    "libiperf0",
    "libsctp1",
    "libslirp-helper",
    "libslirp0",
    "passt",
];
/// Emulated machines are slow to boot while others compile.
const PATIENCE: Duration = Duration::from_secs(120);
/// What is printed when a command has ended. Written in two parts, so that its echo is not it.
const ENDED: &str = "=ENDED=";

/// Everything a machine is started from.
pub struct Image {
    kernel: PathBuf,
    initramfs: PathBuf,
    /// Where the tools lie.
    pub tools: PathBuf,
}

/// A folder of this bench's own.
fn folder(name: &str) -> Result<PathBuf> {
    let path = cache().join("bench-net").join(name);
    std::fs::create_dir_all(&path).with_context(|| path.display().to_string())?;
    Ok(path)
}

impl Image {
    /// Makes it from the distribution's packages.
    pub fn make() -> Result<Self> {
        let (downloads, tools, kernel) = (folder("packages")?, folder("tools")?, folder("kernel")?);
        if !tools.join("usr/bin/libslirp-helper").is_file() {
            let mut apt = Command::new("apt-get");
            apt.args(["download", "-qq", "-o", "APT::Sandbox::User=root"])
                .args(TOOLS);
            run(apt.current_dir(&downloads))?;
            for entry in std::fs::read_dir(&downloads)? {
                run(Command::new("dpkg")
                    .arg("-x")
                    .arg(entry?.path())
                    .arg(&tools))?;
            }
        }
        if packages::only(&kernel.join("boot"), "vmlinuz-").is_err() {
            let kernels = folder("kernels")?;
            let resolved = packages::fetch(packages::resolve()?, &kernels)?;
            packages::unpack(&resolved, &kernels, &kernel)?;
        }
        let initramfs = folder("")?.join("initramfs");
        std::fs::write(&initramfs, pack(&tools, &kernel)?)?;
        Ok(Self {
            kernel: packages::only(&kernel.join("boot"), "vmlinuz-")?,
            initramfs,
            tools,
        })
    }

    /// A tool as a command of this computer.
    pub fn tool(&self, name: &str) -> Command {
        let mut command = Command::new(self.tools.join("usr/bin").join(name));
        command.env(
            "LD_LIBRARY_PATH",
            self.tools.join("usr/lib/x86_64-linux-gnu"),
        );
        command
    }
}

const INIT: &str = "#!/bin/busybox sh
/bin/busybox mount -t proc none /proc
/bin/busybox mount -t devtmpfs none /dev
/bin/busybox mount -t tmpfs none /tmp
while read -r file; do /bin/busybox insmod /modules/$file; done < /modules/load
/bin/busybox ip link set lo up
exec /bin/busybox setsid /bin/busybox sh -c 'exec /bin/busybox sh </dev/ttyS0 >/dev/ttyS0 2>&1'
";

fn pack(tools: &Path, kernel: &Path) -> Result<Vec<u8>> {
    let mut archive = Archive::default();
    let libraries = "usr/lib/x86_64-linux-gnu";
    for folder in [
        "dev",
        "proc",
        "tmp",
        "bin",
        "modules",
        "lib64",
        "lib",
        "lib/x86_64-linux-gnu",
    ] {
        archive.folder(folder)?;
    }
    archive.device("dev/console", 5, 1)?;
    let mut file = |path: &str, from: &Path| -> Result<()> {
        let bytes = std::fs::read(from).with_context(|| from.display().to_string())?;
        archive.file(path, 0o755, &bytes)
    };
    file("bin/busybox", &tools.join("bin/busybox"))?;
    let iperf = tools.join("usr/bin/iperf3");
    file("bin/iperf3", &iperf)?;
    for (path, from) in needed(&iperf, &tools.join(libraries))? {
        file(&path, &from)?;
    }
    archive.file("init", 0o755, INIT.as_bytes())?;
    let mut list = String::new();
    let folder = packages::only(&kernel.join("lib/modules"), "")?;
    for module in modules::collect(&folder)? {
        archive.file(&format!("modules/{}", module.file), 0o644, &module.content)?;
        list.push_str(&module.file);
        list.push('\n');
    }
    archive.file("modules/load", 0o644, list.as_bytes())?;
    archive.end()
}

/// The libraries of a program: where they are looked for, and where they are here.
fn needed(program: &Path, own: &Path) -> Result<BTreeSet<(String, PathBuf)>> {
    let mut ldd = Command::new("ldd");
    let text = output(ldd.arg(program).env("LD_LIBRARY_PATH", own))?;
    let paths = text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        words.find(|word| word.starts_with('/')).map(PathBuf::from)
    });
    let place = |path: PathBuf| {
        let name = path.file_name()?.to_str()?.to_owned();
        let folder = if name.starts_with("ld-") {
            "lib64"
        } else {
            "lib/x86_64-linux-gnu"
        };
        Some((format!("{folder}/{name}"), path))
    };
    let found: BTreeSet<_> = paths.filter_map(place).collect();
    if found.is_empty() {
        bail!("{} needs no libraries:\n{text}", program.display());
    }
    Ok(found)
}

/// A process of the bench, ended with it.
pub struct Owned(pub Child);

impl Owned {
    pub fn spawn(command: &mut Command) -> Result<Self> {
        Self::spawn_on(command, Stdio::null())
    }

    /// Spawns it with a standard input of its own, which may be a socket.
    pub fn spawn_on(command: &mut Command, stdin: Stdio) -> Result<Self> {
        let child = command.stdin(stdin).stdout(Stdio::null()).spawn();
        child
            .map(Self)
            .with_context(|| format!("{command:?} could not be started"))
    }

    pub fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // One that has ended already is no matter.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A machine that is on, and its shell.
pub struct Machine {
    pub qemu: Owned,
    shell: UnixStream,
}

impl Machine {
    /// Starts a machine with one card. Its wire may be the standard input.
    pub fn start(
        image: &Image,
        qemu: &str,
        folder: &Path,
        n: usize,
        (netdev, wire): (&str, Stdio),
    ) -> Result<Self> {
        let port = folder.join(format!("shell-{n}"));
        let mut command = Command::new(qemu);
        command
            .args([
                "-nodefaults",
                "-no-user-config",
                "-display",
                "none",
                "-M",
                "q35",
            ])
            .args([
                "-accel",
                "tcg,thread=multi,tb-size=64",
                "-cpu",
                "max",
                "-m",
                "256",
            ])
            .arg("-kernel")
            .arg(&image.kernel)
            .arg("-initrd")
            .arg(&image.initramfs)
            // On a busy computer an emulated timer comes too late for the kernel's trust in it.
            .args([
                "-append",
                "console=ttyS0 quiet mitigations=off no_timer_check",
            ])
            .arg("-chardev")
            .arg(format!(
                "socket,id=s,server=on,wait=off,path={}",
                port.display()
            ))
            .args(["-serial", "chardev:s", "-netdev", netdev, "-device"])
            .arg(format!(
                "virtio-net-pci,netdev=n,mac=52:54:00:00:00:0{n},romfile="
            ));
        let qemu = Owned::spawn_on(&mut command, wire)?;
        let begun = Instant::now();
        let shell = loop {
            match UnixStream::connect(&port) {
                Ok(shell) => break shell,
                Err(error) if begun.elapsed() > PATIENCE => {
                    return Err(error).with_context(|| port.display().to_string());
                }
                Err(_) => std::thread::yield_now(),
            }
        };
        shell.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { qemu, shell })
    }

    /// Waits for the shell, and gives the card an address.
    pub fn ready(&mut self, address: &str, gateway: &str) -> Result<()> {
        self.until("# ")?;
        self.run("export PATH=/bin; stty -echo; for a in ip ping grep cat stty; do busybox ln -s busybox /bin/$a; done")?;
        self.run(&format!("ip addr add {address} dev eth0; ip link set eth0 up; ip route add default via {gateway}"))?;
        Ok(())
    }

    /// Has the shell do something: what that printed.
    pub fn run(&mut self, command: &str) -> Result<String> {
        let (first, second) = ENDED.split_at(3);
        self.shell
            .write_all(format!("{command}; echo '{first}''{second}'\n").as_bytes())?;
        let text = self.until(ENDED)?;
        Ok(text.replace('\r', ""))
    }

    fn until(&mut self, mark: &str) -> Result<String> {
        let mut text = Vec::new();
        let mut some = [0; 4096];
        while !String::from_utf8_lossy(&text).contains(mark) {
            let count = self.shell.read(&mut some).with_context(|| {
                format!("no {mark:?} after\n{}", String::from_utf8_lossy(&text))
            })?;
            if count == 0 {
                bail!("the machine ended:\n{}", String::from_utf8_lossy(&text));
            }
            text.extend_from_slice(&some[..count]);
        }
        Ok(String::from_utf8_lossy(&text).into_owned())
    }
}
