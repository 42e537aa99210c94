//! One test a rule of the dispatcher: when a request leaves, and what follows from its answer.

#[path = "dispatch_tests/first_wave.rs"]
mod first_wave;
#[path = "dispatch_tests/refusals.rs"]
mod refusals;
#[path = "dispatch_tests/stage.rs"]
mod stage;
#[path = "dispatch_tests/waiting.rs"]
mod waiting;

use std::collections::BTreeSet;

use stage::Stage;

use super::*;
use crate::delivery::outcome::ChatId;
use crate::delivery::outcome::{Answer, AnswerBody};

/// No batch.
const NONE: [u32; 0] = [];
const CODE: &str = "deskp400201";

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn answer(status: u16, body: AnswerBody) -> Fact {
    Fact::Answered(Answer {
        status,
        wait: None,
        body,
    })
}

fn said(status: u16, message: &str) -> Fact {
    let body = AnswerBody::Error {
        code: Some(CODE.to_owned()),
        message: message.to_owned(),
    };
    answer(status, body)
}

fn refused() -> Fact {
    said(400, "no")
}

fn accepted(number: u32) -> Fact {
    answer(201, AnswerBody::Chat(ChatId(u64::from(number) + 1000)))
}

fn throttled(wait: Option<Duration>) -> Fact {
    Fact::Answered(Answer {
        status: 429,
        wait,
        body: AnswerBody::Unreadable(String::new()),
    })
}

fn lost() -> Fact {
    Fact::Lost("reset".to_owned())
}

#[test]
fn until_one_is_accepted_requests_go_one_at_a_time() {
    let mut stage = Stage::new(4, false, &[1; 8]);
    assert_eq!(stage.go(), [1]);
    let next = stage.answer(1, refused());
    assert_eq!(next, [8], "far from the refused one");
    let next = stage.answer(8, lost());
    assert_eq!(next.len(), 1);
    assert_eq!(stage.answer(next[0], accepted(next[0])).len(), 4);
}

#[test]
fn of_batches_that_are_answered_with_one_chat_the_first_is_accepted_and_the_others_are_unknown() {
    let mut stage = Stage::new(3, true, &[1; 3]);
    assert_eq!(stage.go(), [1, 2, 3]);
    for number in 1..=3 {
        stage.answer(number, accepted(7));
    }
    assert!(matches!(stage.concluded(1), Some(Conclusion::Accepted(_))));
    for number in [2, 3] {
        let Some(Conclusion::Unknown(words)) = stage.concluded(number) else {
            panic!("batch {number} is not unknown");
        };
        assert!(words.to_string().ends_with("that of batch 1"), "{words}");
    }
}

#[test]
fn no_more_requests_are_in_flight_than_allowed() {
    let mut stage = Stage::new(3, true, &[1; 20]);
    let mut in_flight = BTreeSet::from_iter(stage.go());
    assert_eq!(
        in_flight.len(),
        3,
        "one that was accepted before is proof enough"
    );
    while let Some(number) = in_flight.pop_first() {
        in_flight.extend(stage.answer(number, accepted(number)));
        assert!(in_flight.len() <= 3);
    }
    assert_eq!(stage.ending(), Some(&Ending::Finished));
}

#[test]
fn a_grant_is_not_used_beyond_what_is_allowed_when_it_comes() {
    let mut stage = Stage::new(12, true, &[2; 40]);
    let mut in_flight = stage.go();
    // The request that replaces the first one asks for a grant; the grant is late.
    stage.tell(Event::Answered(in_flight.remove(0), refused()));
    let asks = |effect: &Effect| *effect == Effect::AskBudget;
    assert_eq!(stage.effects().iter().filter(|e| asks(e)).count(), 1);
    for number in in_flight.drain(..8) {
        stage.tell(Event::Answered(number, refused()));
    }
    stage.tell(Event::Granted);
    assert_eq!(
        stage.go(),
        NONE,
        "it goes one by one now, and three are in flight"
    );
}

