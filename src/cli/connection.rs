//! What it takes to talk to Desk: the token, the client and the budget, from the settings.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use super::failure::Failure;
use crate::desk::{Authorities, AuthoritiesError, Desk, DeskConfig, Proxy};
use crate::journal::StoreUrl;
use crate::service::budget::{Budget, file_beside};
use crate::service::recorder::Recorder;
use crate::service::voyage::Line;
use crate::settings::token::TokenError;
use crate::settings::{Settings, token};

/// The shortest time between two readings of a chat.
const SHORTEST: Duration = Duration::from_secs(5);

/// A client and what it may spend.
#[derive(Clone, Debug)]
pub(super) struct Connection {
    /// The client.
    pub(super) desk: Desk,
    /// The budget of the application.
    pub(super) budget: Budget,
    /// Requests in flight at once.
    pub(super) concurrency: usize,
}

impl Connection {
    /// Connects to nothing yet. The budget is that of every process on this `store`; without one, of
    /// this process alone. `last_request` is how long ago this application's last known request
    /// left, so that nothing bursts where nothing else tells.
    ///
    /// Must be called on a tokio runtime.
    pub(super) fn new(
        settings: &Settings,
        base_url: &str,
        token: SecretString,
        store: Option<&StoreUrl>,
        last_request: Option<Duration>,
    ) -> Result<Connection, Failure> {
        let limits = &settings.limits;
        let config = DeskConfig {
            base_url: base_url.to_owned(),
            token,
            connect_timeout: limits.connect_timeout.get(),
            request_timeout: limits.request_timeout.get(),
            proxy: proxy(settings)?,
            authorities: authorities(settings)?,
            hint: hint(settings, base_url),
        };
        let rate = limits.requests_per_second.per_second();
        let budget = match store.and_then(StoreUrl::file) {
            Some(store) => {
                let file = file_beside(store, base_url);
                Budget::shared(&file, rate, limits.burst, last_request)
                    .map_err(|error| Failure::stopped(error.to_string()))?
            }
            None => Budget::new(rate, limits.burst, last_request),
        };
        Ok(Connection {
            desk: Desk::new(&config).map_err(|error| Failure::mistake(error.to_string()))?,
            budget,
            concurrency: limits.concurrency.get(),
        })
    }
}

/// The API token, from wherever the settings say it is.
pub(super) fn token(settings: &Settings) -> Result<SecretString, Failure> {
    let credentials = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    token::read(&settings.desk, credentials.as_deref()).map_err(no_secret)
}

/// A file that cannot be read may be there in a moment; what is in it stays what it is.
fn no_secret(error: TokenError) -> Failure {
    match error {
        TokenError::Unreadable { .. } => Failure::stopped(error.to_string()),
        _ => Failure::mistake(error.to_string()),
    }
}

/// The proxy of the settings, with its password.
fn proxy(settings: &Settings) -> Result<Option<Proxy>, Failure> {
    let Some(proxy) = &settings.desk.proxy else {
        return Ok(None);
    };
    let credentials = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    let password =
        token::proxy_password(&settings.desk, credentials.as_deref()).map_err(no_secret)?;
    Ok(Some(Proxy {
        url: proxy.url().clone(),
        password,
    }))
}

/// The authorities of the settings.
fn authorities(settings: &Settings) -> Result<Authorities, Failure> {
    match &settings.desk.ca_file {
        Some(path) => Authorities::read(path).map_err(|error| match error {
            AuthoritiesError::Unreadable { .. } => Failure::stopped(error.to_string()),
            _ => Failure::mistake(error.to_string()),
        }),
        None => Ok(Authorities::default()),
    }
}

/// What to say where Desk is out of reach: that it is reached through a proxy, or that the
/// environment names one that is not used.
fn hint(settings: &Settings, base_url: &str) -> Option<String> {
    if !base_url.starts_with("https:") {
        return None;
    }
    if let Some(proxy) = &settings.desk.proxy {
        return Some(format!("It goes through the proxy of desk.proxy, {proxy}"));
    }
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let name = PROXY_VARIABLES.into_iter().find(|name| is_set(name))?;
    Some(format!(
        "{name} is set in the environment, but deskcast goes through a proxy only where desk.proxy \
         names one"
    ))
}

/// What other programs take a proxy from.
const PROXY_VARIABLES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// What the runs of this process share.
pub(super) fn line<J>(
    settings: &Settings,
    connection: &Connection,
    recorder: &Recorder<J>,
    store: &StoreUrl,
) -> Line<J> {
    Line {
        desk: connection.desk.clone(),
        budget: connection.budget.clone(),
        recorder: recorder.clone(),
        concurrency: connection.concurrency,
        give_up_after: settings.limits.give_up_after.get(),
        reads: settings.reconcile.reads.get().into(),
        grace: settings.reconcile.grace.get(),
        shortest: SHORTEST,
        store: store.to_owned(),
    }
}
