//! POSIX access lists, as Linux keeps them in `system.posix_acl_access`. Pure.
//!
//! ```text
//! version: u32 = 2, then any number of   tag: u16 | permissions: u16 | id: u32   (little endian)
//! ```
//!
//! logind puts an entry for the person at the screen on devices such as `/dev/kvm`; the mode alone
//! does not show it. Source: acl(5) and the kernel's `posix_acl_xattr.h`.

use crate::world::{Login, Ownership};

const VERSION: u32 = 2;
const USER_OBJ: u16 = 0x01;
const USER: u16 = 0x02;
const GROUP_OBJ: u16 = 0x04;
const GROUP: u16 = 0x08;
const MASK: u16 = 0x10;
const OTHER: u16 = 0x20;

/// What may be done: a sum of read 4, write 2 and execute 1.
pub(crate) type Permissions = u16;

/// Reading and writing, which KVM needs.
pub(crate) const READ_WRITE: Permissions = 0o6;

/// An access list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Acl {
    owner: Permissions,
    /// User number and permissions.
    pub users: Vec<(u32, Permissions)>,
    group: Permissions,
    groups: Vec<(u32, Permissions)>,
    /// The most that users and groups named above, and the owning group, may do.
    mask: Option<Permissions>,
    other: Permissions,
}

impl Acl {
    /// Reads the attribute; nothing when it is not one.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let (version, entries) = bytes.split_first_chunk::<4>()?;
        if u32::from_le_bytes(*version) != VERSION || !entries.len().is_multiple_of(8) {
            return None;
        }
        let mut acl = Self::default();
        for entry in entries.chunks_exact(8) {
            let [t0, t1, p0, p1, id @ ..] = entry else {
                return None;
            };
            let may = u16::from_le_bytes([*p0, *p1]) & 0o7;
            let id = u32::from_le_bytes(id.try_into().ok()?);
            match u16::from_le_bytes([*t0, *t1]) {
                USER_OBJ => acl.owner = may,
                USER => acl.users.push((id, may)),
                GROUP_OBJ => acl.group = may,
                GROUP => acl.groups.push((id, may)),
                MASK => acl.mask = Some(may),
                OTHER => acl.other = may,
                _ => return None,
            }
        }
        Some(acl)
    }

    /// The list that a plain mode stands for.
    pub fn of_mode(mode: u32) -> Self {
        // Three bits always fit.
        let class = |shift: u32| Permissions::try_from(mode >> shift & 0o7).unwrap_or(0);
        Self {
            owner: class(6),
            group: class(3),
            other: class(0),
            ..Self::default()
        }
    }

    /// True when `login` may do all of `wanted` with a file of this owner (acl(5), "access check
    /// algorithm"). The first class that fits decides, except that any one group may grant.
    pub fn allows(&self, file: Ownership, login: &Login, wanted: Permissions) -> bool {
        let grants = |may: Permissions| may & wanted == wanted;
        let masked = |may: Permissions| grants(may & self.mask.unwrap_or(0o7));
        if login.uid == 0 {
            return true;
        }
        if login.uid == file.uid {
            return grants(self.owner);
        }
        if let Some((_, may)) = self.users.iter().find(|(uid, _)| *uid == login.uid) {
            return masked(*may);
        }
        let has = |gid: u32| login.groups.contains(&gid);
        let mut of_groups = self
            .groups
            .iter()
            .filter(|(gid, _)| has(*gid))
            .map(|(_, may)| *may)
            .chain(has(file.gid).then_some(self.group))
            .peekable();
        if of_groups.peek().is_some() {
            return of_groups.any(masked);
        }
        grants(self.other)
    }

    /// True when the file's own group may do all of `wanted`.
    pub fn allows_group(&self, wanted: Permissions) -> bool {
        self.group & self.mask.unwrap_or(0o7) & wanted == wanted
    }
}

