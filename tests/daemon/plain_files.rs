//! Pipes, sockets and links that lead nowhere, where files should be.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::house::{EVERY_TWO_SECONDS, House};

fn make_pipe(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status();
    assert!(made.unwrap().success());
}

/// Files of every wrong kind among the campaigns; a socket lives as long as what is returned.
fn wrong_kinds(house: &House) -> UnixListener {
    let path = |name: &str| house.scene.path(&format!("campaigns/{name}"));
    make_pipe(&path("pipe.toml"));
    std::fs::create_dir(path("folder.toml")).unwrap();
    symlink("gone.toml", path("dangling.toml")).unwrap();
    symlink("/dev/zero", path("device.toml")).unwrap();
    make_pipe(&path("words.txt"));
    let text = "message_file = \"words.txt\"\ngroup = \"vip\"\ncustomers = \"spring.csv\"\n";
    house.replace("mute.toml", text);
    UnixListener::bind(path("socket.toml")).unwrap()
}

/// What is wrong with each.
const SAID: [(&str, &str); 6] = [
    ("pipe", "it is a named pipe, no plain file"),
    ("folder", "it is a directory, no plain file"),
    (
        "dangling",
        "it is a link to gone.toml, which does not exist",
    ),
    ("device", "it is a device, no plain file"),
    ("socket", "it is a socket, no plain file"),
    ("mute", "it is a named pipe, no plain file"),
];

#[test]
fn what_is_no_plain_file_is_named_and_costs_nobody_else_anything() {
    let house = House::new();
    house.campaign("spring", 3, EVERY_TWO_SECONDS);
    let _socket = wrong_kinds(&house);
    let daemon = house.daemon();
    house.wait_for_finished("spring", 1);
    daemon.signal("HUP");
    daemon.wait_until_it_says("reading definitions again");
    // Under way, too.
    make_pipe(&house.scene.path("campaigns/later.toml"));
    daemon.wait_until_it_says("campaign=later");
    let finished = house.states("spring").len();
    house.wait_for_finished("spring", finished + 1);
    let (status, log, took) = daemon.stop_and_tell();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(took < Duration::from_secs(5), "it took {took:?}");
    for (name, what) in SAID {
        let of = |line: &&str| line.contains(&format!("campaign={name} ")) && line.contains(what);
        assert_eq!(log.lines().filter(of).count(), 1, "{name}: {log}");
    }
    house.must_hold();
}

#[test]
fn a_check_names_each_of_them_and_its_kind() {
    let house = House::new();
    house.campaign("spring", 3, EVERY_TWO_SECONDS);
    let _socket = wrong_kinds(&house);
    let checked = house.run(&["check", "--json"]);
    assert_eq!(checked.code, Some(2), "{checked:?}");
    let checked = checked.json();
    for campaign in checked["campaigns"].as_array().unwrap() {
        let name = campaign["campaign"].as_str().unwrap();
        let mistakes = campaign["mistakes"].to_string();
        match SAID.iter().find(|(wrong, _)| *wrong == name) {
            Some((_, what)) => assert!(mistakes.contains(what), "{name}: {mistakes}"),
            None => assert_eq!((name, mistakes.as_str()), ("spring", "[]")),
        }
    }
    let dangling = house.run(&["run", "dangling"]);
    assert_eq!(dangling.code, Some(2), "{dangling:?}");
    assert!(
        dangling.err.contains("it is a link to gone.toml")
            && !dangling.err.contains("did you mean"),
        "{dangling:?}"
    );
    let list = house.scene.path("list.csv");
    make_pipe(&list);
    let settings = std::fs::read_to_string(house.scene.path("deskcast.toml")).unwrap();
    house.scene.write(
        "deskcast.toml",
        format!("{settings}[audience]\nsuppress = \"list.csv\"\n"),
    );
    let checked = house.run(&["check", "spring"]);
    assert_eq!(checked.code, Some(2), "{checked:?}");
    assert!(checked.out.contains("is no plain file"), "{checked:?}");
    let pipe = house.scene.path("settings.toml");
    make_pipe(&pipe);
    let checked = house.run(&["--config", pipe.to_str().unwrap(), "check"]);
    assert_eq!(checked.code, Some(2), "{checked:?}");
    assert!(checked.err.contains("it is a named pipe"), "{checked:?}");
}

/// A pipe in the place of the token stands in for a file on a disk that does not answer.
#[test]
fn a_daemon_whose_loop_a_file_holds_up_ends_in_time_when_it_is_told_to_stop() {
    let house = House::new();
    let token = house.scene.path("token");
    std::fs::write(&token, "sandbox").unwrap();
    std::fs::set_permissions(&token, std::fs::Permissions::from_mode(0o600)).unwrap();
    let daemon = house.start_daemon(|command| {
        command.env("DESKCAST__DESK__API_TOKEN_FILE", &token);
        command.env("DESKCAST__LIMITS__CONNECT_TIMEOUT", "500ms");
        command.env("DESKCAST__LIMITS__REQUEST_TIMEOUT", "1s");
    });
    daemon.wait_until_it_stands();
    std::fs::remove_file(&token).unwrap();
    make_pipe(&token);
    daemon.signal("HUP");
    std::thread::sleep(Duration::from_millis(500));
    let (status, log, took) = daemon.stop_and_tell();
    assert_eq!(status.code(), Some(4), "{log}");
    assert!(took < Duration::from_secs(15), "it took {took:?}");
    assert!(log.contains("something holds the end up"), "{log}");
}
