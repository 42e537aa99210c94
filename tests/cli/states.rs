//! What runs is what was shown, in every state: an unfinished run is shown, checked and gone on
//! with as it was planned, and a file that says something else by now is never passed over.

use crate::stage::scene::Ended;
use crate::town::{Running, Town, wait_until};

const OLD: &str = "Hello from spring";
const NEW: &str = "Hello again from spring";

/// Where a campaign's last run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Sending,
    Stopped,
    Interrupted,
    Waiting,
    Paused,
    Cancelled,
    Finished,
}

/// A campaign in a state; with what still sends it.
fn town(state: State) -> (Town, Option<Running>) {
    // What is being sent must still be so after three commands, on however busy a machine.
    let latency_ms = if state == State::Sending { 1_500 } else { 10 };
    let town = Town::slow(120, 4, latency_ms);
    if state == State::Waiting {
        let file = "campaigns/spring.toml";
        let text = std::fs::read_to_string(town.scene.path(file)).unwrap();
        town.scene
            .write(file, text + "[approval]\nrequired = true\n");
    }
    if state == State::Finished {
        assert_eq!(town.scene.run(&["run", "spring"]).code, Some(0));
        return (town, None);
    }
    let running = town.start(&["run", "spring"]);
    if state == State::Waiting {
        wait_until("it is planned", || {
            town.scene.run(&["runs", "--json"]).out.contains("spring@")
        });
    } else {
        wait_until("a few are sent", || town.messaged() >= 8);
    }
    if state == State::Sending {
        return (town, Some(running));
    }
    running.signal(if state == State::Interrupted {
        "KILL"
    } else {
        "TERM"
    });
    running.end();
    if let State::Paused | State::Cancelled = state {
        let verb = if state == State::Paused {
            "pause"
        } else {
            "cancel"
        };
        let run = run_of(&town);
        assert_eq!(town.scene.run(&[verb, &run]).code, Some(0));
    }
    (town, None)
}

/// The name of the only run.
fn run_of(town: &Town) -> String {
    let runs = town.scene.run(&["runs", "--json"]).json();
    runs[0]["run"].as_str().unwrap().to_owned()
}

fn edit(town: &Town) {
    let file = "campaigns/spring.toml";
    let text = std::fs::read_to_string(town.scene.path(file)).unwrap();
    town.scene.write(file, text.replace(OLD, NEW));
}

/// Who got which text.
fn told(town: &Town, text: &str) -> usize {
    town.desk.with(|stand_in| {
        let chats = stand_in.world().chats().iter();
        chats.filter(|chat| chat.message() == text).count()
    })
}

/// Whether a text tells that the files say something else than the run.
fn tells_of_change(ended: &Ended) -> bool {
    let all = format!("{}{}", ended.out, ended.err);
    all.contains("the campaign has changed since") || all.contains("The campaign has changed since")
}

#[test]
fn every_state_is_shown_checked_and_run_as_it_is() {
    use State::{Cancelled, Finished, Interrupted, Paused, Sending, Stopped, Waiting};
    // state, whether the file was edited: exit codes of dry run, check and run.
    let table = [
        (Stopped, false, [0, 0, 0]),
        (Stopped, true, [0, 3, 2]),
        (Interrupted, false, [0, 0, 0]), // or 3: what was in flight may stay unknown
        (Interrupted, true, [0, 3, 2]),
        (Waiting, true, [0, 3, 2]),
        (Paused, false, [0, 0, 4]),
        (Paused, true, [0, 3, 4]),
        (Sending, true, [0, 3, 4]),
        (Cancelled, true, [0, 0, 0]),
        (Finished, false, [0, 0, 0]),
        (Finished, true, [0, 0, 0]),
    ];
    for (state, edited, codes) in table {
        let (town, _sender) = town(state);
        if edited {
            edit(&town);
        }
        let context = format!("{state:?}, edited: {edited}");
        let unfinished = !matches!(state, Cancelled | Finished);
        let before = told(&town, NEW);
        let dry_run = town.scene.run(&["run", "spring", "--dry-run"]);
        let check = town.scene.run(&["check", "spring"]);
        if unfinished {
            let run = run_of(&town);
            assert!(dry_run.out.contains(&run), "{context}: {dry_run:?}");
            assert!(dry_run.out.contains(OLD), "{context}: {dry_run:?}");
            assert!(dry_run.out.contains("Remaining"), "{context}: {dry_run:?}");
            assert!(check.out.contains(&run), "{context}: {check:?}");
            assert_eq!(tells_of_change(&dry_run), edited, "{context}: {dry_run:?}");
            assert_eq!(tells_of_change(&check), edited, "{context}: {check:?}");
        } else {
            assert!(!check.out.contains("Open run"), "{context}: {check:?}");
        }
        if state == Cancelled {
            assert!(dry_run.out.contains(NEW), "{context}: {dry_run:?}");
        }
        let run = town.scene.run(&["run", "spring"]);
        let mut found = [&dry_run, &check, &run].map(|ended| ended.code);
        if state == Interrupted && found[2] == Some(3) {
            assert!(run.out.contains("Remaining           0 "), "{run:?}");
            found[2] = Some(0);
        }
        assert_eq!(found, codes.map(Some), "{context}: {run:?}");
        if state == Cancelled {
            assert!(
                told(&town, NEW) > before,
                "{context}: the mended text is sent"
            );
        } else {
            assert_eq!(told(&town, NEW), 0, "{context}");
        }
        if codes[2] == 2 {
            assert!(tells_of_change(&run), "{context}: {run:?}");
            let says = ["deskcast cancel spring@", "--as-planned"];
            assert!(says.iter().all(|it| run.err.contains(it)), "{run:?}");
        }
    }
}

