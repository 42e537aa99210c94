//! What every journal promises about plans, intents and outcomes.

use deskcast::delivery::batch::BatchState::{Planned, Rejected, Sending, Split};
use deskcast::delivery::list::List;
use deskcast::delivery::outcome::ChatId;
use deskcast::delivery::reason::{Ground, Reason};

use super::stores::{Memory, Sqlite, Store};
use super::*;

/// Makes one test a journal of each of these functions.
macro_rules! conformance {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[test] fn $name() { super::$name::<super::Sqlite>(); })+
        }
        mod memory {
            $(#[test] fn $name() { super::$name::<super::Memory>(); })+
        }
    };
}
pub(super) use conformance;

conformance! {
    a_plan_is_there_whole_or_not_at_all,
    a_run_exists_once,
    a_plan_keeps_the_lists_that_it_leaves_out,
        a_run_begins_beside_an_unfinished_one_only_where_it_is_told_to,
        a_run_that_ended_by_a_clock_that_was_ahead_is_over,
    a_permit_comes_of_a_durable_intent_alone,
    a_change_that_does_not_fit_changes_nothing,
    one_runs_trouble_is_not_anothers,
    a_split_divides_a_batch_and_its_lines,
    a_split_that_loses_or_doubles_somebody_is_refused,
    planned_batches_come_in_pages,
    commits_are_ordered_by_ticks,
}

/// Two batches, four and two customers, claimed.
pub(super) fn ready<S: Store>() -> (S, S::Journal, Claim) {
    let store = S::new();
    let mut journal = store.open();
    let run = create(
        &mut journal,
        &new_run("spring", 0),
        &[&[11, 12, 13, 14], &[15, 16]],
    );
    let claim = claim(&mut journal, run.unwrap());
    (store, journal, claim)
}

fn a_plan_is_there_whole_or_not_at_all<S: Store>() {
    let store = S::new();
    let mut journal = store.open();
    let failed = journal.create_run::<JournalError>(&new_run("spring", 0), &mut |sink| {
        sink.batch(1, &[11, 12], &[2, 3])?;
        sink.left_out(&Ground::plain(Reason::Duplicate), &[11], &[4])?;
        Err(JournalError::Store("the file ended early".to_owned()))
    });
    assert!(matches!(failed, Err(JournalError::Store(why)) if why == "the file ended early"));
    assert_eq!(store.seen(RunId(1)), None);
    let run = create(&mut journal, &new_run("spring", 0), &[&[11, 12], &[13]]).unwrap();
    let seen = store.seen(run).unwrap();
    assert_eq!(
        (seen.state.as_str(), seen.listed, seen.fence),
        ("planned", 3, 0)
    );
    assert_eq!(seen.states(), [(1, Planned), (2, Planned)]);
    assert_eq!(
        (&seen.batch(1).customers, &seen.batch(1).lines),
        (&vec![11, 12], &vec![2, 3])
    );
}

fn a_plan_keeps_the_lists_that_it_leaves_out<S: Store>() {
    let store = S::new();
    let mut journal = store.open();
    let changed_at = at(0) + std::time::Duration::from_micros(1_500);
    let mut never = List::new("never.csv", 4, changed_at);
    (never.matched, never.left_out) = (3, 2);
    let left = List::new("left.csv", 0, changed_at);
    let run = journal.create_run::<JournalError>(&new_run("spring", 0), &mut |sink| {
        sink.batch(1, &[11, 12], &[2, 3])?;
        let lists = vec![never.clone(), left.clone()];
        Ok(PlanSummary {
            lists,
            ..summary(2, 1)
        })
    });
    let millis = changed_at.as_millisecond();
    let kept = [
        ("never.csv".to_owned(), 4, millis, 3, 2),
        ("left.csv".to_owned(), 0, millis, 0, 0),
    ];
    assert_eq!(store.seen(run.unwrap()).unwrap().lists, kept);
}

