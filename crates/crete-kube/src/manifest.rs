//! Small manifests: several documents, each of a kind whose place in the API is known by its name.

use crate::error::KubeError;
use kube::core::{ApiResource, DynamicObject, GroupVersionKind};
use std::fmt;

/// What a document is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// `Deployment`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its namespace; empty for what belongs to the whole cluster.
    pub namespace: String,
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.namespace.is_empty() {
            true => write!(f, "{} {}", self.kind, self.name),
            false => write!(f, "{} {}/{}", self.kind, self.namespace, self.name),
        }
    }
}

/// Kinds that belong to the whole cluster; all others have a namespace.
const OF_THE_CLUSTER: &[&str] = &[
    "Namespace",
    "Node",
    "PersistentVolume",
    "ClusterRole",
    "ClusterRoleBinding",
    "StorageClass",
    "IngressClass",
    "CustomResourceDefinition",
    "PriorityClass",
];

/// One document of a manifest.
pub(crate) struct Document {
    pub object: DynamicObject,
    pub resource: ApiResource,
    pub reference: Reference,
}

/// Reads a manifest.
pub(crate) fn read(text: &str) -> Result<Vec<Document>, KubeError> {
    let refused = |document: usize, reason: String| KubeError::Manifest { document, reason };
    let values: Vec<serde_json::Value> =
        serde_saphyr::from_multiple(text).map_err(|error| refused(1, error.to_string()))?;
    let mut documents = Vec::new();
    for (at, value) in values.into_iter().enumerate() {
        let at = at + 1;
        if value.is_null() {
            continue;
        }
        let object: DynamicObject =
            serde_json::from_value(value).map_err(|error| refused(at, error.to_string()))?;
        let types = object.types.clone();
        let types =
            types.ok_or_else(|| refused(at, "it says no apiVersion and kind".to_owned()))?;
        let kind =
            GroupVersionKind::try_from(&types).map_err(|error| refused(at, error.to_string()))?;
        let name = object.metadata.name.clone();
        let name = name.ok_or_else(|| refused(at, "it has no name".to_owned()))?;
        let namespace = match OF_THE_CLUSTER.contains(&kind.kind.as_str()) {
            true => String::new(),
            false => object
                .metadata
                .namespace
                .clone()
                .unwrap_or_else(|| "default".to_owned()),
        };
        documents.push(Document {
            reference: Reference {
                kind: kind.kind.clone(),
                name,
                namespace,
            },
            resource: ApiResource::from_gvk(&kind),
            object,
        });
    }
    Ok(documents)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: try\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n  namespace: try\nspec:\n  replicas: 1\n---\napiVersion: v1\nkind: Service\nmetadata:\n  name: web\n";

    #[test]
    fn documents_say_what_they_are_and_where_they_belong() {
        let documents = read(SAMPLE).unwrap();
        let names: Vec<String> = documents
            .iter()
            .map(|one| format!("{} at {}", one.reference, one.resource.plural))
            .collect();
        assert_eq!(
            names,
            [
                "Namespace try at namespaces",
                "Deployment try/web at deployments",
                "Service default/web at services",
            ]
        );
    }

    #[test]
    fn what_is_no_object_is_refused_with_its_place() {
        for (text, place) in [
            ("a: [", "document 1"),
            ("kind: Pod\n", "document 1"),
            (
                "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: a\n---\napiVersion: v1\nkind: Pod\n",
                "document 2",
            ),
        ] {
            let error = read(text).err().unwrap().to_string();
            assert!(error.contains(place), "{error}");
        }
    }
}
