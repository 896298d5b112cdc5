//! What is shown of a node: live, or old with its age.

use super::reach::Reached;
use crate::Engine;
use crete_model::{
    FactKind, Facts, MachineId, NodeFacts, NodeFigures, NodeFiguresView, NodePresence, NodeSays,
    NodeStage, NodeView, Problem,
};
use crete_talos::api::Presence;

/// What is shown of one node; it is also what was shown last.
pub(super) struct Shown {
    engine: Engine,
    view: NodeView,
    /// As what it was spoken to last: in maintenance or configured.
    spoken: Option<NodePresence>,
}

const UNHEARD: NodeSays = NodeSays {
    stage: NodeStage::Unknown,
    ready: false,
    unmet: Vec::new(),
    version: String::new(),
    hostname: String::new(),
    role: None,
    addresses: Vec::new(),
};

impl Shown {
    pub fn new(engine: &Engine, machine: MachineId) -> Self {
        let view = engine.nodes.get(&machine.to_string()).unwrap_or(NodeView {
            machine,
            presence: NodePresence::Looking,
            fingerprint: None,
            fingerprint_printed: false,
            own_credentials: false,
            says: None,
            stale_since: None,
            problem: None,
        });
        let shown = Self {
            engine: engine.clone(),
            spoken: Some(view.presence).filter(|presence| speaks(*presence)),
            view,
        };
        shown.show();
        shown
    }

    fn show(&self) {
        let key = self.view.machine.to_string();
        self.engine.nodes.set(key, self.view.clone());
    }

    /// Nothing is heard any more: what is known is old from now on. With a presence, that is what is
    /// there now.
    pub fn old(&mut self, presence: Option<NodePresence>) {
        if presence == Some(NodePresence::Off) {
            self.view.says = None;
            self.view.stale_since = None;
            self.view.problem = None;
            self.view.fingerprint = None;
            self.spoken = None;
            self.forget_facts();
        }
        if let Some(presence) = presence {
            self.view.presence = presence;
        }
        if self.view.says.is_some() && self.view.stale_since.is_none() {
            self.view.stale_since = Some(self.engine.clock.text());
        }
        self.show();
    }

    /// A probe found something.
    pub fn found(&mut self, reached: &Reached) {
        let presence = presence(reached);
        self.view.presence = presence;
        self.view.problem = reached.problem.clone();
        self.view.own_credentials = reached.own_credentials;
        self.view.fingerprint_printed = reached.printed;
        self.view.fingerprint = match &reached.presence {
            Presence::Maintenance { fingerprint } => Some(fingerprint.clone()),
            _ => None,
        };
        if speaks(presence) && self.spoken.replace(presence) != Some(presence) {
            // What was told in another life says nothing of this one. A restart keeps what was known.
            self.view.says = None;
            self.view.stale_since = None;
            self.forget_facts();
        }
        self.show();
    }

    /// It could not even be looked at.
    pub fn unreachable(&mut self, problem: Problem) {
        self.view.problem = Some(problem);
        self.show();
    }

    /// The node says something of itself.
    pub fn says(&mut self, change: impl FnOnce(&mut NodeSays)) {
        let mut says = self.view.says.take().unwrap_or(UNHEARD);
        change(&mut says);
        self.view.says = Some(says);
        self.show();
    }

    /// The node tells its stage: what is shown is live again.
    pub fn live(&mut self) {
        self.view.stale_since = None;
    }

    /// Facts of a kind are told, or why they are not.
    pub fn facts(&self, kind: FactKind, facts: Option<Facts>, problem: Option<Problem>) {
        let machine = self.view.machine;
        let facts = NodeFacts {
            machine,
            kind,
            facts,
            problem,
        };
        self.engine.facts.set(key(machine, kind), facts);
    }

    pub fn figures(&self, figures: Option<NodeFigures>, problem: Option<Problem>) {
        let machine = self.view.machine;
        let view = NodeFiguresView {
            machine,
            figures,
            problem,
        };
        self.engine.figures.set(machine.to_string(), view);
    }

    /// Nobody looks at the facts any more.
    pub fn forget_facts(&self) {
        for kind in FactKind::ALL {
            self.engine.facts.remove(&key(self.view.machine, *kind));
        }
        self.engine.figures.remove(&self.view.machine.to_string());
    }

    /// Nobody looks any more.
    pub fn leave(&mut self) {
        if self
            .engine
            .nodes
            .get(&self.view.machine.to_string())
            .is_some()
        {
            self.old(None);
        }
        self.forget_facts();
    }

    /// The machine is gone.
    pub fn forget(&self) {
        self.engine.nodes.remove(&self.view.machine.to_string());
    }
}

fn speaks(presence: NodePresence) -> bool {
    matches!(
        presence,
        NodePresence::Maintenance | NodePresence::Configured
    )
}

fn key(machine: MachineId, kind: FactKind) -> String {
    format!("{machine}/{}", crate::error::wire_name(kind))
}

fn presence(reached: &Reached) -> NodePresence {
    match &reached.presence {
        Presence::Maintenance { .. } => NodePresence::Maintenance,
        Presence::Ours { .. } => NodePresence::Configured,
        Presence::AnotherCluster if reached.has_credentials => NodePresence::AnotherCluster,
        Presence::AnotherCluster => NodePresence::NoCredentials,
        Presence::NotTalos => NodePresence::NotTalos,
        Presence::Refused | Presence::Interrupted => NodePresence::Starting,
        Presence::Silent => NodePresence::Silent,
    }
}
