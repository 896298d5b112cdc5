//! Calls about etcd. Those that need a leader hang while there is none, as on real nodes.

use super::streams::{Answers, all};
use crate::boot::Boot;
use crate::cluster::{Etcd, Member};
use crate::life;
use crate::storage::EtcdData;
use crete_talos::api::wire::common::Data;
use crete_talos::api::wire::machine as wire;
use sha2::{Digest, Sha256};
use std::net::IpAddr;
use tokio::time::{Duration, timeout};
use tonic::{Status, Streaming};
use wire::etcd_member_alarm::AlarmType;

/// How long a bootstrap waits for the clock.
const CLOCK: Duration = Duration::from_secs(5);
/// What a snapshot begins with, so that another file is not taken for one.
const SNAPSHOT: &[u8] = b"crete practice etcd snapshot\n";
/// Bytes of a frame of a snapshot.
const FRAME: usize = 32 << 10;

fn only_control_planes(boot: &Boot, what: &str) -> Result<(), Status> {
    match boot
        .settings()
        .is_some_and(|settings| settings.is_control_plane())
    {
        true => Ok(()),
        false => {
            let text = format!("{what} is only available on control plane nodes");
            Err(Status::unimplemented(text))
        }
    }
}

/// The own member, once etcd answers. Before that the call hangs.
async fn member(boot: &Boot) -> EtcdData {
    let mut faults = boot.machine.faults.watch();
    let mut cluster = boot.machine.registry.watch();
    let mut own = boot.subscribe();
    loop {
        let data = boot.state().etcd;
        if let Some(data) = data.filter(|_| boot.etcd_answers()) {
            return data;
        }
        tokio::select! {
            // None ends before this boot does.
            _ = faults.changed() => {}
            _ = cluster.changed() => {}
            _ = own.changed() => {}
        }
    }
}

fn look<T>(boot: &Boot, data: EtcdData, look: impl FnOnce(&Etcd) -> T) -> Result<T, Status> {
    let found = boot
        .machine
        .registry
        .look(|meeting| meeting.etcds.get(&data.cluster).map(look));
    found.ok_or_else(|| Status::unavailable("etcdserver: no leader"))
}

pub(super) async fn bootstrap(boot: &Boot, request: &wire::BootstrapRequest) -> Result<(), Status> {
    boot.say("bootstrap request received");
    let refuse = Status::failed_precondition;
    let not_yet = boot.machine.faults.has(crate::Fault::BootstrapNotYet);
    let settings = boot.settings();
    let worker = settings.is_some_and(|settings| !settings.is_control_plane());
    if !worker && (not_yet || !boot.state().bootstrappable) {
        return Err(refuse("bootstrap is not available yet"));
    }
    if worker {
        return Err(refuse(
            "bootstrap can only be performed on a control plane node",
        ));
    }
    let wait = boot.machine.pace.of(CLOCK);
    let clock = boot.wait(|state| state.has_time().then_some(()));
    if timeout(wait, clock).await.is_err() {
        return Err(refuse("time is not in sync yet"));
    }
    let data = boot.disk().ephemeral.and_then(|ephemeral| ephemeral.etcd);
    if data.is_some() {
        return Err(Status::already_exists("etcd data directory is not empty"));
    }
    if request.recover_etcd && !boot.state().snapshot {
        return Err(refuse(
            "etcd snapshot doesn't exist: stat /var/lib/etcd.snapshot: no such file or directory",
        ));
    }
    boot.change(|state| state.bootstrap_asked = true);
    Ok(())
}

fn urls(address: IpAddr, port: u16) -> Vec<String> {
    vec![match address {
        IpAddr::V4(v4) => format!("https://{v4}:{port}"),
        IpAddr::V6(v6) => format!("https://[{v6}]:{port}"),
    }]
}

fn wire_member(member: &Member) -> wire::EtcdMember {
    wire::EtcdMember {
        id: member.id,
        hostname: member.hostname.clone(),
        peer_urls: urls(member.address, 2380),
        client_urls: urls(member.address, 2379),
        is_learner: member.learner,
    }
}

pub(super) async fn members(boot: &Boot) -> Result<wire::EtcdMemberListResponse, Status> {
    only_control_planes(boot, "member list")?;
    let data = member(boot).await;
    let members = look(boot, data, |etcd| {
        etcd.members.iter().map(wire_member).collect::<Vec<_>>()
    })?;
    Ok(wire::EtcdMemberListResponse {
        messages: vec![wire::EtcdMembers {
            metadata: None,
            legacy_members: members
                .iter()
                .map(|member| member.hostname.clone())
                .collect(),
            members,
        }],
    })
}

