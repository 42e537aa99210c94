//! What was due and never became a run, in everything that is printed.

use crate::house::House;
use crate::town::wait_until;

/// Two due times that were over before anybody knew the campaign.
const OVER: &str = "at = [\"2026-01-01T09:00\", \"2026-01-02T09:00\"]\ntimezone = \"UTC\"\n";
const KEY: &str = "spring@2026-01-02T09:00:00Z";

#[test]
fn a_run_that_was_missed_is_shown_as_that_and_nothing_can_be_done_with_it() {
    let house = House::new();
    house.campaign("spring", 3, OVER);
    let daemon = house.daemon();
    wait_until("both are decided", || house.runs().len() == 2);
    daemon.stop();
    let mut shown = String::new();
    for arguments in [
        &["runs"] as &[&str],
        &["runs", "--format", "csv"],
        &["runs", "--json"],
        &["report"],
        &["report", KEY],
        &["report", "--format", "csv"],
        &["report", "--json"],
        &["report", "--customers", KEY],
        &["why", "1"],
        &["track", KEY],
        &["reconcile", KEY],
        &["pause", KEY],
        &["resume", KEY],
        &["cancel", KEY],
        &["cancel", "spring"],
    ] {
        let ended = house.run(arguments);
        let code = ended.code.unwrap();
        shown.push_str(&format!(
            "$ deskcast {}\n{}{}[{code}]\n\n",
            arguments.join(" "),
            ended.out,
            ended.err
        ));
    }
    for run in house.runs() {
        let at = jiff::Timestamp::from_millisecond(run.created_at).unwrap();
        shown = shown
            .replace(&format!("{at}"), "[recorded]")
            .replace(&format!("{at:.3}"), "[recorded]");
    }
    insta::assert_snapshot!(shown);
}
