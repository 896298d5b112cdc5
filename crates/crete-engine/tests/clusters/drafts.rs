//! Before anything is made: what is offered, what it would become, the recipe, the commands.

use super::ground::Lab;
use crete_model::{
    Arch, BootMedium, ClusterDraft, ClusterImage, ClusterNetwork, ClusterPreset, EndpointKind,
    ErrorCode, FieldCode, ImageFile, ImageFormat, ImageId, ImageOrigin, ImageSpec, ImportOrigin,
    NetworkDraft, NetworkId, NodePatches, NodeSizes, Packing, RegistryMirror, Schematic, Sizes,
    StageCode,
};
use uuid::Uuid;

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

/// Three control planes that hold an address in turn.
fn held_at(draft: &mut ClusterDraft, address: &str) {
    draft.control_planes.count = 3;
    draft.network = ClusterNetwork::New {
        subnet: "10.77.0.0/24".to_owned(),
    };
    draft.endpoint = EndpointKind::VirtualIp {
        address: address.to_owned(),
    };
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
        |draft| {
            draft.image = ClusterImage::Factory {
                version: "1.9.5".parse().unwrap(),
                arch: Arch::Amd64,
                medium: BootMedium::DiskImage,
                schematic: None,
            };
        },
        "image.version",
        FieldCode::TalosTooOld,
    ),
    (
        |draft| held_at(draft, "10.99.0.5"),
        "endpoint.address",
        FieldCode::NotInSubnet,
    ),
    (
        |draft| held_at(draft, "somewhere"),
        "endpoint.address",
        FieldCode::NotAnAddress,
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

/// Puts a complete image into the library of a lab, and opens it again.
async fn bring(lab: &mut Lab, origin: ImageOrigin, sha256: &str) -> ImageId {
    let id = ImageId(Uuid::now_v7());
    let folder = lab.root.path().join("data/images").join(id.to_string());
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("base"), b"an image").unwrap();
    let spec = ImageSpec {
        schema_version: 2,
        id,
        origin,
        version: Some("1.13.9".parse().unwrap()),
        arch: Some(Arch::Amd64),
        medium: BootMedium::DiskImage,
        digest: None,
        created_at: "2026-11-24T12:00:00.000Z".to_owned(),
        file: Some(ImageFile {
            name: "base".to_owned(),
            format: ImageFormat::Raw,
            downloaded: 0,
            sha256: sha256.to_owned(),
            virtual_size: 8,
            stamp: None,
            layers: Vec::new(),
        }),
    };
    std::fs::write(folder.join("spec.json"), serde_json::to_vec(&spec).unwrap()).unwrap();
    lab.reopen().await;
    id
}

fn own_file() -> ImageOrigin {
    ImageOrigin::Imported(ImportOrigin {
        file_name: "own.raw".to_owned(),
        path: "/home/a/own.raw".to_owned(),
        taken: false,
        packing: Packing::None,
        format: ImageFormat::Raw,
    })
}

/// A file of the person's is that file again, and nothing else is taken for it.
#[tokio::test]
async fn a_recipe_names_the_very_file_of_an_image_that_was_imported() {
    let mut lab = Lab::new().await;
    let (mine, other) = ("a".repeat(64), "b".repeat(64));
    bring(&mut lab, own_file(), &other).await;
    let image = bring(&mut lab, own_file(), &mine).await;
    let mut draft = lab.draft(ClusterPreset::Solo);
    draft.image = ClusterImage::Library { image };
    let (recipe, text) = lab.engine.draft_recipe(&draft).unwrap();
    assert_eq!(recipe.image.schematic, None, "no factory makes it");
    assert_eq!(lab.engine.open_recipe(&text).unwrap().image, draft.image);
    let foreign = text.replace(&mine, &"c".repeat(64));
    let refused = lab.engine.open_recipe(&foreign).unwrap_err().problem();
    assert_eq!(refused.code, ErrorCode::RecipeImageMissing);
    assert_eq!(refused.params["sha256"], "c".repeat(64));
    lab.close().await;
}

/// What the library has under the same name is compared with what the recipe's machines had.
#[tokio::test]
async fn a_recipes_digest_is_compared() {
    let mut lab = Lab::new().await;
    let draft = lab.draft(ClusterPreset::Solo);
    let choice = crete_model::ImageChoice {
        version: "1.13.9".parse().unwrap(),
        arch: Arch::Amd64,
        medium: BootMedium::DiskImage,
    };
    let plan = lab.engine.plan(&choice).unwrap();
    let factory = lab.engine.settings().factory_url;
    let origin = ImageOrigin::Factory(Box::new(crete_model::FactoryOrigin {
        schematic: plan.schematic,
        schematic_id: plan.schematic_id,
        factory,
        asset: plan.asset,
    }));
    let (had, has) = ("a".repeat(64), "b".repeat(64));
    bring(&mut lab, origin, &had).await;
    let (recipe, text) = lab.engine.draft_recipe(&draft).unwrap();
    assert_eq!(recipe.image.sha256.as_ref(), Some(&had));
    lab.engine.open_recipe(&text).unwrap();
    let changed = text.replace(&had, &has);
    let refused = lab.engine.open_recipe(&changed).unwrap_err().problem();
    assert_eq!(refused.code, ErrorCode::RecipeImageDiffers);
    assert_eq!(
        (&refused.params["sha256"], &refused.params["found"]),
        (&has, &had)
    );
    // The very file is there under another name.
    let image = bring(&mut lab, own_file(), &has).await;
    let opened = lab.engine.open_recipe(&changed).unwrap();
    assert_eq!(opened.image, ClusterImage::Library { image });
    lab.close().await;
}

