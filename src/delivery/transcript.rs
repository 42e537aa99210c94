//! Transcripts in order: what is read of many tickets at once becomes one output, in the order of
//! the list, that can be cut back to a [`Mark`] and continued there.
//!
//! Tickets are read beside each other, but only the first that is not wholly written goes to the
//! output as it comes; of the others so much is held as [`InOrder`] allows. What is written at any
//! moment is therefore a beginning of the whole, and a mark says which: everything after it can be
//! thrown away and read again, and the result is the same to the byte.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

/// A place in the output at which the work can be taken up again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Tickets that are through, written or given up: the place in the list, from 0, of the next.
    pub ticket: u64,
    /// Bytes of the output up to here.
    pub bytes: u64,
    /// Bytes of the output before that ticket.
    pub begin: u64,
    /// Messages of that ticket that are written already.
    pub read: u64,
    /// Items of its list up to there, which may be more: the place where the reading goes on.
    pub offset: u64,
    /// The id of the last of them.
    pub last: Option<u64>,
    /// Messages of all tickets up to here.
    pub messages: u64,
}

impl Mark {
    /// The beginning, after a header of so many bytes.
    pub fn after_header(bytes: u64) -> Mark {
        Mark {
            bytes,
            begin: bytes,
            ..Mark::default()
        }
    }

    /// After a page of the next ticket was written.
    #[must_use]
    pub fn with_page(self, page: &PageOf) -> Mark {
        Mark {
            bytes: self.bytes + page.bytes,
            read: self.read + page.messages,
            offset: page.offset,
            last: page.last.or(self.last),
            messages: self.messages + page.messages,
            ..self
        }
    }

    /// Before the next ticket: nothing of it is written.
    #[must_use]
    pub fn back(self) -> Mark {
        Mark {
            bytes: self.begin,
            read: 0,
            offset: 0,
            last: None,
            messages: self.messages - self.read,
            ..self
        }
    }

    /// After the next ticket, of which everything is written.
    #[must_use]
    pub fn past(self) -> Mark {
        Mark {
            ticket: self.ticket + 1,
            begin: self.bytes,
            read: 0,
            offset: 0,
            last: None,
            ..self
        }
    }
}

/// What a page of a ticket adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageOf {
    /// Bytes in the output.
    pub bytes: u64,
    /// Messages.
    pub messages: u64,
    /// The place in the ticket's list after the page.
    pub offset: u64,
    /// The id of its last message.
    pub last: Option<u64>,
}

/// What was read of a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part<P> {
    /// One page.
    Page(P),
    /// Everything so far is void: the list moved under the reading, and it begins anew.
    Again,
    /// It is wholly read.
    End,
    /// It cannot be read, for this reason; nothing of it stays.
    Unread(String),
}

/// Something that takes memory while it is held.
pub trait Weight {
    /// In bytes.
    fn weight(&self) -> usize;
}

/// Puts the parts of tickets, which come in any order, into the order of the list.
#[derive(Debug)]
pub struct InOrder<P> {
    first: usize,
    waiting: BTreeMap<usize, VecDeque<Part<P>>>,
    held: usize,
    most: usize,
}

impl<P: Weight> InOrder<P> {
    /// Begins with the ticket at this place of the list. No more is asked for, except of the first
    /// ticket, while `most` bytes are held.
    pub fn new(first: usize, most: usize) -> InOrder<P> {
        InOrder {
            first,
            waiting: BTreeMap::new(),
            held: 0,
            most,
        }
    }

    /// The first ticket that is not through.
    pub fn first(&self) -> usize {
        self.first
    }

    /// Whether more may be asked of a ticket. Of the first always: it never has to wait for others.
    pub fn may_ask(&self, ticket: usize) -> bool {
        ticket == self.first || self.held < self.most
    }

    /// Takes in a part of a ticket that is not through.
    pub fn push(&mut self, ticket: usize, part: Part<P>) {
        let parts = self.waiting.entry(ticket).or_default();
        if matches!(part, Part::Again | Part::Unread(_)) {
            self.held -= parts.drain(..).map(|part| weight(&part)).sum::<usize>();
        }
        self.held += weight(&part);
        parts.push_back(part);
    }

    /// The next part for the output: always one of the first ticket.
    pub fn pop(&mut self) -> Option<Part<P>> {
        let part = self.waiting.get_mut(&self.first)?.pop_front()?;
        self.held -= weight(&part);
        if matches!(part, Part::End | Part::Unread(_)) {
            self.waiting.remove(&self.first);
            self.first += 1;
        }
        Some(part)
    }
}

