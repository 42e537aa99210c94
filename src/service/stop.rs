//! Being told to stop: the first SIGINT or SIGTERM asks for it, a second SIGINT insists.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Cancels when the process is told to stop. Requests in flight are then finished and nothing new
/// is sent. A second SIGINT ends the process at once, as does SIGKILL: the journal can take it.
pub fn on_signals() -> std::io::Result<CancellationToken> {
    let token = CancellationToken::new();
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let stop = token.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => tracing::info!(signal = "SIGINT", "stopping: finishing the requests in flight"),
            _ = terminate.recv() => tracing::info!(signal = "SIGTERM", "stopping: finishing the requests in flight"),
        }
        stop.cancel();
        interrupt.recv().await;
        std::process::exit(130);
    });
    Ok(token)
}
