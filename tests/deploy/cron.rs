//! The cron line, typed by cron as it stands in the file.

use std::collections::BTreeMap;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::stage::desk::Desk;
use crate::stage::scene::{Ended, Scene, finish};
use crate::tool::text;

/// What cron reads: variables, and a line with its five fields, the user and the command.
struct Crontab {
    variables: BTreeMap<String, String>,
    fields: Vec<String>,
    user: String,
    command: String,
}

/// The file as it is once the line at its end is not commented out any more.
fn crontab() -> Crontab {
    let text = text("deploy/cron.d/deskcast");
    let active: Vec<&str> = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect();
    let variables = active.iter().map(|line| {
        let (name, value) = line.split_once('=').expect("only variables are active");
        (name.to_owned(), value.to_owned())
    });
    let line = text.lines().last().unwrap().strip_prefix('#').unwrap();
    let mut words = line.split_whitespace();
    let fields = words.by_ref().take(5).map(str::to_owned).collect();
    let user = words.next().unwrap().to_owned();
    let at = line.find(&format!(" {user} ")).unwrap() + user.len() + 2;
    Crontab {
        variables: variables.collect(),
        fields,
        user,
        command: line[at..].trim().to_owned(),
    }
}

/// Runs the command as cron does: with its shell, in the user's home, with what the file sets and
/// next to nothing else. Only the places differ: /etc/deskcast is the scene's, and what would go to
/// syslog is kept.
fn run_by_cron(scene: &Scene) -> String {
    let Crontab {
        variables,
        command,
        user,
        ..
    } = crontab();
    let here = scene.path("").display().to_string();
    let deskcast = Path::new(env!("CARGO_BIN_EXE_deskcast")).parent().unwrap();
    let path = format!("{here}bin:{}:{}", deskcast.display(), variables["PATH"]);
    let config = variables["DESKCAST_CONFIG"].replace("/etc/deskcast/", &here);
    let mut cron = Command::new(&variables["SHELL"]);
    cron.env_clear()
        .env("HOME", "/")
        .env("LOGNAME", user)
        .env("SHELL", &variables["SHELL"])
        .env("PATH", path)
        .env("DESKCAST_CONFIG", config)
        .current_dir("/")
        .args(["-c", &command]);
    let ended = finish(cron);
    // Whatever is printed here, cron would send by mail, every minute.
    let Ended { out, err, .. } = &ended;
    assert_eq!((out.as_str(), err.as_str()), ("", ""));
    let log = std::fs::read_to_string(scene.path("log")).unwrap();
    std::fs::remove_file(scene.path("log")).unwrap();
    log
}

/// The campaign `spring` to 500 customers, due a minute ago, with settings as the comment of the
/// file has them.
fn scene(desk: &Desk) -> Scene {
    let scene = Scene::new(&desk.base_url());
    scene.campaign("spring", 1..=500, 50);
    let due = Timestamp::now() - SignedDuration::from_mins(1);
    let due = due.strftime("%Y-%m-%dT%H:%M:%S");
    let definition = std::fs::read_to_string(scene.path("campaigns/spring.toml")).unwrap();
    let schedule = format!("[schedule]\nat = {due}\ntimezone = \"UTC\"\n");
    scene.write("campaigns/spring.toml", definition + &schedule);
    let store = scene.store().display().to_string();
    let campaigns = scene.path("campaigns").display().to_string();
    let settings = format!(
        "[desk]\nbase_url = \"{}\"\nagent_id = 41\napi_token_file = \"token\"\n\
         [limits]\nrequests_per_second = 2000\n\
         [store]\nurl = \"sqlite:{store}\"\n[campaigns]\nfolder = \"{campaigns}\"\n",
        desk.base_url()
    );
    scene.write("deskcast.toml", settings);
    scene.write("token", "sandbox\n");
    let log = scene.path("log").display().to_string();
    scene.write("bin/logger", format!("#!/bin/sh\ncat >>{log}\n"));
    for (path, mode) in [("token", 0o600), ("bin/logger", 0o755)] {
        std::fs::set_permissions(scene.path(path), Permissions::from_mode(mode)).unwrap();
    }
    scene
}

#[test]
fn the_line_is_commented_out_and_well_formed() {
    let crontab = crontab();
    assert_eq!(crontab.fields, ["*"; 5], "every minute");
    assert_eq!(crontab.user, "deskcast");
    assert!(!crontab.command.contains('%'), "cron cuts at it");
    let config = &crontab.variables["DESKCAST_CONFIG"];
    assert_eq!(config, "/etc/deskcast/deskcast.toml");
}

/// Desk refuses the token once: the run is stopped, and the next minute goes on with it. After that
/// nothing is due any more.
#[test]
fn cron_sends_the_due_run_goes_on_where_it_stopped_and_messages_nobody_twice() {
    let desk = Desk::start("401=@4", Duration::ZERO);
    let scene = scene(&desk);
    for said in [
        "  stopped after",
        "  finished after",
        "nothing of \"spring\" is due now",
    ] {
        let log = run_by_cron(&scene);
        assert!(log.contains(said), "{said}: {log}");
    }
    let messaged = desk.with(|stand_in| {
        let memory = stand_in.world().memory();
        (memory.customers(), memory.most())
    });
    assert_eq!(messaged, (500, 1), "customers, and most messages to one");
}
