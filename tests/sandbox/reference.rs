//! Field names, types and error codes, against `tests/golden/desk/`.

use deskcast::sandbox::world::{Codes, DeleteLogs, Wire};
use deskcast::sandbox::{Faults, Request, StandIn, StandInConfig};

use super::*;

/// A world where everybody answers and some time has passed: ticket 1 is closed.
fn settled(wire: Wire) -> Town {
    let mut config = WorldConfig {
        wire,
        ..WorldConfig::default()
    };
    config.people.reply_share = 1.0;
    let mut town = Town::new(config);
    assert_eq!(town.create(&new_chat(&[7, 8, 9])).status, 201);
    town.wait(120);
    town
}

/// Holds `actual` to the golden value: the same fields, of the same types, in lists as well.
fn same_shape(golden: &Value, actual: &Value, at: &str) {
    match (golden, actual) {
        (Value::Object(golden), Value::Object(actual)) => {
            let (golden_keys, actual_keys) = (golden.keys(), actual.keys());
            assert!(
                golden_keys.eq(actual_keys),
                "{at}: {golden:?} and {actual:?}"
            );
            golden
                .iter()
                .for_each(|(key, value)| same_shape(value, &actual[key], &format!("{at}.{key}")));
        }
        (Value::Array(golden), Value::Array(actual)) => {
            actual
                .iter()
                .for_each(|value| same_shape(&golden[0], value, at));
        }
        _ => assert_eq!(kind(golden), kind(actual), "{at}"),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_u64() => "int",
        Value::Number(_) => "float",
        Value::String(_) => "string",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    }
}

#[test]
fn a_proactive_chat_has_every_field_of_the_table() {
    let mut town = Town::new(WorldConfig::default());
    let made = town.create(&new_chat(&[1, 2]));
    assert_eq!(made.status, 201);
    let read = town.get(&format!("/proactive_chats/{}", body(&made)["id"]));
    for chat in [body(&made), read] {
        let fields = golden("proactive-chat.fields.json");
        let fields = fields.as_object().unwrap();
        assert!(fields.keys().eq(chat.as_object().unwrap().keys()));
        fields
            .iter()
            .for_each(|(name, wanted)| assert_eq!(wanted, kind(&chat[name]), "{name}"));
        same_shape(&golden("proactive-chat.json"), &chat, "chat");
        assert_eq!(chat["customersList"], "[1, 2]");
        assert_eq!(chat["priority"], "MEDIUM");
        assert_eq!(chat["createdAt"], "2026-03-01T09:00:00.000000Z");
        assert_eq!(chat["sentCount"], 2);
    }
}

#[test]
fn a_tickets_messages_look_like_the_sample() {
    let list = settled(Wire::default()).get("/tickets/1/chat_messages?limit=1&offset=1");
    same_shape(&golden("chat-messages.json"), &list, "list");
    assert_eq!(list["count"], 3);
    assert_eq!(
        list["next"],
        "http://desk.test/platform/v1/tickets/1/chat_messages?limit=1&offset=2"
    );
    let event = &settled(Wire::default()).get("/chat_messages?limit=1")["results"][0];
    assert_eq!(
        (&event["userType"], &event["userSendbirdId"]),
        (&json!("EVENT"), &json!("event"))
    );
    assert_eq!(event["message"], "Spring sale");
}

#[test]
fn deleting_a_message_looks_like_the_sample_and_is_logged() {
    for form in [DeleteLogs::Page, DeleteLogs::List, DeleteLogs::Single] {
        let mut town = settled(Wire {
            delete_logs: form,
            ..Wire::default()
        });
        let reply = town.ask("DELETE", "/tickets/1/chat_messages/6", b"");
        assert_eq!(reply.status, 200);
        same_shape(&golden("message-deleted.json"), &body(&reply), "deleted");
        assert_eq!(town.get("/tickets/1/chat_messages")["count"], 2);
        let logs = town.get("/chat_messages/delete_logs");
        let log = match form {
            DeleteLogs::Page => &logs["results"][0],
            DeleteLogs::List => &logs[0],
            DeleteLogs::Single => &logs,
        };
        same_shape(&golden("delete-log.json"), log, "log");
        assert_eq!(
            (&log["messageId"], &log["userType"]),
            (&json!(6), &json!("AGENT"))
        );
        let before =
            town.get("/chat_messages/delete_logs?start_date=2025-12-01&end_date=2026-02-28");
        assert!(!before.to_string().contains("messageId"), "{before}");
    }
}

#[test]
fn every_documented_error_is_spoken() {
    let mut spoken = 0;
    for (case, error) in documented_errors() {
        let reply = provoke(&case);
        let said = body(&reply);
        assert_eq!(said["code"], error["code"], "{error}");
        assert_eq!(said["message"], error["message"], "{error}");
        assert_eq!(said["error"], true);
        assert_eq!(
            u64::from(reply.status),
            if said["code"] == "desk500500" {
                500
            } else {
                400
            }
        );
        spoken += 1;
    }
    assert_eq!(spoken, 14);
}

