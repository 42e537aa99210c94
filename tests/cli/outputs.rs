//! Where an answer cannot be written, the command says so and ends with 4, whichever it is; where
//! there is nobody to tell, its exit code still says how it ended. The commands are those of the
//! command line itself, so a new one that has no line here fails.

use std::collections::BTreeSet;
use std::fs::File;
use std::process::{Command, Stdio};

use clap::CommandFactory as _;
use deskcast::cli::Cli;
use deskcast::journal::StoreUrl;

use crate::archive::{Archive, Like};
use crate::stage::scene::Scene;
use crate::town::{Running, wait_until};

/// What each command prints: every form of it that has a way out of its own.
const PRINTS: &[(&str, &[&str])] = &[
    ("init", &["new-folder"]),
    (
        "run",
        &[
            "spring",
            "spring --json",
            "spring --dry-run",
            "spring --dry-run --json",
        ],
    ),
    ("check", &["", "spring --json"]),
    ("track", &["spring", "spring --json"]),
    ("reconcile", &["--json"]),
    ("pause", &["spring"]),
    ("resume", &["spring"]),
    ("launch", &["spring"]),
    ("cancel", &["later"]),
    ("approve", &["RUN --yes"]),
    (
        "report",
        &[
            "",
            "RUN",
            "--json",
            "--format csv",
            "--excel",
            "spring --customers",
            "spring --customers --json",
        ],
    ),
    ("show", &["spring", "spring --json"]),
    ("runs", &["", "--json", "--format csv"]),
    ("status", &["", "--json"]),
    ("why", &["1", "1 --json"]),
    ("store create", &[""]),
    ("store show", &[""]),
    ("store adopt", &["--by me --restored"]),
    (
        "desk chat create",
        &[
            "--message Hello --group vip --customer 7",
            "--message Hello --group vip --customer 7 --json",
            "--message Hello --group vip --customer 7 --dry-run",
        ],
    ),
    ("desk chat get", &["CHAT", "CHAT --json"]),
    ("desk messages", &["7", "7 --json", "7 --format csv"]),
    ("desk delete", &["7 MESSAGE", "7 MESSAGE --json"]),
    ("desk deletions", &["", "--json", "--format csv"]),
    ("desk customers", &["", "--json", "--format csv"]),
    ("desk groups", &["", "--json", "--format csv"]),
    ("desk agents", &["", "--json", "--format csv"]),
    (
        "transcripts",
        &[
            "--tickets tickets.csv --out all.jsonl",
            "--tickets tickets.csv --out all.jsonl --json",
        ],
    ),
    (
        "retract",
        &[
            "--tickets tickets.csv --text Hello",
            "--tickets tickets.csv --text Hello --json",
            "--tickets tickets.csv --text Hello --dry-run",
        ],
    ),
    ("sandbox", &["--port 0"]),
    ("completions", &["bash"]),
    ("help", &["", "run", "schedule", "desk chat create"]),
];

/// Those that print nothing on standard output, and why.
const SILENT: &[(&str, &str)] = &[("daemon", "it logs"), ("man", "it writes files")];

/// Every command that does something, in the words that are typed.
fn commands() -> Vec<String> {
    fn below(command: &clap::Command, words: &str, all: &mut Vec<String>) {
        for sub in command.get_subcommands() {
            let words = format!("{words} {}", sub.get_name());
            match sub.has_subcommands() {
                true => below(sub, &words, all),
                false => all.push(words.trim().to_owned()),
            }
        }
    }
    let mut all = Vec::new();
    below(&Cli::command(), "", &mut all);
    all
}

/// The commands with commands below them, too, and deskcast itself.
fn everything_with_help() -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for command in commands() {
        let words: Vec<&str> = command.split(' ').collect();
        all.extend((0..=words.len()).map(|through| words[..through].join(" ")));
    }
    all
}

fn full() -> File {
    File::options()
        .write(true)
        .open("/dev/full")
        .expect("it is there")
}

/// What a command comes to with its standard output on a full disk.
#[track_caller]
fn must_say_that_it_cannot_be_written(line: &str, place: &Place) {
    let mut command = place.command(line);
    let command = command.stdin(Stdio::null()).stdout(full());
    let ended = command.output().unwrap();
    let err = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(4), "{line} > /dev/full: {err}");
    let sentence = "deskcast: standard output cannot be written: No space left on device";
    assert!(err.contains(sentence), "{line} > /dev/full: {err}");
}

/// And with its standard error there as well.
#[track_caller]
fn must_end_with_4_although_nobody_can_be_told(line: &str, place: &Place) {
    let mut command = place.command(line);
    command.stdin(Stdio::null()).stdout(full()).stderr(full());
    let code = command.status().unwrap().code();
    assert_eq!(code, Some(4), "{line} > /dev/full 2> /dev/full");
}

/// A Desk with tickets, and a folder with what a command needs.
struct Place {
    archive: Archive,
    key: String,
    chat: String,
    message: u64,
    _daemon: Option<Running>,
}

