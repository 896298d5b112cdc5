//! The secrets of a cluster: as parts that may be missing, and as a whole that can be used.

use super::{Authority, PkiError, PrivateKey, Secret, pem};
use crate::yaml::{self, Kind, Node};
use std::fmt;

/// Certificate and key of an authority, PEM; the key is empty where it is not known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CaParts {
    /// The certificate.
    pub crt: String,
    /// The key.
    pub key: Secret,
}

/// What a `secrets.yaml` or a configuration holds, complete or not.
///
/// A control plane's configuration holds everything, a worker's only what it needs to join.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parts {
    /// The cluster's id for discovery.
    pub cluster_id: String,
    /// The secret under which members find one another.
    pub cluster_secret: Secret,
    /// With which kubelets ask for their first certificate.
    pub bootstrap_token: Secret,
    /// Encrypts Kubernetes' secrets in etcd.
    pub secretbox_encryption_secret: Secret,
    /// The same in clusters born before Talos 1.3.
    pub aescbc_encryption_secret: Secret,
    /// With which workers ask control planes for their certificate; the machine token.
    pub trustd_token: Secret,
    /// etcd's authority.
    pub etcd: Option<CaParts>,
    /// Kubernetes' authority.
    pub k8s: Option<CaParts>,
    /// The aggregation layer's authority.
    pub k8s_aggregator: Option<CaParts>,
    /// The key that signs service account tokens.
    pub k8s_service_account: Option<Secret>,
    /// The Talos API's authority.
    pub os: Option<CaParts>,
}

/// Secrets that were checked: every part is there and belongs to the others.
#[derive(Clone, PartialEq, Eq)]
pub struct Bundle(Parts);

impl fmt::Debug for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bundle({})", self.0.cluster_id)
    }
}

impl Parts {
    /// Reads a `secrets.yaml`. Parts may be missing; what stands there must be readable.
    ///
    /// # Errors
    /// Unknown keys, wrong types and values that are not base64, with field and line.
    pub fn parse(text: &str) -> Result<Self, PkiError> {
        let Some(root) = yaml::read_one(text)? else {
            return Ok(Self::default());
        };
        let known = |node: &Node, at: &str, keys: &[&str]| known_keys(node, at, keys);
        known(&root, "", &["cluster", "secrets", "trustdinfo", "certs"])?;
        let section = |key: &str, keys: &[&str]| -> Result<Node, PkiError> {
            let node = root.get(key).cloned().unwrap_or_else(Node::empty_map);
            known(&node, key, keys)?;
            Ok(node)
        };
        let cluster = section("cluster", &["id", "secret"])?;
        let secrets = section(
            "secrets",
            &[
                "bootstraptoken",
                "secretboxencryptionsecret",
                "aescbcencryptionsecret",
            ],
        )?;
        let trustd = section("trustdinfo", &["token"])?;
        let certs = section(
            "certs",
            &["etcd", "k8s", "k8saggregator", "k8sserviceaccount", "os"],
        )?;
        let ca = |key: &str| -> Result<Option<CaParts>, PkiError> {
            let Some(node) = certs.get(key) else {
                return Ok(None);
            };
            let path = format!("certs.{key}");
            known(node, &path, &["crt", "key"])?;
            Ok(Some(CaParts {
                crt: pem_at(node, "crt", &path)?,
                key: Secret::new(pem_at(node, "key", &path)?),
            }))
        };
        let service_account = match certs.get("k8sserviceaccount") {
            Some(node) => {
                known(node, "certs.k8sserviceaccount", &["key"])?;
                Some(Secret::new(pem_at(node, "key", "certs.k8sserviceaccount")?))
            }
            None => None,
        };
        Ok(Self {
            cluster_id: text_at(&cluster, "id", "cluster")?,
            cluster_secret: Secret::new(text_at(&cluster, "secret", "cluster")?),
            bootstrap_token: Secret::new(text_at(&secrets, "bootstraptoken", "secrets")?),
            secretbox_encryption_secret: Secret::new(text_at(
                &secrets,
                "secretboxencryptionsecret",
                "secrets",
            )?),
            aescbc_encryption_secret: Secret::new(text_at(
                &secrets,
                "aescbcencryptionsecret",
                "secrets",
            )?),
            trustd_token: Secret::new(text_at(&trustd, "token", "trustdinfo")?),
            etcd: ca("etcd")?,
            k8s: ca("k8s")?,
            k8s_aggregator: ca("k8saggregator")?,
            k8s_service_account: service_account,
            os: ca("os")?,
        })
    }

