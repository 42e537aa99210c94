//! The budget in one process, and over one file.

use std::num::NonZeroU32;
use std::time::Duration;

use tokio::time::Instant;

use super::{Budget, Lane};
use crate::campaign::Priority;

const MEDIUM: Lane = Lane::Send(Priority::Medium);

fn budget(rate: f64) -> Budget {
    Budget::new(rate, NonZeroU32::MIN, None)
}

async fn departures(budget: &Budget, most: usize, during: Duration) -> Vec<Duration> {
    let start = Instant::now();
    let mut departures = Vec::new();
    while departures.len() < most && start.elapsed() < during {
        budget.acquire(MEDIUM, 0).await;
        budget.depart().await;
        departures.push(start.elapsed());
    }
    departures
}

#[tokio::test(start_paused = true)]
async fn at_least_99_percent_of_the_rate_is_used_and_no_second_holds_more() {
    for rate in [0.5, 5.0, 50.0, 500.0] {
        let seconds = 40;
        let departures = departures(&budget(rate), usize::MAX, Duration::from_secs(seconds)).await;
        let used = departures.len() as f64 / (rate * seconds as f64);
        assert!(used >= 0.99, "{rate}/s: {used}");
        for (first, start) in departures.iter().enumerate() {
            let window = *start + Duration::from_secs_f64(1.0_f64.max(1.0 / rate));
            let inside = departures[first..]
                .iter()
                .filter(|at| **at < window)
                .count();
            assert!(
                inside as f64 <= rate.max(1.0),
                "{rate}/s: {inside} in one window"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_restart_does_not_burst() {
    let budget = Budget::new(5.0, NonZeroU32::MIN, Some(Duration::from_millis(50)));
    let departures = departures(&budget, 6, Duration::from_secs(9)).await;
    assert!(
        departures[0] >= Duration::from_millis(150),
        "{departures:?}"
    );
    assert!(
        departures[5] >= Duration::from_millis(1150),
        "{departures:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_pause_holds_everybody_and_nothing_bursts_after_it() {
    let budget = budget(50.0);
    budget.pause(Duration::from_secs(3));
    let departures = departures(&budget, 51, Duration::from_secs(9)).await;
    assert!(departures[0] >= Duration::from_secs(3));
    assert!(
        departures[50] >= Duration::from_secs(4),
        "{:?}",
        departures[50]
    );
}

#[tokio::test(start_paused = true)]
async fn readings_get_a_fifth_beside_sends() {
    let budget = budget(100.0);
    let count = |lane| {
        let budget = budget.clone();
        tokio::spawn(async move {
            let mut granted = 0;
            let end = Instant::now() + Duration::from_secs(10);
            while Instant::now() < end {
                budget.acquire(lane, 0).await;
                granted += 1;
            }
            granted
        })
    };
    let sends: Vec<_> = (0..8).map(|_| count(MEDIUM)).collect();
    let reads: Vec<_> = (0..8).map(|_| count(Lane::Read)).collect();
    let mut sent = 0;
    for task in sends {
        sent += task.await.expect("a count");
    }
    let mut read = 0;
    for task in reads {
        read += task.await.expect("a count");
    }
    assert!(
        (780..=820).contains(&sent) && (190..=215).contains(&read),
        "{sent} sent, {read} read"
    );
}