#[test]
fn a_request_leaves_only_when_its_intent_is_durable() {
    let mut stage = Stage::new(1, true, &[2]);
    assert_eq!(stage.effects(), [Effect::AskBudget]);
    stage.tell(Event::Granted);
    let intend = Effect::Intend {
        number: 1,
        attempt: 1,
        customers: 2,
    };
    assert_eq!(stage.effects(), [intend]);
    stage.tell(Event::Woken);
    stage.tell(Event::Recorded(2));
    assert_eq!(stage.effects(), []);
    stage.tell(Event::Recorded(1));
    let post = Effect::Post {
        number: 1,
        customers: vec![1, 2],
    };
    assert_eq!(stage.effects(), [post]);
}

#[test]
fn a_stop_between_intent_and_request_returns_the_batch() {
    let mut stage = Stage::new(1, true, &[2, 2]);
    stage.tell(Event::Granted);
    stage.tell(Event::Stop("told to stop".to_owned()));
    assert_eq!(
        stage.ending(),
        None,
        "the intent is on its way to the journal"
    );
    stage.tell(Event::Recorded(1));
    assert_eq!(stage.go(), NONE);
    let words = Words::own("not sent: told to stop");
    assert_eq!(stage.concluded(1), Some(&Conclusion::NotSent(words)));
    let ending = Ending::Stopped("told to stop".to_owned());
    assert_eq!(stage.ending(), Some(&ending));
}

#[test]
fn a_stop_waits_for_what_is_in_flight_and_sends_nothing_new() {
    let mut stage = Stage::new(2, true, &[1; 9]);
    assert_eq!(stage.go(), [1, 2]);
    stage.tell(Event::Stop("told to stop".to_owned()));
    assert_eq!(stage.answer(1, accepted(1)), NONE);
    assert_eq!(stage.ending(), None);
    assert_eq!(stage.answer(2, lost()), NONE);
    assert!(matches!(stage.concluded(2), Some(Conclusion::Unknown(_))));
    assert!(matches!(stage.ending(), Some(Ending::Stopped(_))));
    stage.effects();
    stage.tell(Event::Granted);
    assert_eq!(stage.effects(), [], "what has ended does nothing any more");
}

#[test]
fn a_wrong_token_or_base_url_stops_the_run_and_puts_the_batch_back() {
    for (status, hint) in [
        (401, "token"),
        (403, "token"),
        (302, "base_url"),
        (307, "base_url"),
    ] {
        let mut stage = Stage::new(2, true, &[1; 9]);
        stage.go();
        assert_eq!(stage.answer(1, said(status, "?")), NONE, "{status}");
        assert!(matches!(stage.concluded(1), Some(Conclusion::NotSent(_))));
        stage.answer(2, accepted(2));
        let Some(Ending::Stopped(why)) = stage.ending() else {
            panic!("{status} does not stop")
        };
        assert!(why.contains(hint), "{why}");
    }
}

#[test]
fn a_429_pauses_as_long_as_it_asks_and_puts_the_batch_back() {
    let mut stage = Stage::new(1, true, &[1, 1]);
    stage.go();
    assert_eq!(stage.answer(1, throttled(Some(secs(7)))), NONE);
    assert!(stage.effects.contains(&Effect::Pause(secs(7))));
    assert!(matches!(stage.concluded(1), Some(Conclusion::NotSent(_))));
    assert_eq!(stage.wake_at(), Some(secs(107)));
    stage.effects();
    stage.now += secs(6);
    stage.tell(Event::Woken);
    assert_eq!(stage.go(), NONE, "not before its time");
    assert_eq!(stage.sleep(), [1], "the same batch goes first");
    assert_eq!(stage.answer(1, accepted(1)), [2]);
}