fn provoke(case: &str) -> Reply {
    let mut town = settled(Wire::default());
    let mut delete = |target: &str| town.ask("DELETE", target, b"");
    match case {
        "no-ticket" => delete("/tickets//chat_messages/6"),
        "no-message" => delete("/tickets/1/chat_messages/"),
        "id-in-letters" => delete("/tickets/1/chat_messages/six"),
        "no-such-message" => delete("/tickets/1/chat_messages/99"),
        "event" => delete("/tickets/1/chat_messages/4"),
        "deleted-twice" => {
            delete("/tickets/1/chat_messages/6");
            delete("/tickets/1/chat_messages/6")
        }
        "ticket-open" => {
            let mut town = waiting_for_an_agent();
            town.ask("DELETE", "/tickets/1/chat_messages/5", b"")
        }
        "internal" => {
            let faults = Faults::parse("any:500-before").unwrap();
            let mut stand_in = StandIn::new(StandInConfig {
                faults,
                ..StandInConfig::default()
            });
            let request = Request {
                method: "GET",
                path: "/platform/v1/groups",
                ..Request::default()
            };
            stand_in.handle(&request, town.now).reply
        }
        logs => {
            let query = match logs {
                "limit-in-letters" => "limit=ten",
                "offset-in-letters" => "offset=ten",
                "start-in-letters" => "start_date=01.03.2026",
                "end-in-letters" => "end_date=2026-3-1",
                "limit-too-large" => "limit=101",
                "dates-too-far-apart" => "start_date=2025-02-27&end_date=2026-02-28",
                other => unreachable!("no such case: {other}"),
            };
            town.ask("GET", &format!("/chat_messages/delete_logs?{query}"), b"")
        }
    }
}

/// A customer replied, nobody closed the ticket, and nobody ever will.
fn waiting_for_an_agent() -> Town {
    let mut config = WorldConfig::default();
    config.people.reply_share = 1.0;
    config.people.close_share = 0.0;
    let mut town = Town::new(config);
    town.create(&new_chat(&[7]));
    town.wait(120);
    town
}

#[test]
fn the_sample_errors_are_spoken_with_numbers() {
    let wire = Wire {
        codes: Codes::Number,
        ..Wire::default()
    };
    let said = body(&settled(wire.clone()).ask("GET", "/chat_messages/delete_logs?limit=x", b""));
    assert_eq!(said, golden("error-limit-not-integer.json"));
    let mut town = waiting_for_an_agent();
    town.world.config_mut().wire = wire;
    let said = body(&town.ask("DELETE", "/tickets/1/chat_messages/5", b""));
    assert_eq!(said, golden("error-ticket-not-closed.json"));
}

#[test]
fn lookups_have_what_is_documented_of_them() {
    let mut town = Town::new(WorldConfig::default());
    for (target, file) in [
        ("/customers?sendbird_id=customer-7", "customer.json"),
        ("/groups", "group.json"),
        ("/agents", "agent.json"),
    ] {
        let first = town.get(target)["results"][0].clone();
        let golden = golden(file);
        golden
            .as_object()
            .unwrap()
            .iter()
            .for_each(|(key, value)| assert_eq!(&first[key], value));
    }
    assert_eq!(town.get("/customers?sendbird_id=nobody")["count"], 0);
}

#[test]
fn strangers_wrong_paths_and_wrong_methods_are_turned_away() {
    let mut town = Town::new(WorldConfig::default());
    assert_eq!(town.ask("GET", "/nothing", b"").status, 404);
    assert_eq!(town.ask("PUT", "/proactive_chats", b"").status, 405);
    assert_eq!(town.ask("DELETE", "/groups", b"").status, 405);
    for (method, path) in [
        ("POST", "/tickets/1/chat_messages"),
        ("PUT", "/tickets/1/chat_messages/4"),
        ("GET", "/tickets/1/chat_messages/4"),
        ("DELETE", "/chat_messages/delete_logs"),
        ("POST", "/chat_messages"),
    ] {
        assert_eq!(town.ask(method, path, b"").status, 405, "{method} {path}");
    }
    for path in ["/tickets/1", "/tickets/1/chat_messages/4/5", "/customers/7"] {
        assert_eq!(town.ask("GET", path, b"").status, 404, "{path}");
    }
    assert_eq!(town.ask("GET", "/proactive_chats/5", b"").status, 404);
    let request = Request {
        method: "GET",
        path: "/platform/v1/groups",
        token: Some("guess"),
        ..Request::default()
    };
    assert_eq!(town.world.handle(&request, town.now).status, 401);
}
