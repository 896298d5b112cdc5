//! Decides what an answer means for the bytes already on disk. Pure: it sees the side file
//! and the head of the response, nothing else.

pub use crate::partial::SideFile;

/// The parts of a response's head that matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResponseHead {
    /// HTTP status.
    pub status: u16,
    /// `Content-Length`: bytes of this body.
    pub content_length: Option<u64>,
    /// `Content-Range`, as sent.
    pub content_range: Option<String>,
    /// `ETag`, as sent.
    pub etag: Option<String>,
    /// `Last-Modified`, as sent.
    pub last_modified: Option<String>,
}

/// What to do with the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The body continues at this byte; the whole file has `total` bytes, if known.
    Continue {
        /// Bytes kept.
        at: u64,
        /// Bytes of the whole file.
        total: Option<u64>,
    },
    /// The body is the whole file: drop what is there.
    StartOver {
        /// Bytes of the whole file.
        total: Option<u64>,
    },
    /// What is on disk is the whole file.
    AlreadyComplete,
    /// The body is of no use, but asking again without a range will help.
    AskAgain,
    /// The status is an error.
    Refuse,
}

/// A parsed `Content-Range`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentRange {
    /// First and last byte of the body; absent in a 416 answer.
    pub range: Option<(u64, u64)>,
    /// Bytes of the whole file, unless the server does not know.
    pub total: Option<u64>,
}

/// Parses `bytes 0-99/200`, `bytes 0-99/*` and `bytes */200`.
#[must_use]
pub fn parse_content_range(text: &str) -> Option<ContentRange> {
    let rest = text.trim().strip_prefix("bytes")?.trim_start();
    let (range, total) = rest.split_once('/')?;
    let number = |text: &str| -> Option<u64> {
        let text = text.trim();
        text.bytes()
            .all(|b| b.is_ascii_digit())
            .then(|| text.parse().ok())?
    };
    let total = match total.trim() {
        "*" => None,
        digits => Some(number(digits)?),
    };
    let range = match range.trim() {
        "*" => None,
        range => {
            let (first, last) = range.split_once('-')?;
            Some((number(first)?, number(last)?))
        }
    };
    if let Some((first, last)) = range
        && (first > last || total.is_some_and(|total| last >= total))
    {
        return None;
    }
    Some(ContentRange { range, total })
}

/// The value for `If-Range`: a strong `ETag`, else the date. Without one a resumed file could
/// be sewn together from two versions, so there is no resuming.
#[must_use]
pub fn validator(side: &SideFile) -> Option<&str> {
    let strong = side.etag.as_deref().filter(|etag| etag.starts_with('"'));
    strong.or(side.last_modified.as_deref())
}

/// Decides. `side` is what we hold if a range was asked for, `None` if the whole file was.
#[must_use]
pub fn decide(side: Option<&SideFile>, head: &ResponseHead) -> Decision {
    match (head.status, side) {
        (206, Some(side)) => decide_partial(side, head),
        // Nobody asked for a range: a cache between us and the server is confused.
        (206, None) => Decision::Refuse,
        (200, _) => Decision::StartOver {
            total: head.content_length,
        },
        (416, Some(side)) => {
            let total = head
                .content_range
                .as_deref()
                .and_then(parse_content_range)
                .and_then(|r| r.total);
            let same = total.is_some() && total == Some(side.received) && same_file(side, head);
            if same && side.total.is_none_or(|known| Some(known) == total) {
                Decision::AlreadyComplete
            } else {
                Decision::AskAgain
            }
        }
        _ => Decision::Refuse,
    }
}

fn decide_partial(side: &SideFile, head: &ResponseHead) -> Decision {
    let Some(sent) = head.content_range.as_deref().and_then(parse_content_range) else {
        return Decision::AskAgain;
    };
    let starts_right = sent.range.is_some_and(|(first, _)| first == side.received);
    let same_total = side.total.is_none() || sent.total.is_none() || side.total == sent.total;
    if starts_right && same_total && same_file(side, head) {
        Decision::Continue {
            at: side.received,
            total: sent.total.or(side.total),
        }
    } else {
        Decision::AskAgain
    }
}

