//! A person's own files, merged into and given back, wherever the program is killed.

use crate::site::Site;
use crate::support::names;
use crate::victim::deed;
use crete_engine::{AccessTo, Engine, EngineError, PersonalFiles};
use crete_model::{AccessKind, AccessRole, AccessState};
use crete_talos::pki::Bundle;
use std::fs;
use std::path::{Path, PathBuf};

/// What the person had, to the byte.
const OLD: &str = "# mine\ncontext: work\ncontexts: {}\n";

/// The person's files: one that is there, and one that is not.
pub fn files(root: &Path) -> PersonalFiles {
    PersonalFiles {
        talosconfig: Some(root.join("person/talos/config")),
        kubeconfig: Some(root.join("person/new/kube/config")),
    }
}

fn folder(root: &Path) -> PathBuf {
    root.join("person/cluster")
}

pub fn furnish(root: &Path) {
    fs::create_dir_all(root.join("person/talos")).unwrap();
    fs::create_dir_all(folder(root)).unwrap();
    fs::write(root.join("person/talos/config"), OLD).unwrap();
}

fn lab() -> AccessTo {
    let golden = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/fixtures/talos/golden/secrets/lab.yaml"
    );
    AccessTo {
        name: "lab".to_owned(),
        bundle: Bundle::parse(&fs::read_to_string(golden).unwrap()).unwrap(),
        talos: vec!["127.0.0.1:50000".to_owned()],
        nodes: Vec::new(),
        kubernetes: "https://127.0.0.1:6443".to_owned(),
    }
}

async fn merge(root: &Path, engine: &Engine, kind: AccessKind) -> Result<String, EngineError> {
    let merging = engine.with_access(lab(), folder(root), move |access| {
        access.merge(kind, AccessRole::Admin)
    });
    merging.await
}

async fn undo(root: &Path, engine: &Engine, id: String) -> Result<String, EngineError> {
    let undoing = engine.with_access(lab(), folder(root), move |access| access.undo(&id));
    undoing.await.map(|()| String::new())
}

pub async fn play(root: &Path, engine: &Engine) {
    for kind in [AccessKind::Talosconfig, AccessKind::Kubeconfig] {
        if let Some(id) = deed(root, "merge", merge(root, engine, kind)).await {
            deed(root, "undo", undo(root, engine, id)).await;
        }
    }
    let kind = AccessKind::Talosconfig;
    deed(root, "merge", merge(root, engine, kind)).await;
}

/// Every file is as it was or as it was left, and is given back to the byte, with nothing beside it.
pub async fn holds(site: &Site, engine: &Engine) {
    let root = site.root();
    let looking = engine.with_access(lab(), folder(root), |access| access.view());
    for file in looking.await.unwrap().files {
        assert_eq!(file.state, AccessState::Untouched, "{file:?}");
        undo(root, engine, file.id).await.unwrap();
    }
    assert_eq!(
        fs::read_to_string(root.join("person/talos/config")).unwrap(),
        OLD
    );
    assert_eq!(names(&root.join("person/talos")), ["config"]);
    assert_eq!(names(&root.join("person")), ["cluster", "talos"]);
}
