//! Why this login may not open `/dev/kvm`: mode, access list, groups, and the login's own age.

use super::{Cause, Scene, shut_out};
use crate::accounts::Accounts;
use crate::acl::{Acl, READ_WRITE, letters};
use crate::fixes::{self, Group};
use crate::world::Ownership;
use crete_model::{CauseCode, FixCode, Params, Remedy, params};
use std::path::Path;

const DEVICE: &str = "/dev/kvm";
/// The group that systemd's rules give the device to.
pub(super) const GROUP: &str = "kvm";
/// Made by udev while logind gives the device (character 10:232) to the person at the screen.
const GIVEN_AT_SCREEN: &str = "/run/udev/tags/uaccess/c10:232";

/// Who may open the device, and who asks.
struct Access {
    device: Ownership,
    acl: Acl,
    accounts: Accounts,
    /// The login name; empty where neither the accounts nor the environment know one.
    user: String,
}

fn look(scene: &Scene) -> Option<Access> {
    let path = Path::new(DEVICE);
    let device = scene.world.ownership(path)?;
    let acl = scene.world.acl(path).as_deref().and_then(Acl::parse);
    let accounts = scene.accounts.clone();
    let uid = scene.world.login().uid;
    let user = accounts.name(uid).map(str::to_owned);
    Some(Access {
        device,
        acl: acl.unwrap_or_else(|| Acl::of_mode(device.mode)),
        user: user
            .or_else(|| scene.world.variable("USER"))
            .unwrap_or_default(),
        accounts,
    })
}

/// Adds what the device's permissions are and what this login has.
pub(super) fn describe(scene: &mut Scene) {
    let Some(access) = look(scene) else { return };
    let Access {
        device,
        acl,
        accounts,
        user,
    } = &access;
    let named = |gid: u32| {
        let name = accounts.group_name(gid).map(str::to_owned);
        name.unwrap_or_else(|| gid.to_string())
    };
    let group = named(device.gid);
    let mode = format!(
        "mode {:o}, owner {}, group {group}",
        device.mode, device.uid
    );
    scene.note("permissions", &mode);
    for (uid, may) in &acl.users {
        let name = accounts
            .name(*uid)
            .map_or_else(|| uid.to_string(), str::to_owned);
        scene.note("access list", &format!("{name} {}", letters(*may)));
    }
    let groups: Vec<String> = scene.world.login().groups.into_iter().map(named).collect();
    scene.note(format!("groups of this login of {user}"), &groups.join(" "));
}

pub(super) fn denied(scene: &mut Scene) -> Cause {
    let Some(access) = look(scene) else {
        return policy(scene);
    };
    let login = scene.world.login();
    if access.acl.allows(access.device, &login, READ_WRITE) {
        return policy(scene);
    }
    let Access {
        device,
        acl,
        accounts,
        user,
    } = &access;
    let group = accounts.group_name(device.gid).unwrap_or_default();
    // Root's own group opens far more than this device: nobody is ever sent there.
    let joinable = group == GROUP && acl.allows_group(READ_WRITE);
    if !joinable {
        return closed(scene, &access);
    }
    let params = params! { "group" => group, "user" => user };
    let has_it = login.groups.contains(&device.gid);
    let member = accounts
        .group(group)
        .is_some_and(|kvm| accounts.is_member(user, kvm));
    if member && !has_it {
        let open = fixes::open_device(scene.world, user);
        let remedies = std::iter::once(Remedy::LogInAgain).chain(open).collect();
        return Cause::new(CauseCode::LogInAgain, params, remedies);
    }
    // The tools that join a group know only the accounts of this computer.
    let local = Accounts::read(scene.world);
    let here = local.name(login.uid).is_some() && local.group(group).is_some();
    let join = here
        .then(|| fixes::join_group(scene.world, user, group, Group::Exists))
        .flatten();
    let open = (!here).then(|| fixes::open_device(scene.world, user));
    if let Some(holder) = person_at_the_screen(scene, &access) {
        let params = params! { "holder" => holder, "group" => group, "user" => user };
        let mut remedies = joining(join, group);
        remedies.push(Remedy::LogInAtScreen);
        remedies.extend(open.flatten());
        return Cause::new(CauseCode::NotAtScreen, params, remedies);
    }
    let remedies = joining(join, group).into_iter().chain(open.flatten());
    Cause::new(CauseCode::NoPermission, params, remedies.collect())
}

/// Joining, and logging in again where the device cannot be opened at once.
fn joining(join: Option<Remedy>, group: &str) -> Vec<Remedy> {
    let ask = Remedy::AskForGroup {
        group: group.to_owned(),
    };
    match join {
        Some(
            now @ Remedy::Fix {
                fix: FixCode::JoinGroupAndOpen,
                ..
            },
        ) => vec![now],
        later => vec![later.unwrap_or(ask), Remedy::LogInAgain],
    }
}

/// The device is closed to its group, or belongs to one that nobody should join.
fn closed(scene: &Scene, access: &Access) -> Cause {
    let Access {
        device,
        accounts,
        user,
        ..
    } = access;
    let open = fixes::open_device(scene.world, user);
    if accounts.group(GROUP).is_none() {
        let params = params! { "group" => GROUP, "user" => user };
        let make = fixes::join_group(scene.world, user, GROUP, Group::Missing);
        let remedies = make
            .or(open)
            .into_iter()
            .chain([Remedy::RestartComputer])
            .collect();
        return Cause::new(CauseCode::GroupMissing, params, remedies);
    }
    let group = accounts.group_name(device.gid).map(str::to_owned);
    let group = group.unwrap_or_else(|| device.gid.to_string());
    let mode = format!("{:o}", device.mode);
    let params = params! { "mode" => mode, "group" => group, "user" => user };
    let remedies = open.into_iter().chain([Remedy::RestartComputer]).collect();
    Cause::new(CauseCode::DeviceClosed, params, remedies)
}

/// Whom logind gave the device, where it is not this login's person.
fn person_at_the_screen(scene: &Scene, access: &Access) -> Option<String> {
    if !scene.world.exists(Path::new(GIVEN_AT_SCREEN)) {
        return None;
    }
    let (uid, _) = access.acl.users.first()?;
    let name = access.accounts.name(*uid).map(str::to_owned);
    Some(name.unwrap_or_else(|| uid.to_string()))
}

/// Permissions would let it through: a sandbox or a security module does not.
fn policy(scene: &mut Scene) -> Cause {
    if let Some(sandbox) = &scene.around.sandbox {
        return shut_out(sandbox);
    }
    let label = scene.world.read(Path::new("/proc/self/attr/current"));
    let label = label.unwrap_or_default();
    let policy = label.trim_matches(['\0', '\n', ' ']);
    scene.note("/proc/self/attr/current", policy);
    let params = if policy.is_empty() {
        Params::from([("policy".to_owned(), "?".to_owned())])
    } else {
        params! { "policy" => policy }
    };
    Cause::new(CauseCode::PolicyDenies, params, vec![Remedy::AskForPolicy])
}
