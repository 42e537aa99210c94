//! What holds a run back: every key's default and limits, and every complaint as it is shown.

use std::time::Duration;

use deskcast::campaign::{Abort, Canary, MaxOpen, OpenOf, Pace, Restraints, Share, Then};

use crate::definition::{complaints, with};

fn share(share: f64) -> Share {
    Share::new(share).expect("a share")
}

#[test]
fn nothing_holds_a_campaign_back_that_says_nothing_but_the_abort_rule() {
    let restraints = with("").restraints;
    assert_eq!(restraints, Restraints::default());
    assert!(!restraints.may_wait());
    let abort = (restraints.abort.batches, restraints.abort.share);
    assert_eq!(abort, (10, share(0.1)));
}

#[test]
fn a_number_of_open_chats_says_the_rest_by_default() {
    let max_open = |line: &str| {
        with(&format!("[pace]\nmax_open = {line}"))
            .restraints
            .pace
            .max_open
    };
    let expected = MaxOpen {
        open: 200,
        of: OpenOf::Run,
        answers_within: Duration::from_secs(3_600),
    };
    assert_eq!(max_open("200"), Some(expected));
    assert_eq!(max_open("{ open = 200 }"), Some(expected));
    let expected = MaxOpen {
        of: OpenOf::Group,
        answers_within: Duration::ZERO,
        ..expected
    };
    let line = "{ open = 200, of = \"group\", answers_within = \"0s\" }";
    assert_eq!(max_open(line), Some(expected));
}

#[test]
fn every_key_is_read() {
    let lines = "[pace]\nrequests_per_second = 2\ncustomers_per_hour = 100\ncustomers_per_day = 1000\n\
                 [canary]\ncustomers = 7\n[approval]\nrequired = true\n[abort]\nbatches = 0\nshare = 1";
    let restraints = with(lines).restraints;
    let Pace {
        requests_per_second: Some(rate),
        customers_per_hour: Some(100),
        customers_per_day: Some(1_000),
        max_open: None,
    } = restraints.pace
    else {
        panic!("{restraints:?}");
    };
    assert_eq!(rate.per_second(), 2.0);
    let canary = Canary {
        customers: 7,
        hold: Duration::from_secs(600),
        max_rejected: share(0.1),
        max_unknown: share(0.0),
        min_responded: share(0.0),
        then: Then::Continue,
    };
    assert_eq!(restraints.canary, Some(canary));
    assert!(restraints.approval);
    let abort = Abort {
        batches: 0,
        share: Share::ALL,
    };
    assert_eq!(restraints.abort, abort);
}

#[test]
fn what_cannot_be_is_refused() {
    insta::assert_snapshot!(complaints(&[
        "[pace]\nrequests_per_second = 0",
        "[pace]\ncustomers_per_hour = 99",
        "[pace]\nmax_open = 0",
        "[pace]\nmax_open = \"200\"",
        "[pace]\nmax_open = { of = \"team\" }",
        "[canary]\nhold = \"31days\"",
        "[canary]\ncustomers = 1\nmax_rejected = 2",
        "[approval]\nrequired = \"yes\"",
        "[abort]\nshares = 0.1",
    ]));
}
