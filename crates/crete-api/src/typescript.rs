//! The page's types, written from the Rust ones. A drift check fails when they are stale.

use crate::commands::{COMMANDS, visit_types};
use crate::{EventFrame, StreamRequest, WINDOW_BYTES};
use crete_model::{
    BrokenView, ClusterRecipe, ClusterView, DropView, HostReport, HostUsage, ImageView, Job,
    MachineView, NetworkTraffic, NetworkView, NodeFacts, NodeFiguresView, NodeRecord, NodeView,
    SavedDraft, TrashView,
};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use ts_rs::{Config, TS, TypeVisitor};

struct Collector<'a> {
    config: &'a Config,
    found: BTreeMap<String, String>,
}

impl TypeVisitor for Collector<'_> {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        if T::output_path().is_none() {
            // Option, Vec and the like: only what they hold is a type of its own.
            T::visit_generics(self);
            return;
        }
        let name = T::ident(self.config);
        if self.found.contains_key(&name) {
            return;
        }
        let docs = T::docs().unwrap_or_default();
        self.found
            .insert(name, format!("{docs}export {}\n", T::decl(self.config)));
        T::visit_dependencies(self);
        T::visit_generics(self);
    }
}

/// The whole generated file `ui/src/platform/generated/api.ts`.
#[must_use]
pub fn typescript() -> String {
    let config = Config::default();
    let mut collector = Collector {
        config: &config,
        found: BTreeMap::new(),
    };
    visit_types(&mut collector);
    collector.visit::<EventFrame>();
    collector.visit::<StreamRequest>();
    collector.visit::<ImageView>();
    collector.visit::<MachineView>();
    collector.visit::<NetworkView>();
    collector.visit::<ClusterView>();
    collector.visit::<ClusterRecipe>();
    collector.visit::<NetworkTraffic>();
    collector.visit::<NodeView>();
    collector.visit::<NodeFacts>();
    collector.visit::<NodeFiguresView>();
    collector.visit::<NodeRecord>();
    collector.visit::<Job>();
    collector.visit::<SavedDraft>();
    collector.visit::<TrashView>();
    collector.visit::<BrokenView>();
    collector.visit::<DropView>();
    collector.visit::<HostReport>();
    collector.visit::<HostUsage>();

    let mut text = String::from(
        "// Written by `cargo xtask types` from crates/crete-api and crates/crete-model.\n\
         // Do not edit: the drift check compares it with the Rust types.\n\n",
    );
    for declaration in collector.found.values() {
        text.push_str(declaration);
        text.push('\n');
    }
    text.push_str(
        "/** Every command: its request and its answer. */\nexport interface Commands {\n",
    );
    for command in COMMANDS {
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "  /** {} */\n  \"{}\": {{ request: {}; response: {} }};\n",
            command.doc.trim(),
            command.name,
            (command.request)(&config),
            (command.response)(&config),
        );
    }
    text.push_str("}\n\n/** The items of every topic. */\nexport interface TopicItems {\n");
    text.push_str(
        "  images: ImageView;\n  machines: MachineView;\n  networks: NetworkView;\n  clusters: ClusterView;\n  traffic: NetworkTraffic;\n  nodes: NodeView;\n  facts: NodeFacts;\n  figures: NodeFiguresView;\n  drafts: SavedDraft;\n  trash: TrashView;\n  jobs: Job;\n  broken: BrokenView;\n  drops: DropView;\n  \
         host: HostReport;\n  usage: HostUsage;\n}\n\n",
    );
    let _ = write!(
        text,
        "/** Bytes of a stream that may be under way without an acknowledgement. */\n\
         export const WINDOW_BYTES = {WINDOW_BYTES};\n"
    );
    text
}