    /// Writes a `secrets.yaml` in Talos' own order and form; absent authorities are null.
    #[must_use]
    pub fn to_yaml(&self) -> String {
        let ca = |parts: &Option<CaParts>| match parts {
            Some(parts) => Node::map([
                ("crt", Node::text(pem::to_base64(&parts.crt))),
                ("key", Node::text(pem::to_base64(parts.key.expose()))),
            ]),
            None => Node::bare("null"),
        };
        let mut secrets = Node::empty_map();
        for (key, secret) in [
            ("bootstraptoken", &self.bootstrap_token),
            (
                "secretboxencryptionsecret",
                &self.secretbox_encryption_secret,
            ),
            ("aescbcencryptionsecret", &self.aescbc_encryption_secret),
        ] {
            if !secret.is_empty() || key == "bootstraptoken" {
                secrets.set(key, Node::text(secret.expose()));
            }
        }
        let service_account = match &self.k8s_service_account {
            Some(key) => Node::map([("key", Node::text(pem::to_base64(key.expose())))]),
            None => Node::bare("null"),
        };
        yaml::emit(&Node::map([
            (
                "cluster",
                Node::map([
                    ("id", Node::text(&self.cluster_id)),
                    ("secret", Node::text(self.cluster_secret.expose())),
                ]),
            ),
            ("secrets", secrets),
            (
                "trustdinfo",
                Node::map([("token", Node::text(self.trustd_token.expose()))]),
            ),
            (
                "certs",
                Node::map([
                    ("etcd", ca(&self.etcd)),
                    ("k8s", ca(&self.k8s)),
                    ("k8saggregator", ca(&self.k8s_aggregator)),
                    ("k8sserviceaccount", service_account),
                    ("os", ca(&self.os)),
                ]),
            ),
        ]))
    }

    /// Everything that keeps these parts from being a bundle; empty when they are one.
    ///
    /// The wording of what Talos itself refuses is Talos'. Shapes of tokens, and that a key belongs
    /// to its certificate, are checked beyond it: Talos finds out only when a node does not join.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut need = |missing: bool, what: &str| {
            if missing {
                faults.push(format!("{what} is required"));
            }
        };
        need(self.cluster_id.is_empty(), "cluster.id");
        need(self.cluster_secret.is_empty(), "cluster.secret");
        need(self.bootstrap_token.is_empty(), "secrets.bootstraptoken");
        need(self.trustd_token.is_empty(), "trustdinfo.token");
        let both = "[secrets.secretboxencryptionsecret, secrets.aescbcencryptionsecret]";
        match (
            self.secretbox_encryption_secret.is_empty(),
            self.aescbc_encryption_secret.is_empty(),
        ) {
            (true, true) => faults.push(format!("one of {both} is required")),
            (false, false) => faults.push(format!("only one of {both} is allowed")),
            _ => {}
        }
        for (token, what) in [
            (&self.bootstrap_token, "secrets.bootstraptoken"),
            (&self.trustd_token, "trustdinfo.token"),
        ] {
            if !token.is_empty() && !is_token(token.expose()) {
                faults.push(format!("{what}: not of the form abcdef.0123456789abcdef"));
            }
        }
        for (name, parts) in [
            ("etcd", &self.etcd),
            ("k8s", &self.k8s),
            ("k8saggregator", &self.k8s_aggregator),
            ("os", &self.os),
        ] {
            faults.extend(ca_fault(name, parts.as_ref()));
        }
        match &self.k8s_service_account {
            None => faults.push("certs.k8sserviceaccount is required".to_owned()),
            Some(key) => {
                if let Err(error) = PrivateKey::parse("certs.k8sserviceaccount.key", key.expose()) {
                    faults.push(error.to_string());
                }
            }
        }
        faults
    }

    /// The whole, when nothing is missing and everything fits.
    ///
    /// # Errors
    /// [`PkiError::Bundle`] with every fault.
    pub fn check(self) -> Result<Bundle, PkiError> {
        let faults = self.faults();
        if faults.is_empty() {
            Ok(Bundle(self))
        } else {
            Err(PkiError::Bundle(faults))
        }
    }
}

