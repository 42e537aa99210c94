//! The three pages.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::time::Instant;

use super::metrics::Counted;
use super::{Site, guard, metrics};
use crate::journal::{JournalError, StoreUrl};
use crate::service::attention;
use crate::service::observed::{Observed, STALE_AFTER};

/// The store is counted anew after this long: however many ask, it is read once a second.
const COUNT_EVERY: Duration = Duration::from_secs(1);

/// What the pages are made from.
#[derive(Debug)]
pub(super) struct Pages {
    observed: Observed,
    store: StoreUrl,
    hosts: Vec<String>,
    /// What was counted last, and when; none where the store could not be read.
    counted: Mutex<Option<(Instant, Option<Counted>)>>,
}

impl Pages {
    pub(super) fn new(site: Site) -> Pages {
        Pages {
            observed: site.observed,
            store: site.store,
            hosts: site.hosts,
            counted: Mutex::new(None),
        }
    }

    /// The state of the store, as of a second ago at most. Blocks while it is read.
    fn count(&self) -> Option<Counted> {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, known)) = &*counted
            && at.elapsed() < COUNT_EVERY
        {
            return known.clone();
        }
        let read = count(&self.store);
        if let Err(error) = &read {
            tracing::debug!(%error, "the store could not be counted for /metrics");
        }
        let known = read.ok();
        *counted = Some((Instant::now(), known.clone()));
        known
    }
}

fn count(store: &StoreUrl) -> Result<Counted, JournalError> {
    let store = store.read()?;
    let looked_at = attention::of_store(&store)?;
    let needs = looked_at.into_iter().flat_map(|(_, _, found)| found);
    Ok(Counted {
        census: store.census()?,
        needs: needs.map(|it| it.need).collect(),
    })
}

/// The pages as they are answered on a connection that came in at this address.
pub(super) fn router(pages: Arc<Pages>, at: IpAddr) -> Router {
    let guard = Arc::clone(&pages);
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics_page))
        .fallback(nothing)
        .with_state(pages)
        .layer(middleware::from_fn(move |request: Request, next: Next| {
            guarded(Arc::clone(&guard), at, request, next)
        }))
}

async fn guarded(pages: Arc<Pages>, at: IpAddr, request: Request, next: Next) -> Response {
    let ours = guard::is_ours(request.uri(), request.headers(), at, &pages.hosts);
    let mut response = if ours {
        next.run(request).await
    } else {
        let why = "this is not the host you asked for; its other names go into web.hosts\n";
        (StatusCode::MISDIRECTED_REQUEST, why).into_response()
    };
    guard::protect(response.headers_mut());
    response
}

/// Whether the process still works: what a supervisor restarts it by.
async fn healthz(State(pages): State<Arc<Pages>>) -> Response {
    if pages.observed.is_alive() {
        return "alive\n".into_response();
    }
    let why = format!(
        "the loop has not turned for {} s (at most {} s)\n",
        pages.observed.beat_age().as_secs(),
        STALE_AFTER.as_secs()
    );
    (StatusCode::SERVICE_UNAVAILABLE, why).into_response()
}

/// Whether it can send what is due.
async fn readyz(State(pages): State<Arc<Pages>>) -> Response {
    let unready = pages.observed.unready();
    if unready.is_empty() {
        return "ready\n".into_response();
    }
    let why = unready.join("\n") + "\n";
    (StatusCode::SERVICE_UNAVAILABLE, why).into_response()
}

async fn metrics_page(State(pages): State<Arc<Pages>>) -> Response {
    let text = tokio::task::spawn_blocking(move || {
        let counted = pages.count();
        metrics::text(&pages.observed, counted.as_ref(), jiff::Timestamp::now())
    });
    match text.await {
        Ok(Ok(text)) => ([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response(),
        _ => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn nothing() -> Response {
    let what = "there is /healthz, /readyz and /metrics\n";
    (StatusCode::NOT_FOUND, what).into_response()
}
