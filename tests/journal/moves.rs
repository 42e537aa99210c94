//! What every journal promises about where a run stands once its sender, a rule or what was settled
//! moves it.

use deskcast::delivery::batch::BatchState::{Planned, Unknown};
use deskcast::journal::{Resolution, RunState, Verdict};

use super::stores::{Memory, Sqlite, Store};
use super::suite::{conformance, ready};
use super::*;

conformance! {
    a_run_of_which_all_is_sent_is_read,
    a_run_that_a_rule_paused_stays_so_however_its_sender_ends,
    a_run_whose_unknown_batches_are_planned_again_can_be_resumed,
    a_paused_run_stays_so_when_its_unknown_batches_are_planned_again,
}

/// A claim that was good before the newest.
fn older(fence: Fence) -> Fence {
    Fence {
        token: fence.token - 1,
        ..fence
    }
}

fn a_run_of_which_all_is_sent_is_read<S: Store>() {
    let (store, mut journal, Claim { fence, .. }) = ready::<S>();
    let refused = journal.all_sent(older(fence));
    assert!(matches!(refused, Err(JournalError::Fenced)), "{refused:?}");
    assert_eq!(store.seen(fence.run).unwrap().state, "sending");
    journal.all_sent(fence).unwrap();
    assert_eq!(store.seen(fence.run).unwrap().state, "reading");
    journal
        .release(fence, RunState::Finished, "", at(200))
        .unwrap();
    assert_eq!(store.seen(fence.run).unwrap().state, "finished");
    let refused = journal.all_sent(fence);
    assert!(
        matches!(refused, Err(JournalError::OutOfPlace(_))),
        "{refused:?}"
    );
}

fn a_run_that_a_rule_paused_stays_so_however_its_sender_ends<S: Store>() {
    let (store, mut journal, Claim { fence, .. }) = ready::<S>();
    let refused = journal.pause(older(fence), "the rule", at(150));
    assert!(matches!(refused, Err(JournalError::Fenced)), "{refused:?}");
    assert_eq!(store.seen(fence.run).unwrap().state, "sending");
    journal.pause(fence, "the rule", at(150)).unwrap();
    journal.pause(fence, "once more", at(151)).unwrap();
    let paused = ("paused".to_owned(), "the rule".to_owned());
    let stands = || {
        let seen = store.seen(fence.run).unwrap();
        (seen.state, seen.note)
    };
    assert_eq!(stands(), paused);
    journal
        .release(fence, RunState::Stopped, "it was told to stop", at(200))
        .unwrap();
    assert_eq!(stands(), paused);
    let again = store.open().claim(fence.run, Purpose::Sending, at(300));
    assert!(
        matches!(again, Err(JournalError::Held("paused"))),
        "{again:?}"
    );
}

/// A run that was left in this state with an unknown batch, which is planned again: how it stands then.
fn planned_again<S: Store>(left: RunState) -> (S, RunId) {
    let (store, mut journal, Claim { fence, .. }) = ready::<S>();
    let lost = outcome(1, 1, Conclusion::Unknown(words()));
    record(&mut journal, fence, vec![intent(1, 1), lost]).unwrap();
    journal.release(fence, left, "left", at(200)).unwrap();
    let settling = journal.claim(fence.run, Purpose::Settling, at(300));
    let settling = settling.unwrap().fence;
    assert_eq!(store.seen(fence.run).unwrap().batch(1).state, Unknown);
    let verdict = Verdict {
        batch: 1,
        attempt: 1,
        at: at(301),
        by: "anna".to_owned(),
        resolution: Resolution::Resend,
        evidence: String::new(),
    };
    journal.resolve(settling, &[verdict]).unwrap();
    let refused = S::reopen(&mut journal, older(settling), "planned again", at(302));
    assert!(matches!(refused, Err(JournalError::Fenced)), "{refused:?}");
    S::reopen(&mut journal, settling, "planned again", at(302)).unwrap();
    assert_eq!(store.seen(fence.run).unwrap().batch(1).state, Planned);
    (store, fence.run)
}

fn a_run_whose_unknown_batches_are_planned_again_can_be_resumed<S: Store>() {
    let (store, run) = planned_again::<S>(RunState::Finished);
    let seen = store.seen(run).unwrap();
    assert_eq!((&*seen.state, &*seen.note), ("stopped", "planned again"));
    claim(&mut store.open(), run);
}

fn a_paused_run_stays_so_when_its_unknown_batches_are_planned_again<S: Store>() {
    let (store, run) = planned_again::<S>(RunState::Paused);
    let seen = store.seen(run).unwrap();
    assert_eq!((&*seen.state, &*seen.note), ("paused", "left"));
    let again = store.open().claim(run, Purpose::Sending, at(400));
    assert!(
        matches!(again, Err(JournalError::Held("paused"))),
        "{again:?}"
    );
}
