//! `/healthz` and `/readyz`.

use std::time::Duration;

use deskcast::service::observed::{Concern, STALE_AFTER};

use crate::site::Served;

#[tokio::test]
async fn a_process_is_ready_when_nothing_keeps_it_from_sending_and_says_what_does() {
    let served = Served::start().await;
    let answer = served.get("/readyz").await;
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (503, "deskcast is starting\n")
    );

    served.observed.settle(Concern::Starting);
    let answer = served.get("/readyz").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "ready\n"));

    let observed = &served.observed;
    observed.concern(Concern::Store, "the disk is full; make room");
    observed.concern(Concern::Token, "Desk refused the API token (401)");
    let answer = served.get("/readyz").await;
    assert_eq!(answer.status, 503);
    assert_eq!(
        answer.body,
        "Desk refused the API token (401)\nthe disk is full; make room\n"
    );
}

#[tokio::test]
async fn a_process_is_alive_while_its_loop_turns() {
    let served = Served::start().await;
    assert_eq!(served.get("/healthz").await.body, "alive\n");

    tokio::time::pause();
    tokio::time::advance(STALE_AFTER + Duration::from_secs(5)).await;
    tokio::time::resume();
    let answer = served.get("/healthz").await;
    assert_eq!(answer.status, 503);
    assert_eq!(
        answer.body,
        "the loop has not turned for 95 s (at most 90 s)\n"
    );

    served.observed.beat();
    assert_eq!(served.get("/healthz").await.status, 200);
}
