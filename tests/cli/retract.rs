//! Retractions: every message that is meant is deleted once, no other one is, and what could not be
//! deleted is told.

use std::collections::BTreeSet;

use deskcast::sandbox::requests::Purpose;
use deskcast::sandbox::world::DeleteLogs;

use crate::archive::{Archive, Like};
use crate::stage::scene::{Ended, finish};
use crate::town::wait_until;

const TEXT: &str = "Thank you for your patience.";
const RETRACT: [&str; 5] = ["retract", "--tickets", "tickets.csv", "--text", TEXT];

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&RETRACT[..], more].concat()
}

/// What is printed, without the time it took.
fn told(ended: &Ended) -> String {
    let mut lines: Vec<&str> = ended.out.lines().collect();
    lines[0] = lines[0].split(" after ").next().unwrap();
    format!("{}\n{}", lines.join("\n"), ended.err)
}

/// The messages with a text, each with whether it can be deleted now: by ticket, message, writer and
/// the ticket's status.
struct Meant {
    deletable: BTreeSet<u64>,
    open: BTreeSet<u64>,
    open_tickets: BTreeSet<u64>,
    events: BTreeSet<u64>,
    /// What customers wrote.
    customers: BTreeSet<u64>,
}

fn meant(archive: &Archive) -> Meant {
    let mut meant = Meant {
        deletable: BTreeSet::new(),
        open: BTreeSet::new(),
        open_tickets: BTreeSet::new(),
        events: BTreeSet::new(),
        customers: BTreeSet::new(),
    };
    for ticket in archive.look_all("/tickets") {
        let id = ticket["id"].as_u64().unwrap();
        for message in archive.look_all(&format!("/tickets/{id}/chat_messages")) {
            let number = message["id"].as_u64().unwrap();
            match () {
                () if message["message"] != TEXT => {}
                () if message["userType"] == "CUSTOMER" => drop(meant.customers.insert(number)),
                () if message["userType"] == "EVENT" => drop(meant.events.insert(number)),
                () if ticket["status"] == "CLOSED" => drop(meant.deletable.insert(number)),
                () => {
                    meant.open.insert(number);
                    meant.open_tickets.insert(id);
                }
            }
        }
    }
    meant
}

/// What Desk deleted, in the order of its logs; each once.
#[track_caller]
fn deleted(archive: &Archive) -> BTreeSet<u64> {
    let logs = archive.look_all("/chat_messages/delete_logs");
    let ids: Vec<u64> = logs
        .iter()
        .filter_map(|log| log["messageId"].as_u64())
        .collect();
    let set: BTreeSet<u64> = ids.iter().copied().collect();
    assert_eq!(set.len(), ids.len(), "deleted twice");
    set
}

/// The messages that the store says a delete was about to leave for.
fn intended(archive: &Archive) -> BTreeSet<u64> {
    let store = rusqlite::Connection::open(archive.scene.store()).unwrap();
    let mut rows = store
        .prepare("SELECT message FROM retraction_message WHERE attempts > 0")
        .unwrap();
    let rows = rows.query_map([], |row| row.get::<_, i64>(0)).unwrap();
    rows.map(|message| message.unwrap().cast_unsigned())
        .collect()
}

/// A thousand tickets, a tenth of them open for good.
fn thousand() -> Archive {
    Archive::new(Like {
        tickets: 1_000,
        messages: (1, 24),
        open_share: 0.1,
        speed: 1e-6,
        latency_ms: 2,
        ..Like::default()
    })
}

