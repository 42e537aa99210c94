//! What `deskcast desk` prints, and what it does when Desk does not answer as it should.

use deskcast::desk::{TicketId, UserType};
use deskcast::sandbox::limit::{Limit, Window};
use deskcast::service::budget::departures;
use insta::assert_snapshot;

use crate::stage::{Ended, Stage};

/// A text without the times in it, which are those of the test.
fn timeless(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    // 2026-11-21T09:00:00 and what follows up to the Z.
    while let Some(at) = rest.find("T").filter(|_| rest.contains("20")) {
        let is_time = at >= 10
            && rest.is_char_boundary(at - 10)
            && rest[at - 10..at]
                .chars()
                .all(|c| c.is_ascii_digit() || c == '-')
            && rest[at + 1..].starts_with(|c: char| c.is_ascii_digit());
        if !is_time {
            out.push_str(&rest[..=at]);
            rest = &rest[at + 1..];
            continue;
        }
        let end = at + rest[at..].find('Z').unwrap() + 1;
        out.push_str(&rest[..at - 10]);
        out.push_str(&"2026-01-01T00:00:00.000Z"[..(end - at + 10).min(24) - 1]);
        out.push('Z');
        rest = &rest[end..];
    }
    out + rest
}

#[test]
fn messages_are_a_table_json_or_csv() {
    let stage = Stage::new(0.0);
    let shown = |line: &str| timeless(&stage.deskcast(line).done());
    assert_snapshot!(shown("desk messages 7 --limit 12"));
    assert_snapshot!(shown("desk messages 7 --limit 2 --offset 3 --json"));
    assert_snapshot!(shown("desk messages 7 --all --format csv"));
}

#[test]
fn no_cell_is_a_formula_and_no_line_is_wider_than_a_terminal() {
    let stage = Stage::new(0.0);
    let mut formulas = 0;
    for ticket in 1..=20 {
        let csv = stage
            .deskcast(&format!("desk messages {ticket} --all --format csv"))
            .done();
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        for row in reader.records() {
            for cell in &row.unwrap() {
                assert!(!cell.starts_with(['=', '+', '-', '@']), "{cell}");
                formulas += u32::from(cell.starts_with('\''));
            }
        }
        let table = stage
            .deskcast(&format!("desk messages {ticket} --all"))
            .done();
        for line in table.lines() {
            assert!(line.chars().count() <= 80, "{line}");
            assert!(!line.contains(char::is_control), "{line:?}");
        }
    }
    assert!(
        formulas > 20,
        "the sandbox wrote {formulas} texts like formulas"
    );
}

#[test]
fn people_and_groups_are_tables() {
    let stage = Stage::new(0.0);
    let shown = |line: &str| stage.deskcast(line).done();
    assert_snapshot!(shown("desk groups"));
    assert_snapshot!(shown("desk agents"));
    assert_snapshot!(shown("desk customers --limit 3"));
    assert_snapshot!(shown("desk customers --sendbird-id nobody"));
    assert_snapshot!(shown(
        "desk customers --sendbird-id customer-7 --format csv"
    ));
    assert_snapshot!(shown("desk customers --sendbird-id nobody --json"));
}

#[test]
fn deletions_are_a_table_json_or_csv() {
    let stage = Stage::new(0.0);
    assert_snapshot!(stage.deskcast("desk deletions").done());
    for skip in [0, 0, 0] {
        let message = stage.message(UserType::Customer, skip).id;
        stage
            .wait(stage.desk.delete_message(TicketId(7), message))
            .unwrap();
    }
    let shown = |line: &str| timeless(&stage.deskcast(line).done());
    assert_snapshot!(shown("desk deletions"));
    assert_snapshot!(shown("desk deletions --limit 1 --json"));
    assert_snapshot!(shown("desk deletions --all --format csv"));
}

#[test]
fn complaints_say_what_and_what_to_do() {
    let stage = Stage::new(0.0);
    let said = |line: &str, code| stage.deskcast(line).failed(code);
    assert_snapshot!(said("desk messages 999", 2));
    assert_snapshot!(said("desk chat get 5", 2));
    assert_snapshot!(said("desk delete 7 1", 2));
    assert_snapshot!(said("desk messages 7 --limit 501", 2));
    assert_snapshot!(said("desk deletions --from 2026-02-01 --to 2026-01-01", 2));
    assert_snapshot!(said(
        "desk chat create --message Hi --group sales --customer 1,2,1",
        2
    ));
    stage.faults("any:401");
    assert_snapshot!(said("desk groups", 4));
    let one = stage.requests();
    stage.faults("");
    assert_eq!(
        one, 4,
        "each refusal costs one request, and none is tried again"
    );
}

