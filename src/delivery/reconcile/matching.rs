//! Which chat is whose.

use std::collections::{BTreeMap, BTreeSet};

use super::{CLOCKS_APART, ChatFacts, Sought};

/// What is found of one unknown batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// This chat is it.
    Found(u64),
    /// These chats could be it, or another batch's like it.
    Ambiguous(Vec<u64>),
    /// No chat that was read is it.
    NotSeen,
}

/// Pairs unknown batches with the chats that were read.
#[derive(Debug, Default)]
pub struct Pairing {
    /// Which chats each batch may claim, by its place in the list that was given.
    claims: Vec<BTreeSet<u64>>,
    found: BTreeMap<usize, u64>,
}

impl Pairing {
    /// Gives away what is certain among these claims: for each batch the chats that it may claim.
    pub fn of(claims: Vec<BTreeSet<u64>>) -> Pairing {
        let mut pairing = Pairing {
            claims,
            found: BTreeMap::new(),
        };
        pairing.settle();
        pairing
    }

    /// What was found of the batch at this place.
    pub fn finding(&self, place: usize) -> Finding {
        match self.found.get(&place) {
            Some(chat) => Finding::Found(*chat),
            None if self.claims[place].is_empty() => Finding::NotSeen,
            None => Finding::Ambiguous(self.claims[place].iter().copied().collect()),
        }
    }

    /// Whether this chat is some batch's.
    pub(super) fn is_given(&self, chat: u64) -> bool {
        self.found.values().any(|found| *found == chat)
    }

    /// Gives away every chat whose owner is certain. A chat that one batch alone can claim is
    /// its, where that batch can claim no other; then groups in which every batch has a chat.
    fn settle(&mut self) {
        while let Some((place, chat)) = self.sole_claim() {
            self.give(place, chat);
        }
        for group in self.groups() {
            self.settle_group(&group);
        }
    }

    /// A chat with one claimant.
    fn sole_claim(&self) -> Option<(usize, u64)> {
        let mut claimants: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        for (place, chats) in self.claims.iter().enumerate() {
            if !self.found.contains_key(&place) {
                for chat in chats {
                    claimants.entry(*chat).or_default().push(place);
                }
            }
        }
        claimants
            .into_iter()
            .find_map(|(chat, places)| match places.as_slice() {
                [place] => Some((*place, chat)),
                _ => None,
            })
    }

    fn give(&mut self, place: usize, chat: u64) {
        self.found.insert(place, chat);
        self.claims[place].clear();
        for chats in &mut self.claims {
            chats.remove(&chat);
        }
    }

    /// Batches that compete for the same chats, directly or through others.
    fn groups(&self) -> Vec<Vec<usize>> {
        let mut groups: Vec<(BTreeSet<u64>, Vec<usize>)> = Vec::new();
        for (place, chats) in self
            .claims
            .iter()
            .enumerate()
            .filter(|(_, chats)| !chats.is_empty())
        {
            let mut merged = (chats.clone(), vec![place]);
            groups.retain(|(others, places)| {
                let apart = others.is_disjoint(&merged.0);
                if !apart {
                    merged.0.extend(others);
                    merged.1.extend(places);
                }
                apart
            });
            groups.push(merged);
        }
        groups.into_iter().map(|(_, places)| places).collect()
    }

    /// A group with as many chats as batches, each batch claiming each chat: all were applied, and
    /// which is whose makes no difference to anybody. The order of ids is given to the order of
    /// places.
    fn settle_group(&mut self, places: &[usize]) {
        let Some(chats) = places.first().map(|place| self.claims[*place].clone()) else {
            return;
        };
        let alike = places.iter().all(|place| self.claims[*place] == chats);
        if !alike || chats.len() != places.len() {
            return;
        }
        let mut places = places.to_vec();
        places.sort_unstable();
        for (place, chat) in places.into_iter().zip(chats) {
            self.give(place, chat);
        }
    }
}

/// On which sides the order of commits bounds the time at which a chat was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bounds {
    /// After the intent, near enough, and before the attempt was given up.
    Both,
    /// After the intent, near enough.
    Below,
    /// Not at all.
    Open,
}

/// How much of what a chat says agrees with a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Likeness {
    /// All of it.
    Agrees,
    /// All but the time at which it was made.
    SaveForTheClocks,
    /// It is another's.
    Differs,
}

/// Compares what a chat says with a batch. Clocks are asked only where the order of
/// commits and the list of customers do not say enough: they can be set wrong.
pub(super) fn likeness(batch: &Sought, chat: &ChatFacts, bounds: Bounds) -> Likeness {
    if !is_alike(batch, chat) {
        Likeness::Differs
    } else if bounds.say_enough(chat) || time_agrees(batch, chat) {
        Likeness::Agrees
    } else {
        Likeness::SaveForTheClocks
    }
}

fn is_alike(batch: &Sought, chat: &ChatFacts) -> bool {
    let agrees =
        |said: &Option<String>, ours: &str| said.as_deref().is_none_or(|said| said == ours);
    chat.message.as_deref() == Some(batch.message.as_str())
        && agrees(&chat.group, &batch.group)
        && chat
            .priority
            .as_deref()
            .is_none_or(|said| said.eq_ignore_ascii_case(&batch.priority))
        && match &chat.customers {
            Some(customers) => same_customers(customers, &batch.customers),
            // More sent than it has customers, and it is another's; fewer may still be on their way.
            None => chat
                .sent
                .is_none_or(|sent| sent <= batch.customers.len() as u64),
        }
}

impl Bounds {
    fn say_enough(self, chat: &ChatFacts) -> bool {
        match self {
            Bounds::Both => true,
            Bounds::Below => chat.customers.is_some(),
            Bounds::Open => false,
        }
    }
}

fn same_customers(ours: &[u64], theirs: &[u64]) -> bool {
    let sorted = |ids: &[u64]| {
        let mut ids = ids.to_vec();
        ids.sort_unstable();
        ids
    };
    let sum = |ids: &[u64]| ids.iter().fold(0_u64, |sum, id| sum.wrapping_add(*id));
    // Most comparisons end here, without sorting.
    ours.len() == theirs.len()
        && sum(ours) == sum(theirs)
        && (ours == theirs || sorted(ours) == sorted(theirs))
}

/// Whether the chat can have been made while the attempt was under way, clocks being apart.
fn time_agrees(batch: &Sought, chat: &ChatFacts) -> bool {
    let Some(made) = chat.created_at else {
        return true;
    };
    made.saturating_add(CLOCKS_APART)
        .is_ok_and(|made| made >= batch.intended_at)
        && made
            .saturating_sub(CLOCKS_APART)
            .is_ok_and(|made| made <= batch.ended_at)
}
