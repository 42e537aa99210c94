//! The tickets that are there from the beginning: the same for the same seed, alive, and not kept.

use std::collections::BTreeSet;

use deskcast::sandbox::world::{History, Wire};
use proptest::prelude::*;

use super::*;

fn with(history: History) -> WorldConfig {
    WorldConfig {
        history,
        ..WorldConfig::default()
    }
}

fn closed(tickets: u64, messages: (u64, u64)) -> WorldConfig {
    with(History {
        tickets,
        fewest_messages: messages.0,
        most_messages: messages.1,
        open_share: 0.0,
    })
}

/// Every item of a list, page by page.
fn all(town: &mut Town, target: &str, limit: usize) -> Vec<Value> {
    let mut items = Vec::new();
    let sign = if target.contains('?') { '&' } else { '?' };
    loop {
        let page = town.get(&format!(
            "{target}{sign}limit={limit}&offset={}",
            items.len()
        ));
        items.extend(page["results"].as_array().unwrap().iter().cloned());
        if page["next"].is_null() {
            assert_eq!(page["count"], items.len(), "{target}");
            return items;
        }
    }
}

#[test]
fn the_list_over_all_tickets_is_that_of_every_ticket() {
    let mut town = Town::new(closed(30, (1, 60)));
    town.create(&new_chat(&[5, 9]));
    town.wait(120);
    town.ask("DELETE", "/tickets/3/chat_messages/185", b"");
    let by_ticket: Vec<Value> = (1..=32)
        .flat_map(|id| all(&mut town, &format!("/tickets/{id}/chat_messages"), 7))
        .collect();
    let over_all = all(&mut town, "/chat_messages", 90);
    assert_eq!(by_ticket, over_all);
    let ids: BTreeSet<u64> = over_all.iter().map(|m| m["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), over_all.len(), "an id stands there twice");
    assert!(over_all.iter().any(|m| m["message"] == "Spring sale"));
}

#[test]
fn a_window_of_time_holds_what_was_written_in_it() {
    let mut town = Town::new(closed(25, (1, 40)));
    let messages = all(&mut town, "/chat_messages", 500);
    let (from, to) = ("2026-02-10T00:00:00.000000Z", "2026-02-20T00:00:00.000000Z");
    let target = format!("/chat_messages?created_at__gte={from}&created_at__lte={to}");
    let within: Vec<Value> = messages
        .into_iter()
        .filter(|m| (from..=to).contains(&m["createdAt"].as_str().unwrap()))
        .collect();
    assert!(!within.is_empty());
    assert_eq!(all(&mut town, &target, 11), within);
}

#[test]
fn the_same_seed_tells_the_same_history_and_another_does_not() {
    let told = |seed| {
        let mut config = closed(5, (30, 40));
        config.seed = seed;
        all(&mut Town::new(config), "/chat_messages", 100)
    };
    assert_eq!(told(1), told(1));
    assert_ne!(told(1), told(2));
}

#[test]
fn open_tickets_go_on_and_are_closed_and_then_their_messages_can_be_deleted() {
    let history = History {
        tickets: 8,
        fewest_messages: 20,
        most_messages: 20,
        open_share: 1.0,
    };
    let mut town = Town::new(with(history));
    let count = |town: &mut Town| {
        town.get("/tickets/4/chat_messages")["count"]
            .as_u64()
            .unwrap()
    };
    assert_eq!(count(&mut town), 10);
    assert_eq!(town.get("/tickets?status=ACTIVE")["count"], 8);
    let messages = town.get("/tickets/4/chat_messages")["results"].clone();
    let by = |kind: &str| {
        let of = messages
            .as_array()
            .unwrap()
            .iter()
            .find(|m| m["userType"] == kind);
        of.unwrap()["id"].clone()
    };
    let target = format!("/tickets/4/chat_messages/{}", by("CUSTOMER"));
    assert_eq!(
        body(&town.ask("DELETE", &target, b""))["code"],
        "deskp400600"
    );
    // Half an hour of Desk time passes in 15 seconds.
    town.wait(16);
    assert_eq!(count(&mut town), 20);
    assert_eq!(town.get("/tickets?status=CLOSED")["count"], 8);
    assert_eq!(town.ask("DELETE", &target, b"").status, 200);
    assert_eq!(
        body(&town.ask("DELETE", &target, b""))["code"],
        "deskp400500"
    );
    let event = format!("/tickets/4/chat_messages/{}", by("EVENT"));
    assert_eq!(
        body(&town.ask("DELETE", &event, b""))["code"],
        "deskp400601"
    );
    assert_eq!(count(&mut town), 19);
}

#[test]
fn deleted_messages_can_stay_in_their_list_without_their_text() {
    let mut config = closed(3, (10, 10));
    config.wire = Wire {
        list_deleted: true,
        ..Wire::default()
    };
    let mut town = Town::new(config);
    let messages = all(&mut town, "/tickets/2/chat_messages", 50);
    let wanted = messages.iter().find(|m| m["userType"] != "EVENT").unwrap();
    let id = wanted["id"].clone();
    assert_eq!(
        town.ask("DELETE", &format!("/tickets/2/chat_messages/{id}"), b"")
            .status,
        200
    );
    let after = all(&mut town, "/tickets/2/chat_messages", 50);
    assert_eq!(after.len(), 10);
    let shown = after.iter().find(|m| m["id"] == id).unwrap();
    assert_eq!(
        (&shown["message"], &shown["requestedFrom"]),
        (&json!(""), &json!("PLATFORM_API"))
    );
    assert_eq!(shown["deletedAt"], "2026-03-01T09:00:00.000000Z");
}

#[test]
fn ten_million_messages_take_no_room_and_a_page_no_time() {
    let mut town = Town::new(closed(10_000, (1, 2_000)));
    let begun = std::time::Instant::now();
    let count = town.get("/chat_messages?limit=1")["count"]
        .as_u64()
        .unwrap();
    assert!((9_000_000..11_000_000).contains(&count), "{count}");
    for ticket in (1..=10_000).step_by(100) {
        town.get(&format!("/tickets/{ticket}/chat_messages?limit=500"));
    }
    // Making them all would take half a minute in a debug build.
    assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn deletions_are_logged_once_and_nothing_else_goes(picks in prop::collection::vec((1_u64..=6, 0_u64..12), 1..40)) {
        let mut town = Town::new(closed(6, (5, 12)));
        let before = all(&mut town, "/chat_messages", 500);
        let mut deleted = Vec::new();
        for (ticket, nth) in picks {
            let id = ticket * 12 + nth;
            let reply = town.ask("DELETE", &format!("/tickets/{ticket}/chat_messages/{id}"), b"");
            let code = body(&reply)["code"].clone();
            let message = before.iter().find(|m| m["id"] == id);
            match message {
                None => prop_assert_eq!(code, "deskp400201"),
                Some(_) if deleted.contains(&id) => prop_assert_eq!(code, "deskp400500"),
                Some(message) if message["userType"] == "EVENT" => prop_assert_eq!(code, "deskp400601"),
                Some(_) => {
                    prop_assert_eq!(body(&reply), json!({"id": id}));
                    deleted.push(id);
                }
            }
        }
        let left: Vec<Value> = before
            .into_iter()
            .filter(|m| !deleted.contains(&m["id"].as_u64().unwrap()))
            .collect();
        prop_assert_eq!(all(&mut town, "/chat_messages", 500), left);
        let logs = all(&mut town, "/chat_messages/delete_logs", 3);
        let logged: Vec<u64> = logs.iter().map(|log| log["messageId"].as_u64().unwrap()).collect();
        prop_assert_eq!(logged, deleted);
    }
}
