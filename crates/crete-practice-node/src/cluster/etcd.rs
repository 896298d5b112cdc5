//! The etcd of a cluster: who its members are, who runs, who leads.

use super::Kubernetes;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// Bytes that an empty database has on a real node.
const DATABASE: i64 = 1_146_880;

/// A member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Member {
    pub id: u64,
    pub hostname: String,
    pub address: IpAddr,
    /// A learner has no vote.
    pub learner: bool,
}

/// Why etcd does not do something, in its own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EtcdRefusal {
    NoSuchMember,
    NotEnoughStarted,
}

impl EtcdRefusal {
    pub fn text(self) -> &'static str {
        match self {
            Self::NoSuchMember => "etcdserver: member not found",
            Self::NotEnoughStarted => {
                "etcdserver: re-configuration failed due to not enough started members"
            }
        }
    }
}

/// One etcd.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Etcd {
    /// The id of the cluster it belongs to.
    pub cluster: String,
    pub members: Vec<Member>,
    /// Members whose process runs.
    pub running: BTreeSet<u64>,
    pub leader: Option<u64>,
    pub term: u64,
    pub index: u64,
    /// Members without room.
    pub no_space: BTreeSet<u64>,
    /// Members whose data is gone.
    pub wiped: BTreeSet<u64>,
    pub database: i64,
    /// Which member holds which virtual address.
    #[serde(default)]
    pub virtual_addresses: BTreeMap<IpAddr, u64>,
    pub kubernetes: Kubernetes,
}

impl Etcd {
    /// A new etcd of one member.
    pub fn new(cluster: &str, first: Member) -> Self {
        Self {
            cluster: cluster.to_owned(),
            members: vec![first],
            running: BTreeSet::new(),
            leader: None,
            term: 1,
            index: 4,
            no_space: BTreeSet::new(),
            wiped: BTreeSet::new(),
            database: DATABASE,
            virtual_addresses: BTreeMap::new(),
            kubernetes: Kubernetes::default(),
        }
    }

    pub fn member(&self, id: u64) -> Option<&Member> {
        self.members.iter().find(|member| member.id == id)
    }

    /// True when more than half of the voters run.
    pub fn has_quorum(&self) -> bool {
        self.enough(&self.running)
    }

    fn enough(&self, running: &BTreeSet<u64>) -> bool {
        let voters = self.members.iter().filter(|member| !member.learner);
        let (all, there) = voters.fold((0, 0), |(all, there), member| {
            (all + 1, there + usize::from(running.contains(&member.id)))
        });
        all > 0 && there * 2 > all
    }

    /// A member's process starts or stops.
    pub fn run(&mut self, id: u64, runs: bool) {
        match runs {
            true => self.running.insert(id),
            false => self.running.remove(&id),
        };
        self.elect();
    }

    /// Chooses a leader when there is none that runs.
    pub fn elect(&mut self) {
        self.index += 1;
        let leads = |id: &u64| self.running.contains(id) && self.member(*id).is_some();
        if self.has_quorum() && self.leader.as_ref().is_some_and(leads) {
            return;
        }
        self.leader = None;
        if self.has_quorum() {
            let voters = self.members.iter().filter(|member| !member.learner);
            let mut running = voters.map(|member| member.id);
            self.leader = running.find(|id| self.running.contains(id));
            self.term += 1;
        }
    }

    /// Adds a learner, unless it is a member already.
    pub fn add(&mut self, member: Member) {
        if self.member(member.id).is_some() {
            return;
        }
        self.members.push(member);
        self.index += 1;
    }

    /// The member that holds a virtual address, if it runs.
    pub fn holder(&self, address: &IpAddr) -> Option<u64> {
        let holder = self.virtual_addresses.get(address).copied();
        holder.filter(|holder| self.running.contains(holder))
    }

    /// A member takes a virtual address that nobody holds.
    pub fn claim(&mut self, address: IpAddr, id: u64) {
        if self.holder(&address).is_none() {
            self.virtual_addresses.insert(address, id);
        }
    }

    /// Makes a learner a voter.
    pub fn promote(&mut self, id: u64) {
        if let Some(member) = self.members.iter_mut().find(|member| member.id == id) {
            member.learner = false;
        }
        self.index += 1;
    }

    /// Takes a member out. The last one cannot leave, nor one whose leaving would cost the quorum.
    pub fn remove(&mut self, id: u64) -> Result<(), EtcdRefusal> {
        let member = self.member(id).ok_or(EtcdRefusal::NoSuchMember)?;
        let voters = self.members.iter().filter(|member| !member.learner).count();
        if !member.learner {
            let mut left = self.running.clone();
            left.remove(&id);
            let others = self
                .members
                .iter()
                .filter(|one| !one.learner && one.id != id);
            let (all, there) = others.fold((0, 0), |(all, there), one| {
                (all + 1, there + usize::from(left.contains(&one.id)))
            });
            if voters <= 1 || there * 2 <= all {
                return Err(EtcdRefusal::NotEnoughStarted);
            }
        }
        self.members.retain(|member| member.id != id);
        self.running.remove(&id);
        self.no_space.remove(&id);
        if self.leader == Some(id) {
            self.leader = None;
        }
        self.elect();
        Ok(())
    }

    /// The leader hands over to another running voter; gives the new leader.
    pub fn forfeit(&mut self, id: u64) -> Option<Member> {
        if self.leader != Some(id) {
            return None;
        }
        let mut others = self
            .members
            .iter()
            .filter(|one| one.id != id && !one.learner);
        let next = others.find(|one| self.running.contains(&one.id))?.clone();
        self.leader = Some(next.id);
        self.term += 1;
        self.index += 1;
        Some(next)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn member(id: u64) -> Member {
        Member {
            id,
            hostname: format!("cp-{id}"),
            address: Ipv4Addr::LOCALHOST.into(),
            learner: id != 1,
        }
    }

    fn three() -> Etcd {
        let mut etcd = Etcd::new("c", member(1));
        etcd.run(1, true);
        for id in [2, 3] {
            etcd.add(member(id));
            etcd.run(id, true);
            etcd.promote(id);
        }
        etcd
    }

    #[test]
    fn two_of_three_go_on_with_a_new_leader() {
        let mut etcd = three();
        assert_eq!(etcd.leader, Some(1));
        let term = etcd.term;
        etcd.run(1, false);
        assert!(etcd.has_quorum());
        assert_eq!((etcd.leader, etcd.term), (Some(2), term + 1));
        etcd.run(2, false);
        assert!(!etcd.has_quorum());
        assert_eq!(etcd.leader, None);
    }

    #[test]
    fn a_learner_has_no_vote_and_the_last_does_not_leave() {
        let mut etcd = Etcd::new("c", member(1));
        etcd.run(1, true);
        etcd.add(member(2));
        assert!(etcd.has_quorum());
        assert_eq!(etcd.remove(1), Err(EtcdRefusal::NotEnoughStarted));
        assert_eq!(etcd.remove(9), Err(EtcdRefusal::NoSuchMember));
        assert_eq!(etcd.remove(2), Ok(()));
    }

    #[test]
    fn leadership_is_handed_over_by_the_leader_only() {
        let mut etcd = three();
        assert_eq!(etcd.forfeit(2), None);
        assert_eq!(etcd.forfeit(1).unwrap().id, 2);
        assert_eq!(etcd.leader, Some(2));
        assert_eq!(etcd.remove(2), Ok(()));
        assert_eq!(etcd.leader, Some(1));
    }
}
