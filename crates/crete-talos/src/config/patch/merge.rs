//! The strategic merge: maps merge, scalars replace, lists append, and the exceptions.

mod values;

use crate::Contract;
use crate::config::decode::join;
use crate::config::fault::Fault;
use crate::config::schema::{Format, Record, Schema, Shape};
use crate::yaml::{Kind, Node, Plain, resolve};
use values::{Keeping, is_no_time, keeping, merge_addresses};

/// How a field is merged when it is not merged in the usual way.
enum Rule {
    Usual,
    /// The patch's value replaces the one that is there.
    Replace,
    /// Elements with the same value under one of these keys are the same element.
    By(&'static [&'static str]),
}

fn rule(type_name: &str, key: &str, contract: Contract) -> Rule {
    let newest = contract >= Contract::V1_14;
    match (type_name, key) {
        ("v1alpha1.NetworkConfig", "interfaces") => Rule::By(&["interface", "deviceSelector"]),
        ("v1alpha1.Device" | "v1alpha1.Bond", "vlans") => Rule::By(&["vlanId"]),
        ("v1alpha1.APIServerConfig", "admissionControl") => Rule::By(&["name"]),
        ("extensions.ServiceConfigV1Alpha1", "configFiles") => Rule::By(&["mountPath"]),
        ("security.ImageVerificationConfigV1Alpha1", "rules") => Rule::By(&["image"]),
        ("v1alpha1.ClusterNetworkConfig", "podSubnets" | "serviceSubnets")
        | ("v1alpha1.APIServerConfig", "auditPolicy")
        | ("network.RuleConfigV1Alpha1", "ingress")
        | ("network.RulePortSelector", "ports") => Rule::Replace,
        ("network.SearchDomainsConfig", "domains")
        | ("network.BGPInstanceConfigV1Alpha1", "advertise" | "importRoutes" | "neighbors")
        | (
            "k8s.KubeAuditPolicyConfigV1Alpha1"
            | "k8s.KubeAuthenticationConfigV1Alpha1"
            | "k8s.KubeCredentialProviderConfigV1Alpha1",
            "configuration",
        )
        | ("k8s.KubeStaticPodConfigV1Alpha1", "pod")
        | ("cri.CRIBaseRuntimeSpecConfigV1Alpha1", "overrides")
        | ("k8s.KubeNetworkConfigV1Alpha1", "podSubnets" | "serviceSubnets")
            if newest =>
        {
            Rule::Replace
        }
        _ => Rule::Usual,
    }
}

/// Stands behind a pointer: a patch without it leaves it as it is.
const SECURITY: &str = "container.ContainerSecurity";

/// Values that are taken from a patch even when it does not have them.
fn is_opaque(type_name: &str, key: &str, contract: Contract) -> bool {
    match key {
        "match" => !type_name.starts_with("v1alpha1."),
        "triggerExpression" | "cgroupRankingExpression" => type_name == "runtime.OOMV1Alpha1",
        // No pointer: what is not said is false.
        "machinedAccess" => type_name == SECURITY,
        "minSize" => type_name.ends_with("ProvisioningSpec"),
        "maxSize" => type_name.ends_with("ProvisioningSpec") && contract <= Contract::V1_11,
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
        for (key, shape) in &record.keys {
            let path = join(path, key);
            match right.get(key) {
                Some(value) => self.field(left, value, (type_name, key), shape, &path)?,
                None => self.erase(left, key, (type_name, shape), &path)?,
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
        (type_name, key): (&str, &str),
        shape: &Shape,
        path: &str,
    ) -> Done {
        let rule = rule(type_name, key, self.contract);
        let Some(there) = left.get_mut(key).filter(|there| !there.is_null()) else {
            left.set(key, right.clone());
            return Ok(());
        };
        match rule {
            Rule::Replace if is_something(right) => {
                *there = right.clone();
                Ok(())
            }
            Rule::Replace => Ok(()),
            Rule::By(keys) => self.by_key(there, right, keys, shape, path),
            Rule::Usual => match keeping(type_name, key, self.contract) {
                Keeping::Usual => self.value(there, right, shape, path),
                keeping => self.keep(there, right, keeping, shape, path),
            },
        }
    }

    /// Takes over a value that is kept in a way of its own.
    fn keep(
        &mut self,
        left: &mut Node,
        right: &Node,
        keeping: Keeping,
        shape: &Shape,
        path: &str,
    ) -> Done {
        match keeping {
            Keeping::Pointer if right.as_integer() == Some(0) => *left = right.clone(),
            Keeping::Word(zero) if right.as_text() == Some(zero) => {}
            Keeping::Address => {
                if let (Some(ours), Some(theirs)) = (left.as_text(), right.as_text()) {
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
    fn erase(
        &mut self,
        left: &mut Node,
        key: &str,
        (type_name, shape): (&str, &Shape),
        path: &str,
    ) -> Done {
        if is_opaque(type_name, key, self.contract) {
            if left.remove(key) {
                self.erased.push(path.to_owned());
            }
            return Ok(());
        }
        let Shape::Record(inner) = shape else {
            return Ok(());
        };
        if type_name.starts_with("v1alpha1.") || inner == SECURITY || !self.has_opaque(inner) {
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
        record.keys.iter().any(|(key, shape)| {
            is_opaque(type_name, key, self.contract)
                || matches!(shape, Shape::Record(inner) if inner != type_name && self.has_opaque(inner))
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
            Shape::Text(_) | Shape::Integer | Shape::Boolean | Shape::ScalarOrList => {
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

    /// Merges lists whose elements have names of a kind.
    fn by_key(
        &mut self,
        left: &mut Node,
        right: &Node,
        keys: &[&str],
        shape: &Shape,
        path: &str,
    ) -> Done {
        let Shape::List(element) = shape else {
            return Ok(());
        };
        let (Kind::Sequence(items), additions) = (&mut left.kind, right.items()) else {
            return Ok(());
        };
        for (index, addition) in additions.iter().enumerate() {
            let path = format!("{path}[{index}]");
            let named = |item: &Node| {
                // A name that is not said is an empty one; a device without both has none.
                keys == ["name"] && item.text_at(keys) == addition.text_at(keys)
                    || keys.iter().any(|key| {
                        let (ours, theirs) = (item.get(key), addition.get(key));
                        ours.is_some() && same(ours, theirs)
                    })
            };
            match items.iter_mut().find(|item| named(item)) {
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
