//! The JSON that scripts read: one object for a run, one document for a report.

use serde::Serialize;
use serde_json::value::RawValue;

use super::doubts::{self, DoubtsObject};
use super::lists::{ListObject, objects};
use super::number::percentage;
use super::read::ReadObject;
use super::text::time;
use super::variants::Variants;
use super::{Reported, result};
use crate::campaign::Warning;
use crate::delivery::tally::{Batches, Customers};
use crate::delivery::tracking::Counts;
use crate::journal::orders::Approval;
use crate::journal::reading::{Requests, Standing};
use crate::journal::runs::RunRecord;
use crate::service::frozen::Difference;

/// What `--json` prints for a run, finished or not, and for a dry run.
#[derive(Debug, Serialize)]
pub struct RunObject {
    /// The run; null for a dry run.
    pub run: Option<String>,
    /// The campaign.
    pub campaign: String,
    /// planned, sending, stopped, interrupted, finished, failed; or dry-run.
    pub state: String,
    /// Why it stands there, where there is something to say.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// Whether it is a test send; left away where it is none.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub test: bool,
    /// The identity of the plan.
    pub digest: String,
    /// By customer.
    pub customers: Customers,
    /// By batch.
    pub batches: Batches,
    /// Sent, responded, closed.
    pub counts: Counts,
    /// Figures of Desk's that cannot be; left away where all can.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub doubtful: Option<DoubtsObject>,
    /// Requests made.
    pub requests: Requests,
    /// Its texts, where it has several, and what each came to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variants: Option<Variants>,
    /// The lists of those who were left out; left away where there is none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lists: Vec<ListObject>,
    /// What was read, of a dry run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub read: Vec<ReadObject>,
    /// What is probably not meant, of a dry run; left away where there is nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
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

/// What `deskcast show --json` prints: the object of the run, with all that was planned.
#[derive(Debug, Serialize)]
pub struct ShownObject {
    /// The object of the run; its first request is the next one.
    #[serde(flatten)]
    pub run: RunObject,
    /// The whole text; where there are variants, the first one's.
    pub message: String,
    /// The texts of the variants, by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub texts: Vec<(String, String)>,
    /// The key of the group.
    pub group: String,
    /// The agent.
    pub agent_id: u64,
    /// The priority.
    pub priority: &'static str,
    /// When messages may leave; left away for always.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub window: String,
    /// What holds it back, in words.
    pub restraints: Vec<String>,
    /// Who agreed to the plan.
    pub approved_by: Vec<String>,
    /// What the campaign's files say otherwise by now: text, group, customers and so on.
    pub changed: Vec<&'static str>,
}

impl ShownObject {
    /// The object of a run that was looked at.
    pub fn of(
        object: RunObject,
        run: &RunRecord,
        approvals: &[Approval],
        differences: &[Difference],
    ) -> ShownObject {
        let texts = run.variants.iter();
        let lines = super::restraints::lines(&run.restraints);
        ShownObject {
            message: run.message.clone(),
            texts: texts
                .map(|it| (it.name.clone(), it.message.clone()))
                .collect(),
            group: run.group.clone(),
            agent_id: run.agent_id,
            priority: run.priority.as_str(),
            window: run.window.clone(),
            restraints: lines.into_iter().map(|(_, what)| what).collect(),
            approved_by: approvals.iter().map(|it| it.by.clone()).collect(),
            changed: differences.iter().map(|it| it.what).collect(),
            run: object,
        }
    }

