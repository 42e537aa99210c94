//! The rules of an account: never more in a window, nothing wasted, everybody heard.

use super::*;
use proptest::prelude::*;
use std::num::NonZeroU32;

fn allowance(rate: f64) -> Allowance {
    Allowance::new(rate, NonZeroU32::MIN)
}

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// No half-open window holds more than allowed.
fn check(departures: &[Duration], rate: f64) -> Result<(), TestCaseError> {
    let most = rate.floor().max(1.0) as usize;
    let window = Duration::from_secs_f64(most as f64 / rate);
    for pair in departures.windows(most + 1) {
        let apart = pair[most] - pair[0];
        prop_assert!(apart >= window, "{} in {apart:?} at {rate}/s", most + 1);
    }
    Ok(())
}

#[test]
fn the_strictest_setting_holds_until_its_owner_is_quiet() {
    let (slow, fast) = (allowance(5.0), allowance(50.0));
    let mut book = Book::new(fast);
    let mut account = book.account();
    assert_eq!(account.agree(fast, ms(1000)), Ok(fast));
    assert_eq!(account.agree(slow, ms(1100)), Ok(slow));
    assert_eq!(account.agree(fast, ms(11_000)), Ok(slow));
    assert_eq!(
        account.lease(ms(1200), Wish::Sends),
        Err(Refusal::Paused(ms(2108))),
        "a window's wait"
    );
    assert_eq!(account.agree(fast, ms(11_200)), Ok(fast));
    assert_eq!(
        account.lease(ms(11_200), Wish::Sends),
        Err(Refusal::Paused(ms(12_208)))
    );
}

#[test]
fn a_pause_survives_whatever_starts_the_account_anew() {
    let mut book = Book::new(allowance(5.0));
    let mut account = book.account();
    account.pause(ms(60_000));
    account.pause(ms(30_000));
    assert_eq!(account.agree(allowance(4.0), ms(10)), Ok(allowance(4.0)));
    assert_eq!(
        account.lease(ms(20), Wish::Sends),
        Err(Refusal::Paused(ms(60_000)))
    );
}

#[test]
fn the_gauge_counts_the_last_window() {
    let mut book = Book::new(allowance(10.0));
    let mut account = book.account();
    assert_eq!(account.used(ms(5000)), Ok(0.0));
    for at in [3900, 4100, 4500, 5000] {
        leave(&mut account, ms(at));
    }
    assert_eq!(account.used(ms(5000)), Ok(0.3));
    assert_eq!(account.used(ms(7000)), Ok(0.0));
}

/// One sends, one reads, each asking again 1 ms after it could use its lease: how many leases each
/// has in ten seconds.
fn shares(rate: f64, mut sends: bool) -> (u32, u32) {
    let mut book = Book::new(allowance(rate));
    let (mut sent, mut read) = (0, 0);
    let (mut sender, mut reader) = (ms(1000), ms(1000));
    loop {
        let now = sender.min(reader);
        if now >= ms(11_000) {
            return (sent, read);
        }
        let is_sender = sends && sender <= reader;
        let wish = if is_sender {
            Wish::Sends
        } else {
            Wish::Readings
        };
        let again = match book.account().lease(now, wish) {
            Ok(lease) => {
                *(if is_sender { &mut sent } else { &mut read }) += 1;
                lease.at.max(now) + ms(1)
            }
            Err(Refusal::NotYet(at) | Refusal::Paused(at)) => at.max(now) + ms(1),
        };
        *(if is_sender { &mut sender } else { &mut reader }) = again;
        if !sends {
            sender = ms(99_000);
        }
        sends &= now < ms(99_000);
    }
}

#[test]
fn somebody_who_only_reads_gets_a_fifth_beside_somebody_who_sends_and_everything_without() {
    for rate in [5.0, 50.0, 400.0] {
        let all = (rate * 10.0) as u32;
        let (sent, read) = shares(rate, true);
        assert!(
            (sent + read) * 100 >= all * 98,
            "{rate}/s: {sent} sent, {read} read"
        );
        let fifth = all / 5;
        assert!(
            read * 10 >= fifth * 8 && read <= fifth + 1,
            "{rate}/s: {sent} sent, {read} read"
        );
        assert!(shares(rate, false).1 * 100 >= all * 98);
    }
}

/// Leaves as soon as that is possible; says when.
fn leave(account: &mut Account<'_>, mut now: Duration) -> Duration {
    while let Err(later) = account.depart(now, 0).expect("in memory") {
        assert!(later > now);
        now = later;
    }
    now
}

proptest! {
    #[test]
    fn no_window_ever_holds_more_than_the_limit(
        rate in prop_oneof![0.2f64..2.0, 2.0f64..50.0], burst in 1u32..4,
        gaps in prop::collection::vec(0u64..400, 1..200),
    ) {
        let burst = NonZeroU32::new(burst).expect("over 0");
        let allowance = Allowance::new(rate.max(burst.get().into()), burst);
        let mut book = Book::new(allowance);
        let mut now = Duration::ZERO;
        let mut left = Vec::new();
        for gap in gaps {
            now += ms(gap);
            let at = leave(&mut book.account(), now);
            prop_assert!(at >= now);
            left.push(at);
        }
        left.sort();
        check(&left, allowance.requests_per_second())?;
    }

    /// Some are suspended before they leave, and ask again whenever they go on.
    #[test]
    fn who_does_not_leave_takes_nothing_from_the_others_and_no_window_holds_more(
        rate in prop_oneof![0.5f64..2.0, 2.0f64..30.0],
        steps in prop::collection::vec((0u64..300, any::<bool>(), any::<bool>()), 1..200),
    ) {
        let mut book = Book::new(allowance(rate));
        let mut now = Duration::from_secs(9);
        let (mut left, mut waiting) = (Vec::new(), 0_u32);
        for (gap, is_new, is_stuck) in steps {
            now += ms(gap);
            waiting += u32::from(is_new);
            while waiting > 0 && !is_stuck && book.account().depart(now, waiting - 1).expect("in memory").is_ok() {
                left.push(now);
                waiting -= 1;
            }
        }
        prop_assert_eq!(book.account().page.departed, left.len() as u64);
        check(&left, rate)?;
    }

    #[test]
    fn whatever_was_before_nothing_leaves_for_a_window_after_it_is_assumed_used_up(
        rate in 0.5f64..30.0, before in prop::collection::vec(0u64..100, 0..60),
        after in prop::collection::vec(0u64..100, 1..60),
    ) {
        let mut book = Book::new(allowance(rate));
        let mut now = Duration::from_secs(9);
        let mut left = Vec::new();
        let mut leave_all = |book: &mut Book, gaps: Vec<u64>, now: &mut Duration| {
            for gap in gaps {
                *now = leave(&mut book.account(), *now + ms(gap));
                left.push(*now);
            }
        };
        leave_all(&mut book, before, &mut now);
        book.account().assume_used_up(allowance(rate), now).expect("in memory");
        leave_all(&mut book, after, &mut now);
        check(&left, rate)?;
    }
}
