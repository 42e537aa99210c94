//! Transcripts: whole, in order, the same to the byte whatever happens on the way.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use deskcast::delivery::patience::Jitter;
use deskcast::sandbox::requests::Purpose;

use crate::archive::{Archive, Like};
use crate::stage::scene::Ended;
use crate::town::wait_until;

const OUT: [&str; 5] = [
    "transcripts",
    "--tickets",
    "tickets.csv",
    "--out",
    "all.jsonl",
];

/// The same, to another place.
fn to(out: &str) -> [&str; 5] {
    [OUT[0], OUT[1], OUT[2], OUT[3], out]
}

/// What is printed, without the time it took.
fn told(ended: &Ended) -> String {
    let mut lines: Vec<&str> = ended.out.lines().collect();
    lines[0] = lines[0].split(" after ").next().unwrap();
    format!("{}\n{}", lines.join("\n"), ended.err)
}

/// Every message of a ticket, as Desk has them.
fn messages(archive: &Archive, ticket: u64) -> Vec<(u64, String)> {
    let all = archive.look_all(&format!("/tickets/{ticket}/chat_messages"));
    let message = |message: &serde_json::Value| {
        let text = message["message"].as_str().unwrap().to_owned();
        (message["id"].as_u64().unwrap(), text)
    };
    all.iter().map(message).collect()
}

#[test]
fn every_message_of_every_ticket_is_there_in_the_order_of_the_list() {
    let like = Like {
        messages: (1, 1_300),
        ..Like::default()
    };
    let archive = Archive::new(like);
    let ended = archive.run(&OUT);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let tickets = (2..=20).step_by(2).chain((1..=20).step_by(2));
    let expected: Vec<(u64, u64, String)> = tickets
        .flat_map(|ticket| {
            let messages = messages(&archive, ticket);
            messages
                .into_iter()
                .map(move |(id, text)| (ticket, id, text))
        })
        .collect();
    let text = String::from_utf8(archive.read("all.jsonl")).unwrap();
    let written: Vec<(u64, u64, String)> = text
        .lines()
        .map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            let number = |key: &str| line[key].as_u64().unwrap();
            let text = line["message"].as_str().unwrap().to_owned();
            (number("ticket"), number("id"), text)
        })
        .collect();
    assert!(
        written == expected,
        "{} of {}",
        written.len(),
        expected.len()
    );

    // A folder has the same, cut at the tickets; CSV has as many rows.
    assert_eq!(archive.run(&to("folder")).code, Some(0));
    let of = |ticket| String::from_utf8(archive.read(&format!("folder/{ticket}.jsonl"))).unwrap();
    let joined: String = (2..=20)
        .step_by(2)
        .chain((1..=20).step_by(2))
        .map(of)
        .collect();
    assert!(joined == text);
    assert_eq!(archive.run(&to("all.csv")).code, Some(0));
    let bytes = archive.read("all.csv");
    let mut rows = csv::Reader::from_reader(&bytes[..]);
    let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), expected.len());
    for (row, (ticket, id, _)) in rows.iter().zip(&expected) {
        assert_eq!((&row[0], &row[1]), (&*ticket.to_string(), &*id.to_string()));
        assert!(
            !row[5].trim_start().starts_with(['=', '+', '-', '@']),
            "{row:?}"
        );
    }
}

/// Kills a job five times at random moments; what it comes to must be what it comes to undisturbed.
fn kill_five_times(like: Like, out: &str, requests: u64) {
    let seed = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_nanos() as u64;
    let mut jitter = Jitter::new(seed);
    let archive = Archive::new(like);
    for kill in 1..=5 {
        let fraction = jitter.up_to(Duration::from_secs(1)).as_secs_f64();
        let at = requests / 6 * (kill - 1) + (requests as f64 / 6.0 * fraction) as u64;
        let running = archive.start(&to(out));
        wait_until("it has read some", || archive.arrived(Purpose::Read) > at);
        running.signal("KILL");
        running.end();
    }
    let ended = archive.run(&to(out));
    assert_eq!(ended.code, Some(0), "seed {seed}: {ended:?}");
    let total = archive.arrived(Purpose::Read);
    let calm = archive.run(&to(&format!("calm-{out}")));
    let undisturbed = archive.arrived(Purpose::Read) - total;
    assert_eq!(calm.code, Some(0), "{calm:?}");
    let files: Vec<String> = match out.contains('.') {
        true => vec![String::new()],
        false => (1..=like.tickets)
            .map(|id| format!("/{id}.jsonl"))
            .collect(),
    };
    for file in files {
        let same =
            archive.read(&format!("{out}{file}")) == archive.read(&format!("calm-{out}{file}"));
        assert!(same, "seed {seed}: {file} is another one");
    }
    // Of what was read before a kill, only what was not durable yet is read again: what goes out
    // within a quarter of a second, and the tickets beside the first.
    let again = total - undisturbed;
    assert!(
        again < undisturbed,
        "seed {seed}: {again} of {undisturbed} requests again"
    );
}

