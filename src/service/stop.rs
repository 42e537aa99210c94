//! Being told to stop: the first SIGINT or SIGTERM asks for it, a second SIGINT insists.

use std::time::Duration;

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

/// Ends the process with this exit code when it has not ended by itself so long after it was told to
/// stop: something holds it up, such as a disk that answers nobody. The journal can take it, as it can
/// take a SIGKILL.
pub fn end_at_the_latest(stop: CancellationToken, most: Duration, code: u8) {
    tokio::spawn(async move {
        stop.cancelled().await;
        // A thread of its own: whatever holds the others up does not hold up this one.
        std::thread::spawn(move || {
            std::thread::sleep(most);
            tracing::error!(
                waited_secs = most.as_secs(),
                "something holds the end up, such as a file on a disk that does not answer: ended all the same"
            );
            std::process::exit(code.into());
        });
    });
}
