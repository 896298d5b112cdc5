//! Ports of this computer that lead to machines: what is offered, what is acceptable, and changes.

use super::members::{Ranges, address_of, seat};
use crate::Engine;
use crate::error::{EngineError, Result};
use crete_model::{
    FieldCode, FieldProblem, Forward, ForwardDraft, ForwardId, ForwardOffer, MachineId, NetworkId,
    NetworkSpec, NetworkView, Params, Protocol, params,
};
use crete_net::port_owner;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use uuid::Uuid;

/// Characters of a port's name.
const LONGEST_NAME: usize = 60;
/// Added to a port that only an administrator may hold: 80 becomes 8080, 443 becomes 8443.
const BEYOND_PRIVILEGED: u16 = 8000;
/// Ports that are tried for a free one.
const TRIES: u16 = 200;

/// Whether this program could hold a port now.
#[derive(Debug, PartialEq, Eq)]
enum Hold {
    Free,
    Taken(Option<String>),
    Privileged,
    /// No address of this computer.
    Elsewhere,
}

fn hold(protocol: Protocol, at: SocketAddr) -> Hold {
    let held = match protocol {
        Protocol::Tcp => TcpListener::bind(at).map(drop),
        Protocol::Udp => UdpSocket::bind(at).map(drop),
    };
    match held.map_err(|error| error.kind()) {
        Ok(()) => Hold::Free,
        Err(io::ErrorKind::AddrInUse) => Hold::Taken(port_owner(at)),
        Err(io::ErrorKind::PermissionDenied) => Hold::Privileged,
        Err(_) => Hold::Elsewhere,
    }
}

/// What the first choice of a port is for a machine's port.
fn first_choice(port: u16, privileged: bool) -> u16 {
    match privileged {
        true => port.saturating_add(BEYOND_PRIVILEGED),
        false => port,
    }
}

fn draft_of(forward: &Forward) -> ForwardDraft {
    ForwardDraft {
        name: forward.name.clone(),
        protocol: forward.protocol,
        machine: forward.machine,
        port: forward.port,
        listen: forward.listen.clone(),
        listen_port: forward.listen_port,
        exposed: forward.exposed,
    }
}

impl Engine {
    /// Suggests a port of this computer for a port of a machine: the same one, or one near it that
    /// is free, with whoever is in the way.
    ///
    /// # Errors
    /// When there is no such machine, or it has no address.
    pub fn offer_forward(&self, draft: &ForwardDraft) -> Result<ForwardOffer> {
        let listen = match draft.listen.trim().parse() {
            Ok(listen) => listen,
            Err(_) => self.host_address(draft.machine)?,
        };
        let (mut taken_by, mut privileged) = (None, false);
        let mut port = draft.port.max(1);
        for _ in 0..TRIES {
            let at = SocketAddr::new(listen, port);
            if self.forward_at(draft.protocol, at, None).is_none() {
                match hold(draft.protocol, at) {
                    Hold::Free => break,
                    Hold::Privileged => {
                        privileged = true;
                        port = first_choice(port, true);
                        continue;
                    }
                    Hold::Taken(owner) => taken_by = taken_by.or(owner),
                    Hold::Elsewhere => {}
                }
            }
            port = port.checked_add(1).unwrap_or(1024);
        }
        Ok(ForwardOffer {
            listen: listen.to_string(),
            listen_port: port,
            taken_by,
            privileged,
        })
    }

    /// Checks a draft field by field. Nothing in it is trusted. `own` is the port it changes.
    #[must_use]
    pub fn check_forward(&self, draft: &ForwardDraft, own: Option<ForwardId>) -> Vec<FieldProblem> {
        let mut problems = Vec::new();
        let mut problem = |field: &str, code, params: Params| {
            problems.push(FieldProblem {
                field: field.to_owned(),
                code,
                params,
            });
        };
        if draft.name.chars().count() > LONGEST_NAME {
            problem(
                "name",
                FieldCode::TooLong,
                params! { "max" => LONGEST_NAME },
            );
        }
        if draft.port == 0 {
            problem("port", FieldCode::TooSmall, params! { "min" => 1 });
        }
        let host_address = match self.host_address(draft.machine) {
            Ok(address) => address,
            Err(_) => {
                problem("machine", FieldCode::Unknown, Params::new());
                return problems;
            }
        };
        let listen = match draft.listen.trim() {
            "" => host_address,
            text => match text.parse() {
                Ok(listen) => listen,
                Err(_) => {
                    problem("listen", FieldCode::NotAnAddress, Params::new());
                    return problems;
                }
            },
        };
        if !listen.is_loopback() && !draft.exposed {
            problem("listen", FieldCode::NotExposed, Params::new());
        }
        if draft.listen_port == 0 {
            return problems;
        }
        let at = SocketAddr::new(listen, draft.listen_port);
        if let Some(other) = self.forward_at(draft.protocol, at, own) {
            problem(
                "listen_port",
                FieldCode::InUse,
                params! { "owner" => other },
            );
        } else if !own.is_some_and(|own| self.is_at(own, draft.protocol, at)) {
            match hold(draft.protocol, at) {
                Hold::Free => {}
                Hold::Taken(owner) => problem(
                    "listen_port",
                    FieldCode::InUse,
                    params! { "owner" => owner.unwrap_or_default() },
                ),
                Hold::Privileged => {
                    problem(
                        "listen_port",
                        FieldCode::TooSmall,
                        params! { "min" => 1024 },
                    );
                }
                Hold::Elsewhere => problem("listen", FieldCode::NotAnAddress, Params::new()),
            }
        }
        problems
    }

