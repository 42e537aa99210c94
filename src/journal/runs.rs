//! A run: its identity, what is frozen when it is planned, and how it stands.

use jiff::Timestamp;

use super::RunState;
use crate::campaign::{CampaignName, FileLine, Priority, Restraints, UnknownPolicy};
use crate::delivery::list::List;
use crate::delivery::tally::{Listing, Owner};
use crate::delivery::variant::{Variant, Varied};

/// The number of a run in this journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RunId(pub i64);

/// What makes a run one run, on every machine: its campaign and its due time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RunKey {
    /// The campaign.
    pub campaign: CampaignName,
    /// When it was due, in whole seconds; for a run started by hand, when that was.
    pub due: Timestamp,
}

impl std::fmt::Display for RunKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{}", self.campaign, self.due)
    }
}

impl RunKey {
    /// Parses `NAME@2026-11-21T09:00:00Z`.
    pub fn parse(text: &str) -> Option<RunKey> {
        let (campaign, due) = text.split_once('@')?;
        Some(RunKey {
            campaign: CampaignName::new(campaign).ok()?,
            due: due.parse().ok()?,
        })
    }
}

/// Everything a run needs, frozen when it is planned: editing a file never changes a run.
#[derive(Clone, Debug)]
pub struct NewRun {
    /// Its identity.
    pub key: RunKey,
    /// The text of the message; where there are variants, the first one's.
    pub message: String,
    /// The key of the group.
    pub group: String,
    /// The agent in whose name it is sent.
    pub agent_id: u64,
    /// The priority of the chats.
    pub priority: Priority,
    /// The most customers of a batch.
    pub batch_size: u32,
    /// The base URL of the application it was planned for.
    pub base_url: String,
    /// The customer files, as the definition names them, one a line.
    pub customers_file: String,
    /// What becomes of unknown batches that are not found in Desk.
    pub unknown: UnknownPolicy,
    /// Whether it may begin although another run of its campaign was unfinished when it was asked
    /// for.
    pub beside: bool,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// How it came about, and what it waits for.
    pub launch: Launch,
}

/// How a run comes about, and what it waits for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Launch {
    /// Who goes on with it when it was stopped.
    pub tended: Tended,
    /// The due time up to which the fires of the campaign's schedule are decided by this run.
    pub decided: Option<Timestamp>,
    /// Whether it waits for the end of the earlier runs of its campaign.
    pub queued: bool,
    /// When messages may leave, as [`crate::campaign::SendWindow`] is written; empty for always.
    pub window: String,
    /// What holds it back while it is sent.
    pub restraints: Box<Restraints>,
    /// Its texts where it has several; none where everybody is told the same.
    pub variants: Vec<Variant>,
    /// Whether it is a test send: left out of counts, caps, and of who was messaged before.
    pub test: bool,
}

/// Who goes on with a run that was stopped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tended {
    /// Whoever types `deskcast run`.
    #[default]
    ByHand,
    /// The daemon.
    ByDaemon,
}

/// A run as it stands.
#[derive(Clone, Debug)]
pub struct RunRecord {
    /// Its number in this store.
    pub id: RunId,
    /// Its identity.
    pub key: RunKey,
    /// Where its sending stands.
    pub state: RunState,
    /// Why it stands there, in words.
    pub note: String,
    /// Whether a living process is sending it.
    pub owner: Owner,
    /// Who claimed it last.
    pub owner_name: String,
    /// The text of the message; where there are variants, the first one's.
    pub message: String,
    /// Its texts where it has several; none where everybody is told the same.
    pub variants: Vec<Variant>,
    /// The key of the group.
    pub group: String,
    /// The agent.
    pub agent_id: u64,
    /// The priority.
    pub priority: Priority,
    /// The most customers of a batch.
    pub batch_size: u32,
    /// The base URL it was planned for.
    pub base_url: String,
    /// The customer files, as the definition named them; at least one.
    pub customers_files: Vec<String>,
    /// The identity of the plan.
    pub digest: String,
    /// What the rows of the file came to.
    pub listing: Listing,
    /// The lists of those whom it leaves out, in the order in which they were tested.
    pub lists: Vec<List>,
    /// Requests that read.
    pub reads: u64,
    /// When it was planned.
    pub created_at: Timestamp,
    /// When it was first claimed.
    pub started_at: Option<Timestamp>,
    /// When it was last given up.
    pub ended_at: Option<Timestamp>,
    /// Who goes on with it when it was stopped.
    pub tended: Tended,
    /// Whether it waits for the end of the earlier runs of its campaign.
    pub queued: bool,
    /// When messages may leave, as it was written; empty for always.
    pub window: String,
    /// What becomes of unknown batches that are not found in Desk.
    pub unknown: UnknownPolicy,
    /// What holds it back while it is sent.
    pub restraints: Restraints,
    /// Whether it is a test send.
    pub test: bool,
}

impl RunRecord {
    /// The variant whose text this customer is told; none where everybody is told the same.
    pub fn variant_of(&self, customer: u64) -> Option<&Variant> {
        let varied = Varied::of_texts(&self.key.campaign, "", &self.variants, |_| ());
        self.variants.get(varied.variant(customer))
    }

    /// The file and the line that a row of this run stands on.
    pub fn place(&self, line: u64) -> (&str, u64) {
        let FileLine { file, line } = FileLine::unpacked(line);
        let name = self.customers_files.get(file).map_or("", String::as_str);
        (name, line)
    }
}