#[test]
fn killed_five_times_one_file_is_that_of_an_undisturbed_run() {
    let like = Like {
        tickets: 300,
        messages: (1, 900),
        latency_ms: 8,
        ..Like::default()
    };
    kill_five_times(like, "all.jsonl", 410);
}

#[test]
fn killed_five_times_a_folder_is_that_of_an_undisturbed_run() {
    let like = Like {
        tickets: 200,
        messages: (1, 700),
        latency_ms: 8,
        ..Like::default()
    };
    kill_five_times(like, "folder", 240);
}

#[test]
fn a_ticket_of_many_pages_goes_on_in_its_middle() {
    let like = Like {
        tickets: 1,
        messages: (20_000, 20_000),
        latency_ms: 100,
        ..Like::default()
    };
    let archive = Archive::new(like);
    let running = archive.start(&OUT);
    wait_until("it has read much", || archive.arrived(Purpose::Read) > 30);
    running.signal("KILL");
    running.end();
    let before = archive.arrived(Purpose::Read);
    assert_eq!(archive.run(&OUT).code, Some(0));
    let after = archive.arrived(Purpose::Read) - before;
    assert!(after < 30, "{after} requests of 41 again");
    let text = String::from_utf8(archive.read("all.jsonl")).unwrap();
    let id = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["id"].as_u64();
    let ids: Vec<u64> = text.lines().filter_map(id).collect();
    let expected: Vec<u64> = messages(&archive, 1)
        .into_iter()
        .map(|(id, _)| id)
        .collect();
    assert!(ids == expected, "{} of {}", ids.len(), expected.len());
}

#[test]
fn in_bad_weather_the_output_is_that_of_a_calm_day() {
    let like = Like {
        tickets: 60,
        messages: (1, 1_300),
        ..Like::default()
    };
    let archive = Archive::new(like);
    assert_eq!(archive.run(&to("calm.jsonl")).code, Some(0));
    archive.weather(
        "get:503-before=4%,get:reset-after=4%,get:cut-after=4%,get:garbage-after=2%,get:429=every=20:20ms",
    );
    let ended = archive.run(&OUT);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(archive.read("all.jsonl") == archive.read("calm.jsonl"));
}

#[test]
fn a_message_that_vanishes_meanwhile_costs_no_other_message() {
    let like = Like {
        tickets: 1,
        messages: (1_500, 1_500),
        latency_ms: 400,
        ..Like::default()
    };
    let archive = Archive::new(like);
    let all = messages(&archive, 1);
    let gone = (1..).find(|nth| {
        let path = "/tickets/1/chat_messages";
        let page = archive.look(path, &format!("limit=1&offset={nth}"));
        page["results"][0]["userType"] == "AGENT"
    });
    let gone = all[gone.unwrap()].0;
    let running = archive.start(&OUT);
    wait_until("the first page is read", || {
        archive.arrived(Purpose::Read) >= 2
    });
    archive.delete(1, gone);
    let ended = running.end();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let text = String::from_utf8(archive.read("all.jsonl")).unwrap();
    let id = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["id"].as_u64();
    let ids: Vec<u64> = text.lines().filter_map(id).collect();
    let expected: Vec<u64> = all
        .iter()
        .map(|(id, _)| *id)
        .filter(|id| *id != gone)
        .collect();
    assert!(ids == expected, "{} of {}", ids.len(), expected.len());
    // The second page was asked for before or after; both begin the ticket anew at most once.
    assert!(archive.arrived(Purpose::Read) <= 8);
}