#[test]
fn killed_in_the_middle_every_message_is_deleted_once_and_the_open_ones_are_told() {
    let archive = thousand();
    let meant = meant(&archive);
    let many = (meant.deletable.len(), meant.open_tickets.len());
    assert!(many.0 > 200 && many.1 > 5, "{many:?}");
    let running = archive.start(&with(&["--json"]));
    wait_until("it has looked some through", || {
        archive.arrived(Purpose::Read) > 400
    });
    running.signal("KILL");
    running.end();
    assert_eq!(archive.arrived(Purpose::Delete), 0);
    for at in [40, 120] {
        let running = archive.start(&with(&["--json"]));
        wait_until("it has deleted some", || {
            archive.arrived(Purpose::Delete) > at
        });
        running.signal("KILL");
        running.end();
        // Whatever was deleted, the intent to do so was durable before.
        let (deleted, intended) = (deleted(&archive), intended(&archive));
        assert!(deleted.is_subset(&intended), "{:?}", &deleted - &intended);
    }
    let before = deleted(&archive).len();
    assert!(before > 60 && before < meant.deletable.len(), "{before}");
    let ended = archive.run(&with(&["--json"]));
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert_eq!(deleted(&archive), meant.deletable);
    let json = ended.json();
    let messages = |key: &str| json["messages"][key].as_u64().unwrap() as usize;
    assert_eq!(messages("deleted"), meant.deletable.len());
    assert_eq!(messages("open"), meant.open.len());
    assert_eq!(messages("refused"), meant.events.len());
    assert_eq!(messages("left"), meant.customers.len());
    assert_eq!(
        messages("gone") + messages("unknown") + messages("remaining"),
        0
    );
    assert_eq!(
        json["logs"]["shown"].as_u64().unwrap() as usize,
        meant.deletable.len()
    );
    let open: BTreeSet<u64> = json["results"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|result| result["outcome"] == "open")
        .map(|result| result["ticket"].as_u64().unwrap())
        .collect();
    assert_eq!(open, meant.open_tickets);
    // Found by the first processes, and not looked for again.
    assert!(archive.arrived(Purpose::Read) < 1_400);
    // It is finished: the same command begins another one, which finds what is left.
    let again = archive.run(&with(&["--json"])).json();
    assert_ne!(again["retraction"], json["retraction"]);
    assert_eq!(again["messages"]["deleted"], 0);
    assert_eq!(again["messages"]["open"], json["messages"]["open"]);
    assert_eq!(deleted(&archive), meant.deletable);
}

#[test]
fn tickets_that_close_in_time_are_tried_until_they_have() {
    let archive = Archive::new(Like {
        tickets: 120,
        messages: (1, 24),
        open_share: 0.3,
        // The last is closed after three seconds.
        speed: 600.0,
        delete_events: true,
        ..Like::default()
    });
    let ended = archive.run(&with(&["--until", "60s", "--json"]));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let json = ended.json();
    assert!(json["seconds"].as_f64().unwrap() < 20.0, "{json}");
    let messages = |key: &str| json["messages"][key].as_u64().unwrap();
    assert_eq!(messages("deleted"), messages("found") - messages("left"));
    assert_eq!(messages("deleted"), deleted(&archive).len() as u64);
    assert_eq!(json["logs"]["shown"], messages("deleted"));
    assert!(messages("deleted") > 20, "{json}");
    // Those without a message to delete close in their own time.
    wait_until("all tickets are closed", || {
        let tickets = archive.look_all("/tickets");
        tickets.iter().all(|ticket| ticket["status"] == "CLOSED")
    });
}

#[test]
fn in_bad_weather_every_message_is_deleted_once() {
    let archive = Archive::new(Like {
        tickets: 150,
        messages: (1, 24),
        delete_events: true,
        ..Like::default()
    });
    let mut meant = meant(&archive);
    meant.deletable.append(&mut meant.events);
    archive.weather(
        "delete:503-after=every=9,delete:reset-after=every=11,delete:cut-after=every=13,delete:reset-before=every=17,\
         delete:429=every=19:20ms,delete:garbage-after=@3,get:503-before=3%,get:429=every=40:20ms",
    );
    let ended = archive.run(&with(&["--json"]));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let json = ended.json();
    assert_eq!(deleted(&archive), meant.deletable);
    assert_eq!(json["messages"]["deleted"], meant.deletable.len());
    let lost = json["results"].as_array().unwrap().iter();
    let lost = lost.filter(|result| result["reason"] == "by a request whose answer was lost");
    assert!(lost.count() > 5, "{json}");
}

