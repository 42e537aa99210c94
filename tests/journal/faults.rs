//! The journal in memory fails as it is told to, and in no other way.

use deskcast::delivery::batch::BatchState::{Planned, Sending, Unknown};
use deskcast::delivery::tally::Owner;
use deskcast::journal::memory::Fate;

use super::stores::{Memory, Store as _};
use super::suite::ready;
use super::*;

#[test]
fn a_failed_commit_is_durable_or_not_as_the_script_says() {
    let cases = [
        (Fate::Done, true, Sending, true),
        (Fate::NotDone, false, Planned, true),
        (Fate::AnswerLost, false, Sending, true),
        (Fate::KilledBefore, false, Planned, false),
        (Fate::KilledAfter, false, Sending, false),
    ];
    for (fate, told, state, lives) in cases {
        let (store, mut journal, claim) = ready::<Memory>();
        store.0.script([fate]);
        let recorded = record(&mut journal, claim.fence, vec![intent(1, 1)]);
        assert_eq!(recorded.is_ok(), told, "{fate:?}");
        let run = claim.fence.run;
        assert_eq!(store.seen(run).unwrap().batch(1).state, state, "{fate:?}");
        assert_eq!(store.0.is_alive(journal.process()), lives, "{fate:?}");
        let next = record(&mut journal, claim.fence, vec![intent(2, 1)]);
        assert_eq!(next.is_ok(), lives, "{fate:?}");
        assert_eq!(store.0.owner(run) == Owner::Alive, lives, "{fate:?}");
    }
}

#[test]
fn a_killed_process_can_do_nothing_and_owns_nothing() {
    let (store, mut journal, claim) = ready::<Memory>();
    let run = claim.fence.run;
    record(&mut journal, claim.fence, vec![intent(1, 1)]).unwrap();
    store.0.kill(journal.process());
    assert!(journal.planned(run, 0, 9, 9).is_err());
    assert!(journal.claim(run, Purpose::Sending, at(1)).is_err());
    assert!(create(&mut journal, &new_run("summer", 0), &[&[1]]).is_err());
    let mut next = store.open();
    assert_eq!(super::claim(&mut next, run).recovered, 1);
    drop(journal);
    assert_eq!(
        store.0.owner(run),
        Owner::Alive,
        "the dead one gives up nothing of the living"
    );
}

#[test]
fn two_owners_are_told_apart_by_their_fence() {
    let (store, mut journal, first) = ready::<Memory>();
    let run = first.fence.run;
    record(&mut journal, first.fence, vec![intent(1, 1)]).unwrap();
    store.0.forget_owner(run);
    let mut other = store.open();
    let second = claim(&mut other, run);
    assert_eq!(second.recovered, 1);
    let late = outcome(1, 1, Conclusion::Rejected(words()));
    for entry in [intent(2, 1), late] {
        let refused = record(&mut journal, first.fence, vec![entry]);
        assert!(matches!(refused, Err(JournalError::Fenced)));
    }
    assert_eq!(store.seen(run).unwrap().batch(1).state, Unknown);
    journal.unclaim(first.fence);
    assert_eq!(store.0.owner(run), Owner::Alive);
}

#[test]
fn a_plan_whose_commit_failed_is_not_there() {
    let store = Memory::new();
    store.0.script([Fate::NotDone, Fate::AnswerLost]);
    let mut journal = store.open();
    let new = new_run("spring", 0);
    assert!(create(&mut journal, &new, &[&[1]]).is_err());
    assert_eq!(store.seen(RunId(1)), None);
    assert!(create(&mut journal, &new, &[&[1]]).is_err());
    assert!(store.seen(RunId(1)).is_some());
    let again = create(&mut journal, &new, &[&[1]]);
    assert!(matches!(again, Err(JournalError::Exists(_))));
}

#[test]
fn a_read_fails_as_often_as_it_is_told_to() {
    let (store, mut journal, claim) = ready::<Memory>();
    store.0.fail_reads(1);
    assert!(journal.planned(claim.fence.run, 0, 9, 9).is_err());
    assert_eq!(journal.planned(claim.fence.run, 0, 9, 9).unwrap().len(), 2);
}
