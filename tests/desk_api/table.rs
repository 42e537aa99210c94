//! The README's tables of endpoints and error codes, run row by row: each row's command is typed,
//! each row's call is made, against the sandbox. A row without a check fails, and so does a check
//! without a row.

use std::collections::BTreeSet;

use deskcast::delivery::outcome::{AnswerBody, ChatId};
use deskcast::desk::answer::to_refusal;
use deskcast::desk::{
    DeleteError, DeletionDays, DeskCode, Endpoint, MessageId, ReadError, TicketId, UserType,
};
use deskcast::sandbox::Request;
use jiff::Timestamp;
use reqwest::header::HeaderMap;
use serde_json::Value;

use crate::stage::Stage;

/// A row: its name, what is typed (without what is said of it), and the library's name for it.
#[derive(Debug)]
struct Row {
    name: String,
    command: Option<String>,
    library: String,
}

/// The rows of the README's table that begins with this column.
fn rows(first_column: &str) -> Vec<Row> {
    let path = format!("{}/README.md", env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(path).unwrap();
    let head = format!("| {first_column} | command | library |\n");
    let (_, table) = readme.split_once(&head).unwrap();
    let rows = table.lines().skip(1);
    rows.map_while(|line| line.strip_prefix("| ")?.strip_suffix(" |"))
        .map(|row| {
            let cells: Vec<&str> = row.split(" | ").collect();
            let [name, command, library] = cells[..] else {
                panic!("{row} has not three cells")
            };
            let quoted = |cell: &str| cell.split('`').nth(1).map(str::to_owned);
            Row {
                name: quoted(name).unwrap(),
                command: quoted(command),
                library: quoted(library).unwrap(),
            }
        })
        .collect()
}

/// What is typed after `deskcast `, with these words for those in capitals.
fn typed(row: &Row, words: &[(&str, String)]) -> String {
    let command = row.command.as_deref().unwrap();
    let command = command.strip_prefix("deskcast ").unwrap();
    let word = |word: &str| {
        let named = words.iter().find(|(name, _)| *name == word);
        assert!(
            named.is_some() || word.chars().any(char::is_lowercase) || word.parse::<u64>().is_ok(),
            "nothing stands for {word} in {command}"
        );
        named.map_or(word.to_owned(), |(_, word)| word.clone())
    };
    command.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

type Check = (&'static str, &'static str, fn(&Row));

fn run(first_column: &str, checks: &[Check]) {
    let rows = rows(first_column);
    let of_rows: BTreeSet<&str> = rows.iter().map(|row| row.name.as_str()).collect();
    let of_checks: BTreeSet<&str> = checks.iter().map(|(name, ..)| *name).collect();
    assert_eq!(of_rows, of_checks, "rows and checks");
    assert_eq!(of_rows.len(), rows.len(), "a row stands there twice");
    for row in &rows {
        let (_, library, check) = checks.iter().find(|(name, ..)| *name == row.name).unwrap();
        assert_eq!(row.library, *library, "{}", row.name);
        check(row);
    }
}

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

#[test]
fn every_error_code_of_the_readme_is_met_as_its_row_says() {
    let documented: BTreeSet<String> = DeskCode::DOCUMENTED
        .iter()
        .map(ToString::to_string)
        .collect();
    let rows: Vec<Row> = rows("error code");
    let named: BTreeSet<String> = rows.into_iter().map(|row| row.name).collect();
    assert_eq!(named, documented);
    run(
        "error code",
        &[
            ("deskp400105", "DeskCode::MissingParameter", missing),
            ("deskp400111", "DeskCode::WrongFormat", wrong_format),
            ("deskp400113", "DeskCode::OutOfRange", out_of_range),
            ("deskp400201", "DeskCode::NoSuchMessage", no_such_message),
            ("deskp400500", "DeskCode::AlreadyDeleted", already_deleted),
            ("deskp400600", "DeskCode::TicketNotClosed", not_closed),
            ("deskp400601", "DeskCode::NotDeletable", not_deletable),
            ("desk500500", "DeskCode::Internal", internal),
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
    assert_eq!(row.command, None);
    let stage = Stage::new(0.0);
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

/// What the library makes of the sandbox's answer to a request that the library itself never sends.
fn code_of(stage: &Stage, endpoint: Endpoint, target: &str) -> DeskCode {
    let (method, _) = endpoint.as_str().split_once(' ').unwrap();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let path = format!("/platform/v1{path}");
    let request = Request {
        method,
        path: &path,
        query,
        token: Some("sandbox"),
        ..Request::default()
    };
    let reply = stage
        .sandbox(|desk| desk.handle(&request, Timestamp::now()))
        .reply;
    assert_eq!(reply.status, 400);
    let answer = to_refusal(
        endpoint,
        400,
        &HeaderMap::new(),
        &reply.body,
        Timestamp::now(),
    );
    let AnswerBody::Error {
        code: Some(code), ..
    } = answer.body
    else {
        panic!("{answer:?}")
    };
    DeskCode::parse(&code)
}

fn missing(row: &Row) {
    let stage = Stage::new(0.0);
    let said = stage
        .deskcast(&typed(row, &[("TICKET", "7".into())]))
        .failed(2);
    assert!(said.contains("<MESSAGE>"), "{said}");
    assert_eq!(stage.requests(), 0);
    for target in [
        "/tickets//chat_messages/6",
        "/tickets/1/chat_messages/",
        "/chat_messages/6",
    ] {
        let code = code_of(&stage, Endpoint::DeleteMessage, target);
        assert_eq!(code, DeskCode::MissingParameter, "{target}");
    }
}

fn wrong_format(row: &Row) {
    let stage = Stage::new(0.0);
    let said = stage
        .deskcast(&typed(row, &[("TICKET", "7".into())]))
        .failed(2);
    assert!(
        said.contains("an id is a whole number from 1, in plain digits"),
        "{said}"
    );
    let said = stage.deskcast("desk deletions --from 1.3.2026").failed(2);
    assert!(said.contains("a day is written YYYY-MM-DD"), "{said}");
    assert_eq!(stage.requests(), 0);
    let code = code_of(
        &stage,
        Endpoint::DeleteMessage,
        "/tickets/7/chat_messages/six",
    );
    assert_eq!(code, DeskCode::WrongFormat);
    for query in [
        "limit=x",
        "offset=x",
        "start_date=1.3.2026",
        "end_date=2026-3-1",
    ] {
        let target = format!("/chat_messages/delete_logs?{query}");
        let code = code_of(&stage, Endpoint::DeletionLogs, &target);
        assert_eq!(code, DeskCode::WrongFormat, "{query}");
    }
}

fn out_of_range(row: &Row) {
    let stage = Stage::new(0.0);
    let said = stage.deskcast(&typed(row, &[])).failed(2);
    assert_eq!(
        said,
        "deskcast: --limit 101: a page has 1 to 100 items, not 101\n"
    );
    let said = stage
        .deskcast("desk deletions --from 2024-01-01 --to 2025-01-02")
        .failed(2);
    assert!(said.contains("more than one year"), "{said}");
    assert_eq!(stage.requests(), 0);
    for query in [
        "limit=0",
        "limit=101",
        "start_date=2024-01-01&end_date=2025-01-02",
    ] {
        let target = format!("/chat_messages/delete_logs?{query}");
        let code = code_of(&stage, Endpoint::DeletionLogs, &target);
        assert_eq!(code, DeskCode::OutOfRange, "{query}");
    }
}

/// The command complains with these words and exit code 2, and the call with the code.
fn refused(
    stage: &Stage,
    line: &str,
    says: &str,
    ticket: u64,
    message: MessageId,
    code: &DeskCode,
) {
    let said = stage.deskcast(line).failed(2);
    assert!(
        said.contains(says) && said.contains(code.as_str()),
        "{said}"
    );
    let called = stage.wait(stage.desk.delete_message(TicketId(ticket), message));
    let error = called.unwrap_err();
    assert!(matches!(error, DeleteError::Refused(_)), "{error:?}");
    assert_eq!(error.code().as_ref(), Some(code));
}

fn no_such_message(row: &Row) {
    let stage = Stage::new(0.0);
    let line = typed(row, &[("TICKET", "7".into())]);
    let (says, code) = ("the message doesn't exist", DeskCode::NoSuchMessage);
    refused(&stage, &line, says, 7, MessageId(999_999_999), &code);
}

fn already_deleted(row: &Row) {
    let stage = Stage::new(0.0);
    let message = stage.message(UserType::Customer, 0).id;
    stage
        .wait(stage.desk.delete_message(TicketId(7), message))
        .unwrap();
    let words = [("TICKET", "7".into()), ("MESSAGE", message.to_string())];
    assert_eq!(
        stage.deskcast(&typed(row, &words)).done(),
        format!("Message {message} of ticket 7 was already deleted.\n")
    );
    let error = stage
        .wait(stage.desk.delete_message(TicketId(7), message))
        .unwrap_err();
    assert!(error.is_already_deleted(), "{error:?}");
}

fn not_closed(row: &Row) {
    let stage = Stage::new(1.0);
    let message = stage.message(UserType::Customer, 0).id;
    let line = typed(
        row,
        &[("OPEN", "7".into()), ("MESSAGE", message.to_string())],
    );
    let (says, code) = ("close the ticket first", DeskCode::TicketNotClosed);
    refused(&stage, &line, says, 7, message, &code);
}

fn not_deletable(row: &Row) {
    let stage = Stage::new(0.0);
    let event = stage.message(UserType::Event, 0).id;
    let line = typed(row, &[("TICKET", "7".into()), ("EVENT", event.to_string())]);
    let (says, code) = ("can't be deleted", DeskCode::NotDeletable);
    refused(&stage, &line, says, 7, event, &code);
}

fn internal(row: &Row) {
    let stage = Stage::new(0.0);
    // Both that was not applied, and that was.
    for fault in ["delete:500-before=@1", "delete:500-after=@3"] {
        let message = stage.message(UserType::Customer, 0).id;
        stage.faults(fault);
        let words = [("TICKET", "7".into()), ("MESSAGE", message.to_string())];
        let ended = stage.deskcast(&typed(row, &words));
        assert!(ended.err.contains("desk500500"), "{ended:?}");
        assert_eq!(
            ended.done(),
            format!("Message {message} of ticket 7 is deleted.\n")
        );
    }
    // One of the first kind is tried twice, one of the second only looked for.
    let deletes = stage.sandbox(|desk| {
        desk.requests()
            .count(deskcast::sandbox::requests::Purpose::Delete)
    });
    assert_eq!(deletes, 3);
    stage.faults("delete:500-before");
    let message = stage.message(UserType::Customer, 0).id;
    let error = stage
        .wait(stage.desk.delete_message(TicketId(7), message))
        .unwrap_err();
    assert!(matches!(error, DeleteError::Unknown(_)), "{error:?}");
    assert_eq!(error.code(), Some(DeskCode::Internal));
}
