//! Counts and tickets over time.

use super::*;

#[test]
fn counts_follow_time_and_agree_with_the_tickets() {
    let mut town = Town::new(WorldConfig::default());
    let customers: Vec<u64> = (1..=100).collect();
    let id = body(&town.create(&new_chat(&customers)))["id"].clone();
    let mut seen = Vec::new();
    for _ in 0..60 {
        let chat = town.get(&format!("/proactive_chats/{id}"));
        let count = |town: &mut Town, status: &str| {
            town.get(&format!("/tickets?status={status}"))["count"]
                .as_u64()
                .unwrap()
        };
        let (closed, quiet) = (count(&mut town, "CLOSED"), count(&mut town, "PROACTIVE"));
        let open = count(&mut town, "PENDING") + count(&mut town, "ACTIVE");
        assert_eq!(chat["closedCount"], closed);
        assert_eq!(chat["respondedCount"], open + closed);
        assert_eq!(quiet + open + closed, 100);
        assert!(chat["updatedAt"].as_str() >= chat["createdAt"].as_str());
        seen.push((open + closed, closed));
        town.wait(1);
    }
    assert_eq!(seen[0], (0, 0));
    assert!(
        seen.windows(2)
            .all(|pair| pair[0].0 <= pair[1].0 && pair[0].1 <= pair[1].1)
    );
    assert!(
        seen[59].0 > 20 && seen[59].0 == seen[59].1,
        "{:?}",
        seen[59]
    );
}

#[test]
fn the_deprecated_list_can_be_narrowed_by_time() {
    let mut town = Town::new(WorldConfig::default());
    town.create(&new_chat(&[1]));
    town.wait(60);
    town.create(&new_chat(&[2]));
    let count = |town: &mut Town, query: &str| {
        town.get(&format!("/chat_messages?{query}"))["count"].clone()
    };
    assert_eq!(count(&mut town, "created_at__lte=2026-03-01T09:00:00Z"), 1);
    assert_eq!(
        count(&mut town, "created_at__gte=2026-03-01T10:01:00%2B01:00"),
        1
    );
    assert_eq!(
        town.ask("GET", "/chat_messages?created_at__gte=noon", b"")
            .status,
        400
    );
}

#[test]
fn tickets_are_numbered_over_all_chats() {
    let mut town = Town::new(WorldConfig::default());
    town.create(&new_chat(&[5, 9]));
    town.create(&new_chat(&[5]));
    let list = town.get("/tickets?offset=1");
    let of = |nth: usize| {
        (
            list["results"][nth]["id"].clone(),
            list["results"][nth]["customer"]["id"].clone(),
        )
    };
    assert_eq!((of(0), of(1)), ((json!(2), json!(9)), (json!(3), json!(5))));
    assert_eq!(list["count"], 3);
    assert_eq!(town.ask("GET", "/tickets/4/chat_messages", b"").status, 404);
}
