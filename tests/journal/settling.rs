//! What every journal promises about unknown batches, known chats and readings.

use deskcast::delivery::batch::BatchState::{Abandoned, Accepted, Planned, Unknown};
use deskcast::delivery::outcome::ChatId;
use deskcast::delivery::tracking::Counts;
use deskcast::journal::orders::{NewOrder, Verb};
use deskcast::journal::{KnownChat, Reading, Resolution, RunState, Verdict};

use super::stores::{Memory, Sqlite, Store};
use super::suite::{conformance, ready};
use super::*;

conformance! {
    unknowns_come_with_their_evidence,
    every_resolution_leads_where_it_says,
    a_resolution_that_does_not_fit_resolves_nothing,
    known_chats_are_those_of_the_application,
    a_chat_that_was_found_has_no_tick_of_its_end,
    readings_are_kept_until_a_chat_is_settled,
    of_a_cancelled_run_nothing_is_to_be_sent_again,
}

fn verdict(batch: u32, attempt: u32, resolution: Resolution) -> Verdict {
    Verdict {
        batch,
        attempt,
        at: at(500),
        by: "deskcast".to_owned(),
        resolution,
        evidence: "chat 7 has its customers".to_owned(),
    }
}

/// Three batches of one run, all unknown.
fn three_unknown<S: Store>() -> (S, S::Journal, Claim) {
    let store = S::new();
    let mut journal = store.open();
    let new = new_run("spring", 0);
    let run = create(&mut journal, &new, &[&[11, 12], &[13], &[14]]).unwrap();
    let claim = claim(&mut journal, run);
    let entries = (1..=3)
        .flat_map(|n| [intent(n, 1), outcome(n, 1, Conclusion::Unknown(words()))])
        .collect();
    record(&mut journal, claim.fence, entries).unwrap();
    (store, journal, claim)
}

fn of_a_cancelled_run_nothing_is_to_be_sent_again<S: Store>() {
    let store = S::new();
    let mut journal = store.open();
    let new = NewRun {
        unknown: UnknownPolicy::ResendWhenAbsent,
        ..new_run("spring", 0)
    };
    let run = create(&mut journal, &new, &[&[11, 12]]).unwrap();
    for (state, allowed) in [
        (RunState::Stopped, UnknownPolicy::ResendWhenAbsent),
        (RunState::Cancelled, UnknownPolicy::Hold),
    ] {
        let fence = claim(&mut journal, run).fence;
        journal.release(fence, state, "", at(9)).unwrap();
        let settling = journal.claim(run, Purpose::Settling, at(10)).unwrap();
        assert_eq!(settling.unknown, allowed, "{state:?}");
        journal.unclaim(settling.fence);
    }
    let again = journal.claim(run, Purpose::Sending, at(11));
    assert!(
        matches!(again, Err(JournalError::Held("cancelled"))),
        "{again:?}"
    );
}

fn unknowns_come_with_their_evidence<S: Store>() {
    let (_store, mut journal, claim) = ready::<S>();
    let run = claim.fence.run;
    assert_eq!(journal.unknowns(run).unwrap(), []);
    record(&mut journal, claim.fence, vec![intent(2, 1)]).unwrap();
    let lost = outcome(2, 1, Conclusion::Unknown(words()));
    record(&mut journal, claim.fence, vec![lost.clone()]).unwrap();
    let unknowns = journal.unknowns(run).unwrap();
    let [unknown] = unknowns.as_slice() else {
        panic!("{unknowns:?}")
    };
    assert_eq!((unknown.run, unknown.batch, unknown.attempt), (run, 2, 1));
    assert_eq!(unknown.customers, [15, 16]);
    assert_eq!(
        (unknown.intended_at, unknown.ended_at),
        (intent(2, 1).at.wall, lost.at.wall)
    );
    let (kept, given) = (unknown.ended.unwrap(), lost.at.boot.unwrap());
    assert!(
        kept.is_later_by(Duration::ZERO, given),
        "an end is never kept as earlier than it was: {kept:?}"
    );
    assert_eq!(unknown.ended_tick, unknown.intent_tick + 1);
}