    /// Opens a port of this computer that leads to a machine.
    ///
    /// # Errors
    /// Field by field when the draft is not acceptable.
    pub async fn open_forward(&self, draft: &ForwardDraft) -> Result<ForwardId> {
        let id = ForwardId(Uuid::now_v7());
        let forward = self.forward(id, draft, None)?;
        let network = self.network_of_machine(forward.machine)?;
        let add = move |spec: &mut NetworkSpec| {
            spec.forwards.push(forward);
            Ok(())
        };
        self.change(network, Box::new(add)).await?;
        Ok(id)
    }

    /// Changes such a port.
    ///
    /// # Errors
    /// As for a new one, or when it is gone.
    pub async fn change_forward(&self, id: ForwardId, draft: &ForwardDraft) -> Result<()> {
        let forward = self.forward(id, draft, Some(id))?;
        let (old, network) = self.find_forward(id)?;
        if self.network_of_machine(forward.machine)? != network {
            // It leads into another network now: there it is opened, here it is closed.
            self.open_forward(draft).await?;
            return self.close_forward(old.id).await.map(drop);
        }
        let change = move |spec: &mut NetworkSpec| {
            let own = spec.forwards.iter_mut().find(|one| one.id == id);
            *own.ok_or_else(|| missing(id))? = forward;
            Ok(())
        };
        self.change(network, Box::new(change)).await
    }

    /// Closes such a port; returns what opens it again.
    ///
    /// # Errors
    /// When it is gone.
    pub async fn close_forward(&self, id: ForwardId) -> Result<ForwardDraft> {
        let (forward, network) = self.find_forward(id)?;
        let remove = move |spec: &mut NetworkSpec| {
            spec.forwards.retain(|one| one.id != id);
            Ok(())
        };
        self.change(network, Box::new(remove)).await?;
        Ok(draft_of(&forward))
    }

    /// Where a browser finds what such a port leads to.
    ///
    /// # Errors
    /// When it is gone.
    pub fn forward_address(&self, id: ForwardId) -> Result<String> {
        /// Ports of a machine behind which TLS is spoken.
        const SECURE: [u16; 4] = [443, 6443, 8443, 50000];
        let (forward, _) = self.find_forward(id)?;
        let scheme = match SECURE.contains(&forward.port) {
            true => "https",
            false => "http",
        };
        let listen: IpAddr = forward.listen.parse().map_err(crate::error::internal)?;
        // Everywhere is reached here too.
        let listen = match listen.is_unspecified() {
            true => IpAddr::from([127, 0, 0, 1]),
            false => listen,
        };
        let at = SocketAddr::new(listen, forward.listen_port);
        Ok(format!("{scheme}://{at}/"))
    }

    /// Has the ports of a machine lead to it in another network too, at its address there. They stay
    /// where they were until it has moved, so that none is lost on the way.
    pub(crate) async fn bring_forwards(&self, machine: MachineId, to: NetworkId) -> Result<()> {
        // One whose network is gone has no ports any more.
        let old = self
            .network_of_machine(machine)
            .and_then(|old| self.network(old));
        let Ok(NetworkView { spec: old, .. }) = old else {
            return Ok(());
        };
        if old.id == to {
            return Ok(());
        }
        let own: Vec<Forward> = old
            .forwards
            .iter()
            .filter(|one| one.machine == machine)
            .cloned()
            .collect();
        let before = Ranges::of(&old)?.loopback;
        let bring = move |spec: &mut NetworkSpec| {
            let ranges = Ranges::of(spec)?;
            seat(spec, ranges.subnet, &[machine]);
            let Some(address) = address_of(spec, machine) else {
                return Ok(());
            };
            for mut forward in own {
                // Its own address of this computer is another there; one that was chosen stays.
                let is_own = |listen: Ipv4Addr| before.contains(listen);
                if forward.listen.parse().is_ok_and(is_own) {
                    forward.listen = ranges.host_address(address).to_string();
                }
                spec.forwards.retain(|one| one.id != forward.id);
                spec.forwards.push(forward);
            }
            Ok(())
        };
        self.change(to, Box::new(bring)).await
    }

