//! Programs in which a cluster can be opened: which are there, and how each is started.
//!
//! Nothing is started here, and no shell is involved: a start is a program with its arguments. A
//! desktop entry is only believed as far as its `Exec` line is plain words.

use crate::world::World;
use crete_model::{Tool, ToolPart, ToolView};
use std::path::{Path, PathBuf};

/// How a program is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// The program, by its whole path.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
    /// What is set in its environment.
    pub variables: Vec<(String, String)>,
}

/// The key files that a tool is started with.
#[derive(Debug, Clone, Copy)]
pub struct Keys<'a> {
    /// For Kubernetes.
    pub kubeconfig: &'a Path,
    /// For Talos, where there is one.
    pub talosconfig: Option<&'a Path>,
}

/// A program with a window, as it is packaged.
struct App {
    part: ToolPart,
    programs: &'static [&'static str],
    entries: &'static [&'static str],
    flatpak: &'static str,
    /// Whether it takes the kubeconfig of its environment.
    takes: bool,
}

const HEADLAMP: App = App {
    part: ToolPart::Headlamp,
    programs: &["headlamp"],
    entries: &["headlamp.desktop", "Headlamp.desktop"],
    flatpak: "io.kinvolk.Headlamp",
    takes: true,
};
const FREELENS: App = App {
    part: ToolPart::Freelens,
    programs: &["freelens"],
    entries: &["freelens.desktop", "Freelens.desktop"],
    flatpak: "app.freelens.Freelens",
    // It knows the files that were chosen in it, and those of ~/.kube.
    takes: false,
};

/// Terminals, and what stands between one and the program it runs. The first is the desktop's own
/// choice.
const TERMINALS: &[(&str, &[&str])] = &[
    ("xdg-terminal-exec", &["--"]),
    ("ptyxis", &["--new-window", "--"]),
    ("gnome-terminal", &["--"]),
    ("kgx", &["--"]),
    ("konsole", &["-e"]),
    ("xfce4-terminal", &["-x"]),
    ("mate-terminal", &["-x"]),
    ("tilix", &["-e"]),
    ("kitty", &["--"]),
    ("alacritty", &["-e"]),
    ("foot", &["--"]),
    ("wezterm", &["start", "--"]),
    ("ghostty", &["-e"]),
    ("xterm", &["-e"]),
    ("x-terminal-emulator", &["-e"]),
];

/// Something that can be started, before keys are given to it.
enum Found {
    Program { program: PathBuf, args: Vec<String> },
    Flatpak { flatpak: PathBuf, id: &'static str },
}

/// Whether a tool is there.
#[must_use]
pub fn view(world: &dyn World, tool: Tool) -> ToolView {
    let (found, missing, takes) = match tool {
        Tool::Headlamp => of_app(world, &HEADLAMP),
        Tool::Freelens => of_app(world, &FREELENS),
        Tool::Terminal => of_terminal(world),
    };
    ToolView {
        tool,
        found,
        missing,
        choose: !takes,
    }
}

fn of_app(world: &dyn World, app: &App) -> (String, Vec<ToolPart>, bool) {
    match find(world, app) {
        Some(Found::Program { program, .. }) => {
            (program.display().to_string(), Vec::new(), app.takes)
        }
        Some(Found::Flatpak { id, .. }) => (format!("flatpak {id}"), Vec::new(), app.takes),
        None => (String::new(), vec![app.part], app.takes),
    }
}

fn of_terminal(world: &dyn World) -> (String, Vec<ToolPart>, bool) {
    let terminal = terminal(world);
    let mut missing = Vec::new();
    if terminal.is_none() {
        missing.push(ToolPart::Terminal);
    }
    if world.find("kubectl").is_empty() {
        missing.push(ToolPart::Kubectl);
    }
    let found = terminal.map(|(program, _)| program.display().to_string());
    (found.unwrap_or_default(), missing, true)
}

/// How a tool is started with the keys of a cluster; nothing when a part of it is not there.
#[must_use]
pub fn start(world: &dyn World, tool: Tool, keys: Keys<'_>) -> Option<Start> {
    let variables = variables(keys);
    let app = match tool {
        Tool::Headlamp => &HEADLAMP,
        Tool::Freelens => &FREELENS,
        Tool::Terminal => return in_terminal(world, variables),
    };
    Some(match find(world, app)? {
        Found::Program { program, args } => Start {
            program,
            args,
            variables,
        },
        Found::Flatpak { flatpak, id } => Start {
            program: flatpak,
            args: in_sandbox(id, &variables, keys),
            variables,
        },
    })
}

fn variables(keys: Keys<'_>) -> Vec<(String, String)> {
    let text = |path: &Path| path.display().to_string();
    let mut all = vec![("KUBECONFIG".to_owned(), text(keys.kubeconfig))];
    all.extend(
        keys.talosconfig
            .map(|path| ("TALOSCONFIG".to_owned(), text(path))),
    );
    all
}

/// A sandbox sees neither the environment nor the files of others: both are passed in by name.
fn in_sandbox(id: &str, variables: &[(String, String)], keys: Keys<'_>) -> Vec<String> {
    let mut args = vec!["run".to_owned()];
    for (name, value) in variables {
        args.push(format!("--env={name}={value}"));
    }
    args.push(format!("--filesystem={}:ro", keys.kubeconfig.display()));
    args.push(id.to_owned());
    args
}

/// A terminal with the person's own login program in it. Terminals that are one process for all
/// windows pass no environment on, so it is set once more by `env` inside.
fn in_terminal(world: &dyn World, variables: Vec<(String, String)>) -> Option<Start> {
    if world.find("kubectl").is_empty() {
        return None;
    }
    let (program, before) = terminal(world)?;
    let env = world.find("env").into_iter().next()?;
    let login = world.variable("SHELL").map(PathBuf::from);
    let login = login.filter(|path| path.is_absolute() && world.exists(path));
    let login = login.or_else(|| world.find("sh").into_iter().next())?;
    let mut args: Vec<String> = before.iter().map(|one| (*one).to_owned()).collect();
    args.push(env.display().to_string());
    args.extend(
        variables
            .iter()
            .map(|(name, value)| format!("{name}={value}")),
    );
    args.push(login.display().to_string());
    Some(Start {
        program,
        args,
        variables,
    })
}

fn terminal(world: &dyn World) -> Option<(PathBuf, &'static [&'static str])> {
    let mut known = TERMINALS.iter();
    known.find_map(|(name, before)| {
        let program = world.find(name).into_iter().next()?;
        Some((program, *before))
    })
}

