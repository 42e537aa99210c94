//! The pages that machines ask: `/healthz`, `/readyz` and `/metrics`.
//!
//! They tell and never do: nothing can be changed through them, and what they tell holds no token,
//! no message and no customer. They answer only to the names they were given, so that no page of
//! the web can make an operator's browser read them (DNS rebinding), and what a client can take is
//! bounded: connections, header sizes, and the time to send them.

mod guard;
mod listen;
mod metrics;
mod pages;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

pub use self::listen::serve_at;
use self::pages::Pages;
use crate::journal::StoreUrl;
use crate::service::observed::Observed;

/// Connections at once; more wait to be accepted.
const CONNECTIONS: u32 = 32;
/// How long a client may take to send the head of a request, on a new connection or the next one.
const HEADER_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a connection may be used. Who wants more opens another.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(120);
/// How long an answer under way may take once it is time to end.
const FAREWELL: Duration = Duration::from_secs(2);
/// Bytes of a request's head. Nothing that is asked here comes near it.
const LARGEST_HEAD: usize = 16 * 1024;
/// How long to wait when a connection cannot be accepted, as when the process has too many files
/// open: trying at once would only burn time.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// What the pages tell of, and to whom.
#[derive(Clone, Debug)]
pub struct Site {
    /// What the process knows of itself.
    pub observed: Observed,
    /// The store whose runs and batches are counted.
    pub store: StoreUrl,
    /// Names under which the pages may be asked for, beside the address itself and, on a loopback
    /// address, `localhost`: without a port.
    pub hosts: Vec<String>,
}

/// Serves the pages until told to stop; then finishes the answers under way.
///
/// # Errors
/// When the listener has no address.
pub async fn serve(listener: TcpListener, site: Site, stop: CancellationToken) -> io::Result<()> {
    let address = listener.local_addr()?;
    tracing::info!(%address, "serving /healthz, /readyz and /metrics");
    let pages = Arc::new(Pages::new(site));
    let places = Arc::new(Semaphore::new(CONNECTIONS as usize));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            break;
        };
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let (pages, stop) = (Arc::clone(&pages), stop.clone());
                tokio::spawn(async move {
                    answer(stream, pages, stop).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::debug!(%error, "a connection to the pages was not accepted");
                tokio::time::sleep(ACCEPT_AGAIN).await;
            }
        }
    }
    // Each connection under way holds a place.
    let _ = places.acquire_many(CONNECTIONS).await;
    Ok(())
}

/// Answers the requests of one connection.
async fn answer(stream: TcpStream, pages: Arc<Pages>, stop: CancellationToken) {
    let Ok(local) = stream.local_addr() else {
        return;
    };
    let service = TowerToHyperService::new(pages::router(pages, local.ip()));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(LARGEST_HEAD)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        // A client that breaks off or talks nonsense is its own concern.
        _ = connection.as_mut() => return,
        () = stop.cancelled() => {}
        () = tokio::time::sleep(CONNECTION_TIMEOUT) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _: Result<Result<(), _>, _> = timeout(FAREWELL, connection).await;
}
