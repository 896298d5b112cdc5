//! What this computer was set up with that machines need too, offered for their configurations.
//! Nothing is taken by itself: a choice becomes a patch that the person sees.

use crate::Engine;
use crate::error::{Result, internal};
use crete_host::{World, company};
use crete_model::{
    ErrorCode, HostChoice, HostOffers, HostPatchRequest, Params, Problem, Remedy, RootOffer,
};
use crete_talos::Contract;
use crete_talos::config::{Additions, MachineRole, Mirror, Time, TrustedRoot};
use crete_talos::pki::{Certificate, fingerprint};
use jiff::Timestamp;

/// Never asked through a proxy: the machine itself, and what is inside the cluster.
const DIRECT: &[&str] = &[
    "localhost",
    "127.0.0.1",
    "::1",
    ".svc",
    ".cluster.local",
    ".crete.test",
    "10.96.0.0/12",
    "10.244.0.0/16",
];

impl Engine {
    /// What was found on this computer.
    ///
    /// # Errors
    /// Never but for a defect.
    pub async fn host_offers(&self) -> Result<HostOffers> {
        let (world, now) = (self.world.clone(), self.clock.now());
        let proxy = self.settings().proxy;
        let looking = tokio::task::spawn_blocking(move || look(world.as_ref(), &proxy, now));
        looking.await.map_err(internal)
    }

    /// The patch that a choice comes to; empty when nothing is chosen.
    ///
    /// # Errors
    /// For versions whose configurations Crete does not know.
    pub async fn host_patch(&self, request: &HostPatchRequest) -> Result<String> {
        let contract = Contract::of(&request.version).map_err(|error| {
            Problem::new(ErrorCode::BadRequest, Params::new())
                .with_detail(error.to_string())
                .with_remedy(Remedy::Report)
        })?;
        let offers = self.host_offers().await?;
        let chosen = additions(&offers, &request.choice, &request.direct);
        // Both roles take the same of it.
        Ok(chosen
            .patch(contract, MachineRole::Worker)
            .unwrap_or_default())
    }
}

fn look(world: &dyn World, proxy: &str, now: Timestamp) -> HostOffers {
    let roots = company::anchors(world).into_iter().filter_map(|file| {
        let path = file.path.display().to_string();
        let certificate = Certificate::parse(&path, &file.text).ok()?;
        let lifetime = certificate.lifetime();
        let names = [certificate.common_name()].into_iter();
        let mut names = names.chain(certificate.organizations().iter().map(String::as_str));
        let subject = names.find(|name| !name.is_empty()).unwrap_or_default();
        Some(RootOffer {
            subject: subject.to_owned(),
            fingerprint: fingerprint(certificate.der()).ok()?,
            expires_at: lifetime.not_after.to_string(),
            expired: lifetime.left(now).is_none(),
            certificates: file.text,
            path,
        })
    });
    HostOffers {
        proxy: company::proxy(world, proxy),
        roots: roots.collect(),
        time: company::time_servers(world),
        mirrors: company::mirrors(world),
    }
}

fn additions(offers: &HostOffers, choice: &HostChoice, direct: &[String]) -> Additions {
    let mut chosen = Additions::default();
    if let Some(proxy) = offers.proxy.as_ref().filter(|_| choice.proxy) {
        let is_list = |(name, _): &&(String, String)| name == "no_proxy";
        let set = proxy.variables.iter().filter(|one| !is_list(one));
        chosen.environment = set.cloned().collect();
        let own = proxy.variables.iter().find(is_list);
        let own = own.map(|(_, list)| list.split(',').map(str::trim).map(str::to_owned));
        let mut list: Vec<String> = own
            .into_iter()
            .flatten()
            .filter(|one| !one.is_empty())
            .collect();
        let usual = DIRECT.iter().map(|one| (*one).to_owned());
        for one in usual.chain(direct.iter().cloned()) {
            if !list.contains(&one) {
                list.push(one);
            }
        }
        chosen
            .environment
            .push(("no_proxy".to_owned(), list.join(",")));
    }
    let roots = offers.roots.iter();
    let roots = roots.filter(|root| choice.roots.contains(&root.fingerprint));
    chosen.trusted_roots = roots
        .map(|root| TrustedRoot {
            name: name_of(root),
            certificates: root.certificates.clone(),
        })
        .collect();
    let time = offers.time.iter().map(|one| &one.server);
    let time: Vec<String> = time
        .filter(|one| choice.time.contains(one))
        .cloned()
        .collect();
    if !time.is_empty() {
        chosen.time = Time::Servers(time);
    }
    let mirrors = offers.mirrors.iter();
    let mirrors = mirrors.filter(|one| choice.mirrors.contains(&one.registry));
    chosen.mirrors = mirrors
        .map(|one| Mirror {
            registry: one.registry.clone(),
            endpoints: one.endpoints.clone(),
        })
        .collect();
    chosen
}