    /// Takes the ports of a machine away that has moved to another network.
    pub(crate) async fn leave_forwards(&self, machine: MachineId, from: NetworkId) -> Result<()> {
        let leave = move |spec: &mut NetworkSpec| {
            spec.forwards.retain(|one| one.machine != machine);
            Ok(())
        };
        self.change(from, Box::new(leave)).await
    }

    /// A port as a draft wants it, with its gaps filled.
    fn forward(
        &self,
        id: ForwardId,
        draft: &ForwardDraft,
        own: Option<ForwardId>,
    ) -> Result<Forward> {
        let fields = self.check_forward(draft, own);
        if !fields.is_empty() {
            return Err(EngineError::Invalid(fields));
        }
        let (listen, listen_port) = match draft.listen_port {
            0 => {
                let offer = self.offer_forward(draft)?;
                (offer.listen, offer.listen_port)
            }
            port if draft.listen.trim().is_empty() => {
                (self.host_address(draft.machine)?.to_string(), port)
            }
            port => (draft.listen.trim().to_owned(), port),
        };
        Ok(Forward {
            id,
            name: draft.name.trim().to_owned(),
            protocol: draft.protocol,
            machine: draft.machine,
            port: draft.port,
            listen,
            listen_port,
            exposed: draft.exposed,
        })
    }

    fn find_forward(&self, id: ForwardId) -> Result<(Forward, NetworkId)> {
        let networks = self.networks.all();
        let found = networks.iter().find_map(|view| {
            let own = view.spec.forwards.iter().find(|one| one.id == id)?;
            Some((own.clone(), view.spec.id))
        });
        found.ok_or_else(|| missing(id))
    }

    fn is_at(&self, id: ForwardId, protocol: Protocol, at: SocketAddr) -> bool {
        self.find_forward(id).is_ok_and(|(forward, _)| {
            forward.protocol == protocol
                && forward.listen_port == at.port()
                && forward.listen.parse() == Ok(at.ip())
        })
    }

    /// The name of another port of ours that is in the way, running or not.
    fn forward_at(
        &self,
        protocol: Protocol,
        at: SocketAddr,
        except: Option<ForwardId>,
    ) -> Option<String> {
        let networks: Vec<NetworkView> = self.networks.all();
        let all = networks.iter().flat_map(|view| &view.spec.forwards);
        let other = all.filter(|one| Some(one.id) != except).find(|one| {
            let listen = one.listen.parse::<IpAddr>();
            one.protocol == protocol
                && one.listen_port == at.port()
                && listen.is_ok_and(|listen| {
                    listen == at.ip() || listen.is_unspecified() || at.ip().is_unspecified()
                })
        })?;
        let machine = self.machines.get(&other.machine.to_string());
        Some(match machine {
            Some(machine) if other.name.is_empty() => machine.spec.name,
            _ => other.name.clone(),
        })
    }

    /// The address of this computer that stands for a machine.
    fn host_address(&self, machine: MachineId) -> Result<IpAddr> {
        let network = self.network_of_machine(machine)?;
        let spec = self.network(network)?.spec;
        let address = address_of(&spec, machine).ok_or_else(|| EngineError::NotFound {
            kind: "machine",
            id: machine.to_string(),
        })?;
        Ok(Ranges::of(&spec)?.host_address(address).into())
    }
}

fn missing(id: ForwardId) -> EngineError {
    EngineError::NotFound {
        kind: "port",
        id: id.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_taken_is_known_to_be() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = taken.local_addr().unwrap();
        let Hold::Taken(Some(owner)) = hold(Protocol::Tcp, at) else {
            panic!("{:?}", hold(Protocol::Tcp, at));
        };
        assert!(owner.contains(&std::process::id().to_string()), "{owner}");
        assert_eq!(hold(Protocol::Udp, at), Hold::Free);
        drop(taken);
        // A program that another test is just starting may hold a copy of it for an instant.
        let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while hold(Protocol::Tcp, at) != Hold::Free && std::time::Instant::now() < until {
            std::thread::yield_now();
        }
        assert_eq!(hold(Protocol::Tcp, at), Hold::Free);
        let elsewhere = "192.0.2.1:9".parse().unwrap();
        assert_eq!(hold(Protocol::Tcp, elsewhere), Hold::Elsewhere);
    }
}