#[test]
fn answers_that_ask_for_patience_together_make_one_wait() {
    let mut stage = Stage::new(3, true, &[1; 9]);
    stage.go();
    stage.answer(1, throttled(Some(secs(2))));
    stage.answer(2, throttled(Some(secs(9))));
    stage.answer(3, throttled(None));
    assert_eq!(
        stage.wake_at(),
        Some(secs(109)),
        "the longest that was asked for"
    );
    assert_eq!(stage.sleep().len(), 3);
}

#[test]
fn a_batch_that_reached_nobody_waits_and_goes_again() {
    let mut stage = Stage::new(1, true, &[1]);
    stage.go();
    let never = || Fact::NotSent("connection refused".to_owned());
    assert_eq!(stage.answer(1, never()), NONE);
    assert!(matches!(stage.concluded(1), Some(Conclusion::NotSent(_))));
    for attempt in 2..9 {
        assert_eq!(stage.sleep(), [1]);
        stage.answer(1, never());
        let concluded = |effect: &Effect| matches!(effect, Effect::Conclude { attempt: of, .. } if *of == attempt);
        assert!(stage.effects.iter().any(concluded), "attempt {attempt}");
    }
    assert_eq!(stage.ending(), None);
}

#[test]
fn who_cannot_reach_desk_for_too_long_gives_up() {
    let mut stage = Stage::new(1, true, &[1]);
    stage.go();
    let begun = stage.now;
    while stage.ending().is_none() {
        assert!(stage.now < begun + secs(700), "it does not give up");
        let posted = stage.answer(1, Fact::NotSent("connection refused".to_owned()));
        if posted.is_empty() && stage.ending().is_none() {
            stage.sleep();
        }
    }
    assert!(stage.now >= begun + secs(600));
    assert!(matches!(stage.ending(), Some(Ending::Stopped(why)) if why.contains("too long")));
}

#[test]
fn what_only_an_operator_can_put_right_ends_the_run_at_the_second_try() {
    let mut stage = Stage::new(2, true, &[1, 1]);
    stage.go();
    let barred = || Fact::Barred("not trusted".to_owned());
    stage.answer(1, barred());
    stage.answer(2, barred());
    assert_eq!(stage.ending(), None, "both were the first try");
    let again = stage.sleep()[0];
    stage.answer(again, barred());
    stage.answer(3 - again, barred());
    assert!(matches!(stage.ending(), Some(Ending::Stopped(why)) if why.contains("not trusted")));
    assert!(matches!(
        stage.concluded(again),
        Some(Conclusion::NotSent(_))
    ));
}

#[test]
fn an_unknown_batch_is_never_in_its_hands_again() {
    let mut stage = Stage::new(1, true, &[1, 1]);
    stage.go();
    assert_eq!(stage.answer(1, lost()), [2]);
    assert!(matches!(stage.concluded(1), Some(Conclusion::Unknown(_))));
    for late in [accepted(1), refused(), throttled(None)] {
        stage.tell(Event::Answered(1, late));
    }
    stage.tell(Event::Recorded(1));
    assert_eq!(stage.go(), NONE);
    stage.answer(2, accepted(2));
    assert_eq!(stage.ending(), Some(&Ending::Finished));
    let ends = |effect: &&Effect| matches!(effect, Effect::Conclude { number: 1, .. });
    assert_eq!(stage.effects.iter().filter(ends).count(), 1);
}

/// A dispatcher with an open breaker, waiting.
fn broken(concurrency: usize) -> Stage {
    let mut stage = Stage::new(concurrency, true, &[1; 60]);
    let mut in_flight = stage.go();
    for _ in 0..BREAKER_AT {
        let number = in_flight.remove(0);
        in_flight.extend(stage.answer(number, lost()));
    }
    for number in in_flight {
        assert_eq!(stage.answer(number, lost()), NONE);
    }
    stage
}

