//! What every journal promises about who may change a run.

use deskcast::delivery::batch::BatchState::{Accepted, Unknown};
use deskcast::delivery::outcome::ChatId;
use deskcast::journal::RunState;

use super::stores::{Memory, Sqlite, Store};
use super::suite::{conformance, ready};
use super::*;

conformance! {
    a_run_has_one_living_owner,
    a_dead_owner_leaves_unknowns_to_the_next_one,
    a_claim_says_where_the_run_stands,
    a_run_that_failed_is_settled_and_not_sent,
    a_stale_fence_changes_nothing,
}

fn a_run_has_one_living_owner<S: Store>() {
    let (store, mut journal, first) = ready::<S>();
    let run = first.fence.run;
    let mut other = store.open();
    for purpose in [Purpose::Sending, Purpose::Settling] {
        for taker in [&mut other, &mut journal] {
            let refused = taker.claim(run, purpose, at(100));
            assert!(
                matches!(refused, Err(JournalError::Owned(_))),
                "{refused:?}"
            );
        }
    }
    assert_eq!(store.seen(run).unwrap().fence, 1);
    journal
        .release(first.fence, RunState::Stopped, "told to", at(101))
        .unwrap();
    assert_eq!(store.seen(run).unwrap().state, "stopped");
    let second = other.claim(run, Purpose::Settling, at(102)).unwrap();
    assert_eq!(second.fence.token, 2);
    assert_eq!(
        store.seen(run).unwrap().state,
        "stopped",
        "settling leaves it as it is"
    );
    other.unclaim(second.fence);
    assert_eq!(claim(&mut journal, run).fence.token, 3);
    assert_eq!(store.seen(run).unwrap().state, "sending");
}

fn a_dead_owner_leaves_unknowns_to_the_next_one<S: Store>() {
    for (purpose, state) in [
        (Purpose::Sending, "sending"),
        (Purpose::Settling, "stopped"),
    ] {
        let (store, mut journal, first) = ready::<S>();
        let run = first.fence.run;
        record(&mut journal, first.fence, vec![intent(1, 1), intent(2, 1)]).unwrap();
        record(
            &mut journal,
            first.fence,
            vec![outcome(2, 1, Conclusion::Accepted(ChatId(7)))],
        )
        .unwrap();
        drop(journal);
        let mut next = store.open();
        let taken = next.claim(run, purpose, at(200)).unwrap();
        assert_eq!((taken.recovered, taken.fence.token), (1, 2));
        let seen = store.seen(run).unwrap();
        assert_eq!(seen.state, state);
        assert_eq!(seen.states(), [(1, Unknown), (2, Accepted)]);
        assert_eq!(seen.batch(1).ended_at, Some(at(200).as_millisecond()));
        assert_eq!(next.planned(run, 0, 9, 9).unwrap(), []);
    }
}

fn a_claim_says_where_the_run_stands<S: Store>() {
    let (_store, mut journal, first) = ready::<S>();
    assert_eq!(
        (
            first.last_batch,
            first.proven,
            first.recovered,
            first.last_intent_at
        ),
        (2, false, 0, None)
    );
    let fence = first.fence;
    record(&mut journal, fence, vec![intent(1, 1), intent(2, 1)]).unwrap();
    let parts = vec![(3, vec![11, 12]), (4, vec![13, 14])];
    let outcomes = vec![
        outcome(1, 1, Conclusion::Split(words(), parts)),
        outcome(2, 1, Conclusion::Accepted(ChatId(7))),
    ];
    record(&mut journal, fence, outcomes).unwrap();
    journal
        .release(fence, RunState::Stopped, "", at(1))
        .unwrap();
    let second = claim(&mut journal, fence.run);
    assert_eq!(
        (second.last_batch, second.proven, second.recovered),
        (4, true, 0)
    );
    assert_eq!(second.last_intent_at, Some(intent(2, 1).at.wall));
    let missing = journal.claim(RunId(99), Purpose::Sending, at(1));
    assert!(
        matches!(missing, Err(JournalError::Store(_))),
        "{missing:?}"
    );
}

fn a_run_that_failed_is_settled_and_not_sent<S: Store>() {
    let (store, mut journal, claim) = ready::<S>();
    let run = claim.fence.run;
    journal
        .release(claim.fence, RunState::Failed, "", at(1))
        .unwrap();
    let before = store.seen(run);
    let refused = journal.claim(run, Purpose::Sending, at(2));
    assert!(matches!(refused, Err(JournalError::Failed)), "{refused:?}");
    assert_eq!(store.seen(run), before);
    journal.claim(run, Purpose::Settling, at(3)).unwrap();
    assert_eq!(store.seen(run).unwrap().state, "failed");
}

fn a_stale_fence_changes_nothing<S: Store>() {
    let (store, mut journal, claim) = ready::<S>();
    let run = claim.fence.run;
    let before = store.seen(run);
    let stale = Fence {
        run,
        token: claim.fence.token - 1,
    };
    let nobodys = Fence {
        run: RunId(99),
        token: 1,
    };
    for fence in [stale, nobodys] {
        let refused = record(&mut journal, fence, vec![intent(1, 1)]);
        assert!(matches!(refused, Err(JournalError::Fenced)), "{refused:?}");
        let refused = journal.resolve(fence, &[]);
        assert!(matches!(refused, Err(JournalError::Fenced)), "{refused:?}");
    }
    assert_eq!(store.seen(run), before);
    let refused = journal.release(stale, RunState::Finished, "", at(1));
    assert!(matches!(refused, Err(JournalError::Fenced)), "{refused:?}");
    assert_eq!(store.seen(run), before);
}
