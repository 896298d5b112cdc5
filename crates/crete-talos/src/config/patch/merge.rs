//! The strategic merge: maps merge, scalars replace, lists append, and the exceptions.

mod values;

use crate::Contract;
use crate::config::decode::join;
use crate::config::fault::Fault;
use crate::config::schema::{Field, Format, Record, Schema, Shape};
use crate::yaml::{Kind, Node, Plain, resolve};
use values::{Keeping, both_have_users, is_no_time, keeping, merge_addresses};

/// Lists whose elements have names, by their types, and what the names are.
enum Named {
    /// A card's name, or else what selects it.
    Device,
    /// A number.
    Number(&'static str),
    /// A text.
    Text(&'static str),
    /// A text, and the patch's element takes the place of the one that is there.
    Swapped(&'static str),
}

fn named(go: &str) -> Option<Named> {
    Some(match go {
        "v1alpha1.NetworkDeviceList" => Named::Device,
        "v1alpha1.VlanList" => Named::Number("vlanId"),
        "v1alpha1.AdmissionPluginConfigList" => Named::Text("name"),
        "extensions.ConfigFileList" => Named::Text("mountPath"),
        "security.ImageVerificationRules" => Named::Swapped("image"),
        _ => return None,
    })
}

/// Values that are taken from a patch even when it does not have them: their types are no
/// pointers, and say of themselves whether there is something.
fn is_opaque(field: &Field) -> bool {
    match &field.shape {
        Shape::Text(Format::Expression | Format::Bytes) => true,
        Shape::Boolean => !field.go.starts_with('*'),
        _ => false,
    }
}

pub(super) struct Merge {
    contract: Contract,
    schema: &'static Schema,
    /// Paths of values that were lost.
    pub erased: Vec<String>,
}

type Done = Result<(), Fault>;

impl Merge {
    pub fn new(contract: Contract, schema: &'static Schema) -> Self {
        Self {
            contract,
            schema,
            erased: Vec::new(),
        }
    }

    /// Merges mappings of a known type.
    pub fn record(&mut self, left: &mut Node, right: &Node, type_name: &str, path: &str) -> Done {
        let schema = self.schema;
        let Some(record) = schema.record(type_name) else {
            return self.free(left, right, path);
        };
        if record.is_pem() {
            return self.take_pem(left, right, record, path);
        }
        if let Some(fault) = unmergeable(type_name, left, self.contract) {
            return Err(fault);
        }
        for (key, field) in &record.keys {
            let path = join(path, key);
            match right.get(key) {
                Some(value) => self.field(left, value, key, field, &path)?,
                None => self.erase(left, key, field, &path)?,
            }
        }
        Ok(())
    }

    /// A certificate and its key come together: what a patch leaves out of them is lost.
    fn take_pem(&mut self, left: &mut Node, right: &Node, record: &Record, path: &str) -> Done {
        if right.is_null() {
            return Ok(());
        }
        for key in record.keys.keys() {
            let value = right.get(key).cloned().unwrap_or_else(|| Node::text(""));
            let lost = value.text_at(&[]).is_empty() && !left.text_at(&[key]).is_empty();
            if lost {
                self.erased.push(join(path, key));
            }
            left.set(key, value);
        }
        Ok(())
    }

    fn field(
        &mut self,
        left: &mut Node,
        right: &Node,
        key: &str,
        field: &Field,
        path: &str,
    ) -> Done {
        let by_name = named(&field.go);
        if by_name.is_some() && left.get(key).is_none() {
            left.set(key, Node::list(Vec::new()));
        }
        let Some(there) = left.get_mut(key).filter(|there| !there.is_null()) else {
            left.set(key, right.clone());
            return Ok(());
        };
        // Talos takes these whatever they say.
        if matches!(field.shape, Shape::Text(Format::Expression | Format::Bytes)) {
            *there = right.clone();
            return Ok(());
        }
        if field.replaced {
            if is_something(right) {
                *there = right.clone();
            }
            return Ok(());
        }
        if let Some(by_name) = by_name {
            return self.by_name(there, right, &by_name, &field.shape, path);
        }
        match keeping(field, self.contract) {
            Keeping::Usual => self.value(there, right, &field.shape, path),
            keeping => self.keep(there, right, &keeping, &field.shape, path),
        }
    }

    /// Takes over a value that is kept in a way of its own.
    fn keep(
        &mut self,
        left: &mut Node,
        right: &Node,
        keeping: &Keeping,
        shape: &Shape,
        path: &str,
    ) -> Done {
        match keeping {
            Keeping::Pointer => *left = right.clone(),
            Keeping::Word(zero) if right.as_text() == Some(zero) => {}
            Keeping::Address => {
                if let (Some(ours), Some(theirs)) = (left.as_text(), right.as_text()) {
                    if let Some(user) = both_have_users(ours, theirs) {
                        let text = format!(
                            "merge field meta.URL.URL: merge field url.URL.User: merge field url.Userinfo.username: merge not possible, left {user} is not settable"
                        );
                        let reason = "Talos cannot merge addresses that both name a user";
                        return Err(Fault::new(path, right.line, reason).worded(text));
                    }
                    *left = Node {
                        line: right.line,
                        origin: right.origin,
                        ..Node::text(merge_addresses(ours, theirs))
                    };
                }
            }
            Keeping::Arguments => {
                for entry in right.entries() {
                    left.set(&entry.key, entry.value.clone());
                }
            }
            _ => self.value(left, right, shape, path)?,
        }
        Ok(())
    }

    /// Takes away what the patch leaves out of a type that Talos copies whole.
    fn erase(&mut self, left: &mut Node, key: &str, field: &Field, path: &str) -> Done {
        if is_opaque(field) {
            let said = left
                .get(key)
                .is_some_and(|node| node.as_bool() != Some(false));
            if left.remove(key) && said {
                self.erased.push(path.to_owned());
            }
            return Ok(());
        }
        let Shape::Record(inner) = &field.shape else {
            return Ok(());
        };
        // Behind a pointer nothing is said.
        if field.go.starts_with('*') || !self.has_opaque(inner) {
            return Ok(());
        }
        if let Some(there) = left.get_mut(key) {
            let inner = inner.clone();
            self.record(there, &Node::empty_map(), &inner, path)?;
            if there.entries().is_empty() {
                left.remove(key);
            }
        }
        Ok(())
    }

    fn has_opaque(&self, type_name: &str) -> bool {
        let Some(record) = self.schema.record(type_name) else {
            return false;
        };
        record.keys.values().any(|field| {
            let inside = match &field.shape {
                Shape::Record(inner) if !field.go.starts_with('*') => {
                    inner != type_name && self.has_opaque(inner)
                }
                _ => false,
            };
            inside || is_opaque(field)
        })
    }

    fn value(&mut self, left: &mut Node, right: &Node, shape: &Shape, path: &str) -> Done {
        match shape {
            Shape::Free => self.free(left, right, path),
            Shape::Record(name) => self.record(left, right, name, path),
            Shape::Map(value) => self.map(left, right, value, path),
            Shape::List(_) => {
                append(left, right);
                Ok(())
            }
            Shape::Text(Format::Duration) if is_no_time(right) => Ok(()),
            Shape::Text(_) | Shape::Integer(_) | Shape::Boolean | Shape::ScalarOrList => {
                if is_something(right) {
                    *left = right.clone();
                }
                Ok(())
            }
        }
    }

    fn map(&mut self, left: &mut Node, right: &Node, value: &Shape, path: &str) -> Done {
        for entry in right.entries() {
            let path = join(path, &entry.key);
            match left.get_mut(&entry.key) {
                Some(there) => self.value(there, &entry.value, value, &path)?,
                None => left.set(&entry.key, entry.value.clone()),
            }
        }
        Ok(())
    }

    /// Merges lists whose elements have names.
    fn by_name(
        &mut self,
        left: &mut Node,
        right: &Node,
        by_name: &Named,
        shape: &Shape,
        path: &str,
    ) -> Done {
        let Shape::List(element) = shape else {
            return Ok(());
        };
        let (Kind::Sequence(items), additions) = (&mut left.kind, right.items()) else {
            return Ok(());
        };
        let before = items.len();
        for (index, addition) in additions.iter().enumerate() {
            let path = format!("{path}[{index}]");
            if let Named::Swapped(key) = by_name {
                let is_it = |item: &&mut Node| item.text_at(&[key]) == addition.text_at(&[key]);
                match items[..before].iter_mut().rev().find(is_it) {
                    Some(item) => *item = addition.clone(),
                    None => items.push(addition.clone()),
                }
                continue;
            }
            match items
                .iter_mut()
                .find(|item| is_same(item, addition, by_name))
            {
                Some(item) => self.value(item, addition, element, &path)?,
                None => items.push(addition.clone()),
            }
        }
        Ok(())
    }

    /// Merges what belongs to Kubernetes or containerd: by the types that YAML gives.
    fn free(&mut self, left: &mut Node, right: &Node, path: &str) -> Done {
        if right.is_null() {
            return Ok(());
        }
        let (mine, theirs) = (go_type(left), go_type(right));
        if mine != theirs && mine != "nil" {
            let text = format!("merge type mismatch left {mine} right {theirs}");
            return Err(Fault::new(path, right.line, text));
        }
        match &right.kind {
            Kind::Mapping(entries) => {
                for entry in entries {
                    let path = join(path, &entry.key);
                    match left.get_mut(&entry.key) {
                        Some(there) => self.free(there, &entry.value, &path)?,
                        None => left.set(&entry.key, entry.value.clone()),
                    }
                }
            }
            Kind::Sequence(_) => append(left, right),
            Kind::Scalar { .. } => {
                if is_something(right) {
                    *left = right.clone();
                }
            }
        }
        Ok(())
    }
}

fn append(left: &mut Node, right: &Node) {
    if let (Kind::Sequence(items), additions) = (&mut left.kind, right.items()) {
        items.extend(additions.iter().cloned());
    }
}

/// Empty texts, zeros and empty collections do not change what is there; `false` does.
fn is_something(node: &Node) -> bool {
    match &node.kind {
        Kind::Mapping(entries) => !entries.is_empty(),
        Kind::Sequence(items) => !items.is_empty(),
        Kind::Scalar { text, plain } => {
            let zero = *plain && resolve(text) == Plain::Integer(0);
            !node.is_null() && !text.is_empty() && !zero
        }
    }
}

/// True for elements of one name.
fn is_same(item: &Node, addition: &Node, by_name: &Named) -> bool {
    let number = |node: &Node, key| node.get(key).and_then(Node::as_integer).unwrap_or_default();
    match by_name {
        Named::Device if addition.text_at(&["interface"]).is_empty() => {
            let (ours, theirs) = (item.get("deviceSelector"), addition.get("deviceSelector"));
            ours.is_some() && same(ours, theirs)
        }
        Named::Device => item.text_at(&["interface"]) == addition.text_at(&["interface"]),
        Named::Number(key) => number(item, key) == number(addition, key),
        Named::Text(key) | Named::Swapped(key) => item.text_at(&[key]) == addition.text_at(&[key]),
    }
}

/// Kinds whose types stopped every merge before 1.14.
fn unmergeable(type_name: &str, left: &Node, contract: Contract) -> Option<Fault> {
    let whole = type_name == "network.RoutingRuleConfigV1Alpha1" && contract < Contract::V1_14;
    whole.then(|| {
        let text = format!(
            "merge field {type_name}.RuleSrc: merge field network.Prefix.Prefix: merge field netip.Prefix.ip: merge field netip.Addr.addr: merge field netip.uint128.hi: merge not possible, left 0 is not settable"
        );
        let reason = "this Talos cannot merge documents of this kind";
        Fault::new("", left.line, reason).worded(text)
    })
}

/// Equal in what they say, whatever their quotes.
fn same(a: Option<&Node>, b: Option<&Node>) -> bool {
    let (Some(a), Some(b)) = (a, b) else {
        return false;
    };
    match (a.as_text(), b.as_text()) {
        (Some(a_text), Some(b_text)) => {
            a_text == b_text || (a.as_integer().is_some() && a.as_integer() == b.as_integer())
        }
        (None, None) => {
            let fits = |entry: &crate::yaml::Entry| same(Some(&entry.value), b.get(&entry.key));
            a.entries().len() == b.entries().len() && a.entries().iter().all(fits)
        }
        _ => false,
    }
}

fn go_type(node: &Node) -> &'static str {
    match &node.kind {
        Kind::Mapping(_) => "map[string]interface {}",
        Kind::Sequence(_) => "[]interface {}",
        Kind::Scalar { plain: false, .. } => "string",
        Kind::Scalar { text, plain: true } => resolve(text).go_name(),
    }
}
