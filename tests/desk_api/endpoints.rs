//! The rows of the manual's table of endpoints.

use std::collections::BTreeSet;

use deskcast::delivery::outcome::ChatId;
use deskcast::desk::{DeletionDays, Endpoint, ReadError, TicketId, UserType};
use jiff::Timestamp;

use crate::stage::Stage;
use crate::table::{Row, json, rows, run, typed};

#[test]
fn every_endpoint_of_the_readme_does_what_its_row_says() {
    let documented: BTreeSet<&str> = Endpoint::ALL.iter().map(|e| e.as_str()).collect();
    let rows: Vec<Row> = rows("endpoint");
    let named: BTreeSet<&str> = rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(named, documented);
    run(
        "endpoint",
        &[
            ("POST /proactive_chats", "Desk::create", create_chat),
            (
                "GET /proactive_chats/{proactive_id}",
                "Desk::chat",
                get_chat,
            ),
            (
                "GET /tickets/{ticket_id}/chat_messages",
                "Desk::messages",
                ticket_messages,
            ),
            (
                "DELETE /tickets/{ticket_id}/chat_messages/{chatmessage_id}",
                "Desk::delete_message",
                delete_message,
            ),
            (
                "GET /chat_messages/delete_logs",
                "Desk::deletions",
                deletion_logs,
            ),
            ("GET /chat_messages", "Desk::all_messages", all_messages),
            ("GET /customers", "Desk::customers", customers),
            ("GET /groups", "Desk::groups", groups),
            ("GET /agents", "Desk::agents", agents),
        ],
    );
}

/// The call of the library is made by the command: a create takes a permit, and only a journal has
/// those. Its documentation's example makes one by hand.
fn create_chat(row: &Row) {
    let stage = Stage::new(0.0);
    let words = [
        ("TEXT", "Hello".to_owned()),
        ("KEY", "vip-support".to_owned()),
        ("ID", "200007,200014".to_owned()),
    ];
    let made = json(
        &stage
            .deskcast(&format!("{} --json", typed(row, &words)))
            .done(),
    );
    let id = made["batches"][0]["proactive_chat_id"].as_u64().unwrap();
    let chat = stage.wait(stage.desk.chat(ChatId(id))).unwrap();
    assert_eq!(chat.message.as_deref(), Some("Hello"));
    assert_eq!(chat.customers, Some(vec![200007, 200014]));
    let memory = stage.sandbox(|desk| {
        (
            desk.world().memory().applied(),
            desk.world().memory().most(),
        )
    });
    assert_eq!(memory, (1, 1));
}

fn get_chat(row: &Row) {
    let stage = Stage::new(0.0);
    let made = stage.deskcast("desk chat create --message Hi --group sales --customer 5 --json");
    let id = json(&made.done())["batches"][0]["proactive_chat_id"].clone();
    let shown = stage.deskcast(&format!(
        "{} --json",
        typed(row, &[("CHAT", id.to_string())])
    ));
    let shown = json(&shown.done());
    assert_eq!(
        (&shown["id"], &shown["message"], &shown["group"]),
        (&id, &"Hi".into(), &"sales".into())
    );
    let chat = stage
        .wait(stage.desk.chat(ChatId(id.as_u64().unwrap())))
        .unwrap();
    assert_eq!(chat.customers, Some(vec![5]));
    assert!(matches!(
        stage.wait(stage.desk.chat(ChatId(1))),
        Err(ReadError::NotFound(_))
    ));
}