fn network(lab: &Lab, name: &str) -> NetworkId {
    let draft = NetworkDraft {
        name: name.to_owned(),
        subnet: "10.77.0.0/24".to_owned(),
        ipv6: true,
        mtu: 1500,
        internet: true,
    };
    lab.engine.create_network(&draft).unwrap()
}

/// A network of others is meant again where there is one of that name.
#[tokio::test]
async fn a_recipe_names_the_network_that_was_there_before() {
    let lab = Lab::new().await;
    let mut draft = lab.draft(ClusterPreset::ControlPlane);
    let network = network(&lab, "lab");
    draft.network = ClusterNetwork::Existing { network };
    let address = |draft: &mut ClusterDraft, address: &str| {
        draft.endpoint = EndpointKind::VirtualIp {
            address: address.to_owned(),
        };
    };
    let mut taken = draft.clone();
    address(&mut taken, "10.77.0.1");
    let in_use = ("endpoint.address".to_owned(), FieldCode::InUse);
    assert_eq!(faults(&lab, &taken), [in_use], "its gateway has it");
    address(&mut draft, "10.77.0.9");
    assert_eq!(faults(&lab, &draft), []);
    let (_, text) = lab.engine.draft_recipe(&draft).unwrap();
    assert_eq!(
        lab.engine.open_recipe(&text).unwrap().network,
        draft.network
    );
    // Elsewhere it is one of the cluster's own, with the same addresses.
    let elsewhere = Lab::new().await;
    assert_eq!(
        elsewhere.engine.open_recipe(&text).unwrap().network,
        ClusterNetwork::New {
            subnet: "10.77.0.0/24".to_owned()
        }
    );
    elsewhere.close().await;
    lab.close().await;
}

/// Machines that wait for others wait again; what lets them join Omni is asked for.
#[tokio::test]
async fn a_recipe_keeps_who_configures_the_machines() {
    let lab = Lab::new().await;
    let mut draft = lab.draft(ClusterPreset::Solo);
    draft.leave_in_maintenance = true;
    let (_, text) = lab.engine.draft_recipe(&draft).unwrap();
    assert!(lab.engine.open_recipe(&text).unwrap().leave_in_maintenance);
    draft.leave_in_maintenance = false;
    draft.omni = "siderolink.api=grpc://omni.example:8090?jointoken=hush".to_owned();
    assert_eq!(faults(&lab, &draft), []);
    let (_, text) = lab.engine.draft_recipe(&draft).unwrap();
    assert!(!text.contains("hush"), "{text}");
    let opened = lab.engine.open_recipe(&text).unwrap();
    assert_eq!(opened.omni, "siderolink.api=grpc://omni.example:8090");
    let asked = ("omni".to_owned(), FieldCode::NotOmni);
    assert_eq!(faults(&lab, &opened), [asked], "the field asks for it");
    let (_, again) = lab.engine.draft_recipe(&opened).unwrap();
    assert_eq!(again, text);
    lab.close().await;
}

/// The commands fetch the image of the draft, whatever it is, and patches stay one word each.
#[tokio::test]
async fn the_commands_are_those_of_the_draft() {
    let mut lab = Lab::new().await;
    let image = bring(&mut lab, own_file(), &"a".repeat(64)).await;
    let mut draft = lab.draft(ClusterPreset::Small);
    let lines = |draft: &ClusterDraft| -> Vec<String> {
        let steps = lab.engine.draft_commands(draft).unwrap();
        assert_eq!(steps.first().unwrap().code, StageCode::ClusterImage);
        assert_eq!(steps.last().unwrap().code, StageCode::Access);
        steps.into_iter().flat_map(|step| step.lines).collect()
    };
    let schematic = Schematic::default();
    let id = crete_factory::schematic::id(&schematic);
    let ClusterImage::Factory { schematic: own, .. } = &mut draft.image else {
        panic!("a draft of the library");
    };
    *own = Some(Box::new(schematic));
    let all = lines(&draft);
    let url = format!("curl -LO https://factory.talos.dev/image/{id}/v1.13.9/metal-amd64.raw.zst");
    assert!(all.contains(&url), "{all:#?}");
    draft.image = ClusterImage::Library { image };
    let all = lines(&draft);
    assert!(all.iter().all(|line| !line.contains("curl")), "{all:#?}");
    let file = format!("data/images/{image}/base -F raw");
    assert!(all.iter().any(|line| line.contains(&file)), "{all:#?}");
    lab.close().await;
}
