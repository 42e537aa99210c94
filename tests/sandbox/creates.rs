//! What makes a create refused, and that a refused one messages nobody.

use deskcast::sandbox::Faults;
use deskcast::sandbox::world::{ChatIds, Customers};
use proptest::prelude::*;

use super::*;

/// Known: group `vip`, agent 41, customers 1 to 100 but 13; 50 is from a social channel.
fn strict() -> WorldConfig {
    let mut config = WorldConfig {
        groups: vec!["vip".to_owned()],
        agents: vec![41],
        customers: Customers {
            highest: Some(100),
            most_in_a_chat: Some(20),
            ..Customers::default()
        },
        ..WorldConfig::default()
    };
    Faults::parse("unknown-customers=@13,social-customers=@50")
        .unwrap()
        .shape(&mut config);
    config
}

fn good() -> Value {
    json!({"message": "Hi", "groupKey": "vip", "customerIds": [1, 2], "agentId": 41, "priority": "HIGH"})
}

#[test]
fn each_wrong_field_is_named_and_nobody_is_messaged() {
    let cases = [
        (
            "message",
            json!(null),
            "deskp400105",
            "The message parameter is required.",
        ),
        (
            "message",
            json!(""),
            "deskp400105",
            "The message parameter is required.",
        ),
        (
            "message",
            json!(7),
            "deskp400111",
            "The value of message should be string.",
        ),
        (
            "groupKey",
            json!(null),
            "deskp400105",
            "The groupKey parameter is required.",
        ),
        (
            "groupKey",
            json!("vop"),
            "deskp400201",
            "The specified group doesn't exist: vop.",
        ),
        (
            "agentId",
            json!(null),
            "deskp400105",
            "The agentId parameter is required.",
        ),
        (
            "agentId",
            json!("41"),
            "deskp400111",
            "The value of agentId should be integer.",
        ),
        (
            "agentId",
            json!(42),
            "deskp400201",
            "The specified agent doesn't exist: 42.",
        ),
        (
            "priority",
            json!("high"),
            "deskp400113",
            "The value of priority should be one of LOW, MEDIUM, HIGH, URGENT.",
        ),
        (
            "customerIds",
            json!(null),
            "deskp400105",
            "The customerIds parameter is required.",
        ),
        (
            "customerIds",
            json!([]),
            "deskp400105",
            "The customerIds parameter is required.",
        ),
        (
            "customerIds",
            json!([1, "2"]),
            "deskp400111",
            "The value of customerIds should be list of integers.",
        ),
        (
            "customerIds",
            json!([1, 13, 0, 101]),
            "deskp400201",
            "The specified customers don't exist: 13, 0, 101.",
        ),
        (
            "customerIds",
            json!([1, 50]),
            "deskp400201",
            "Proactive chats can't be sent to customers from social channels: 50.",
        ),
        (
            "customerIds",
            json!([1, 2, 1]),
            "deskp400111",
            "The value of customerIds should be list of different integers.",
        ),
        (
            "customerIds",
            json!((1..=21).collect::<Vec<_>>()),
            "deskp400113",
            "The value of customerIds should be at most 20 customers.",
        ),
    ];
    let mut town = Town::new(strict());
    for (field, value, code, message) in cases {
        let mut chat = good();
        chat[field] = value;
        let reply = town.create(&chat);
        let said = body(&reply);
        assert_eq!(
            (reply.status, &said["code"], &said["message"]),
            (400, &json!(code), &json!(message))
        );
    }
    assert_eq!(town.ask("POST", "/proactive_chats", b"[").status, 400);
    assert_eq!(
        (town.world.memory().applied(), town.world.chats().len()),
        (0, 0)
    );
    assert_eq!(town.create(&good()).status, 201);
    assert_eq!(
        (
            town.world.memory().applied(),
            town.world.memory().customers()
        ),
        (1, 2)
    );
}

#[test]
fn a_refusal_may_keep_the_unknown_ids_to_itself() {
    let mut config = strict();
    Faults::parse("unnamed-customers=@13")
        .unwrap()
        .shape(&mut config);
    let said = body(&Town::new(config).create(&new_chat_for("vip", &[1, 13])));
    assert_eq!(
        said["message"],
        "One or more of the specified customers don't exist."
    );
}

fn new_chat_for(group: &str, customers: &[u64]) -> Value {
    let mut chat = new_chat(customers);
    chat["groupKey"] = json!(group);
    chat
}

#[test]
fn a_hidden_chat_shows_itself_later() {
    let mut config = WorldConfig::default();
    Faults::parse("hidden=@2:5s").unwrap().shape(&mut config);
    let mut town = Town::new(config);
    let ids: Vec<Value> = (1..=3)
        .map(|id| body(&town.create(&new_chat(&[id])))["id"].clone())
        .collect();
    let status = |town: &mut Town| -> Vec<u16> {
        ids.iter()
            .map(|id| {
                town.ask("GET", &format!("/proactive_chats/{id}"), b"")
                    .status
            })
            .collect()
    };
    assert_eq!(status(&mut town), [200, 404, 200]);
    town.wait(5);
    assert_eq!(status(&mut town), [200, 200, 200]);
}

#[test]
fn other_peoples_chats_lie_between_ours_and_never_count() {
    let chat_ids = ChatIds {
        most_between: 5,
        readable_share: 0.7,
        ..ChatIds::default()
    };
    let mut town = Town::new(WorldConfig {
        chat_ids,
        ..WorldConfig::default()
    });
    (1..=50).for_each(|id| assert_eq!(town.create(&new_chat(&[id])).status, 201));
    let ours: Vec<u64> = town.world.chats().iter().map(|chat| chat.id()).collect();
    let (first, last) = (ours[0], ours[49]);
    assert!(
        ours.windows(2)
            .all(|pair| pair[0] < pair[1] && pair[1] - pair[0] <= 6)
    );
    let others: Vec<Value> = (first..=last)
        .filter(|id| !ours.contains(id))
        .map(|id| town.ask("GET", &format!("/proactive_chats/{id}"), b""))
        .filter(|reply| reply.status == 200)
        .map(|reply| body(&reply))
        .collect();
    let alike = others
        .iter()
        .filter(|chat| chat["message"] == "Spring sale")
        .count();
    assert!(
        others.len() > 20 && alike > 5 && alike < others.len(),
        "{alike} of {}",
        others.len()
    );
    assert_eq!(town.world.memory().customers(), 50);
    assert_eq!(
        town.ask("GET", &format!("/proactive_chats/{}", last + 1), b"")
            .status,
        404
    );
}

proptest! {
    #[test]
    fn the_memory_is_the_sum_of_the_creates_answered_201(
        creates in prop::collection::vec(prop::collection::vec(1_u64..130, 0..5), 0..30),
    ) {
        let mut town = Town::new(strict());
        let mut times = std::collections::BTreeMap::<u64, u32>::new();
        for customers in &creates {
            let reply = town.create(&new_chat_for("vip", customers));
            if reply.status == 201 {
                let listed = body(&reply)["customersList"].as_str().unwrap().to_owned();
                prop_assert_eq!(listed, format!("{customers:?}"));
                customers.iter().for_each(|id| *times.entry(*id).or_default() += 1);
            } else {
                prop_assert_eq!(reply.status, 400);
            }
        }
        prop_assert_eq!(town.world.memory().all().collect::<Vec<_>>(), times.into_iter().collect::<Vec<_>>());
        let listed: usize = town.world.chats().iter().map(|chat| chat.customers().count()).sum();
        prop_assert_eq!(listed as u64, town.world.memory().all().map(|(_, times)| u64::from(times)).sum::<u64>());
    }
}
