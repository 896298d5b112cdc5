//! The servers of one row, and what is wrong with them.

use super::table::Fault;
use bytes::Bytes;
use crete_model::Settings;
use crete_testkit::disks;
use crete_testkit::factory::{Damage, Misdeed, Options, PracticeFactory};
use crete_testkit::rude::{Manner, Peer, closed_port};
use crete_testkit::tls::{Authority, Validity};
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Enough failures for anybody's patience.
const ALWAYS: usize = 20;
/// A byte in the middle of the packed file.
const MIDDLE: usize = 600_000;

const PAGE: &str = "<!doctype html><html><head><title>Welcome to Hotel Ariadne</title></head>";

/// The same page as a whole answer.
const PORTAL: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n\
    <!doctype html><title>Welcome to Hotel Ariadne</title>";

/// Everything that answers in one row.
pub struct Servers {
    pub factory: PracticeFactory,
    /// Somebody whose certificates are trusted in this row.
    trusted: Authority,
    /// Somebody whose certificates are not, until that is mended.
    company: Authority,
    peers: Vec<Peer>,
}

static DISK: LazyLock<Bytes> =
    LazyLock::new(|| disks::zst(&disks::noisy_disk(4 << 20, 1_200_000, 5)).into());
static CD: LazyLock<Bytes> = LazyLock::new(|| disks::talos_iso().into());

fn assets() -> Options {
    Options {
        assets: [
            ("metal-amd64.raw.zst".to_owned(), DISK.clone()),
            ("metal-amd64.iso".to_owned(), CD.clone()),
        ]
        .into(),
        ..Options::default()
    }
}

impl Servers {
    pub async fn start(fault: Fault) -> Self {
        let (trusted, company) = (
            Authority::new("Minos Root CA"),
            Authority::new("Acme Inspection CA"),
        );
        let here = &["localhost", "127.0.0.1"];
        let good = trusted.server(here, Validity::Now);
        let mut options = assets();
        if matches!(fault, Fault::FullInTheMiddle | Fault::FullWhileUnpacking) {
            // Slow enough that there is a middle.
            options.bytes_per_second = 1_000_000;
        }
        (options.tls, options.store_tls) = match fault {
            Fault::UnknownIssuer => (Some(company.server(here, Validity::Now)), Some(good)),
            Fault::UnknownIssuerStore => (Some(good), Some(company.server(here, Validity::Now))),
            Fault::Expired => (Some(trusted.server(here, Validity::Past)), None),
            Fault::NotYetValid => (Some(trusted.server(here, Validity::Future)), None),
            Fault::WrongName => {
                let other = trusted.server(&["elsewhere.example"], Validity::Now);
                (Some(other), None)
            }
            Fault::InsecureRedirect => (Some(good), None),
            Fault::ProxyAsksWhoTls
            | Fault::ProxyRefuses
            | Fault::ProxyIsNone
            | Fault::ProxyIsSsh
            // What is known of the way must outlive the interruption.
            | Fault::FullWhileUnpacking => (Some(good.clone()), Some(good)),
            _ => (None, None),
        };
        let servers = Self {
            factory: PracticeFactory::start(options).await.unwrap(),
            trusted,
            company,
            peers: Vec::new(),
        };
        servers.misbehave(fault);
        servers
    }

    /// Lets the practice factory behave badly.
    fn misbehave(&self, fault: Fault) {
        let status = |status, retry_after| Misdeed::Status {
            status,
            text: "not now",
            retry_after,
        };
        let (front, store): (Vec<Misdeed>, Vec<Misdeed>) = match fault {
            Fault::SilentImage => (vec![Misdeed::Silence], vec![]),
            Fault::PortalInTheMiddle => (
                vec![Misdeed::Nothing, Misdeed::Page(PAGE)],
                vec![Misdeed::Breaks(MIDDLE)],
            ),
            Fault::PortalInDisguise => (
                vec![Misdeed::Nothing, Misdeed::HiddenPage(PAGE)],
                vec![Misdeed::Breaks(MIDDLE)],
            ),
            Fault::BusySeconds => (vec![status(429, Some("1"))], vec![]),
            Fault::BusyDate => (vec![status(503, Some(soon()))], vec![]),
            Fault::BusyForAnHour => (vec![status(503, Some("3600"))], vec![]),
            Fault::NotThere => (vec![status(404, None)], vec![]),
            Fault::LinkOver => (vec![Misdeed::OldLink], vec![]),
            Fault::LinkOverInTheMiddle => (
                vec![Misdeed::Nothing, Misdeed::OldLink],
                vec![Misdeed::Breaks(MIDDLE)],
            ),
            Fault::LinkAlwaysOver => (vec![Misdeed::OldLink; ALWAYS], vec![]),
            Fault::BreaksOnce | Fault::Changes => (vec![], vec![Misdeed::Breaks(MIDDLE)]),
            Fault::BreaksAlways => {
                let mut breaks = vec![Misdeed::Breaks(MIDDLE)];
                breaks.resize(ALWAYS, Misdeed::Breaks(0));
                (vec![], breaks)
            }
            Fault::StandsStillOnce => (vec![], vec![Misdeed::StandsStill(MIDDLE)]),
            Fault::StandsStill => {
                let mut stalls = vec![Misdeed::StandsStill(MIDDLE)];
                stalls.resize(ALWAYS, Misdeed::StandsStill(0));
                (vec![], stalls)
            }
            Fault::IgnoresRanges => (vec![], vec![Misdeed::Breaks(MIDDLE), Misdeed::IgnoresRange]),
            Fault::OtherRange => (vec![], vec![Misdeed::Breaks(MIDDLE), Misdeed::OtherRange]),
            Fault::AnnouncesMore => (vec![], vec![Misdeed::AnnouncesMore(5000); ALWAYS]),
            Fault::SendsMore => (vec![], vec![Misdeed::Breaks(MIDDLE), Misdeed::LongRange]),
            Fault::NoLength => (vec![], vec![Misdeed::NoLength(MIDDLE)]),
            Fault::TextInstead => (vec![Misdeed::Text("this is not the file you want")], vec![]),
            _ => (vec![], vec![]),
        };
        self.factory.faults(|faults| {
            faults.front = front.into();
            faults.store = store.into();
            match fault {
                Fault::InternalErrorOnce => faults.errors = 1,
                Fault::InternalError => faults.errors = u32::MAX,
                Fault::AnnouncesLess => faults.damaged = Some(Damage::CutAt(MIDDLE)),
                Fault::DamagedPacking => faults.damaged = Some(Damage::Flipped(MIDDLE)),
                Fault::NoDiskInside => faults.damaged = Some(Damage::NoDisk),
                Fault::CutCd => faults.damaged = Some(Damage::CutAt(400_000)),
                _ => {}
            }
        });
    }

