//! What a plan asks before it is frozen: who was messaged, and how large the audience was.

use jiff::Timestamp;

use super::JournalError;
use crate::campaign::{CampaignName, Repeat};
use crate::delivery::plan::{PlanSink, PlanSummary};
use crate::delivery::rules::Messaged;

/// A campaign that asks who was messaged, and when it asks.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// The campaign.
    pub campaign: &'a CampaignName,
    /// The base URL of the application: what was sent through another one does not count.
    pub base_url: &'a str,
    /// Its rules.
    pub repeat: &'a Repeat,
    /// Now.
    pub now: Timestamp,
}

/// The runs that an audience is held against: those of a campaign from the same files, to the same
/// Desk.
#[derive(Clone, Copy, Debug)]
pub struct Alike<'a> {
    /// The campaign.
    pub campaign: &'a CampaignName,
    /// The base URL.
    pub base_url: &'a str,
    /// The customer files, one a line.
    pub customers_file: &'a str,
}

/// Fills the plan of a new run through the sink it is given, without those who were messaged. It
/// is called again where another run was planned meanwhile.
pub type FillWithout<'a, E> =
    &'a mut dyn FnMut(Messaged, &mut dyn PlanSink<Error = JournalError>) -> Result<PlanSummary, E>;
