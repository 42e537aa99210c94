//! Where the pages are served, whatever else is at that address when the process begins.
//!
//! Nobody is sent less because nobody can look: an address that is taken is asked for again until it is
//! free.

use std::time::Duration;

use tokio::net::TcpListener;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::{Site, serve};

/// How often the address is asked for.
const AGAIN: Duration = Duration::from_secs(2);
/// How often it is said that it cannot be had, where the reason stays the same.
const SAY_EVERY: Duration = Duration::from_secs(3_600);

/// Serves the pages at this address, as soon as it can be had, until told to stop.
pub async fn serve_at(address: String, site: Site, stop: CancellationToken) {
    let mut said: Option<(String, Instant)> = None;
    loop {
        let why = match TcpListener::bind(&address).await {
            Ok(listener) => {
                if said.is_some() {
                    tracing::info!(address, "the address of the pages is free now");
                }
                match serve(listener, site.clone(), stop.clone()).await {
                    Ok(()) => return,
                    Err(error) => error.to_string(),
                }
            }
            Err(error) => error.to_string(),
        };
        let is_old = |(before, at): &(String, Instant)| *before == why && at.elapsed() < SAY_EVERY;
        if !said.as_ref().is_some_and(is_old) {
            tracing::error!(
                "cannot serve /metrics at {address}: {why}. Campaigns are sent all the same, and it is tried again \
                 every {} s. Set web.listen to another address, or to \"off\"",
                AGAIN.as_secs()
            );
            said = Some((why, Instant::now()));
        }
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = sleep(AGAIN) => {}
        }
    }
}
