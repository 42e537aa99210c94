//! Copies: what tells one, and what adopting one makes of every batch, in both journals alike.

use deskcast::delivery::batch::BatchState::{Accepted, Planned, Rejected, Split, Unknown};
use deskcast::delivery::outcome::ChatId;
use deskcast::journal::RunState;
use deskcast::journal::store::NewAdoption;

use super::stores::{Memory, SeenRun, Sqlite, Store};
use super::*;

/// A run of which something is in every state, and one that is finished; nobody has them.
fn some_of_everything<S: Store>(store: &S) -> (RunId, RunId) {
    let mut journal = store.open();
    let batches: [&[u64]; 6] = [&[1, 2], &[3], &[4], &[5], &[6], &[7]];
    let open = create(&mut journal, &new_run("spring", 0), &batches).unwrap();
    let fence = claim(&mut journal, open).fence;
    let parts = vec![(7, vec![1]), (8, vec![2])];
    for (batch, conclusion) in [
        (1, Some(Conclusion::Split(words(), parts))),
        (2, Some(Conclusion::Accepted(ChatId(9)))),
        (3, Some(Conclusion::Rejected(words()))),
        (4, Some(Conclusion::Unknown(words()))),
        (5, Some(Conclusion::NotSent(words()))),
        (6, None),
    ] {
        record(&mut journal, fence, vec![intent(batch, 1)]).unwrap();
        let end = conclusion.map(|it| outcome(batch, 1, it));
        record(&mut journal, fence, end.into_iter().collect()).unwrap();
    }
    let over = create(&mut journal, &new_run("summer", 0), &[&[8]]).unwrap();
    let fence = claim(&mut journal, over).fence;
    let lost = outcome(1, 1, Conclusion::Unknown(words()));
    record(&mut journal, fence, vec![intent(1, 1), lost]).unwrap();
    journal
        .release(fence, RunState::Finished, "", at(150))
        .unwrap();
    (open, over)
}

/// Both runs as they stand after the store was adopted, in either journal.
fn adopted(nothing_since: bool) -> [(SeenRun, SeenRun); 2] {
    let sqlite = Sqlite::new();
    let (open, over) = some_of_everything(&sqlite);
    let new = NewAdoption {
        at: at(200),
        by: "mira".to_owned(),
        why: String::new(),
        nothing_since,
    };
    sqlite.open().adopt_store(&new).unwrap();
    let memory = Memory::new();
    some_of_everything(&memory);
    let mut journal = memory.open();
    journal.adopt_store(at(200), nothing_since).unwrap();
    let seen = |run| (sqlite.seen(run).unwrap(), memory.seen(run).unwrap());
    [seen(open), seen(over)]
}

#[test]
fn what_is_not_ended_is_unknown_after_an_adoption_and_never_proved_absent() {
    let [(open, as_open), (over, as_over)] = adopted(false);
    assert_eq!((&open, &over), (&as_open, &as_over), "both journals agree");
    let states = [
        Split, Accepted, Rejected, Unknown, Unknown, Unknown, Unknown, Unknown,
    ];
    let states: Vec<_> = (1..).zip(states).collect();
    assert_eq!(open.states(), states);
    assert_eq!(over.states(), [(1, Unknown)]);
    let unknown = open.batches.iter().chain(&over.batches);
    for batch in unknown.filter(|batch| batch.state == Unknown) {
        // Nothing comes after it, so that no chat is ever one that was made later.
        assert_eq!(batch.ticks.1, Some(i64::MAX.unsigned_abs()), "{batch:?}");
    }
    assert_eq!(open.batch(5).attempt, 2, "the other copy's attempt");
}

#[test]
fn who_says_that_nothing_was_sent_since_goes_on_as_it_was() {
    let [(open, as_open), _] = adopted(true);
    assert_eq!(open, as_open, "both journals agree");
    assert_eq!(
        (open.batch(5).state, open.batch(7).state),
        (Planned, Planned)
    );
}

#[test]
fn a_copy_and_what_was_put_back_are_refused_until_they_are_adopted() {
    let memory = Memory::new();
    let (open, _) = some_of_everything(&memory);
    let disk = &memory.0;
    let claimed = |of: &Memory| of.open().claim(open, Purpose::Sending, at(300)).is_ok();
    let earlier = disk.copied(|_| {});
    assert!(claimed(&Memory(disk.put_back(&earlier))), "nothing is lost");
    assert!(claimed(&memory), "the original");
    let copies = [
        disk.copied(|place| place.inode += 1),
        disk.copied(|place| place.secret = None),
        disk.copied(|place| place.machine = Some("another".to_owned())),
        disk.put_back(&earlier),
    ];
    for copy in copies.map(Memory) {
        assert!(!claimed(&copy), "{:?}", copy.0.differences());
        assert!(create(&mut copy.open(), &new_run("autumn", 0), &[&[9]]).is_err());
        copy.open().adopt_store(at(400), false).unwrap();
        assert!(claimed(&copy), "{:?}", copy.0.differences());
        // A copy of that one is a copy again, and so is the one that was.
        let again = Memory(copy.0.copied(|place| place.inode += 1));
        assert!(!claimed(&again));
    }
}
