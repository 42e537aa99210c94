//! Reading lists page by page: nothing twice, nothing passed over in silence, never elsewhere,
//! never for ever.

use std::sync::Mutex;

use deskcast::desk::{BadQuery, Desk, DeskConfig, ListError, Listed, MessageId, Pages, TicketId};
use deskcast::sandbox::{Sandbox, SandboxConfig};
use proptest::prelude::*;

use crate::canned::Canned;

/// The page of a list that a request line asks for, as Desk would answer it.
fn page_of(list: &[u64], line: &str) -> String {
    let number = |name: &str| -> usize {
        let (_, after) = line.split_once(&format!("{name}=")).unwrap();
        after.split('&').next().unwrap().parse().unwrap()
    };
    let (limit, offset) = (number("limit"), number("offset"));
    let items = list.iter().skip(offset).take(limit);
    let items: Vec<String> = items.map(|id| format!(r#"{{"id":{id}}}"#)).collect();
    let next = match offset + limit < list.len() {
        // Of another host, and of another list: it must never be asked.
        true => r#""http://127.0.0.1:9/elsewhere?token=please""#,
        false => "null",
    };
    format!(
        r#"{{"count":{},"previous":null,"next":{next},"results":[{}]}}"#,
        list.len(),
        items.join(",")
    )
}

async fn ids<T: Listed>(pages: &mut Pages<T>) -> Result<Vec<u64>, ListError> {
    let mut ids = Vec::new();
    while let Some(page) = pages.next().await? {
        ids.extend(page.items.iter().map(Listed::id));
    }
    Ok(ids)
}

#[tokio::test]
async fn a_next_url_of_another_host_is_never_asked() {
    let list: Vec<u64> = (1..=7).collect();
    let canned = Canned::playing(move |line| (200, page_of(&list, line))).await;
    let mut pages = canned.desk.groups().limit(3).unwrap();
    assert_eq!(ids(&mut pages).await, Ok((1..=7).collect()));
    let asked = canned.asked();
    assert_eq!(
        asked,
        [
            "GET /platform/v1/groups?limit=3&offset=0",
            "GET /platform/v1/groups?limit=3&offset=2",
            "GET /platform/v1/groups?limit=3&offset=4",
        ]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn every_item_comes_once_whatever_the_page(length in 0_u64..60, limit in 1_u16..20, offset in 0_u64..70) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let list: Vec<u64> = (1..=length).collect();
            let canned = Canned::playing(move |line| (200, page_of(&list, line))).await;
            let mut pages = canned.desk.groups().limit(limit).unwrap().offset(offset);
            let expected: Vec<u64> = (offset + 1..=length).collect();
            prop_assert_eq!(ids(&mut pages).await, Ok(expected));
            prop_assert!(!pages.has_more());
            Ok(())
        })?;
    }
}

/// A list that is another one from the second request on.
async fn changing(first: Vec<u64>, then: Vec<u64>) -> Canned {
    let list = Mutex::new(first);
    Canned::playing(move |line| {
        let mut list = list.lock().unwrap();
        let page = page_of(&list, line);
        list.clone_from(&then);
        (200, page)
    })
    .await
}

#[tokio::test]
async fn what_is_added_before_is_stepped_over_and_nothing_comes_twice() {
    let canned = changing(
        (1..=9).collect(),
        [90, 91].into_iter().chain(1..=9).collect(),
    )
    .await;
    let mut pages = canned.desk.groups().limit(4).unwrap();
    assert_eq!(ids(&mut pages).await, Ok((1..=9).collect()));
}

#[tokio::test]
async fn what_is_added_at_the_end_is_read() {
    let canned = changing((1..=9).collect(), (1..=12).collect()).await;
    let mut pages = canned.desk.groups().limit(4).unwrap();
    assert_eq!(ids(&mut pages).await, Ok((1..=12).collect()));
}

#[tokio::test]
async fn a_list_that_shrinks_is_said_to_have_shifted_and_can_be_read_again() {
    for then in [(2..=9).collect::<Vec<u64>>(), vec![], vec![1]] {
        let canned = changing((1..=9).collect(), then.clone()).await;
        let mut pages = canned.desk.groups().limit(4).unwrap();
        assert_eq!(
            ids(&mut pages).await,
            Err(ListError::Shifted { last: 4 }),
            "{then:?}"
        );
        pages.restart();
        assert_eq!(ids(&mut pages).await, Ok(then));
    }
}

