//! Limits and holds are measured by the boot clock: a wall clock that is set frees none of them.

use deskcast::delivery::outcome::ChatId;
use deskcast::journal::StoreUrl;

use super::stores::{Sqlite, Store as _};
use super::*;

const HOUR: i64 = 3600;
const DAY: Duration = Duration::from_secs(24 * 3600);

/// The wall clock and the boot clock at these seconds.
fn clocks(wall: i64, boot: i64) -> Moment {
    Moment {
        wall: at(wall),
        ..moment(boot)
    }
}

/// A run with one batch of three, accepted at second 11 of both clocks.
fn accepted() -> (Sqlite, RunId) {
    let store = Sqlite::new();
    let mut journal = store.open();
    let run = create(&mut journal, &new_run("spring", 0), &[&[11, 12, 13]]).unwrap();
    let fence = claim(&mut journal, run).fence;
    record(&mut journal, fence, vec![intent(1, 1)]).unwrap();
    let accepted = outcome(1, 1, Conclusion::Accepted(ChatId(7)));
    record(&mut journal, fence, vec![accepted]).unwrap();
    (store, run)
}

/// How many seconds ago the customers were messaged, as a limit sees it.
fn ages(store: &Sqlite, now: Moment) -> Vec<i64> {
    let book = StoreUrl::of_file(&store.path).gate_book().unwrap();
    let campaign = CampaignName::new("spring").unwrap();
    let messaged = book.messaged(&campaign, DAY, now).unwrap();
    let age = |at: Timestamp| now.wall.duration_since(at).as_secs();
    messaged.iter().map(|one| age(one.at)).collect()
}

#[test]
fn a_wall_clock_that_is_set_frees_no_limit_and_fills_none() {
    let (store, _) = accepted();
    for set in [0, HOUR, -HOUR, 400 * 24 * HOUR] {
        assert_eq!(ages(&store, clocks(71 + set, 71)), [59], "set by {set} s");
    }
    let a_day_later = 24 * HOUR + 20;
    assert!(ages(&store, clocks(71, a_day_later)).is_empty());
}

#[test]
fn across_boots_a_limit_goes_by_the_wall_clock() {
    let (store, _) = accepted();
    let unknown_boot = Moment::from(at(71));
    assert_eq!(ages(&store, unknown_boot), [60]);
}

#[test]
fn a_wall_clock_that_is_set_ends_no_hold_of_a_first_wave() {
    let (store, run) = accepted();
    let book = StoreUrl::of_file(&store.path).gate_book().unwrap();
    for set in [0, HOUR, -HOUR] {
        let now = clocks(71 + set, 71);
        let ended_at = book.wave(run, 1, now).unwrap().ended_at.unwrap();
        let age = now.wall.duration_since(ended_at);
        assert_eq!(age.as_secs(), 59, "set by {set} s");
    }
}
