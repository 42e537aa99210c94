//! Sendbird user ids are looked up before a run of them is planned.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use tokio::time::Instant;

use super::super::connection::Connection;
use super::super::failure::Failure;
use super::super::output::tell;
use super::super::{Context, progress};
use super::target::Target;
use crate::delivery::pace;
use crate::journal::StoreJournal;
use crate::report::number::{counted, duration, grouped};
use crate::service::lookups::{LookUps, NotLookedUp, Unresolved, resolve};
use crate::service::planning::Campaign;

/// Asks Desk about everybody whom the campaign lists by a Sendbird user id and who was not looked
/// up yet. How many that were; without any, no connection is opened.
pub(super) async fn look_up(
    context: &Context,
    journal: &mut StoreJournal,
    campaign: &Campaign,
    target: &Target,
) -> Result<u64, Failure> {
    let settings = &context.settings;
    let now = Timestamp::now();
    let missing = resolve(
        campaign,
        &settings.audience.lists(),
        Some(&*journal),
        &target.planned_url,
        now,
    )?
    .missing;
    if missing.is_empty() {
        return Ok(0);
    }
    let connection = Connection::new(
        settings,
        &target.base_url,
        target.token.clone(),
        Some(&target.store),
        None,
    )?;
    let (count, done) = (missing.len() as u64, Arc::new(AtomicU64::new(0)));
    let begun = Instant::now();
    let takes = pace::duration(count, settings.limits.requests_per_second.per_second());
    tell(format_args!(
        "looking up {} in Desk: {}",
        counted(count, "Sendbird user id", "Sendbird user ids"),
        duration(takes)
    ));
    let counting = Arc::clone(&done);
    let shown = progress::show_job(context, "looking up", move || {
        let done = counting.load(Ordering::Relaxed);
        let words = format!("{}/{} Sendbird user ids", grouped(done), grouped(count));
        (done, count, words)
    });
    let look_ups = LookUps {
        desk: connection.desk,
        budget: connection.budget,
        concurrency: connection.concurrency,
        give_up_after: settings.limits.give_up_after.get(),
        stop: target.stop()?,
        done,
    };
    let ended = look_ups
        .look_up(missing, journal, &target.planned_url)
        .await;
    drop(shown);
    ended?;
    tracing::info!(ids = count, took = %duration(begun.elapsed()), "looked up in Desk");
    Ok(count)
}

impl From<Unresolved> for Failure {
    fn from(error: Unresolved) -> Failure {
        match error {
            Unresolved::Mistake(mistake) => mistake.into(),
            Unresolved::Journal(error) => error.into(),
        }
    }
}

impl From<NotLookedUp> for Failure {
    fn from(error: NotLookedUp) -> Failure {
        match error {
            NotLookedUp::Journal(error) => error.into(),
            error => Failure::stopped(error.to_string()),
        }
    }
}
