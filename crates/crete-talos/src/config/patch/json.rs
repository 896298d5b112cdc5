//! JSON patches (RFC 6902), written in JSON or YAML.

use crate::yaml::{Kind, Node, Origin};

/// One operation of a JSON patch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Operation {
    Add(Pointer, Node),
    Remove(Pointer),
    Replace(Pointer, Node),
    Move { from: Pointer, to: Pointer },
    Copy { from: Pointer, to: Pointer },
    Test(Pointer, Node),
}

/// A path to a value (RFC 6901).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pointer(Vec<String>);

impl Pointer {
    fn read(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self(Vec::new()));
        }
        let parts = text.strip_prefix('/')?.split('/');
        let parts = parts.map(|part| part.replace("~1", "/").replace("~0", "~"));
        Some(Self(parts.collect()))
    }

    fn written(&self) -> String {
        self.0.iter().map(|part| format!("/{part}")).collect()
    }
}

/// Reads the operations; nothing when this is no JSON patch.
pub(super) fn read(items: &[Node]) -> Option<Vec<Operation>> {
    items.iter().map(operation).collect()
}

fn operation(item: &Node) -> Option<Operation> {
    let pointer = |key: &str| Pointer::read(item.text_at(&[key]));
    let value = || {
        let entries = item.entries().iter();
        let mut found = entries.filter(|entry| entry.key == "value");
        found.next().map(|entry| entry.value.clone())
    };
    let path = pointer("path")?;
    item.get("path")?;
    match item.text_at(&["op"]) {
        "add" => Some(Operation::Add(path, value()?)),
        "remove" => Some(Operation::Remove(path)),
        "replace" => Some(Operation::Replace(path, value()?)),
        "move" => Some(Operation::Move {
            from: pointer("from")?,
            to: path,
        }),
        "copy" => Some(Operation::Copy {
            from: pointer("from")?,
            to: path,
        }),
        "test" => Some(Operation::Test(path, value()?)),
        _ => None,
    }
}

impl Operation {
    /// Applies it to a document.
    pub fn apply(&self, root: &mut Node, origin: Origin) -> Result<(), String> {
        let marked = |node: &Node| node.clone().from_origin(origin);
        match self {
            Self::Add(path, value) => add(root, path, marked(value)),
            Self::Remove(path) => remove(root, path).map(drop),
            Self::Replace(path, value) => {
                *find(root, path)? = marked(value);
                Ok(())
            }
            Self::Move { from, to } => {
                let value = remove(root, from)?;
                add(root, to, value)
            }
            Self::Copy { from, to } => {
                let value = marked(find(root, from)?);
                add(root, to, value)
            }
            Self::Test(path, value) => match find(root, path)? == value {
                true => Ok(()),
                false => Err(format!("testing path {} failed", path.written())),
            },
        }
    }
}

fn missing(path: &Pointer) -> String {
    format!("path {:?}: missing value", path.written())
}

fn find<'a>(root: &'a mut Node, path: &Pointer) -> Result<&'a mut Node, String> {
    path.0
        .iter()
        .try_fold(root, step)
        .ok_or_else(|| missing(path))
}

fn step<'a>(node: &'a mut Node, part: &String) -> Option<&'a mut Node> {
    match &mut node.kind {
        Kind::Mapping(entries) => entries
            .iter_mut()
            .find(|entry| entry.key == *part)
            .map(|entry| &mut entry.value),
        Kind::Sequence(items) => items.get_mut(part.parse::<usize>().ok()?),
        Kind::Scalar { .. } => None,
    }
}

fn parent<'a, 'p>(
    root: &'a mut Node,
    path: &'p Pointer,
) -> Result<(&'a mut Node, &'p str), String> {
    let Some((last, before)) = path.0.split_last() else {
        return Err("the whole document cannot be replaced".to_owned());
    };
    let node = before.iter().try_fold(root, step);
    node.map(|node| (node, last.as_str()))
        .ok_or_else(|| missing(path))
}

fn add(root: &mut Node, path: &Pointer, value: Node) -> Result<(), String> {
    let (node, last) = parent(root, path)?;
    match &mut node.kind {
        Kind::Mapping(_) => {
            node.set(last, value);
            Ok(())
        }
        Kind::Sequence(items) => {
            let index = match last {
                "-" => items.len(),
                index => index.parse().map_err(|_| missing(path))?,
            };
            if index > items.len() {
                return Err(missing(path));
            }
            items.insert(index, value);
            Ok(())
        }
        Kind::Scalar { .. } => Err(missing(path)),
    }
}

fn remove(root: &mut Node, path: &Pointer) -> Result<Node, String> {
    let (node, last) = parent(root, path)?;
    match &mut node.kind {
        Kind::Mapping(entries) => {
            let index = entries.iter().position(|entry| entry.key == last);
            let index = index.ok_or_else(|| missing(path))?;
            Ok(entries.remove(index).value)
        }
        Kind::Sequence(items) => {
            let index: usize = last.parse().map_err(|_| missing(path))?;
            if index >= items.len() {
                return Err(missing(path));
            }
            Ok(items.remove(index))
        }
        Kind::Scalar { .. } => Err(missing(path)),
    }
}
