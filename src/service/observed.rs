//! What a long-lived process knows of itself, for those who watch it from outside.
//!
//! The loops fill it as they go: a beat for every turn, the concerns that keep them from sending,
//! and counts of what passes. Filling it never blocks and never fails, so that nobody is sent less
//! for being watched. The pages in [`crate::web`] and the supervisor read it.
//!
//! Labels hold words of ours, statuses and names of campaigns, and nothing that comes from a
//! customer, a message or a token.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use tokio::time::Instant;

use super::recorder::Commit;
use crate::campaign::CampaignName;
use crate::desk::Heard;

/// A loop that has not turned for this long hangs. Every loop wakes up at least twice in it.
pub const STALE_AFTER: Duration = Duration::from_secs(90);

/// What the last run of a campaign was like says nothing any more when it is longer ago than this.
pub const FORGET_AFTER: Duration = Duration::from_secs(3_600);

/// What keeps a process from sending, by what it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Concern {
    /// It has not begun yet.
    Starting,
    /// The token.
    Token,
    /// The store.
    Store,
    /// The store is not the one that it was, or not where it was.
    Place,
    /// Due times are decided that have not come.
    Clock,
    /// Desk is out of reach.
    Desk,
    /// The folder of campaigns.
    Campaigns,
    /// It was told to stop.
    Stopping,
}

/// A request by what it was for and how it was answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Answered {
    /// `create`, `read` or `delete`.
    pub kind: String,
    /// The status, or `none` where no answer came.
    pub status: String,
}

/// A kind of request.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Kind {
    /// `create`, `read` or `delete`.
    pub kind: String,
}

/// A campaign.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Campaign {
    /// Its name.
    pub campaign: String,
}

/// Counts that only ever grow, and the last of what has no sum. Clones share their values.
#[derive(Clone, Debug)]
pub struct Series {
    /// Requests by kind and status.
    pub requests: Family<Answered, Counter>,
    /// Seconds from a request to the head of its answer.
    pub answers: Family<Kind, Histogram>,
    /// Seconds that commits of intents and outcomes took.
    pub commits: Histogram,
    /// Seconds from the due time of the last run of a campaign to its launch.
    pub lags: Family<Campaign, Gauge<f64, AtomicU64>>,
    /// Runs that were due and not launched, since it was too late.
    pub missed: Family<Campaign, Counter>,
    /// Seconds from now to the newest due time that is decided although it has not come.
    pub ahead: Gauge<f64, AtomicU64>,
}

/// How much of what is allowed is in use.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct BudgetUse {
    /// Requests that may leave in a second.
    pub allowed_per_second: f64,
    /// The share of them that is in use, from 0 to 1.
    pub used: f64,
}

/// Asks the budget.
struct AskBudget(Box<dyn Fn() -> BudgetUse + Send + Sync>);

impl fmt::Debug for AskBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AskBudget")
    }
}

/// What a process knows of itself. Clones share it.
#[derive(Clone, Debug)]
pub struct Observed(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    start: Instant,
    /// Milliseconds from the start to the last turn of the loop.
    beat_ms: AtomicU64,
    concerns: Mutex<BTreeMap<Concern, String>>,
    budget: OnceLock<AskBudget>,
    series: Series,
    /// How old what is told of a campaign is.
    ages: Mutex<BTreeMap<String, Age>>,
}

/// When what is told of a campaign happened.
#[derive(Clone, Copy, Debug, Default)]
struct Age {
    launched: Option<Instant>,
    missed: Option<Instant>,
    /// Whether its file is gone.
    is_removed: bool,
}

impl Default for Observed {
    /// A process that has just begun, and is not ready: see [`Concern::Starting`].
    fn default() -> Self {
        let starting = (Concern::Starting, "deskcast is starting".to_owned());
        Observed(Arc::new(Shared {
            start: Instant::now(),
            beat_ms: AtomicU64::new(0),
            concerns: Mutex::new(BTreeMap::from([starting])),
            budget: OnceLock::new(),
            series: Series::default(),
            ages: Mutex::default(),
        }))
    }
}

impl Default for Series {
    fn default() -> Self {
        Series {
            requests: Family::default(),
            // 5 ms to 41 s: from a sandbox to beyond the request timeout.
            answers: Family::new_with_constructor(|| {
                Histogram::new(exponential_buckets(0.005, 2.0, 14))
            }),
            // 0.1 ms to 1.6 s: from an idle solid-state disk to one in trouble.
            commits: Histogram::new(exponential_buckets(0.0001, 2.0, 15)),
            lags: Family::default(),
            missed: Family::default(),
            ahead: Gauge::default(),
        }
    }
}

