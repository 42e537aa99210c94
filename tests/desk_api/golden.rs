//! The client reads what the reference shows as what it says.

use deskcast::delivery::outcome::ChatId;
use deskcast::desk::{
    Agent, ChatMessage, Customer, DeleteError, Deletion, DeletionDays, DeskCode, Group, ListError,
    MessageId, Page, ProactiveChat, ReadError, RequestedFrom, Requester, TicketId, UserType,
};
use jiff::civil::date;
use serde_json::Value;

use crate::canned::Canned;

pub(crate) fn golden(name: &str) -> String {
    let path = format!("{}/tests/golden/desk/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

/// The documented errors, each with the name of its file.
pub(crate) fn documented_errors() -> Vec<(String, Value)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/desk/errors");
    let mut errors: Vec<(String, Value)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let text = std::fs::read_to_string(&path).unwrap();
            (name, serde_json::from_str(&text).unwrap())
        })
        .collect();
    errors.sort_by(|a, b| a.0.cmp(&b.0));
    errors
}

fn summer(id: u64) -> Requester {
    let text = |text: &str| Some(text.to_owned());
    Requester {
        id: Some(id),
        display_name: text("Summer"),
        project: Some(1),
        user: Some(1),
        sendbird_id: text("agent_id_1234"),
        role: text("AGENT"),
        created_at: Some("2018-03-28T08:53:54.222766Z".parse().unwrap()),
        status: text("ACTIVE"),
        connection: text("ONLINE"),
        email: text("summer_agent@sendbird.com"),
        photo_thumbnail_url: text("https://sendbird.com/profile_summer.png"),
        connection_updated_at: Some("2019-11-13T09:03:13.060232Z".parse().unwrap()),
        tier: text("EXPERT"),
    }
}

fn days() -> DeletionDays {
    DeletionDays::new(
        Some(date(2019, 7, 1)),
        Some(date(2019, 7, 31)),
        date(2026, 1, 1),
    )
    .unwrap()
}

#[tokio::test]
async fn a_proactive_chat_is_read_with_all_its_properties() {
    let canned = Canned::saying(200, golden("proactive-chat.json")).await;
    let expected = ProactiveChat {
        id: 1003,
        project: Some(1),
        message: Some("Spring sale: 20% off until Sunday.".into()),
        message_count: Some(1),
        created_by: Some(summer(41)),
        group: Some("vip-support".into()),
        sent_count: Some(3),
        responded_count: Some(2),
        closed_count: Some(1),
        customers: Some(vec![200007, 200014, 200021]),
        created_at: Some("2026-03-01T09:00:00Z".parse().unwrap()),
        updated_at: Some("2026-03-01T09:12:30.5Z".parse().unwrap()),
        priority: Some("HIGH".into()),
    };
    assert_eq!(canned.desk.chat(ChatId(1003)).await, Ok(expected));
    assert_eq!(canned.asked(), ["GET /platform/v1/proactive_chats/1003"]);
}

fn welcome() -> ChatMessage {
    ChatMessage {
        id: MessageId(38763),
        id_in_ticket: None,
        ticket: Some(TicketId(3351)),
        user_sendbird_id: Some("event".into()),
        user_type: UserType::Event,
        created_at: Some("2020-05-11T14:25:54.189Z".parse().unwrap()),
        deleted_at: None,
        requested_from: None,
        requested_by: None,
        message: Some("Welcome to Sendbird!".into()),
        data: Some("Summer special".into()),
    }
}

#[tokio::test]
async fn the_messages_of_a_ticket_are_read_as_in_the_sample() {
    let canned = Canned::saying(200, golden("chat-messages.json")).await;
    let mut pages = canned.desk.messages(TicketId(3351)).limit(10).unwrap();
    let page = pages.next().await.unwrap().unwrap();
    let expected = Page {
        items: vec![welcome()],
        count: Some(43),
    };
    assert_eq!(page, expected);
    assert_eq!(
        canned.asked(),
        ["GET /platform/v1/tickets/3351/chat_messages?limit=10&offset=0"]
    );
}

