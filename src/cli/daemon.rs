//! `deskcast daemon`: launches campaigns when they are due, sends and follows, until told to stop.

use std::time::Duration;

use jiff::Timestamp;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::Context;
use super::connection::{self, Connection, line};
use super::exit::Exit;
use super::failure::Failure;
use super::store::locate::existing_store;
use crate::desk::Desk;
use crate::journal::StoreUrl;
use crate::service::daemon::{Daemon, Given};
use crate::service::observed::{BudgetUse, Observed};
use crate::service::prepare::Terms;
use crate::service::recorder::Recorder;
use crate::service::stop;
use crate::service::supervisor::Supervisor;
use crate::settings::Settings;
use crate::web::{self, Site};

/// How long it may take to end after the last request has been answered.
const FAREWELL: Duration = Duration::from_secs(10);

pub(super) async fn daemon(context: &Context) -> Result<Exit, Failure> {
    let settings = &context.settings;
    let stop = stop::on_signals()
        .map_err(|error| Failure::stopped(format!("cannot listen for signals: {error}")))?;
    let most = settings.limits.request_timeout.get() + FAREWELL;
    stop::end_at_the_latest(stop.clone(), most, Exit::Stopped.code());
    let base_url = settings.base_url()?.to_string();
    let token = connection::token(settings)?;
    let store = existing_store(context)?;
    let observed = Observed::default();
    let journal = store.open()?;
    let mut connection = Connection::new(settings, &base_url, token, Some(&store), None)?;
    let ear = observed.clone();
    connection.desk = connection.desk.heard_by(move |heard| ear.hear(heard));
    let watch = observed.clone();
    let budget = connection.budget.clone();
    let allowed_per_second = settings.limits.requests_per_second.per_second();
    observed.ask_budget(move || BudgetUse {
        allowed_per_second,
        used: budget.used(),
    });
    let pages = pages(settings, &store, &observed, &stop);
    let (recorder, thread) =
        Recorder::start_heard_by(journal, move |commit| watch.committed(commit));
    let line = line(settings, &connection, &recorder, &store);
    let daemon = Daemon::new(Given {
        store,
        campaigns: settings.campaigns.folder.clone(),
        timezone: settings.schedule.timezone.clone(),
        terms: Terms {
            base_url,
            agent_id: settings.desk.agent_id.map(std::num::NonZeroU64::get),
            timezone: settings.schedule.timezone.clone(),
            suppress: settings.audience.lists(),
            house: settings.defaults.house(),
            requests_per_second: allowed_per_second,
        },
        line,
        observed,
        supervisor: Supervisor::of_this_process(),
        stop,
    })?;
    drop(recorder);
    let mut hangups = signal(SignalKind::hangup())
        .map_err(|error| Failure::stopped(format!("cannot listen for signals: {error}")))?;
    let desk = connection.desk.clone();
    drop(connection);
    let worked = daemon
        .work(async || {
            hangups.recv().await;
            renew_token(settings, &desk);
        })
        .await;
    drop(desk);
    let _ = thread.join();
    if let Some(pages) = pages {
        let _ = pages.await;
    }
    tracing::info!(at = %Timestamp::now(), "stopped");
    worked.map(|()| Exit::Done).map_err(Failure::stopped)
}

/// Serves the pages for machines, where the settings say so.
fn pages(
    settings: &Settings,
    store: &StoreUrl,
    observed: &Observed,
    stop: &CancellationToken,
) -> Option<JoinHandle<()>> {
    let address = settings.web.listen.address()?.to_string();
    let site = Site {
        observed: observed.clone(),
        store: store.to_owned(),
        hosts: settings.web.hosts.names().to_vec(),
    };
    Some(tokio::spawn(web::serve_at(address, site, stop.clone())))
}

/// Reads the token again. One that cannot be used is reported, and the old one stays.
fn renew_token(settings: &Settings, desk: &Desk) {
    let renewed = connection::token(settings)
        .map_err(|failure| failure.to_string())
        .and_then(|token| desk.renew(&token).map_err(|error| error.to_string()));
    match renewed {
        Ok(()) => tracing::info!("the API token was read again"),
        Err(why) => tracing::error!(
            why,
            "the API token could not be read again; the old one stays"
        ),
    }
}
