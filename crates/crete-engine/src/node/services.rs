//! Services and etcd: what is told only to who asks.

use super::problem::problem;
use super::watches::{Ended, Update, is_not_told};
use crete_model::{FactKind, Facts, NodeEtcd, NodeService, NodeServiceEvent, service_actions};
use crete_talos::api::wire::machine as wire;
use crete_talos::api::{ApiError, Node, kinds};
use jiff::Timestamp;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval};

const ETCD_EVERY: Duration = Duration::from_secs(15);

/// Tells of the services again and again: what they say of themselves changes without a word.
pub(super) async fn follow(node: Node, every: Duration, tell: mpsc::Sender<Update>) -> Ended {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut asks = true;
    loop {
        ticks.tick().await;
        let services = match asks {
            true => node
                .services()
                .await
                .map(|all| all.iter().map(service).collect()),
            false => in_short(&node).await,
        };
        let update = match services {
            Ok(services) => Update::Facts(Facts::Services(services)),
            // Maintenance mode before 1.13 tells only which run, and that otherwise.
            Err(error) if asks && is_not_told(error.cause) => {
                asks = false;
                ticks.reset_immediately();
                continue;
            }
            Err(error) if is_not_told(error.cause) => {
                let refused = Update::Refused(FactKind::Services, problem(&error));
                let _ = tell.send(refused).await;
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        if tell.send(update).await.is_err() {
            return Ok(());
        }
    }
}

async fn in_short(node: &Node) -> Result<Vec<NodeService>, ApiError> {
    let all = node.list(kinds::SERVICES).all().await?.into_iter();
    let services = all.map(|one| NodeService {
        actions: service_actions(&one.metadata.id).to_vec(),
        id: one.metadata.id,
        running: one.spec.running,
        healthy: (!one.spec.unknown).then_some(one.spec.healthy),
        ..NodeService::default()
    });
    Ok(services.collect())
}

fn service(info: &wire::ServiceInfo) -> NodeService {
    let health = info.health.clone().unwrap_or_default();
    let events = info.events.clone().unwrap_or_default().events;
    let last = events.last();
    let message = match health.last_message.as_str() {
        "" => last.map(|event| event.msg.clone()).unwrap_or_default(),
        said => said.to_owned(),
    };
    NodeService {
        id: info.id.clone(),
        state: info.state.clone(),
        running: info.state == "Running",
        healthy: (!health.unknown).then_some(health.healthy),
        message,
        since: last.and_then(|event| at(event.ts.as_ref())),
        events: events
            .iter()
            .map(|event| NodeServiceEvent {
                state: event.state.clone(),
                message: event.msg.clone(),
                at: at(event.ts.as_ref()),
            })
            .collect(),
        actions: service_actions(&info.id).to_vec(),
    }
}

/// A moment as text.
pub(super) fn at(wire: Option<&prost_types::Timestamp>) -> Option<String> {
    let wire = wire?;
    let moment = Timestamp::new(wire.seconds, wire.nanos).ok()?;
    Some(moment.to_string())
}

/// Tells of etcd as long as it has a member here.
pub(super) async fn follow_etcd(
    node: Node,
    mut there: watch::Receiver<bool>,
    tell: mpsc::Sender<Update>,
) -> Ended {
    let mut ticks = interval(ETCD_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        if there.wait_for(|there| *there).await.is_err() {
            return Ok(());
        }
        ticks.tick().await;
        let update = match etcd(&node).await {
            Ok(members) => Update::Facts(Facts::Etcd(members)),
            // It hangs without a leader, and that is for its health check to say.
            Err(error) => Update::Refused(FactKind::Etcd, problem(&error)),
        };
        if tell.send(update).await.is_err() {
            return Ok(());
        }
    }
}

async fn etcd(node: &Node) -> Result<Vec<NodeEtcd>, ApiError> {
    let (members, status, alarms) = tokio::try_join!(
        node.etcd_members(false),
        node.etcd_status(),
        node.etcd_alarms()
    )?;
    let all = members.into_iter().map(|member| {
        let own = member.id == status.member_id;
        let raised = alarms.iter().filter(|alarm| alarm.member_id == member.id);
        NodeEtcd {
            id: format!("{:016x}", member.id),
            own,
            leads: member.id == status.leader,
            size: if own {
                u64::try_from(status.db_size).ok()
            } else {
                None
            },
            alarms: raised
                .map(|alarm| alarm.alarm().as_str_name().to_lowercase())
                .collect(),
            hostname: member.hostname,
            learner: member.is_learner,
        }
    });
    Ok(all.collect())
}