fn every_resolution_leads_where_it_says<S: Store>() {
    let (store, mut journal, claim) = three_unknown::<S>();
    let run = claim.fence.run;
    let verdicts = [
        verdict(1, 1, Resolution::Found(ChatId(70))),
        verdict(2, 1, Resolution::Abandoned),
        verdict(3, 1, Resolution::Unsettled),
    ];
    journal.resolve(claim.fence, &verdicts).unwrap();
    let seen = store.seen(run).unwrap();
    assert_eq!(seen.states(), [(1, Accepted), (2, Abandoned), (3, Unknown)]);
    assert_eq!(
        seen.verdicts,
        [
            (1, 1, "accepted".to_owned()),
            (2, 1, "abandoned".to_owned()),
            (3, 1, "unknown".to_owned())
        ]
    );
    let again = verdict(3, 1, Resolution::Resend);
    journal.resolve(claim.fence, &[again]).unwrap();
    assert_eq!(store.seen(run).unwrap().batch(3).state, Planned);
    let works = journal.planned(run, 0, 9, 9).unwrap();
    assert_eq!((works[0].number, works[0].attempts), (3, 1));
    record(&mut journal, claim.fence, vec![intent(3, 2)]).unwrap();
    assert_eq!(journal.unknowns(run).unwrap(), []);
}

fn a_resolution_that_does_not_fit_resolves_nothing<S: Store>() {
    let (store, mut journal, claim) = three_unknown::<S>();
    let run = claim.fence.run;
    let found = Resolution::Found(ChatId(70));
    journal
        .resolve(claim.fence, &[verdict(1, 1, found)])
        .unwrap();
    let before = store.seen(run);
    for (batch, attempt) in [(1, 1), (2, 2), (2, 0), (9, 1)] {
        for resolution in [found, Resolution::Abandoned, Resolution::Resend] {
            let verdicts = [
                verdict(3, 1, Resolution::Abandoned),
                verdict(batch, attempt, resolution),
            ];
            let refused = journal.resolve(claim.fence, &verdicts);
            assert!(
                matches!(refused, Err(JournalError::Forbidden { batch: of, .. }) if of == batch)
            );
            assert_eq!(store.seen(run), before);
        }
    }
}

fn known_chats_are_those_of_the_application<S: Store>() {
    let (_store, mut journal, first) = ready::<S>();
    let mut elsewhere = new_run("summer", 0);
    elsewhere.base_url = "https://other.test".to_owned();
    let elsewhere = create(&mut journal, &elsewhere, &[&[21]]).unwrap();
    let here = create(&mut journal, &new_run("autumn", 0), &[&[31]]).unwrap();
    let mut accept = |fence, batch, chat| {
        record(&mut journal, fence, vec![intent(batch, 1)]).unwrap();
        let end = outcome(batch, 1, Conclusion::Accepted(ChatId(chat)));
        record(&mut journal, fence, vec![end]).unwrap();
    };
    accept(first.fence, 2, 90);
    accept(first.fence, 1, 70);
    let (elsewhere, here) = (claim(&mut journal, elsewhere), claim(&mut journal, here));
    for (fence, chat) in [(elsewhere.fence, 60), (here.fence, 80)] {
        record(&mut journal, fence, vec![intent(1, 1)]).unwrap();
        let end = outcome(1, 1, Conclusion::Accepted(ChatId(chat)));
        record(&mut journal, fence, vec![end]).unwrap();
    }
    let known = journal.known_chats(first.fence.run).unwrap();
    let chats: Vec<u64> = known.iter().map(|known| known.chat.0).collect();
    assert_eq!(chats, [70, 80, 90]);
    assert!(
        known
            .iter()
            .all(|known| known.ended_tick == Some(known.intent_tick + 1))
    );
    assert_eq!(journal.known_chats(here.fence.run).unwrap(), known);
    assert_eq!(journal.known_chats(elsewhere.fence.run).unwrap().len(), 1);
    assert_eq!(journal.known_chats(RunId(99)).unwrap(), []);
}