#[test]
fn a_complete_job_says_so_and_reads_nothing() {
    let archive = Archive::new(Like::default());
    assert_eq!(archive.run(&OUT).code, Some(0));
    let (before, bytes) = (archive.arrived(Purpose::Read), archive.read("all.jsonl"));
    let again = archive.run(&OUT);
    assert_eq!(again.code, Some(0));
    insta::assert_snapshot!(told(&again));
    assert_eq!(archive.arrived(Purpose::Read), before);
    let fresh = archive.run(&[&OUT[..], &["--fresh"]].concat());
    assert_eq!(fresh.code, Some(0));
    assert!(archive.arrived(Purpose::Read) > before && archive.read("all.jsonl") == bytes);
}

#[test]
fn what_cannot_be_read_is_listed_with_its_reason_and_stops_nobody_after_it() {
    let archive = Archive::new(Like::default());
    archive
        .scene
        .write("tickets.csv", "ticket_id\n7\n900\n8\n7\n9\n901\n");
    let ended = archive.run(&OUT);
    assert_eq!(ended.code, Some(3));
    insta::assert_snapshot!(told(&ended));
    let json = archive.run(&[&OUT[..], &["--json"]].concat()).json();
    assert_eq!(json["read"], 3);
    assert_eq!(json["not_read"][1]["ticket"], 901);
}

#[test]
fn a_desk_that_shows_nothing_at_all_ends_the_job_and_no_ticket() {
    let archive = Archive::new(Like::default());
    for fault in ["get:403", "get:401"] {
        archive.weather(fault);
        let ended = archive.run(&OUT);
        assert_eq!(ended.code, Some(4), "{ended:?}");
        insta::assert_snapshot!(told(&ended));
    }
    archive.weather("");
    let json = archive.run(&[&OUT[..], &["--json"]].concat()).json();
    assert_eq!(json["read"], 20);
}

#[test]
fn nothing_is_written_over_that_is_not_of_the_same_job() {
    let archive = Archive::new(Like::default());
    archive.scene.write("all.jsonl", "precious\n");
    archive.scene.write("folder/3.jsonl", "precious\n");
    let mut complaints = Vec::new();
    let mut refused = |out: &str| {
        let ended = archive.run(&to(out));
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{ended:?}");
        complaints.push(ended.err);
    };
    refused("all.jsonl");
    refused("folder");
    assert_eq!(archive.read("all.jsonl"), b"precious\n");
    archive.scene.write("notes.csv.job", "precious\n");
    refused("notes.csv");
    assert_eq!(archive.read("notes.csv.job"), b"precious\n");
    assert_eq!(archive.run(&to("other.jsonl")).code, Some(0));
    archive.scene.write("tickets.csv", "ticket_id\n1\n2\n");
    refused("other.jsonl");
    refused("other.txt");
    archive
        .scene
        .write("tickets.csv", "ticket_id\n1\nseven\n2\n0\n");
    refused("new.jsonl");
    archive.scene.write("tickets.csv", "ticket_id\n");
    refused("new.jsonl");
    archive.scene.write("tickets.csv", "ticket;x\n1;2\n");
    refused("new.jsonl");
    insta::assert_snapshot!(complaints.join("\n"));
}

#[test]
fn two_processes_never_write_one_output() {
    let like = Like {
        latency_ms: 100,
        ..Like::default()
    };
    let archive = Archive::new(like);
    let first = archive.start(&OUT);
    wait_until("the first one reads", || archive.arrived(Purpose::Read) > 0);
    let second = archive.run(&OUT);
    assert_eq!(second.code, Some(4), "{second:?}");
    insta::assert_snapshot!(second.err);
    assert_eq!(first.end().code, Some(0));
}

#[test]
fn told_to_stop_it_leaves_a_job_that_goes_on() {
    let like = Like {
        tickets: 60,
        latency_ms: 20,
        ..Like::default()
    };
    let archive = Archive::new(like);
    let running = archive.start(&OUT);
    wait_until("it has read some", || archive.arrived(Purpose::Read) > 20);
    running.signal("TERM");
    let ended = running.end();
    assert_eq!(ended.code, Some(4), "{ended:?}");
    let stopped = archive.arrived(Purpose::Read);
    assert!(stopped < 60);
    assert_eq!(archive.run(&OUT).code, Some(0));
    assert!(archive.arrived(Purpose::Read) <= 60 + 5);
}
