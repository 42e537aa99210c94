//! What stands above the process: systemd, or another that speaks its notify protocol.
//!
//! It is told when the process is ready, what it is doing, and, for as long as its loop turns,
//! that it lives. A process whose loop hangs falls silent here and is started again. Without a
//! supervisor (`NOTIFY_SOCKET` is not set) all of this does nothing.
//!
//! The protocol is sd_notify(3).

use std::time::Duration;

use sd_notify::NotifyState;

use super::observed::Observed;

/// The supervisor of this process, if there is one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Supervisor {
    /// How long it waits for a sign of life; none where it does not.
    watchdog: Option<Duration>,
}

impl Supervisor {
    /// As the environment of this process says (`WATCHDOG_USEC`, `WATCHDOG_PID`).
    pub fn of_this_process() -> Supervisor {
        let watchdog = sd_notify::watchdog_enabled().filter(|wait| !wait.is_zero());
        Supervisor { watchdog }
    }

    /// The process has begun to serve; `status` is what `systemctl status` shows.
    pub fn ready(&self, status: &str) {
        tell(&[NotifyState::Ready, NotifyState::Status(status)]);
    }

    /// What it is doing, in a line.
    pub fn status(&self, status: &str) {
        tell(&[NotifyState::Status(status)]);
    }

    /// It reads its settings again; [`Supervisor::ready`] must follow.
    pub fn reloading(&self) {
        match NotifyState::monotonic_usec_now() {
            Ok(now) => tell(&[NotifyState::Reloading, now]),
            Err(error) => tracing::warn!(%error, "the clock cannot be read"),
        }
    }

    /// It was told to stop, and finishes what is under way.
    pub fn stopping(&self, status: &str) {
        tell(&[NotifyState::Stopping, NotifyState::Status(status)]);
    }

    /// Says twice in each of the supervisor's waits that the process lives, as long as its loop
    /// turns. Never ends: to be dropped when the process has nothing more to do.
    pub async fn keep_informed(self, observed: Observed) {
        let Some(wait) = self.watchdog else {
            return std::future::pending().await;
        };
        let mut hangs = false;
        loop {
            if observed.is_alive() {
                tell(&[NotifyState::Watchdog]);
                hangs = false;
            } else if !hangs {
                hangs = true;
                let idle_seconds = observed.beat_age().as_secs();
                tracing::error!(
                    idle_seconds,
                    "the loop hangs; the supervisor is not told that it lives"
                );
            }
            tokio::time::sleep(wait / 2).await;
        }
    }
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "the supervisor could not be told (NOTIFY_SOCKET)");
    }
}
