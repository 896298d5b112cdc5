//! Patterns of lines: literal text with places that are taken out by name: `pulling image {image}: `.

use crete_model::Params;

/// Matches a line that contains the pattern; gives what stands in its places. A place holds at least
/// one character, and as few as the text behind it allows.
pub(super) fn find(pattern: &str, line: &str) -> Option<Params> {
    let mut pieces = Vec::new();
    let mut rest = pattern;
    while let Some((literal, behind)) = rest.split_once('{') {
        let (name, behind) = behind.split_once('}')?;
        pieces.push((literal, Some(name)));
        rest = behind;
    }
    pieces.push((rest, None));
    let first = pieces[0].0;
    let starts = line.match_indices(first).map(|(at, _)| at + first.len());
    starts.into_iter().find_map(|at| take(&pieces, &line[at..]))
}

fn take(pieces: &[(&str, Option<&str>)], mut rest: &str) -> Option<Params> {
    let mut params = Params::new();
    for pair in pieces.windows(2) {
        let name = pair[0].1?;
        let next = pair[1].0;
        let value = match next.is_empty() {
            true => rest,
            false => {
                let from = rest.char_indices().nth(1).map_or(rest.len(), |(at, _)| at);
                let at = rest.get(from..)?.find(next)? + from;
                let value = &rest[..at];
                rest = &rest[at + next.len()..];
                value
            }
        };
        if value.is_empty() {
            return None;
        }
        params.insert(name.to_owned(), value.to_owned());
    }
    Some(params)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crete_model::params;

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
}