#[test]
fn what_customers_wrote_is_left_alone_unless_it_is_asked_for() {
    let archive = Archive::new(Like {
        tickets: 60,
        messages: (1, 24),
        speed: 1e6,
        delete_events: true,
        ..Like::default()
    });
    let meant = meant(&archive);
    let company = &meant.deletable | &meant.events;
    assert!(company.len() > 10 && meant.customers.len() > 10);
    let json = archive.run(&with(&["--json"])).json();
    assert_eq!(deleted(&archive), company);
    assert_eq!(json["messages"]["left"], meant.customers.len());
    assert_eq!(
        json["wanted"]["written_by"],
        serde_json::json!(["AGENT", "EVENT"])
    );
    // The one that was for the company's side does not become one for customers.
    let asked = with(&["--written-by", "customer", "--json"]);
    let ended = archive.run(&asked);
    assert!(
        ended.err.contains("what customers wrote is deleted, too"),
        "{ended:?}"
    );
    assert_eq!(ended.json()["messages"]["left"], 0);
    assert_eq!(deleted(&archive), &company | &meant.customers);
}

#[test]
fn an_unfinished_retraction_is_not_gone_on_with_for_other_writers() {
    let archive = thousand();
    let running = archive.start(&RETRACT);
    wait_until("it has deleted some", || {
        archive.arrived(Purpose::Delete) > 20
    });
    running.signal("KILL");
    running.end();
    let meant = meant(&archive);
    let json = archive
        .run(&with(&["--written-by", "customer", "--dry-run", "--json"]))
        .json();
    assert_eq!(json["by_writer"]["CUSTOMER"], meant.customers.len());
    let other = archive
        .run(&with(&["--written-by", "customer", "--json"]))
        .json();
    assert_eq!(other["retraction"], 2);
    let json = archive.run(&with(&["--json"])).json();
    assert_eq!(
        (&json["retraction"], &json["messages"]["remaining"]),
        (&1.into(), &0.into())
    );
}

#[test]
fn the_message_of_a_run_is_taken_back() {
    let archive = Archive::new(Like {
        tickets: 3,
        speed: 1e6,
        delete_events: true,
        ..Like::default()
    });
    archive.scene.campaign("spring", 1..=40, 10);
    let run = archive.run(&["run", "spring", "--json"]).json();
    let key = run["run"].as_str().unwrap();
    let tickets = archive.look_all("/tickets");
    let rows: String = tickets
        .iter()
        .map(|ticket| format!("{}\n", ticket["id"]))
        .collect();
    archive
        .scene
        .write("tickets.csv", format!("ticket_id\n{rows}"));
    let arguments = [
        "retract",
        "--tickets",
        "tickets.csv",
        "--message-from",
        key,
        "--json",
    ];
    let ended = archive.run(&arguments);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    let json = ended.json();
    assert_eq!(json["messages"]["found"], 40);
    // Whoever answered has a ticket that was closed; the others' are open.
    let deleted = deleted(&archive).len();
    assert!((5..35).contains(&deleted), "{deleted}");
    assert_eq!(json["messages"]["deleted"], deleted);
    assert_eq!(json["messages"]["open"], 40 - deleted);
    let logs = archive.look_all("/chat_messages/delete_logs");
    assert!(logs.iter().all(|log| log["message"] == "Hello from spring"));
}

#[test]
fn a_dry_run_shows_what_is_meant_and_deletes_nothing() {
    let archive = Archive::new(Like {
        tickets: 60,
        ..Like::default()
    });
    let before = std::fs::read(archive.scene.store()).unwrap();
    let ended = archive.run(&with(&["--dry-run"]));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    insta::assert_snapshot!(ended.out);
    assert_eq!(archive.arrived(Purpose::Delete), 0);
    assert_eq!(std::fs::read(archive.scene.store()).unwrap(), before);
    let meant = meant(&archive);
    let json = archive.run(&with(&["--dry-run", "--json"])).json();
    assert_eq!(json["messages"], meant.deletable.len() + meant.events.len());
    let containing = [
        "retract",
        "--tickets",
        "tickets.csv",
        "--contains",
        "patience",
        "--dry-run",
    ];
    let ended = archive.run(&containing);
    insta::assert_snapshot!(ended.out);
}

