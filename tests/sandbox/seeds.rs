//! The same seed and the same calls give the same answers; "before" never counts, "after" always.

use deskcast::sandbox::faults::KINDS;
use deskcast::sandbox::{Answer, Faults, StandIn, StandInConfig};
use jiff::SignedDuration;

use super::*;

fn stand_in(spec: &str, seed: u64) -> StandIn {
    let world = WorldConfig {
        seed,
        ..WorldConfig::default()
    };
    StandIn::new(StandInConfig {
        world,
        faults: Faults::parse(spec).unwrap(),
        ..StandInConfig::default()
    })
}

fn create(stand_in: &mut StandIn, customer: u64, at: i64) -> Answer {
    let body = new_chat(&[customer]).to_string();
    let request = Request {
        method: "POST",
        path: "/platform/v1/proactive_chats",
        token: Some("sandbox"),
        body: body.as_bytes(),
        ..Request::default()
    };
    stand_in.handle(&request, Timestamp::from_second(START + at).unwrap())
}

const BAD_WEATHER: &str = "reset-after=5%,500-after=5%,cut-after=5%,hang-after=5%,reset-before=5%,\
    500-before=5%,429=5%,garbage-after=5%,late=5%,hidden=20%,unknown-customers=5%,apply-late=5%:3s";

#[test]
fn a_seed_replays_and_another_differs() {
    let run = |seed| -> Vec<Answer> {
        let mut stand_in = stand_in(BAD_WEATHER, seed);
        (1..=300)
            .map(|id| create(&mut stand_in, id, id as i64))
            .collect()
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[test]
fn before_never_counts_and_after_always_does() {
    for kind in KINDS {
        let mut stand_in = stand_in(&format!("{}=@2", kind.name), 1);
        for customer in 1..=3 {
            let answer = create(&mut stand_in, customer, 0);
            assert!(customer == 2 || answer.reply.status == 201, "{}", kind.name);
        }
        let memory = stand_in.world().memory();
        assert_eq!(memory.times(2), u32::from(kind.applied), "{}", kind.name);
        assert_eq!(
            memory.applied(),
            2 + u64::from(kind.applied),
            "{}",
            kind.name
        );
        assert_eq!(
            kind.name.ends_with("-after") || kind.name == "late",
            kind.applied,
            "{}",
            kind.name
        );
        assert_eq!(stand_in.requests().struck(kind.name), 1);
    }
}

#[test]
fn what_is_applied_late_is_applied_in_order_and_once() {
    let mut stand_in = stand_in("apply-late=@1:3s", 1);
    create(&mut stand_in, 1, 0);
    create(&mut stand_in, 2, 1);
    assert_eq!(
        (stand_in.world().memory().times(1), stand_in.waiting()),
        (0, 1)
    );
    create(&mut stand_in, 3, 10);
    let made: Vec<_> = stand_in
        .world()
        .chats()
        .iter()
        .map(|chat| {
            (
                chat.customers().next().unwrap(),
                chat.made_at_micros() / 1_000_000 - START,
            )
        })
        .collect();
    assert_eq!(made, [(2, 1), (1, 3), (3, 10)]);
}

#[test]
fn a_429_says_in_every_way_how_long_to_wait() {
    let mut stand_in = stand_in("429:1500ms", 1);
    let ways: std::collections::BTreeSet<String> = (1..100)
        .map(|id| {
            let reply = create(&mut stand_in, id, 0).reply;
            assert_eq!(reply.status, 429);
            let said = |name| {
                reply
                    .headers
                    .iter()
                    .find(|(key, _)| *key == name)
                    .map(|(_, value)| value.to_string())
            };
            let message = body(&reply)["message"]
                .as_str()
                .unwrap()
                .split_once(". ")
                .map(|(_, wait)| wait.to_owned());
            format!(
                "{:?} {:?} {message:?}",
                said("retry-after"),
                said("x-ratelimit-retryafter")
            )
        })
        .collect();
    let ways: Vec<&str> = ways.iter().map(String::as_str).collect();
    assert_eq!(
        ways,
        [
            "None None None",
            "None None Some(\"retry_after: 1.5000s\")",
            "None Some(\"1.5000\") None",
            "Some(\"2\") None None",
            "Some(\"Sun, 01 Mar 2026 09:00:02 GMT\") None None",
        ]
    );
}

#[test]
fn a_share_strikes_about_as_often_as_it_says() {
    let mut stand_in = stand_in("reset-after=10%,reset-before=@7", 3);
    (1..=2_000).for_each(|id| drop(create(&mut stand_in, id, 0)));
    assert!((150..250).contains(&stand_in.requests().struck("reset-after")));
    assert_eq!(
        (
            stand_in.requests().struck("reset-before"),
            stand_in.world().memory().times(7)
        ),
        (1, 0)
    );
    assert_eq!(stand_in.world().memory().customers(), 1_999);
}

#[test]
fn people_do_not_depend_on_the_order_of_questions() {
    let mut town = Town::new(WorldConfig::default());
    let customers: Vec<u64> = (1..=50).collect();
    let id = body(&town.create(&new_chat(&customers)))["id"].clone();
    let mut curious = Town {
        world: town.world.clone(),
        now: town.now,
    };
    for _ in 0..20 {
        curious.get(&format!("/proactive_chats/{id}"));
        curious.wait(1);
    }
    town.wait(20);
    let target = format!("/proactive_chats/{id}");
    assert_eq!(town.get(&target), curious.get(&target));
}

#[test]
fn time_never_runs_back_here() {
    let mut stand_in = stand_in("", 1);
    create(&mut stand_in, 1, 100);
    create(&mut stand_in, 2, 0);
    let made: Vec<_> = stand_in
        .world()
        .chats()
        .iter()
        .map(|chat| chat.made_at_micros())
        .collect();
    assert!(made[0] <= made[1] && SignedDuration::from_micros(made[1]).as_secs() == START + 100);
}

#[test]
fn an_unknown_fault_is_refused_with_the_nearest() {
    let said = Faults::parse("rest-after=1%").unwrap_err().to_string();
    assert!(said.starts_with(
        "no fault is called `rest-after`; the nearest is `reset-after`. There are: 429, "
    ));
    for spec in ["reset-after=2", "late=1%:soon", "429=@x", "get:hang"] {
        assert!(Faults::parse(spec).is_err(), "{spec}");
    }
    let listed = Faults::parse("reset-after=@3,7,10-12,429=every=10:500ms,get:503-before=5%");
    assert!(listed.is_ok(), "{listed:?}");
}
