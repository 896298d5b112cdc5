//! Values beside their types.

use super::join;
use super::scalar;
use super::words::{list_type, shown_type, tagged, wanted};
use crate::Contract;
use crate::config::schema::{Field, Format, MAIN, Record, Schema, Shape, Width};
use crate::pki::base64_problem;
use crate::yaml::{Entry, Kind, Node, Plain, resolve};

/// A value that its type does not read.
pub(super) struct Problem {
    pub path: String,
    pub line: usize,
    /// What Talos says.
    pub text: String,
    /// The plain sentence.
    pub reason: String,
    /// The type reads itself.
    pub own: bool,
}

/// Walks values beside their types.
pub(super) struct Check {
    schema: &'static Schema,
    contract: Contract,
    pub problems: Vec<Problem>,
    /// What has no keys and was given some.
    pub unfit: Option<Problem>,
    /// Places where nothing stands and something must.
    pub nulls: Vec<(String, usize)>,
}

impl Check {
    pub fn new(schema: &'static Schema, contract: Contract) -> Self {
        Self {
            schema,
            contract,
            problems: Vec::new(),
            unfit: None,
            nulls: Vec::new(),
        }
    }

    /// What is wrong with what must be text.
    pub fn plain_text(&mut self, node: &Node, path: &str) -> Option<Problem> {
        if !node.is_null() && !self.is_text(node) {
            self.mismatch(node, path, "string");
        }
        self.problems.pop()
    }

    /// Checks a mapping of a known type; gives its unknown keys as a tree of made nodes down to
    /// values that were read.
    pub fn record(&mut self, node: &Node, name: &str, path: &str) -> Option<Node> {
        let record = self.schema.record(name)?;
        let Kind::Mapping(entries) = &node.kind else {
            if !node.is_null() {
                self.mismatch(node, path, &shown_type(name, record));
            }
            return None;
        };
        if record.is_pem() {
            return self.pem(node, record, path);
        }
        let mut unknown = Node::empty_map();
        for entry in entries {
            let path = join(path, &entry.key);
            let tree = self.entry(entry, record, name, &path);
            if let Some(tree) = tree {
                unknown.set(&entry.key, tree);
            }
        }
        sorted(unknown)
    }

    /// A certificate and a key, whose type reads itself: one refusal for both.
    fn pem(&mut self, node: &Node, record: &Record, path: &str) -> Option<Node> {
        let mut unknown = Node::empty_map();
        let before = self.problems.len();
        for entry in node.entries() {
            if !record.keys.contains_key(&entry.key) {
                unknown.set(&entry.key, leaf(entry));
            } else if !self.is_text(&entry.value) {
                let path = join(path, &entry.key);
                self.mismatch(&entry.value, &path, "string");
            }
        }
        let fits = self.problems.len() == before;
        for key in ["crt", "key"].into_iter().filter(|_| fits) {
            let text = node.text_at(&[key]);
            let redacted = key == "key" && text == "******";
            if let Some(problem) = base64_problem(text).filter(|_| !redacted) {
                self.own(node, &join(path, key), problem);
                break;
            }
        }
        sorted(unknown)
    }

    fn entry(&mut self, entry: &Entry, record: &Record, name: &str, path: &str) -> Option<Node> {
        match record.keys.get(&entry.key) {
            Some(Field { shape, go, .. }) => self.shape(&entry.value, shape, go, path),
            // Kinds name themselves.
            None if name != MAIN && path == "kind" => None,
            None => Some(leaf(entry)),
        }
    }

    fn shape(&mut self, node: &Node, shape: &Shape, go: &str, path: &str) -> Option<Node> {
        if node.is_null() {
            return None;
        }
        let whole = go;
        let go = go.trim_start_matches('*');
        match shape {
            Shape::Free => None,
            Shape::Record(name) => self.record(node, name, path),
            Shape::List(item) => self.list(node, item, go, path),
            Shape::Map(value) => self.map(node, value, go, path),
            Shape::Boolean => {
                if node.as_bool().is_none() {
                    self.mismatch(node, path, go);
                }
                None
            }
            Shape::Integer(width) => {
                if !scalar::is_integer(node, *width, self.contract) {
                    self.mismatch(node, path, go);
                }
                None
            }
            Shape::Text(format) => self.text(node, format, whole, path),
            Shape::ScalarOrList => {
                let is_list = matches!(node.kind, Kind::Sequence(_));
                let text = |node: &Node| self.is_text(node);
                if !(text(node) || is_list && node.items().iter().all(text)) {
                    let text = "arg value must be a string or list of strings";
                    self.own(node, path, text.to_owned());
                }
                None
            }
        }
    }

    fn list(&mut self, node: &Node, item: &Shape, go: &str, path: &str) -> Option<Node> {
        let Kind::Sequence(items) = &node.kind else {
            self.mismatch(node, path, list_type(go));
            return None;
        };
        let inner = self.schema.element(go);
        let mut unknown = Vec::new();
        for (index, value) in items.iter().enumerate() {
            let path = format!("{path}[{index}]");
            self.null(value, inner, &path);
            unknown.extend(self.shape(value, item, inner, &path));
        }
        (!unknown.is_empty()).then(|| Node::list(unknown))
    }

