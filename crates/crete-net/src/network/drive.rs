//! Driving a network: its configuration while it runs, what it shows, and who asks.

use super::Network;
use crate::config::{Config, Machine, Target};
use crate::control::server::Control;
use crate::control::{Ask, Hello, PRODUCT, PROTOCOL, Reply, Request, Status};
use crate::error::NetError;
use crate::gateway::inward::Purpose;
use crate::nat::far::Far;
use crate::poller::Ready;
use crate::switch::PortId;
use crate::token::Source;
use rustix::net::RecvFlags;
use smoltcp::time::Instant;
use std::collections::HashMap;
use std::path::Path;

impl Network {
    /// Listens for whoever drives the network. The socket's folder must be its user's alone.
    ///
    /// # Errors
    /// When the socket cannot be made there.
    pub fn listen(&mut self, path: &Path, pid: u32) -> Result<(), NetError> {
        let hello = Hello {
            product: PRODUCT.to_owned(),
            protocol: PROTOCOL,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            network: self.config.network,
            pid,
        };
        self.control = Some(Control::open(path, hello, &self.poller)?);
        Ok(())
    }

    /// Whether whoever drives the network has asked it to end.
    #[must_use]
    pub fn ends(&self) -> bool {
        self.ends
    }

    pub(super) fn watch_routes(&mut self) {
        self.conflict = self.surroundings.outside.overlapping(self.config.subnet);
        self.news = self.surroundings.outside.news();
        if let Some(news) = &self.news
            && let Err(error) = self.poller.add(news, Source::Routes.token())
        {
            tracing::warn!(%error, "changes of routes are not noticed");
        }
    }

    pub(super) fn routes_changed(&mut self, now: Instant) {
        if let Some(news) = &self.news {
            let mut buffer = [0u8; 4096];
            // A full queue is an error that means "something changed", as does everything else.
            while !matches!(
                rustix::net::recv(news, &mut buffer[..], RecvFlags::DONTWAIT),
                Err(rustix::io::Errno::AGAIN)
            ) {}
        }
        self.conflict = self.surroundings.outside.overlapping(self.config.subnet);
        let (gateway, mut turn) = self.gateway_turn(now);
        gateway.routes_changed(&mut turn);
    }

    /// Becomes as a configuration says. Links and connections that it does not touch go on.
    ///
    /// # Errors
    /// When the configuration is impossible, or another network's. Nothing has changed then.
    pub fn apply(&mut self, config: &Config, now: Instant) -> Result<(), NetError> {
        config.check()?;
        if config.network != self.config.network {
            return Err(NetError::OtherNetwork(config.network));
        }
        let wanted: HashMap<&str, &Machine> = config
            .machines
            .iter()
            .map(|machine| (machine.id.as_str(), machine))
            .collect();
        for index in 0..self.lines.len() {
            let Some(line) = &self.lines[index] else {
                continue;
            };
            let same = wanted.get(line.id.as_str()).is_some_and(|machine| {
                machine.mac == line.mac && machine.socket == line.link.path()
            });
            if !same {
                self.gateway.gone(line.mac, now);
                self.lines[index] = None;
                self.switch.remove(PortId(index));
            }
        }
        for machine in &config.machines {
            match self.port_of(&machine.id) {
                Some(port) => self.switch.set_cut(port, machine.cut),
                None => self.add(machine, now),
            }
        }
        self.mtu = config.mtu.into();
        self.switch.set_mtu(self.mtu);
        self.config = config.clone();
        self.conflict = self.surroundings.outside.overlapping(config.subnet);
        self.gateway.configure(config, now);
        Ok(())
    }

    /// Everything there is to see.
    #[must_use]
    pub fn status(&self, now: Instant) -> Status {
        Status {
            network: self.config.network,
            subnet: self.config.subnet,
            conflict: self.conflict,
            mtu: self.config.mtu,
            internet: self.config.internet,
            uptime_us: (now - self.started).total_micros(),
            ports: self.ports(),
            leases: self.leases(now),
            neighbours: self.neighbours(now),
            trespasses: self.trespasses(),
            forwards: self.gateway.forwards(),
            balancers: self.gateway.balancers(),
            nat: self.nat(),
        }
    }

    pub(super) fn drive(&mut self, at: usize, ready: Ready, now: Instant) {
        let asks = match &mut self.control {
            Some(control) => control.ready(at, ready),
            None => return,
        };
        for Ask { id, request } in asks {
            let done = match request {
                Request::Status => {
                    serde_json::to_value(self.status(now)).map_err(|e| e.to_string())
                }
                Request::Apply { config } => self
                    .apply(&config, now)
                    .map(|()| true.into())
                    .map_err(|error| error.to_string()),
                Request::Cut { machine, cut } => match self.set_cut(&machine, cut) {
                    true => Ok(true.into()),
                    false => Err(format!("there is no machine {machine}")),
                },
                Request::Connect { to } => match self.connect(at, id, &to, now) {
                    Ok(()) => return,
                    Err(why) => Err(why),
                },
                Request::Quit => {
                    self.ends = true;
                    Ok(true.into())
                }
            };
            let reply = match done {
                Ok(done) => Reply::done(id, done),
                Err(why) => Reply::failed(id, &why),
            };
            if let Some(control) = &mut self.control {
                control.reply(at, &reply);
            }
        }
    }

    /// Turns a driver's connection into one to a machine.
    fn connect(&mut self, at: usize, id: u64, to: &Target, now: Instant) -> Result<(), String> {
        let place = self
            .gateway
            .place_now(to)
            .ok_or_else(|| "there is no such machine".to_owned())?;
        let control = self.control.as_mut().ok_or_else(String::new)?;
        let Some(stream) = control.give_away(at) else {
            // It has said more than may be said before the answer: it was let go.
            return Ok(());
        };
        let (gateway, mut turn) = self.gateway_turn(now);
        gateway.call(Far::from(stream), place, Purpose::Asked(id), &mut turn);
        Ok(())
    }
}
