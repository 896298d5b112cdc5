//! New machines: what is offered, and what is acceptable.

use crate::Engine;
use crate::error::Result;
use crete_model::{
    FieldCode, FieldProblem, ImageId, ImageSpec, MIN_DISK_BEYOND_IMAGE_GIB, MIN_MEMORY_MIB,
    MachineDraft, NameFault, Params, check_machine_name, params,
};

const GIB: u64 = 1 << 30;
/// Bytes of a machine's name, which is a DNS label.
const LONGEST_NAME: usize = 63;
/// Places of ancient Crete, offered as names in this order.
const PLACES: &[&str] = &[
    "knossos",
    "phaistos",
    "gortyn",
    "malia",
    "zakros",
    "kydonia",
    "lyttos",
    "aptera",
    "lato",
    "eleutherna",
];

/// A draft with suggested values, and what this computer allows.
#[derive(Debug, Clone)]
pub struct MachineOffer {
    /// Every field filled.
    pub draft: MachineDraft,
    /// Most virtual processors.
    pub max_vcpus: u32,
    /// Most memory, MiB.
    pub max_memory_mib: u32,
    /// Least disk, GiB.
    pub min_disk_gib: u32,
}

impl Engine {
    /// Suggests a machine for an image.
    ///
    /// # Errors
    /// When there is no such image.
    pub fn offer(&self, image: ImageId) -> Result<MachineOffer> {
        let view = self.image(image)?;
        let settings = self.settings();
        let min_disk_gib = least_disk_gib(&view.spec);
        let (max_vcpus, max_memory_mib) = self.limits();
        Ok(MachineOffer {
            draft: MachineDraft {
                name: self.free_name(),
                image,
                vcpus: settings.default_vcpus.min(max_vcpus),
                memory_mib: settings.default_memory_mib.min(max_memory_mib),
                disk_gib: settings.default_disk_gib.max(min_disk_gib),
                network: None,
            },
            max_vcpus,
            max_memory_mib,
            min_disk_gib,
        })
    }

    /// Processors and memory (MiB) of this computer; generous until they are known.
    pub(crate) fn limits(&self) -> (u32, u32) {
        match self.usage.get("usage") {
            Some(usage) => {
                let mib = u32::try_from(usage.memory_total >> 20).unwrap_or(u32::MAX);
                (usage.cpus.max(1), mib.max(MIN_MEMORY_MIB))
            }
            None => (256, 1 << 22),
        }
    }

    fn free_name(&self) -> String {
        let taken: Vec<String> = self
            .machines
            .all()
            .into_iter()
            .map(|m| m.spec.name)
            .collect();
        let numbered = (1u32..).flat_map(|round| {
            PLACES.iter().map(move |place| match round {
                1 => (*place).to_owned(),
                _ => format!("{place}-{round}"),
            })
        });
        numbered
            .into_iter()
            .find(|name| !taken.contains(name))
            .unwrap_or_default()
    }

    /// A name, or the first of its numbered variants that no machine has.
    pub(super) fn free_variant(&self, name: &str) -> String {
        let taken: Vec<String> = self
            .machines
            .all()
            .into_iter()
            .map(|m| m.spec.name)
            .collect();
        if !taken.iter().any(|other| other == name) {
            return name.to_owned();
        }
        let variant = |number: u32| {
            let ending = format!("-{number}");
            // A DNS label holds 63 bytes, all of them ASCII.
            let room = LONGEST_NAME - ending.len();
            format!("{}{ending}", &name[..name.len().min(room)])
        };
        (2..)
            .map(variant)
            .find(|variant| !taken.contains(variant))
            .unwrap_or_default()
    }

    /// Checks a draft field by field. Nothing in it is trusted.
    #[must_use]
    pub fn check_draft(&self, draft: &MachineDraft) -> Vec<FieldProblem> {
        let mut problems = Vec::new();
        let mut problem = |field: &str, code, params: Params| {
            problems.push(FieldProblem {
                field: field.to_owned(),
                code,
                params,
            });
        };
        match check_machine_name(&draft.name) {
            Err(NameFault::Empty) => problem("name", FieldCode::Missing, Params::new()),
            Err(NameFault::TooLong) => problem(
                "name",
                FieldCode::TooLong,
                params! { "max" => LONGEST_NAME },
            ),
            Err(NameFault::Characters) => problem("name", FieldCode::Characters, Params::new()),
            Ok(()) => {
                if self
                    .machines
                    .all()
                    .iter()
                    .any(|m| m.spec.name == draft.name)
                {
                    problem("name", FieldCode::Taken, params! { "name" => draft.name });
                }
            }
        }
        let (max_vcpus, max_memory_mib) = self.limits();
        let mut range = |field: &str, value: u32, min: u32, max: u32| {
            if value < min {
                problem(field, FieldCode::TooSmall, params! { "min" => min });
            } else if value > max {
                problem(field, FieldCode::TooLarge, params! { "max" => max });
            }
        };
        range("vcpus", draft.vcpus, 1, max_vcpus);
        range(
            "memory_mib",
            draft.memory_mib,
            MIN_MEMORY_MIB,
            max_memory_mib,
        );
        match self.image(draft.image) {
            Ok(view) => range(
                "disk_gib",
                draft.disk_gib,
                least_disk_gib(&view.spec),
                64 * 1024,
            ),
            Err(_) => problem("image", FieldCode::Unknown, Params::new()),
        }
        if let Some(network) = draft.network
            && self.networks.get(&network.to_string()).is_none()
        {
            problem("network", FieldCode::Unknown, Params::new());
        }
        problems
    }
}

/// The image itself, rounded up, and what Talos needs beyond it.
pub(super) fn least_disk_gib(spec: &ImageSpec) -> u32 {
    let size = match &spec.file {
        Some(file) if spec.medium == crete_model::BootMedium::DiskImage => file.virtual_size,
        // An ISO installs to an empty disk: what counts is the installed system, which is small.
        _ => 0,
    };
    u32::try_from(size.div_ceil(GIB)).unwrap_or(u32::MAX - 64) + MIN_DISK_BEYOND_IMAGE_GIB
}