/// `rw-` and the like.
pub(crate) fn letters(may: Permissions) -> String {
    [(4, 'r'), (2, 'w'), (1, 'x')]
        .map(|(bit, letter)| if may & bit == bit { letter } else { '-' })
        .iter()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// `getfattr` of a device to which logind gave the person with number 1000.
    const GIVEN_BY_LOGIND: &[u8] = &[
        2, 0, 0, 0, // version
        1, 0, 6, 0, 255, 255, 255, 255, // user::rw-
        2, 0, 6, 0, 232, 3, 0, 0, // user:1000:rw-
        4, 0, 6, 0, 255, 255, 255, 255, // group::rw-
        16, 0, 6, 0, 255, 255, 255, 255, // mask::rw-
        32, 0, 0, 0, 255, 255, 255, 255, // other::---
    ];

    const DEVICE: Ownership = Ownership {
        uid: 0,
        gid: 104,
        mode: 0o660,
    };

    fn login(uid: u32, groups: &[u32]) -> Login {
        Login {
            uid,
            groups: groups.to_vec(),
        }
    }

    #[test]
    fn the_person_at_the_screen_is_let_in_without_the_group() {
        let acl = Acl::parse(GIVEN_BY_LOGIND).unwrap();
        assert_eq!(acl.users, [(1000, 6)]);
        assert!(acl.allows(DEVICE, &login(1000, &[1000]), READ_WRITE));
        assert!(!acl.allows(DEVICE, &login(1001, &[1001]), READ_WRITE));
        assert!(acl.allows(DEVICE, &login(1001, &[104]), READ_WRITE));
    }

    #[test]
    fn the_mask_narrows_people_and_groups_but_not_the_owner() {
        let mut acl = Acl::parse(GIVEN_BY_LOGIND).unwrap();
        acl.mask = Some(0o4);
        assert!(!acl.allows(DEVICE, &login(1000, &[104]), READ_WRITE));
        assert!(!acl.allows(DEVICE, &login(1001, &[104]), READ_WRITE));
        let mine = Ownership {
            uid: 1000,
            ..DEVICE
        };
        assert!(acl.allows(mine, &login(1000, &[]), READ_WRITE));
    }

    #[test]
    fn other_counts_only_for_those_who_are_in_no_group_named() {
        // A group without rights shuts its members out, although others may.
        let acl = Acl::of_mode(0o606);
        assert!(!acl.allows(DEVICE, &login(1000, &[104]), READ_WRITE));
        assert!(acl.allows(DEVICE, &login(1000, &[1000]), READ_WRITE));
    }

    #[test]
    fn what_is_no_list_is_refused() {
        assert_eq!(Acl::parse(b""), None);
        assert_eq!(Acl::parse(&[1, 0, 0, 0]), None);
        assert_eq!(Acl::parse(&GIVEN_BY_LOGIND[..10]), None);
        let mut strange = GIVEN_BY_LOGIND.to_vec();
        strange[4] = 0x40;
        assert_eq!(Acl::parse(&strange), None);
    }

    fn write(acl: &Acl) -> Vec<u8> {
        let mut bytes = VERSION.to_le_bytes().to_vec();
        let mut entry = |tag: u16, may: Permissions, id: u32| {
            bytes.extend(tag.to_le_bytes());
            bytes.extend(may.to_le_bytes());
            bytes.extend(id.to_le_bytes());
        };
        entry(USER_OBJ, acl.owner, u32::MAX);
        acl.users
            .iter()
            .for_each(|(id, may)| entry(USER, *may, *id));
        entry(GROUP_OBJ, acl.group, u32::MAX);
        acl.groups
            .iter()
            .for_each(|(id, may)| entry(GROUP, *may, *id));
        acl.mask.iter().for_each(|may| entry(MASK, *may, u32::MAX));
        entry(OTHER, acl.other, u32::MAX);
        bytes
    }

    prop_compose! {
        fn lists()(
            (owner, group, other) in (0u16..8, 0u16..8, 0u16..8),
            users in proptest::collection::vec((any::<u32>(), 0u16..8), 0..4),
            groups in proptest::collection::vec((any::<u32>(), 0u16..8), 0..4),
            mask in proptest::option::of(0u16..8),
        ) -> Acl {
            Acl { owner, users, group, groups, mask, other }
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(acl in lists()) {
            prop_assert_eq!(Acl::parse(&write(&acl)), Some(acl));
        }

        #[test]
        fn no_bytes_break_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = Acl::parse(&bytes);
        }

        /// Without named entries the list is the mode, as `access(2)` reads it.
        #[test]
        fn a_plain_mode_means_what_it_always_meant(
            mode in 0u32..0o1000,
            owner in any::<bool>(),
            member in any::<bool>(),
        ) {
            let login = login(1000, if member { &[104] } else { &[5] });
            let file = Ownership { uid: if owner { 1000 } else { 0 }, ..DEVICE };
            let class = if owner { mode >> 6 } else if member { mode >> 3 } else { mode };
            prop_assert_eq!(
                Acl::of_mode(mode).allows(file, &login, READ_WRITE),
                class & 0o6 == 0o6
            );
        }
    }
}