fn a_run_exists_once<S: Store>() {
    let store = S::new();
    let mut journal = store.open();
    let run = create(&mut journal, &new_run("spring", 0), &[&[11]]).unwrap();
    let mut fraction = new_run("spring", 0);
    fraction.key.due += std::time::Duration::from_micros(1);
    for again in [new_run("spring", 0), fraction] {
        let refused = create(&mut store.open(), &again, &[&[12]]);
        assert!(matches!(refused, Err(JournalError::Exists(key)) if key == again.key));
    }
    assert_eq!(store.seen(run).unwrap().batch(1).customers, [11]);
    let later = create(&mut journal, &new_run("spring", 1), &[&[11]]).unwrap();
    let other = create(&mut journal, &new_run("summer", 0), &[&[11]]).unwrap();
    assert!(run < later && later < other);
}

fn a_run_begins_beside_an_unfinished_one_only_where_it_is_told_to<S: Store>() {
    let store = S::new();
    let mut journal = store.open();
    let first = create(&mut journal, &new_run("spring", 0), &[&[11]]).unwrap();
    let alone = |minutes| NewRun {
        beside: false,
        created_at: at(minutes * 100),
        ..new_run("spring", minutes)
    };
    let refused = create(&mut store.open(), &alone(1), &[&[12]]);
    let key = new_run("spring", 0).key;
    assert!(matches!(refused, Err(JournalError::Unfinished(open)) if open == key));
    let summer = NewRun {
        beside: false,
        ..new_run("summer", 1)
    };
    create(&mut store.open(), &summer, &[&[12]]).unwrap();
    let claim = journal.claim(first, Purpose::Sending, at(2)).unwrap();
    journal
        .release(
            claim.fence,
            deskcast::journal::RunState::Finished,
            "",
            at(3),
        )
        .unwrap();
    create(&mut store.open(), &alone(4), &[&[12]]).unwrap();
}

/// The run began, was sent and ended by a clock that was ahead, and the clock is put right.
fn a_run_that_ended_by_a_clock_that_was_ahead_is_over<S: Store>() {
    let store = S::new();
    let mut journal = store.open();
    let alone = |due, created_at| NewRun {
        beside: false,
        created_at,
        ..new_run("spring", due)
    };
    let now = Timestamp::now();
    let ahead = now + Duration::from_secs(366 * 86_400);
    let run = create(&mut journal, &alone(0, ahead), &[&[11]]).unwrap();
    let claim = journal.claim(run, Purpose::Sending, ahead).unwrap();
    let refused = create(&mut store.open(), &alone(1, now), &[&[12]]);
    assert!(
        matches!(refused, Err(JournalError::Unfinished(_))),
        "it is still under way"
    );
    let ended = ahead + Duration::from_secs(1);
    let finished = deskcast::journal::RunState::Finished;
    journal.release(claim.fence, finished, "", ended).unwrap();
    create(&mut store.open(), &alone(1, now), &[&[12]]).unwrap();
    // One that asked before the other had ended still finds it.
    let before = now - Duration::from_secs(60);
    let claim = journal
        .claim(RunId(run.0 + 1), Purpose::Sending, before)
        .unwrap();
    journal.release(claim.fence, finished, "", now).unwrap();
    let refused = create(&mut store.open(), &alone(2, before), &[&[13]]);
    assert!(matches!(refused, Err(JournalError::Unfinished(_))));
}

fn a_permit_comes_of_a_durable_intent_alone<S: Store>() {
    let (store, mut journal, claim) = ready::<S>();
    let permits = record(&mut journal, claim.fence, vec![intent(2, 1), intent(1, 1)]).unwrap();
    let permits: Vec<_> = permits
        .iter()
        .map(|permit| (permit.run(), permit.batch(), permit.attempt()))
        .collect();
    let run = claim.fence.run;
    assert_eq!(permits, [(run, 2, 1), (run, 1, 1)]);
    let seen = store.seen(run).unwrap();
    assert_eq!(seen.states(), [(1, Sending), (2, Sending)]);
    assert_eq!(
        seen.batch(2).intended_at,
        Some(intent(2, 1).at.wall.as_millisecond())
    );
    let none = record(
        &mut journal,
        claim.fence,
        vec![outcome(1, 1, Conclusion::NotSent(words()))],
    )
    .unwrap();
    assert_eq!(none, []);
    assert_eq!(store.seen(run).unwrap().batch(1).state, Planned);
    assert_eq!(
        record(&mut journal, claim.fence, vec![intent(1, 2)])
            .unwrap()
            .len(),
        1
    );
}

