//! What is chosen stands in the configurations, in the form of every version.

use super::*;
use crate::cluster::tests::{spec, with_everything};

/// The text of one machine's configuration.
fn text(spec: &ClusterSpec, name: &str) -> String {
    let node = spec.nodes.iter().find(|node| node.name == name).unwrap();
    let made = configuration(spec, node, nobodys_secrets().unwrap(), "enp0s7").unwrap();
    made.unwrap().to_yaml()
}

fn chosen(talos: &str) -> ClusterSpec {
    let mut spec = with_everything();
    spec.talos = talos.parse().unwrap();
    spec
}

#[test]
fn what_is_chosen_stands_in_the_configurations_of_every_version() {
    for talos in ["1.10.7", "1.11.5", "1.12.11", "1.13.9", "1.14.0"] {
        let spec = chosen(talos);
        let (control_plane, worker) = (text(&spec, "cp-2"), text(&spec, "w-1"));
        for (text, what) in [(&control_plane, "control plane"), (&worker, "worker")] {
            for wanted in [
                "10.32.0.0/14",
                "10.48.0.0/16",
                "docker.io",
                "https://mirror.example/v2",
                "https://10.88.1.5:6443",
            ] {
                assert!(text.contains(wanted), "{talos}, {what}: {wanted}");
            }
            assert!(!text.contains("10.244.0.0/16"), "{talos}, {what}");
        }
        // Every control plane may hold the address, no worker.
        let holds = |text: &str| text.contains("enp0s7") && text.contains("10.88.1.5\n");
        assert!(holds(&control_plane), "{talos}: {control_plane}");
        assert!(!worker.contains("enp0s7"), "{talos}");
        assert!(control_plane.contains("hostname: knossos-cp-2"), "{talos}");
        assert!(worker.contains("hostname: knossos-w-1"), "{talos}");
        let documents = talos == "1.14.0";
        assert_eq!(control_plane.contains("name: none"), !documents, "{talos}");
        assert!(!control_plane.contains("KubeFlannelCNIConfig"), "{talos}");
        assert!(!control_plane.contains("NoSchedule"), "{talos}");
        let allowed = control_plane.contains("allowSchedulingOnControlPlanes: true");
        assert_eq!(allowed, !documents, "{talos}");
    }
}

#[test]
fn without_choices_talos_own_defaults_stand_there() {
    let plain = text(&spec(1, 1), "cp-1");
    assert!(plain.contains("10.244.0.0/16") && plain.contains("10.96.0.0/12"));
    assert!(!plain.contains("RegistryMirrorConfig"));
    assert!(
        !plain.contains("Layer2VIPConfig"),
        "the gateway leads there"
    );
    assert!(!plain.contains("allowSchedulingOnControlPlanes"));
    let alone = text(&spec(1, 0), "cp-1");
    assert!(
        alone.contains("allowSchedulingOnControlPlanes: true"),
        "pods have nowhere else to run"
    );
}

#[test]
fn omnis_link_is_one_with_a_token_and_is_shared_without() {
    let link = "siderolink.api=grpc://omni.example:8090?jointoken=hush&x=1 talos.events.sink=[fdae::1]:8091";
    assert_eq!(omni_arguments(link).unwrap().len(), 2);
    let shared = omni_without_token(link);
    assert_eq!(
        shared,
        "siderolink.api=grpc://omni.example:8090?x=1 talos.events.sink=[fdae::1]:8091"
    );
    assert_eq!(omni_arguments(&shared), None, "the token is asked for");
    assert_eq!(omni_without_token(&shared), shared);
    assert_eq!(omni_without_token("jointoken=hush"), "");
    let empty = "siderolink.api=grpc://omni.example:8090?jointoken=";
    assert_eq!(omni_arguments(empty), None);
}
