//! What passes through the client and the journal's thread is counted where it passes.

use std::time::Duration;

use deskcast::delivery::dispatch::Conclusion;
use deskcast::delivery::outcome::ChatId;
use deskcast::desk::{Desk, DeskConfig};
use deskcast::journal::{Entry, Fence, Journal, Permit, Purpose, What};
use deskcast::sandbox::{Faults, Sandbox, SandboxConfig, StandInConfig};
use deskcast::service::observed::{Answered, Concern, Observed};
use deskcast::service::recorder::Recorder;
use tokio::sync::oneshot;

use crate::site::Served;
use crate::world::{SPRING, World, at};

async fn sandbox(faults: &str) -> Sandbox {
    let stand_in = StandInConfig {
        faults: Faults::parse(faults).expect("faults"),
        ..StandInConfig::default()
    };
    let config = SandboxConfig {
        stand_in,
        ..SandboxConfig::default()
    };
    Sandbox::start(config).await.expect("a port")
}

fn desk(sandbox: &Sandbox, token: &str, observed: &Observed) -> Desk {
    let config = DeskConfig {
        request_timeout: Duration::from_secs(5),
        ..DeskConfig::new(sandbox.base_url(), token)
    };
    let observed = observed.clone();
    let desk = Desk::new(&config).expect("a client");
    desk.heard_by(move |heard| observed.hear(heard))
}

/// How many requests of this kind had this status.
fn requests(observed: &Observed, kind: &str, status: &str) -> u64 {
    let answered = Answered {
        kind: kind.to_owned(),
        status: status.to_owned(),
    };
    observed.series().requests.get_or_create(&answered).get()
}

/// Records through the journal's thread, and waits until it is done.
async fn record<J: Journal + 'static>(
    recorder: &Recorder<J>,
    fence: Fence,
    what: What,
) -> Option<Permit> {
    let entry = Entry {
        batch: 1,
        attempt: 1,
        at: at("21T10:00:00").into(),
        what,
    };
    let (done, recorded) = oneshot::channel();
    recorder.record(fence, vec![entry], |_, result| {
        let _ = done.send(result);
    });
    let permits = recorded.await.expect("an answer").expect("recorded");
    permits.into_iter().next()
}

#[tokio::test]
async fn requests_and_commits_are_counted_once_each() {
    let sandbox = sandbox("").await;
    let served = Served::start().await;
    let observed = served.observed.clone();
    let desk = desk(&sandbox, "sandbox", &observed);
    let world = World::with_everything();
    let mut journal = world.journal();
    let run = world.run(SPRING).id;
    let claim = journal.claim(run, Purpose::Sending, at("21T10:00:00"));
    let fence = claim.expect("claimed").fence;
    let hearing = observed.clone();
    let (recorder, thread) =
        Recorder::start_heard_by(journal, move |commit| hearing.committed(commit));

    let permit = record(&recorder, fence, What::Intent)
        .await
        .expect("a permit");
    let body =
        r#"{"message":"Hi","groupKey":"vip","agentId":1,"priority":"MEDIUM","customerIds":[1]}"#;
    let _fact = desk.create(permit, body.into()).await;
    let outcome = What::Outcome(Conclusion::Accepted(ChatId(1001)));
    record(&recorder, fence, outcome).await;
    drop(recorder);
    thread.join().expect("no panic");

    let _missing = desk.chat(ChatId(999_999)).await;
    let _missing = desk.chat(ChatId(999_999)).await;
    assert_eq!(requests(&observed, "create", "201"), 1);
    assert_eq!(requests(&observed, "read", "404"), 2);
    let metrics = served.get("/metrics").await.body;
    let commits = "\ndeskcast_journal_commit_duration_seconds_count 2\n";
    assert!(metrics.contains(commits), "{metrics}");
}

#[tokio::test]
async fn a_token_that_desk_refuses_makes_the_process_unready() {
    let sandbox = sandbox("").await;
    let observed = Observed::default();
    observed.settle(Concern::Starting);
    let refused = desk(&sandbox, "an-old-token", &observed);
    let _refused = refused.chat(ChatId(1)).await;
    assert_eq!(
        observed.unready(),
        [
            "Desk refused the API token (401); give it a valid one, then restart it, or reload it where the token is \
          in a file"
        ]
    );
    assert_eq!(requests(&observed, "read", "401"), 1);
}

#[tokio::test]
async fn a_request_that_nobody_answers_is_counted_as_such() {
    let sandbox = sandbox("get:reset-before=@1").await;
    let observed = Observed::default();
    let desk = desk(&sandbox, "sandbox", &observed);
    let _lost = desk.chat(ChatId(1)).await;
    assert_eq!(requests(&observed, "read", "none"), 1);
}
