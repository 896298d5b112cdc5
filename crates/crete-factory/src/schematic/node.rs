//! YAML as a tree of texts with their lines. Aliases are followed; nothing is given a type yet,
//! because the same plain scalar is text in one place and a number in another.

use super::SchematicError;
use granit_parser::{Event, Parser, ScalarStyle};
use std::collections::HashMap;

/// More nodes than any schematic has: aliases of aliases grow without bound.
const MOST_NODES: usize = 200_000;

/// A node and the line it begins in, from 1.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub line: usize,
    pub kind: Kind,
}

#[derive(Debug, Clone)]
pub(super) enum Kind {
    Scalar { text: String, plain: bool },
    Sequence(Vec<Node>),
    Mapping(Vec<(Node, Node)>),
}

impl Node {
    /// True for the plain scalars that mean "nothing".
    pub fn is_null(&self) -> bool {
        matches!(&self.kind, Kind::Scalar { text, plain: true }
            if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }
}

/// Reads the first document; `None` when there is none.
pub(super) fn read(text: &str) -> Result<Option<Node>, SchematicError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader {
        parser: Parser::new_from_str(text),
        anchors: HashMap::new(),
        nodes: 0,
    };
    loop {
        match reader.next()? {
            (Event::DocumentStart(..), _) => break,
            (Event::StreamEnd, _) => return Ok(None),
            _ => {}
        }
    }
    let first = reader.next()?;
    let node = reader.node(first)?;
    let empty = matches!(&node.kind, Kind::Scalar { text, plain: true } if text.is_empty());
    // A document of comments alone reads as an empty scalar.
    Ok((!empty).then_some(node))
}

/// Reads a whole text without keeping anything of it.
pub(super) fn check(text: &str) -> Result<(), String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for event in Parser::new_from_str(text) {
        event.map_err(|error| error.to_string())?;
    }
    Ok(())
}

struct Reader<'input> {
    parser: Parser<'input, granit_parser::StrInput<'input>>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
}

impl<'input> Reader<'input> {
    fn next(&mut self) -> Result<(Event<'input>, usize), SchematicError> {
        loop {
            return match self.parser.next() {
                Some(Ok((Event::Comment(..), _))) => continue,
                Some(Ok((event, span))) => Ok((event, span.start.line())),
                Some(Err(error)) => Err(SchematicError::Yaml(error.to_string())),
                None => Ok((Event::StreamEnd, 0)),
            };
        }
    }

    fn count(&mut self, nodes: usize) -> Result<(), SchematicError> {
        self.nodes += nodes;
        if self.nodes > MOST_NODES {
            return Err(SchematicError::Yaml("too many nodes".to_owned()));
        }
        Ok(())
    }

    fn node(&mut self, (event, line): (Event<'input>, usize)) -> Result<Node, SchematicError> {
        self.count(1)?;
        let (anchor, kind) = match event {
            Event::Scalar(text, style, anchor, ..) => {
                let plain = style == ScalarStyle::Plain;
                (
                    anchor,
                    Kind::Scalar {
                        text: text.into_owned(),
                        plain,
                    },
                )
            }
            Event::SequenceStart(_, anchor, ..) => (anchor, self.sequence()?),
            Event::MappingStart(_, anchor, ..) => (anchor, self.mapping()?),
            Event::Alias(id) => {
                let node = self.anchors.get(&id).cloned();
                let node = node.ok_or_else(|| SchematicError::Yaml("unknown alias".to_owned()))?;
                self.count(size(&node))?;
                return Ok(Node { line, ..node });
            }
            other => return Err(SchematicError::Yaml(format!("unexpected {other:?}"))),
        };
        let node = Node { line, kind };
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn sequence(&mut self) -> Result<Kind, SchematicError> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Kind::Sequence(items)),
                event => items.push(self.node(event)?),
            }
        }
    }

    fn mapping(&mut self) -> Result<Kind, SchematicError> {
        let mut entries = Vec::new();
        loop {
            match self.next()? {
                (Event::MappingEnd, _) => return Ok(Kind::Mapping(entries)),
                event => {
                    let key = self.node(event)?;
                    let event = self.next()?;
                    entries.push((key, self.node(event)?));
                }
            }
        }
    }
}

fn size(node: &Node) -> usize {
    1 + match &node.kind {
        Kind::Scalar { .. } => 0,
        Kind::Sequence(items) => items.iter().map(size).sum(),
        Kind::Mapping(entries) => entries
            .iter()
            .map(|(key, value)| size(key) + size(value))
            .sum(),
    }
}
