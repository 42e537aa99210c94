//! Several texts for one campaign: everybody is told theirs, once, whatever happens on the way.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::stage::desk::Desk;
use crate::stage::scene::Scene;
use crate::town::{Town, wait_until};

const RUN: [&str; 3] = ["run", "spring", "--json"];
const SHORT: &str = "20% off.";
const LONG: &str = "Until Sunday you have 20% off\neverything.";

/// The campaign `spring` with a short text for a quarter of the customers in this order.
fn define(scene: &Scene, customers: impl Iterator<Item = u64>, batch_size: usize, more: &str) {
    let rows: Vec<String> = customers.map(|id| id.to_string()).collect();
    scene.write(
        "campaigns/spring.csv",
        format!("customer_id\n{}\n", rows.join("\n")),
    );
    scene.write("campaigns/long.txt", LONG);
    scene.write(
        "campaigns/spring.toml",
        format!(
            "group = \"vip-support\"\ncustomers = \"spring.csv\"\nbatch_size = {batch_size}\n{more}\n\
             [[variant]]\nname = \"short\"\nmessage = \"{SHORT}\"\n\
             [[variant]]\nname = \"long\"\nmessage_file = \"long.txt\"\nweight = 3\n"
        ),
    );
}

fn town(desk: Desk, customers: u64, batch_size: usize) -> Town {
    let town = Town::with(desk, customers, batch_size);
    define(&town.scene, 1..=customers, batch_size, "");
    town
}

fn desk(faults: &str) -> Desk {
    Desk::start(faults, Duration::ZERO)
}

/// The text that Desk sent to each customer; nobody has two.
#[track_caller]
fn told(desk: &Desk) -> BTreeMap<u64, String> {
    let mut told = BTreeMap::new();
    desk.with(|stand_in| {
        for chat in stand_in.world().chats().iter() {
            for customer in chat.customers() {
                let before = told.insert(customer, chat.message().to_owned());
                assert_eq!(before, None, "{customer} was messaged twice");
            }
        }
    });
    told
}

/// What customers 1 to `customers` are told when nothing goes wrong.
fn expected(customers: u64) -> BTreeMap<u64, String> {
    let town = town(desk(""), customers, 50);
    assert_eq!(town.scene.run(&RUN).code, Some(0));
    told(&town.desk)
}

#[test]
fn everybody_is_told_one_text_and_the_shares_are_near_the_weights() {
    let town = town(desk(""), 2_000, 50);
    let dry = town
        .scene
        .run(&["run", "spring", "--dry-run", "--json"])
        .json();
    let ended = town.scene.run(&RUN);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    town.must_have(2_000, 0, 0, 0);
    let object = ended.json();
    assert_eq!(object["digest"], dry["digest"]);
    let told = told(&town.desk);
    let of = |text: &str| told.values().filter(|it| *it == text).count() as u64;
    assert_eq!((told.len(), of(SHORT) + of(LONG)), (2_000, 2_000));
    assert!((420..580).contains(&of(SHORT)), "{}", of(SHORT));
    for (at, name, customers) in [(0, "short", of(SHORT)), (1, "long", of(LONG))] {
        for (object, sent) in [(&dry, 0), (&object, customers)] {
            let variant = &object["variants"]["each"][at];
            assert_eq!(variant["name"], name);
            assert_eq!(variant["customers"], customers);
            assert_eq!(variant["sent"], sent);
        }
    }
    let report = town.scene.run(&["report", "--format", "json"]).json();
    assert_eq!(
        report["runs"][0]["variants"]["each"][0]["customers"],
        of(SHORT)
    );
}

#[test]
fn the_order_of_the_file_and_the_size_of_batches_do_not_matter() {
    let town = town(desk(""), 300, 7);
    define(&town.scene, (1..=300).rev(), 7, "");
    assert_eq!(town.scene.run(&RUN).code, Some(0));
    town.must_have(300, 0, 0, 0);
    assert_eq!(told(&town.desk), expected(300));
}

#[test]
fn an_unknown_batch_is_found_by_the_text_of_its_variant() {
    let town = town(desk("reset-after=@2,3,7,8"), 300, 30);
    // One at a time, so that the requests that are reset are those of both.
    let ended = town.run_with(&[("DESKCAST__LIMITS__CONCURRENCY", "1")], &RUN);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let findings = town.findings();
    assert_eq!((findings.unknown, findings.settled), (4, 4));
    town.must_have(300, 0, 0, 0);
    let told = told(&town.desk);
    let ledger = town.ledger();
    let lost = ledger.attempts.iter().filter(|it| it.outcome == "unknown");
    let texts: BTreeSet<&str> = lost
        .filter_map(|lost| ledger.batches.iter().find(|it| it.number == lost.batch))
        .map(|batch| told[&batch.customers[0]].as_str())
        .collect();
    assert_eq!(texts, [SHORT, LONG].into(), "of both variants");
    assert_eq!(told, expected(300));
}

