//! What every journal promises about first waves: what is said of one, that a wave that went wrong
//! pauses its run by the same commit, and that an approval is before or after the look at it whatever
//! the clock says.

use deskcast::campaign::{Canary, Share, Then};
use deskcast::delivery::batch::BatchState;
use deskcast::delivery::canary::{Judgement, Step, Wave};
use deskcast::delivery::outcome::ChatId;
use deskcast::delivery::tracking::Counts;
use deskcast::journal::gate::GateBook;
use deskcast::journal::memory::MemoryJournal;
use deskcast::journal::orders::{NewOrder, Verb};
use deskcast::journal::{Reading, StoreJournal, StoreUrl};

use super::stores::{Memory, Sqlite, Store};
use super::suite::conformance;
use super::*;

conformance! {
    a_first_wave_is_summed_up_with_its_parts,
    who_comes_after_a_kill_does_not_send_what_a_wave_that_went_wrong_holds,
    an_approval_from_before_the_look_is_none_of_it_though_the_clock_was_ahead,
    an_approval_after_the_look_counts_though_the_clock_was_set_back,
}

/// What a journal is asked of a first wave.
trait Waves: Store {
    fn wave(&self, journal: &mut Self::Journal, run: RunId, now: Moment) -> Wave;
    fn unjudged(&self, journal: &mut Self::Journal, run: RunId) -> Vec<(u32, BatchState)>;
    fn judge(&self, journal: &mut Self::Journal, fence: Fence, passed: bool, seconds: i64);
    fn approve(journal: &mut Self::Journal, run: RunId, seconds: i64);
}

impl Sqlite {
    fn book(&self) -> GateBook {
        StoreUrl::of_file(&self.path).gate_book().unwrap()
    }
}

impl Waves for Sqlite {
    fn wave(&self, _: &mut StoreJournal, run: RunId, now: Moment) -> Wave {
        self.book().wave(run, CANARY.customers, now).unwrap()
    }

    fn unjudged(&self, _: &mut StoreJournal, run: RunId) -> Vec<(u32, BatchState)> {
        let now = moment(200);
        let wave = self.book().unjudged_wave(run, CANARY.customers, now);
        wave.unwrap()
    }

    fn judge(&self, _: &mut StoreJournal, fence: Fence, passed: bool, seconds: i64) {
        let judgement = Judgement {
            passed,
            sentence: "it was looked at".to_owned(),
        };
        self.book().judge(fence, &judgement, at(seconds)).unwrap();
    }

    fn approve(journal: &mut StoreJournal, run: RunId, seconds: i64) {
        let order = NewOrder {
            verb: Verb::Approve,
            at: at(seconds),
            by: "mira".to_owned(),
            why: String::new(),
        };
        let campaign = CampaignName::new("spring").unwrap();
        journal.approve(run, &campaign, &order).unwrap();
    }
}

impl Waves for Memory {
    fn wave(&self, journal: &mut MemoryJournal, run: RunId, now: Moment) -> Wave {
        journal.wave(run, CANARY.customers, now).unwrap()
    }

    fn unjudged(&self, journal: &mut MemoryJournal, run: RunId) -> Vec<(u32, BatchState)> {
        journal.unjudged_wave(run, CANARY.customers).unwrap()
    }

    fn judge(&self, journal: &mut MemoryJournal, fence: Fence, passed: bool, seconds: i64) {
        let sentence = "it was looked at";
        journal.judge(fence, passed, sentence, at(seconds)).unwrap();
    }

    fn approve(journal: &mut MemoryJournal, run: RunId, seconds: i64) {
        journal.approve(run, at(seconds)).unwrap();
    }
}

const CANARY: Canary = Canary {
    customers: 4,
    hold: Duration::ZERO,
    max_rejected: Share::ALL,
    max_unknown: Share::ALL,
    min_responded: Share::ALL,
    then: Then::Ask,
};

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

fn step(wave: &Wave) -> Step {
    wave.step(&CANARY, false, at(0))
}

fn a_first_wave_is_summed_up_with_its_parts<S: Waves>() {
    let store = S::new();
    let (mut journal, fence) = wave_of(&store);
    let counts = Counts {
        sent: 2,
        responded: 1,
        closed: 0,
    };
    let reading = Reading {
        batch: 2,
        at: at(150),
        figures: counts.into(),
        settled: false,
    };
    journal.keep_readings(fence.run, &[reading], 1).unwrap();
    for now in [moment(200), Moment::from(at(200))] {
        let wave = store.wave(&mut journal, fence.run, now);
        let expected = Wave {
            accepted: 2,
            rejected: 1,
            unknown: 2,
            responded: 1,
            ended_at: wave.ended_at,
            ..Wave::default()
        };
        assert_eq!(wave, expected);
        // The outcome of batch 5 is the last.
        let last = entry(5, 1, What::Intent).at.wall;
        let apart = wave.ended_at.unwrap().duration_since(last);
        assert!(apart.as_millis().abs() <= 1, "{wave:?}");
    }
    let members = store.unjudged(&mut journal, fence.run);
    let numbers: Vec<u32> = members.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, [1, 2, 4, 5]);
    store.judge(&mut journal, fence, true, 200);
    assert_eq!(store.unjudged(&mut journal, fence.run), []);
}

#[test]
fn both_journals_say_the_same_of_a_first_wave() {
    let (on_file, in_memory) = (Sqlite::new(), Memory::new());
    let (mut first, fence) = wave_of(&on_file);
    let (mut second, _) = wave_of(&in_memory);
    for now in [moment(200), Moment::from(at(200))] {
        assert_eq!(
            on_file.wave(&mut first, fence.run, now),
            in_memory.wave(&mut second, fence.run, now)
        );
    }
    assert_eq!(
        on_file.unjudged(&mut first, fence.run),
        in_memory.unjudged(&mut second, fence.run)
    );
}

fn who_comes_after_a_kill_does_not_send_what_a_wave_that_went_wrong_holds<S: Waves>() {
    let store = S::new();
    let (mut journal, fence) = wave_of(&store);
    store.judge(&mut journal, fence, false, 200);
    // Killed before it could say that the run is paused.
    drop(journal);
    let again = store.open().claim(fence.run, Purpose::Sending, at(300));
    assert!(
        matches!(again, Err(JournalError::Held("paused"))),
        "{again:?}"
    );
}

fn an_approval_from_before_the_look_is_none_of_it_though_the_clock_was_ahead<S: Waves>() {
    let store = S::new();
    let (mut journal, fence) = wave_of(&store);
    S::approve(&mut journal, fence.run, 100_000);
    store.judge(&mut journal, fence, true, 200);
    let wave = store.wave(&mut journal, fence.run, moment(201));
    assert_eq!(step(&wave), Step::Ask);
}

fn an_approval_after_the_look_counts_though_the_clock_was_set_back<S: Waves>() {
    let store = S::new();
    let (mut journal, fence) = wave_of(&store);
    store.judge(&mut journal, fence, true, 100_000);
    S::approve(&mut journal, fence.run, 200);
    let wave = store.wave(&mut journal, fence.run, moment(201));
    assert_eq!(step(&wave), Step::Go);
}