#[tokio::test]
async fn a_list_that_does_not_advance_is_told() {
    // The same page for ever, with a next URL.
    let body =
        r#"{"count":9,"next":"http://desk.test/?offset=3","results":[{"id":1},{"id":2},{"id":3}]}"#;
    let canned = Canned::saying(200, body).await;
    let mut pages = canned.desk.groups().limit(3).unwrap();
    assert_eq!(ids(&mut pages).await, Err(ListError::Stuck { read: 3 }));
    let mut single = canned.desk.groups().limit(1).unwrap();
    assert!(matches!(
        ids(&mut single).await,
        Err(ListError::Shifted { .. })
    ));
    // A bare list that knows nothing of pages is read once.
    let canned = Canned::saying(200, r#"[{"id":1},{"id":2}]"#).await;
    let today = jiff::civil::date(2026, 3, 1);
    let days = deskcast::desk::DeletionDays::new(None, None, today).unwrap();
    let mut pages = canned.desk.deletions(days);
    assert_eq!(ids(&mut pages).await, Ok(vec![1, 2]));
    // One that is cut into pages, all the same, is read to its end.
    let canned = Canned::playing(|line| {
        let list: Vec<u64> = (1..=250).collect();
        let page: serde_json::Value = serde_json::from_str(&page_of(&list, line)).unwrap();
        (200, page["results"].to_string())
    })
    .await;
    let mut pages = canned.desk.deletions(days);
    assert_eq!(ids(&mut pages).await, Ok((1..=250).collect()));
}

#[tokio::test]
async fn a_list_without_an_end_is_bounded() {
    let canned = Canned::playing(|line| {
        let list: Vec<u64> = (1..=1_000_000).collect();
        (200, page_of(&list, line))
    })
    .await;
    let mut pages = canned.desk.groups().limit(10).unwrap().at_most(3);
    assert_eq!(ids(&mut pages).await, Err(ListError::TooLong { pages: 3 }));
    assert_eq!(canned.asked().len(), 3);
}

#[tokio::test]
async fn after_a_failure_the_same_page_is_asked_again() {
    let fails = Mutex::new(true);
    let list: Vec<u64> = (1..=5).collect();
    let canned = Canned::playing(move |line| {
        let mut fails = fails.lock().unwrap();
        match line.contains("offset=1") && std::mem::take(&mut *fails) {
            true => (503, String::new()),
            false => (200, page_of(&list, line)),
        }
    })
    .await;
    let mut pages = canned.desk.groups().limit(2).unwrap();
    let first = pages.next().await.unwrap().unwrap();
    assert_eq!(first.items.len(), 2);
    assert!(matches!(pages.next().await, Err(ListError::Read(_))));
    assert_eq!(ids(&mut pages).await, Ok(vec![3, 4, 5]));
}

#[tokio::test]
async fn an_answer_that_is_no_list_is_told_with_its_beginning() {
    for body in [
        "",
        "null",
        "\"x\"",
        "<html>Hi</html>",
        r#"{"results":[{"key":"a"}]}"#,
        "[1]",
        // Neither passes for a list with nothing in it.
        "[]",
        "{}",
    ] {
        let canned = Canned::saying(200, body).await;
        let error = canned.desk.groups().next().await.unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("200: the answer is no list of groups ("),
            "{body}: {error}"
        );
    }
}

#[tokio::test]
async fn a_page_larger_than_the_documented_one_is_not_asked_for() {
    let canned = Canned::saying(200, "{}").await;
    let (limit, most) = (501, 500);
    let refused = canned.desk.messages(TicketId(1)).limit(limit).map(drop);
    assert_eq!(refused, Err(BadQuery::Limit { limit, most }));
    let today = jiff::civil::date(2026, 3, 1);
    let days = deskcast::desk::DeletionDays::new(None, None, today).unwrap();
    let refused = canned.desk.deletions(days).limit(101).map(drop);
    let (limit, most) = (101, 100);
    assert_eq!(refused, Err(BadQuery::Limit { limit, most }));
    assert!(canned.desk.groups().limit(0).is_err());
    assert_eq!(canned.asked(), [] as [&str; 0]);
}

#[tokio::test]
async fn ten_thousand_tickets_are_read_as_they_are_counted() {
    let mut config = SandboxConfig::default();
    config.stand_in.world.history.tickets = 10_000;
    config.stand_in.world.history.most_messages = 2_000;
    config.stand_in.world.history.open_share = 0.0;
    let sandbox = Sandbox::start(config).await.unwrap();
    let desk = Desk::new(&DeskConfig::new(sandbox.base_url(), "sandbox")).unwrap();
    for ticket in [1, 777, 9_999, 10_000] {
        let mut pages = desk.messages(TicketId(ticket));
        let mut ids: Vec<MessageId> = Vec::new();
        while let Some(page) = pages.next().await.unwrap() {
            assert!(
                page.items
                    .iter()
                    .all(|m| m.ticket == Some(TicketId(ticket)))
            );
            ids.extend(page.items.iter().map(|message| message.id));
        }
        assert_eq!(pages.count(), Some(ids.len() as u64));
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
    }
}

#[tokio::test]
async fn an_answer_that_never_ends_is_not_kept() {
    let padding = " ".repeat(33 << 20);
    let canned = Canned::saying(200, format!(r#"{{"results":[]{padding}}}"#)).await;
    let error = canned.desk.groups().next().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "200: the answer is larger than 33554432 bytes"
    );
}

/// What a list or a call is read in may be moved to another thread.
#[test]
fn calls_can_be_spawned() {
    fn spawned<T: Send>(_: T) {}
    let desk = Desk::new(&DeskConfig::new("http://127.0.0.1:9", "x")).unwrap();
    let mut pages = desk.messages(TicketId(1));
    spawned(pages.next());
    spawned(desk.delete_message(TicketId(1), MessageId(1)));
}
