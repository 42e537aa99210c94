//! Retractions: which messages are meant, what an answer to a delete means, and when a message
//! whose ticket is still open is tried again.
//!
//! ```text
//! planned ──record intent──▶ deleting ──2xx, already deleted──▶ deleted
//!    ▲                          ├──no such message, 404──▶ gone
//!    │                          ├──can't be deleted, any other 4xx──▶ refused
//!    ├──the ticket isn't closed─┤
//!    └──not applied, or unknown─┘      planned, no time left to try again──▶ open
//!                                      planned, unknown again and again──▶ unknown
//! ```
//!
//! A delete is idempotent: one that is repeated deletes nothing else. So, unlike a create, it is
//! simply repeated where it is unknown what became of it, and after a crash.

mod writers;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::time::Duration;

pub use self::writers::{Writer, Writers};
use super::outcome::Words;

/// The first try again of a ticket that was open; the distance doubles from there.
pub const FIRST_DISTANCE: Duration = Duration::from_secs(2);
/// No two tries are further apart.
pub const LONGEST_DISTANCE: Duration = Duration::from_secs(600);

/// A delete that failed this often, while others did not, is given up.
pub const TRIES: u32 = 8;

/// Which messages are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Those whose text is this, to the byte.
    Exactly(String),
    /// Those with this in their text, as it stands, capitals and all.
    Containing(String),
}

impl Wanted {
    /// Whether a message is meant. One without a text never is.
    pub fn matches(&self, message: &str) -> bool {
        match self {
            Wanted::Exactly(text) => !text.is_empty() && message == text,
            Wanted::Containing(text) => !text.is_empty() && message.contains(text.as_str()),
        }
    }

    /// The text.
    pub fn text(&self) -> &str {
        match self {
            Wanted::Exactly(text) | Wanted::Containing(text) => text,
        }
    }
}

/// How a delete was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answered {
    /// Desk confirmed it.
    Confirmed,
    /// Not deleted, for certain, with an error code or without.
    Refused(Words),
    /// Desk asks for patience, perhaps for this long.
    Throttled(Option<Duration>),
    /// The token or the address is wrong.
    Halted(Words),
    /// Nobody was reached.
    Unreached(Words),
    /// It may or may not be deleted.
    Unknown(Words),
}

/// How a message ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum End {
    /// It is deleted.
    Deleted,
    /// There is no such message any more.
    Gone,
    /// Desk does not delete it.
    Refused,
    /// Its ticket is open.
    Open,
    /// It may or may not be deleted: no answer said which, however often it was asked.
    Unknown,
    /// Somebody wrote it whose messages are not meant: no delete was sent.
    Left,
}

impl End {
    /// Every end.
    pub const ALL: [End; 6] = [
        End::Deleted,
        End::Gone,
        End::Refused,
        End::Open,
        End::Unknown,
        End::Left,
    ];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            End::Deleted => "deleted",
            End::Gone => "gone",
            End::Refused => "refused",
            End::Open => "open",
            End::Unknown => "unknown",
            End::Left => "left",
        }
    }

    /// The end with this name.
    pub fn parse(word: &str) -> Option<End> {
        End::ALL.into_iter().find(|end| end.as_str() == word)
    }
}

/// What Desk says of a message that was deleted before it was asked for.
pub const ALREADY: &str = "it was deleted already";

/// What an answer means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// The message has come to its end; the words say more, where there is more to say.
    Ended(End, String),
    /// Its ticket is open: neither this message nor another of the ticket can be deleted now.
    NotClosed(String),
    /// Not deleted, and no word of why: tried again, as a repeated delete does no harm.
    Unclear(String),
    /// Desk asks for patience, perhaps for this long.
    Throttled(Option<Duration>),
    /// Nobody was reached, or it may or may not be deleted: to be tried again.
    Again(String),
    /// Nothing can be deleted at all.
    Stop(Words),
}