impl Place {
    fn of(command: &str) -> Place {
        let archive = Archive::new(Like::default());
        let scene = &archive.scene;
        scene.campaign("spring", 1..=4, 2);
        scene.campaign("later", 1..=4, 2);
        let later = "\n[schedule]\nat = \"2099-01-05T09:00:00\"\ntimezone = \"UTC\"\n";
        let path = scene.path("campaigns/later.toml");
        let text = std::fs::read_to_string(&path).unwrap() + later;
        std::fs::write(path, text).unwrap();
        let (mut key, mut chat) = (String::new(), String::new());
        if command != "run" && command != "launch" {
            let sent = archive.run(&["run", "spring", "--json"]);
            key = sent.json()["run"].as_str().unwrap().to_owned();
            let rows = archive.run(&["report", "spring", "--customers"]).out;
            let first: Vec<&str> = rows.lines().nth(1).unwrap().split(',').collect();
            chat = first[4].to_owned();
        }
        let messages = archive.look("/tickets/7/chat_messages", "");
        let mut messages = messages["results"].as_array().unwrap().iter();
        // Desk deletes none of its own.
        let message = messages.find(|message| message["userType"] != "EVENT");
        let message = message.and_then(|message| message["id"].as_u64());
        let daemon = (command == "launch").then(|| {
            let mut daemon = scene.deskcast(&["daemon"]);
            daemon.env("DESKCAST__WEB__LISTEN", "off");
            let daemon = Running::start(daemon);
            let has_one = || {
                StoreUrl::of_file(scene.store())
                    .read()
                    .unwrap()
                    .has_daemon()
            };
            wait_until("the daemon is at work", has_one);
            daemon
        });
        Place {
            message: message.unwrap(),
            key,
            chat,
            _daemon: daemon,
            archive,
        }
    }

    fn command(&self, line: &str) -> Command {
        let line = line.replace("RUN", &self.key).replace("CHAT", &self.chat);
        let line = line.replace("MESSAGE", &self.message.to_string());
        let words: Vec<&str> = line.split_whitespace().collect();
        self.archive.scene.deskcast(&words)
    }
}

#[test]
fn every_command_is_here() {
    let printing = PRINTS.iter().map(|(command, _)| (*command).to_owned());
    let silent = SILENT.iter().map(|(command, _)| (*command).to_owned());
    let mut here: Vec<String> = printing.chain(silent).collect();
    let mut all = commands();
    here.sort();
    all.sort();
    assert_eq!(
        here, all,
        "a command without a line, or a line without a command"
    );
}

#[test]
fn an_answer_that_cannot_be_written_is_said_with_4_by_every_command() {
    for (command, forms) in PRINTS {
        for form in *forms {
            let line = format!("{command} {form}");
            must_say_that_it_cannot_be_written(&line, &Place::of(command));
        }
        // In a place of its own: the first has done its work, although nobody could be told.
        let line = format!("{command} {}", forms[0]);
        must_end_with_4_although_nobody_can_be_told(&line, &Place::of(command));
    }
}

#[test]
fn help_and_version_that_cannot_be_written_are_said_with_4() {
    let scene = Scene::new("http://127.0.0.1:9/platform/v1");
    for words in everything_with_help() {
        let flags: &[&str] = match words.as_str() {
            "" => &["--help", "-h", "--version", "-V"],
            _ => &["--help"],
        };
        for flag in flags {
            let line = format!("{words} {flag}");
            let words: Vec<&str> = line.split_whitespace().collect();
            let ended = scene.deskcast(&words).stdout(full()).output().unwrap();
            let err = String::from_utf8_lossy(&ended.stderr);
            assert_eq!(ended.status.code(), Some(4), "{line} > /dev/full: {err}");
            assert!(
                err.starts_with("deskcast: standard output cannot be written"),
                "{line}: {err}"
            );
        }
    }
}

#[test]
fn where_nobody_can_be_told_the_exit_code_is_that_of_the_command() {
    let place = Place::of("run");
    let code = |line: &str, out: Stdio, err: Stdio| {
        let mut command = place.command(line);
        command.stdin(Stdio::null()).stdout(out).stderr(err);
        command.status().unwrap().code()
    };
    for (line, expected) in [
        ("run nosuch", 2),
        ("runs --format nonsense", 2),
        ("launch spring", 4),
        ("run spring", 0),
        ("run spring", 0),
        ("report spring --customers", 0),
        ("track spring", 0),
        ("reconcile", 0),
        ("transcripts --tickets tickets.csv --out all.jsonl", 0),
        ("transcripts --tickets tickets.csv --out all.jsonl", 0),
        ("why nobody", 2),
    ] {
        let ended = code(line, Stdio::null(), full().into());
        assert_eq!(ended, Some(expected), "deskcast {line} 2> /dev/full");
    }
    // A shell can take it away altogether.
    let mut closed = place.archive.scene.command("sh");
    let binary = env!("CARGO_BIN_EXE_deskcast");
    closed.args(["-c", &format!("{binary} run nosuch 2>&-; test $? = 2")]);
    assert!(closed.status().unwrap().success());
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let place = Place::of("report");
    for line in [
        "runs",
        "report RUN",
        "report --format csv",
        "report spring --customers",
        "--help",
        "help run",
        "completions bash",
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ended = place
            .command(line)
            .stdin(Stdio::null())
            .stdout(writer)
            .output()
            .unwrap();
        let err = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(0), "deskcast {line}: {err}");
        assert!(!err.contains("cannot be written"), "deskcast {line}: {err}");
    }
}