#[tokio::test]
#[expect(deprecated, reason = "it is an endpoint of the page")]
async fn the_deprecated_list_takes_times() {
    let canned = Canned::saying(200, golden("chat-messages.json")).await;
    let from = "2020-05-11T00:00:00Z".parse().unwrap();
    let to = "2020-05-12T00:00:00.5Z".parse().unwrap();
    let mut pages = canned.desk.all_messages(Some(from), Some(to));
    assert_eq!(pages.next().await.unwrap().unwrap().items, [welcome()]);
    assert_eq!(
        canned.asked(),
        [
            "GET /platform/v1/chat_messages?created_at__gte=2020-05-11T00%3A00%3A00Z\
          &created_at__lte=2020-05-12T00%3A00%3A00.5Z&limit=500&offset=0"
        ]
    );
}

#[tokio::test]
async fn a_delete_answers_the_id() {
    let canned = Canned::saying(200, golden("message-deleted.json")).await;
    let delete = |id| canned.desk.delete_message(TicketId(3351), MessageId(id));
    assert_eq!(delete(51).await, Ok(MessageId(51)));
    assert_eq!(
        canned.asked(),
        ["DELETE /platform/v1/tickets/3351/chat_messages/51"]
    );
    // The answer to another question confirms nothing.
    assert!(matches!(delete(52).await, Err(DeleteError::Unknown(_))));
}

