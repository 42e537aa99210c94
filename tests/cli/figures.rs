//! Figures of Desk's that cannot be are said to be that, and are never a rate.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::scripted::{Scripted, said};
use crate::stage::scene::{Ended, Scene};

/// A Desk that keeps every chat (ids from 41001 on) and says of each what it was told last.
struct Counting {
    scene: Scene,
    chats: Arc<Mutex<Vec<Value>>>,
    desk: Scripted,
}

fn counts(sent: i64, responded: i64, closed: i64) -> Value {
    json!({"sentCount": sent, "respondedCount": responded, "closedCount": closed})
}

impl Counting {
    /// A campaign to batches of 40, and what Desk says of the chats in turn.
    fn new(chats: &[Value]) -> Counting {
        let told = Arc::new(Mutex::new(chats.to_vec()));
        let chats = Arc::clone(&told);
        let desk = Scripted::new(move |line, before| {
            if line.starts_with("POST") {
                return said("201 Created", json!({"id": 41_001 + before}).to_string());
            }
            let id: usize = line.rsplit('/').next().unwrap().parse().unwrap();
            let mut chat = told.lock().unwrap()[id - 41_001].clone();
            chat["id"] = json!(id);
            said("200 OK", chat.to_string())
        });
        let scene = Scene::new(&desk.address);
        // One after the other: the first batch is the first chat.
        let settings = std::fs::read_to_string(scene.path("deskcast.toml")).unwrap();
        scene.write(
            "deskcast.toml",
            settings.replace("concurrency = 4", "concurrency = 1"),
        );
        let customers = 40 * chats.lock().unwrap().len() as u64;
        scene.campaign("spring", 1..=customers, 40);
        Counting { scene, chats, desk }
    }

    fn say(&self, chats: &[Value]) {
        *self.chats.lock().unwrap() = chats.to_vec();
    }

    #[track_caller]
    fn done(&self, line: &str) -> Ended {
        let words: Vec<&str> = line.split(' ').collect();
        let ended = self.scene.run(&words);
        assert_eq!(ended.code, Some(0), "{line}: {ended:?}");
        ended
    }
}

