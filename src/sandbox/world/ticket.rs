//! One ticket as it stands when somebody looks: of a customer of a chat, or of the history.
//!
//! It is made on the spot and knows any of its messages by number without making the others.

use serde_json::{Value, json};

use super::chats::Chat;
use super::config::WorldConfig;
use super::history::{Past, words};
use super::people::Story;
use super::{directory, wire};

/// A ticket of a chat has up to three messages; the ids of its messages begin at a multiple of this.
const OF_A_CHAT: u64 = 4;

/// One chat message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) id: u64,
    /// Which of its ticket, from 0.
    pub(super) nth: u64,
    pub(super) by: Writer,
    /// Microseconds since the epoch.
    pub(super) at: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writer {
    Event,
    Customer,
    Agent,
}

impl Writer {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Writer::Event => "EVENT",
            Writer::Customer => "CUSTOMER",
            Writer::Agent => "AGENT",
        }
    }
}

/// A ticket.
pub(super) struct Ticket<'a> {
    pub(super) id: u64,
    pub(super) customer: u64,
    pub(super) kind: Kind<'a>,
}

/// Where a ticket comes from.
pub(super) enum Kind<'a> {
    /// From a proactive chat.
    OfChat { chat: &'a Chat, story: Story },
    /// From before.
    Past(Past),
}

impl Ticket<'_> {
    pub(super) fn status(&self, now: i64) -> &'static str {
        let happened = |at: Option<i64>| at.is_some_and(|at| at <= now);
        match &self.kind {
            Kind::OfChat { story, .. } if happened(story.closed) => "CLOSED",
            Kind::OfChat { story, .. } if happened(story.answered) => "ACTIVE",
            Kind::OfChat { story, .. } if happened(story.replied) => "PENDING",
            Kind::OfChat { .. } => "PROACTIVE",
            Kind::Past(past) if past.closed <= now => "CLOSED",
            Kind::Past(_) => "ACTIVE",
        }
    }

    /// How many messages are written by `at`; time never takes one back.
    pub(super) fn written(&self, at: i64) -> u64 {
        match &self.kind {
            Kind::OfChat { story, .. } => {
                let written = [Some(story.sent), story.replied, story.answered].into_iter();
                written.flatten().filter(|written| *written <= at).count() as u64
            }
            Kind::Past(past) => past.written(at),
        }
    }

    /// One of its messages, written or not; none beyond its last.
    pub(super) fn message(&self, config: &WorldConfig, nth: u64) -> Option<Message> {
        let (by, at) = match &self.kind {
            Kind::OfChat { story, .. } => match nth {
                0 => (Writer::Event, story.sent),
                1 => (Writer::Customer, story.replied?),
                2 => (Writer::Agent, story.answered?),
                _ => return None,
            },
            Kind::Past(past) => (past.writer(config, self.id, nth), past.at(nth)?),
        };
        let id = self.first_message(config) + nth;
        Some(Message { id, nth, by, at })
    }

    /// The message with this id, if it is written by `now`.
    pub(super) fn find(&self, config: &WorldConfig, id: u64, now: i64) -> Option<Message> {
        let nth = id.checked_sub(self.first_message(config))?;
        (nth < self.written(now))
            .then(|| self.message(config, nth))
            .flatten()
    }

    /// Ids of messages are unique over all tickets.
    fn first_message(&self, config: &WorldConfig) -> u64 {
        let history = &config.history;
        match self.id.checked_sub(history.tickets) {
            None | Some(0) => self.id * history.most(),
            Some(after) => (history.tickets + 1) * history.most() + after * OF_A_CHAT,
        }
    }

    pub(super) fn words(&self, config: &WorldConfig, message: &Message) -> String {
        match (&self.kind, message.by) {
            (Kind::Past(_), _) => words(config, self.id, message.nth),
            (Kind::OfChat { chat, .. }, Writer::Event) => chat.message().to_owned(),
            (_, Writer::Customer) => "Yes, please tell me more.".to_owned(),
            (_, Writer::Agent) => "Thank you for your patience.".to_owned(),
        }
    }

    fn writer(&self, config: &WorldConfig, by: Writer) -> String {
        match by {
            Writer::Event => "event".to_owned(),
            Writer::Customer => directory::customer_sendbird_id(self.customer),
            Writer::Agent => directory::agent_sendbird_id(self.agent(config)),
        }
    }

    fn agent(&self, config: &WorldConfig) -> u64 {
        match &self.kind {
            Kind::OfChat { chat, .. } => chat.agent,
            Kind::Past(_) => {
                let ids = directory::agent_ids(config);
                ids[(self.id % ids.len().max(1) as u64) as usize]
            }
        }
    }

    pub(super) fn message_json(&self, config: &WorldConfig, message: &Message) -> Value {
        let data = match &self.kind {
            Kind::Past(_) if message.nth % 7 == 3 => "{\"type\":\"SENDBIRD_DESK_RICH_MESSAGE\"}",
            _ => "",
        };
        json!({
            "id": message.id,
            "ticket": self.id,
            "userSendbirdId": self.writer(config, message.by),
            "userType": message.by.as_str(),
            "createdAt": wire::time(message.at),
            "message": self.words(config, message),
            "data": data,
        })
    }

    pub(super) fn json(&self, config: &WorldConfig, now: i64) -> Value {
        let past = |at: Option<i64>| at.filter(|at| *at <= now).map(wire::time);
        let (opened, closed, priority) = match &self.kind {
            Kind::OfChat { chat, story } => (chat.made_at, story.closed, chat.priority.as_str()),
            Kind::Past(past) => (past.opened, Some(past.closed), "MEDIUM"),
        };
        let keys = directory::group_keys(config);
        let group = match &self.kind {
            Kind::OfChat { chat, .. } => &chat.group,
            Kind::Past(_) => keys[(self.id % keys.len().max(1) as u64) as usize],
        };
        let last = self.written(now).checked_sub(1);
        let last = last.and_then(|nth| self.message(config, nth));
        json!({
            "id": self.id,
            "channelName": format!("Ticket {}", self.id),
            "status": self.status(now),
            "priority": priority,
            "project": config.project,
            "customer": directory::customer(config, self.customer),
            "group": directory::group(config, group),
            "recentAssignment": null,
            "createdAt": wire::time(opened),
            "updatedAt": wire::time(last.map_or(opened, |message| message.at)),
            "closedAt": past(closed),
        })
    }
}