    /// Lets the factory send the request for the image to somebody else.
    pub async fn send_elsewhere(&mut self, fault: Fault) {
        let elsewhere = match fault {
            Fault::ClosedStore => closed_port().await.unwrap(),
            Fault::Portal => self.peer(Manner::Says(PORTAL)).await,
            _ => return,
        };
        let away = Misdeed::SendsTo(format!("http://{elsewhere}/image"));
        self.factory
            .faults(|faults| faults.front = vec![away].into());
    }

    /// The servers behave from now on.
    pub fn behave(&self) {
        self.factory.faults(|faults| *faults = Default::default());
    }

    async fn peer(&mut self, manner: Manner) -> String {
        let peer = Peer::start(manner).await.unwrap();
        let address = peer.address.clone();
        self.peers.push(peer);
        address
    }

    /// The settings with which the row begins.
    pub async fn settings(&mut self, fault: Fault, folder: &Path) -> Settings {
        let real = self.factory.url.clone();
        let at = |address: String| format!("http://{address}");
        let factory_url = match fault {
            Fault::UnknownName => "http://factory.invalid".to_owned(),
            Fault::ClosedPort => at(closed_port().await.unwrap()),
            // In a network of its own there is only this computer.
            Fault::NoNetwork => "http://192.0.2.1".to_owned(),
            Fault::SilentFactory => at(self.peer(Manner::Silent).await),
            Fault::HangsUp => at(self.peer(Manner::HangsUp).await),
            Fault::SpeaksSomethingElse => {
                at(self.peer(Manner::Says(b"SSH-2.0-OpenSSH_9.2p1\r\n")).await)
            }
            Fault::NotTls => real.replace("http://", "https://"),
            _ => real,
        };
        let ssh = Manner::Says(b"SSH-2.0-OpenSSH_9.2p1\r\n");
        let not_allowed = b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n";
        let forbidden = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";
        let proxy = match fault {
            Fault::ProxyClosed => at(closed_port().await.unwrap()),
            Fault::ProxyUnknownName => "http://proxy.invalid:3128".to_owned(),
            Fault::ProxyAsksWho | Fault::ProxyAsksWhoTls => {
                at(self.peer(Manner::Proxy { asks_who: true }).await)
            }
            Fault::ProxyRefuses => at(self.peer(Manner::Says(forbidden)).await),
            Fault::ProxyIsNone => at(self.peer(Manner::Says(not_allowed)).await),
            Fault::ProxyIsSsh => at(self.peer(ssh).await),
            _ => String::new(),
        };
        Settings {
            factory_url,
            proxy,
            extra_ca: self.trust(folder, &self.trusted.pem),
            ..Settings::default()
        }
    }

    fn trust(&self, folder: &Path, pem: &str) -> String {
        let path = folder.join("trusted.pem");
        std::fs::write(&path, pem).unwrap();
        path.display().to_string()
    }

    /// What the person changes before they go on.
    pub fn mended(&self, fault: Fault, folder: &Path, old: &Settings) -> Settings {
        let both = format!("{}{}", self.trusted.pem, self.company.pem);
        let proxy = match fault {
            Fault::ProxyAsksWho | Fault::ProxyAsksWhoTls => {
                old.proxy.replace("http://", "http://ariadne:thread@")
            }
            _ => String::new(),
        };
        Settings {
            factory_url: self.factory.url.clone(),
            proxy,
            extra_ca: match fault {
                Fault::UnknownIssuer | Fault::UnknownIssuerStore => self.trust(folder, &both),
                _ => old.extra_ca.clone(),
            },
            ..old.clone()
        }
    }

    /// Puts a factory whose certificate is right in the place of one whose is not.
    pub async fn renew_certificate(&mut self) {
        let mut options = assets();
        let good: Arc<_> = self.trusted.server(&["localhost"], Validity::Now);
        options.tls = Some(good.clone());
        options.store_tls = Some(good);
        self.factory = PracticeFactory::start(options).await.unwrap();
    }
}

/// A date a second from now, in the form of HTTP. It lives as long as the test.
fn soon() -> &'static str {
    let at = SystemTime::now() + Duration::from_secs(2);
    let seconds = at.duration_since(UNIX_EPOCH).unwrap().as_secs();
    let at = jiff::Timestamp::from_second(seconds.try_into().unwrap()).unwrap();
    let text = at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    Box::leak(text.into_boxed_str())
}
