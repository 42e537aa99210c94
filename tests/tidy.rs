//! The shape of the house, held: which room may use which, what only one room may name, and how
//! long a file may be. How long a function may be is clippy's `too_many_lines`.

#![expect(clippy::expect_used, reason = "a test may panic")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Lines of a file, tests in it included.
const LONGEST_FILE: usize = 500;

/// Uses that break the order of rooms and are still there: (file, room). An entry that is not
/// needed any more fails the test, so that this list only shrinks.
const DEBTS: &[(&str, &str)] = &[
    ("src/report/check.rs", "service"),
    ("src/report/dry_run.rs", "service"),
    ("src/report/jobs.rs", "service"),
    ("src/report/json.rs", "service"),
    ("src/report/shown.rs", "service"),
    ("src/report/retraction/mod.rs", "service"),
    ("src/report/retraction/preview.rs", "service"),
];

/// Files that are longer and wait for their turn, with the lines that they may have: a list that only
/// shrinks, too.
const LONG: &[(&str, usize)] = &[
    ("src/service/daemon/mod.rs", 512),
    ("tests/campaign/audience.rs", 536),
];

/// Rooms for people and machines that read. They take values and the journal's reading side, and
/// never a loop.
const READERS: &[(&str, &[&str])] = &[
    ("report", &["service", "web"]),
    // What the pages for machines show of the loops is handed to them as one value.
    ("web", &["report"]),
];

/// What only these rooms may name: a piece of text, the rooms, and why.
const OWNED: &[(&str, &[&str], &str)] = &[
    (
        "reqwest::",
        &["desk"],
        "only the client of Desk makes requests",
    ),
    (
        "rust_xlsxwriter::",
        &["report"],
        "workbooks are written in one place",
    ),
    ("axum::", &["web"], "only the pages are served by it"),
    (
        "croner::",
        &["campaign"],
        "cron expressions are read in one place",
    ),
];

/// What is made of a database, behind the journal's door.
const BACKEND: &str = "src/journal/sqlite/";
/// What knows where stores are: in files, some of them.
const ADDRESS: &str = "src/journal/address.rs";
/// What nobody sees who asks something of a journal.
const TYPES_INSIDE: &[&str] = &["Path", "rusqlite", "Connection", "Row<"];

/// The ways out of the process, and the files that know them: an answer that cannot be written is
/// dealt with in one place.
const WAYS_OUT: &[(&str, &[&str])] = &[
    ("io::stdout()", &["src/cli/output.rs"]),
    ("io::stderr()", &["src/cli/output.rs", "src/telemetry.rs"]),
];

/// Rooms that decide and never act: no file, no clock, no runtime.
const PURE: &[&str] = &["campaign", "delivery"];
const IMPURE: &[&str] = &[
    "std::fs::",
    "std::net::",
    "std::env::",
    "Timestamp::now",
    "Zoned::now",
    "SystemTime::now",
    "Instant::now",
    "tokio::",
];

/// A source file: its path from the project's folder, its room, and its code without comments.
struct Source {
    path: String,
    room: String,
    code: Vec<(usize, String)>,
}