fn weight<P: Weight>(part: &Part<P>) -> usize {
    match part {
        Part::Page(page) => page.weight(),
        Part::Again | Part::End | Part::Unread(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    impl Weight for Vec<u8> {
        fn weight(&self) -> usize {
            self.len()
        }
    }

    /// The life of a ticket: pages, beginnings anew between them, and an end.
    fn ticket() -> impl Strategy<Value = Vec<Part<Vec<u8>>>> {
        let page = prop::collection::vec(any::<u8>(), 0..4).prop_map(Part::Page);
        let part = prop_oneof![6 => page, 1 => Just(Part::Again)];
        let end = prop_oneof![4 => Just(Part::End), 1 => Just(Part::Unread("no".to_owned()))];
        (prop::collection::vec(part, 0..6), end).prop_map(|(mut parts, end)| {
            parts.push(end);
            parts
        })
    }

    /// What is left of a ticket: the pages after the last beginning, where it can be read.
    fn whole(parts: &[Part<Vec<u8>>]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for part in parts {
            match part {
                Part::Page(page) => bytes.extend(page),
                Part::Again | Part::Unread(_) => bytes.clear(),
                Part::End => {}
            }
        }
        bytes
    }

    /// Writes a part as the shell does: the output, and the mark that goes with it.
    fn write(output: &mut Vec<u8>, mark: Mark, part: &Part<Vec<u8>>) -> Mark {
        match part {
            Part::Page(page) => {
                output.extend(page);
                mark.with_page(&PageOf {
                    bytes: page.len() as u64,
                    messages: 1,
                    offset: mark.offset + 1,
                    last: Some(7),
                })
            }
            Part::Again | Part::Unread(_) => {
                output.truncate(mark.begin as usize);
                match part {
                    Part::Again => mark.back(),
                    _ => mark.back().past(),
                }
            }
            Part::End => mark.past(),
        }
    }

    proptest! {
        #[test]
        fn the_output_is_that_of_reading_one_ticket_after_the_other(
            tickets in prop::collection::vec(ticket(), 1..6),
            turns in prop::collection::vec(any::<prop::sample::Index>(), 60),
            most in 1usize..20,
        ) {
            let expected: Vec<u8> = tickets.iter().flat_map(|parts| whole(parts)).collect();
            let mut left: Vec<VecDeque<_>> = tickets.iter().map(|parts| parts.iter().cloned().collect()).collect();
            let mut order = InOrder::new(0, most);
            let (mut output, mut mark) = (Vec::new(), Mark::default());
            let mut turns = turns.into_iter().cycle();
            while order.first() < tickets.len() {
                let ready: Vec<usize> =
                    (order.first()..left.len()).filter(|at| order.may_ask(*at) && !left[*at].is_empty()).collect();
                // The first ticket can always go on: nothing ever stands still.
                prop_assert!(ready.contains(&order.first()), "{ready:?}");
                let at = ready[turns.next().expect("cycles").index(ready.len())];
                order.push(at, left[at].pop_front().expect("ready"));
                while let Some(part) = order.pop() {
                    mark = write(&mut output, mark, &part);
                    prop_assert_eq!(mark.bytes, output.len() as u64);
                    let through: Vec<u8> = tickets[..mark.ticket as usize].iter().flat_map(|parts| whole(parts)).collect();
                    prop_assert_eq!(&output[..mark.begin as usize], &through[..]);
                }
                prop_assert!(order.held < most + 4 * tickets.len());
            }
            prop_assert_eq!(order.held, 0);
            prop_assert_eq!(output, expected);
            prop_assert_eq!(mark.ticket, tickets.len() as u64);
        }
    }

    #[test]
    fn a_mark_counts_the_messages_that_are_in_the_output() {
        let page = PageOf {
            bytes: 100,
            messages: 5,
            offset: 6,
            last: Some(9),
        };
        let mark = Mark::after_header(10).with_page(&page).past();
        let mark = mark.with_page(&page);
        assert_eq!((mark.messages, mark.bytes, mark.begin), (10, 210, 110));
        assert_eq!((mark.read, mark.offset, mark.last), (5, 6, Some(9)));
        let back = mark.back();
        assert_eq!((back.messages, back.bytes, back.begin), (5, 110, 110));
        assert_eq!((back.read, back.offset, back.last), (0, 0, None));
        assert_eq!(mark.past().ticket, 2);
    }
}