#[test]
fn unknowns_in_a_row_open_the_breaker_and_nothing_is_sent_until_desk_serves() {
    for concurrency in [1, 8] {
        let mut stage = broken(concurrency);
        assert!(stage.dispatcher.is_waiting());
        assert_eq!(stage.sleep(), NONE);
        assert!(stage.effects.contains(&Effect::Probe));
        stage.tell(Event::Probed(false));
        assert_eq!(stage.go(), NONE);
        assert_eq!(stage.sleep(), NONE);
        stage.tell(Event::Probed(true));
        assert_eq!(stage.go().len(), 1, "half open: one at a time");
    }
}

#[test]
fn a_half_open_breaker_closes_when_one_is_served_and_opens_when_one_is_not() {
    for (fact, then) in [(accepted(9), 4), (refused(), 4), (lost(), 0)] {
        let mut stage = broken(4);
        stage.sleep();
        stage.tell(Event::Probed(true));
        let number = stage.go()[0];
        assert_eq!(stage.answer(number, fact.clone()).len(), then, "{fact:?}");
    }
}

#[test]
fn an_answer_between_unknowns_keeps_the_breaker_closed() {
    let mut stage = Stage::new(1, true, &[1; 60]);
    stage.go();
    for number in 1..50 {
        let good = number % BREAKER_AT == 0;
        let fact = if good { accepted(number) } else { lost() };
        assert_eq!(stage.answer(number, fact), [number + 1]);
    }
}

#[test]
fn a_journal_that_failed_sends_nothing_more() {
    let mut stage = Stage::new(2, true, &[1; 9]);
    stage.tell(Event::Granted);
    stage.tell(Event::Granted);
    stage.tell(Event::Recorded(1));
    stage.effects();
    let failed = |intents| Event::JournalFailed {
        why: "the disk is full".to_owned(),
        intents,
    };
    stage.tell(failed(vec![2]));
    assert_eq!(stage.go(), NONE);
    assert_eq!(stage.ending(), None, "the first one is in flight");
    stage.answer(1, accepted(1));
    let full = Ending::Stopped("the disk is full".to_owned());
    assert_eq!(stage.ending(), Some(&full));
}

#[test]
fn a_run_whose_last_outcome_is_not_durable_is_not_finished() {
    let mut stage = Stage::new(1, true, &[1]);
    stage.go();
    stage.answer(1, accepted(1));
    assert_eq!(stage.ending(), Some(&Ending::Finished));
    stage.tell(Event::JournalFailed {
        why: "the disk is full".to_owned(),
        intents: Vec::new(),
    });
    let full = Ending::Stopped("the disk is full".to_owned());
    assert_eq!(stage.ending(), Some(&full));
}

#[test]
fn an_intent_that_is_recorded_after_an_outcome_that_was_not_does_not_leave() {
    // The journal has four batches as sending then: two whose outcomes it could not keep, and two
    // that never leave. Only the former were ever in flight.
    let mut stage = Stage::new(2, true, &[1; 9]);
    assert_eq!(stage.go(), [1, 2]);
    for number in [1, 2] {
        stage.answer(number, accepted(number));
        stage.tell(Event::Granted);
    }
    stage.effects();
    stage.tell(Event::JournalFailed {
        why: "the disk is full".to_owned(),
        intents: Vec::new(),
    });
    for number in [3, 4] {
        stage.tell(Event::Recorded(number));
    }
    let concluded: Vec<u32> = stage
        .effects()
        .into_iter()
        .filter_map(|effect| match effect {
            Effect::Conclude {
                number,
                conclusion: Conclusion::NotSent(_),
                ..
            } => Some(number),
            Effect::Post { number, .. } => panic!("{number} leaves"),
            _ => None,
        })
        .collect();
    assert_eq!(concluded, [3, 4]);
}

#[test]
fn an_empty_run_is_finished_at_once() {
    assert_eq!(Stage::new(4, false, &[]).ending(), Some(&Ending::Finished));
}
