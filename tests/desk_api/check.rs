//! `deskcast check`: campaigns before they run, by themselves and held against Desk.

use std::time::{Duration, SystemTime};

use insta::assert_snapshot;

use crate::stage::{Ended, Stage};

const SCHEDULED: &str = "[schedule]\nat = [\"2099-03-29T02:30\", \"2099-10-25T02:30\"]\n\
                         timezone = \"Europe/Berlin\"\n";

/// A Desk with two groups and two agents, and a folder with this campaign.
fn stage(name: &str, lines: &str) -> Stage {
    let stage = Stage::with(0.0, |config| {
        let world = &mut config.stand_in.world;
        world.groups = vec!["vip-support".to_owned(), "sales".to_owned()];
        world.agents = vec![41, 42];
    });
    std::fs::create_dir(stage.path("campaigns")).unwrap();
    write(&stage, "list.csv", "customer_id\n7\n");
    write(&stage, &format!("{name}.toml"), lines);
    stage
}

fn write(stage: &Stage, file: &str, text: &str) {
    let path = stage.path("campaigns").join(file);
    std::fs::write(&path, text).unwrap();
    let changed = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_165_200);
    let file = std::fs::File::options().write(true).open(path).unwrap();
    file.set_modified(changed).unwrap();
}

fn campaign(group: &str) -> String {
    format!("message = \"Hi.\"\ngroup = \"{group}\"\ncustomers = \"list.csv\"\n")
}

/// What was printed, and with which exit code.
#[track_caller]
fn answered(ended: Ended, code: i32) -> String {
    assert_eq!(
        (ended.code, ended.err.as_str()),
        (Some(code), ""),
        "{ended:?}"
    );
    ended.out
}

#[test]
fn a_campaign_that_is_well_is_ok_and_shows_when_it_is_due() {
    let stage = stage("spring", &format!("{}{SCHEDULED}", campaign("vip-support")));
    assert_snapshot!(answered(stage.deskcast("check spring"), 0));
    assert_snapshot!(answered(stage.deskcast("check spring --json"), 0));
    let by_path = answered(stage.deskcast("check campaigns/spring.toml"), 0);
    assert_eq!(by_path, answered(stage.deskcast("check spring"), 0));
    assert_eq!(stage.requests(), 0, "Desk was not asked");
    assert_eq!(stage.deskcast("runs --json").out.trim(), "[]");
}

#[test]
fn a_campaign_with_a_mistake_is_shown_among_the_others_and_the_code_is_2() {
    let stage = stage("spring", &campaign("vip-support"));
    write(
        &stage,
        "wrong.toml",
        &campaign("sales").replace("list", "lost"),
    );
    write(
        &stage,
        "typo.toml",
        &format!("{}[schedule]\ncron = \"0 25 * * *\"\n", campaign("sales")),
    );
    assert_snapshot!(answered(stage.deskcast("check"), 2));
    assert_snapshot!(answered(stage.deskcast("check sprong spring"), 2));
    answered(stage.deskcast("check spring"), 0);
}

#[test]
fn all_that_is_wrong_with_a_campaign_is_shown_at_once() {
    let everything = "message_file = \"gone.txt\"\ngroup = \"vip\"\n\
                      [customers]\nfiles = [\"gone.csv\", \"b.csv\"]\nexclude = \"gone-too.csv\"\n\
                      [schedule]\ncron = \"@daily\"\n[window]\nfrom = \"09:00\"\n";
    let stage = stage("everything", everything);
    write(&stage, "b.csv", "id,name\n7,Rosa\n");
    write(&stage, "No name.toml", &campaign("sales"));
    write(&stage, ".#draft.toml", "");
    let mut command = stage.command("check");
    let output = command
        .env_remove("DESKCAST__DESK__AGENT_ID")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_snapshot!(String::from_utf8(output.stdout).unwrap());
}

#[test]
fn with_online_desk_is_asked_for_groups_and_agents() {
    let stage = stage("spring", &campaign("vip-support"));
    assert_snapshot!(answered(stage.deskcast("check --online"), 0));
    assert_eq!(stage.requests(), 2);
    write(&stage, "typo.toml", &campaign("vip-suport"));
    write(
        &stage,
        "other.toml",
        &format!("agent_id = 7\n{}", campaign("sales")),
    );
    assert_snapshot!(answered(stage.deskcast("check --online"), 2));
    let json = answered(stage.deskcast("check --online --json typo"), 2);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["desk"].as_array().unwrap().len(), 1, "{json}");
    stage.faults("any:401");
    assert_snapshot!(answered(stage.deskcast("check spring --online"), 2));
}

#[test]
fn a_desk_that_cannot_be_read_leaves_the_question_open() {
    let stage = stage("spring", &campaign("vip-support"));
    stage.faults("get:503-before=100%");
    let shown = answered(stage.deskcast("check --online"), 4);
    assert!(shown.contains("spring  ok\n"), "{shown}");
    assert!(
        shown.contains("the groups of Desk could not be read"),
        "{shown}"
    );
}

#[test]
fn a_folder_without_campaigns_is_said_to_be_empty() {
    let stage = stage("spring", "");
    std::fs::remove_file(stage.path("campaigns/spring.toml")).unwrap();
    assert_snapshot!(stage.deskcast("check").failed(2));
    std::fs::remove_dir_all(stage.path("campaigns")).unwrap();
    assert_snapshot!(stage.deskcast("check").failed(2));
}