    fn map(&mut self, node: &Node, shape: &Shape, go: &str, path: &str) -> Option<Node> {
        let Kind::Mapping(entries) = &node.kind else {
            self.mismatch(node, path, go);
            return None;
        };
        let inner = self.schema.element(go);
        let mut unknown = Node::empty_map();
        for Entry { key, value, .. } in entries {
            let path = join(path, key);
            self.null(value, inner, &path);
            if let Some(tree) = self.shape(value, shape, inner, &path) {
                unknown.set(key, tree);
            }
        }
        sorted(unknown)
    }

    fn text(&mut self, node: &Node, format: &Format, go: &str, path: &str) -> Option<Node> {
        let Kind::Scalar { text, plain } = &node.kind else {
            return self.no_text(node, format, go, path);
        };
        let go = go.trim_start_matches('*');
        if !self.is_text(node) && !format.reads_scalars() {
            let target = target(format, go);
            self.mismatch(node, path, target);
            return None;
        }
        match scalar::problem(text, *plain, format, self.contract) {
            None => {}
            Some(scalar::Wrong::Type) => self.mismatch(node, path, go),
            Some(scalar::Wrong::Own(reason)) => self.own(node, path, reason),
        }
        None
    }

    /// True for what is read as text: from 1.14 on a date is none.
    fn is_text(&self, node: &Node) -> bool {
        let Kind::Scalar { text, plain } = &node.kind else {
            return false;
        };
        let date = *plain && resolve(text) == Plain::Timestamp;
        !(date && self.contract >= Contract::V1_14)
    }

    /// A list or a mapping where text is read.
    fn no_text(&mut self, node: &Node, format: &Format, go: &str, path: &str) -> Option<Node> {
        // 1.13 alone names the pointer too.
        let shown = match self.contract {
            Contract::V1_13 => go,
            _ => go.trim_start_matches('*'),
        };
        let go = go.trim_start_matches('*');
        if !format.reads_scalars() {
            let target = target(format, go);
            self.mismatch(node, path, target);
            return None;
        }
        if self.contract >= Contract::V1_13 {
            self.mismatch(node, path, &format!("{shown} (TextUnmarshaler)"));
            return None;
        }
        // Bytes one by one were bytes too.
        if *format == Format::Hardware && matches!(node.kind, Kind::Sequence(_)) {
            let width = Width {
                signed: false,
                bits: 8,
            };
            for item in node.items().iter().filter(|item| !item.is_null()) {
                if !scalar::is_integer(item, width, self.contract) {
                    self.mismatch(item, path, "uint8");
                }
            }
            return None;
        }
        // Before, a type of parts was read as a mapping without known keys.
        let parts = !matches!(format, Format::OneOf(_) | Format::Hardware);
        let Kind::Mapping(entries) = &node.kind else {
            self.mismatch(node, path, go);
            return None;
        };
        if !parts {
            self.mismatch(node, path, go);
            return None;
        }
        let mut unknown = Node::empty_map();
        for entry in entries {
            unknown.set(&entry.key, entry.value.clone());
        }
        sorted(unknown)
    }

    /// An element that is not there, of a type that Talos keeps behind a pointer.
    fn null(&mut self, node: &Node, go: &str, path: &str) {
        if self.contract >= Contract::V1_14 && node.is_null() && go.starts_with('*') {
            self.nulls.push((path.to_owned(), node.line));
        }
    }

    fn own(&mut self, node: &Node, path: &str, text: String) {
        self.problems.push(Problem {
            path: path.to_owned(),
            line: node.line,
            reason: text.clone(),
            text,
            own: true,
        });
    }

    fn mismatch(&mut self, node: &Node, path: &str, target: &str) {
        let verb = match self.contract >= Contract::V1_13 {
            true => "construct",
            false => "unmarshal",
        };
        let what = tagged(node);
        self.problems.push(Problem {
            path: path.to_owned(),
            line: node.line,
            text: format!("cannot {verb} {what} into {target}"),
            reason: wanted(node, target),
            own: false,
        });
    }
}

/// The type that a text is read into first.
fn target<'a>(format: &Format, go: &'a str) -> &'a str {
    match format {
        Format::Any | Format::Usual(_) | Format::Duration => go,
        _ => "string",
    }
}

/// What stands under an unknown key, at the key's line.
fn leaf(entry: &Entry) -> Node {
    Node {
        line: entry.line.max(1),
        ..entry.value.clone()
    }
}

/// A tree with its keys in order, or nothing.
fn sorted(mut node: Node) -> Option<Node> {
    let Kind::Mapping(entries) = &mut node.kind else {
        return None;
    };
    if entries.is_empty() {
        return None;
    }
    entries.sort_by(|a, b| a.key.cmp(&b.key));
    Some(node)
}
