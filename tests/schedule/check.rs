//! What a check shows of campaigns whose files are right and wrong, at a moment of its own.

use std::path::Path;

use deskcast::campaign::Zone;
use deskcast::report::check::{json, text};
use deskcast::service::check::{Checked, Defaults, campaigns, check};
use tempfile::TempDir;

use crate::at;

const LEAST: &str = "message = \"Hi.\"\ngroup = \"vip\"\nagent_id = 41\ncustomers = \"a.csv\"\n";

/// A folder with a customer file and these campaigns.
fn folder(campaigns: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |file: &str, text: &str| {
        std::fs::write(folder.path().join(file), text).expect("written");
    };
    write("a.csv", "customer_id\n7\n");
    for (name, text) in campaigns {
        write(&format!("{name}.toml"), text);
    }
    folder
}

fn look(folder: &TempDir, zone: Option<&Zone>) -> Vec<Checked> {
    let defaults = Defaults {
        folder: folder.path(),
        agent_id: None,
        zone,
        suppress: &[],
        house: deskcast::campaign::House::default(),
        styled: false,
        strict: false,
        longest: None,
        rows: None,
    };
    let names = campaigns(folder.path()).expect("a folder");
    let mut checked: Vec<Checked> = names.iter().map(|name| check(name, &defaults)).collect();
    // When a file was changed is another time each time.
    checked.iter_mut().for_each(|one| one.read.clear());
    checked
}

/// The text without the folder's name, which is another one each time.
fn shown(folder: &TempDir, zone: Option<&Zone>, now: &str) -> String {
    let text = text(&look(folder, zone), None, at(now));
    for line in text.lines() {
        assert!(
            line.contains(path(folder.path())) || line.chars().count() <= 80,
            "{line}"
        );
    }
    text.replace(path(folder.path()), "campaigns")
}

fn path(folder: &Path) -> &str {
    folder.to_str().expect("text")
}

#[test]
fn the_next_due_times_are_shown_with_what_clocks_do_to_them() {
    let with = |lines: &str| format!("{LEAST}{lines}");
    let spring = with(
        "[schedule]\ncron = \"30 2 * * *\"\ntimezone = \"America/New_York\"\njitter = \"10m\"\n\
         [window]\nfrom = \"09:00\"\nto = \"20:00\"\ndays = [\"mon\", \"tue\", \"wed\", \"thu\", \"fri\"]\n\
         except = [\"2026-12-25\"]\n",
    );
    let both = with(
        "[schedule]\ncron = \"30 1 * * *\"\ntimezone = \"Europe/London\"\ndst_fold = \"both\"\n\
         [window]\nfinish_by = \"2026-10-30T12:00\"\n",
    );
    let dates = with(
        "[schedule]\nat = [\"2026-12-01T09:00\", \"2027-01-01T09:00:30\"]\n\
         [window]\nfrom = \"20:00\"\nto = \"06:00\"\n",
    );
    let hand = with("");
    let folder = folder(&[
        ("spring", &spring),
        ("both", &both),
        ("dates", &dates),
        ("hand", &hand),
    ]);
    let berlin = Zone::parse("Europe/Berlin").expect("a zone");
    insta::assert_snapshot!(shown(&folder, Some(&berlin), "2026-03-06T18:00:00Z"));
    insta::assert_snapshot!(shown(&folder, Some(&berlin), "2026-10-24T12:00:00Z"));
    insta::assert_snapshot!(shown(&folder, Some(&berlin), "2027-01-02T12:00:00Z"));
    let json = json(
        &look(&folder, Some(&berlin)),
        Some(&[]),
        at("2026-03-06T18:00:00Z"),
    );
    let pretty: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    insta::assert_snapshot!(serde_json::to_string_pretty(&pretty).expect("JSON"));
}