/// What an answer means. Codes are those of the reference page "Chat message", "Delete a chat
/// message".
pub fn meaning(answered: Answered) -> Meaning {
    let code = |words: &Words| words.code.clone().unwrap_or_default();
    match answered {
        Answered::Confirmed => Meaning::Ended(End::Deleted, String::new()),
        Answered::Refused(words) => match (code(&words).as_str(), words.status) {
            ("deskp400500", _) => Meaning::Ended(End::Deleted, ALREADY.to_owned()),
            ("deskp400600", _) => Meaning::NotClosed(words.to_string()),
            ("deskp400601", _) => Meaning::Ended(End::Refused, words.to_string()),
            ("deskp400201", _) | (_, Some(404 | 410)) => {
                Meaning::Ended(End::Gone, words.to_string())
            }
            ("", _) => Meaning::Unclear(words.to_string()),
            _ => Meaning::Ended(End::Refused, words.to_string()),
        },
        Answered::Throttled(wait) => Meaning::Throttled(wait),
        Answered::Unreached(words) | Answered::Unknown(words) => Meaning::Again(words.to_string()),
        Answered::Halted(words) => Meaning::Stop(words),
    }
}

/// The messages that are still to be deleted, ticket by ticket: at most one of a ticket is under
/// way, as what is said of one message of an open ticket is true of all.
///
/// Times are since any fixed moment.
#[derive(Debug)]
pub struct Agenda {
    tickets: Vec<Work>,
    due: BinaryHeap<Reverse<(Duration, usize)>>,
    until: Option<Duration>,
    left: usize,
}

#[derive(Debug)]
struct Work {
    ticket: u64,
    messages: VecDeque<u64>,
    /// How often it was found open.
    found_open: u32,
    /// How often in a row it is unknown what became of its message, or nobody was reached.
    failures: u32,
    /// Those that were its own, and not those of a Desk that is away.
    own_failures: u32,
    /// Good answers by the last failure, about any message.
    served_before: u64,
}

/// A message whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The ticket.
    pub ticket: u64,
    /// The message.
    pub message: u64,
    at: usize,
}

impl Agenda {
    /// These messages, given ticket by ticket as `(ticket, message)`; open tickets are tried again
    /// `until` then, or not at all.
    pub fn new(messages: impl IntoIterator<Item = (u64, u64)>, until: Option<Duration>) -> Agenda {
        let mut tickets: Vec<Work> = Vec::new();
        let mut left = 0;
        for (ticket, message) in messages {
            left += 1;
            match tickets.last_mut().filter(|work| work.ticket == ticket) {
                Some(work) => work.messages.push_back(message),
                None => tickets.push(Work {
                    ticket,
                    messages: VecDeque::from([message]),
                    found_open: 0,
                    failures: 0,
                    own_failures: 0,
                    served_before: 0,
                }),
            }
        }
        let due = (0..tickets.len()).map(|at| Reverse((Duration::ZERO, at)));
        Agenda {
            due: due.collect(),
            tickets,
            until,
            left,
        }
    }

    /// The next message that may be deleted at `now`.
    pub fn take(&mut self, now: Duration) -> Option<Turn> {
        let due = self.next_due().filter(|due| *due <= now);
        let Reverse((_, at)) = due.and_then(|_| self.due.pop())?;
        let work = &self.tickets[at];
        let message = *work.messages.front()?;
        let ticket = work.ticket;
        Some(Turn {
            ticket,
            message,
            at,
        })
    }

    /// When the next message may be deleted that is not under way.
    pub fn next_due(&self) -> Option<Duration> {
        self.due.peek().map(|Reverse((due, _))| *due)
    }

    /// Messages without an end.
    pub fn left(&self) -> usize {
        self.left
    }

    /// The message has come to its end; the next one of its ticket is due at once.
    pub fn ended(&mut self, turn: Turn, now: Duration) {
        let work = &mut self.tickets[turn.at];
        work.messages.pop_front();
        (work.failures, work.own_failures) = (0, 0);
        self.left -= 1;
        if !work.messages.is_empty() {
            self.due.push(Reverse((now, turn.at)));
        }
    }

