//! The one JSON object that scripts read.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::delivery::tally::{Batches, Customers};
use crate::delivery::tracking::Counts;
use crate::journal::sqlite::read::{Requests, RunRecord, Standing};

/// What `--json` prints for a run, finished or not, and for a dry run.
#[derive(Debug, Serialize)]
pub struct RunObject {
    /// The run; null for a dry run.
    pub run: Option<String>,
    /// The campaign.
    pub campaign: String,
    /// planned, sending, stopped, finished, failed; or dry-run.
    pub state: String,
    /// Why it stands there, where there is something to say.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// The identity of the plan.
    pub digest: String,
    /// By customer.
    pub customers: Customers,
    /// By batch.
    pub batches: Batches,
    /// Sent, responded, closed.
    pub counts: Counts,
    /// Requests made.
    pub requests: Requests,
    /// The first request, of a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_request: Option<FirstRequest>,
    /// How long sending takes at the allowed rate, of a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_seconds: Option<f64>,
}

/// A request as it would be sent.
#[derive(Debug, Serialize)]
pub struct FirstRequest {
    /// The method.
    pub method: &'static str,
    /// The URL.
    pub url: String,
    /// The body, byte for byte.
    pub body: Box<RawValue>,
}

impl RunObject {
    /// The object of a run that is in the journal.
    pub fn of(run: &RunRecord, standing: &Standing) -> RunObject {
        RunObject {
            run: Some(run.key.to_string()),
            campaign: run.key.campaign.to_string(),
            state: run.state.as_str().to_owned(),
            note: run.note.clone(),
            digest: run.digest.clone(),
            customers: standing.tally.customers,
            batches: standing.tally.batches,
            counts: standing.counts,
            requests: standing.requests,
            first_request: None,
            duration_seconds: None,
        }
    }

    /// The object as one line of text.
    pub fn line(&self) -> String {
        // A struct of strings and numbers always serialises.
        serde_json::to_string(self).unwrap_or_default()
    }
}