/// A server that ignores `If-Range` still tells on itself by another `ETag`.
fn same_file(side: &SideFile, head: &ResponseHead) -> bool {
    let differs = |ours: &Option<String>, theirs: &Option<String>| matches!((ours, theirs), (Some(ours), Some(theirs)) if ours != theirs);
    !differs(&side.etag, &head.etag)
        && (side.etag.is_some() || !differs(&side.last_modified, &head.last_modified))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn side(received: u64, total: u64) -> SideFile {
        SideFile {
            etag: Some("\"a\"".into()),
            total: Some(total),
            received,
            ..SideFile::default()
        }
    }

    fn partial(range: &str, etag: &str) -> ResponseHead {
        ResponseHead {
            status: 206,
            content_range: Some(range.into()),
            etag: Some(etag.into()),
            ..ResponseHead::default()
        }
    }

    #[test]
    fn table() {
        let held = side(100, 200);
        let go_on = Decision::Continue {
            at: 100,
            total: Some(200),
        };
        let rows = [
            (partial("bytes 100-199/200", "\"a\""), go_on),
            (partial("bytes 0-199/200", "\"a\""), Decision::AskAgain),
            (partial("bytes 100-299/300", "\"a\""), Decision::AskAgain),
            (partial("bytes 100-199/200", "\"b\""), Decision::AskAgain),
            (partial("lines 1-2/3", "\"a\""), Decision::AskAgain),
            (
                ResponseHead {
                    status: 206,
                    ..Default::default()
                },
                Decision::AskAgain,
            ),
            (
                ResponseHead {
                    status: 404,
                    ..Default::default()
                },
                Decision::Refuse,
            ),
            (
                ResponseHead {
                    status: 204,
                    ..Default::default()
                },
                Decision::Refuse,
            ),
            (
                ResponseHead {
                    status: 200,
                    content_length: Some(7),
                    ..Default::default()
                },
                Decision::StartOver { total: Some(7) },
            ),
            (
                ResponseHead {
                    status: 416,
                    ..partial("bytes */200", "\"a\"")
                },
                Decision::AskAgain,
            ),
            (
                ResponseHead {
                    status: 416,
                    ..partial("bytes */100", "\"a\"")
                },
                Decision::AskAgain,
            ),
        ];
        for (head, expected) in rows {
            assert_eq!(decide(Some(&held), &head), expected, "{head:?}");
        }
        let whole = ResponseHead {
            status: 416,
            ..partial("bytes */200", "\"a\"")
        };
        assert_eq!(
            decide(Some(&side(200, 200)), &whole),
            Decision::AlreadyComplete
        );
    }

    #[test]
    fn weak_etags_do_not_validate_a_range() {
        let mut held = SideFile {
            etag: Some("W/\"a\"".into()),
            ..SideFile::default()
        };
        assert_eq!(validator(&held), None);
        held.last_modified = Some("Wed, 21 Oct 2015 07:28:00 GMT".into());
        assert_eq!(validator(&held), Some("Wed, 21 Oct 2015 07:28:00 GMT"));
    }

    proptest! {
        #[test]
        fn content_range_survives_a_round_trip(first in 0u64..1 << 40, more in 0u64..1 << 40, rest in 1u64..1 << 40) {
            let last = first + more;
            let text = format!("bytes {first}-{last}/{}", last + rest);
            let expected = ContentRange { range: Some((first, last)), total: Some(last + rest) };
            prop_assert_eq!(parse_content_range(&text), Some(expected));
        }

        #[test]
        fn parsing_never_panics(text in ".{0,60}") {
            let _ = parse_content_range(&text);
        }

        #[test]
        fn never_continues_elsewhere_than_where_we_stopped(
            received in 0u64..50, total in 50u64..60, first in 0u64..50, claimed in 50u64..60, same in any::<bool>(),
        ) {
            let head = partial(&format!("bytes {first}-49/{claimed}"), if same { "\"a\"" } else { "\"b\"" });
            if let Decision::Continue { at, total: whole } = decide(Some(&side(received, total)), &head) {
                prop_assert!(at == received && first == received && whole == Some(total) && claimed == total && same);
            }
        }
    }
}
