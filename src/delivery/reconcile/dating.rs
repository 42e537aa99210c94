//! Whether the grace time of an attempt was over when a chat was made.
//!
//! Absence rests on it: an attempt that was given up may still be applied within the grace time, so
//! only a chat that was made after it closes the interval in which the attempt's chat can be. Our
//! wall clock has no say: it can be set, and one that was set forward would end any grace time at
//! once. Two clocks have:
//!
//! - **the boot clock**, where the attempt was given up and the chat's intent recorded in one boot of
//!   one machine;
//! - **Desk's clock**, everywhere else. A chat whose intent was recorded after the attempt was given
//!   up was made after that, in the order of commits: so the time of making of any such chat is not
//!   earlier than the end of the attempt by Desk's clock, and one that was made a grace time after it
//!   was made a grace time after the end.
//!
//! Where neither reaches, nothing is proved.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use super::{Anchor, Sought};

/// A chat is shown to whoever asks for it this long after it was made, at the latest: one that was
/// made at the very end of the grace time is to be seen when the interval is read.
const SHOWN_WITHIN: Duration = Duration::from_secs(6);
/// How far the clocks of Desk's own machines may be apart.
const DESKS_CLOCKS_APART: Duration = Duration::from_secs(60);

/// Chats whose intents were recorded after the attempt was given up.
pub(super) fn later<'a>(
    batch: &'a Sought,
    anchors: &'a [Anchor],
) -> impl Iterator<Item = &'a Anchor> {
    anchors
        .iter()
        .filter(|anchor| anchor.intent_tick >= batch.ended_tick)
}

/// Whether the grace time of one attempt was over when a chat was made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grace<'a> {
    batch: &'a Sought,
    /// By Desk's clock it was given up then, at the latest.
    given_up_by: Option<Timestamp>,
    grace: Duration,
}

impl<'a> Grace<'a> {
    pub(super) fn of(batch: &'a Sought, anchors: &[Anchor], grace: Duration) -> Grace<'a> {
        Grace {
            batch,
            given_up_by: later(batch, anchors)
                .filter_map(|anchor| anchor.made_at)
                .min(),
            grace: grace.saturating_add(SHOWN_WITHIN),
        }
    }

    /// Whether it was, for one of the [`later`] chats.
    pub(super) fn is_over_at(&self, anchor: &Anchor) -> bool {
        self.is_over_by_boot(anchor) || self.is_over_by_desk(anchor)
    }

    fn is_over_by_boot(&self, anchor: &Anchor) -> bool {
        anchor
            .intended
            .zip(self.batch.ended)
            .is_some_and(|(intended, ended)| intended.is_later_by(self.grace, ended))
    }

    fn is_over_by_desk(&self, anchor: &Anchor) -> bool {
        let over = self.given_up_by.and_then(|by| {
            by.checked_add(self.grace.saturating_add(DESKS_CLOCKS_APART))
                .ok()
        });
        anchor
            .made_at
            .zip(over)
            .is_some_and(|(made, over)| made >= over)
    }
}

/// The next known chat whose time of making by Desk's clock is to be read, so that an upper end is
/// found for what is looked for; none when no reading helps. `undatable` could not be read, or do
/// not say when they were made. It takes some ten readings for a thousand chats.
pub fn chat_to_date(
    sought: &[Sought],
    anchors: &[Anchor],
    undatable: &BTreeSet<u64>,
    grace: Duration,
) -> Option<u64> {
    sought
        .iter()
        .filter(|batch| batch.looked_for)
        .find_map(|batch| to_date_for(batch, anchors, undatable, grace))
}

fn to_date_for(
    batch: &Sought,
    anchors: &[Anchor],
    undatable: &BTreeSet<u64>,
    grace: Duration,
) -> Option<u64> {
    let grace = Grace::of(batch, anchors, grace);
    let mut later: Vec<&Anchor> = later(batch, anchors).collect();
    if later.iter().any(|anchor| grace.is_over_by_boot(anchor)) {
        return None;
    }
    later.sort_unstable_by_key(|anchor| anchor.chat);
    let unread = |anchor: &Anchor| {
        (anchor.made_at.is_none() && !undatable.contains(&anchor.chat)).then_some(anchor.chat)
    };
    let (first, last) = (later.first()?, later.last()?);
    if let Some(chat) = unread(first).or_else(|| unread(last)) {
        return Some(chat);
    }
    if !grace.is_over_by_desk(last) {
        return None;
    }
    // The lowest one that will do: what lies below it has to be read, id by id.
    let (mut too_early, mut late_enough) = (0, later.len() - 1);
    while too_early + 1 < late_enough {
        let middle = usize::midpoint(too_early, late_enough);
        if let Some(chat) = unread(later[middle]) {
            return Some(chat);
        }
        if grace.is_over_by_desk(later[middle]) {
            late_enough = middle;
        } else {
            too_early = middle;
        }
    }
    None
}