#[test]
fn as_planned_or_its_digest_goes_on_with_a_run_that_the_file_does_not_describe_any_more() {
    for named in [false, true] {
        let (town, _) = town(State::Stopped);
        edit(&town);
        let object = town.scene.run(&["run", "spring", "--dry-run", "--json"]);
        let object = object.json();
        assert_eq!(object["run"], run_of(&town));
        let digest = object["digest"].as_str().unwrap();
        let ended = match named {
            true => town.scene.run(&["run", "spring", "--plan", digest]),
            false => town.scene.run(&["run", "spring", "--as-planned"]),
        };
        assert_eq!(ended.code, Some(0), "{ended:?}");
        town.must_have(120, 0, 0, 0);
        assert_eq!(told(&town, NEW), 0);
        // Now there is nothing to go on with.
        let ended = town.scene.run(&["run", "spring", "--as-planned"]);
        assert_eq!(ended.code, Some(2), "{ended:?}");
    }
}

#[test]
fn whoever_was_taken_off_the_list_since_is_not_messaged_without_a_word() {
    let (town, _) = town(State::Stopped);
    let rows: String = (1..=119).map(|id| format!("{id}\n")).collect();
    town.scene
        .write("campaigns/spring.csv", format!("customer_id\n{rows}"));
    let ended = town.scene.run(&["run", "spring"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.err.contains("customers: 1 of the "), "{ended:?}");
    // Who was added is for the next run: the same list and more, in another order, is no reason.
    let rows: String = (1..=130).rev().map(|id| format!("{id}\n")).collect();
    town.scene
        .write("campaigns/spring.csv", format!("customer_id\n{rows}"));
    let ended = town.scene.run(&["run", "spring"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    town.must_have(120, 0, 0, 0);
}

#[test]
fn whoever_asked_to_be_left_alone_since_is_not_messaged_without_a_word() {
    let (town, _) = town(State::Stopped);
    town.scene.write("leave.csv", "120\n");
    let list = town.scene.path("leave.csv").display().to_string();
    let suppress = ("DESKCAST__AUDIENCE__SUPPRESS", list.as_str());
    let ended = town.run_with(&[suppress], &["run", "spring"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.err.contains("customers: 1 of the "), "{ended:?}");
}

#[test]
fn a_plan_that_was_sent_is_said_to_be_sent_and_another_one_is_refused() {
    let town = Town::new(8, 4, "");
    let object = town.scene.run(&["run", "spring", "--dry-run", "--json"]);
    let digest = object.json()["digest"].as_str().unwrap().to_owned();
    let plan = ["run", "spring", "--plan", &digest];
    assert_eq!(town.scene.run(&plan).code, Some(0));
    let dry_run = ["run", "spring", "--dry-run", "--plan", &digest];
    for arguments in [&plan[..], &dry_run] {
        let ended = town.scene.run(arguments);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(
            ended.err.contains("this plan was sent by spring@"),
            "{ended:?}"
        );
    }
    let other = format!("sha256:{}", "0".repeat(64));
    for more in [&[][..], &["--dry-run"], &["--json"]] {
        let arguments = [&["run", "spring", "--plan", &other][..], more].concat();
        let ended = town.scene.run(&arguments);
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{ended:?}");
    }
    town.must_have(8, 0, 0, 0);
}

#[test]
fn show_tells_the_whole_frozen_plan() {
    let (town, _) = town(State::Stopped);
    edit(&town);
    let run = run_of(&town);
    for which in [run.as_str(), "spring"] {
        let ended = town.scene.run(&["show", which]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let digest = town.scene.run(&["runs", "--json"]).json()[0]["digest"].to_string();
        for part in [
            &run,
            OLD,
            "vip-support",
            digest.trim_matches('"'),
            "Planned",
        ] {
            assert!(ended.out.contains(part), "{part}: {}", ended.out);
        }
    }
    let object = town.scene.run(&["show", &run, "--json"]).json();
    assert_eq!(object["message"], OLD);
    assert_eq!(object["changed"], serde_json::json!(["text"]));
    let first = &object["first_request"]["body"];
    assert_eq!(first["message"], OLD);
    // Its customers are the first of those who remain.
    let remaining = object["customers"]["remaining"].as_u64().unwrap();
    assert_eq!(first["customerIds"][0], 120 - remaining + 1);
}
