//! Logs and events of a node, across interruptions: nothing twice, and what is missing is said.

use crate::site::Site;
use crate::support::PATIENCE;
use crete_engine::Depth;
use crete_model::{
    ErrorCode, NodeHappening, NodePresence, NodeRecord, NodeSource, NodeStage, RebootMode,
};
use crete_testkit::talos::Pace;
use tokio::sync::mpsc::Receiver;

/// A node tells to the second when it started: two of its lives must not begin in one.
fn slower() -> Pace {
    Pace::faster(40.0)
}

/// Reads until what was told is as wanted.
async fn until(
    records: &mut Receiver<NodeRecord>,
    seen: &mut Vec<NodeRecord>,
    wanted: impl Fn(&NodeRecord) -> bool,
) {
    let reading = async {
        loop {
            let record = records.recv().await.expect("more is told");
            let found = wanted(&record);
            seen.push(record);
            if found {
                return;
            }
        }
    };
    let read = tokio::time::timeout(PATIENCE, reading).await;
    assert!(read.is_ok(), "still {:#?}", seen.last());
}

fn lines(records: &[NodeRecord]) -> Vec<&str> {
    let all = records.iter().filter_map(|record| match record {
        NodeRecord::Lines { lines } => Some(lines.iter().map(String::as_str)),
        _ => None,
    });
    all.flatten().collect()
}

fn is_line(part: &'static str) -> impl Fn(&NodeRecord) -> bool {
    move |record| match record {
        NodeRecord::Lines { lines } => lines.iter().any(|line| line.contains(part)),
        _ => false,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_goes_on_after_an_interruption_and_says_what_is_missing() {
    let site = Site::new("1.13.9", 1).await;
    let machine = site.machines[0];
    let look = site.look(Depth::Summary);
    site.bootstrapped().await;
    let names = site.engine.node_logs(machine).await.unwrap();
    assert!(names.services.contains(&"machined".to_owned()), "{names:?}");
    let source = NodeSource::Service {
        id: "machined".to_owned(),
    };
    let mut records = site.engine.tell_of_node(machine, source).unwrap();
    let mut seen = Vec::new();
    until(&mut records, &mut seen, is_line("")).await;
    // Hidden and seen again: the same log goes on where it was.
    site.engine.set_visible(false);
    site.shown(|view| view.stale_since.is_some()).await;
    site.engine.set_visible(true);
    site.present(NodePresence::Configured).await;
    assert!(!seen.contains(&NodeRecord::Gap));
    // A restart is the end of this log; the next one begins behind a gap.
    site.engine
        .reboot_node(machine, RebootMode::Gentle)
        .await
        .unwrap();
    until(&mut records, &mut seen, |record| *record == NodeRecord::Gap).await;
    until(&mut records, &mut seen, is_line("")).await;
    let told = lines(&seen).len();
    assert!(told > 0);
    drop((records, look));
    site.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_is_interrupted_is_told_once() {
    let site = Site::of("1.13.9", 1, slower()).await;
    let machine = site.machines[0];
    let _look = site.look(Depth::Summary);
    site.present(NodePresence::Maintenance).await;
    let mut records = site
        .engine
        .tell_of_node(machine, NodeSource::Kernel)
        .unwrap();
    let mut seen = Vec::new();
    until(&mut records, &mut seen, is_line("booting Talos")).await;
    for _ in 0..3 {
        site.engine.set_visible(false);
        site.shown(|view| view.stale_since.is_some()).await;
        site.engine.set_visible(true);
        site.present(NodePresence::Maintenance).await;
    }
    site.grown().await;
    // It was installed and started again.
    until(&mut records, &mut seen, |record| *record == NodeRecord::Gap).await;
    until(&mut records, &mut seen, is_line("booting Talos")).await;
    let before_gap = seen.iter().take_while(|record| **record != NodeRecord::Gap);
    let before: Vec<NodeRecord> = before_gap.cloned().collect();
    let first = lines(&before)
        .into_iter()
        .filter(|line| line.contains("booting Talos"))
        .count();
    assert_eq!(first, 1, "told once until the node restarts");
    site.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_tell_of_the_life_and_of_what_was_missed() {
    let site = Site::of("1.13.9", 1, slower()).await;
    let machine = site.machines[0];
    let _look = site.look(Depth::Summary);
    site.present(NodePresence::Maintenance).await;
    let mut records = site
        .engine
        .tell_of_node(machine, NodeSource::Events)
        .unwrap();
    let mut seen = Vec::new();
    let sequence = |name: &'static str| {
        move |record: &NodeRecord| {
            matches!(record, NodeRecord::Event { event } if matches!(&event.what,
                NodeHappening::Sequence { name: found, .. } if found == name))
        }
    };
    until(&mut records, &mut seen, sequence("initialize")).await;
    site.grown().await;
    // It was installed and started again: its memory of what was before is gone.
    until(&mut records, &mut seen, |record| *record == NodeRecord::Gap).await;
    until(&mut records, &mut seen, sequence("boot")).await;
    // It goes on booting until somebody begins the cluster.
    site.bootstrap().await;
    let running = |record: &NodeRecord| {
        matches!(record, NodeRecord::Event { event } if matches!(event.what,
            NodeHappening::Status { stage: NodeStage::Running, .. }))
    };
    until(&mut records, &mut seen, running).await;
    let gaps = seen
        .iter()
        .filter(|record| **record == NodeRecord::Gap)
        .count();
    assert!(gaps >= 1);
    let ids: Vec<&String> = seen
        .iter()
        .filter_map(|record| match record {
            NodeRecord::Event { event } => Some(&event.id),
            _ => None,
        })
        .collect();
    let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
    assert_eq!(ids.len(), distinct.len(), "nothing is told twice");
    site.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_is_not_there_is_refused_with_a_reason() {
    let site = Site::new("1.13.9", 1).await;
    let machine = site.machines[0];
    let source = NodeSource::Service {
        id: "nothing".to_owned(),
    };
    let mut records = site.engine.tell_of_node(machine, source).unwrap();
    let mut seen = Vec::new();
    let refused = |record: &NodeRecord| matches!(record, NodeRecord::Refused { .. });
    until(&mut records, &mut seen, refused).await;
    let Some(NodeRecord::Refused { problem }) = seen.pop() else {
        panic!()
    };
    assert_eq!(problem.code, ErrorCode::TalosUnknownName);
    assert_eq!(problem.params["name"], "node-1");
    assert_eq!(records.recv().await, None);
    site.close().await;
}