#[test]
fn what_is_not_deleted_is_told_ticket_by_ticket_in_every_format() {
    let archive = Archive::new(Like {
        tickets: 30,
        messages: (1, 60),
        open_share: 0.3,
        speed: 1e-6,
        ..Like::default()
    });
    let rows: String = (1..=30).map(|id| format!("{id}\n")).collect();
    archive
        .scene
        .write("tickets.csv", format!("ticket_id\n{rows}900\n3\n"));
    let ended = archive.run(&RETRACT);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    insta::assert_snapshot!(told(&ended));
    let ended = archive.run(&with(&["--format", "csv"]));
    let mut rows = csv::Reader::from_reader(ended.out.as_bytes());
    let outcomes: BTreeSet<String> = rows
        .records()
        .map(|row| row.unwrap()[3].to_owned())
        .collect();
    let outcomes: Vec<&str> = outcomes.iter().map(String::as_str).collect();
    assert_eq!(outcomes, ["left", "not read", "open", "refused"]);
}

#[test]
fn what_the_logs_do_not_show_is_told() {
    let archive = Archive::new(Like {
        tickets: 12,
        delete_events: true,
        logs: DeleteLogs::Single,
        ..Like::default()
    });
    // One after the other, so that the first to be deleted is always the same.
    let mut command = archive.scene.deskcast(&RETRACT);
    command.env("DESKCAST__LIMITS__CONCURRENCY", "1");
    let ended = finish(command);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    insta::assert_snapshot!(told(&ended));
}

#[test]
fn what_is_wrong_is_told_before_anything_is_read() {
    let archive = Archive::new(Like::default());
    archive.scene.campaign("spring", 1..=2, 1);
    let tickets = ["retract", "--tickets", "tickets.csv"];
    let complaints: Vec<String> = [
        &["--text", ""][..],
        &["--message-from", "spring"],
        &["--message-from", "spring@2026-11-21T09:00:00Z"],
        &["--text", "x", "--until", "soon"],
        &["--text", "x", "--dry-run", "--format", "csv"],
        &["--text", "x", "--contains", "y"],
        &[],
    ]
    .iter()
    .map(|more| {
        let ended = archive.run(&[&tickets[..], more].concat());
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{ended:?}");
        ended.err
    })
    .collect();
    insta::assert_snapshot!(complaints.join("\n"));
    assert_eq!(archive.arrived(Purpose::Read), 0);
}

#[test]
fn two_processes_never_work_at_one_retraction() {
    let archive = Archive::new(Like {
        latency_ms: 100,
        ..Like::default()
    });
    let first = archive.start(&RETRACT);
    wait_until("the first one reads", || archive.arrived(Purpose::Read) > 0);
    let second = archive.run(&RETRACT);
    assert_eq!(second.code, Some(4), "{second:?}");
    insta::assert_snapshot!(second.err);
    first.end();
}

#[test]
fn told_to_stop_it_finishes_what_is_under_way_and_can_be_gone_on_with() {
    let archive = thousand();
    let running = archive.start(&RETRACT);
    wait_until("it has deleted some", || {
        archive.arrived(Purpose::Delete) > 50
    });
    running.signal("TERM");
    let ended = running.end();
    assert_eq!(ended.code, Some(4), "{ended:?}");
    assert!(
        ended
            .out
            .contains("To go on where it stopped: the same command again")
    );
    let stopped = deleted(&archive).len();
    let meant = meant(&archive);
    assert!(stopped > 0 && !meant.deletable.is_empty());
    let json = archive.run(&with(&["--json"])).json();
    assert_eq!(json["messages"]["deleted"], stopped + meant.deletable.len());
    assert_eq!(deleted(&archive).len(), stopped + meant.deletable.len());
}
