//! Pages for a browser where a file was expected: how they are recognised and what they are called.

use reqwest::header::{CONTENT_TYPE, HeaderMap};

/// Longest title that is kept.
const LONGEST: usize = 120;

/// Whether an answer says of itself that it is a page for a browser.
pub(crate) fn is_page_type(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .trim_start()
        .to_ascii_lowercase();
    kind.starts_with("text/html") || kind.starts_with("application/xhtml")
}

/// The title of a page; empty where it has none.
#[must_use]
pub fn page_title(page: &[u8]) -> String {
    let text = String::from_utf8_lossy(page);
    // Lower case of ASCII alone keeps every byte at its place.
    let lower = text.to_ascii_lowercase();
    let title = lower.find("<title").and_then(|tag| {
        let start = tag + lower[tag..].find('>')? + 1;
        let end = lower[start..]
            .find('<')
            .map_or(lower.len(), |end| start + end);
        Some(&text[start..end])
    });
    let words: Vec<&str> = title.unwrap_or_default().split_whitespace().collect();
    words.join(" ").chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn titles() {
        let rows: [(&str, &str); 5] = [
            (
                "<!doctype html><title>Sign in to the hotel</title>",
                "Sign in to the hotel",
            ),
            ("<HTML><Title lang=de>\n Hallo\n  du </TITLE>", "Hallo du"),
            ("<title>cut off in the mid", "cut off in the mid"),
            ("<h1>none</h1>", ""),
            ("", ""),
        ];
        for (page, expected) in rows {
            assert_eq!(page_title(page.as_bytes()), expected);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_have_a_short_title(page in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(page_title(&page).chars().count() <= LONGEST);
        }
    }
}
