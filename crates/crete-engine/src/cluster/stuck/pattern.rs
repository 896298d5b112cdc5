//! Patterns of lines: literal text with places that are taken out by name: `pulling image {image}: `.

use crete_model::Params;
use memchr::memmem;
use serde::Deserialize;

/// A pattern, read once: consoles are long, and are looked at every moment.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Pattern {
    /// The text before the first place.
    first: String,
    /// The name of each place, and the text behind it.
    places: Vec<(String, String)>,
}

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let mut literals = text.split('{');
        let first = literals.next().unwrap_or_default().to_owned();
        let place = |part: &str| {
            let (name, behind) = part.split_once('}')?;
            Some((name.to_owned(), behind.to_owned()))
        };
        let places = literals.map(place).collect::<Option<_>>();
        let places = places.ok_or_else(|| format!("a place is not closed in {text:?}"))?;
        Ok(Self { first, places })
    }
}

impl Pattern {
    /// Whether any line of a text may match: a look at all of it that costs next to nothing.
    pub fn may_be_in(&self, text: &str) -> bool {
        let behind = self.places.iter().map(|(_, behind)| behind);
        let longest = behind.chain([&self.first]).max_by_key(|part| part.len());
        longest.is_none_or(|part| contains(text, part))
    }

    /// Matches a line that contains the pattern; gives what stands in its places. A place holds at
    /// least one character, and as few as the text behind it allows.
    pub fn find(&self, line: &str) -> Option<Params> {
        let mut starts = line.match_indices(self.first.as_str());
        starts.find_map(|(at, first)| self.take(&line[at + first.len()..]))
    }

    fn take(&self, mut rest: &str) -> Option<Params> {
        let mut params = Params::new();
        for (name, next) in &self.places {
            let value = match next.is_empty() {
                true => rest,
                false => {
                    let from = rest.char_indices().nth(1).map_or(rest.len(), |(at, _)| at);
                    let at = rest.get(from..)?.find(next.as_str())? + from;
                    let value = &rest[..at];
                    rest = &rest[at + next.len()..];
                    value
                }
            };
            if value.is_empty() {
                return None;
            }
            params.insert(name.clone(), value.to_owned());
        }
        Some(params)
    }
}

/// Whether a text stands in another, found as fast as this computer can.
pub(super) fn contains(text: &str, part: &str) -> bool {
    memmem::find(text.as_bytes(), part.as_bytes()).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crete_model::params;

    fn find(pattern: &str, line: &str) -> Option<Params> {
        let pattern = Pattern::try_from(pattern.to_owned()).unwrap();
        let found = pattern.find(line);
        assert!(found.is_none() || pattern.may_be_in(line));
        found
    }

    #[test]
    fn places_are_taken_out_by_name() {
        assert_eq!(find("abc", "xabcx"), Some(Params::new()));
        assert_eq!(find("abc", "ab"), None);
        assert_eq!(
            find(
                "pulling image {image}: downloading {n} layers ({done}/{total})",
                "[ 9.1] [talos] pulling image a/b:v1: downloading 2 layers (50 MiB/142 MiB) (35%)...",
            ),
            Some(
                params! { "image" => "a/b:v1", "n" => 2, "done" => "50 MiB", "total" => "142 MiB" }
            )
        );
        assert_eq!(
            find("lstat {disk}: no such", "lstat /dev/vdz: no such file"),
            Some(params! { "disk" => "/dev/vdz" })
        );
        assert_eq!(find("x{all}", "ax yz"), Some(params! { "all" => " yz" }));
        assert_eq!(find("a{b}c", "ac"), None);
    }

    #[test]
    fn what_cannot_be_anywhere_is_known_without_looking_at_lines() {
        let pattern = Pattern::try_from("a {b}: downloading".to_owned()).unwrap();
        assert!(pattern.may_be_in("nothing\nx: downloading\n"));
        assert!(!pattern.may_be_in("a b: download"));
        assert!(Pattern::try_from("a {b".to_owned()).is_err());
    }
}
