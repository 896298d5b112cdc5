//! Where the values come from that a machine of a cluster lives by: what was made for it is made again
//! from the cluster's record, and both are laid side by side.
//!
//! ```text
//! defaults with nobody's name and secrets ─┐
//! the cluster's options, then its patches ─┼─▶ value by value: Crete, cluster, patch, or the node's own
//! what the node lives by ──────────────────┘
//! ```

use super::{configure, secrets};
use crate::Engine;
use crate::error::{Result, internal};
use crete_model::{ClusterNode, ClusterSpec, LineOrigin, MachineId, NodeRole, ValueOrigin};
use crete_talos::Contract;
use crete_talos::config::{Configuration, MachineRole, Options, generate};
use crete_talos::pki::Bundle;

impl Engine {
    /// Where the values of what a node lives by come from; nothing for a machine of no cluster.
    ///
    /// # Errors
    /// When the cluster's secrets cannot be read.
    pub(crate) async fn origins_of(
        &self,
        machine: MachineId,
        text: &str,
    ) -> Result<Vec<LineOrigin>> {
        let clusters = self.clusters.all().into_iter();
        let own = clusters
            .map(|view| view.spec)
            .find(|spec| spec.node(machine).is_some());
        let Some(spec) = own else {
            return Ok(Vec::new());
        };
        let folder = self.roots.cluster(spec.id);
        let (text, clock) = (text.to_owned(), std::sync::Arc::clone(&self.clock));
        let working = tokio::task::spawn_blocking(move || {
            let bundle = secrets::of_cluster(&folder, &spec.talos, clock.as_ref())?;
            origins(&spec, machine, &bundle, &text)
        });
        working.await.map_err(internal)?
    }
}

fn origins(
    spec: &ClusterSpec,
    machine: MachineId,
    bundle: &Bundle,
    text: &str,
) -> Result<Vec<LineOrigin>> {
    let contract = Contract::of(&spec.talos).map_err(internal)?;
    let (Some(node), Ok(lives)) = (spec.node(machine), Configuration::read(text, contract)) else {
        return Ok(Vec::new());
    };
    let Ok(made) = configure::configuration(spec, node, bundle, &link(&lives))? else {
        return Ok(Vec::new());
    };
    let defaults = lives.origins_in(&defaults(contract, node)?);
    let patches = patches(spec, node, contract);
    let all = lives.origins_in(&made).into_iter().zip(defaults);
    let all = all.map(|((line, origin), (_, default))| {
        let (origin, name) = match origin {
            None => (ValueOrigin::Node, String::new()),
            Some(0) if default.is_some() => (ValueOrigin::Crete, String::new()),
            Some(number) => match patches.get(number as usize) {
                Some(Some(patch)) => (ValueOrigin::Patch, patch.clone()),
                _ => (ValueOrigin::Cluster, spec.name.clone()),
            },
        };
        LineOrigin {
            line: u32::try_from(line).unwrap_or_default(),
            origin,
            name,
        }
    });
    Ok(all.collect())
}

/// A person's patches by their origin; nothing for what Crete itself makes of the cluster.
fn patches(spec: &ClusterSpec, node: &ClusterNode, contract: Contract) -> Vec<Option<String>> {
    let own = 1 + configure::own_patches(spec, node, contract, "").len();
    let persons = configure::patches_of(&spec.patches, &node.name, node.role).into_iter();
    let persons = persons.map(|(field, _)| Some(field));
    std::iter::repeat_n(None, own).chain(persons).collect()
}

/// What every cluster of the version has: the same name, versions and secrets would be chance.
fn defaults(contract: Contract, node: &ClusterNode) -> Result<Configuration> {
    let nowhere = "https://nowhere.invalid:6443";
    let options = Options::new(contract, "no cluster", nowhere, "0.0.0", "no installer");
    let role = match node.role {
        NodeRole::ControlPlane => MachineRole::ControlPlane,
        NodeRole::Worker => MachineRole::Worker,
    };
    Ok(generate(&options, configure::nobodys_secrets()?, role))
}

/// The link that the configuration was made for, as it says itself.
fn link(lives: &Configuration) -> String {
    let document = lives.the("Layer2VIPConfig");
    let shared = document.map(|document| document.node.text_at(&["link"]));
    let main = lives.main().and_then(|main| {
        let interfaces = main.node.at(&["machine", "network", "interfaces"])?;
        Some(interfaces.items().first()?.text_at(&["interface"]))
    });
    shared.or(main).unwrap_or("eth0").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::tests::spec;

    #[test]
    fn every_value_has_its_origin() {
        for (talos, documents) in [("v1.13.9", true), ("v1.11.6", false)] {
            let mut spec = spec(1, 0);
            spec.talos = talos.parse().unwrap();
            spec.kubernetes = if documents { "1.36.3" } else { "1.34.1" }.to_owned();
            spec.patches.control_plane =
                vec!["machine:\n  sysctls:\n    vm.swappiness: \"7\"\n".to_owned()];
            let node = spec.nodes[0].clone();
            let bundle = secrets::nobodys().unwrap();
            let made = configure::configuration(&spec, &node, &bundle, "eth0")
                .unwrap()
                .unwrap();
            // As somebody changed it on the node afterwards.
            let text =
                made.to_yaml()
                    .replacen("machine:\n", "machine:\n    sysfs:\n        zone: a\n", 1);
            let found = origins(&spec, node.machine, &bundle, &text).unwrap();
            let of = |needle: &str| {
                let line = text
                    .lines()
                    .position(|line| line.contains(needle))
                    .unwrap_or_else(|| panic!("no {needle} in {text}"))
                    + 1;
                let one = found.iter().find(|one| one.line as usize == line);
                let one = one.unwrap_or_else(|| panic!("{needle} of {talos}"));
                (one.origin, one.name.as_str())
            };
            assert_eq!(of("zone: a"), (ValueOrigin::Node, ""));
            assert_eq!(
                of("vm.swappiness"),
                (ValueOrigin::Patch, "patches.control_plane.0")
            );
            assert_eq!(
                of("clusterName:"),
                (ValueOrigin::Cluster, spec.name.as_str())
            );
            assert_eq!(
                of("kube-apiserver"),
                (ValueOrigin::Cluster, spec.name.as_str()),
                "its version was chosen"
            );
            assert_eq!(of("hostname: "), (ValueOrigin::Cluster, spec.name.as_str()));
            assert_eq!(of("diskQuotaSupport: true"), (ValueOrigin::Crete, ""));
            assert_eq!(of("dnsDomain"), (ValueOrigin::Crete, ""));
            assert_eq!(of("crt: "), (ValueOrigin::Cluster, spec.name.as_str()));
            assert_eq!(text.contains("HostnameConfig"), documents);
        }
    }

    #[test]
    fn a_text_that_cannot_be_read_has_no_origins() {
        let spec = spec(1, 0);
        let bundle = secrets::nobodys().unwrap();
        let found = origins(&spec, spec.nodes[0].machine, &bundle, "machine: [");
        assert_eq!(found.unwrap(), Vec::new());
    }
}