    /// The ticket of the message is open. It is tried again at growing distances, the last time
    /// when the time is over; after that, these messages of it are given up.
    pub fn not_closed(&mut self, turn: Turn, now: Duration) -> Vec<u64> {
        let work = &mut self.tickets[turn.at];
        work.found_open += 1;
        (work.failures, work.own_failures) = (0, 0);
        let doubled = FIRST_DISTANCE.saturating_mul(1 << (work.found_open - 1).min(16));
        match self.until {
            Some(until) if now < until => {
                let next = (now + doubled.min(LONGEST_DISTANCE)).min(until);
                self.due.push(Reverse((next, turn.at)));
                Vec::new()
            }
            _ => {
                let given_up = Vec::from(std::mem::take(&mut work.messages));
                self.left -= given_up.len();
                given_up
            }
        }
    }

    /// Desk asks for patience: the message is tried again after that.
    pub fn later(&mut self, turn: Turn, now: Duration, wait: Duration) {
        self.due.push(Reverse((now + wait, turn.at)));
    }

    /// It is unknown what became of the message, or nobody was reached: it is tried again, at a
    /// distance that doubles. False when it is given up instead, as it failed [`TRIES`] times while
    /// others did not; `served` is how many good answers there were so far.
    pub fn failed(&mut self, turn: Turn, now: Duration, served: u64) -> bool {
        let work = &mut self.tickets[turn.at];
        work.failures += 1;
        work.own_failures += u32::from(served > work.served_before);
        work.served_before = served;
        if work.own_failures >= TRIES {
            self.ended(turn, now);
            return false;
        }
        let doubled = Duration::from_millis(250 << work.failures.clamp(1, 7));
        self.due.push(Reverse((now + doubled, turn.at)));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::{BTreeMap, BTreeSet};

    fn words(status: u16, code: &str) -> Words {
        Words {
            status: Some(status),
            code: (!code.is_empty()).then(|| code.to_owned()),
            message: "so it is".to_owned(),
        }
    }

    #[test]
    fn every_documented_answer_to_a_delete_has_its_meaning() {
        let end = |status, code| match meaning(Answered::Refused(words(status, code))) {
            Meaning::Ended(end, _) => Some(end),
            Meaning::NotClosed(_) => None,
            other => panic!("{other:?}"),
        };
        assert_eq!(end(400, "deskp400500"), Some(End::Deleted));
        assert_eq!(end(400, "deskp400600"), None);
        assert_eq!(end(400, "deskp400601"), Some(End::Refused));
        assert_eq!(end(400, "deskp400201"), Some(End::Gone));
        assert_eq!(end(404, ""), Some(End::Gone));
        assert_eq!(end(400, "deskp400105"), Some(End::Refused));
        assert_eq!(end(400, "desk400600"), Some(End::Refused));
        assert_eq!(
            meaning(Answered::Confirmed),
            Meaning::Ended(End::Deleted, String::new())
        );
    }

    #[test]
    fn what_is_unknown_is_repeated_and_a_wrong_token_stops_everything() {
        let unknown = words(500, "desk500500");
        let again = Meaning::Again(unknown.to_string());
        assert_eq!(meaning(Answered::Unknown(unknown.clone())), again);
        assert_eq!(meaning(Answered::Unreached(unknown.clone())), again);
        let cut = words(400, "");
        let unclear = Meaning::Unclear(cut.to_string());
        assert_eq!(meaning(Answered::Refused(cut)), unclear);
        let wait = Some(Duration::from_secs(3));
        assert_eq!(meaning(Answered::Throttled(wait)), Meaning::Throttled(wait));
        assert_eq!(
            meaning(Answered::Halted(unknown.clone())),
            Meaning::Stop(unknown)
        );
    }

    #[test]
    fn a_text_is_meant_as_it_stands_and_nothing_is_never_meant() {
        let exactly = Wanted::Exactly("Sale".to_owned());
        assert!(exactly.matches("Sale"));
        for other in [
            "sale",
            "Sale ",
            " Sale",
            "Sale!",
            "",
            "Sa\u{6c}\u{65}\u{301}",
        ] {
            assert!(!exactly.matches(other), "{other:?}");
        }
        let containing = Wanted::Containing("Sale".to_owned());
        assert!(containing.matches("Spring Sale: 20 %"));
        assert!(!containing.matches("spring sale"));
        for nothing in [
            Wanted::Exactly(String::new()),
            Wanted::Containing(String::new()),
        ] {
            assert!(!nothing.matches("") && !nothing.matches("anything"));
        }
    }

    #[test]
    fn an_open_ticket_is_tried_at_growing_distances_and_a_last_time_at_the_end() {
        let secs = Duration::from_secs;
        let mut agenda = Agenda::new([(1, 10), (1, 11)], Some(secs(33)));
        let mut tries = Vec::new();
        let mut now = Duration::ZERO;
        let given_up = loop {
            now = agenda.next_due().expect("not given up").max(now);
            tries.push(now.as_secs());
            let turn = agenda.take(now).expect("due");
            let given_up = agenda.not_closed(turn, now);
            if !given_up.is_empty() {
                break given_up;
            }
            assert_eq!(agenda.take(now), None);
        };
        assert_eq!(tries, [0, 2, 6, 14, 30, 33]);
        assert_eq!(given_up, [10, 11]);
        assert_eq!(agenda.left(), 0);
        // Without a time, once.
        let mut agenda = Agenda::new([(1, 10)], None);
        let turn = agenda.take(Duration::ZERO).expect("due");
        assert_eq!(agenda.not_closed(turn, Duration::ZERO), [10]);
    }

    #[test]
    fn a_message_that_fails_while_others_do_not_is_given_up_and_an_outage_gives_none_up() {
        let mut agenda = Agenda::new([(1, 10)], None);
        let mut now = Duration::ZERO;
        let mut fail = |agenda: &mut Agenda, served| {
            now = agenda.next_due().expect("not given up").max(now);
            let turn = agenda.take(now).expect("due");
            agenda.failed(turn, now, served)
        };
        assert!((0..100).all(|_| fail(&mut agenda, 0)));
        assert!((1..u64::from(TRIES)).all(|served| fail(&mut agenda, served)));
        assert!(!fail(&mut agenda, 100));
        assert_eq!(agenda.left(), 0);
    }

    proptest! {
        #[test]
        fn every_message_ends_once_and_one_of_a_ticket_is_under_way_at_a_time(
            tickets in prop::collection::vec(1u64..5, 1..8),
            fates in prop::collection::vec(0u8..5, 1..40),
            concurrency in 1usize..5,
        ) {
            let messages: Vec<(u64, u64)> = tickets.iter().enumerate()
                .flat_map(|(ticket, count)| (0..*count).map(move |nth| (ticket as u64, ticket as u64 * 100 + nth)))
                .collect();
            let mut agenda = Agenda::new(messages.iter().copied(), Some(Duration::from_secs(60)));
            let (mut ends, mut under_way) = (BTreeMap::new(), Vec::new());
            let mut fates = fates.into_iter().chain([0, 0, 0, 0]).cycle();
            let mut now = Duration::ZERO;
            while agenda.left() > 0 {
                while under_way.len() < concurrency && let Some(turn) = agenda.take(now) {
                    under_way.push(turn);
                }
                let of: BTreeSet<u64> = under_way.iter().map(|turn: &Turn| turn.ticket).collect();
                prop_assert_eq!(of.len(), under_way.len());
                let Some(turn) = under_way.pop() else {
                    now = agenda.next_due().expect("something is left").max(now);
                    continue;
                };
                let fate = fates.next().expect("cycles");
                let ended: Vec<u64> = match fate {
                    0 | 1 => {
                        agenda.ended(turn, now);
                        vec![turn.message]
                    }
                    2 => agenda.not_closed(turn, now),
                    3 => {
                        let is_tried_again = agenda.failed(turn, now, ends.len() as u64);
                        if is_tried_again { Vec::new() } else { vec![turn.message] }
                    }
                    _ => {
                        agenda.later(turn, now, Duration::from_secs(1));
                        Vec::new()
                    }
                };
                for message in ended {
                    prop_assert_eq!(ends.insert(message, fate), None, "ended twice");
                }
            }
            prop_assert_eq!(ends.len(), messages.len());
        }
    }
}
