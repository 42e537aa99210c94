//! The budget in one process, and over one file.

use std::num::NonZeroU32;
use std::time::Duration;

use tokio::time::Instant;

use super::{Budget, Lane};
use crate::campaign::Priority;
use crate::desk::ReadError;

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

/// Asks for requests of this lane for ten seconds, over and over; says how many it got.
fn asks(budget: &Budget, lane: Lane, key: u64) -> tokio::task::JoinHandle<u32> {
    let budget = budget.clone();
    tokio::spawn(async move {
        let mut granted = 0;
        let end = Instant::now() + Duration::from_secs(10);
        while Instant::now() < end {
            budget.acquire(lane, key).await;
            granted += 1;
        }
        granted
    })
}

#[tokio::test(start_paused = true)]
async fn runs_share_by_the_weight_of_their_priority() {
    let budget = budget(150.0);
    let lanes = [
        Priority::Urgent,
        Priority::High,
        Priority::Medium,
        Priority::Low,
    ];
    let asking = lanes.map(|priority| asks(&budget, Lane::Send(priority), 1));
    let mut granted = Vec::new();
    for task in asking {
        granted.push(task.await.expect("a count"));
    }
    let expected = [800_u32, 400, 200, 100];
    for (granted, expected) in granted.iter().zip(expected) {
        assert!(
            granted.abs_diff(expected) <= expected / 20,
            "{granted} of {expected}"
        );
    }
    assert_eq!(
        budget.granted(Lane::Send(Priority::Low)),
        u64::from(granted[3])
    );
    assert_eq!(budget.granted(Lane::Read), 0);
}

#[tokio::test(start_paused = true)]
async fn a_run_with_a_rate_of_its_own_keeps_to_it_and_the_others_have_the_rest() {
    let budget = budget(100.0);
    let slow = budget.limited(10.0);
    let asking = [
        asks(&slow, MEDIUM, 1),
        asks(&slow, MEDIUM, 2),
        asks(&budget, MEDIUM, 3),
    ];
    let mut granted = Vec::new();
    for task in asking {
        granted.push(task.await.expect("a count"));
    }
    let limited = granted[0] + granted[1];
    assert!((98..=102).contains(&limited), "{granted:?}");
    assert!((880..=900).contains(&granted[2]), "{granted:?}");
}

#[tokio::test(start_paused = true)]
async fn the_gauge_shows_how_much_of_the_rate_is_used() {
    let budget = budget(50.0);
    assert_eq!(budget.used(), 0.0);
    departures(&budget, 200, Duration::from_secs(3)).await;
    assert!(budget.used() >= 0.98, "{}", budget.used());
    tokio::time::sleep(Duration::from_millis(504)).await;
    assert!((0.4..0.6).contains(&budget.used()), "{}", budget.used());
}

#[tokio::test]
async fn two_on_one_file_share_it_and_readings_of_one_get_a_fifth_beside_sends_of_the_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("budget");
    let open = || Budget::shared(&path, 100.0, NonZeroU32::MIN, None).expect("a file");
    let (sender, reader) = (open(), open());
    let begun = std::time::Instant::now();
    let count = |budget: Budget, lane| async move {
        let mut granted = 0;
        while begun.elapsed() < Duration::from_secs(3) {
            budget.acquire(lane, 0).await;
            budget.depart().await;
            granted += 1;
        }
        granted
    };
    let (sent, read) = tokio::join!(count(sender.clone(), MEDIUM), count(reader, Lane::Read));
    // How much of the rate a busy machine uses is measured elsewhere; how it is shared is not its
    // business, but that it may be late with a send, and a reading goes in its place.
    let all = sent + read;
    assert!((150..=302).contains(&all), "{sent} and {read}");
    assert!(
        (15..=34).contains(&(100 * read / all)),
        "{sent} sent, {read} read"
    );
    // What the file tells of both is what both took, within the last second.
    let used = 100.0 * sender.used();
    assert!(used > 0.5 * f64::from(all) / 3.0, "{used}");
}

#[tokio::test]
async fn a_pause_is_seen_by_everybody_on_the_file_and_by_who_comes_later() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("budget");
    let open = || Budget::shared(&path, 500.0, NonZeroU32::MIN, None).expect("a file");
    let (first, second) = (open(), open());
    assert!(first.try_acquire(MEDIUM));
    first.pause(Duration::from_secs(60));
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(!second.try_acquire(MEDIUM));
    assert!(!open().try_acquire(MEDIUM));
}

#[tokio::test]
async fn a_file_that_is_new_goes_on_from_the_last_request_and_another_one_does_not_need_to() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("budget");
    let open = |last| Budget::shared(&path, 5.0, NonZeroU32::MIN, last).expect("a file");
    let begun = std::time::Instant::now();
    let first = open(Some(Duration::ZERO));
    first.depart().await;
    assert!(begun.elapsed() >= Duration::from_millis(195));
    let begun = std::time::Instant::now();
    open(None).depart().await;
    assert!(
        begun.elapsed() >= Duration::from_millis(150),
        "it has the departures of the first"
    );
}

/// One call that is answered so; how long Desk is said to have asked for.
async fn asked(budget: &Budget, wait: Option<Duration>) -> Option<Duration> {
    let call = async { Err::<(), _>(ReadError::Throttled(wait)) };
    match budget.spend(Lane::Read, 0, call).await {
        Err(ReadError::Throttled(asked)) => asked,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_desk_throttles_holds_everybody_for_as_long_as_it_asks() {
    let budget = budget(50.0);
    let minute = Duration::from_secs(60);
    assert_eq!(asked(&budget, Some(minute)).await, Some(minute));
    let start = Instant::now();
    budget.turn(MEDIUM, 1).await;
    assert!(start.elapsed() >= minute, "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn where_desk_names_no_time_the_wait_doubles_until_it_serves() {
    let budget = budget(50.0);
    let mut waits = Vec::new();
    for _ in 0..9 {
        waits.push(asked(&budget, None).await.map(|wait| wait.as_millis()));
    }
    assert_eq!(
        waits,
        [250, 500, 1000, 2000, 4000, 8000, 16_000, 16_000, 16_000].map(Some)
    );
    let served = budget.spend(Lane::Read, 0, async { Ok::<_, ReadError>(()) });
    assert_eq!(served.await, Ok(()));
    let again = asked(&budget, None).await;
    assert_eq!(again, Some(Duration::from_millis(250)));
}

#[tokio::test(start_paused = true)]
async fn answers_in_flight_together_that_name_no_time_are_one_wait() {
    let budget = budget(5000.0);
    let call = async || {
        tokio::time::sleep(Duration::from_millis(100)).await;
        Err::<(), _>(ReadError::Throttled(None))
    };
    let spend = || budget.spend(Lane::Read, 0, call());
    let _ = tokio::join!(spend(), spend(), spend(), spend());
    let paused = budget.paused_for();
    assert!(paused <= Duration::from_millis(250), "{paused:?}");
}
