//! Sliding windows: when another batch may leave without there being too many customers within
//! any hour, or any day.
//!
//! What was sent counts from the moment at which Desk was surely done with it, which is when its
//! outcome was recorded; what is under way counts as if it were sent now. So no window of the
//! other side's clock holds more either, however long a request is on its way.

use std::time::Duration;

use jiff::Timestamp;

/// Customers who were messaged, and since when that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Messaged {
    /// When Desk was done with them; now where it is not yet.
    pub at: Timestamp,
    /// How many.
    pub customers: u64,
}

/// When `next` more customers fit into a window of this length that holds at most `most`: a time
/// up to `now` is at once. More than `most` never fit; they are let through once the window is
/// empty.
pub fn free_at(
    sent: &[Messaged],
    window: Duration,
    most: u64,
    next: u64,
    now: Timestamp,
) -> Timestamp {
    let mut latest_first: Vec<&Messaged> = sent.iter().collect();
    latest_first.sort_by_key(|messaged| std::cmp::Reverse(messaged.at));
    let room = most.saturating_sub(next);
    let mut held = 0_u64;
    for messaged in latest_first {
        held += messaged.customers;
        if held > room {
            // It is within a window up to its end, and not any more at it.
            return messaged.at.saturating_add(window).unwrap_or(Timestamp::MAX);
        }
    }
    now
}

/// How long so many customers take at least, where a window of this length holds at most `most`.
pub fn at_least(customers: u64, window: Duration, most: u64) -> Duration {
    let windows = customers.saturating_sub(1) / most.max(1);
    window.saturating_mul(u32::try_from(windows).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    fn messaged(second: i64, customers: u64) -> Messaged {
        Messaged {
            at: at(second),
            customers,
        }
    }

    #[test]
    fn it_is_waited_until_enough_of_them_are_an_hour_old() {
        let sent = [messaged(0, 100), messaged(60, 100), messaged(120, 100)];
        let free = |most, next| free_at(&sent, HOUR, most, next, at(200));
        assert_eq!(free(400, 100), at(200), "there is room");
        assert_eq!(free(399, 100), at(3600), "the first has to be an hour old");
        assert_eq!(free(300, 100), at(3600));
        assert_eq!(free(299, 100), at(3660));
        assert_eq!(free(100, 100), at(3720));
        assert_eq!(free(50, 100), at(3720), "more than ever fit in");
    }

    #[test]
    fn a_list_takes_as_many_windows_as_it_fills() {
        let hours = |customers| at_least(customers, HOUR, 100).as_secs() / 3600;
        assert_eq!([0, 1, 100, 101, 1_000].map(hours), [0, 0, 0, 1, 9]);
    }

    proptest! {
        /// Batches that leave as soon as they may, and take any time to be answered: no hour holds
        /// more than allowed, and none of them waited longer than it had to.
        #[test]
        fn no_window_holds_more(
            batches in prop::collection::vec((1_u64..=100, 0_i64..900, 0_i64..400), 1..60),
            most in 100_u64..500,
        ) {
            let mut sent: Vec<Messaged> = Vec::new();
            let mut left: Vec<(Timestamp, Timestamp, u64)> = Vec::new();
            let mut now = at(0);
            for (customers, pause, took) in batches {
                now = now.max(at(0)) + Duration::from_secs(pause as u64);
                let free = free_at(&sent, HOUR, most, customers, now);
                let held = |at: Timestamp| -> u64 {
                    sent.iter().filter(|it| it.at + HOUR > at).map(|it| it.customers).sum()
                };
                prop_assert!(held(free.max(now)) + customers <= most);
                if free > now {
                    prop_assert!(held(free - Duration::from_millis(1)) + customers > most);
                }
                now = now.max(free);
                let done = now + Duration::from_secs(took as u64);
                sent.push(Messaged { at: done, customers });
                left.push((now, done, customers));
                now = done;
            }
            // Each arrives at some time from when it left to when it was done: at the latest here,
            // and the next at the earliest.
            for (begin, _, _) in &left {
                let within: u64 = left.iter()
                    .filter(|(from, done, _)| from <= begin && *done + HOUR > *begin)
                    .map(|(_, _, customers)| customers)
                    .sum();
                prop_assert!(within <= most, "{within} within an hour");
            }
        }
    }
}
