//! From trees to text, in the form in which Talos writes configurations: four blanks a level, no
//! folding, quotes only where a reader would take the text for something else.

use super::plain::{Plain, is_base60, is_old_bool, resolve};
use super::{Entry, Kind, Node};
use std::fmt::Write as _;

const STEP: usize = 4;

/// Writes one document. Ends with a line feed.
#[must_use]
pub fn emit(node: &Node) -> String {
    let mut out = String::new();
    match &node.kind {
        Kind::Mapping(entries) if !entries.is_empty() => mapping(&mut out, entries, 0, false),
        Kind::Sequence(items) if !items.is_empty() => sequence(&mut out, items, 0, false),
        _ => {
            inline(&mut out, node, (0, STEP));
            out.push('\n');
        }
    }
    out
}

/// Writes several documents with marks between them.
#[must_use]
pub fn emit_documents<'a>(nodes: impl IntoIterator<Item = &'a Node>) -> String {
    let texts: Vec<String> = nodes.into_iter().map(emit).collect();
    texts.join("---\n")
}

fn pad(out: &mut String, indent: usize) {
    out.extend(std::iter::repeat_n(' ', indent));
}

/// The next deeper column that is a multiple of the step.
fn deeper(indent: usize) -> usize {
    STEP * ((indent + STEP) / STEP)
}

/// Writes a mapping's lines. `begun` says that the first line already has its indentation.
fn mapping(out: &mut String, entries: &[Entry], indent: usize, mut begun: bool) {
    for entry in entries {
        if !begun {
            pad(out, indent);
        }
        begun = false;
        scalar(out, &entry.key, false, (indent, indent));
        out.push(':');
        match &entry.value.kind {
            Kind::Mapping(inner) if !inner.is_empty() => {
                out.push('\n');
                mapping(out, inner, deeper(indent), false);
            }
            Kind::Sequence(items) if !items.is_empty() => {
                out.push('\n');
                sequence(out, items, deeper(indent), false);
            }
            _ => {
                out.push(' ');
                inline(out, &entry.value, (indent, deeper(indent)));
                out.push('\n');
            }
        }
    }
}

fn sequence(out: &mut String, items: &[Node], indent: usize, mut begun: bool) {
    for item in items {
        if !begun {
            pad(out, indent);
        }
        begun = false;
        out.push_str("- ");
        match &item.kind {
            Kind::Mapping(inner) if !inner.is_empty() => mapping(out, inner, indent + 2, true),
            Kind::Sequence(inner) if !inner.is_empty() => sequence(out, inner, indent + 2, true),
            _ => {
                inline(out, item, (indent, indent + 2));
                out.push('\n');
            }
        }
    }
}

fn inline(out: &mut String, node: &Node, columns: (usize, usize)) {
    match &node.kind {
        Kind::Mapping(_) => out.push_str("{}"),
        Kind::Sequence(_) => out.push_str("[]"),
        Kind::Scalar { text, plain } => scalar(out, text, *plain, columns),
    }
}

/// Writes a scalar; the lines of a block begin at the column `block`, of which a reader counts
/// from `parent`.
fn scalar(out: &mut String, text: &str, plain: bool, (parent, block): (usize, usize)) {
    let meaning = resolve(text);
    if plain && meaning == Plain::Null {
        out.push_str("null");
        return;
    }
    if plain && meaning != Plain::Text {
        out.push_str(text);
        return;
    }
    let shape = Shape::of(text);
    let other_meaning =
        meaning != Plain::Text || text == "<<" || is_base60(text) || is_old_bool(text);
    if other_meaning && !(plain && is_old_bool(text)) {
        double_quoted(out, text);
    } else if text.contains('\n') && shape.block {
        literal(out, text, parent, block);
    } else if shape.plain {
        out.push_str(text);
    } else if shape.single {
        let _ = write!(out, "'{}'", text.replace('\'', "''"));
    } else {
        double_quoted(out, text);
    }
}

/// In which forms a text can be written without changing.
struct Shape {
    plain: bool,
    single: bool,
    block: bool,
}

impl Shape {
    fn of(text: &str) -> Self {
        let mut shape = Self {
            plain: !text.starts_with("---") && !text.starts_with("..."),
            single: true,
            block: true,
        };
        let mut previous = None;
        let characters: Vec<char> = text.chars().collect();
        for (index, &c) in characters.iter().enumerate() {
            let next_blank = characters.get(index + 1).is_none_or(|c| is_blank(*c));
            let indicator = match c {
                '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"'
                | '%' | '@' | '`'
                    if index == 0 =>
                {
                    true
                }
                '?' | '-' if index == 0 => next_blank,
                ':' => next_blank,
                '#' => previous.is_some_and(is_blank),
                _ => false,
            };
            shape.plain &= !indicator;
            if !is_printable(c) {
                shape.single = false;
                shape.block = false;
            }
            let after_break = previous.is_some_and(is_break);
            if c == ' ' && (after_break || index == 0 || index + 1 == characters.len()) {
                shape.plain = false;
                shape.single &= !after_break;
                shape.block &= index + 1 != characters.len();
            }
            if is_break(c) {
                shape.plain = false;
                shape.single = false;
                shape.block &= previous != Some(' ');
            }
            if c == '\t' {
                shape.plain = false;
                shape.single = false;
            }
            previous = Some(c);
        }
        shape.plain &= shape.single;
        shape
    }
}

fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn is_blank(c: char) -> bool {
    c == ' ' || c == '\t' || is_break(c)
}

fn is_printable(c: char) -> bool {
    matches!(c, '\n' | '\t' | '\u{20}'..='\u{7e}' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
        && !matches!(c, '\u{feff}' | '\u{2028}' | '\u{2029}')
}

fn literal(out: &mut String, text: &str, parent: usize, indent: usize) {
    out.push('|');
    if text.starts_with([' ', '\n']) {
        // Talos' own writer states four here even where two is true, and cannot read it back.
        let _ = write!(out, "{}", indent - parent);
    }
    let body = text.trim_end_matches('\n');
    match text.len() - body.len() {
        0 => out.push('-'),
        1 if !body.is_empty() => {}
        _ => out.push('+'),
    }
    let lines = text.strip_suffix('\n').unwrap_or(text);
    for line in lines.split('\n') {
        out.push('\n');
        if !line.is_empty() {
            pad(out, indent);
            out.push_str(line);
        }
    }
}

fn double_quoted(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\0' => out.push_str("\\0"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{85}' => out.push_str("\\N"),
            '\u{2028}' => out.push_str("\\L"),
            '\u{2029}' => out.push_str("\\P"),
            c if is_printable(c) => out.push(c),
            c => {
                let code = u32::from(c);
                let _ = match code {
                    0..=0xff => write!(out, "\\x{code:02X}"),
                    0x100..=0xffff => write!(out, "\\u{code:04X}"),
                    _ => write!(out, "\\U{code:08X}"),
                };
            }
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::super::read_one;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lists_of_mappings_stand_as_talos_writes_them() {
        let text = "a:\n    b:\n        - c: d\n          e:\n            f: g\n            h:\n                - 1\n        - - x\n          - y\n    k: |\n        one\n        two\n    m: []\n    o: {}\n";
        assert_eq!(emit(&read_one(text).unwrap().unwrap()), text);
    }

    #[test]
    fn text_that_could_be_something_else_is_quoted() {
        for (text, written) in [
            ("65535", "\"65535\""),
            ("off", "\"off\""),
            ("", "\"\""),
            ("1:20", "\"1:20\""),
            ("kind: Changed", "'kind: Changed'"),
            ("a #b", "'a #b'"),
            ("it's", "it's"),
            ("-x", "-x"),
            ("a\tb", "\"a\\tb\""),
            (" a", "' a'"),
            ("52:54:00:12:34:56", "\"52:54:00:12:34:56\""),
            ("http://a/b", "http://a/b"),
        ] {
            assert_eq!(emit(&Node::text(text)), format!("{written}\n"));
        }
    }

    fn trees() -> impl Strategy<Value = Node> {
        let scalars = prop_oneof![
            "[ -~\n\t]{0,12}".prop_map(Node::text),
            ".{0,8}".prop_map(Node::text),
            any::<i64>().prop_map(Node::bare),
            Just(Node::bare("true")),
            Just(Node::bare("null")),
        ];
        scalars.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Node::list),
                proptest::collection::btree_map("[ -~]{1,8}", inner, 0..4).prop_map(|map| {
                    let mut node = Node::empty_map();
                    for (key, value) in map {
                        node.set(&key, value);
                    }
                    node
                }),
            ]
        })
    }

    proptest! {
        /// What is written reads back as the same tree.
        #[test]
        fn the_text_says_the_same(tree in trees()) {
            let mut whole = Node::empty_map();
            whole.set("tree", tree);
            let text = emit(&whole);
            let read = read_one(&text).map_err(|e| TestCaseError::fail(format!("{e}\n{text}")))?;
            prop_assert_eq!(read.map(normal), Some(normal(whole)), "{}", text);
        }

        #[test]
        fn no_text_panics(text in ".{0,60}") {
            if let Ok(Some(node)) = read_one(&text) {
                let _ = emit(&node);
            }
        }
    }

    /// Quotes are no part of what a text says unless it would mean something else without.
    fn normal(mut node: Node) -> Node {
        match &mut node.kind {
            Kind::Scalar { text, plain } => {
                *plain = *plain && resolve(text) != Plain::Text;
                if *plain && resolve(text) == Plain::Null {
                    *text = "null".to_owned();
                }
            }
            Kind::Sequence(items) => {
                for item in items.iter_mut() {
                    *item = normal(item.clone());
                }
            }
            Kind::Mapping(entries) => {
                for entry in entries.iter_mut() {
                    entry.value = normal(entry.value.clone());
                }
            }
        }
        node
    }
}
