//! The rows of the manual's table of error codes.

use std::collections::BTreeSet;

use deskcast::delivery::outcome::AnswerBody;
use deskcast::desk::answer::to_refusal;
use deskcast::desk::{DeleteError, DeskCode, Endpoint, MessageId, TicketId, UserType};
use deskcast::sandbox::Request;
use deskcast::sandbox::requests::Purpose;
use jiff::Timestamp;
use reqwest::header::HeaderMap;

use crate::stage::Stage;
use crate::table::{Row, rows, run, typed};

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
    let deletes = stage.sandbox(|desk| desk.requests().count(Purpose::Delete));
    assert_eq!(deletes, 3);
    stage.faults("delete:500-before");
    let message = stage.message(UserType::Customer, 0).id;
    let error = stage
        .wait(stage.desk.delete_message(TicketId(7), message))
        .unwrap_err();
    assert!(matches!(error, DeleteError::Unknown(_)), "{error:?}");
    assert_eq!(error.code(), Some(DeskCode::Internal));
}
