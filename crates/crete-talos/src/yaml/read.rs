//! From text to trees. Aliases and merge keys are followed; keys that stand twice are refused.

use super::{Entry, Kind, Node, YamlError};
use granit_parser::{Event, Parser, ScalarStyle, StrInput};
use std::collections::HashMap;

/// More nodes than any configuration has: aliases of aliases grow without bound.
const MOST_NODES: usize = 500_000;
/// Deeper than any configuration is.
const MOST_DEPTH: usize = 200;

/// Reads every document. One without content (comments alone) is left out.
///
/// # Errors
/// What is no YAML, keys that stand twice, and more than any configuration holds.
pub fn read(text: &str) -> Result<Vec<Node>, YamlError> {
    let (mut documents, broken) = read_all(text);
    if let Some(error) = broken {
        return Err(error);
    }
    documents.retain(|node| !node.is_null());
    Ok(documents)
}

/// Reads every document, those without content too, up to what is no YAML.
pub(crate) fn read_all(text: &str) -> (Vec<Node>, Option<YamlError>) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader {
        parser: Parser::new_from_str(text),
        anchors: HashMap::new(),
        nodes: 0,
        depth: 0,
    };
    let mut documents = Vec::new();
    loop {
        match reader.document() {
            Ok(Some(document)) => documents.push(document),
            Ok(None) => return (documents, None),
            Err(error) => return (documents, Some(error)),
        }
    }
}

/// Reads a text of at most one document.
///
/// # Errors
/// As [`read`], and a second document.
pub fn read_one(text: &str) -> Result<Option<Node>, YamlError> {
    let mut documents = read(text)?;
    if let Some(second) = documents.get(1) {
        return Err(fault(second.line, "only one document is expected"));
    }
    Ok(documents.pop())
}

fn fault(line: usize, reason: impl Into<String>) -> YamlError {
    YamlError {
        line,
        reason: reason.into(),
    }
}

struct Reader<'input> {
    parser: Parser<'input, StrInput<'input>>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    depth: usize,
}

impl<'input> Reader<'input> {
    fn document(&mut self) -> Result<Option<Node>, YamlError> {
        loop {
            match self.next()? {
                (Event::DocumentStart(..), _) => {
                    self.anchors.clear();
                    let first = self.next()?;
                    return self.node(first).map(Some);
                }
                (Event::StreamEnd, _) => return Ok(None),
                _ => {}
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'input>, usize), YamlError> {
        loop {
            return match self.parser.next() {
                Some(Ok((Event::Comment(..), _))) => continue,
                Some(Ok((event, span))) => Ok((event, span.start.line())),
                Some(Err(error)) => Err(fault(error.marker().line(), error.info())),
                None => Ok((Event::StreamEnd, 0)),
            };
        }
    }

    fn count(&mut self, nodes: usize, line: usize) -> Result<(), YamlError> {
        self.nodes += nodes;
        if self.nodes > MOST_NODES || self.depth > MOST_DEPTH {
            return Err(fault(line, "larger or deeper than any configuration is"));
        }
        Ok(())
    }

    fn node(&mut self, (event, line): (Event<'input>, usize)) -> Result<Node, YamlError> {
        self.count(1, line)?;
        self.depth += 1;
        let (anchor, kind) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let tag = tag.as_ref().map(|tag| tag.suffix());
                let kind = Kind::Scalar {
                    text: text.into_owned(),
                    plain: match tag {
                        Some("str" | "binary") => false,
                        Some("int" | "bool" | "float" | "null") => true,
                        _ => style == ScalarStyle::Plain,
                    },
                };
                (anchor, kind)
            }
            Event::SequenceStart(_, anchor, ..) => (anchor, self.sequence()?),
            Event::MappingStart(_, anchor, ..) => (anchor, self.mapping()?),
            Event::Alias(id) => {
                let node = self.anchors.get(&id).cloned();
                let node = node.ok_or_else(|| fault(line, "the alias names nothing"))?;
                self.count(node.size(), line)?;
                self.depth -= 1;
                return Ok(Node { line, ..node });
            }
            other => return Err(fault(line, format!("unexpected {other:?}"))),
        };
        self.depth -= 1;
        let node = Node {
            line,
            origin: 0,
            kind,
        };
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn sequence(&mut self) -> Result<Kind, YamlError> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Kind::Sequence(items)),
                event => items.push(self.node(event)?),
            }
        }
    }

    fn mapping(&mut self) -> Result<Kind, YamlError> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut merged = Vec::new();
        loop {
            let event = match self.next()? {
                (Event::MappingEnd, _) => break,
                event => event,
            };
            let key = self.node(event)?;
            let event = self.next()?;
            let value = self.node(event)?;
            let Kind::Scalar { text, plain } = key.kind else {
                return Err(fault(key.line, "a key must be text"));
            };
            if plain && text == "<<" {
                merged.push(value);
                continue;
            }
            if entries.iter().any(|entry| entry.key == text) {
                return Err(fault(
                    key.line,
                    format!("the key \"{text}\" stands here twice"),
                ));
            }
            entries.push(Entry {
                key: text,
                line: key.line,
                value,
            });
        }
        for source in &merged {
            merge(&mut entries, source)?;
        }
        Ok(Kind::Mapping(entries))
    }
}

/// Adds what a merge key brings: keys that stand in the mapping itself win.
fn merge(entries: &mut Vec<Entry>, source: &Node) -> Result<(), YamlError> {
    match &source.kind {
        Kind::Mapping(others) => {
            for other in others {
                if !entries.iter().any(|entry| entry.key == other.key) {
                    entries.push(other.clone());
                }
            }
            Ok(())
        }
        Kind::Sequence(items) => items.iter().try_for_each(|item| merge(entries, item)),
        Kind::Scalar { .. } => Err(fault(source.line, "a merge key needs a mapping")),
    }
}
