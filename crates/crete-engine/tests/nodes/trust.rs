//! Whom a node is believed to be, and who keeps its credentials.

use crate::site::{Site, admin, bundle, configuration, open, trust_of};
use crate::support::start;
use crete_engine::{Depth, EngineError};
use crete_model::{ErrorCode, MachineId, NodePresence, NodeView};
use crete_talos::Contract;
use crete_talos::pki::{Bundle, Role, SystemEntropy, Talosconfig};
use jiff::Timestamp;
use std::os::unix::fs::PermissionsExt;

fn code(error: EngineError) -> ErrorCode {
    error.problem().code
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_configured_node_is_spoken_to_with_its_own_credentials_only() {
    let site = Site::new("1.13.9", 1).await;
    let machine = site.machines[0];
    let _look = site.look(Depth::Summary);
    site.configure(&configuration(site.nodes.all[0].address))
        .await;
    let view = site
        .shown(|view| view.presence == NodePresence::NoCredentials)
        .await;
    assert_eq!(view.problem.unwrap().code, ErrorCode::TalosClientRequired);
    let refused = site.engine.node_logs(machine).await.unwrap_err();
    assert_eq!(code(refused), ErrorCode::TalosClientRequired);

    let other = Bundle::generate(Contract::V1_13, Timestamp::now(), &mut SystemEntropy).unwrap();
    site.engine
        .give_credentials(machine, trust_of(&other, Role::Admin));
    let view = site
        .shown(|view| view.presence == NodePresence::AnotherCluster)
        .await;
    assert_eq!(view.problem.unwrap().code, ErrorCode::TalosAnotherAuthority);

    site.engine.give_credentials(machine, admin());
    let view = site.present(NodePresence::Configured).await;
    assert!(view.problem.is_none() && !view.own_credentials);
    site.engine.take_credentials(machine);
    site.shown(|view| view.presence == NodePresence::NoCredentials)
        .await;
    site.close().await;
}

fn talosconfig() -> String {
    let trust = admin();
    let config = Talosconfig::new("lab", &[], &trust.authority, &trust.client);
    config.to_yaml()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_talosconfig_is_kept_with_its_machine_and_forgotten_when_asked() {
    let site = Site::new("1.13.9", 1).await;
    let machine = site.machines[0];
    let look = site.look(Depth::Summary);
    site.configure(&configuration(site.nodes.all[0].address))
        .await;
    let engine = &site.engine;
    let wrong = engine
        .keep_talosconfig(machine, &talosconfig(), Some("other"))
        .await;
    assert_eq!(code(wrong.unwrap_err()), ErrorCode::CredentialsUnusable);
    let file = site.world.at("mine.yaml");
    std::fs::write(&file, talosconfig()).unwrap();
    engine
        .import_talosconfig(machine, &file, None)
        .await
        .unwrap();
    assert!(site.present(NodePresence::Configured).await.own_credentials);
    let kept = site.world.folder(machine).join("talosconfig");
    let mode = std::fs::metadata(&kept).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    // The next start of the program finds them again.
    drop(look);
    engine.close().await;
    let again = open(&site.world, &site.ways).await;
    let look = again.look_at_node(machine, Depth::Summary).unwrap();
    let own = |view: &NodeView| view.presence == NodePresence::Configured && view.own_credentials;
    crate::support::until(&again.nodes, &machine.to_string(), own).await;
    again.forget_talosconfig(machine).await.unwrap();
    let none = |view: &NodeView| view.presence == NodePresence::NoCredentials;
    crate::support::until(&again.nodes, &machine.to_string(), none).await;
    assert!(!kept.exists());
    drop(look);
    again.force_off(machine).await.unwrap();
    again.close().await;
    site.nodes.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_certificate_in_maintenance_is_spoken_to_only_when_a_person_says_so() {
    let site = Site::new("1.13.9", 1).await;
    let machine = site.machines[0];
    let look = site.look(Depth::Summary);
    let first = site.present(NodePresence::Maintenance).await.fingerprint;
    drop(look);
    // Behind its back another machine takes its place: no restart is seen in between.
    site.shown(|view| view.stale_since.is_some()).await;
    site.nodes.all[0].node.cut_power().await;
    let mut site = site;
    site.nodes.switch_on_again(0);
    site.nodes.all[0]
        .console
        .wait_for("server certificate issued")
        .await;
    let _look = site.look(Depth::Summary);
    let found = site
        .shown(|view| view.problem.is_some() || view.fingerprint != first)
        .await;
    if let Some(problem) = found.problem {
        assert_eq!(problem.code, ErrorCode::TalosPinChanged);
        assert_eq!(Some(&problem.params["expected"]), first.as_ref());
        let seen = problem.params["seen"].clone();
        site.engine.accept_fingerprint(machine, &seen);
        let view = site.present(NodePresence::Maintenance).await;
        assert_eq!(view.fingerprint, Some(seen));
    } else {
        // It was seen while it did not listen: that is a restart.
        site.present(NodePresence::Maintenance).await;
    }
    site.close().await;
}

/// What the console prints is believed, and nothing else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_fingerprint_on_the_console_decides() {
    let site = Site::new("1.13.9", 1).await;
    let machine = site.machines[0];
    let _look = site.look(Depth::Summary);
    let seen = site
        .present(NodePresence::Maintenance)
        .await
        .fingerprint
        .unwrap();
    let other = "F8ztKkwu0XpgrEMwfz1Vku2HTCPMbg5qei0mukBMg14=";
    print(&site, machine, other).await;
    let view = site.shown(|view| view.problem.is_some()).await;
    let problem = view.problem.unwrap();
    assert_eq!(problem.code, ErrorCode::TalosPinChanged);
    assert_eq!(
        (problem.params["expected"].as_str(), &problem.params["seen"]),
        (other, &seen)
    );
    let refused = site.engine.node_logs(machine).await.unwrap_err();
    assert_eq!(code(refused), ErrorCode::TalosPinChanged);
    print(&site, machine, &seen).await;
    let view = site.present(NodePresence::Maintenance).await;
    assert!(view.fingerprint_printed && view.problem.is_none());
    site.close().await;
}

/// The machine's console prints a fingerprint, as Talos does.
async fn print(site: &Site, machine: MachineId, fingerprint: &str) {
    use std::io::Write;
    let line = format!(
        "[    9.3] [talos] server certificate issued {{\"fingerprint\": \"{fingerprint}\"}}\r\n"
    );
    let path = site.world.folder(machine).join("console.log");
    let mut log = std::fs::File::options().append(true).open(path).unwrap();
    log.write_all(line.as_bytes()).unwrap();
    crate::support::until(&site.engine.machines, &machine.to_string(), |view| {
        let boot = view.boot.as_ref();
        boot.is_some_and(|boot| boot.fingerprint.as_deref() == Some(fingerprint))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credentials_are_checked_before_they_are_kept() {
    let site = Site::new("1.13.9", 1).await;
    let machine = site.machines[0];
    let text = talosconfig();
    let key = text
        .lines()
        .find(|line| line.trim_start().starts_with("key:"))
        .unwrap();
    let broken = text.replace(key, "        key: bm8ga2V5");
    let refused = site
        .engine
        .keep_talosconfig(machine, &broken, None)
        .await
        .unwrap_err();
    let shown = format!("{refused} {refused:?}");
    assert_eq!(code(refused), ErrorCode::CredentialsUnusable);
    let secret = bundle().talos_authority().unwrap();
    assert!(!shown.contains(secret.certificate_pem()));
    assert!(!site.world.folder(machine).join("talosconfig").exists());
    site.close().await;
    let _ = start;
}