#[test]
fn a_chat_is_made_shown_and_recorded_as_a_run() {
    let stage = Stage::new(0.0);
    let line = "desk chat create --message Hello --group sales --customer 7 --customer 8,9 --priority high";
    assert_eq!(
        stage.deskcast(&format!("{line} --dry-run")).done(),
        format!(
            "POST {}/proactive_chats\n{{\"message\":\"Hello\",\"groupKey\":\"sales\",\"agentId\":41,\
             \"priority\":\"HIGH\",\"customerIds\":[7,8,9]}}\n",
            stage.base_url()
        )
    );
    assert_eq!(stage.requests(), 0);
    let runs = stage.deskcast("runs --json");
    assert_eq!(runs.out.trim(), "[]", "nothing was planned");
    assert_snapshot!(timeless(&stage.deskcast(line).done()));
    let id = stage.sandbox(|desk| desk.world().chats()[0].id());
    assert_snapshot!(timeless(
        &stage.deskcast(&format!("desk chat get {id}")).done()
    ));
    let runs = stage.deskcast("runs desk-chat --json").done();
    assert!(
        runs.contains("\"finished\"") && runs.contains("\"accepted\":3"),
        "{runs}"
    );
}

#[test]
fn a_bad_customer_of_a_chat_is_named_and_the_others_are_messaged() {
    let stage = Stage::with(0.0, |config| {
        config.stand_in.world.customers.highest = Some(100);
    });
    let ended = stage.deskcast("desk chat create --message Hi --group sales --customer 7,8,900");
    assert_eq!(ended.code, Some(3));
    assert_snapshot!(timeless(&ended.out));
    assert_eq!(stage.sandbox(|desk| desk.world().memory().customers()), 2);
}

#[test]
fn a_chat_whose_answer_is_lost_is_found_and_not_sent_again() {
    let stage = Stage::new(0.0);
    // It is looked for after the last chat that is known.
    stage
        .deskcast("desk chat create --message Before --group sales --customer 1")
        .done();
    stage.faults("reset-after=@2");
    let made = stage
        .deskcast("desk chat create --message Hi --group sales --customer 7 --json")
        .done();
    assert!(made.contains("\"state\":\"accepted\""), "{made}");
    let memory = stage.sandbox(|desk| {
        (
            desk.world().memory().applied(),
            desk.world().memory().times(7),
        )
    });
    assert_eq!(memory, (2, 1));
}

#[test]
fn a_chat_that_stays_unknown_says_how_it_ends() {
    let stage = Stage::new(0.0);
    stage.faults("reset-before=@1");
    let ended = stage.deskcast("desk chat create --message Hi --group sales --customer 7");
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert_snapshot!(timeless(&ended.out));
    let run = ended.out.lines().next().unwrap();
    stage
        .deskcast(&format!("reconcile {run} --batch 1 --resend --why asked"))
        .done();
    stage.deskcast("run desk-chat").done();
    assert_eq!(stage.sandbox(|desk| desk.world().memory().times(7)), 1);
}