fn find(world: &dyn World, app: &App) -> Option<Found> {
    let programs = app.programs.iter();
    let mut programs = programs.flat_map(|name| world.find(name));
    if let Some(program) = programs.next() {
        return Some(Found::Program {
            program,
            args: Vec::new(),
        });
    }
    for folder in entry_folders(world) {
        for entry in app.entries {
            let Some(text) = world.read(&folder.join(entry)) else {
                continue;
            };
            if let Some((program, args)) = exec(world, &text) {
                return Some(Found::Program { program, args });
            }
        }
        // Of a flatpak there is an entry too, but its line is a wrapper's.
        let own = folder.join(format!("{}.desktop", app.flatpak));
        if let (true, Some(flatpak)) =
            (world.exists(&own), world.find("flatpak").into_iter().next())
        {
            return Some(Found::Flatpak {
                flatpak,
                id: app.flatpak,
            });
        }
    }
    None
}

/// Where desktop entries are, those of the person first.
fn entry_folders(world: &dyn World) -> Vec<PathBuf> {
    let set = |name: &str| world.variable(name).filter(|value| !value.is_empty());
    let home = set("HOME").map(PathBuf::from);
    let own = set("XDG_DATA_HOME").map(PathBuf::from);
    let own = own.or_else(|| home.as_ref().map(|home| home.join(".local/share")));
    let system = set("XDG_DATA_DIRS");
    let system = system.unwrap_or_else(|| "/usr/local/share:/usr/share".to_owned());
    let mut folders: Vec<PathBuf> = own.iter().cloned().collect();
    folders.extend(own.iter().map(|own| own.join("flatpak/exports/share")));
    folders.extend(system.split(':').map(PathBuf::from));
    folders.push(PathBuf::from("/var/lib/flatpak/exports/share"));
    folders.push(PathBuf::from("/var/lib/snapd/desktop"));
    folders.retain(|folder| folder.is_absolute());
    folders
        .into_iter()
        .map(|folder| folder.join("applications"))
        .collect()
}

/// The program of a desktop entry and its arguments. A line that needs a shell to be understood is
/// none.
fn exec(world: &dyn World, text: &str) -> Option<(PathBuf, Vec<String>)> {
    let main = text.split("\n[").next()?;
    let line = main.lines().find_map(|line| line.strip_prefix("Exec="))?;
    let mut words = words(line)?.into_iter();
    let first = words.next()?;
    let program = match Path::new(&first).is_absolute() {
        true => Some(PathBuf::from(&first)).filter(|path| world.exists(path))?,
        false => world.find(&first).into_iter().next()?,
    };
    // Codes stand for files and addresses, and nothing is opened.
    let args = words.filter(|word| !(word.len() == 2 && word.starts_with('%')));
    Some((program, args.collect()))
}

