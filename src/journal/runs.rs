//! A run as the journal has it.

use jiff::Timestamp;

use super::{RunId, RunKey, RunState, Tended};
use crate::campaign::{FileLine, Priority, Restraints, UnknownPolicy};
use crate::delivery::list::List;
use crate::delivery::tally::{Listing, Owner};
use crate::delivery::variant::{Variant, Varied};

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
