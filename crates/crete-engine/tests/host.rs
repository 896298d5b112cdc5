//! This computer in the engine: changes with a stand-in for the desktop's question, and looking
//! again by itself. The stand-in is a script in a temporary folder; nothing is ever run as root.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use async_trait::async_trait;
use crete_engine::{Config, Engine, PracticeParts, SystemClock};
use crete_host::{KvmProbe, Login, Ownership, Ran, RecordedWorld, ThisComputer, World};
use crete_model::{
    Arch, BlockerCode, CauseCode, CheckCode, ErrorCode, FixCode, HostReport, Job, JobId, JobState,
    Remedy, Settings, StageCode, Verdict,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

/// A person outside the group, with `pkexec` where `{pkexec}` stands. The group opens the device.
const SHUT: &str = "
arch: amd64
login: { uid: 1000, groups: [1000] }
kvm: denied
disk_free: 200000000000
search: [{folder}, /usr/bin]
ownership: { /dev/kvm: { uid: 0, gid: 104, mode: 0o660 } }
files:
  /proc/cpuinfo: \"flags : cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3 vmx\\n\"
  /proc/meminfo: \"MemTotal: 32768000 kB\\nMemAvailable: 20480000 kB\\n\"
  /etc/passwd: \"ariadne:x:1000:1000::/home/ariadne:/bin/sh\\n\"
  /etc/group: \"kvm:x:104:\\n\"
  /usr/share/OVMF/OVMF_CODE_4M.fd: \"\"
  /usr/share/OVMF/OVMF_VARS_4M.fd: \"\"
programs:
  {folder}/pkexec: {}
  /usr/sbin/usermod: {}
  /usr/bin/setfacl: {}
  /usr/bin/qemu-img: { --version: { said: qemu-img version 9.0.2 } }
  /usr/bin/qemu-system-x86_64:
    --version: { said: QEMU emulator version 9.0.2 }
    -accel help: { said: \"tcg\\nkvm\\n\" }
    -sandbox on --version: { said: ok }
";

/// The same computer after the change.
const OPEN: &str = "kvm: { opened: { api: 12, create_errno: null } }";

/// A recorded computer that is another one once a file appeared.
#[derive(Debug)]
struct Changing {
    changed: PathBuf,
    before: RecordedWorld,
    after: RecordedWorld,
}

impl Changing {
    fn now(&self) -> &RecordedWorld {
        if self.changed.exists() {
            &self.after
        } else {
            &self.before
        }
    }
}

#[async_trait]
impl World for Changing {
    fn arch(&self) -> Arch {
        self.now().arch()
    }
    fn read(&self, path: &Path) -> Option<String> {
        self.now().read(path)
    }
    fn begins_with(&self, path: &Path, start: &[u8]) -> bool {
        self.now().begins_with(path, start)
    }
    fn exists(&self, path: &Path) -> bool {
        self.now().exists(path)
    }
    fn list(&self, folder: &Path) -> Vec<String> {
        self.now().list(folder)
    }
    fn ownership(&self, path: &Path) -> Option<Ownership> {
        self.now().ownership(path)
    }
    fn acl(&self, path: &Path) -> Option<Vec<u8>> {
        self.now().acl(path)
    }
    fn find(&self, program: &str) -> Vec<PathBuf> {
        self.now().find(program)
    }
    fn variable(&self, name: &str) -> Option<String> {
        self.now().variable(name)
    }
    fn login(&self) -> Login {
        self.now().login()
    }
    fn hypervisor_signature(&self) -> Option<String> {
        self.now().hypervisor_signature()
    }
    fn kvm(&self) -> KvmProbe {
        self.now().kvm()
    }
    fn disk_free(&self, path: &Path) -> Option<u64> {
        self.now().disk_free(path)
    }
    async fn run(&self, program: &Path, args: &[&str], deadline: Duration) -> Ran {
        self.now().run(program, args, deadline).await
    }
}

fn recorded(text: &str) -> RecordedWorld {
    serde_saphyr::from_str(text).unwrap()
}

async fn open(root: &Path, world: Arc<dyn World>) -> Engine {
    Engine::open(Config {
        data: root.join("data"),
        runtime: root.join("run"),
        settings: Settings::default(),
        world,
        clock: Arc::new(SystemClock),
        seen: true,
        patience: crete_engine::Patience::default(),
        systemd_bus: None,
        network_parts: crete_engine::NetworkParts::default(),
        practice_parts: PracticeParts::default(),
        personal: crete_engine::PersonalFiles::default(),
        practice: None,
    })
    .await
    .unwrap()
}

/// Writes a program from outside this process: a file this process has open for writing cannot be
/// run while another test starts a program, because that one holds it open for an instant too.
fn executable(path: &Path, text: &str) {
    use std::io::Write;
    let mut child = std::process::Command::new("install")
        .args(["-m", "755", "/dev/stdin"])
        .arg(path)
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    assert!(child.wait().unwrap().success());
}

/// An engine on a computer whose `pkexec` notes what it was asked to run and does as `script` says.
/// `{changed}` in it is the file that makes the computer another one.
async fn shut_computer(root: &Path, script: &str) -> Engine {
    let changed = root.join("changed");
    let script = script.replace("{changed}", &changed.display().to_string());
    let asked = root.join("asked").display().to_string();
    let program = root.join("pkexec");
    executable(
        &program,
        &format!("#!/bin/sh\necho \"$*\" >> {asked}\n{script}\n"),
    );
    let shut = SHUT.replace("{folder}", &root.display().to_string());
    let world = Changing {
        changed,
        after: recorded(OPEN).over(recorded(&shut)),
        before: recorded(&shut),
    };
    open(root, Arc::new(world)).await
}

fn asked(root: &Path) -> String {
    std::fs::read_to_string(root.join("asked")).unwrap_or_default()
}

async fn until(engine: &Engine, id: JobId, wanted: impl Fn(&Job) -> bool) -> Job {
    let key = id.to_string();
    let mut changes = engine.jobs.subscribe().changes;
    let waiting = async {
        loop {
            if let Some(job) = engine.jobs.get(&key).filter(&wanted) {
                return job;
            }
            let _ = changes.recv().await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, waiting).await;
    waited.unwrap_or_else(|_| panic!("still {:?}", engine.jobs.get(&key)))
}

async fn ended(engine: &Engine, id: JobId) -> Job {
    until(engine, id, |job| job.state.is_final()).await
}

async fn reported(engine: &Engine, wanted: impl Fn(&HostReport) -> bool) -> HostReport {
    let mut changes = engine.host.subscribe().changes;
    let waiting = async {
        loop {
            if let Some(report) = engine.host.get("host").filter(&wanted) {
                return report;
            }
            let _ = changes.recv().await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, waiting).await;
    waited.unwrap_or_else(|_| panic!("still {:#?}", engine.host.get("host")))
}

fn cause(report: &HostReport, code: CheckCode) -> CauseCode {
    let check = report.checks.iter().find(|check| check.code == code);
    check.unwrap().cause
}

#[tokio::test]
async fn a_change_runs_exactly_what_was_shown_and_is_looked_at_afterwards() {
    let root = tempfile::tempdir().unwrap();
    let script = "echo changing; case \"$*\" in *setfacl*) touch {changed};; esac";
    let engine = shut_computer(root.path(), script).await;
    let before = engine.check_host().await;
    assert_eq!(before.verdict, Verdict::Slow);
    let shown = before.checks.iter().flat_map(|check| &check.remedies);
    let shown: Vec<String> = shown
        .filter_map(|remedy| match remedy {
            Remedy::Fix { commands, .. } => Some(commands),
            _ => None,
        })
        .flatten()
        .map(|command| format!("--disable-internal-agent {}\n", command.join(" ")))
        .collect();
    assert_eq!(shown.len(), 2);

    let id = engine.fix_host(FixCode::JoinGroupAndOpen).await.unwrap();
    let job = ended(&engine, id).await;
    assert_eq!(job.state, JobState::Done, "{job:?}");
    assert_eq!(asked(root.path()), shown.concat());
    // The look afterwards is part of the work: who waits for the job sees its result.
    let after = engine.host.get("host").unwrap();
    assert_eq!(after.verdict, Verdict::Ready);
    let (_, log) = engine.job_details(id).await.unwrap();
    assert!(log.iter().any(|line| line.text == "changing"), "{log:?}");
    // Done is done: the same is not offered twice.
    let again = engine
        .fix_host(FixCode::JoinGroupAndOpen)
        .await
        .unwrap_err();
    assert_eq!(again.problem().code, ErrorCode::FixNotNeeded);
    engine.close().await;
}

#[tokio::test]
async fn every_refusal_has_its_own_code_and_leaves_a_way() {
    let cases = [
        ("exit 126", ErrorCode::FixDismissed),
        (
            "echo 'Error executing command as another user: Not authorized' >&2; exit 127",
            ErrorCode::FixNotAuthorised,
        ),
        (
            "echo 'Error executing command as another user: No authentication agent found.' >&2
            exit 127",
            ErrorCode::FixNoAgent,
        ),
        (
            "echo 'usermod: cannot lock /etc/group' >&2; exit 10",
            ErrorCode::FixFailed,
        ),
    ];
    for (script, code) in cases {
        let root = tempfile::tempdir().unwrap();
        let engine = shut_computer(root.path(), script).await;
        let id = engine.fix_host(FixCode::JoinGroupAndOpen).await.unwrap();
        let job = ended(&engine, id).await;
        assert_eq!(job.state, JobState::Failed, "{code:?}");
        let problem = job.problem.unwrap();
        assert_eq!(problem.code, code);
        assert_eq!(problem.params["done"], "0");
        assert_eq!(problem.params["commands"], "2");
        let by_hand = |remedy: &Remedy| matches!(remedy, Remedy::RunCommand { privileged: true, command } if command.contains("usermod -aG kvm ariadne && "));
        assert!(problem.remedies.iter().any(by_hand), "{problem:?}");
        if code == ErrorCode::FixFailed {
            assert_eq!(
                problem.params["command"],
                "/usr/sbin/usermod -aG kvm ariadne"
            );
            assert_eq!(
                problem.detail.as_deref(),
                Some("usermod: cannot lock /etc/group")
            );
        }
        // The second command was not tried after the first one failed.
        assert_eq!(asked(root.path()).lines().count(), 1);
        engine.close().await;
    }
}

#[tokio::test]
async fn what_ran_before_a_refusal_is_counted() {
    let root = tempfile::tempdir().unwrap();
    let script = "case \"$*\" in *setfacl*) exit 126;; esac";
    let engine = shut_computer(root.path(), script).await;
    let id = engine.fix_host(FixCode::JoinGroupAndOpen).await.unwrap();
    let problem = ended(&engine, id).await.problem.unwrap();
    assert_eq!(problem.code, ErrorCode::FixDismissed);
    assert_eq!(problem.params["done"], "1");
    engine.close().await;
}

#[tokio::test]
async fn what_is_not_offered_is_not_run() {
    let root = tempfile::tempdir().unwrap();
    let engine = shut_computer(root.path(), "").await;
    for fix in [
        FixCode::InstallPackages,
        FixCode::LoadModule,
        FixCode::JoinGroup,
        FixCode::OpenDevice,
    ] {
        let error = engine.fix_host(fix).await.unwrap_err();
        assert_eq!(error.problem().code, ErrorCode::FixNotNeeded, "{fix:?}");
    }
    assert_eq!(asked(root.path()), "");
    engine.close().await;
}

#[tokio::test]
async fn without_pkexec_the_commands_are_still_told() {
    let root = tempfile::tempdir().unwrap();
    let shut = SHUT.replace("{folder}/pkexec", "{folder}/other");
    let shut = shut.replace("{folder}", &root.path().display().to_string());
    let engine = open(root.path(), Arc::new(recorded(&shut))).await;
    let problem = engine
        .fix_host(FixCode::JoinGroupAndOpen)
        .await
        .unwrap_err()
        .problem();
    assert_eq!(problem.code, ErrorCode::FixNoPkexec);
    assert!(matches!(problem.remedies[0], Remedy::RunCommand { .. }));
    engine.close().await;
}

/// A script that asks for ever, and leaves its own number.
const ASKING: &str = "echo $$ > \"$(dirname \"$0\")/pid\"; exec sleep 600";

fn is_asking(root: &Path) -> bool {
    let Ok(pid) = std::fs::read_to_string(root.join("pid")) else {
        return false;
    };
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
    stat.is_ok_and(|stat| !stat.contains(") Z "))
}

async fn waits_for_the_password(engine: &Engine, id: JobId) {
    until(engine, id, |job| {
        job.stages.iter().any(|stage| {
            let blocker = stage.blocker.as_ref().map(|blocker| blocker.code);
            stage.code == StageCode::Change && blocker == Some(BlockerCode::Password)
        })
    })
    .await;
}

#[tokio::test]
async fn cancelling_closes_the_question() {
    let root = tempfile::tempdir().unwrap();
    let engine = shut_computer(root.path(), ASKING).await;
    let id = engine.fix_host(FixCode::JoinGroupAndOpen).await.unwrap();
    waits_for_the_password(&engine, id).await;
    engine.cancel_job(id).unwrap();
    let job = ended(&engine, id).await;
    assert_eq!(job.state, JobState::Cancelled);
    assert!(!is_asking(root.path()));
    engine.close().await;
}

#[tokio::test]
async fn closing_the_program_closes_the_question() {
    let root = tempfile::tempdir().unwrap();
    let engine = shut_computer(root.path(), ASKING).await;
    let id = engine.fix_host(FixCode::JoinGroupAndOpen).await.unwrap();
    waits_for_the_password(&engine, id).await;
    tokio::time::timeout(PATIENCE, engine.close())
        .await
        .unwrap();
    assert!(!is_asking(root.path()));
    let job = engine.jobs.get(&id.to_string()).unwrap();
    assert_eq!(job.problem.unwrap().code, ErrorCode::Interrupted);
}

#[tokio::test]
async fn two_changes_do_not_ask_at_the_same_time() {
    let root = tempfile::tempdir().unwrap();
    let engine = shut_computer(root.path(), ASKING).await;
    let first = engine.fix_host(FixCode::JoinGroupAndOpen).await.unwrap();
    waits_for_the_password(&engine, first).await;
    let second = engine.fix_host(FixCode::JoinGroupAndOpen).await.unwrap();
    until(&engine, second, |job| {
        let blocker = job.stages[0].blocker.as_ref();
        blocker.is_some_and(|blocker| blocker.code == BlockerCode::OtherFix)
    })
    .await;
    engine.cancel_job(second).unwrap();
    assert_eq!(ended(&engine, second).await.state, JobState::Cancelled);
    engine.cancel_job(first).unwrap();
    ended(&engine, first).await;
    assert_eq!(asked(root.path()).lines().count(), 1);
    engine.close().await;
}

/// A tree of files that looks like a computer, and an engine on it.
async fn watched_computer(root: &Path) -> Engine {
    for folder in ["proc", "dev", "etc", "usr/bin", "var/lib/dpkg"] {
        std::fs::create_dir_all(root.join("tree").join(folder)).unwrap();
    }
    let write = |path: &str, text: &str| std::fs::write(root.join("tree").join(path), text);
    write(
        "proc/cpuinfo",
        "flags : cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3 vmx\n",
    )
    .unwrap();
    write("etc/group", "root:x:0:\n").unwrap();
    let computer = ThisComputer::new("/usr/bin", "ariadne".into()).below(&root.join("tree"));
    let engine = open(root, Arc::new(computer)).await;
    reported(&engine, |_| true).await;
    engine
}

#[tokio::test]
async fn a_package_that_was_installed_is_noticed() {
    let root = tempfile::tempdir().unwrap();
    let engine = watched_computer(root.path()).await;
    let report = engine.host.get("host").unwrap();
    assert_eq!(cause(&report, CheckCode::QemuImg), CauseCode::NotInstalled);
    let tree = root.path().join("tree");
    let program = tree.join("usr/bin/qemu-img");
    executable(&program, "#!/bin/sh\necho qemu-img version 9.0.2\n");
    // As dpkg does: the new database beside the old one, then renamed over it.
    let status = tree.join("var/lib/dpkg/status");
    std::fs::write(status.with_extension("new"), "Package: qemu-utils\n").unwrap();
    std::fs::rename(status.with_extension("new"), &status).unwrap();
    reported(&engine, |report| {
        cause(report, CheckCode::QemuImg) == CauseCode::Fine
    })
    .await;
    engine.close().await;
}

#[tokio::test]
async fn a_device_that_appears_and_a_group_that_changes_are_noticed() {
    let root = tempfile::tempdir().unwrap();
    let engine = watched_computer(root.path()).await;
    let tree = root.path().join("tree");
    let absent = engine.host.get("host").unwrap();
    assert_eq!(cause(&absent, CheckCode::Kvm), CauseCode::ModuleNotLoaded);
    // A plain file opens and is no KVM, which is another cause.
    std::fs::write(tree.join("dev/kvm"), "").unwrap();
    reported(&engine, |report| {
        cause(report, CheckCode::Kvm) != CauseCode::ModuleNotLoaded
    })
    .await;
    let seen = engine.host.get("host").unwrap();
    std::fs::write(tree.join("etc/group.new"), "root:x:0:\nkvm:x:104:\n").unwrap();
    std::fs::rename(tree.join("etc/group.new"), tree.join("etc/group")).unwrap();
    reported(&engine, |report| report.checked_at != seen.checked_at).await;
    engine.close().await;
}

#[tokio::test]
async fn looking_does_not_set_off_another_look() {
    let root = tempfile::tempdir().unwrap();
    let engine = watched_computer(root.path()).await;
    let tree = root.path().join("tree");
    std::fs::write(tree.join("dev/kvm"), "").unwrap();
    reported(&engine, |report| {
        cause(report, CheckCode::Kvm) != CauseCode::ModuleNotLoaded
    })
    .await;
    // Opening the device for writing and closing it is itself a change of the watched folder.
    let seen = engine.check_host().await;
    let another = tokio::time::timeout(
        Duration::from_secs(3),
        reported(&engine, |report| report.checked_at != seen.checked_at),
    );
    assert!(another.await.is_err());
    engine.close().await;
}

#[tokio::test]
async fn the_end_of_another_hypervisor_s_machine_is_noticed() {
    let root = tempfile::tempdir().unwrap();
    let mut rival = tokio::process::Command::new("sleep")
        .arg("600")
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let pid = rival.id().unwrap();
    let busy = format!(
        "kvm: {{ opened: {{ api: 12, create_errno: 16 }} }}\n\
        files: {{ /proc/{pid}/comm: VirtualBoxVM, /proc/{pid}/cmdline: \"\" }}\n"
    );
    let shut = SHUT.replace("{folder}", "/nowhere");
    let changed = root.path().join("changed");
    let world = Changing {
        before: recorded(&busy).over(recorded(&shut)),
        after: recorded(OPEN).over(recorded(&shut)),
        changed: changed.clone(),
    };
    let engine = open(root.path(), Arc::new(world)).await;
    let report = reported(&engine, |_| true).await;
    assert_eq!(cause(&report, CheckCode::Kvm), CauseCode::BusyProgram);
    std::fs::write(&changed, "").unwrap();
    rival.kill().await.unwrap();
    reported(&engine, |report| {
        cause(report, CheckCode::Kvm) == CauseCode::Fine
    })
    .await;
    engine.close().await;
}

#[tokio::test]
async fn a_page_that_becomes_visible_again_gets_a_fresh_report() {
    let root = tempfile::tempdir().unwrap();
    let changed = root.path().join("changed");
    let shut = SHUT.replace("{folder}", "/nowhere");
    let world = Changing {
        before: recorded(&shut),
        after: recorded(OPEN).over(recorded(&shut)),
        changed: changed.clone(),
    };
    let engine = open(root.path(), Arc::new(world)).await;
    reported(&engine, |report| report.verdict == Verdict::Slow).await;
    engine.set_visible(false);
    std::fs::write(&changed, "").unwrap();
    engine.set_visible(true);
    reported(&engine, |report| report.verdict == Verdict::Ready).await;
    engine.close().await;
}
