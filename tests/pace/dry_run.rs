//! What a dry run says of all this, and what a sandbox of its own makes of it.

use crate::{desk, people, town};

/// Everything that can hold a run back.
const EVERYTHING: &str = "[pace]\nrequests_per_second = 0.5\ncustomers_per_hour = 100\ncustomers_per_day = 1000\n\
                          max_open = { open = 20, of = \"group\", answers_within = \"30m\" }\n\
                          [canary]\ncustomers = 25\nhold = \"10m\"\nmax_rejected = 0.02\nthen = \"ask\"\n\
                          [approval]\nrequired = true\n[abort]\nbatches = 3\nshare = 0.25";

#[test]
fn a_dry_run_shows_all_of_it_and_how_long_it_takes() {
    let town = town(desk(people(0, 0), ""), 250, EVERYTHING);
    let ended = town.scene.run(&["run", "spring", "--dry-run"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let shown = ended.out.split("\nApproval").nth(1).unwrap();
    let shown = shown.split("\nEnds").next().unwrap();
    insta::assert_snapshot!(format!("Approval{shown}"));
    let object = town
        .scene
        .run(&["run", "spring", "--dry-run", "--json"])
        .json();
    // Three hours of a hundred, of which the last is not waited for, and the hold.
    assert_eq!(object["duration_seconds"], 7_800.0);
    assert_eq!(
        object["batches"]["planned"], 26,
        "the first wave ends a batch"
    );
    let test = ["run", "spring", "--dry-run", "--json", "--to", "1,2"];
    let object = town.scene.run(&test).json();
    assert_eq!(
        (&object["test"], &object["duration_seconds"]),
        (&true.into(), &0.0.into())
    );
}

#[test]
fn in_a_sandbox_of_its_own_nobody_waits_for_hours_or_is_asked() {
    let lines = EVERYTHING.replace("requests_per_second = 0.5", "");
    let town = town(
        desk(people(0, 0), ""),
        60,
        &lines.replace("open = 20", "open = 60"),
    );
    let ended = town
        .scene
        .run(&["run", "spring", "--sandbox", "--json", "--follow=1ms"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.json()["customers"]["accepted"], 60);
}
