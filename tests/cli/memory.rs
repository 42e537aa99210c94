//! A store is made on purpose, and by nothing else: whoever has lost it is not taken for somebody who
//! has messaged nobody yet.

use deskcast::journal::StoreUrl;
use std::time::Duration;

use rusqlite::Connection;

use crate::stage::desk::Desk;
use crate::stage::scene::{Ended, Scene, finish};
use crate::town::{Town, remove_store};

/// Every file below the folder of a scene.
fn files(scene: &Scene) -> Vec<String> {
    let mut folders = vec![scene.path("")];
    let mut names = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            names.push(path.display().to_string());
            if path.is_dir() {
                folders.push(path);
            }
        }
    }
    names.sort();
    names
}

/// What was said, whatever the folder of the test is called.
fn said(scene: &Scene, ended: &Ended) -> String {
    let folder = scene.path("").display().to_string();
    let folder = folder.trim_end_matches('/');
    let real = scene.path("").canonicalize().unwrap();
    let text = format!("{}{}", ended.out, ended.err);
    text.replace(&real.display().to_string(), "[folder]")
        .replace(folder, "[folder]")
}

#[test]
fn without_a_store_nothing_that_needs_one_runs_and_nothing_is_left_behind() {
    let town = Town::new(8, 4, "");
    remove_store(&town.scene);
    let before = files(&town.scene);
    let commands: [&[&str]; 12] = [
        &["run", "spring"],
        &["run", "spring", "--json"],
        &["run", "spring", "--scheduled"],
        &["run", "nosuch"],
        &["daemon"],
        &["launch", "spring"],
        &["pause", "spring"],
        &["track"],
        &["reconcile"],
        &["report"],
        &["why", "7"],
        &["store", "show"],
    ];
    for command in commands {
        let ended = town.scene.run(command);
        assert_eq!(ended.code, Some(2), "{command:?}: {ended:?}");
        assert_eq!(ended.out, "", "{command:?}");
    }
    assert_eq!(town.desk.creates(), 0);
    assert_eq!(files(&town.scene), before);
    let ended = town.scene.run(&["run", "spring"]);
    insta::assert_snapshot!(said(&town.scene, &ended), @"
    deskcast: there is no store at [folder]/deskcast.db. The store knows who was messaged; without it nothing is sent.
    To make a new store: deskcast store create
    ");
    assert_eq!(town.scene.run(&["store", "create"]).code, Some(0));
    assert_eq!(town.scene.run(&["run", "spring"]).code, Some(0));
    town.must_have(8, 0, 0, 0);
}

#[test]
fn what_lies_near_is_named_and_how_to_use_it() {
    let town = Town::new(8, 4, "");
    assert_eq!(town.scene.run(&["run", "spring"]).code, Some(0));
    let settings = std::fs::read_to_string(town.scene.path("deskcast.toml")).unwrap();
    let elsewhere = "[store]\nurl = \"sqlite:data/deskcast.db\"\n";
    town.scene.write("deskcast.toml", settings + elsewhere);
    town.scene.write("data/.keep", "");
    let ended = town.scene.run(&["run", "spring"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    let said = said(&town.scene, &ended);
    let (before, after) = said.split_once(", due ").unwrap();
    let after = after.split_once('\n').unwrap().1;
    insta::assert_snapshot!(format!("{before}, due [time]\n{after}"), @r#"
    deskcast: there is no store at [folder]/data/deskcast.db. The store knows who was messaged; without it nothing is sent.
    A store is near: [folder]/deskcast.db, with 1 run, to this Desk, due [time]
    To use that one, set url = "sqlite:[folder]/deskcast.db" under [store], or move it here with all files beside it.
    To make a new store: deskcast store create
    "#);
    assert_eq!(town.messaged(), 8);
}

#[test]
fn the_same_settings_from_any_folder_use_one_store() {
    let town = Town::new(50, 10, "");
    assert_eq!(town.scene.run(&["run", "spring"]).code, Some(0));
    for folder in ["campaigns", "elsewhere"] {
        std::fs::create_dir_all(town.scene.path(folder)).unwrap();
        let campaign = "../campaigns/spring.toml";
        let mut command =
            town.scene
                .deskcast(&["--config", "../deskcast.toml", "run", campaign, "--json"]);
        command.current_dir(town.scene.path(folder));
        let ended = finish(command);
        assert_eq!(ended.json()["state"], "nobody", "{ended:?}");
        let mut command = town.scene.deskcast(&["run", "spring", "--json"]);
        command
            .current_dir(town.scene.path(folder))
            .env("DESKCAST_CONFIG", "../deskcast.toml");
        let ended = finish(command);
        assert_eq!(ended.json()["state"], "nobody", "{ended:?}");
        assert!(!town.scene.path(folder).join("deskcast.db").exists());
    }
    town.must_have(50, 0, 0, 0);
}

#[test]
fn which_store_is_in_use_is_said_where_another_one_is_in_the_working_directory() {
    let town = Town::new(8, 4, "");
    let settings = std::fs::read_to_string(town.scene.path("deskcast.toml")).unwrap();
    let elsewhere = "[store]\nurl = \"sqlite:data/deskcast.db\"\n";
    town.scene.write("deskcast.toml", settings + elsewhere);
    town.scene.write("data/.keep", "");
    assert_eq!(town.scene.run(&["store", "create"]).code, Some(0));
    for command in [&["run", "spring"][..], &["report"]] {
        let ended = town.scene.run(command);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let said = said(&town.scene, &ended);
        let doubt =
            "the store in use is [folder]/data/deskcast.db; [folder]/deskcast.db is another one";
        assert!(said.contains(doubt), "{said}");
    }
}

#[test]
fn a_dry_run_without_a_store_says_that_nobody_is_known() {
    let town = Town::new(8, 4, "");
    remove_store(&town.scene);
    let before = files(&town.scene);
    let ended = town.scene.run(&["run", "spring", "--dry-run"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let said = said(&town.scene, &ended);
    let warning =
        "Warning     no store at [folder]/deskcast.db: nobody is known as messaged before\n";
    assert!(said.contains(warning), "{said}");
    let first = "A run needs a store; make it first:\n  deskcast store create\n";
    assert!(said.contains(first), "{said}");
    let object = town
        .scene
        .run(&["run", "spring", "--dry-run", "--json"])
        .json();
    let note = object["note"].as_str().unwrap();
    assert!(note.contains("nobody is known as messaged"), "{note}");
    assert_eq!(files(&town.scene), before);
}

#[test]
fn a_store_that_is_gone_is_no_new_one_and_a_dry_run_says_the_same_as_the_run() {
    let town = Town::new(8, 4, "");
    assert_eq!(town.scene.run(&["run", "spring"]).code, Some(0));
    for empty in [false, true] {
        std::fs::remove_file(town.scene.store()).unwrap();
        if empty {
            town.scene.write("deskcast.db", "");
        }
        let ran = town.scene.run(&["run", "spring"]);
        let shown = town.scene.run(&["run", "spring", "--dry-run"]);
        assert_eq!((ran.code, ran.out.as_str()), (Some(4), ""), "{ran:?}");
        assert_eq!((shown.code, shown.err), (ran.code, ran.err.clone()));
        assert_eq!(shown.out, "");
        let made = town.scene.run(&["store", "create"]);
        assert!(made.code != Some(0), "{made:?}");
        let word = if empty { "it is empty" } else { "is gone" };
        assert!(ran.err.contains(word), "{ran:?}");
        town.scene.write("deskcast.db", "");
    }
    assert_eq!(town.messaged(), 8);
}

#[test]
fn a_store_is_made_once_and_only_for_its_owner() {
    use std::os::unix::fs::PermissionsExt as _;
    let town = Town::new(8, 4, "");
    remove_store(&town.scene);
    let made = town.scene.run(&["store", "create"]);
    insta::assert_snapshot!(said(&town.scene, &made), @"made the store [folder]/deskcast.db: nobody is known as messaged");
    for file in ["deskcast.db", "deskcast.db-tick"] {
        let mode = std::fs::metadata(town.scene.path(file))
            .unwrap()
            .permissions();
        assert_eq!(mode.mode() & 0o777, 0o600, "{file}");
    }
    let before = std::fs::read(town.scene.store()).unwrap();
    let again = town.scene.run(&["store", "create"]);
    assert_eq!(again.code, Some(0));
    insta::assert_snapshot!(said(&town.scene, &again), @"the store [folder]/deskcast.db is there already: nothing was changed");
    assert_eq!(std::fs::read(town.scene.store()).unwrap(), before);
}

#[test]
fn nothing_is_left_of_a_store_whose_making_was_killed() {
    let scene = Scene::new("http://127.0.0.1:9/platform/v1");
    remove_store(&scene);
    let mut made = false;
    for call in 1..400 {
        let mut command = crate::town::strace(&scene);
        let inject = format!(
            "inject=/^(pwrite64|write|fsync|fdatasync|link|linkat|rename.*|unlink)$:signal=KILL:when={call}"
        );
        command
            .args([
                "-f",
                "-qq",
                "-o",
                "/dev/null",
                "-e",
                "signal=none",
                "-e",
                &inject,
            ])
            .arg(env!("CARGO_BIN_EXE_deskcast"))
            .args(["store", "create"]);
        let killed = finish(command).code != Some(0);
        if scene.store().exists() {
            // Whenever it is there, it is whole.
            let shown = scene.run(&["store", "show"]);
            assert_eq!(shown.code, Some(0), "call {call}: {shown:?}");
            remove_store(&scene);
        }
        if !killed {
            made = true;
            break;
        }
        let ended = scene.run(&["store", "create"]);
        assert_eq!(ended.code, Some(0), "call {call}: {ended:?}");
        remove_store(&scene);
    }
    assert!(made, "it was never let through");
}

#[test]
fn init_makes_all_that_a_first_campaign_needs_and_overwrites_nothing() {
    let scene = Scene::new("http://127.0.0.1:9/platform/v1");
    std::fs::create_dir(scene.path("new")).unwrap();
    let here = |arguments: &[&str]| {
        let mut command = scene.deskcast(arguments);
        command.current_dir(scene.path("new"));
        finish(command)
    };
    let ended = here(&["init"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    insta::assert_snapshot!(said(&scene, &ended), @"
    made [folder]/new/deskcast.toml
    made [folder]/new/campaigns/example.toml
    made [folder]/new/campaigns/audiences/example.csv
    made [folder]/new/deskcast.db

    To practise, beside deskcast sandbox in a second terminal:
      (umask 077; echo sandbox > token)
      deskcast run example --dry-run
    For your Desk, edit deskcast.toml and put its token into the file token.
    ");
    let shown = here(&["run", "example", "--dry-run"]);
    assert_eq!((shown.code, shown.err.as_str()), (Some(0), ""), "{shown:?}");
    assert!(
        shown.out.contains("Planned     2   in 1 batch"),
        "{shown:?}"
    );
    let before = files(&scene);
    let again = here(&["init"]);
    assert_eq!((again.code, again.out.as_str()), (Some(2), ""), "{again:?}");
    assert!(
        again.err.contains("new/deskcast.toml is there already"),
        "{again:?}"
    );
    assert_eq!(files(&scene), before);
}

#[test]
fn a_store_that_others_close_keeps_its_log_for_those_who_have_it_open() {
    let desk = Desk::start("", Duration::ZERO);
    let scene = Scene::new(&desk.base_url());
    let journal = StoreUrl::of_file(scene.store()).open().unwrap();
    // A second one of the same process, as a daemon opens many.
    let second = StoreUrl::of_file(scene.store()).open().unwrap();
    drop(second);
    assert_eq!(
        scene.run(&["pause", "spring"]).code,
        Some(2),
        "no such campaign"
    );
    assert_eq!(scene.run(&["runs"]).code, Some(0));
    assert!(
        scene.path("deskcast.db-wal").exists(),
        "its log was taken away"
    );
    drop(journal);
    let connection = Connection::open(scene.store()).unwrap();
    let fine: String = connection
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(fine, "ok");
}
