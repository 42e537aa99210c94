//! Due times that a clock decided that was ahead, before and after it is put right.

use deskcast::delivery::ahead::{Look, STEADY_FOR};
use deskcast::journal::schedule::Unlaunched;
use deskcast::journal::{Launch, RunState, StoreJournal, StoreUrl};

use super::stores::{Sqlite, Store};
use super::*;

const HOUR: i64 = 3_600;

fn moment(seconds: i64) -> Moment {
    let since = Duration::from_secs(100_000 + seconds.unsigned_abs());
    Moment {
        wall: at(seconds),
        boot: Some(BootTime { boot: 1, since }),
    }
}

fn launch(journal: &mut StoreJournal, due: i64) -> Result<RunId, JournalError> {
    let launch = Launch {
        decided: Some(at(due)),
        ..Launch::default()
    };
    let new = NewRun {
        launch,
        ..new_run("spring", due)
    };
    create(journal, &new, &[&[11]])
}

fn record(journal: &mut StoreJournal, state: RunState, due: i64, decided: i64) -> usize {
    let fire = Unlaunched {
        due: at(due),
        state,
        why: "too late".to_owned(),
    };
    let name = new_run("spring", 0).key.campaign;
    let recorded = journal.decide(&name, vec![fire], at(decided), at(decided));
    recorded.unwrap().len()
}

#[test]
fn what_was_launched_or_skipped_by_a_clock_that_was_ahead_is_never_launched_again() {
    let store = Sqlite::new();
    let mut journal = store.open();
    let name = new_run("spring", 0).key.campaign;
    let decided = || {
        let reading = StoreUrl::of_file(&store.path).read().unwrap();
        reading.decided(&name).unwrap().unwrap()
    };
    // The clock is two hours ahead: one due time is missed, one skipped, one launched.
    record(&mut journal, RunState::Missed, HOUR, HOUR);
    record(&mut journal, RunState::Skipped, HOUR + 60, HOUR + 60);
    launch(&mut journal, 2 * HOUR).unwrap();
    let exists = |result| matches!(result, Err(JournalError::Exists(_)));
    assert!(exists(launch(&mut journal, HOUR)), "missed is missed");

    // It is put right, and goes on.
    let found = journal.settle_ahead(moment(0)).unwrap();
    assert!(matches!(found[0].look, Look::Wait { is_new: true, .. }));
    let found = journal.settle_ahead(moment(599)).unwrap();
    assert!(matches!(found[0].look, Look::Wait { is_new: false, .. }));
    assert!(exists(launch(&mut journal, HOUR)), "it is not believed yet");
    let steady = i64::try_from(STEADY_FOR.as_secs()).unwrap();
    let found = journal.settle_ahead(moment(steady)).unwrap();
    assert_eq!(found[0].look, Look::Back(at(0)));
    assert_eq!(decided().at(at(HOUR)), at(0));
    assert_eq!(journal.settle_ahead(moment(steady)).unwrap(), []);

    // What was missed comes after all; what was decided by itself stays decided.
    launch(&mut journal, HOUR).unwrap();
    assert!(exists(launch(&mut journal, HOUR)), "once");
    assert!(exists(launch(&mut journal, HOUR + 60)));
    assert!(exists(launch(&mut journal, 2 * HOUR)));

    // The clock goes forward again: what was decided there holds.
    assert_eq!(decided().at(at(2 * HOUR)), at(2 * HOUR));
    let again = record(&mut journal, RunState::Missed, 2 * HOUR, 2 * HOUR);
    assert_eq!(again, 0, "it has its run");
}
