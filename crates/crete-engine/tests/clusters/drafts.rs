//! Before anything is made: what is offered, what it would become, the recipe, the commands.

use super::ground::Lab;
use crete_model::{
    BootMedium, ClusterDraft, ClusterImage, ClusterPreset, EndpointKind, ErrorCode, FieldCode,
    NodePatches, NodeSizes, RegistryMirror, Sizes, StageCode,
};

fn faults(lab: &Lab, draft: &ClusterDraft) -> Vec<(String, FieldCode)> {
    let found = lab.engine.check_cluster(draft).into_iter();
    found.map(|one| (one.field, one.code)).collect()
}

#[tokio::test]
async fn every_offer_can_be_sent_as_it_is() {
    let lab = Lab::new().await;
    for preset in ClusterPreset::ALL {
        let offer = lab.engine.offer_cluster(Some(preset), None).unwrap();
        let (control_planes, workers) = preset.counts();
        assert_eq!(offer.draft.control_planes.count, control_planes);
        assert_eq!(offer.draft.workers.count, workers);
        assert_eq!(faults(&lab, &offer.draft), [], "{preset:?}");
        assert_eq!(offer.draft.name, "knossos", "the first name that is free");
        let plan = lab.engine.plan_cluster(&offer.draft);
        assert_eq!(plan.preset, Some(preset));
        assert_eq!(
            plan.nodes.len(),
            usize::try_from(control_planes + workers).unwrap()
        );
        assert_eq!(plan.may_fail, if control_planes == 3 { 1 } else { 0 });
        let codes: Vec<StageCode> = plan.steps.iter().map(|step| step.code).collect();
        assert_eq!(codes.first(), Some(&StageCode::ClusterImage));
        assert_eq!(codes.last(), Some(&StageCode::Access));
        assert!(
            !codes.contains(&StageCode::Install),
            "a disk image is there"
        );
    }
    lab.close().await;
}

/// Makes a draft unacceptable.
type Change = fn(&mut ClusterDraft);

/// What is done to a good draft, and what is said at which field.
const TABLE: &[(Change, &str, FieldCode)] = &[
    (|draft| draft.name.clear(), "name", FieldCode::Missing),
    (
        |draft| draft.name = "Knossos".to_owned(),
        "name",
        FieldCode::Characters,
    ),
    (
        |draft| draft.control_planes.count = 0,
        "control_planes.count",
        FieldCode::TooSmall,
    ),
    (
        |draft| draft.control_planes.count = 2,
        "control_planes.count",
        FieldCode::EvenControlPlanes,
    ),
    (
        |draft| draft.workers.count = 64,
        "workers.count",
        FieldCode::TooManyNodes,
    ),
    (
        |draft| draft.control_planes.sizes.memory_mib = 1024,
        "control_planes.sizes.memory_mib",
        FieldCode::TooSmall,
    ),
    (
        |draft| draft.kubernetes = "1.20.0".to_owned(),
        "kubernetes",
        FieldCode::KubernetesNotTaken,
    ),
    (
        |draft| draft.kubernetes = "newest".to_owned(),
        "kubernetes",
        FieldCode::NotAVersion,
    ),
    (
        |draft| draft.pod_subnet = "10.96.0.0/12".to_owned(),
        "service_subnet",
        FieldCode::Collides,
    ),
    (
        |draft| draft.service_subnet = "no".to_owned(),
        "service_subnet",
        FieldCode::NotACidr,
    ),
    (
        |draft| {
            draft.endpoint = EndpointKind::VirtualIp {
                address: String::new(),
            };
        },
        "endpoint.kind",
        FieldCode::NeedsControlPlanes,
    ),
    (
        |draft| {
            draft.mirrors = vec![RegistryMirror {
                registry: "docker.io".to_owned(),
                endpoints: vec!["not an address".to_owned()],
            }];
        },
        "mirrors.0.endpoints.0",
        FieldCode::NotAUrl,
    ),
    (
        |draft| draft.omni = "https://omni.example".to_owned(),
        "omni",
        FieldCode::NotOmni,
    ),
    (
        |draft| {
            draft.patches.nodes = vec![NodePatches {
                node: "w-9".to_owned(),
                patches: Vec::new(),
            }];
        },
        "patches.nodes.0.node",
        FieldCode::Unknown,
    ),
    (
        |draft| draft.patches.worker = vec!["machine: [".to_owned()],
        "patches.worker.0",
        FieldCode::NotAPatch,
    ),
    (
        |draft| draft.secrets_file = "/nowhere/secrets.yaml".to_owned(),
        "secrets_file",
        FieldCode::NotSecrets,
    ),
];