fn ticket_messages(row: &Row) {
    let stage = Stage::with(0.0, |config| {
        config.stand_in.world.history.fewest_messages = 1_200;
        config.stand_in.world.history.most_messages = 1_300;
    });
    let shown = stage.deskcast(&format!("{} --json", typed(row, &[("TICKET", "7".into())])));
    let shown = json(&shown.done());
    let mut pages = stage.desk.messages(TicketId(7));
    let mut ids = Vec::new();
    while let Some(page) = stage.wait(pages.next()).unwrap() {
        ids.extend(page.items.iter().map(|message| message.id.0));
    }
    assert!(ids.len() >= 1_200 && pages.requests() == 3);
    let of_command: Vec<u64> = shown["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| message["id"].as_u64().unwrap())
        .collect();
    assert_eq!(of_command, ids);
    assert_eq!(shown["count"], ids.len());
}

fn delete_message(row: &Row) {
    let stage = Stage::new(0.0);
    let (first, second) = (
        stage.message(UserType::Customer, 0).id,
        stage.message(UserType::Customer, 1).id,
    );
    let words = [("TICKET", "7".into()), ("MESSAGE", first.to_string())];
    assert_eq!(
        stage.deskcast(&typed(row, &words)).done(),
        format!("Message {first} of ticket 7 is deleted.\n")
    );
    let deleted = stage.wait(stage.desk.delete_message(TicketId(7), second));
    assert_eq!(deleted, Ok(second));
    let left = stage.message(UserType::Customer, 0).id;
    assert!(left != first && left != second);
}

fn deletion_logs(row: &Row) {
    let stage = Stage::new(0.0);
    let message = stage.message(UserType::Customer, 0);
    stage
        .wait(stage.desk.delete_message(TicketId(7), message.id))
        .unwrap();
    let today = Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let shown = stage.deskcast(&format!(
        "{} --json",
        typed(row, &[("DAY", today.to_string())])
    ));
    let shown = json(&shown.done());
    assert_eq!(shown["deletions"][0]["message_id"], message.id.0);
    assert_eq!(shown["count"], 1);
    let days = DeletionDays::new(Some(today), Some(today), today).unwrap();
    let page = stage
        .wait(stage.desk.deletions(days).next())
        .unwrap()
        .unwrap();
    assert_eq!(page.items[0].message, message.message);
    assert_eq!(page.items[0].ticket_id, Some(TicketId(7)));
}

#[expect(deprecated, reason = "it is an endpoint of the page")]
fn all_messages(row: &Row) {
    let stage = Stage::new(0.0);
    let shown = json(
        &stage
            .deskcast(&format!("{} --json", typed(row, &[])))
            .done(),
    );
    assert_eq!(shown["messages"].as_array().map(Vec::len), Some(3));
    let mut pages = stage.desk.all_messages(None, None);
    let mut read = 0;
    while let Some(page) = stage.wait(pages.next()).unwrap() {
        read += page.items.len() as u64;
    }
    assert!(read >= 20 * 20 && pages.count() == Some(read));
    let long_ago = "2001-01-01T00:00:00Z".parse().unwrap();
    let mut pages = stage.desk.all_messages(None, Some(long_ago));
    assert_eq!(stage.wait(pages.next()), Ok(None));
}

fn customers(row: &Row) {
    let stage = Stage::new(0.0);
    let line = typed(row, &[("ID", "customer-9".into())]);
    let shown = json(&stage.deskcast(&format!("{line} --json")).done());
    assert_eq!(
        (&shown["customers"][0]["id"], &shown["count"]),
        (&9.into(), &1.into())
    );
    let mut found = stage.desk.customers(Some("customer-9"));
    let page = stage.wait(found.next()).unwrap().unwrap();
    assert_eq!((page.items.len(), page.items[0].id), (1, 9));
}

fn groups(row: &Row) {
    let stage = Stage::new(0.0);
    let shown = json(
        &stage
            .deskcast(&format!("{} --json", typed(row, &[])))
            .done(),
    );
    let page = stage.wait(stage.desk.groups().next()).unwrap().unwrap();
    let keys: Vec<String> = page
        .items
        .into_iter()
        .filter_map(|group| group.key)
        .collect();
    assert_eq!(keys, ["vip-support", "support", "sales", "marketing"]);
    assert_eq!(shown["groups"][3]["key"], keys[3].as_str());
}

fn agents(row: &Row) {
    let stage = Stage::new(0.0);
    let shown = json(
        &stage
            .deskcast(&format!("{} --json", typed(row, &[])))
            .done(),
    );
    let page = stage.wait(stage.desk.agents().next()).unwrap().unwrap();
    let ids: Vec<u64> = page.items.iter().map(|agent| agent.id).collect();
    assert_eq!(ids, [41, 42, 43]);
    assert_eq!(shown["agents"][2]["id"], 43);
}