impl Bundle {
    /// Reads and checks a `secrets.yaml`.
    ///
    /// # Errors
    /// As [`Parts::parse`] and [`Parts::check`].
    pub fn parse(text: &str) -> Result<Self, PkiError> {
        Parts::parse(text)?.check()
    }

    /// The parts.
    #[must_use]
    pub fn parts(&self) -> &Parts {
        &self.0
    }

    /// The Talos API's authority.
    ///
    /// # Errors
    /// Never for a checked bundle; the type of reading keys has no other way to say so.
    pub fn talos_authority(&self) -> Result<Authority, PkiError> {
        authority("certs.os", self.0.os.as_ref())
    }

    /// Kubernetes' authority.
    ///
    /// # Errors
    /// As [`Bundle::talos_authority`].
    pub fn kubernetes_authority(&self) -> Result<Authority, PkiError> {
        authority("certs.k8s", self.0.k8s.as_ref())
    }
}

fn authority(what: &str, parts: Option<&CaParts>) -> Result<Authority, PkiError> {
    let parts = parts.ok_or_else(|| PkiError::unreadable(what, "missing"))?;
    Authority::parse(what, &parts.crt, &parts.key)
}

fn ca_fault(name: &str, parts: Option<&CaParts>) -> Option<String> {
    let Some(parts) = parts else {
        return Some(format!("certs.{name} is required"));
    };
    match Authority::parse(&format!("certs.{name}"), &parts.crt, &parts.key) {
        Ok(_) => None,
        Err(PkiError::Unreadable { reason, .. }) if reason.contains("block") => Some(format!(
            "certs.{name} is invalid: failed to parse PEM block"
        )),
        Err(error) => Some(error.to_string()),
    }
}

fn is_token(text: &str) -> bool {
    let fits = |part: &str, length| {
        part.len() == length
            && part
                .bytes()
                .all(|b| b.is_ascii_digit() || b.is_ascii_lowercase())
    };
    text.split_once('.')
        .is_some_and(|(id, secret)| fits(id, 6) && fits(secret, 16))
}

fn field(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

fn known_keys(node: &Node, path: &str, keys: &[&str]) -> Result<(), PkiError> {
    let fault = |field: String, line, reason: String| PkiError::Field {
        field,
        line,
        reason,
    };
    if !matches!(node.kind, Kind::Mapping(_)) {
        let name = if path.is_empty() { "the secrets" } else { path };
        let reason = format!("a mapping is needed, not {}", node.what());
        return Err(fault(name.to_owned(), node.line, reason));
    }
    let unknown = |entry: &&yaml::Entry| !keys.contains(&entry.key.as_str());
    match node.entries().iter().find(unknown) {
        None => Ok(()),
        Some(entry) => {
            let reason = format!("there is no such field; known are {}", keys.join(", "));
            Err(fault(field(path, &entry.key), entry.line, reason))
        }
    }
}

fn text_at(node: &Node, key: &str, path: &str) -> Result<String, PkiError> {
    match node.get(key) {
        None => Ok(String::new()),
        Some(value) => value
            .as_text()
            .map(str::to_owned)
            .ok_or_else(|| PkiError::Field {
                field: field(path, key),
                line: value.line,
                reason: format!("text is needed, not {}", value.what()),
            }),
    }
}

fn pem_at(node: &Node, key: &str, path: &str) -> Result<String, PkiError> {
    let value = text_at(node, key, path)?;
    pem::from_base64(&value).map_err(|reason| PkiError::Field {
        field: field(path, key),
        line: node.get(key).map_or(0, |value| value.line),
        reason,
    })
}