#[tokio::test]
async fn what_cannot_be_is_said_at_its_field() {
    let lab = Lab::new().await;
    let good = lab.draft(ClusterPreset::Small);
    assert_eq!(faults(&lab, &good), []);
    for (change, field, code) in TABLE {
        let mut draft = good.clone();
        change(&mut draft);
        assert_eq!(
            faults(&lab, &draft),
            [((*field).to_owned(), *code)],
            "{field}"
        );
        let refused = lab.engine.create_cluster(&draft).unwrap_err().problem();
        assert_eq!(refused.code, ErrorCode::Invalid, "{field}");
    }
    assert!(lab.engine.clusters.all().is_empty(), "nothing was made");
    lab.close().await;
}

/// The recipe holds everything but the secrets, and gives the same draft.
#[tokio::test]
async fn a_recipe_gives_the_same_cluster() {
    let lab = Lab::of(BootMedium::Iso).await;
    let mut draft = lab.draft(ClusterPreset::HighAvailability);
    draft.sizes = vec![NodeSizes {
        node: "w-2".to_owned(),
        sizes: Sizes {
            vcpus: 1,
            memory_mib: 3072,
            disk_gib: 12,
        },
    }];
    draft.patches.cluster = vec!["machine:\n  sysctls:\n    vm.swappiness: \"7\"\n".to_owned()];
    draft.mirrors = vec![RegistryMirror {
        registry: "docker.io".to_owned(),
        endpoints: vec!["https://mirror.example".to_owned()],
    }];
    let (recipe, text) = lab.engine.draft_recipe(&draft).unwrap();
    assert_eq!(recipe.crete_cluster, 1);
    assert!(text.starts_with("crete_cluster: 1\n"), "{text}");
    for secret in ["PRIVATE", "token", "secret"] {
        assert!(!text.contains(secret), "{secret}");
    }
    let opened = lab.engine.open_recipe(&text).unwrap();
    // The recipe names the schematic that the draft left to Crete.
    if let (
        ClusterImage::Factory { schematic, .. },
        ClusterImage::Factory {
            schematic: Some(named),
            ..
        },
    ) = (&mut draft.image, &opened.image)
    {
        *schematic = Some(named.clone());
    }
    assert_eq!(opened, draft);
    let (_, again) = lab.engine.draft_recipe(&opened).unwrap();
    assert_eq!(again, text);
    for (bad, why) in [
        ("crete_cluster: 1\nname: x\n", "missing"),
        (
            &text.replace("crete_cluster: 1", "crete_cluster: 9"),
            "form",
        ),
        (&text.replace("schematic_id: ", "schematic_id: f"), "id"),
        (&format!("{text}more: 1\n"), "more"),
        ("just text", ""),
    ] {
        let refused = lab.engine.open_recipe(bad).unwrap_err().problem();
        assert_eq!(refused.code, ErrorCode::NotARecipe);
        assert!(refused.params["reason"].contains(why), "{refused:?}");
    }
    lab.close().await;
}

#[tokio::test]
async fn the_commands_do_the_same_by_hand() {
    let lab = Lab::new().await;
    let mut draft = lab.draft(ClusterPreset::Small);
    draft.patches.cluster = vec!["machine:\n  nodeLabels:\n    it's: 'so'\n".to_owned()];
    let steps = lab.engine.cluster_commands(&draft).unwrap();
    let codes: Vec<StageCode> = steps.iter().map(|step| step.code).collect();
    assert_eq!(
        codes,
        [
            StageCode::ClusterImage,
            StageCode::ClusterMachines,
            StageCode::SwitchOn,
            StageCode::Configuration,
            StageCode::Apply,
            StageCode::Bootstrap,
            StageCode::HealthChecks,
            StageCode::Access,
        ]
    );
    let all: Vec<&String> = steps.iter().flat_map(|step| &step.lines).collect();
    let has = |words: &str| all.iter().any(|line| line.contains(words));
    assert!(has("curl -LO https://"));
    assert!(has("qemu-img create -f qcow2"));
    assert!(has("qemu-system-x86_64"));
    assert!(has("talosctl gen config knossos"));
    assert!(has("--kubernetes-version 1.36"));
    assert!(has("talosctl apply-config --insecure -n ${KNOSSOS_W_2}"));
    assert!(has("bootstrap"));
    // A patch stays one word for a shell, whatever it holds.
    assert!(has(r"it'\''s"));
    draft.leave_in_maintenance = true;
    let steps = lab.engine.cluster_commands(&draft).unwrap();
    assert_eq!(steps.len(), 3, "machines that wait are not configured");
    lab.close().await;
}