fn a_chat_that_was_found_has_no_tick_of_its_end<S: Store>() {
    let (store, mut journal, claim) = three_unknown::<S>();
    let intent_tick = store.seen(claim.fence.run).unwrap().batch(1).ticks.0;
    let found = verdict(1, 1, Resolution::Found(ChatId(70)));
    journal.resolve(claim.fence, &[found]).unwrap();
    let known = journal.known_chats(claim.fence.run).unwrap();
    let (kept, given) = (known[0].intended.unwrap(), intent(1, 1).at.boot.unwrap());
    assert!(
        given.is_later_by(Duration::ZERO, kept),
        "an intent is never kept as later than it was: {kept:?}"
    );
    let expected = KnownChat {
        chat: ChatId(70),
        intent_tick: intent_tick.unwrap(),
        intended: known[0].intended,
        ended_tick: None,
    };
    assert_eq!(known, [expected]);
}

fn readings_are_kept_until_a_chat_is_settled<S: Store>() {
    let (store, mut journal, claim) = ready::<S>();
    let run = claim.fence.run;
    record(&mut journal, claim.fence, vec![intent(1, 1), intent(2, 1)]).unwrap();
    let accepted = outcome(1, 1, Conclusion::Accepted(ChatId(7)));
    record(&mut journal, claim.fence, vec![accepted.clone()]).unwrap();
    let tracked = journal.tracked(run).unwrap();
    assert_eq!(tracked.len(), 1, "a batch on its way is not tracked");
    assert_eq!(
        (tracked[0].batch, tracked[0].chat, tracked[0].customers),
        (1, ChatId(7), 4)
    );
    assert_eq!(
        (tracked[0].accepted_at, tracked[0].read_at),
        (accepted.at.wall, None)
    );
    let reading = |seconds, closed| Reading {
        batch: 1,
        at: at(seconds),
        figures: Counts {
            sent: 4,
            responded: 3,
            closed,
        }
        .into(),
        settled: closed == 4,
    };
    journal.keep_readings(run, &[reading(60, 2)], 3).unwrap();
    journal.keep_readings(run, &[reading(50, 1)], 1).unwrap();
    let tracked = journal.tracked(run).unwrap();
    assert_eq!(
        (tracked[0].read_at, tracked[0].counts.closed),
        (Some(at(60)), 2),
        "an older reading changes nothing"
    );
    journal.keep_readings(run, &[reading(70, 4)], 1).unwrap();
    assert_eq!(journal.tracked(run).unwrap(), []);
    assert_eq!(store.seen(run).unwrap().reads, 5);
}

#[test]
fn an_order_to_a_run_that_is_only_settled_is_kept_and_carried_out_when_it_is_given_up() {
    for (state, verb, after) in [
        (RunState::Paused, Verb::Resume, RunState::Stopped),
        (RunState::Stopped, Verb::Pause, RunState::Paused),
        (RunState::Paused, Verb::Cancel, RunState::Cancelled),
    ] {
        let store = Sqlite::new();
        let mut journal = store.open();
        let new = new_run("spring", 0);
        let run = create(&mut journal, &new, &[&[11, 12]]).unwrap();
        let fence = claim(&mut journal, run).fence;
        journal.release(fence, state, "", at(9)).unwrap();
        let settling = journal.claim(run, Purpose::Settling, at(10)).unwrap();
        let order = NewOrder {
            verb,
            at: at(11),
            by: "ana".to_owned(),
            why: String::new(),
        };
        let mut beside = store.open();
        beside.order_run(run, &new.key.campaign, &order).unwrap();
        assert!(
            !beside.obey_where_idle(run, at(12)).unwrap(),
            "it is settled"
        );
        journal.unclaim(settling.fence);
        assert!(journal.obey_where_idle(run, at(13)).unwrap());
        assert_eq!(store.seen(run).unwrap().state, after.as_str(), "{verb:?}");
    }
}