    /// The object as one line of text.
    pub fn line(&self) -> String {
        // A struct of strings and numbers always serialises.
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl RunObject {
    /// The object of a run that is in the journal.
    pub fn of(run: &RunRecord, standing: &Standing) -> RunObject {
        RunObject {
            run: Some(run.key.to_string()),
            campaign: run.key.campaign.to_string(),
            state: result::state(run).to_owned(),
            test: run.test,
            note: run.note.clone(),
            digest: run.digest.clone(),
            customers: standing.tally.customers,
            batches: standing.tally.batches,
            counts: standing.counts,
            doubtful: DoubtsObject::of(&standing.doubts),
            requests: standing.requests,
            variants: Variants::of(&standing.variants),
            lists: objects(&run.lists),
            read: Vec::new(),
            warnings: Vec::new(),
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

/// A run in a report: the object of the run, with rates and times.
#[derive(Debug, Serialize)]
pub struct RunReport {
    /// The object that `deskcast run --json` prints.
    #[serde(flatten)]
    pub run: RunObject,
    /// Shares of the chats that were sent.
    pub rates: Rates,
    /// How the chats were read.
    pub chats: Chats,
    /// When things happened.
    pub times: Times,
}

/// Shares of the chats that were sent, in percent with one decimal; null where none was sent, or
/// where Desk's figures contradict themselves.
#[derive(Debug, Serialize)]
pub struct Rates {
    /// Chats that a customer answered.
    pub responded_percent: Option<f64>,
    /// Chats that were closed.
    pub closed_percent: Option<f64>,
}

/// How the proactive chats of a run were read.
#[derive(Debug, Serialize)]
pub struct Chats {
    /// Those of which more is to come.
    pub open: u64,
    /// The same by the name that it has in CSV.
    pub open_chats: u64,
    /// Those that were never read.
    pub unread: u64,
}

/// When things happened, in UTC; null where they did not.
#[derive(Debug, Serialize)]
pub struct Times {
    /// The due time.
    pub due: String,
    /// When it was planned; none of what was due and never launched.
    pub planned_at: Option<String>,
    /// When it was first sent.
    pub started_at: Option<String>,
    /// When it was finished or stopped.
    pub ended_at: Option<String>,
    /// When a chat of it was last read.
    pub read_at: Option<String>,
}

/// A report.
#[derive(Debug, Serialize)]
pub struct Document {
    /// The runs, the latest due first.
    pub runs: Vec<RunReport>,
    /// All of them together.
    pub total: Total,
}

/// Several runs together.
#[derive(Debug, Default, Serialize)]
pub struct Total {
    /// How many.
    pub runs: usize,
    /// By customer. Whoever is in two runs counts twice.
    pub customers: Customers,
    /// By batch.
    pub batches: Batches,
    /// Sent, responded, closed.
    pub counts: Counts,
    /// Requests made.
    pub requests: Requests,
    /// Shares of all chats sent.
    pub rates: Rates,
}

impl Rates {
    /// The rates of these counts; none where they do not allow any.
    pub fn of(counts: Counts, allowed: bool) -> Rates {
        let rate = |part| percentage(part, counts.sent).filter(|_| allowed);
        Rates {
            responded_percent: rate(counts.responded),
            closed_percent: rate(counts.closed),
        }
    }
}

impl Default for Rates {
    fn default() -> Rates {
        Rates::of(Counts::default(), true)
    }
}

impl RunReport {
    /// The report of one run.
    pub fn of(reported: &Reported) -> RunReport {
        let Reported { run, standing } = reported;
        RunReport {
            run: RunObject::of(run, standing),
            rates: Rates::of(standing.counts, standing.doubts.allow_rates()),
            chats: Chats {
                open: standing.open_chats,
                open_chats: standing.open_chats,
                unread: standing.unread_chats,
            },
            times: Times {
                due: time(run.key.due),
                planned_at: (!run.digest.is_empty()).then(|| time(run.created_at)),
                started_at: run.started_at.map(time),
                ended_at: run.ended_at.map(time),
                read_at: standing.read_at.map(time),
            },
        }
    }
}

impl Total {
    /// The sum of these runs.
    pub fn of(runs: &[Reported]) -> Total {
        let mut total = Total {
            runs: runs.iter().filter(|it| !it.run.test).count(),
            ..Total::default()
        };
        // A test send is no part of what a campaign came to.
        for Reported { standing, .. } in runs.iter().filter(|it| !it.run.test) {
            add_customers(&mut total.customers, standing.tally.customers);
            add_batches(&mut total.batches, standing.tally.batches);
            total.counts += standing.counts;
            total.requests.creates += standing.requests.creates;
            total.requests.reads += standing.requests.reads;
            total.requests.throttled += standing.requests.throttled;
        }
        let allowed = doubts::of_all(runs.iter().filter(|it| !it.run.test)).allow_rates();
        total.rates = Rates::of(total.counts, allowed);
        total
    }
}

/// The runs as a JSON array.
pub fn runs(runs: &[Reported]) -> String {
    let runs: Vec<RunReport> = runs.iter().map(RunReport::of).collect();
    line(&runs)
}

/// The report as one JSON document.
pub fn report(runs: &[Reported]) -> String {
    line(&Document {
        runs: runs.iter().map(RunReport::of).collect(),
        total: Total::of(runs),
    })
}

/// A value on a line of its own.
pub fn line(value: &impl Serialize) -> String {
    // What is printed is made of strings and numbers, which always serialise.
    let mut text = serde_json::to_string(value).unwrap_or_default();
    text.push('\n');
    text
}

fn add_customers(total: &mut Customers, more: Customers) {
    let Customers {
        listed,
        duplicates,
        invalid,
        excluded,
        excluded_by,
        planned,
        accepted,
        rejected,
        unknown,
        abandoned,
        remaining,
    } = more;
    total.listed += listed;
    total.duplicates += duplicates;
    total.invalid += invalid;
    total.excluded += excluded;
    for (reason, customers) in excluded_by.counts() {
        total.excluded_by.add(reason, customers);
    }
    total.planned += planned;
    total.accepted += accepted;
    total.rejected += rejected;
    total.unknown += unknown;
    total.abandoned += abandoned;
    total.remaining += remaining;
}

fn add_batches(total: &mut Batches, more: Batches) {
    let Batches {
        planned,
        accepted,
        rejected,
        unknown,
        abandoned,
        remaining,
    } = more;
    total.planned += planned;
    total.accepted += accepted;
    total.rejected += rejected;
    total.unknown += unknown;
    total.abandoned += abandoned;
    total.remaining += remaining;
}
