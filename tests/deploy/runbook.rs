//! The runbook: what it tells people to type can be typed.

use std::process::Stdio;

use clap::Parser as _;
use deskcast::cli::Cli;

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
