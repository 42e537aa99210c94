//! First waves: what both journals say of one, that a wave that went wrong pauses its run by the same
//! commit, and that an approval is before or after the look at it whatever the clock says.

use deskcast::campaign::{Canary, Share, Then};
use deskcast::delivery::canary::{Judgement, Step, Wave};
use deskcast::delivery::outcome::ChatId;
use deskcast::journal::gate::GateBook;
use deskcast::journal::orders::{NewOrder, Verb};
use deskcast::journal::{StoreJournal, StoreUrl};

use super::stores::{Memory, Sqlite, Store};
use super::*;

const CANARY: Canary = Canary {
    customers: 4,
    hold: Duration::ZERO,
    max_rejected: Share::ALL,
    max_unknown: Share::ALL,
    min_responded: Share::ALL,
    then: Then::Ask,
};

fn judgement(passed: bool) -> Judgement {
    Judgement {
        passed,
        sentence: "it was looked at".to_owned(),
    }
}

/// A run of which the first wave, batches 1 and 2, is split, refused, lost and accepted.
fn wave_of<S: Store>(store: &S) -> (S::Journal, Fence) {
    let mut journal = store.open();
    let batches: [&[u64]; 3] = [&[1, 2, 3], &[4, 5], &[6, 7]];
    let run = create(&mut journal, &new_run("spring", 0), &batches).unwrap();
    let fence = claim(&mut journal, run).fence;
    let parts = vec![(4, vec![1]), (5, vec![2, 3])];
    for (batch, conclusion) in [
        (1, Conclusion::Split(words(), parts)),
        (4, Conclusion::Rejected(words())),
        (5, Conclusion::Unknown(words())),
        (2, Conclusion::Accepted(ChatId(9))),
    ] {
        record(&mut journal, fence, vec![intent(batch, 1)]).unwrap();
        record(&mut journal, fence, vec![outcome(batch, 1, conclusion)]).unwrap();
    }
    (journal, fence)
}

fn sqlite() -> (Sqlite, StoreJournal, Fence, GateBook) {
    let store = Sqlite::new();
    let (journal, fence) = wave_of(&store);
    let book = StoreUrl::of_file(&store.path).gate_book().unwrap();
    (store, journal, fence, book)
}

fn approve(journal: &mut StoreJournal, run: RunId, second: i64) {
    let order = NewOrder {
        verb: Verb::Approve,
        at: at(second),
        by: "mira".to_owned(),
        why: String::new(),
    };
    let campaign = CampaignName::new("spring").unwrap();
    journal.approve(run, &campaign, &order).unwrap();
}

fn step(wave: &Wave) -> Step {
    wave.step(&CANARY, false, at(0))
}

#[test]
fn both_journals_say_the_same_of_a_first_wave() {
    let (_store, _journal, fence, book) = sqlite();
    let (mut journal, _) = wave_of(&Memory::new());
    for now in [moment(200), Moment::from(at(200))] {
        let wave = book.wave(fence.run, 4, now).unwrap();
        assert_eq!(journal.wave(fence.run, 4, now).unwrap(), wave);
        assert_eq!((wave.accepted, wave.rejected, wave.unknown), (2, 1, 2));
    }
    let members = book.unjudged_wave(fence.run, 4, moment(200)).unwrap();
    assert_eq!(journal.unjudged_wave(fence.run, 4).unwrap(), members);
    let numbers: Vec<u32> = members.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, [1, 2, 4, 5]);
}

#[test]
fn who_comes_after_a_kill_does_not_send_what_a_wave_that_went_wrong_holds() {
    let (store, journal, fence, book) = sqlite();
    book.judge(fence, &judgement(false), at(200)).unwrap();
    // Killed before it could say that the run is paused.
    drop(journal);
    let again = store.open().claim(fence.run, Purpose::Sending, at(300));
    assert!(
        matches!(again, Err(JournalError::Held("paused"))),
        "{again:?}"
    );

    let disk = Memory::new();
    let (mut journal, fence) = wave_of(&disk);
    journal.judge(fence, false, "wrong", at(200)).unwrap();
    drop(journal);
    let again = disk.open().claim(fence.run, Purpose::Sending, at(300));
    assert!(
        matches!(again, Err(JournalError::Held("paused"))),
        "{again:?}"
    );
}

#[test]
fn an_approval_from_before_the_look_is_none_of_it_though_the_clock_was_ahead() {
    let (_store, mut journal, fence, book) = sqlite();
    approve(&mut journal, fence.run, 100_000);
    book.judge(fence, &judgement(true), at(200)).unwrap();
    assert_eq!(
        step(&book.wave(fence.run, 4, moment(201)).unwrap()),
        Step::Ask
    );

    let (mut journal, fence) = wave_of(&Memory::new());
    journal.approve(fence.run, at(100_000)).unwrap();
    journal.judge(fence, true, "", at(200)).unwrap();
    assert_eq!(
        step(&journal.wave(fence.run, 4, moment(201)).unwrap()),
        Step::Ask
    );
}

#[test]
fn an_approval_after_the_look_counts_though_the_clock_was_set_back() {
    let (_store, mut journal, fence, book) = sqlite();
    book.judge(fence, &judgement(true), at(100_000)).unwrap();
    approve(&mut journal, fence.run, 200);
    assert_eq!(
        step(&book.wave(fence.run, 4, moment(201)).unwrap()),
        Step::Go
    );

    let (mut journal, fence) = wave_of(&Memory::new());
    journal.judge(fence, true, "", at(100_000)).unwrap();
    journal.approve(fence.run, at(200)).unwrap();
    assert_eq!(
        step(&journal.wave(fence.run, 4, moment(201)).unwrap()),
        Step::Go
    );
}
