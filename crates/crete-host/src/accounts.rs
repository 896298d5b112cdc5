//! People and groups, as `/etc/passwd` and `/etc/group` know them, and where these do not, as the
//! directories of a company or a school do that the C library asks.

use crate::world::{Ran, World};
use std::path::Path;
use std::time::Duration;

/// A line of `/etc/group`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Group {
    pub name: String,
    pub gid: u32,
    members: Vec<String>,
}

/// What the two files say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Accounts {
    /// Name, number, primary group.
    people: Vec<(String, u32, u32)>,
    groups: Vec<Group>,
}

impl Accounts {
    pub fn read(world: &dyn World) -> Self {
        let text = |path: &str| world.read(Path::new(path)).unwrap_or_default();
        Self::parse(&text("/etc/passwd"), &text("/etc/group"))
    }

    /// The same, completed for whoever runs Crete and for one group by what directories know.
    pub async fn complete(world: &dyn World, group: &str, limit: Duration) -> Self {
        let mut known = Self::read(world);
        let uid = world.login().uid;
        let asks = known.name(uid).is_none();
        if asks {
            let line = ask(world, "getent", &["passwd", &uid.to_string()], limit).await;
            known.people.extend(Self::parse(&line, "").people);
        }
        if known.group(group).is_none() {
            let line = ask(world, "getent", &["group", group], limit).await;
            known.groups.extend(Self::parse("", &line).groups);
        }
        // Directories need not list a group's members, so the person's groups are asked for.
        let name = known.name(uid).filter(|name| asks && is_plain_name(name));
        if let Some(name) = name.map(str::to_owned) {
            let numbers = ask(world, "id", &["-G", &name], limit).await;
            let has = |group: &&mut Group| {
                let own = group.gid.to_string();
                numbers.split_whitespace().any(|number| number == own)
            };
            for group in known.groups.iter_mut().filter(has) {
                group.members.push(name.clone());
            }
        }
        known
    }

    fn parse(passwd: &str, group: &str) -> Self {
        let person = |line: &str| {
            let mut fields = line.split(':');
            let name = fields.next()?.to_owned();
            let uid = fields.nth(1)?.parse().ok()?;
            Some((name, uid, fields.next()?.parse().ok()?))
        };
        let group_of = |line: &str| {
            let mut fields = line.split(':');
            let name = fields.next()?.to_owned();
            let gid = fields.nth(1)?.parse().ok()?;
            let members = fields.next().unwrap_or_default().split(',');
            let members = members.filter(|name| !name.is_empty());
            Some(Group {
                name,
                gid,
                members: members.map(str::to_owned).collect(),
            })
        };
        Self {
            people: passwd.lines().filter_map(person).collect(),
            groups: group.lines().filter_map(group_of).collect(),
        }
    }

    /// A person's name.
    pub fn name(&self, uid: u32) -> Option<&str> {
        let person = self.people.iter().find(|(_, number, _)| *number == uid);
        person.map(|(name, ..)| name.as_str())
    }

    pub fn group(&self, name: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.name == name)
    }

    /// A group's name.
    pub fn group_name(&self, gid: u32) -> Option<&str> {
        let group = self.groups.iter().find(|group| group.gid == gid);
        group.map(|group| group.name.as_str())
    }

    /// True when the next login of this person will have the group.
    pub fn is_member(&self, user: &str, group: &Group) -> bool {
        let primary = |(name, _, gid): &(String, u32, u32)| name == user && *gid == group.gid;
        group.members.iter().any(|name| name == user) || self.people.iter().any(primary)
    }
}

/// What a program of the system prints; nothing where it is not there, fails or hangs.
async fn ask(world: &dyn World, program: &str, args: &[&str], limit: Duration) -> String {
    let Some(path) = world.find(program).into_iter().next() else {
        return String::new();
    };
    match world.run(&path, args, limit).await {
        Ran::Said(text) => text,
        Ran::Failed(_) | Ran::Hangs { .. } => String::new(),
    }
}

/// True for names that tools and people alike read as one: no option, no quoting, no surprise.
pub(crate) fn is_plain_name(name: &str) -> bool {
    let rest = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.len() <= 32
        && name.chars().all(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/bash\n\
        ariadne:x:1000:1000:Ariadne,,,:/home/ariadne:/bin/bash\n\
        minos:x:1001:104::/home/minos:/bin/sh\nbroken line\n";
    const GROUP: &str = "root:x:0:\nkvm:x:104:daedalus,ariadne\nempty:x:105:\n";

    #[test]
    fn members_are_listed_or_have_it_as_their_primary_group() {
        let accounts = Accounts::parse(PASSWD, GROUP);
        let kvm = accounts.group("kvm").unwrap();
        assert_eq!(kvm.gid, 104);
        assert!(accounts.is_member("ariadne", kvm));
        assert!(accounts.is_member("minos", kvm));
        assert!(!accounts.is_member("root", kvm));
        assert!(!accounts.is_member("", accounts.group("empty").unwrap()));
        assert_eq!(accounts.name(1001), Some("minos"));
        assert_eq!(accounts.group_name(105), Some("empty"));
        assert_eq!(accounts.group("libvirt"), None);
    }

    #[test]
    fn names_that_could_be_read_otherwise_are_not_plain() {
        for good in ["ariadne", "_apt", "d.alus-2"] {
            assert!(is_plain_name(good), "{good}");
        }
        for bad in [
            "",
            "-aG",
            "a b",
            "a;b",
            "a:b",
            "$(id)",
            "1000",
            &"a".repeat(33),
        ] {
            assert!(!is_plain_name(bad), "{bad}");
        }
    }
}
