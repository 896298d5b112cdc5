//! Real files, links and modes; real certificates.

use super::*;
use crete_model::{AccessFile, AccessState};
use crete_talos::pki::{Bundle, Certificate, SystemEntropy, Talosconfig};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

const NOW: &str = "2026-01-02T03:04:05Z";
const ADMIN: AccessRole = AccessRole::Admin;
const TALOS: AccessKind = AccessKind::Talosconfig;
const KUBE: AccessKind = AccessKind::Kubeconfig;

struct Place {
    temp: tempfile::TempDir,
    to: AccessTo,
    files: PersonalFiles,
    now: Timestamp,
}

impl Place {
    fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        let root = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../tests/fixtures/talos/golden/"
        );
        let secrets = fs::read_to_string(format!("{root}secrets/lab.yaml")).unwrap();
        let files = PersonalFiles {
            talosconfig: Some(temp.path().join("home/.talos/config")),
            kubeconfig: Some(temp.path().join("home/.kube/config")),
        };
        fs::create_dir(temp.path().join("cluster")).unwrap();
        fs::create_dir(temp.path().join("home")).unwrap();
        Self {
            to: AccessTo {
                name: "lab".to_owned(),
                bundle: Bundle::parse(&secrets).unwrap(),
                talos: vec!["127.0.0.1:50010".to_owned()],
                nodes: vec!["10.5.0.2".to_owned()],
                kubernetes: "https://127.0.0.1:6443".to_owned(),
            },
            files,
            now: NOW.parse().unwrap(),
            temp,
        }
    }

    fn at(&self, path: &str) -> PathBuf {
        self.temp.path().join(path)
    }

    /// A file of the person's, with its folder.
    fn write(&self, path: &str, text: &str, mode: u32) -> PathBuf {
        let path = self.at(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    fn with<T>(&self, work: impl FnOnce(&mut Access<'_>) -> T) -> T {
        let folder = self.at("cluster");
        let mut entropy = SystemEntropy;
        work(&mut Access {
            to: &self.to,
            folder: &folder,
            files: &self.files,
            now: self.now,
            entropy: &mut entropy,
        })
    }

    fn seen(&self) -> Vec<AccessFile> {
        self.with(|access| access.view().unwrap().files)
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn code(result: Result<impl Sized>) -> ErrorCode {
    result.err().expect("it is refused").problem().code
}

const OLD: &str = "# mine\ncontext: work\ncontexts: {}\n";

#[test]
fn undoing_gives_back_exactly_what_was_there() {
    let place = Place::new();
    let path = place.write("home/.talos/config", OLD, 0o640);
    let id = place.with(|access| access.merge(TALOS, ADMIN)).unwrap();
    assert_eq!(Talosconfig::parse(&read(&path)).unwrap().contexts.len(), 1);
    assert_eq!(Talosconfig::parse(&read(&path)).unwrap().context, "work");
    assert_eq!(mode(&path), 0o640);
    let beside = names(path.parent().unwrap());
    assert_eq!(beside.len(), 2, "{beside:?}");
    let backup = path.parent().unwrap().join(
        beside
            .iter()
            .find(|name| name.ends_with(".crete-backup"))
            .unwrap(),
    );
    assert_eq!((read(&backup).as_str(), mode(&backup)), (OLD, 0o600));
    assert!(place.seen()[0].can_undo);
    place.with(|access| access.undo(&id)).unwrap();
    assert_eq!((read(&path).as_str(), mode(&path)), (OLD, 0o640));
    assert_eq!(names(path.parent().unwrap()), ["config"]);
    assert_eq!(place.seen(), []);
}

#[test]
fn undoing_takes_away_what_was_not_there_and_its_folders() {
    let place = Place::new();
    let id = place.with(|access| access.merge(KUBE, ADMIN)).unwrap();
    let path = place.at("home/.kube/config");
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    place.with(|access| access.undo(&id)).unwrap();
    assert_eq!(names(&place.at("home")), [""; 0]);
}

#[test]
fn a_later_change_of_the_persons_is_never_lost() {
    let place = Place::new();
    let path = place.write("home/.talos/config", OLD, 0o600);
    let id = place.with(|access| access.merge(TALOS, ADMIN)).unwrap();
    let own = format!("{}# a note\n", read(&path));
    fs::write(&path, &own).unwrap();
    let seen = &place.seen()[0];
    assert_eq!((seen.state, seen.can_undo), (AccessState::Changed, false));
    let refused = place.with(|access| access.undo(&id));
    assert_eq!(code(refused), ErrorCode::AccessChanged);
    assert_eq!(read(&path), own);
    assert_eq!(names(path.parent().unwrap()).len(), 2, "the backup stays");
    // Renewing goes on from there, and is undone to there.
    place.with(|access| access.renew(&id)).unwrap();
    assert!(place.seen()[0].can_undo);
    place.with(|access| access.undo(&id)).unwrap();
    assert_eq!(read(&path), own);
}

#[test]
fn links_lead_where_they_did() {
    let place = Place::new();
    let real = place.write("dotfiles/talos", OLD, 0o600);
    fs::create_dir_all(place.at("home/.talos")).unwrap();
    let link = place.at("home/.talos/config");
    symlink("../../dotfiles/talos", &link).unwrap();
    let offer = place.with(|access| access.view().unwrap().offers.remove(0));
    assert!(offer.leads_to.unwrap().ends_with("dotfiles/talos"));
    let id = place.with(|access| access.merge(TALOS, ADMIN)).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(read(&real).contains("lab"));
    place.with(|access| access.undo(&id)).unwrap();
    assert_eq!(read(&real), OLD);
    // One that leads to nothing yet leads to the new file.
    fs::remove_file(&real).unwrap();
    place.with(|access| access.merge(TALOS, ADMIN)).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(read(&real).contains("lab"));
    // And one that leads in a circle is refused.
    let kube = place.at("home/.kube/config");
    fs::create_dir_all(kube.parent().unwrap()).unwrap();
    symlink(&kube, &kube).unwrap();
    assert_eq!(
        code(place.with(|access| access.merge(KUBE, ADMIN))),
        ErrorCode::File
    );
}

#[test]
fn what_is_meant_to_stay_as_it_is_stays() {
    let place = Place::new();
    let broken = place.write("home/.talos/config", "contexts: [unclosed", 0o600);
    assert_eq!(
        code(place.with(|access| access.merge(TALOS, ADMIN))),
        ErrorCode::AccessUnreadable
    );
    assert_eq!(read(&broken), "contexts: [unclosed");
    assert_eq!(names(broken.parent().unwrap()), ["config"]);
    let fixed = place.write("home/.kube/config", "apiVersion: v1\n", 0o400);
    assert_eq!(
        code(place.with(|access| access.merge(KUBE, ADMIN))),
        ErrorCode::AccessReadOnly
    );
    assert_eq!(
        (read(&fixed).as_str(), mode(&fixed)),
        ("apiVersion: v1\n", 0o400)
    );
    let offers = place.with(|access| access.view().unwrap().offers);
    assert!(
        offers.iter().all(|offer| offer.obstacle.is_some()),
        "{offers:?}"
    );
    assert_eq!(place.seen(), []);
    fs::remove_file(&fixed).unwrap();
    fs::create_dir(&fixed).unwrap();
    assert_eq!(
        code(place.with(|access| access.merge(KUBE, ADMIN))),
        ErrorCode::AccessUnreadable
    );
}

#[test]
fn names_that_collide_are_told_before() {
    let place = Place::new();
    let theirs = "context: lab\ncontexts:\n  lab:\n    endpoints: [10.0.0.1]\n    ca: QUFB\n    crt: QUFB\n    key: QUFB\n";
    place.write("home/.talos/config", theirs, 0o600);
    let offers = place.with(|access| access.view().unwrap().offers);
    assert_eq!(offers[0].context, "lab-1");
    assert_eq!(offers[0].taken.as_deref(), Some("lab"));
    assert!(!offers[0].becomes_current && !offers[0].replaces);
    assert_eq!(
        (offers[1].context.as_str(), offers[1].exists),
        ("admin@lab", false)
    );
    assert!(offers[1].becomes_current);
    place.with(|access| access.merge(TALOS, ADMIN)).unwrap();
    let seen = &place.seen()[0];
    assert_eq!(
        (seen.context.as_str(), seen.state),
        ("lab-1", AccessState::Untouched)
    );
    let offers = place.with(|access| access.view().unwrap().offers);
    assert_eq!((offers[0].replaces, &offers[0].taken), (true, &None));
}

#[test]
fn what_runs_out_is_shown_and_renewed() {
    let mut place = Place::new();
    let path = place.at("mine/kubeconfig");
    fs::create_dir(place.at("mine")).unwrap();
    let saved = place
        .with(|access| access.save(KUBE, ADMIN, &path))
        .unwrap();
    assert_eq!(mode(&path), 0o600);
    let merged = place
        .with(|access| access.merge(TALOS, AccessRole::Reader))
        .unwrap();
    let seen = place.seen();
    assert_eq!(seen[0].expires_at.as_deref(), Some("2027-01-02T03:04:05Z"));
    assert!(seen.iter().all(|file| !file.renew && !file.expired));
    assert_eq!(seen[1].context, "lab-reader");
    place.now = "2026-12-20T00:00:00Z".parse().unwrap();
    assert!(place.seen().iter().all(|file| file.renew && !file.expired));
    place.now = "2027-02-01T00:00:00Z".parse().unwrap();
    assert!(place.seen().iter().all(|file| file.renew && file.expired));
    let before = read(&path);
    for id in [&saved, &merged] {
        place.with(|access| access.renew(id)).unwrap();
    }
    assert_ne!(read(&path), before);
    let seen = place.seen();
    assert_eq!(seen.len(), 2);
    assert!(
        seen.iter()
            .all(|file| !file.renew && file.state == AccessState::Untouched)
    );
    // Still undone to before the first time.
    place.with(|access| access.undo(&merged)).unwrap();
    assert!(!place.at("home/.talos").exists());
    let refused = place.with(|access| access.undo(&saved));
    assert_eq!(
        code(refused),
        ErrorCode::AccessChanged,
        "an own file is deleted, not undone"
    );
    fs::remove_file(&path).unwrap();
    assert_eq!(place.seen()[0].state, AccessState::Gone);
    place.with(|access| access.forget(&saved)).unwrap();
    assert_eq!(place.seen(), []);
}

#[test]
fn a_reader_is_a_reader_and_authorities_have_their_time() {
    let place = Place::new();
    let text = place
        .with(|access| access.text(TALOS, AccessRole::Reader))
        .unwrap();
    let parsed = Talosconfig::parse(&text).unwrap();
    let (name, context) = &parsed.contexts[0];
    let certificate = Certificate::parse("the reader's", &context.crt).unwrap();
    assert_eq!(certificate.organizations(), ["os:reader"]);
    assert_eq!(
        (name.as_str(), &context.nodes),
        ("lab-reader", &place.to.nodes)
    );
    assert!(
        place
            .with(|access| access.text(KUBE, AccessRole::Reader))
            .is_err()
    );
    let view = place.with(|access| access.view()).unwrap();
    assert_eq!(view.authorities.len(), 4);
    assert!(view.authorities.iter().all(|authority| !authority.renew));
}

#[test]
fn nothing_of_the_persons_is_touched_in_practice() {
    let mut place = Place::new();
    place.files = PersonalFiles::default();
    assert_eq!(
        code(place.with(|access| access.merge(KUBE, ADMIN))),
        ErrorCode::AccessNotHere
    );
    let offers = place.with(|access| access.view().unwrap().offers);
    assert!(offers.iter().all(|offer| offer.path.is_none()));
}

#[test]
fn what_was_cut_off_is_settled_by_what_the_file_is() {
    let place = Place::new();
    let path = place.write("home/.talos/config", OLD, 0o600);
    let folder = place.at("cluster");
    let kept = folder.join("access.json");
    place.with(|access| access.merge(TALOS, ADMIN)).unwrap();
    let mut record: serde_json::Value = serde_json::from_str(&read(&kept)).unwrap();
    // As if the program had ended after the file was written.
    record["intended"] = record["files"][0].take();
    record["files"] = serde_json::json!([]);
    fs::write(&kept, record.to_string()).unwrap();
    assert_eq!(place.seen().len(), 1, "it was written");
    assert!(place.seen()[0].can_undo);
    // As if it had ended before.
    fs::write(&path, OLD).unwrap();
    fs::write(&kept, record.to_string()).unwrap();
    let half = personal::neighbour_of(
        &path,
        record["intended"]["before"]["backup"].as_str().unwrap(),
    );
    fs::write(&half, "a secret").unwrap();
    assert_eq!(place.seen(), []);
    assert_eq!(names(path.parent().unwrap()), ["config"]);
    assert_eq!(read(&path), OLD);
}

#[test]
fn no_secret_is_in_what_is_remembered() {
    let place = Place::new();
    place.with(|access| access.merge(TALOS, ADMIN)).unwrap();
    place
        .with(|access| access.save(KUBE, ADMIN, &place.at("k")))
        .unwrap();
    let kept = read(&place.at("cluster/access.json"));
    let parsed = Talosconfig::parse(&read(&place.at("home/.talos/config"))).unwrap();
    let key = crete_talos_key(&parsed);
    assert!(!kept.contains("PRIVATE") && !kept.contains(&key));
    assert!(!format!("{:?}", place.to).contains("PRIVATE"));
    assert_eq!(mode(&place.at("cluster/access.json")), 0o600);
}

/// A piece of the key as it stands in the file.
fn crete_talos_key(parsed: &Talosconfig) -> String {
    let lines: Vec<&str> = parsed.contexts[0].1.key.expose().lines().collect();
    lines[1].to_owned()
}

#[test]
fn the_persons_files_are_those_of_the_tools() {
    let temp = tempfile::tempdir().unwrap();
    let home = Path::new("/home/ariadne");
    let of = |talos: &str, kube: &str| {
        PersonalFiles::from_environment(
            |name| {
                let value = if name == "TALOSCONFIG" { talos } else { kube };
                Some(value.to_owned())
            },
            home,
        )
    };
    let usual = of("", "");
    assert_eq!(usual.talosconfig.unwrap(), home.join(".talos/config"));
    assert_eq!(usual.kubeconfig.unwrap(), home.join(".kube/config"));
    assert_eq!(of("/srv/t", "").talosconfig.unwrap(), Path::new("/srv/t"));
    assert_eq!(of("", "/a:/b").kubeconfig.unwrap(), Path::new("/b"));
    let there = temp.path().join("config");
    fs::write(&there, "").unwrap();
    let list = format!("/a:{}:/b", there.display());
    assert_eq!(of("", &list).kubeconfig.unwrap(), there);
    assert_eq!(
        of("relative", "also").talosconfig.unwrap(),
        home.join(".talos/config")
    );
}