#[test]
fn a_room_uses_only_those_before_it_in_the_map() {
    let order = rooms_in_the_map();
    let floor = |room: &str| {
        order
            .iter()
            .position(|rooms| rooms.iter().any(|r| r == room))
    };
    let mut debts: BTreeSet<(&str, &str)> = DEBTS.iter().copied().collect();
    let mut faults = Vec::new();
    for source in sources() {
        let Some(own) = floor(&source.room) else {
            continue;
        };
        let forbidden = READERS
            .iter()
            .find(|(reader, _)| *reader == source.room)
            .map_or(&[][..], |(_, rooms)| rooms);
        for (line, code) in &source.code {
            for used in rooms_named(code) {
                let above = floor(used).is_none_or(|other| other > own);
                if !above && !forbidden.contains(&used) {
                    continue;
                }
                let known = DEBTS
                    .iter()
                    .find(|(path, room)| *path == source.path && *room == used);
                match known {
                    Some(debt) => {
                        debts.remove(debt);
                    }
                    None => faults.push(format!(
                        "{}:{line}: {} may not use {used}",
                        source.path, source.room
                    )),
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(debts.is_empty(), "paid, so take it off the list: {debts:?}");
}

#[test]
fn every_room_is_in_the_map() {
    let known: BTreeSet<String> = rooms_in_the_map().into_iter().flatten().collect();
    let rooms: BTreeSet<String> = sources()
        .into_iter()
        .map(|source| source.room)
        .filter(|room| room != "lib" && room != "main")
        .collect();
    assert_eq!(known, rooms);
}

#[test]
fn what_has_an_owner_is_named_by_the_owner_alone() {
    let mut faults = Vec::new();
    for source in sources() {
        for (line, code) in &source.code {
            for (text, owners, why) in OWNED {
                if code.contains(text) && !owners.contains(&source.room.as_str()) {
                    faults.push(format!("{}:{line}: `{text}`: {why}", source.path));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn no_room_but_the_journal_names_a_database() {
    let mut faults = Vec::new();
    for source in sources() {
        let is_door = source.room == "journal";
        let is_backend = source.path.starts_with(BACKEND);
        for (line, code) in &source.code {
            // What is said to people may name it.
            let lower: String = code.split('"').step_by(2).collect();
            let lower = lower.to_lowercase();
            if lower.contains("rusqlite") && !is_backend || lower.contains("sqlite") && !is_door {
                faults.push(format!("{}:{line}: {}", source.path, code.trim()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let door = fs::read_to_string("src/journal/mod.rs").expect("the door");
    let module = door.lines().find(|line| line.ends_with("mod sqlite;"));
    assert_eq!(module, Some("mod sqlite;"), "it is private");
}

/// What is asked of a store is asked of any: neither a file nor a type of a database is in it.
#[test]
fn what_the_journal_offers_names_no_file_and_no_database() {
    let mut faults = Vec::new();
    for source in sources().iter().filter(|it| it.room == "journal") {
        for (line, signature) in public_signatures(source) {
            let is_address = source.path == ADDRESS;
            let named = TYPES_INSIDE.iter().filter(|of| signature.contains(**of));
            for of in named.filter(|of| !(is_address && of.contains("Path"))) {
                faults.push(format!("{}:{line}: `{of}` in {signature}", source.path));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Functions and fields that other rooms can use, each with the line that it begins in.
fn public_signatures(source: &Source) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut lines = source.code.iter();
    while let Some((at, line)) = lines.next() {
        let mut signature = line.trim().to_owned();
        if !signature.starts_with("pub ") {
            continue;
        }
        while signature.contains(" fn ") && !signature.ends_with(['{', ';']) {
            let Some((_, more)) = lines.next() else { break };
            signature = format!("{signature} {}", more.trim());
        }
        found.push((*at, signature));
    }
    found
}

#[test]
fn what_is_printed_leaves_by_one_file() {
    let mut faults = Vec::new();
    for source in sources() {
        for (line, code) in &source.code {
            for (text, files) in WAYS_OUT {
                if code.contains(text) && !files.contains(&source.path.as_str()) {
                    faults.push(format!("{}:{line}: `{text}`", source.path));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn rooms_that_decide_touch_nothing() {
    let mut faults = Vec::new();
    for source in sources() {
        if !PURE.contains(&source.room.as_str()) {
            continue;
        }
        for (line, code) in &source.code {
            for text in IMPURE.iter().filter(|text| code.contains(**text)) {
                faults.push(format!("{}:{line}: `{text}`", source.path));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn no_file_is_a_corridor() {
    let mut long = Vec::new();
    for path in rust_files(Path::new("src"))
        .into_iter()
        .chain(rust_files(Path::new("tests")))
    {
        let lines = fs::read_to_string(&path)
            .expect("a source file")
            .lines()
            .count();
        let known = LONG.iter().find(|(name, _)| path == Path::new(name));
        assert!(
            known.is_none() || lines > LONGEST_FILE,
            "{} is short enough: take it off the list",
            path.display()
        );
        if lines > known.map_or(LONGEST_FILE, |(_, most)| *most) {
            long.push(format!("{}: {lines} lines", path.display()));
        }
    }
    assert!(
        long.is_empty(),
        "longer than {LONGEST_FILE} lines:\n{}",
        long.join("\n")
    );
}

/// The rooms of the table in `src/lib.rs`, one entry a row.
fn rooms_in_the_map() -> Vec<Vec<String>> {
    let map = fs::read_to_string("src/lib.rs").expect("the map");
    map.lines()
        .filter_map(|line| line.strip_prefix("//! | [`"))
        .filter_map(|row| row.split(" | ").next())
        .map(|cell| {
            cell.split(['`', '[', ']', ',', ' '])
                .filter(|word| !word.is_empty())
                .map(str::to_owned)
                .collect()
        })
        .collect()
}

/// The rooms that a line of code takes something from.
fn rooms_named(code: &str) -> impl Iterator<Item = &str> {
    assert!(
        !code.contains("crate::{"),
        "one room a line, so that it can be read: {code}"
    );
    code.split("crate::").skip(1).filter_map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_lowercase() && c != '_')?;
        // A name that is followed by no path is an item of the crate itself.
        rest[end..].starts_with("::").then(|| &rest[..end])
    })
}

fn sources() -> Vec<Source> {
    rust_files(Path::new("src"))
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).expect("a source file");
            let below = path.strip_prefix("src").expect("below src");
            let room = below.iter().next().expect("a name").to_string_lossy();
            let code = text
                .lines()
                .enumerate()
                .filter(|(_, line)| !line.trim_start().starts_with("//"))
                .map(|(at, line)| (at + 1, line.to_owned()))
                .collect();
            Source {
                room: room.trim_end_matches(".rs").to_owned(),
                path: path.to_string_lossy().into_owned(),
                code,
            }
        })
        .collect()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}
