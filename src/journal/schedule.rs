//! Due times that became no run, and schedules that are decided beyond now.

use jiff::Timestamp;

use super::RunState;
use crate::campaign::CampaignName;
use crate::delivery::ahead::{Decided, Look};

/// A fire that became no run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unlaunched {
    /// When it was due.
    pub due: Timestamp,
    /// Missed, skipped, or failed where its plan could not be made.
    pub state: RunState,
    /// Why.
    pub why: String,
}

/// A campaign whose fires are decided up to a time that has not come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ahead {
    /// The campaign.
    pub campaign: CampaignName,
    /// How far they were decided when it was looked at.
    pub decided: Decided,
    /// What was done about it.
    pub look: Look,
}
