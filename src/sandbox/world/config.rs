//! Everything that can be different about a world.
//!
//! Where the reference pages are silent, there is a setting here rather than a guess in the code:
//! a client can be held against every reading.

use std::time::Duration;

use super::history::History;
use crate::sandbox::rule::Rule;

/// What a world is made of. The same config and the same calls give the same answers.
#[derive(Debug, Clone)]
pub struct WorldConfig {
    /// Decides everything that is left to chance.
    pub seed: u64,
    /// The only token that is let in.
    pub token: String,
    /// The Desk project's id.
    pub project: u64,
    /// Group keys that exist; empty means every well-formed key does.
    pub groups: Vec<String>,
    /// Agent ids that exist; empty means every positive id does.
    pub agents: Vec<u64>,
    /// Who exists, and who cannot be messaged.
    pub customers: Customers,
    /// The sequence of chat ids, which other people use as well.
    pub chat_ids: ChatIds,
    /// What people do, and how fast.
    pub people: People,
    /// The tickets that are there before.
    pub history: History,
    /// How answers are written where the reference allows several ways.
    pub wire: Wire,
    /// Chats (numbered from 1 as they are made) that answer 404 at first.
    pub hidden: Rule,
    /// For how long they do.
    pub hidden_for: Duration,
    /// Proactive chats are switched off for the project: every create is refused.
    pub switched_off: bool,
}

/// Who exists. Customer ids count from 1.
#[derive(Debug, Clone)]
pub struct Customers {
    /// The highest id there is; `None` for no end.
    pub highest: Option<u64>,
    /// Ids below it that do not exist all the same.
    pub unknown: Rule,
    /// Whether a refusal names the unknown ids.
    pub name_unknown: bool,
    /// Customers from social channels, who cannot be sent proactive chats.
    pub social: Rule,
    /// Whether an id listed twice in one create refuses it (else it is messaged once).
    pub refuse_repeated: bool,
    /// The most ids in one create; `None` for no limit.
    pub most_in_a_chat: Option<usize>,
}

/// The one server-side sequence of proactive chat ids: monotonic, not dense.
#[derive(Debug, Clone)]
pub struct ChatIds {
    /// No id is below this one.
    pub first: u64,
    /// Up to so many ids go to other people's chats before each of ours.
    pub most_between: u64,
    /// The share of those that belong to the same project, so that they can be read.
    pub readable_share: f64,
    /// The share of the readable ones that differ from the chat they precede only in the customers.
    pub alike_share: f64,
}

/// What people do with a message. Delays are in Desk time, which `speed` makes pass faster.
#[derive(Debug, Clone)]
pub struct People {
    /// Seconds of Desk time that pass in one second; above 0.
    pub speed: f64,
    /// The share of customers that reply, `0.0..=1.0`.
    pub reply_share: f64,
    /// The share of replies whose ticket is closed in the end, `0.0..=1.0`.
    pub close_share: f64,
    /// Messages go out over this long; zero: all at once, and `sentCount` is complete at once.
    pub sent_within: Duration,
    /// The last reply comes this long after its message went out.
    pub reply_within: Duration,
    /// The last ticket is closed this long after the reply.
    pub close_within: Duration,
}

/// How answers are written where the reference allows several ways.
#[derive(Debug, Clone, Default)]
pub struct Wire {
    /// The form of an error's code.
    pub codes: Codes,
    /// The form of `customersList`.
    pub customers_list: CustomersList,
    /// The form of `GET /chat_messages/delete_logs`.
    pub delete_logs: DeleteLogs,
    /// Whether messages of type EVENT can be deleted (else deskp400601).
    pub delete_events: bool,
    /// Whether lists go on showing deleted messages, without their text and with `deletedAt`.
    pub list_deleted: bool,
}

/// The form of an error's code: the reference shows both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Codes {
    /// `"deskp400600"`, as in the tables.
    #[default]
    Text,
    /// `400600`, as in the samples.
    Number,
}

/// The form of `customersList`; the reference says "a string representation".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CustomersList {
    /// `"[1, 2]"`
    #[default]
    Bracketed,
    /// `"1,2"`
    Bare,
    /// `[1, 2]`, a JSON list
    List,
    /// `null`
    Null,
    /// No such field.
    Missing,
}

/// The form of the delete logs: the sample is one object, the text says a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeleteLogs {
    /// `{count, previous, next, results}`
    #[default]
    Page,
    /// A bare list.
    List,
    /// The first log as a bare object, as in the sample; `{}` without any.
    Single,
}

impl Default for WorldConfig {
    fn default() -> Self {
        WorldConfig {
            seed: 1,
            token: "sandbox".to_owned(),
            project: 1,
            groups: Vec::new(),
            agents: Vec::new(),
            customers: Customers::default(),
            chat_ids: ChatIds::default(),
            people: People::default(),
            history: History::default(),
            wire: Wire::default(),
            hidden: Rule::Never,
            hidden_for: Duration::from_secs(2),
            switched_off: false,
        }
    }
}

impl Default for Customers {
    fn default() -> Self {
        Customers {
            highest: None,
            unknown: Rule::Never,
            name_unknown: true,
            social: Rule::Never,
            refuse_repeated: true,
            most_in_a_chat: None,
        }
    }
}

impl Default for ChatIds {
    fn default() -> Self {
        ChatIds {
            first: 1_001,
            most_between: 3,
            readable_share: 0.5,
            alike_share: 0.5,
        }
    }
}

impl Default for People {
    /// A campaign comes to rest about 45 seconds after its last message.
    fn default() -> Self {
        let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
        People {
            speed: 120.0,
            reply_share: 0.35,
            close_share: 1.0,
            sent_within: Duration::ZERO,
            reply_within: minutes(60),
            close_within: minutes(30),
        }
    }
}