#[test]
fn a_run_that_was_stopped_goes_on_with_the_texts_it_began_with() {
    let town = town(Desk::start("", Duration::from_millis(10)), 240, 4);
    let running = town.start(&RUN);
    wait_until("a few are sent", || town.messaged() >= 20);
    running.signal("TERM");
    assert_eq!(running.end().code, Some(4));
    assert!(town.messaged() < 240, "it was stopped in the middle");
    town.scene.write("campaigns/long.txt", "Something else");
    town.scene.write("campaigns/spring.toml", "this is no TOML");
    let ended = town.scene.run(&["run", "spring", "--json", "--as-planned"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    town.must_have(240, 0, 0, 0);
    assert_eq!(told(&town.desk), expected(240));
}

#[test]
fn the_parts_of_a_split_batch_have_its_text() {
    let town = town(desk("unnamed-customers=@7,130,201"), 300, 50);
    let ended = town.scene.run(&RUN);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    town.must_have(297, 3, 0, 0);
    let mut expected = expected(300);
    expected.retain(|customer, _| ![7, 130, 201].contains(customer));
    assert_eq!(told(&town.desk), expected);
}

#[test]
fn a_first_wave_has_as_many_customers_as_it_was_given() {
    let town = town(desk(""), 300, 30);
    define(
        &town.scene,
        1..=300,
        30,
        "[canary]\ncustomers = 50\nhold = \"1h\"\n",
    );
    let running = town.start(&RUN);
    wait_until("the wave is sent", || town.messaged() >= 50);
    std::thread::sleep(Duration::from_millis(500));
    running.signal("TERM");
    assert_eq!(running.end().code, Some(4));
    assert_eq!(told(&town.desk).into_keys().max(), Some(50));
    town.must_have(50, 0, 0, 250);
}

#[test]
fn a_dry_run_and_a_report_show_each_variant() {
    let town = town(desk(""), 2_000, 50);
    let dry = town.scene.run(&["run", "spring", "--dry-run"]).out;
    let object = town.scene.run(&RUN).json();
    let key = object["run"].as_str().unwrap().to_owned();
    let report = town.scene.run(&["report", &key]).out;
    let told = told(&town.desk);
    for customer in 1..=8 {
        let id = customer.to_string();
        let name = match told[&customer] == SHORT {
            true => "short",
            false => "long",
        };
        let why = town.scene.run(&["why", &id]).out;
        assert!(why.contains(&format!("\n  Variant   {name}\n")), "{why}");
        let why = town.scene.run(&["why", &id, "--json"]).json();
        assert_eq!(why["runs"][0]["variant"], name);
    }
    let top: Vec<&str> = dry.lines().take(11).collect();
    let table = report.split("throttled\n").nth(1).unwrap();
    // Who has answered by then depends on the time that took.
    let row = |line: &str| -> String {
        let words: Vec<&str> = line.split_whitespace().take(3).collect();
        words.join(" ")
    };
    let rows: Vec<String> = table.lines().skip(1).take(3).map(row).collect();
    let folder = town.scene.path("").display().to_string();
    let shown = format!("{}\n---\n{}", top.join("\n"), rows.join("\n"));
    insta::assert_snapshot!(shown.replace(&folder, ""));
    // One time in twenty what is chance alone looks like a difference.
    let sentences = ["\nNo difference is significant: ", " is significant (p < "];
    let said = sentences.iter().any(|sentence| report.contains(sentence));
    assert!(said, "{report}");
}

#[test]
fn what_was_several_texts_is_not_retracted_as_one() {
    let town = town(desk(""), 20, 10);
    let object = town.scene.run(&RUN).json();
    let key = object["run"].as_str().unwrap();
    town.scene.write("tickets.txt", "1\n");
    let arguments = ["retract", "--tickets", "tickets.txt", "--message-from", key];
    let ended = town.scene.run(&arguments);
    assert_eq!(
        ended.err,
        format!(
            "deskcast: {key} has several texts (short, long): give each by itself, with --text\n"
        ),
    );
    assert_eq!(ended.code, Some(2));
}