#[test]
fn a_chat_whose_sender_was_killed_is_not_sent_by_typing_it_again() {
    let stage = Stage::new(0.0);
    stage.faults("hang-after=@1");
    let line = "desk chat create --message Hi --group sales --customer 7";
    let mut sender = stage.command(line).spawn().unwrap();
    while stage.sandbox(|desk| desk.world().memory().applied()) == 0 {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    sender.kill().unwrap();
    sender.wait().unwrap();
    let said = stage.deskcast(line).failed(2);
    assert!(said.contains("an earlier chat is unfinished"), "{said}");
    // Nothing was known before it that it could be looked for after: it stays unknown.
    let ended = stage.deskcast("run desk-chat");
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert_eq!(stage.sandbox(|desk| desk.world().memory().times(7)), 1);
}

#[test]
fn an_unfinished_chat_is_gone_on_with_and_not_sent_beside() {
    let stage = Stage::new(0.0);
    stage.faults("401");
    let line = "desk chat create --message Hi --group sales --customer 7";
    let ended = stage.deskcast(line);
    assert_eq!(ended.code, Some(4), "{ended:?}");
    stage.faults("");
    let said = stage.deskcast(line).failed(2);
    assert_snapshot!(timeless(&said));
    stage.deskcast("run desk-chat").done();
    assert_eq!(stage.sandbox(|desk| desk.world().memory().times(7)), 1);
    stage.deskcast(line).done();
    assert_eq!(stage.sandbox(|desk| desk.world().memory().times(7)), 2);
}

#[test]
fn the_rules_of_the_house_hold_for_a_chat_as_for_a_campaign() {
    let stage = Stage::new(0.0);
    let with = |variables: &[(&str, &str)], line: &str| {
        let mut command = stage.command(line);
        command.envs(variables.iter().copied());
        Ended::of(command.output().unwrap())
    };
    std::fs::write(stage.path("left.csv"), "customer_id\n8\n").unwrap();
    std::fs::write(stage.path("empty.csv"), "customer_id\n").unwrap();
    let line = "desk chat create --message Hi --group sales --customer 7,8";
    let suppress = |list| [("DESKCAST__AUDIENCE__SUPPRESS", list)];
    let said = with(&suppress("left.csv"), line).failed(2);
    assert!(said.contains("customer 8 is on left.csv"), "{said}");
    let said = with(&suppress("empty.csv"), line).failed(2);
    assert!(said.contains("has nobody in it"), "{said}");
    let said = with(&[("DESKCAST__DEFAULTS__LIMIT", "1")], line).failed(2);
    assert!(said.contains("limit is 1"), "{said}");
    assert_eq!(stage.requests(), 0);
    let seven = "desk chat create --message Hi --group sales --customer 7";
    stage.deskcast(seven).done();
    let lately = [("DESKCAST__DEFAULTS__ANY_CAMPAIGN", "2d")];
    for line in [seven, line, &format!("{line} --dry-run")] {
        let said = with(&lately, line).failed(2);
        assert!(said.contains("nothing was sent"), "{said}");
    }
    stage.deskcast(seven).done();
    assert_eq!(stage.sandbox(|desk| desk.world().memory().times(8)), 0);
}

#[test]
fn a_text_that_is_probably_not_meant_is_warned_of_before_it_is_sent_and_when() {
    let stage = Stage::new(0.0);
    let line = "desk chat create --message Hi&nbsp;all --group sales --customer 7";
    for line in [format!("{line} --dry-run"), line.to_owned()] {
        let ended = stage.deskcast(&line);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert_eq!(
            ended.err.matches("warning=\"html\"").count(),
            1,
            "{ended:?}"
        );
    }
    let said = stage.deskcast(&format!("{line} --strict")).failed(2);
    assert!(said.contains("[html]"), "{said}");
    let quiet = stage.deskcast(&format!("{line} --allow html --dry-run"));
    assert!(!quiet.err.contains("html"), "{quiet:?}");
}

#[test]
fn a_campaign_of_the_reserved_name_is_refused() {
    let stage = Stage::new(0.0);
    std::fs::create_dir(stage.path("campaigns")).unwrap();
    std::fs::write(stage.path("campaigns/desk-chat.toml"), "").unwrap();
    let line = "desk chat create --message Hi --group sales --customer 7";
    assert_snapshot!(stage.deskcast(line).failed(2));
}

#[test]
fn reads_wait_as_asked_and_are_tried_again() {
    let stage = Stage::new(0.0);
    stage.faults("get:429=@1:200ms,get:503-before=@3");
    let begun = std::time::Instant::now();
    let shown = stage.deskcast("desk groups --format csv").done();
    assert_eq!(shown.lines().count(), 5);
    assert!(begun.elapsed().as_millis() >= 200);
    let shown = stage.deskcast("desk agents --format csv").done();
    assert_eq!((shown.lines().count(), stage.requests()), (4, 4));
}

#[test]
fn all_pages_stay_within_the_rate() {
    // A busy machine may hold up one request on its way by up to a gap, so that six arrive within a
    // second of which five left in it.
    let stage = Stage::with(0.0, |config| {
        config.stand_in.world.history.fewest_messages = 4_000;
        config.stand_in.world.history.most_messages = 4_000;
        config.stand_in.limit = Some(Limit::new(6, Window::Sliding));
    });
    let begun = std::time::Instant::now();
    let shown = stage
        .deskcast_at("5", "desk messages 7 --all --format csv")
        .done();
    let mut reader = csv::Reader::from_reader(shown.as_bytes());
    assert_eq!(reader.records().count(), 4_000);
    let throttled = stage.sandbox(|desk| desk.requests().answers_with(429));
    assert_eq!((stage.requests(), throttled), (9, 0));
    // No second of the machine's clock has more departures than allowed, however late anything was.
    let folder = std::fs::read_dir(stage.path("")).unwrap();
    let mut files = folder.map(|entry| entry.unwrap().path());
    let is_budget = |path: &std::path::PathBuf| path.to_string_lossy().contains("db-budget-");
    let left = departures(&files.find(is_budget).unwrap()).unwrap();
    assert_eq!(left.len(), 9);
    for group in left.windows(6) {
        let apart = group[5] - group[0];
        assert!(apart >= std::time::Duration::from_secs(1), "{apart:?}");
    }
    assert!(begun.elapsed() >= left[8] - left[0]);
}
