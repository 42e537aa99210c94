//! The alert rules, as Prometheus reads them.

use std::collections::BTreeSet;

use crate::tool::{project, succeed, text, tool};

const RULES: &str = "deploy/prometheus/deskcast.rules.yml";
const TESTS: &str = "deploy/prometheus/deskcast.rules.test.yml";
const METRICS: &str =
    "tests/web/snapshots/web__metrics__every_metric_has_its_name_help_and_value.snap";

/// The words of a text that begin like this.
fn words(text: &str, start: &str) -> BTreeSet<String> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| word.starts_with(start))
        .map(str::to_owned)
        .collect()
}

fn alerts() -> BTreeSet<String> {
    text(RULES)
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "))
        .map(str::to_owned)
        .collect()
}

#[test]
fn prometheus_understands_them() {
    let said = succeed(
        tool("promtool")
            .args(["check", "rules"])
            .arg(project(RULES)),
    );
    assert!(said.contains("SUCCESS: 13 rules found"), "{said}");
}

#[test]
fn each_fires_when_it_should_and_not_before() {
    let said = succeed(tool("promtool").args(["test", "rules"]).arg(project(TESTS)));
    assert!(said.contains("SUCCESS"), "{said}");
    let tests = text(TESTS);
    for alert in alerts() {
        let of_alert = format!("alertname: {alert}");
        let fires = tests
            .split("eval_time:")
            .any(|test| test.contains(&of_alert) && test.contains("exp_labels"));
        assert!(fires, "no test sees {alert} fire");
        let silent = format!("alertname: {alert}, exp_alerts: []");
        assert!(tests.contains(&silent), "no test sees {alert} silent");
    }
}

#[test]
fn they_ask_for_metrics_that_there_are() {
    let metrics = words(&text(METRICS), "deskcast_");
    let asked = words(&text(RULES), "deskcast_");
    let made_up: Vec<&String> = asked.difference(&metrics).collect();
    assert_eq!(made_up, Vec::<&String>::new());
    let tested = words(&text(TESTS), "deskcast_");
    let made_up: Vec<&String> = tested.difference(&metrics).collect();
    assert_eq!(made_up, Vec::<&String>::new());
}

#[test]
fn the_runbook_has_an_answer_to_each() {
    let runbook = text("deploy/RUNBOOK.md");
    let headings: String = runbook
        .lines()
        .filter(|line| line.starts_with("## "))
        .collect();
    assert_eq!(words(&headings, "Deskcast"), alerts());
}
