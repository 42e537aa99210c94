//! The cron line, typed by cron as it stands in the file.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

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
/// next to nothing else. Only the places differ: /etc/deskcast is the scene's.
fn run_by_cron(scene: &Scene) -> Ended {
    let Crontab {
        variables,
        command,
        user,
        ..
    } = crontab();
    let here = scene.path("").display().to_string();
    let bin = std::path::Path::new(env!("CARGO_BIN_EXE_deskcast")).parent();
    let path = format!("{}:{}", bin.unwrap().display(), variables["PATH"]);
    let config = variables["DESKCAST_CONFIG"].replace("/etc/deskcast/", &here);
    // A minute's sleep would make the test no better.
    let command = command.replace("sleep 60", "sleep 0.2");
    let mut cron = Command::new(&variables["SHELL"]);
    cron.env_clear()
        .env("HOME", "/")
        .env("LOGNAME", user)
        .env("SHELL", &variables["SHELL"])
        .env("PATH", path)
        .env("DESKCAST_CONFIG", config)
        .current_dir("/")
        .args(["-c", &command]);
    finish(cron)
}

/// The campaign `spring` to 500 customers, with settings as the comment of the file has them.
fn scene(desk: &Desk) -> Scene {
    let scene = Scene::new(&desk.base_url());
    scene.campaign("spring", 1..=500, 50);
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
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(scene.path("token"), private).unwrap();
    scene
}

#[test]
fn the_line_is_commented_out_and_well_formed() {
    let crontab = crontab();
    assert_eq!(crontab.fields, ["0", "9", "*", "*", "1-5"]);
    assert_eq!(crontab.user, "deskcast");
    assert!(!crontab.command.contains('%'), "cron cuts at it");
    assert_eq!(
        crontab.variables["DESKCAST_CONFIG"],
        "/etc/deskcast/deskcast.toml"
    );
}

#[test]
fn cron_sends_the_campaign_once() {
    let desk = Desk::start("", Duration::ZERO);
    let scene = scene(&desk);
    let ended = run_by_cron(&scene);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.out.contains("spring@") && ended.out.contains("finished"));
    assert_eq!(desk.creates(), 10);
    assert_eq!(
        desk.with(|stand_in| stand_in.world().memory().customers()),
        500
    );
}

/// Desk refuses the token once: the run is stopped, and the line goes on with it, and ends when it
/// is finished.
#[test]
fn cron_goes_on_with_a_run_that_was_stopped_and_messages_nobody_twice() {
    let desk = Desk::start("401=@4", Duration::ZERO);
    let scene = scene(&desk);
    let ended = run_by_cron(&scene);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let ends: Vec<&str> = ended
        .out
        .lines()
        .filter(|line| line.starts_with("spring@"))
        .map(|line| line.split_whitespace().nth(1).unwrap())
        .collect();
    assert_eq!(ends, ["stopped", "finished"], "{ended:?}");
    let messaged = desk.with(|stand_in| {
        let memory = stand_in.world().memory();
        (memory.customers(), memory.most())
    });
    assert_eq!(messaged, (500, 1), "customers, and most messages to one");
}