impl Observed {
    /// The loop turns. To be called at least every half of [`STALE_AFTER`].
    pub fn beat(&self) {
        let ms = u64::try_from(self.0.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.0.beat_ms.store(ms, Ordering::Relaxed);
    }

    /// How long ago the loop turned last.
    pub fn beat_age(&self) -> Duration {
        let beat = Duration::from_millis(self.0.beat_ms.load(Ordering::Relaxed));
        self.0.start.elapsed().saturating_sub(beat)
    }

    /// Whether the loop still turns.
    pub fn is_alive(&self) -> bool {
        self.beat_age() < STALE_AFTER
    }

    /// Something keeps it from sending: a sentence without a secret. It takes the place of what
    /// was said about the same before.
    pub fn concern(&self, about: Concern, why: impl Into<String>) {
        self.concerns().insert(about, why.into());
    }

    /// It does not any more.
    pub fn settle(&self, about: Concern) {
        self.concerns().remove(&about);
    }

    /// Why it is not ready, one sentence each; empty when it is.
    pub fn unready(&self) -> Vec<String> {
        self.concerns().values().cloned().collect()
    }

    /// Takes in a request: for [`crate::desk::Desk::heard_by`]. A token that is refused makes the
    /// process unready until a request succeeds.
    pub fn hear(&self, heard: Heard) {
        let kind = heard.call.as_str().to_owned();
        let status = heard.status.map_or("none".into(), |code| code.to_string());
        let series = &self.0.series;
        let answered = Answered {
            kind: kind.clone(),
            status,
        };
        series.requests.get_or_create(&answered).inc();
        let seconds = heard.took.as_secs_f64();
        series
            .answers
            .get_or_create(&Kind { kind })
            .observe(seconds);
        match heard.status {
            Some(code @ (401 | 403)) => self.concern(
                Concern::Token,
                format!(
                    "Desk refused the API token ({code}); give it a valid one, then restart it, or reload it where \
                     the token is in a file"
                ),
            ),
            Some(200..=299) => self.settle(Concern::Token),
            _ => {}
        }
    }

    /// Takes in a commit: for [`super::recorder::Recorder::start_heard_by`]. A store that cannot
    /// be written makes the process unready until it can.
    pub fn committed(&self, commit: Commit<'_>) {
        self.0.series.commits.observe(commit.took.as_secs_f64());
        match commit.failed {
            Some(why) => self.concern(Concern::Store, why),
            None => self.settle(Concern::Store),
        }
    }

    /// A run was launched so long after it was due.
    pub fn launched(&self, campaign: &CampaignName, lag: Duration) {
        let lags = &self.0.series.lags;
        lags.get_or_create(&Campaign::of(campaign))
            .set(lag.as_secs_f64());
        let mut ages = self.ages();
        let age = ages.entry(campaign.as_str().to_owned()).or_default();
        (age.launched, age.is_removed) = (Some(Instant::now()), false);
    }

    /// A run was due and is not launched any more.
    pub fn missed(&self, campaign: &CampaignName) {
        let missed = &self.0.series.missed;
        missed.get_or_create(&Campaign::of(campaign)).inc();
        let mut ages = self.ages();
        let age = ages.entry(campaign.as_str().to_owned()).or_default();
        (age.missed, age.is_removed) = (Some(Instant::now()), false);
    }

    /// The file of a campaign is gone: how its last run began concerns nobody any more. That one was
    /// missed does, for a while.
    pub fn removed(&self, campaign: &CampaignName) {
        if let Some(age) = self.ages().get_mut(campaign.as_str()) {
            age.is_removed = true;
        }
        self.forget_old();
    }

    /// Forgets what is told of campaigns whose last launch was long ago, or that are gone.
    pub fn forget_old(&self) {
        let is_old = |at: Option<Instant>| at.is_none_or(|at| at.elapsed() >= FORGET_AFTER);
        let Series { lags, missed, .. } = &self.0.series;
        self.ages().retain(|name, age| {
            let campaign = Campaign {
                campaign: name.clone(),
            };
            if age.is_removed || is_old(age.launched) {
                age.launched = None;
                lags.remove(&campaign);
            }
            if age.is_removed && is_old(age.missed) {
                missed.remove(&campaign);
                return false;
            }
            true
        });
    }

    /// So far ahead of the clock due times are decided.
    pub fn set_ahead(&self, by: Duration) {
        self.0.series.ahead.set(by.as_secs_f64());
    }

    /// Says where to ask how much of the budget is in use. The first one to say so is asked.
    pub fn ask_budget(&self, ask: impl Fn() -> BudgetUse + Send + Sync + 'static) {
        let _ = self.0.budget.set(AskBudget(Box::new(ask)));
    }

    /// How much of the budget is in use, where that is known.
    pub fn budget(&self) -> Option<BudgetUse> {
        self.0.budget.get().map(|ask| (ask.0)())
    }

    /// The counts.
    pub fn series(&self) -> &Series {
        &self.0.series
    }

    fn ages(&self) -> MutexGuard<'_, BTreeMap<String, Age>> {
        self.0.ages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// No code panics while it holds the lock; a poisoned one is as good.
    fn concerns(&self) -> MutexGuard<'_, BTreeMap<Concern, String>> {
        let concerns = self.0.concerns.lock();
        concerns.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Campaign {
    fn of(name: &CampaignName) -> Campaign {
        Campaign {
            campaign: name.as_str().to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::Call;

    fn heard(status: u16) -> Heard {
        Heard {
            call: Call::Create,
            status: Some(status),
            took: Duration::from_millis(20),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_loop_that_does_not_turn_is_not_alive_and_one_that_turns_again_is() {
        let observed = Observed::default();
        assert!(observed.is_alive(), "it has just begun");
        tokio::time::advance(STALE_AFTER - Duration::from_millis(1)).await;
        assert!(observed.is_alive());
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(!observed.is_alive());
        observed.beat();
        assert!(observed.is_alive());
        assert_eq!(observed.beat_age(), Duration::ZERO);
    }

    #[test]
    fn it_is_ready_once_it_has_begun_and_nothing_is_of_concern() {
        let observed = Observed::default();
        assert_eq!(observed.unready(), ["deskcast is starting"]);
        observed.settle(Concern::Starting);
        assert!(observed.unready().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_lag_is_told_for_an_hour_or_until_its_campaign_is_removed_and_a_miss_for_an_hour_after()
     {
        let name = |name: &str| CampaignName::new(name).expect("a name");
        let observed = Observed::default();
        let told = |of: &str| {
            let campaign = Campaign::of(&name(of));
            let Series { lags, missed, .. } = observed.series();
            (
                lags.get(&campaign).is_some(),
                missed.get(&campaign).is_some(),
            )
        };
        for campaign in ["once", "gone", "daily"] {
            observed.launched(&name(campaign), Duration::from_secs(212));
            observed.missed(&name(campaign));
        }
        observed.removed(&name("gone"));
        assert_eq!((told("once"), told("gone")), ((true, true), (false, true)));
        tokio::time::advance(FORGET_AFTER - Duration::from_secs(1)).await;
        observed.launched(&name("daily"), Duration::ZERO);
        observed.forget_old();
        assert_eq!((told("once"), told("gone")), ((true, true), (false, true)));
        tokio::time::advance(Duration::from_secs(1)).await;
        observed.forget_old();
        assert_eq!((told("once"), told("daily")), ((false, true), (true, true)));
        assert_eq!(told("gone"), (false, false));
        observed.launched(&name("gone"), Duration::ZERO);
        assert_eq!(told("gone"), (true, false), "it is back");
    }

    #[test]
    fn a_refused_token_is_of_concern_until_a_request_succeeds() {
        let observed = Observed::default();
        observed.settle(Concern::Starting);
        for (status, unready) in [(401, 1), (500, 1), (404, 1), (403, 1), (201, 0), (429, 0)] {
            observed.hear(heard(status));
            assert_eq!(observed.unready().len(), unready, "after {status}");
        }
    }

    #[test]
    fn a_commit_that_failed_is_of_concern_until_one_succeeds() {
        let observed = Observed::default();
        observed.settle(Concern::Starting);
        let took = Duration::from_millis(1);
        let failed = Some("the disk is full; make room");
        observed.committed(Commit { took, failed });
        assert_eq!(observed.unready(), ["the disk is full; make room"]);
        observed.committed(Commit { took, failed: None });
        assert!(observed.unready().is_empty());
    }
}
