//! The runbook: what it tells people to type can be typed.

use std::process::Stdio;
use std::time::Duration;

use clap::Parser as _;
use deskcast::cli::Cli;

use crate::stage::desk::Desk;
use crate::stage::scene::Scene;
use crate::tool::{output, said, succeed, text, tool};

/// The lines of the code blocks.
fn commands() -> Vec<String> {
    let text = text("deploy/RUNBOOK.md");
    let blocks = text.split("```sh\n").skip(1);
    blocks
        .filter_map(|block| block.split("```").next())
        .flat_map(str::lines)
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_shell_understands_every_line() {
    for line in commands() {
        succeed(tool("sh").args(["-nc", &line]));
    }
    assert!(!output(tool("sh").args(["-nc", "if true"])).status.success());
}

/// The words that the shell makes of each command of deskcast, as it is typed.
#[test]
fn every_command_of_deskcast_is_one() {
    let typed: Vec<String> = commands()
        .into_iter()
        .filter(|line| line.starts_with("deskcast "))
        .collect();
    assert!(typed.len() >= 7, "{typed:?}");
    for line in typed {
        let run = "spring@2026-11-21T09:00:00Z";
        let meant = line.replace("RUN", run).replace(" N ", " 7 ");
        let meant = meant.replace("CHAT_ID", "1008").replace("NAME", "spring");
        let script = format!("deskcast() {{ printf '%s\\n' deskcast \"$@\" >&3; }}; {meant}");
        let mut shell = tool("sh");
        shell.args(["-c", &format!("exec 3>&1; {{ {script}\n}} >/dev/null")]);
        let words = said(&output(shell.stdin(Stdio::null())));
        let parsed = Cli::try_parse_from(words.lines());
        assert!(parsed.is_ok(), "{line}: {words}{:?}", parsed.err());
    }
}

/// The function that runs deskcast as its service does gives it what the unit gives it.
#[test]
fn the_first_line_agrees_with_the_unit() {
    let first = commands().remove(0);
    let unit = text("deploy/systemd/deskcast.service");
    for (key, value) in first
        .split(" -p ")
        .skip(1)
        .filter_map(|property| property.split(' ').next()?.split_once('='))
    {
        let of_unit = unit
            .lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
            .unwrap_or_else(|| panic!("the unit has no {key}"));
        assert_eq!(value, of_unit.replace("%S", "/var/lib"), "{key}");
    }
    assert!(first.contains("--config /etc/deskcast/deskcast.toml"));
    assert!(unit.contains("DESKCAST_CONFIG=/etc/deskcast/deskcast.toml"));
}

/// The backup is made and restored as the runbook says, save that the library takes the place of
/// the program sqlite3, which need not be there.
#[test]
fn a_store_that_is_restored_as_it_says_does_not_send_again_unasked() {
    let [backup, put_back] = ["VACUUM INTO", "mv deskcast.db"].map(|what| {
        let mut lines = commands().into_iter().filter(|line| line.contains(what));
        lines.next().unwrap()
    });
    let desk = Desk::start("401=@4", Duration::ZERO);
    let scene = Scene::new(&desk.base_url());
    scene.campaign("spring", 1..=100, 10);
    assert_eq!(scene.run(&["run", "spring"]).code, Some(4));

    let statement = backup.split('"').nth(1).unwrap();
    let copy = scene.path("backup.db").display().to_string();
    let store = rusqlite::Connection::open(scene.store()).unwrap();
    let statement = statement.replace("/backup/deskcast.db", &copy);
    store.execute_batch(&statement).unwrap();
    drop(store);
    assert_eq!(
        scene.run(&["run", "spring"]).code,
        Some(0),
        "after the backup"
    );

    let here = scene.path("").display().to_string();
    let put_back = put_back.replace("/var/lib/deskcast", &here);
    succeed(tool("sh").args(["-c", &put_back]));
    std::fs::copy(&copy, scene.store()).unwrap();
    let refused = scene.run(&["run", "spring"]);
    assert_eq!(refused.code, Some(4), "{refused:?}");
    assert!(refused.err.contains("the store was rolled back"));
    assert_eq!(scene.run(&["runs"]).code, Some(0), "it can be looked at");
    let messages = |desk: &Desk| desk.with(|stand_in| stand_in.world().memory().most());
    assert_eq!(messages(&desk), 1, "nobody was messaged twice");

    let adopt = commands()
        .into_iter()
        .find(|line| line.starts_with("deskcast store adopt"));
    let adopt = adopt.expect("what lets it send again");
    let words: Vec<&str> = adopt
        .split('"')
        .enumerate()
        .flat_map(|(place, text)| match place % 2 {
            0 => text.split_whitespace().collect(),
            _ => vec![text],
        })
        .skip(1)
        .collect();
    assert_eq!(scene.run(&words).code, Some(0));
    let went_on = scene.run(&["run", "spring"]);
    assert_eq!(went_on.code, Some(0), "all of it is found: {went_on:?}");
    assert_eq!(messages(&desk), 1, "and nobody is messaged twice");
}