fn a_change_that_does_not_fit_changes_nothing<S: Store>() {
    let accepted = |batch, attempt| outcome(batch, attempt, Conclusion::Accepted(ChatId(7)));
    let (store, mut journal, claim) = ready::<S>();
    record(&mut journal, claim.fence, vec![intent(1, 1)]).unwrap();
    let before = store.seen(claim.fence.run);
    let wrong = [
        intent(1, 1),
        intent(1, 2),
        intent(2, 0),
        intent(2, 2),
        intent(3, 1),
        accepted(1, 0),
        accepted(1, 2),
        accepted(2, 1),
        accepted(2, 0),
        accepted(3, 1),
        outcome(2, 1, Conclusion::Rejected(words())),
    ];
    for wrong in wrong {
        let batch = wrong.batch;
        let fits = (batch != 2).then(|| intent(2, 1));
        let entries = fits.into_iter().chain([wrong.clone()]).collect();
        let refused = record(&mut journal, claim.fence, entries);
        let is_it =
            matches!(refused, Err(JournalError::Forbidden { batch: of, .. }) if of == batch);
        assert!(is_it, "{wrong:?}: {refused:?}");
        assert_eq!(store.seen(claim.fence.run), before, "{wrong:?}");
    }
    for end in [
        Conclusion::Accepted(ChatId(7)),
        Conclusion::Unknown(words()),
    ] {
        let (store, mut journal, claim) = ready::<S>();
        record(&mut journal, claim.fence, vec![intent(1, 1)]).unwrap();
        record(&mut journal, claim.fence, vec![outcome(1, 1, end)]).unwrap();
        let before = store.seen(claim.fence.run);
        for wrong in [intent(1, 2), intent(1, 1), accepted(1, 1)] {
            let refused = record(&mut journal, claim.fence, vec![wrong.clone()]);
            assert!(
                matches!(refused, Err(JournalError::Forbidden { .. })),
                "{wrong:?}"
            );
        }
        assert_eq!(store.seen(claim.fence.run), before);
    }
}

fn one_runs_trouble_is_not_anothers<S: Store>() {
    let (store, mut journal, first) = ready::<S>();
    let run = create(&mut journal, &new_run("summer", 0), &[&[21]]).unwrap();
    let second = claim(&mut journal, run);
    let results = journal.record(&[
        (first.fence, vec![intent(1, 1), intent(1, 1)]),
        (second.fence, vec![intent(1, 1)]),
    ]);
    assert!(matches!(results[0], Err(JournalError::Forbidden { .. })));
    assert_eq!(results[1].as_ref().unwrap().len(), 1);
    assert_eq!(
        store.seen(first.fence.run).unwrap().states(),
        [(1, Planned), (2, Planned)]
    );
    assert_eq!(store.seen(run).unwrap().states(), [(1, Sending)]);
}

fn a_split_divides_a_batch_and_its_lines<S: Store>() {
    let (store, mut journal, claim) = ready::<S>();
    let (run, fence) = (claim.fence.run, claim.fence);
    record(&mut journal, fence, vec![intent(1, 1)]).unwrap();
    let parts = vec![(3, vec![13]), (4, vec![11, 12, 14])];
    let mut together = vec![outcome(1, 1, Conclusion::Split(words(), parts))];
    together.extend([
        intent(3, 1),
        outcome(3, 1, Conclusion::Rejected(words())),
        intent(4, 1),
    ]);
    assert_eq!(record(&mut journal, fence, together).unwrap().len(), 2);
    let seen = store.seen(run).unwrap();
    assert_eq!(
        seen.states(),
        [(1, Split), (2, Planned), (3, Rejected), (4, Sending)]
    );
    let part = |number| {
        let batch = seen.batch(number);
        (batch.parent, batch.customers.clone(), batch.lines.clone())
    };
    assert_eq!(part(3), (Some(1), vec![13], vec![4]));
    assert_eq!(part(4), (Some(1), vec![11, 12, 14], vec![2, 3, 5]));
}