/// Not one share, and the sentence.
#[track_caller]
fn must_be_doubted(line: &str, text: &str) {
    assert!(!text.contains('%'), "deskcast {line} shows a rate:\n{text}");
    assert!(
        text.contains("contradict themselves"),
        "deskcast {line} is silent:\n{text}"
    );
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn figures_that_contradict_themselves_are_said_and_never_a_rate() {
    let desk = Counting::new(&[counts(40, 48, 60), counts(40, 10, 40)]);
    let run = desk.done("run spring");
    must_be_doubted("run", &run.out);
    assert!(
        run.out
            .contains("chat 41001 of 40 customers: sent 40, responded 48, closed 60\n"),
        "{}",
        run.out
    );
    let json = desk.done("report --json").json();
    let run = json["runs"][0]["run"].as_str().unwrap().to_owned();
    for line in [
        "report".to_owned(),
        format!("report {run}"),
        "runs".to_owned(),
        "why 1".to_owned(),
        "desk chat get 41001".to_owned(),
        "track spring".to_owned(),
    ] {
        must_be_doubted(&line, &desk.done(&line).out);
    }
    let report = &json["runs"][0];
    assert_eq!(
        report["counts"],
        json!({"sent": 80, "responded": 58, "closed": 100})
    );
    assert_eq!(report["doubtful"]["contradicting_chats"], 1);
    assert_eq!(report["doubtful"]["doubtful_chats"], 1);
    let first = &report["doubtful"]["first"][0];
    assert_eq!(
        (&first["chat"], &first["responded"]),
        (&json!(41_001), &json!(48))
    );
    for rates in [&report["rates"], &json["total"]["rates"]] {
        let nothing = json!({"responded_percent": null, "closed_percent": null});
        assert_eq!(*rates, nothing);
    }
    let csv = desk.done("report --format csv").out;
    let mut rows = csv::Reader::from_reader(csv.as_bytes());
    let header = rows.headers().unwrap().clone();
    let row = rows.records().next().unwrap().unwrap();
    let cell = |name: &str| &row[header.iter().position(|it| it == name).unwrap()];
    assert_eq!(
        (
            cell("responded_percent"),
            cell("closed_percent"),
            cell("doubtful_chats")
        ),
        ("", "", "1")
    );
    let why = desk.done("why 1 --json").json();
    let doubt = why["runs"][0]["chat"]["doubtful"].as_str().unwrap();
    assert_eq!(doubt, "more responded than sent, more closed than sent");
    assert!(desk.done("why 41 --json").json()["runs"][0]["chat"]["doubtful"].is_null());

    // Such a chat is not over: it is read again, and what is right then counts.
    desk.say(&[counts(40, 8, 40), counts(40, 10, 40)]);
    let reads = || desk.desk.asked("GET /platform/v1/proactive_chats/41001");
    let before = reads();
    let track = desk.done("track spring");
    assert_eq!(reads(), before + 1);
    assert!(track.out.contains("22.5 %"), "{}", track.out);
    assert!(!track.out.contains("contradict"), "{}", track.out);
}

#[test]
fn of_many_such_chats_a_few_are_named() {
    let chats: Vec<Value> = (0..5).map(|more| counts(41 + more, 0, 0)).collect();
    let desk = Counting::new(&chats);
    let run = desk.done("run spring").out;
    let chats: Vec<&str> = run
        .lines()
        .filter(|line| line.starts_with("  chat"))
        .collect();
    assert_eq!(chats.len(), 3, "{run}");
    assert!(
        chats[0].contains("chat 41001 of 40 customers: sent 41"),
        "{run}"
    );
    assert!(run.contains("more sent than it has customers"), "{run}");
    assert!(run.contains("and 2 more chats"), "{run}");
    must_be_doubted("run", &run);
}

#[test]
fn a_count_below_zero_is_said_to_be_read_as_0() {
    let desk = Counting::new(&[counts(40, -1, 0)]);
    let run = desk.done("run spring").out;
    must_be_doubted("run", &run);
    assert!(
        run.contains("responded 0, closed 0\n    a count below zero was read as 0"),
        "{run}"
    );
    let chat = desk.done("desk chat get 41001").out;
    assert!(chat.contains("Responded  -1"), "{chat}");
    let json = desk.done("runs --json").json();
    assert_eq!(json[0]["doubtful"]["first"][0]["below_zero"], true);
}

#[test]
fn counts_that_went_down_are_said_and_the_last_ones_count() {
    let desk = Counting::new(&[counts(40, 12, 3)]);
    desk.done("run spring");
    desk.say(&[counts(40, 9, 3)]);
    let track = desk.done("track spring").out;
    assert!(
        track.contains("Desk's figures went down for 1 chat"),
        "{track}"
    );
    assert!(
        track.contains("responded 9, closed 3\n    a count went down"),
        "{track}"
    );
    assert!(
        track.contains("22.5 %"),
        "the last ones are a rate: {track}"
    );
    let why = desk.done("why 1").out.replace("\n            ", " ");
    assert!(
        why.contains("Desk's figures went down: a count went down"),
        "{why}"
    );
    let json = desk.done("report --json").json();
    assert_eq!(json["runs"][0]["doubtful"]["fallen_chats"], 1);
    assert_eq!(json["runs"][0]["counts"]["responded"], 9);
}

#[test]
fn variants_are_not_compared_by_figures_that_contradict_themselves() {
    // One batch a customer: whose variant is whose does not matter here.
    let desk = Counting::new(&[counts(40, 60, 0), counts(40, 1, 0)]);
    let text = "group = \"vip\"\ncustomers = \"spring.csv\"\nbatch_size = 40\n\
                [[variant]]\nname = \"short\"\nmessage = \"Hi\"\nweight = 1\n\
                [[variant]]\nname = \"long\"\nmessage = \"Good morning\"\nweight = 1\n";
    desk.scene.write("campaigns/spring.toml", text);
    desk.say(&[
        counts(40, 60, 0),
        counts(40, 1, 0),
        counts(1, 0, 0),
        counts(1, 0, 0),
    ]);
    let run = desk.done("run spring").out;
    assert!(
        run.contains("The variants are not compared: Desk's figures of"),
        "{run}"
    );
    let json = desk.done("runs --json").json();
    let variants = &json[0]["variants"];
    assert!(
        variants["best"].is_null() && variants["less"] == json!([]),
        "{variants}"
    );
    let doubted = variants["each"].as_array().unwrap().iter();
    let doubted = doubted.filter(|variant| variant["responded_percent"].is_null());
    assert!(doubted.count() >= 1, "{variants}");
}