pub(super) async fn status(boot: &Boot) -> Result<wire::EtcdStatusResponse, Status> {
    only_control_planes(boot, "etcd status")?;
    let data = member(boot).await;
    let version = boot.etcd_version().trim_start_matches('v').to_owned();
    let status = look(boot, data, |etcd| wire::EtcdMemberStatus {
        storage_version: format!(
            "{}.0",
            version.rsplit_once('.').map_or("3.6", |(minor, _)| minor)
        ),
        protocol_version: version.clone(),
        db_size: etcd.database,
        db_size_in_use: etcd.database - 8192,
        leader: etcd.leader.unwrap_or_default(),
        raft_index: etcd.index,
        raft_term: etcd.term,
        raft_applied_index: etcd.index,
        errors: etcd
            .no_space
            .iter()
            .map(|id| format!("memberID:{id} alarm:NOSPACE "))
            .collect(),
        is_learner: etcd
            .member(data.member)
            .is_some_and(|member| member.learner),
        member_id: data.member,
    })?;
    Ok(wire::EtcdStatusResponse {
        messages: vec![wire::EtcdStatus {
            metadata: None,
            member_status: Some(status),
        }],
    })
}

pub(super) async fn alarms(boot: &Boot, what: &str) -> Result<Vec<wire::EtcdMemberAlarm>, Status> {
    only_control_planes(boot, what)?;
    let data = member(boot).await;
    look(boot, data, |etcd| {
        let alarm = |id: &u64| wire::EtcdMemberAlarm {
            member_id: *id,
            alarm: AlarmType::Nospace.into(),
        };
        etcd.no_space.iter().map(alarm).collect()
    })
}

pub(super) async fn disarm(boot: &Boot) -> Result<Vec<wire::EtcdMemberAlarm>, Status> {
    let alarms = alarms(boot, "etcd alarm disarm").await?;
    let data = member(boot).await;
    boot.machine.registry.change(move |meeting| {
        if let Some(etcd) = meeting.etcds.get_mut(&data.cluster) {
            etcd.no_space.clear();
        }
    });
    Ok(alarms)
}

pub(super) async fn defragment(boot: &Boot) -> Result<(), Status> {
    only_control_planes(boot, "etcd defragment")?;
    member(boot).await;
    Ok(())
}

pub(super) async fn remove(boot: &Boot, id: u64) -> Result<(), Status> {
    only_control_planes(boot, "etcd remove member")?;
    let data = member(boot).await;
    let removing = boot.machine.registry.agree(move |meeting| {
        let etcd = meeting.etcds.get_mut(&data.cluster);
        etcd.map_or(Ok(()), |etcd| etcd.remove(id))
    });
    removing.await.map_err(|refusal| match refusal {
        crate::cluster::EtcdRefusal::NoSuchMember => Status::not_found(refusal.text()),
        crate::cluster::EtcdRefusal::NotEnoughStarted => {
            Status::failed_precondition(refusal.text())
        }
    })
}

pub(super) async fn leave(boot: &Boot) -> Result<(), Status> {
    only_control_planes(boot, "etcd leave")?;
    member(boot).await;
    life::leave_etcd(boot)
        .await
        .map_err(Status::failed_precondition)
}

pub(super) async fn forfeit(boot: &Boot) -> Result<wire::EtcdForfeitLeadershipResponse, Status> {
    only_control_planes(boot, "etcd forfeit leadership")?;
    let data = member(boot).await;
    let handing = boot.machine.registry.agree(move |meeting| {
        let etcd = meeting.etcds.get_mut(&data.cluster)?;
        etcd.forfeit(data.member)
    });
    let next = handing.await;
    Ok(wire::EtcdForfeitLeadershipResponse {
        messages: vec![wire::EtcdForfeitLeadership {
            metadata: None,
            member: next.map(|member| member.hostname).unwrap_or_default(),
        }],
    })
}

/// A snapshot that only a practice node can use: a mark, some bytes, and their digest.
pub(super) async fn snapshot(boot: &Boot) -> Result<Answers<Data>, Status> {
    only_control_planes(boot, "etcd snapshot")?;
    let data = member(boot).await;
    let index = look(boot, data, |etcd| etcd.index)?;
    let mut bytes = SNAPSHOT.to_vec();
    bytes.extend_from_slice(&index.to_be_bytes());
    bytes.resize(100 << 10, 0);
    let digest = Sha256::digest(&bytes);
    bytes.extend_from_slice(&digest);
    let frame = |bytes: &[u8]| Data {
        metadata: None,
        bytes: bytes.to_vec(),
    };
    Ok(all(bytes.chunks(FRAME).map(frame).collect()))
}

pub(super) async fn recover(boot: &Boot, mut upload: Streaming<Data>) -> Result<(), Status> {
    only_control_planes(boot, "etcd recover")?;
    let mut bytes = Vec::new();
    while let Some(frame) = upload.message().await? {
        bytes.extend_from_slice(&frame.bytes);
    }
    let (content, digest) = bytes.split_at(bytes.len().saturating_sub(32));
    if !content.starts_with(SNAPSHOT) || Sha256::digest(content).as_slice() != digest {
        return Err(Status::unknown(
            "failed to verify etcd snapshot: snapshot is not valid",
        ));
    }
    boot.change(|state| state.snapshot = true);
    Ok(())
}