#[tokio::test]
async fn deletions_are_read_in_all_three_forms() {
    let log = golden("delete-log.json");
    let expected = Deletion {
        id: 1,
        ticket_id: Some(TicketId(1341)),
        message_id: Some(MessageId(114161)),
        user_type: UserType::Agent,
        message: Some("Thank you for your patience.".into()),
        deleted_at: Some("2019-07-18T09:13:44.846926Z".parse().unwrap()),
        requested_from: Some(RequestedFrom::Dashboard),
        requested_by: Some(summer(1)),
    };
    for form in [
        log.clone(),
        format!("[{log}]"),
        format!(r#"{{"count":1,"previous":null,"next":null,"results":[{log}]}}"#),
    ] {
        let canned = Canned::saying(200, form.clone()).await;
        let mut pages = canned.desk.deletions(days());
        let page = pages.next().await.unwrap().unwrap();
        assert_eq!(page.items, std::slice::from_ref(&expected), "{form}");
        assert_eq!(pages.next().await, Ok(None), "{form}");
        assert_eq!(
            canned.asked()[0],
            "GET /platform/v1/chat_messages/delete_logs?start_date=2019-07-01&end_date=2019-07-31&limit=100&offset=0"
        );
    }
    for empty in ["{}", "[]", r#"{"count":0,"next":null,"results":[]}"#] {
        let canned = Canned::saying(200, empty).await;
        assert_eq!(
            canned.desk.deletions(days()).next().await,
            Ok(None),
            "{empty}"
        );
    }
}

#[tokio::test]
async fn people_are_looked_up() {
    let list = |name: &str| format!(r#"{{"count":1,"results":[{}]}}"#, golden(name));
    let canned = Canned::saying(200, list("customer.json")).await;
    let page = canned.desk.customers(Some("customer-7 & co")).next().await;
    let expected = Customer {
        id: 7,
        sendbird_id: Some("customer-7".into()),
        display_name: None,
        channel_type: None,
    };
    assert_eq!(page.unwrap().unwrap().items, [expected]);
    assert_eq!(
        canned.asked(),
        ["GET /platform/v1/customers?sendbird_id=customer-7+%26+co&limit=500&offset=0"]
    );

    let canned = Canned::saying(200, list("group.json")).await;
    let expected = Group {
        id: 1,
        name: Some("vip-support".into()),
        key: Some("vip-support".into()),
    };
    let page = canned.desk.groups().next().await.unwrap().unwrap();
    assert_eq!(page.items, [expected]);

    let canned = Canned::saying(200, list("agent.json")).await;
    let page = canned.desk.agents().next().await.unwrap().unwrap();
    let text = |text: &str| Some(text.to_owned());
    let expected = Agent {
        id: 41,
        display_name: text("Agent 41"),
        email: text("agent41@example.com"),
        role: text("AGENT"),
        status: text("ACTIVE"),
        connection: text("ONLINE"),
    };
    assert_eq!(page.items, [expected]);
}

#[tokio::test]
async fn every_documented_error_is_told_apart_in_every_shape() {
    let mut seen = Vec::new();
    for (case, error) in documented_errors() {
        let (code, message) = (&error["code"], &error["message"]);
        let expected = DeskCode::parse(code.as_str().unwrap());
        let digits = code
            .as_str()
            .unwrap()
            .trim_start_matches(char::is_alphabetic);
        let status = if digits == "500500" { 500 } else { 400 };
        for body in [
            format!(r#"{{"message":{message},"code":{code},"error":true}}"#),
            format!(r#"{{"message":{message},"code":{digits},"error":true}}"#),
            format!(r#"{{"code":{code},"detail":{message}}}"#),
        ] {
            let canned = Canned::saying(status, body.clone()).await;
            let of_logs = case.contains("limit")
                || ["offset", "start", "end-", "dates"]
                    .iter()
                    .any(|word| case.starts_with(word));
            let (said, words) = if of_logs {
                let Err(ListError::Read(error)) = canned.desk.deletions(days()).next().await else {
                    panic!("{body} was no error")
                };
                assert!(matches!(error, ReadError::Refused(_)), "{error:?}");
                (error.code(), error.to_string())
            } else {
                let asked = canned.desk.delete_message(TicketId(1), MessageId(6)).await;
                let error = asked.unwrap_err();
                let unknown = matches!(error, DeleteError::Unknown(_));
                assert_eq!(unknown, status == 500, "{error:?}");
                (error.code(), error.to_string())
            };
            assert_eq!(said.as_ref(), Some(&expected), "{body}");
            assert_eq!(
                words,
                format!("{status} {expected}: {}", message.as_str().unwrap())
            );
        }
        seen.push(expected);
    }
    for code in DeskCode::DOCUMENTED {
        assert!(seen.contains(&code), "{code} has no golden error");
    }
}

#[tokio::test]
async fn the_sample_errors_and_html_are_read() {
    let canned = Canned::saying(400, golden("error-ticket-not-closed.json")).await;
    let error = canned.desk.delete_message(TicketId(1), MessageId(6)).await;
    assert_eq!(error.unwrap_err().code(), Some(DeskCode::TicketNotClosed));
    let canned = Canned::saying(400, golden("error-limit-not-integer.json")).await;
    let Err(ListError::Read(error)) = canned.desk.deletions(days()).next().await else {
        panic!("no error")
    };
    assert_eq!(error.code(), Some(DeskCode::WrongFormat));

    let canned = Canned::saying(500, "<html><h1>Server Error (500)</h1></html>").await;
    let error = canned.desk.chat(ChatId(1)).await.unwrap_err();
    assert!(matches!(error, ReadError::Failed(_)));
    assert_eq!(error.to_string(), "500: Server Error (500)");
    assert_eq!(error.code(), None);
}

#[tokio::test]
async fn no_redirect_is_followed_and_a_wrong_token_is_told() {
    for status in [301, 307, 308, 401, 403] {
        let canned = Canned::saying(status, "{}").await;
        let deleted = canned.desk.delete_message(TicketId(1), MessageId(6)).await;
        assert!(
            matches!(deleted, Err(DeleteError::Halted(_))),
            "{deleted:?}"
        );
        let read = canned.desk.chat(ChatId(1)).await;
        assert!(matches!(read, Err(ReadError::Halted(_))), "{read:?}");
        assert_eq!(canned.asked().len(), 2, "one attempt for each call");
    }
}
