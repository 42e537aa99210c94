//! Processes that start in the same instant on a store that is new, or of an older deskcast.
//!
//! `STORE_ROUNDS=1000 cargo test --release --test cli together -- --nocapture` plays as many rounds
//! with 2, 4 and 8 processes each, of older versions together, and prints how many starts there were.

use std::process::{Child, Stdio};

use rusqlite::Connection;

use crate::stage::scene::Scene;
use crate::town::remove_store;

/// Rounds of each kind where nothing is said.
const ROUNDS: usize = 4;
const PROCESSES: [usize; 3] = [2, 4, 8];

fn rounds() -> usize {
    let said = std::env::var("STORE_ROUNDS").ok();
    said.map_or(ROUNDS, |text| text.parse().expect("a number of rounds"))
}

/// Starts the commands at once; returns what each said.
fn together(scene: &Scene, commands: &[&[&str]]) -> Vec<String> {
    let start = |arguments: &&[&str]| -> Child {
        let mut command = scene.deskcast(arguments);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    let children: Vec<Child> = commands.iter().map(start).collect();
    let ends = children
        .into_iter()
        .map(|child| child.wait_with_output().unwrap());
    ends.map(|output| {
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let wrong = String::from_utf8_lossy(&output.stderr);
        assert_eq!(
            (output.status.code(), wrong.as_ref()),
            (Some(0), ""),
            "{said}"
        );
        said
    })
    .collect()
}

/// So many rounds with each number of processes, each after `prepare`.
fn play(
    what: &str,
    rounds: usize,
    prepare: impl Fn(&Scene),
    commands: impl Fn(usize) -> Vec<&'static [&'static str]>,
    check: impl Fn(&[String]),
) {
    let mut starts = 0;
    for processes in PROCESSES {
        let scene = Scene::new("http://127.0.0.1:9/platform/v1");
        for _ in 0..rounds {
            remove_store(&scene);
            prepare(&scene);
            check(&together(&scene, &commands(processes)));
            starts += processes;
            let shown = scene.run(&["store", "show"]);
            assert_eq!(shown.code, Some(0), "{shown:?}");
        }
    }
    println!(
        "{what}: {} rounds, {starts} starts, none failed",
        rounds * PROCESSES.len()
    );
}

#[test]
fn whoever_makes_a_store_together_makes_one() {
    play(
        "a new store",
        rounds(),
        |_| {},
        |processes| vec![&["store", "create"]; processes],
        |said| {
            let made = said
                .iter()
                .filter(|said| said.starts_with("made the store"));
            assert_eq!(made.count(), 1, "{said:?}");
        },
    );
}

/// A store as the first deskcast with this many migrations left it.
fn of_version(scene: &Scene, version: usize) {
    const STEPS: [&str; 11] = [
        include_str!("../../src/journal/sqlite/schema/runs.sql"),
        include_str!("../../src/journal/sqlite/schema/orders.sql"),
        include_str!("../../src/journal/sqlite/schema/pace.sql"),
        include_str!("../../src/journal/sqlite/schema/audience.sql"),
        include_str!("../../src/journal/sqlite/schema/messages.sql"),
        include_str!("../../src/journal/sqlite/schema/approval.sql"),
        include_str!("../../src/journal/sqlite/schema/lookups.sql"),
        include_str!("../../src/journal/sqlite/schema/variants.sql"),
        include_str!("../../src/journal/sqlite/schema/boot_clock.sql"),
        include_str!("../../src/journal/sqlite/schema/place.sql"),
        include_str!("../../src/journal/sqlite/schema/clock.sql"),
    ];
    let store = Connection::open(scene.store()).unwrap();
    // Older ones were in this mode as well; the first of all may have been left before that.
    if version.is_multiple_of(2) {
        store.pragma_update(None, "journal_mode", "wal").unwrap();
    }
    for step in &STEPS[..version] {
        store.execute_batch(step).unwrap();
    }
    store
        .pragma_update(None, "user_version", version as i64)
        .unwrap();
    store
        .pragma_update(None, "application_id", 0x6465_736b)
        .unwrap();
}

#[test]
fn whoever_opens_an_older_store_together_finds_it_brought_up_to_date() {
    const VERSIONS: usize = 11;
    for version in 1..=VERSIONS {
        play(
            &format!("a store of version {version}"),
            rounds().div_ceil(VERSIONS),
            |scene| of_version(scene, version),
            |processes| {
                let kinds: [&[&str]; 3] = [&["runs"], &["store", "create"], &["report"]];
                kinds.into_iter().cycle().take(processes).collect()
            },
            |_| {},
        );
    }
}
