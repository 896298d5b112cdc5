//! The fixed table of changes Crete can make with the administrator's permission.
//!
//! Every command is a program by its absolute path in a folder that only the administrator can
//! write to, and arguments that mean the same to a program, a shell and a reader. Nothing of it
//! comes from the page, and nothing goes through a shell.

use crate::accounts::is_plain_name;
use crate::distribution::{Distribution, Need, Part};
use crate::surroundings::{Sandbox, Surroundings};
use crate::world::World;
use crete_model::{Arch, FixCode, Remedy};
use std::path::Path;

/// Not the search path: that one is the person's to change, and so may be anybody's.
const SYSTEM_FOLDERS: [&str; 5] = [
    "/usr/sbin",
    "/usr/bin",
    "/sbin",
    "/bin",
    "/run/current-system/sw/bin",
];

/// A program's name and its arguments.
type Line<'a> = Vec<&'a str>;

/// Makes the group the person joins, where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group {
    Exists,
    Missing,
}

/// Loads a module until the next restart.
pub(crate) fn load_module(world: &dyn World, module: &str) -> Remedy {
    offer(
        world,
        FixCode::LoadModule,
        &[vec!["modprobe", module]],
        &[vec!["modprobe", "-r", module]],
    )
}

/// Adds the person to the group and, where that tool is there, opens the device at once.
pub(crate) fn join_group(
    world: &dyn World,
    user: &str,
    group: &str,
    state: Group,
) -> Option<Remedy> {
    if !is_plain_name(user) || !is_plain_name(group) {
        return None;
    }
    let mut commands: Vec<Line> = Vec::new();
    if state == Group::Missing {
        commands.push(vec!["groupadd", "--system", group]);
    }
    commands.push(vec!["usermod", "-aG", group, user]);
    let mut undo: Vec<Line> = vec![vec!["gpasswd", "-d", user, group]];
    let (grant, revoke) = (format!("u:{user}:rw"), format!("u:{user}"));
    let code = if system_program(world, "setfacl").is_some() {
        commands.push(vec!["setfacl", "-m", &grant, "/dev/kvm"]);
        undo.push(vec!["setfacl", "-x", &revoke, "/dev/kvm"]);
        FixCode::JoinGroupAndOpen
    } else {
        FixCode::JoinGroup
    };
    Some(offer(world, code, &commands, &undo))
}

/// Opens the device for this person until the next restart.
pub(crate) fn open_device(world: &dyn World, user: &str) -> Option<Remedy> {
    system_program(world, "setfacl").filter(|_| is_plain_name(user))?;
    let (grant, revoke) = (format!("u:{user}:rw"), format!("u:{user}"));
    Some(offer(
        world,
        FixCode::OpenDevice,
        &[vec!["setfacl", "-m", &grant, "/dev/kvm"]],
        &[vec!["setfacl", "-x", &revoke, "/dev/kvm"]],
    ))
}

/// Installs what is missing, all of it with one question for the password.
///
/// Only what was not there at all is offered to be taken away again.
pub(crate) fn install(
    world: &dyn World,
    distribution: &Distribution,
    arch: Arch,
    parts: &[(Part, Need)],
) -> Option<Remedy> {
    let (broken, absent): (Vec<_>, Vec<_>) =
        parts.iter().partition(|(_, need)| *need == Need::Repair);
    let line = |tool: &[&'static str], parts: &[&(Part, Need)]| -> Option<Line> {
        let packages = parts
            .iter()
            .filter_map(|(part, _)| distribution.package(*part, arch));
        let packages: Vec<&str> = packages.collect();
        (!tool.is_empty() && !packages.is_empty())
            .then(|| tool.iter().copied().chain(packages).collect())
    };
    let wanted = [
        line(distribution.install(), &absent),
        line(distribution.repair(), &broken),
    ];
    let mut commands: Vec<Line> = wanted.into_iter().flatten().collect();
    if commands.is_empty() {
        return None;
    }
    let apt = distribution.install().first() == Some(&"apt-get");
    if apt && !apt_knows_packages(world) {
        commands.insert(0, vec!["apt-get", "update"]);
    }
    let undo = parts.iter().all(|(_, need)| *need == Need::Install);
    let undo = undo.then(|| line(distribution.remove(), &absent)).flatten();
    let undo: Vec<Line> = undo.into_iter().collect();
    Some(offer(world, FixCode::InstallPackages, &commands, &undo))
}

/// Freshly installed systems and images come without lists.
fn apt_knows_packages(world: &dyn World) -> bool {
    let lists = world.list(Path::new("/var/lib/apt/lists"));
    lists.iter().any(|name| name.contains("_Packages"))
}

/// A fix where all its programs are there; else, and inside a sandbox, a command to run by hand.
fn offer(world: &dyn World, fix: FixCode, commands: &[Line], undo: &[Line]) -> Remedy {
    let whole = |lines: &[Line]| -> Option<Vec<Vec<String>>> {
        lines.iter().map(|line| resolve(world, line)).collect()
    };
    let walled = Surroundings::look(world).sandbox.is_some();
    match whole(commands).filter(|_| !walled) {
        Some(commands) => Remedy::Fix {
            fix,
            commands,
            undo: whole(undo).unwrap_or_default(),
        },
        None => Remedy::RunCommand {
            command: commands
                .iter()
                .map(|line| line.join(" "))
                .collect::<Vec<_>>()
                .join(" && "),
            privileged: true,
        },
    }
}

/// What can be done about a sandbox that hides `/dev/kvm`. Only from outside, so only by hand.
pub(crate) fn open_sandbox(sandbox: &Sandbox) -> Vec<Remedy> {
    let by_hand = |command: String, privileged| Remedy::RunCommand {
        command,
        privileged,
    };
    match sandbox {
        Sandbox::Flatpak { app } => vec![
            by_hand(format!("flatpak override --user --device=kvm {app}"), false),
            Remedy::LeaveSandbox,
        ],
        Sandbox::Snap { name } => vec![
            by_hand(format!("snap connect {name}:kvm"), true),
            Remedy::LeaveSandbox,
        ],
        Sandbox::Container { .. } => vec![Remedy::PassDevice {
            device: "/dev/kvm".to_owned(),
        }],
    }
}

fn resolve(world: &dyn World, line: &[&str]) -> Option<Vec<String>> {
    let (program, args) = line.split_first()?;
    let program = system_program(world, program)?;
    let plain = |arg: &&str| !arg.is_empty() && arg.chars().all(is_plain);
    if !args.iter().all(plain) {
        return None;
    }
    Some(
        std::iter::once(program)
            .chain(args.iter().map(|arg| (*arg).to_owned()))
            .collect(),
    )
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_=,./:+@".contains(c)
}

fn system_program(world: &dyn World, name: &str) -> Option<String> {
    SYSTEM_FOLDERS
        .iter()
        .map(|folder| format!("{folder}/{name}"))
        .find(|path| world.exists(Path::new(path)))
}