fn a_split_that_loses_or_doubles_somebody_is_refused<S: Store>() {
    let (store, mut journal, claim) = ready::<S>();
    let (run, fence) = (claim.fence.run, claim.fence);
    record(&mut journal, fence, vec![intent(1, 1)]).unwrap();
    let before = store.seen(run);
    let wrong: [&[(u32, &[u64])]; 5] = [
        &[(3, &[11, 12]), (4, &[13])],
        &[(3, &[11, 12, 13]), (4, &[13, 14])],
        &[(3, &[11, 11]), (4, &[12, 13, 14])],
        &[(3, &[11, 12]), (4, &[13, 14, 15])],
        &[],
    ];
    for parts in wrong {
        let parts = parts
            .iter()
            .map(|(number, customers)| (*number, customers.to_vec()))
            .collect();
        let split = outcome(1, 1, Conclusion::Split(words(), parts));
        let refused = record(&mut journal, fence, vec![split]);
        assert!(
            matches!(refused, Err(JournalError::Forbidden { batch: 1, .. })),
            "{refused:?}"
        );
        assert_eq!(store.seen(run), before);
    }
    let taken = vec![(2, vec![11, 12]), (3, vec![13, 14])];
    let split = outcome(1, 1, Conclusion::Split(words(), taken));
    assert!(record(&mut journal, fence, vec![split]).is_err());
    assert_eq!(store.seen(run), before);
}

fn planned_batches_come_in_pages<S: Store>() {
    let store = S::new();
    let mut journal = store.open();
    let batches: Vec<Vec<u64>> = (1..=9).map(|n| vec![n * 10, n * 10 + 1]).collect();
    let batches: Vec<&[u64]> = batches.iter().map(Vec::as_slice).collect();
    let run = create(&mut journal, &new_run("spring", 0), &batches).unwrap();
    let fence = claim(&mut journal, run).fence;
    let entries = vec![
        intent(2, 1),
        intent(5, 1),
        outcome(5, 1, Conclusion::NotSent(words())),
    ];
    record(&mut journal, fence, entries).unwrap();
    let mut page = |after, up_to, most| -> Vec<(u32, u32)> {
        let works = journal.planned(run, after, up_to, most).unwrap();
        works
            .iter()
            .map(|work| (work.number, work.attempts))
            .collect()
    };
    assert_eq!(page(0, 9, 3), [(1, 0), (3, 0), (4, 0)]);
    assert_eq!(page(4, 9, 3), [(5, 1), (6, 0), (7, 0)]);
    assert_eq!(page(7, 8, 3), [(8, 0)]);
    assert_eq!(page(9, 9, 3), []);
    assert_eq!(page(0, 9, 0), []);
    let works = journal.planned(run, 4, 5, 9).unwrap();
    assert_eq!(works[0].customers, [50, 51]);
    assert_eq!(journal.planned(RunId(99), 0, 9, 9).unwrap(), []);
}

fn commits_are_ordered_by_ticks<S: Store>() {
    let (store, mut journal, claim) = ready::<S>();
    let (run, fence) = (claim.fence.run, claim.fence);
    let ticks = |number: u32| store.seen(run).unwrap().batch(number).ticks;
    assert_eq!(ticks(1), (None, None));
    record(&mut journal, fence, vec![intent(1, 1)]).unwrap();
    let (Some(first), None) = ticks(1) else {
        panic!("{:?}", ticks(1))
    };
    let end = outcome(1, 1, Conclusion::Accepted(ChatId(7)));
    record(&mut journal, fence, vec![end, intent(2, 1)]).unwrap();
    assert_eq!(ticks(1), (Some(first), Some(first + 1)));
    assert_eq!(
        ticks(2),
        (Some(first + 1), None),
        "one commit, one tick, whatever is in it"
    );
    record(
        &mut journal,
        fence,
        vec![outcome(2, 1, Conclusion::NotSent(words()))],
    )
    .unwrap();
    assert_eq!(ticks(2), (Some(first + 1), Some(first + 2)));
    record(&mut journal, fence, vec![intent(2, 2)]).unwrap();
    assert_eq!(
        ticks(2),
        (Some(first + 3), None),
        "another attempt has not ended"
    );
    let failed = record(&mut journal, fence, vec![intent(2, 2)]);
    assert!(failed.is_err());
    drop(journal);
    let mut next = store.open();
    super::claim(&mut next, run);
    assert_eq!(
        ticks(2),
        (Some(first + 3), Some(first + 4)),
        "a failed commit has no tick"
    );
}
