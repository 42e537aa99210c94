//! What campaigns name is held against what Desk has.

use deskcast::desk::{Desk, DeskConfig};
use deskcast::service::budget::Budget;
use deskcast::service::verify::{Finding, Named, verify_online};

use crate::canned::Canned;
use crate::stage::Stage;

fn named(campaign: &str, group: &str, agent_id: Option<u64>) -> Named {
    Named {
        campaign: campaign.to_owned(),
        group: group.to_owned(),
        agent_id,
    }
}

fn found(stage: &Stage, desk: &Desk, campaigns: &[Named]) -> Vec<String> {
    let findings = stage.wait(async {
        let budget = Budget::new(1_000.0, std::num::NonZeroU32::MIN, None);
        verify_online(desk, &budget, campaigns).await
    });
    findings.iter().map(Finding::to_string).collect()
}

#[test]
fn every_campaign_is_held_against_lists_that_are_read_once() {
    let stage = Stage::new(0.0);
    let campaigns = [
        named("right", "vip-support", Some(41)),
        named("silent", "sales", None),
        named("typo", "vip-suport", Some(42)),
        named("wrong", "onboarding", Some(7)),
    ];
    let findings = found(&stage, &stage.desk, &campaigns);
    assert_eq!(
        findings,
        [
            "campaign \"typo\": Desk has no group with the key \"vip-suport\"; did you mean \"vip-support\"?",
            "campaign \"wrong\": Desk has no group with the key \"onboarding\"; deskcast desk groups lists those it has",
            "campaign \"wrong\": Desk has no agent 7; deskcast desk agents lists those it has",
        ]
    );
    assert_eq!(stage.requests(), 2);
    assert_eq!(found(&stage, &stage.desk, &campaigns[..2]), [] as [&str; 0]);
}

#[test]
fn a_wrong_token_is_the_only_finding() {
    let stage = Stage::new(0.0);
    let stranger = Desk::new(&DeskConfig::new(stage.base_url(), "guess")).unwrap();
    assert_eq!(
        found(&stage, &stranger, &[named("a", "b", Some(1))]),
        [
            "Desk turned the request away (401: Authentication failed: the API token is missing or invalid.). \
             Check the API token and desk.base_url"
        ]
    );
    assert_eq!(stage.requests(), 1);
}

#[test]
fn a_list_that_fails_is_tried_again_and_then_told() {
    let stage = Stage::new(0.0);
    stage.faults("get:503-before=@1");
    assert_eq!(
        found(&stage, &stage.desk, &[named("a", "sales", Some(41))]),
        [] as [&str; 0]
    );
    assert_eq!(stage.requests(), 3);
    let canned = stage.wait(Canned::saying(400, r#"{"detail":"No."}"#));
    assert_eq!(
        found(&stage, &canned.desk, &[named("a", "sales", Some(41))]),
        [
            "the groups of Desk could not be read (400: No.)",
            "the agents of Desk could not be read (400: No.)",
        ]
    );
}

#[test]
fn an_agent_who_is_not_active_is_told() {
    let stage = Stage::new(0.0);
    let canned = stage.wait(Canned::playing(|line| {
        let item = match line.contains("/agents") {
            true => r#"{"id":41,"status":"PAUSED"}"#,
            false => r#"{"id":1,"key":"sales"}"#,
        };
        (200, format!("{{\"count\":1,\"results\":[{item}]}}"))
    }));
    assert_eq!(
        found(&stage, &canned.desk, &[named("a", "sales", Some(41))]),
        ["campaign \"a\": agent 41 is PAUSED in Desk, not ACTIVE"]
    );
}
