//! Waking up: tokio-cron-scheduler rings, and nothing more.
//!
//! What is due, and whether it is, is decided by whoever is woken, from the journal. A ring that
//! is lost, late or doubled therefore costs nothing: the scheduler falls silent when the clock
//! steps back, and melts missed rings into one after a suspend. So a timer of our own stands
//! beside it and wakes the sleeper when it has been quiet for too long.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

/// Rings in a fixed rhythm.
pub struct Alarm {
    scheduler: JobScheduler,
    rung: Arc<Notify>,
    quiet_for_too_long: Duration,
}

impl Alarm {
    /// An alarm that rings by a cron expression of six fields, in UTC: whoever is woken looks at
    /// the zone of a campaign itself. `quiet_for_too_long` is when it is rung without it.
    pub async fn start(
        cron: &str,
        quiet_for_too_long: Duration,
    ) -> Result<Alarm, JobSchedulerError> {
        let scheduler = JobScheduler::new().await?;
        let rung = Arc::new(Notify::new());
        let ring = Arc::clone(&rung);
        let job = Job::new(cron, move |_, _| ring.notify_one())?;
        scheduler.add(job).await?;
        scheduler.start().await?;
        Ok(Alarm {
            scheduler,
            rung,
            quiet_for_too_long,
        })
    }

    /// Waits for the next ring. Rings that nobody waited for count as one.
    pub async fn rings(&self) {
        let _ = tokio::time::timeout(self.quiet_for_too_long, self.rung.notified()).await;
    }

    /// Ends it.
    pub async fn stop(mut self) {
        if let Err(error) = self.scheduler.shutdown().await {
            tracing::debug!(%error, "the scheduler did not shut down");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[tokio::test]
    async fn it_rings_every_second() {
        let alarm = Alarm::start("* * * * * *", Duration::from_secs(30))
            .await
            .expect("an alarm");
        let start = Instant::now();
        alarm.rings().await;
        alarm.rings().await;
        assert!(
            start.elapsed() < Duration::from_secs(10),
            "{:?}",
            start.elapsed()
        );
        alarm.stop().await;
    }

    #[tokio::test]
    async fn a_silent_scheduler_wakes_nobody_late() {
        let alarm = Alarm::start("0 0 0 1 1 *", Duration::from_millis(50))
            .await
            .expect("an alarm");
        let start = Instant::now();
        alarm.rings().await;
        assert!(
            start.elapsed() < Duration::from_secs(5),
            "{:?}",
            start.elapsed()
        );
        alarm.stop().await;
    }
}
