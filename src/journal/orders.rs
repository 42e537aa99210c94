//! What operators ask for from outside: the journal is the only channel.
//!
//! Whoever sends a run looks for orders several times a second and obeys them; a run that nobody
//! sends obeys in the very commit that records the order. Each order is kept, with who gave it,
//! when, why, and what came of it.

use jiff::Timestamp;

use super::RunId;
use crate::campaign::CampaignName;
use crate::delivery::run::RunChange;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verb {
    /// Send nothing more until it is resumed.
    Pause,
    /// Go on.
    Resume,
    /// Never send what remains.
    Cancel,
    /// Launch a campaign now.
    Launch,
    /// Let a run that waits for approval begin or go on.
    Approve,
}

impl Verb {
    /// Every verb.
    pub const ALL: [Verb; 5] = [
        Verb::Pause,
        Verb::Resume,
        Verb::Cancel,
        Verb::Launch,
        Verb::Approve,
    ];

    /// The word for it, as it is typed and kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Verb::Pause => "pause",
            Verb::Resume => "resume",
            Verb::Cancel => "cancel",
            Verb::Launch => "launch",
            Verb::Approve => "approve",
        }
    }

    /// What a run is once it has obeyed: "paused by alice".
    pub fn done(self) -> &'static str {
        match self {
            Verb::Pause => "paused",
            Verb::Resume => "resumed",
            Verb::Cancel => "cancelled",
            Verb::Launch => "launched",
            Verb::Approve => "approved",
        }
    }

    /// What it makes of a run; none where it is not about where a run stands.
    pub fn change(self) -> Option<RunChange> {
        match self {
            Verb::Pause => Some(RunChange::Pause),
            Verb::Resume => Some(RunChange::Resume),
            Verb::Cancel => Some(RunChange::Cancel),
            Verb::Launch | Verb::Approve => None,
        }
    }

    /// The verb with this name.
    pub fn parse(name: &str) -> Option<Verb> {
        Verb::ALL.into_iter().find(|verb| verb.as_str() == name)
    }
}

/// The number of an order in its journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OrderId(pub i64);

/// An order as it is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOrder {
    /// What is asked for.
    pub verb: Verb,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// Why; may be empty.
    pub why: String,
}

impl NewOrder {
    /// What is noted with a run that has obeyed.
    pub fn note(&self) -> String {
        note(self.verb, &self.by, &self.why)
    }
}

fn note(verb: Verb, by: &str, why: &str) -> String {
    let done = verb.done();
    if why.is_empty() {
        format!("{done} by {by}")
    } else {
        format!("{done} by {by}: {why}")
    }
}

/// An order in the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Its number.
    pub id: OrderId,
    /// What is asked for.
    pub verb: Verb,
    /// When it was given.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// Of which campaign.
    pub campaign: CampaignName,
    /// Of which of its runs; none where the campaign itself is meant.
    pub run: Option<RunId>,
    /// Why; may be empty.
    pub why: String,
    /// When it was obeyed or answered.
    pub obeyed_at: Option<Timestamp>,
    /// What came of it.
    pub answer: String,
}

impl Order {
    /// What is noted with a run that has obeyed.
    pub fn note(&self) -> String {
        note(self.verb, &self.by, &self.why)
    }
}

/// Somebody's word that a plan may be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// The identity of the plan.
    pub digest: String,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// Why; may be empty.
    pub why: String,
}
