//! This machine: what it is, as its kernel and its firmware tell.

use crate::cmdline::KernelArgs;
use crate::error::{GuestError, Result};
use crate::net::Link;
use crate::{cpu, disk, smbios};
use crete_practice_node::{
    Attachment, Disk, Fault, Faults, Given, Identity, Medium, Pace, Processor, Random,
};

/// The version that is played when nothing is installed, and by which every reader can tell that it
/// is played.
const VERSION: &str = "1.13.9";
const SUFFIX: &str = "-practice";
/// Said once, early, on the console.
pub const BANNER: &str = "[talos] [initramfs] this is the practice guest of Crete: it prints and answers as a Talos \
                          node does, and is none";
/// How much faster than a real one a practice node lives, so that nobody has to wait for what is not
/// really done.
const FASTER: f64 = 20.0;
/// What the practice guest is told by its kernel's arguments.
const PACE: &str = "crete.practice.faster";
const FAULTS: &str = "crete.practice.faults";

/// What is known of the machine before anything runs.
#[derive(Debug)]
pub struct Facts {
    args: KernelArgs,
    processor: Processor,
    uuid: String,
    memory: u64,
}

impl Facts {
    /// Asks the kernel.
    #[must_use]
    pub fn read() -> Self {
        let text = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        // A machine without SMBIOS has neither arguments there nor a UUID.
        let table = std::fs::read(smbios::TABLE).unwrap_or_default();
        let mut args = KernelArgs::parse(&text("/proc/cmdline"));
        args.append(KernelArgs::parse(&smbios::kernel_arguments(&table)));
        let system = rustix::system::sysinfo();
        let usable = system.totalram.saturating_mul(system.mem_unit.into());
        Self {
            args,
            processor: cpu::parse(&text("/proc/cpuinfo")),
            uuid: smbios::uuid(&table).unwrap_or_default(),
            memory: smbios::memory(&table).unwrap_or(usable),
        }
    }

    /// The terminal of the dashboard.
    #[must_use]
    pub fn dashboard_console(&self) -> Option<&str> {
        self.args.dashboard_console()
    }

    /// The machine's UUID.
    #[must_use]
    pub fn uuid(&self) -> &str {
        &self.uuid
    }

    /// How fast the node is to live.
    #[must_use]
    pub fn pace(&self) -> Pace {
        let asked = self.args.value(PACE).and_then(|text| text.parse().ok());
        Pace::faster(asked.unwrap_or(FASTER))
    }

    /// What is to go wrong from the beginning on; a name that is none says nothing.
    #[must_use]
    pub fn faults(&self) -> Faults {
        let names = self.args.value(FAULTS).unwrap_or_default();
        let named = |name: &str| Fault::ALL.iter().find(|fault| fault.name() == name);
        let faults: Vec<Fault> = names.split(',').filter_map(named).copied().collect();
        Faults::of(&faults)
    }

    /// What the node is told that it is.
    ///
    /// # Errors
    /// Never: the version is one.
    pub fn identity(
        &self,
        link: Option<&Link>,
        disks: &[Disk],
        network: &Attachment,
    ) -> Result<Identity> {
        let version = VERSION.parse().map_err(|_| {
            GuestError::system("the version")(std::io::ErrorKind::InvalidData.into())
        })?;
        let hard = disks.iter().find(|disk| !disk.cdrom);
        let image = hard.is_some_and(|disk| disk::booted_from_image(&disk.name));
        Ok(Identity {
            talos_version: version,
            version_suffix: SUFFIX.to_owned(),
            uuid: self.uuid.clone(),
            mac: link.map(|link| link.mac).unwrap_or_default(),
            link: link.map(|link| link.name.clone()).unwrap_or_default(),
            network: network.clone(),
            disks: disks.to_vec(),
            memory: self.memory,
            processor: self.processor.clone(),
            cmdline: self.args.to_string(),
            extensions: Vec::new(),
            medium: match image {
                true => Medium::DiskImage,
                false => Medium::Installer,
            },
        })
    }
}

/// A network that has given nothing yet.
#[must_use]
pub fn nothing_yet() -> Attachment {
    Attachment::of(Given::default())
}

/// Randomness that no other machine has.
///
/// # Errors
/// When the kernel has none.
pub fn random() -> Result<Random> {
    Ok(Random::from_seed(bytes()?))
}

/// A number that is another one at each boot.
///
/// # Errors
/// When the kernel has no random numbers.
pub fn number() -> Result<u64> {
    Ok(u64::from_ne_bytes(bytes()?))
}

fn bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())
        .map_err(|error| GuestError::system("random numbers")(error.into()))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(args: &str) -> Facts {
        Facts {
            args: KernelArgs::parse(args),
            processor: cpu::parse(""),
            uuid: "11111111-2222-4333-8444-555555555502".to_owned(),
            memory: 2 << 30,
        }
    }

    #[test]
    fn arguments_tell_faults_and_pace() {
        let facts = facts("crete.practice.faults=cni-missing,no-fault,api-silent");
        let faults = facts.faults();
        let set: Vec<_> = Fault::ALL.iter().filter(|one| faults.has(**one)).collect();
        assert_eq!(set, [&Fault::ApiSilent, &Fault::CniMissing]);
        assert_eq!(facts.pace(), Pace::faster(FASTER));
        let facts = super::tests::facts("crete.practice.faster=2.5");
        assert_eq!(facts.pace(), Pace::faster(2.5));
    }

    #[test]
    fn every_fault_can_be_told() {
        let all: Vec<_> = Fault::ALL.iter().map(|fault| fault.name()).collect();
        let faults = facts(&format!("{FAULTS}={}", all.join(","))).faults();
        assert!(Fault::ALL.iter().all(|fault| faults.has(*fault)));
    }

    #[test]
    fn the_node_is_this_machine() {
        let link = Link {
            index: 2,
            name: "enp0s2".to_owned(),
            mac: [0x52, 0x54, 0, 0, 0, 9],
        };
        let identity = facts("a=1 b=2")
            .identity(Some(&link), &[], &nothing_yet())
            .unwrap();
        assert_eq!(identity.tag(), "v1.13.9-practice");
        assert_eq!(identity.link, "enp0s2");
        assert_eq!(identity.cmdline, "a=1 b=2");
        assert_eq!(identity.medium, Medium::Installer);
        assert!(BANNER.contains("is none"));
    }
}
