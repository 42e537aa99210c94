//! The proactive chats that Desk holds: ours, and the other people's in between.
//!
//! Ids come from one sequence, monotonic and not dense. Ours are stored; those of others are
//! derived from the seed when somebody reads them, and nobody of theirs counts as messaged.

use std::sync::Arc;

use super::call::Priority;
use super::config::WorldConfig;
use super::packed::PackedIds;
use super::people::{self, Story};
use crate::sandbox::chance::{self, Draw};

/// One proactive chat.
#[derive(Debug, Clone)]
pub struct Chat {
    pub(crate) id: u64,
    pub(crate) message: Arc<str>,
    pub(crate) group: Arc<str>,
    pub(crate) agent: u64,
    pub(crate) priority: Priority,
    pub(crate) customers: PackedIds,
    /// The ticket of the first customer; the others follow.
    pub(crate) first_ticket: u64,
    /// Microseconds since the epoch.
    pub(crate) made_at: i64,
    /// Answers 404 before this, microseconds since the epoch.
    pub(crate) hidden_until: i64,
}

impl Chat {
    /// The id that Desk gave it.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// What was written to the customers.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The key of its group.
    pub fn group(&self) -> &str {
        &self.group
    }

    /// The customers it was sent to, as listed in the create.
    pub fn customers(&self) -> impl Iterator<Item = u64> + '_ {
        self.customers.iter()
    }

    /// When it was made, in microseconds since the epoch.
    pub fn made_at_micros(&self) -> i64 {
        self.made_at
    }

    pub(crate) fn story(&self, config: &WorldConfig, customer: u64) -> Story {
        people::story(&config.people, config.seed, self.id, customer, self.made_at)
    }
}

/// All chats of ours, by id.
#[derive(Debug, Clone, Default)]
pub(crate) struct Chats {
    ours: Vec<Chat>,
    /// Tickets that are not of chats; those of chats are numbered after them.
    other_tickets: u64,
}

impl Chats {
    /// None yet, in a project that has so many tickets.
    pub(crate) fn after(other_tickets: u64) -> Chats {
        Chats {
            ours: Vec::new(),
            other_tickets,
        }
    }

    pub(crate) fn ours(&self) -> &[Chat] {
        &self.ours
    }

    /// The id that the next chat of ours will have.
    pub(crate) fn next_id(&self, config: &WorldConfig) -> u64 {
        let free = self
            .ours
            .last()
            .map_or(config.chat_ids.first, |chat| chat.id + 1);
        free + chance::hash(config.seed, Draw::Gap, &[free]) % (config.chat_ids.most_between + 1)
    }

    /// The ticket that the next chat's first customer gets.
    pub(crate) fn next_ticket(&self) -> u64 {
        self.ours.last().map_or(self.other_tickets + 1, |chat| {
            chat.first_ticket + chat.customers.len()
        })
    }

    pub(crate) fn push(&mut self, mut chat: Chat) -> &Chat {
        if let Some(last) = self.ours.last() {
            // One campaign's chats share one copy of its words.
            share(&mut chat.message, &last.message);
            share(&mut chat.group, &last.group);
        }
        self.ours.push(chat);
        &self.ours[self.ours.len() - 1]
    }

    /// The chat with this id, ours or another's, unless it cannot be read.
    pub(crate) fn read(&self, config: &WorldConfig, id: u64, now: i64) -> Option<Chat> {
        let index = self.ours.partition_point(|chat| chat.id < id);
        let chat = self.ours.get(index)?;
        if chat.id == id {
            return (chat.hidden_until <= now).then(|| chat.clone());
        }
        let first = index
            .checked_sub(1)
            .map_or(config.chat_ids.first, |before| self.ours[before].id);
        (id >= first).then(|| other(config, id, chat)).flatten()
    }

    /// The chat whose ticket this is, and which of its customers.
    pub(crate) fn of_ticket(&self, ticket: u64) -> Option<(&Chat, u64)> {
        let index = self
            .ours
            .partition_point(|chat| chat.first_ticket <= ticket)
            .checked_sub(1)?;
        let chat = self.ours.get(index)?;
        let nth = ticket.checked_sub(chat.first_ticket)?;
        let customer = chat.customers.iter().nth(usize::try_from(nth).ok()?)?;
        Some((chat, customer))
    }
}

fn share(mine: &mut Arc<str>, theirs: &Arc<str>) {
    if *mine == *theirs {
        *mine = Arc::clone(theirs);
    }
}

/// Somebody else's chat, made shortly before `next`; often enough it looks much like it.
fn other(config: &WorldConfig, id: u64, next: &Chat) -> Option<Chat> {
    let ids = &config.chat_ids;
    if chance::fraction(config.seed, Draw::Other, &[id]) >= ids.readable_share {
        return None;
    }
    let alike = chance::fraction(config.seed, Draw::Words, &[id]) < ids.alike_share;
    let strangers = 1_000_000_000 + chance::hash(config.seed, Draw::Other, &[id, 1]) % 1_000_000;
    let count = if alike { next.customers.len() } else { 3 };
    let customers: Vec<u64> = (strangers..strangers + count).collect();
    let mut chat = Chat {
        id,
        customers: PackedIds::pack(&customers),
        hidden_until: 0,
        ..next.clone()
    };
    if !alike {
        chat.message = "Hello from another team".into();
        chat.priority = Priority::Low;
    }
    Some(chat)
}
