//! `/metrics`: every name there is, in one place.
//!
//! In the OpenMetrics text format, version 1.0.0. What the process counts is since its start; what
//! is read from the store (runs, batches, customers) is of all time.

use std::sync::atomic::AtomicU64;

use jiff::Timestamp;
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use crate::delivery::attention::Need;
use crate::delivery::batch::BatchState;
use crate::journal::reading::Census;
use crate::service::observed::Observed;

/// What was counted in the store.
#[derive(Clone, Debug)]
pub(super) struct Counted {
    /// How many of everything there are.
    pub(super) census: Census,
    /// What runs need a person for, one for each need of each run.
    pub(super) needs: Vec<Need>,
}

/// The format of the text.
pub(super) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Number = Gauge<f64, AtomicU64>;

/// A state of runs, batches or customers.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InState {
    state: &'static str,
}

/// What runs need a person for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Needing {
    need: &'static str,
}

/// The build.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Build {
    version: &'static str,
}

/// All metrics at `now`. Where nothing was counted, those of the store are left out.
pub(super) fn text(
    observed: &Observed,
    counted: Option<&Counted>,
    now: Timestamp,
) -> Result<String, std::fmt::Error> {
    let mut registry = Registry::with_prefix("deskcast");
    register_process(&mut registry, observed);
    register_series(&mut registry, observed);
    let readable = number(u32::from(counted.is_some()));
    registry.register(
        "store_readable",
        "1 when the store could be read for this page, else 0",
        readable,
    );
    if let Some(counted) = counted {
        register_census(&mut registry, &counted.census, now);
        register_needs(&mut registry, &counted.needs);
    }
    let mut text = String::new();
    text::encode(&mut text, &registry)?;
    Ok(text)
}

fn number(value: impl Into<f64>) -> Number {
    let gauge = Number::default();
    gauge.set(value.into());
    gauge
}

fn register_process(registry: &mut Registry, observed: &Observed) {
    let build: Family<Build, Gauge> = Family::default();
    let version = env!("CARGO_PKG_VERSION");
    build.get_or_create(&Build { version }).set(1);
    registry.register("build_info", "Always 1; the version is in the label", build);
    let ready = number(u32::from(observed.unready().is_empty()));
    registry.register(
        "ready",
        "1 when due runs can be sent, else 0; /readyz says why",
        ready,
    );
    registry.register_with_unit(
        "loop_idle",
        "Time since the loop turned last",
        Unit::Seconds,
        number(observed.beat_age().as_secs_f64()),
    );
    if let Some(budget) = observed.budget() {
        registry.register(
            "budget_requests_per_second",
            "Requests of all kinds that may leave in a second",
            number(budget.allowed_per_second),
        );
        registry.register_with_unit(
            "budget_used",
            "Share of the budget that is in use, from 0 to 1",
            Unit::Other("ratio".to_owned()),
            number(budget.used),
        );
    }
}

fn register_series(registry: &mut Registry, observed: &Observed) {
    let series = observed.series().clone();
    registry.register(
        "requests",
        "Requests to Desk by kind and status of the answer",
        series.requests,
    );
    registry.register_with_unit(
        "request_duration",
        "Time from a request to the head of its answer",
        Unit::Seconds,
        series.answers,
    );
    registry.register_with_unit(
        "journal_commit_duration",
        "Time that commits of intents and outcomes took",
        Unit::Seconds,
        series.commits,
    );
    registry.register_with_unit(
        "launch_lag",
        "Time from the due time of a campaign's last run to its launch; gone an hour later",
        Unit::Seconds,
        series.lags,
    );
    registry.register(
        "runs_missed",
        "Runs that were due and not launched, since it was too late",
        series.missed,
    );
    registry.register_with_unit(
        "decided_ahead",
        "Time from now to the newest due time that is decided although it has not come; 0 without one",
        Unit::Seconds,
        series.ahead,
    );
}

fn register_needs(registry: &mut Registry, needs: &[Need]) {
    let runs = Family::<Needing, Number>::default();
    for need in Need::ALL {
        let count = needs.iter().filter(|it| **it == need).count();
        let need = need.as_str();
        runs.get_or_create(&Needing { need }).set(count as f64);
    }
    registry.register(
        "runs_needing_somebody",
        "Runs that need a person, by what for; deskcast status says what to do",
        runs,
    );
}

fn register_census(registry: &mut Registry, census: &Census, now: Timestamp) {
    let runs = Family::<InState, Number>::default();
    let batches = Family::<InState, Number>::default();
    let customers = Family::<InState, Number>::default();
    let set = |family: &Family<InState, Number>, state, value: u64| {
        family.get_or_create(&InState { state }).set(value as f64);
    };
    for (state, count) in census.runs {
        set(&runs, state.as_str(), count);
    }
    set(&runs, "interrupted", census.interrupted);
    for count in census.batches {
        // The customers of a split batch are in its parts.
        if count.state != BatchState::Split {
            set(&batches, count.state.as_str(), count.batches);
            set(&customers, count.state.as_str(), count.customers);
        }
    }
    registry.register("runs", "Runs in the store by state", runs);
    registry.register("batches", "Batches in the store by state", batches);
    registry.register(
        "customers",
        "Customers in the store by the state of their batch, once for each run",
        customers,
    );
    let age = census
        .oldest_unknown
        .map_or(0.0, |at| now.duration_since(at).as_secs_f64().max(0.0));
    registry.register_with_unit(
        "unknown_oldest_age",
        "Time since the oldest unknown batch was given up; 0 without one",
        Unit::Seconds,
        number(age),
    );
}