/// A name that tells files apart: that of the file, and the beginning of the fingerprint.
fn name_of(root: &RootOffer) -> String {
    let file = std::path::Path::new(&root.path).file_stem();
    let file = file.unwrap_or_default().to_string_lossy().to_lowercase();
    let plain: String = file
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    let short: String = root
        .fingerprint
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(8)
        .collect();
    format!("{}-{}", plain.trim_matches('-'), short.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crete_host::RecordedWorld;
    use crete_talos::config::Configuration;

    const NOW: &str = "2026-01-02T03:04:05Z";

    /// The Talos authority of a public test bundle: somebody's root.
    fn root() -> String {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../tests/fixtures/talos/golden/secrets/lab.yaml"
        );
        let bundle = crete_talos::pki::Bundle::parse(&std::fs::read_to_string(path).unwrap());
        bundle.unwrap().parts().os.clone().unwrap().crt
    }

    fn offers() -> HostOffers {
        let text = serde_json::json!({
            "files": {
                "/usr/local/share/ca-certificates/Company Root.crt": root(),
                "/usr/local/share/ca-certificates/broken.crt": "-----BEGIN CERTIFICATE-----\nxx",
                "/etc/systemd/timesyncd.conf": "NTP=time.intra.example\n",
                "/etc/docker/daemon.json": "{\"registry-mirrors\": [\"https://m.example\"]}",
            },
            "variables": {"https_proxy": "http://proxy.example:3128", "no_proxy": "intra.example"},
        });
        let world: RecordedWorld = serde_json::from_value(text).unwrap();
        look(&world, "", NOW.parse().unwrap())
    }

    fn everything(offers: &HostOffers) -> HostChoice {
        HostChoice {
            proxy: true,
            roots: offers
                .roots
                .iter()
                .map(|root| root.fingerprint.clone())
                .collect(),
            time: offers.time.iter().map(|one| one.server.clone()).collect(),
            mirrors: offers
                .mirrors
                .iter()
                .map(|one| one.registry.clone())
                .collect(),
        }
    }

    #[test]
    fn what_is_found_is_said_with_its_time_and_what_does_not_parse_is_left_out() {
        let offers = offers();
        assert_eq!(offers.roots.len(), 1);
        assert_eq!(
            (offers.roots[0].subject.as_str(), offers.roots[0].expired),
            ("talos", false)
        );
        assert!(offers.proxy.is_some());
        assert_eq!((offers.time.len(), offers.mirrors.len()), (1, 1));
    }

    #[test]
    fn nothing_is_taken_by_itself() {
        let chosen = additions(&offers(), &HostChoice::default(), &[]);
        assert_eq!(chosen, Additions::default());
        for contract in Contract::ALL {
            assert_eq!(chosen.patch(contract, MachineRole::Worker), None);
        }
    }

    #[test]
    fn a_choice_is_a_patch_that_every_version_reads() {
        let offers = offers();
        let chosen = additions(&offers, &everything(&offers), &["10.5.0.0/24".to_owned()]);
        for contract in Contract::ALL {
            let text = chosen.patch(contract, MachineRole::Worker).unwrap();
            let read = Configuration::read(&text, contract).unwrap();
            assert_eq!(read.to_yaml(), text, "{contract}");
            for word in [
                "http://proxy.example:3128",
                "intra.example,localhost,127.0.0.1,::1,.svc,.cluster.local",
                "10.5.0.0/24",
                "time.intra.example",
                "https://m.example",
                "company-root-",
                "BEGIN CERTIFICATE",
            ] {
                assert!(text.contains(word), "{contract} lacks {word}:\n{text}");
            }
        }
    }
}