/// The words of an `Exec` line: quotes hold a word together, a backslash takes the next character as
/// it is.
fn words(line: &str) -> Option<Vec<String>> {
    let (mut words, mut word, mut quoted, mut begun) = (Vec::new(), String::new(), false, false);
    let mut letters = line.trim().chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => {
                quoted = !quoted;
                begun = true;
            }
            '\\' => {
                word.push(letters.next()?);
                begun = true;
            }
            ' ' if !quoted => {
                if std::mem::take(&mut begun) {
                    words.push(std::mem::take(&mut word));
                }
            }
            // Outside quotes these mean something to a shell only.
            '\'' | '`' | '$' | '>' | '<' | '|' | '&' | ';' | '*' | '?' | '#' | '(' | ')'
                if !quoted =>
            {
                return None;
            }
            other => {
                word.push(other);
                begun = true;
            }
        }
    }
    if begun {
        words.push(word);
    }
    (!quoted).then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RecordedWorld;

    fn world(programs: &[&str], files: serde_json::Value) -> RecordedWorld {
        let programs: serde_json::Map<String, serde_json::Value> = programs
            .iter()
            .map(|path| ((*path).to_owned(), serde_json::json!({})))
            .collect();
        serde_json::from_value(serde_json::json!({
            "programs": programs,
            "search": ["/usr/bin"],
            "files": files,
            "variables": {"HOME": "/home/ariadne", "SHELL": "/usr/bin/fish"},
        }))
        .unwrap()
    }

    fn keys() -> Keys<'static> {
        Keys {
            kubeconfig: Path::new("/data/clusters/1/kubeconfig"),
            talosconfig: Some(Path::new("/data/clusters/1/talosconfig")),
        }
    }

    #[test]
    fn nothing_installed_says_what_is_missing() {
        let none = world(&[], serde_json::json!({}));
        for (tool, missing) in [
            (Tool::Headlamp, vec![ToolPart::Headlamp]),
            (Tool::Freelens, vec![ToolPart::Freelens]),
            (Tool::Terminal, vec![ToolPart::Terminal, ToolPart::Kubectl]),
        ] {
            let seen = view(&none, tool);
            assert_eq!((seen.found.as_str(), seen.missing), ("", missing));
            assert_eq!(start(&none, tool, keys()), None);
        }
    }

    #[test]
    fn a_terminal_runs_the_persons_own_login_program_with_the_keys() {
        let there = ["/usr/bin/konsole", "/usr/bin/env", "/usr/bin/fish"];
        let no_kubectl = world(&there, serde_json::json!({}));
        assert_eq!(
            view(&no_kubectl, Tool::Terminal).missing,
            [ToolPart::Kubectl]
        );
        assert_eq!(start(&no_kubectl, Tool::Terminal, keys()), None);
        let mut there = there.to_vec();
        there.push("/usr/bin/kubectl");
        let world = world(&there, serde_json::json!({}));
        assert!(view(&world, Tool::Terminal).missing.is_empty());
        let start = start(&world, Tool::Terminal, keys()).unwrap();
        assert_eq!(start.program, Path::new("/usr/bin/konsole"));
        assert_eq!(
            start.args,
            [
                "-e",
                "/usr/bin/env",
                "KUBECONFIG=/data/clusters/1/kubeconfig",
                "TALOSCONFIG=/data/clusters/1/talosconfig",
                "/usr/bin/fish",
            ]
        );
        assert_eq!(start.variables[0].0, "KUBECONFIG");
    }

    #[test]
    fn a_desktop_entry_is_started_as_it_says() {
        let entry = "[Desktop Entry]\nName=Headlamp\nExec=\"/opt/Head lamp/headlamp\" --no-sandbox %U\n\n[Desktop Action new]\nExec=evil\n";
        let world = world(
            &["/opt/Head lamp/headlamp"],
            serde_json::json!({"/home/ariadne/.local/share/applications/headlamp.desktop": entry}),
        );
        let start = start(&world, Tool::Headlamp, keys()).unwrap();
        assert_eq!(start.program, Path::new("/opt/Head lamp/headlamp"));
        assert_eq!(start.args, ["--no-sandbox"]);
        assert!(!view(&world, Tool::Headlamp).choose);
    }

    #[test]
    fn a_sandboxed_one_is_let_in_to_the_key_file_alone() {
        let world = world(
            &["/usr/bin/flatpak"],
            serde_json::json!({
                "/var/lib/flatpak/exports/share/applications/io.kinvolk.Headlamp.desktop": "",
            }),
        );
        let start = start(&world, Tool::Headlamp, keys()).unwrap();
        assert_eq!(start.program, Path::new("/usr/bin/flatpak"));
        assert_eq!(start.args[0], "run");
        assert!(
            start
                .args
                .contains(&"--filesystem=/data/clusters/1/kubeconfig:ro".to_owned())
        );
        assert_eq!(start.args.last().unwrap(), "io.kinvolk.Headlamp");
    }

    #[test]
    fn one_that_takes_no_key_file_says_so() {
        let world = world(&["/usr/bin/freelens"], serde_json::json!({}));
        let seen = view(&world, Tool::Freelens);
        assert_eq!(
            (seen.found.as_str(), seen.choose),
            ("/usr/bin/freelens", true)
        );
    }

    #[test]
    fn lines_that_only_a_shell_understands_start_nothing() {
        for line in [
            "sh -c 'rm -rf /'",
            "headlamp; rm -rf /",
            "headlamp $HOME",
            "\"headlamp",
            "",
        ] {
            let found = words(line);
            assert!(found.is_none_or(|words| words.is_empty()), "{line}");
        }
        assert_eq!(
            words("a \"b c\" d\\ e %U").unwrap(),
            ["a", "b c", "d e", "%U"]
        );
    }
}
