//! `deskcast daemon`: launches campaigns when they are due, sends and follows, until told to stop.

use jiff::Timestamp;
use tokio::signal::unix::{SignalKind, signal};

use super::Context;
use super::connection::{self, Connection, line};
use super::exit::Exit;
use super::failure::Failure;
use super::selection::store_path;
use crate::desk::Desk;
use crate::journal::sqlite::SqliteJournal;
use crate::service::daemon::{Daemon, Given};
use crate::service::launch::Terms;
use crate::service::observed::Observed;
use crate::service::recorder::Recorder;
use crate::service::stop;
use crate::settings::Settings;

pub(super) async fn daemon(context: &Context) -> Result<Exit, Failure> {
    let settings = &context.settings;
    let stop = stop::on_signals()
        .map_err(|error| Failure::stopped(format!("cannot listen for signals: {error}")))?;
    let base_url = settings.desk.base_url()?.to_string();
    let token = connection::token(settings)?;
    let store = store_path(context);
    let observed = Observed::default();
    let journal = SqliteJournal::open(&store)?;
    let mut connection = Connection::new(settings, &base_url, token, Some(&store), None)?;
    let ear = observed.clone();
    connection.desk = connection.desk.heard_by(move |heard| ear.hear(heard));
    let watch = observed.clone();
    let (recorder, thread) =
        Recorder::start_heard_by(journal, move |commit| watch.committed(commit));
    let line = line(settings, &connection, &recorder, &store);
    let daemon = Daemon::new(Given {
        store,
        campaigns: settings.campaigns.folder.clone(),
        timezone: None,
        terms: Terms {
            base_url,
            agent_id: settings.desk.agent_id.map(std::num::NonZeroU64::get),
        },
        line,
        observed,
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
    tracing::info!(at = %Timestamp::now(), "stopped");
    worked.map(|()| Exit::Done).map_err(Failure::stopped)
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
