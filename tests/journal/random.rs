//! The same random verbs on every journal: the answers and what is durable must be the same.

use deskcast::delivery::outcome::ChatId;
use deskcast::delivery::tracking::Counts;
use deskcast::journal::{Reading, Resolution, RunState, Verdict};
use proptest::prelude::*;

use super::stores::{Memory, Sqlite, Store};
use super::*;

/// One call. Numbers are small, so that many fit and many do not.
#[derive(Clone, Debug)]
enum Verb {
    Create(i64),
    Claim(Who, RunId, bool),
    Record(Who, Vec<(Fence, Vec<Entry>)>),
    Release(Who, Fence, RunState),
    Unclaim(Who, Fence),
    Resolve(Who, Fence, Vec<Verdict>),
    Read(Who, RunId, u32),
    Keep(Who, RunId, Reading),
    Die(Who),
}

/// Which of two processes.
type Who = usize;

fn run() -> impl Strategy<Value = RunId> {
    (1..=2_i64).prop_map(RunId)
}

fn fence() -> impl Strategy<Value = Fence> {
    (run(), 1..=3_i64).prop_map(|(run, token)| Fence { run, token })
}

fn conclusion() -> impl Strategy<Value = Conclusion> {
    prop_oneof![
        (50..99_u64).prop_map(|chat| Conclusion::Accepted(ChatId(chat))),
        Just(Conclusion::NotSent(words())),
        Just(Conclusion::Rejected(words())),
        Just(Conclusion::Unknown(words())),
        (3..6_u32)
            .prop_map(|next| vec![(next, vec![11]), (next + 1, vec![12, 13])])
            .prop_map(|parts| Conclusion::Split(words(), parts)),
    ]
}

fn what() -> impl Strategy<Value = What> {
    prop_oneof![Just(What::Intent), conclusion().prop_map(What::Outcome)]
}

fn batch() -> impl Strategy<Value = u32> {
    prop_oneof![3 => 1..=2_u32, 1 => 3..=5_u32]
}

fn attempt() -> impl Strategy<Value = u32> {
    prop_oneof![4 => Just(1_u32), 1 => 0..=3_u32]
}

fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let one =
        (batch(), attempt(), what()).prop_map(|(batch, attempt, what)| entry(batch, attempt, what));
    prop::collection::vec(one, 0..3)
}

fn verdict() -> impl Strategy<Value = Verdict> {
    let resolution = prop_oneof![
        (50..99_u64).prop_map(|chat| Resolution::Found(ChatId(chat))),
        Just(Resolution::Abandoned),
        Just(Resolution::Resend),
        Just(Resolution::Unsettled),
    ];
    (batch(), attempt(), resolution).prop_map(|(batch, attempt, resolution)| Verdict {
        batch,
        attempt,
        at: at(600),
        by: "anna".to_owned(),
        resolution,
        evidence: String::new(),
    })
}

fn reading() -> impl Strategy<Value = Reading> {
    (batch(), 0..9_i64, 0..4_u64).prop_map(|(batch, seconds, closed)| Reading {
        batch,
        at: at(seconds),
        figures: Counts {
            sent: 3,
            responded: 3,
            closed,
        }
        .into(),
        settled: closed == 3,
    })
}

fn verb() -> impl Strategy<Value = Verb> {
    let who = 0..2_usize;
    let groups = prop::collection::vec((fence(), entries()), 1..3);
    let state = prop::sample::select(RunState::ALL.to_vec());
    prop_oneof![
        2 => (0..2_i64).prop_map(Verb::Create),
        4 => (who.clone(), run(), any::<bool>()).prop_map(|(w, r, s)| Verb::Claim(w, r, s)),
        9 => (who.clone(), groups).prop_map(|(w, g)| Verb::Record(w, g)),
        1 => (who.clone(), fence(), state).prop_map(|(w, f, s)| Verb::Release(w, f, s)),
        1 => (who.clone(), fence()).prop_map(|(w, f)| Verb::Unclaim(w, f)),
        2 => (who.clone(), fence(), prop::collection::vec(verdict(), 0..3)).prop_map(|(w, f, v)| Verb::Resolve(w, f, v)),
        2 => (who.clone(), run(), 0..4_u32).prop_map(|(w, r, after)| Verb::Read(w, r, after)),
        1 => (who.clone(), run(), reading()).prop_map(|(w, r, reading)| Verb::Keep(w, r, reading)),
        1 => who.prop_map(Verb::Die),
    ]
}

/// The answer to a verb, as text; of an error only its kind, the words may differ.
fn kind<T: std::fmt::Debug>(result: Result<T, JournalError>) -> String {
    match result {
        Ok(value) => format!("{value:?}"),
        Err(JournalError::Forbidden { batch, what }) => format!("forbidden {batch} {what}"),
        Err(JournalError::Store(_)) => "store".to_owned(),
        Err(JournalError::Owned(_)) => "owned".to_owned(),
        Err(error) => error.to_string(),
    }
}

fn perform<S: Store>(store: &S, processes: &mut [S::Journal], verb: &Verb) -> String {
    match verb.clone() {
        Verb::Create(due) => kind(create(
            &mut processes[0],
            &new_run("spring", due),
            &[&[11, 12, 13], &[14, 15]],
        )),
        Verb::Claim(who, run, sending) => {
            let purpose = if sending {
                Purpose::Sending
            } else {
                Purpose::Settling
            };
            kind(processes[who].claim(run, purpose, at(300)))
        }
        Verb::Record(who, groups) => {
            let results = processes[who].record(&groups).into_iter();
            results.map(|result| kind(result) + ";").collect()
        }
        Verb::Release(who, fence, state) => kind(processes[who].release(fence, state, "", at(400))),
        Verb::Unclaim(who, fence) => {
            processes[who].unclaim(fence);
            String::new()
        }
        Verb::Resolve(who, fence, verdicts) => kind(processes[who].resolve(fence, &verdicts)),
        Verb::Read(who, run, after) => {
            let journal = &mut processes[who];
            let planned = kind(journal.planned(run, after, 4, 2));
            let (tracked, unknown) = (kind(journal.tracked(run)), kind(journal.unknowns(run)));
            format!(
                "{planned} {tracked} {unknown} {}",
                kind(journal.known_chats(run))
            )
        }
        Verb::Keep(who, run, reading) => kind(processes[who].keep_readings(run, &[reading], 1)),
        Verb::Die(who) => {
            processes[who] = store.open();
            String::new()
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn all_journals_answer_and_keep_the_same(verbs in prop::collection::vec(verb(), 1..40)) {
        let (sqlite, memory) = (Sqlite::new(), Memory::new());
        let mut on_file = [sqlite.open(), sqlite.open()];
        let mut in_memory = [memory.open(), memory.open()];
        // Without a run and a claim, nothing else has an effect.
        let opening = [Verb::Create(0), Verb::Claim(0, RunId(1), true)];
        for verb in opening.iter().chain(&verbs) {
            let answer = perform(&sqlite, &mut on_file, verb);
            prop_assert_eq!(perform(&memory, &mut in_memory, verb), answer, "{:?}", verb);
        }
        for run in [RunId(1), RunId(2)] {
            prop_assert_eq!(memory.seen(run), sqlite.seen(run));
        }
    }
}
