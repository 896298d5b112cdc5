//! Versions as the page offers them.

use crete_model::{TalosVersion, VersionGroup, VersionGroups};

/// Groups versions by minor, newest first; the newest stable one is recommended. The factory's
/// own order means nothing: it is reversed now and then.
#[must_use]
pub fn group_versions(mut versions: Vec<TalosVersion>) -> VersionGroups {
    versions.sort();
    versions.dedup();
    versions.reverse();
    let (prerelease, stable): (Vec<_>, Vec<_>) =
        versions.into_iter().partition(TalosVersion::is_prerelease);
    let recommended = stable.first().cloned();
    let mut groups: Vec<VersionGroup> = Vec::new();
    for version in stable {
        let (major, minor) = version.minor();
        let minor = format!("{major}.{minor}");
        match groups.last_mut() {
            Some(group) if group.minor == minor => group.versions.push(version),
            _ => groups.push(VersionGroup {
                minor,
                versions: vec![version],
            }),
        }
    }
    VersionGroups {
        recommended,
        stable: groups,
        prerelease,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_the_list_does_not_matter() {
        let list = [
            "v1.2.0",
            "v1.13.9",
            "v1.14.0-rc.1",
            "v1.13.10",
            "v1.14.0-alpha.0",
            "v1.12.1",
        ];
        let read = |list: &[&str]| {
            list.iter()
                .map(|text| text.parse().unwrap())
                .collect::<Vec<_>>()
        };
        let mut reversed = list;
        reversed.reverse();
        let groups = group_versions(read(&list));
        assert_eq!(groups, group_versions(read(&reversed)));
        assert_eq!(groups.recommended.unwrap().to_string(), "v1.13.10");
        let minors: Vec<&str> = groups
            .stable
            .iter()
            .map(|group| group.minor.as_str())
            .collect();
        assert_eq!(minors, ["1.13", "1.12", "1.2"]);
        assert_eq!(groups.prerelease[0].to_string(), "v1.14.0-rc.1");
    }
}
